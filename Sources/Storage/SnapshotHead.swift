/// A manifest with what its pages and its ledger index say: the names of all objects of a snapshot.
package struct SnapshotHead: Equatable, Sendable {
    package var manifest: Manifest
    /// In the order of the pages.
    package var cells: [SegmentReference]
    package var ledger: LedgerIndex

    package init(_ manifest: Manifest, cells: [SegmentReference] = [], ledger: LedgerIndex = LedgerIndex()) {
        self.manifest = manifest
        self.cells = cells
        self.ledger = ledger
    }

    package var namedObjects: Set<String> {
        manifest.namedObjects.union(cells.map(\.objectName))
            .union(ledger.entries.map { $0.object.name(in: "ledger") })
    }
}
