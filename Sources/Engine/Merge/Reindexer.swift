import ByteCoding
package import News
import Storage

/// Makes the canonical cells of a snapshot by other settings: its articles are split into words again.
///
/// Guarantees
/// 1. The cells are those that `SegmentMerger.compact` makes of the same articles indexed by the new settings.
/// 2. Their digests add up to the snapshot's.
///
/// Memory is bounded by the builder's budget, twice a cell, and the places of the articles of one cell.
package struct Reindexer {
    private let snapshot: SnapshotReader
    private let settings: Settings
    private let memoryBudgetBytes: Int

    package init(_ snapshot: SnapshotReader, settings: Settings, memoryBudgetBytes: Int) {
        self.snapshot = snapshot
        self.settings = settings
        self.memoryBudgetBytes = memoryBudgetBytes
    }

    /// - Parameter emit: takes the cells in order, one at a time.
    /// - Throws: `EngineError`: `.mismatch` for a key that is live twice at one place, or if the digests do not add up; what the source
    ///   or `emit` throws.
    package func run(emit: (BuiltSegment) throws -> Void) throws {
        var walk = try OrderWalk(snapshot.segments, dead: snapshot.dead)
        var plan = CellPlan(targetBytes: settings.cellTargetBytes)
        var cells = Cells(snapshot, settings, memoryBudgetBytes)
        var digest = Digest256.zero
        func write(_ counts: [Int]) throws {
            for count in counts {
                try cells.write(count) { cell in
                    digest = digest &+ cell.footer.digest
                    try emit(cell)
                }
            }
        }
        while let item = try walk.next() {
            try cells.add(item)
            try write(plan.add(item.place, bytes: UInt64(item.recordBytes)))
        }
        try write(plan.finish())
        guard digest == snapshot.digest else {
            throw EngineError(
                .mismatch, "the cells' digests add up to \(digest.hex), the snapshot's is \(snapshot.digest.hex)",
                hint: "run: coranto snapshot verify")
        }
    }

    /// Articles of the walk that are in no cell yet, and what reads them.
    private struct Cells {
        private let segments: [SegmentReader]
        private let settings: Settings
        private let builder: SegmentBuilder
        private let source = MemoryByteSource(isMapped: true)
        private var pending: [OrderWalk.Item] = []
        private var streams: [Int: ArticleStream] = [:]

        init(_ snapshot: SnapshotReader, _ settings: Settings, _ memoryBudgetBytes: Int) {
            segments = snapshot.segments
            self.settings = settings
            builder = SegmentBuilder(settings: settings, memoryBudgetBytes: memoryBudgetBytes)
        }

        mutating func add(_ item: OrderWalk.Item) throws {
            guard item.place != pending.last?.place else {
                throw KeyMatches.liveTwice(item.place.key, in: segments[item.input].objectName)
            }
            pending.append(item)
        }

        /// Makes a cell of the first articles: overlays of as many as the budget allows, and one segment of these.
        mutating func write(_ count: Int, emit: (BuiltSegment) throws -> Void) throws {
            let items = pending.prefix(count)
            let identities = try identities(of: items)
            var overlays: [SegmentReference] = []
            func seal() throws {
                let built = try builder.seal(kills: [])
                let reference = built.reference(attempt: Attempt(term: .none, number: UInt64(overlays.count)))
                source.put(built.bytes, as: reference.objectName)
                overlays.append(reference)
            }
            for item in items {
                let stream = try streams[item.input] ?? ArticleStream(segments[item.input])
                streams[item.input] = stream
                let (first, rows) = identities[item.input]!
                let (key, version) = rows[item.ordinal - first]
                _ = try builder.add(
                    key: key, version: version, record: stream.record(UInt32(item.ordinal)), frame: nil)
                if builder.isOverBudget { try seal() }
            }
            if builder.documentCount > 0 { try seal() }
            pending.removeFirst(count)
            let isLeft = Set(pending.map(\.input))
            // What the walk is in the middle of is opened again where the next cell begins: once a cell.
            streams = streams.filter { isLeft.contains($0.key) }
            try SegmentMerger(settings: settings, source: source).compact(
                SegmentReader.open(overlays, source: source), emit: emit)
            for overlay in overlays { source.remove(overlay.objectName) }
        }

        /// Of each segment that has some of the articles the first one's ordinal, and keys and versions from there on.
        private func identities(
            of items: ArraySlice<OrderWalk.Item>
        ) throws -> [Int: (first: Int, rows: [(key: ArticleKey, version: Version)])] {
            var ranges: [Int: Range<Int>] = [:]
            for item in items {
                let first = ranges[item.input]?.lowerBound ?? item.ordinal
                ranges[item.input] = first..<item.ordinal + 1
            }
            return try Dictionary(
                uniqueKeysWithValues: ranges.map { input, range in
                    (input, (range.lowerBound, try segments[input].identities(range)))
                })
        }
    }
}
