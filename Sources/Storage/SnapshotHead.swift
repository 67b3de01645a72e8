/// A manifest with what its pages and its ledger index say: the names of all objects of a snapshot.
package struct SnapshotHead: Equatable, Sendable {
    package var manifest: Manifest
    /// In the order of the pages.
    package var cells: [SegmentReference]
    /// How many cells each page of the manifest names; empty if that is not known.
    package var pageCellCounts: [Int]
    package var ledger: LedgerIndex

    package init(
        _ manifest: Manifest, cells: [SegmentReference] = [], pageCellCounts: [Int] = [],
        ledger: LedgerIndex = LedgerIndex()
    ) {
        self.manifest = manifest
        self.cells = cells
        self.pageCellCounts = pageCellCounts
        self.ledger = ledger
    }

    package var namedObjects: Set<String> {
        manifest.namedObjects.union(cells.map(\.objectName))
            .union(ledger.entries.map { $0.object.name(in: "ledger") })
    }
}
