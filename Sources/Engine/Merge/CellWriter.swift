import ByteCoding
import News
import Storage

/// Writes cells from a walk over the live documents of some inputs.
struct CellWriter {
    private let inputs: [SegmentReader]
    private let settings: Settings
    private let source: any ByteSource
    private let emit: (BuiltSegment) throws -> Void
    private var plan: CellPlan
    /// Documents given to the plan and not yet in a cell.
    private var pending: [(input: Int, ordinal: Int)] = []
    /// Where the next cell begins in each input.
    private var starts: [Int]
    /// Documents that go into no cell.
    private var excluded: [DocumentSet]
    /// Sum of the cells'.
    private(set) var digest = Digest256.zero

    init(
        _ inputs: [SegmentReader], dead: [DocumentSet], settings: Settings, source: any ByteSource,
        emit: @escaping (BuiltSegment) throws -> Void
    ) {
        self.inputs = inputs
        self.settings = settings
        self.source = source
        self.emit = emit
        excluded = dead
        starts = inputs.map { _ in 0 }
        plan = CellPlan(targetBytes: settings.cellTargetBytes)
    }

    /// Takes the next document of the walk.
    mutating func add(_ item: OrderWalk.Item) throws {
        pending.append((item.input, item.ordinal))
        try write(plan.add(item.place, bytes: UInt64(item.recordBytes)))
    }

    /// Passes over a document of the walk.
    mutating func exclude(_ item: OrderWalk.Item) { excluded[item.input].insert(UInt32(item.ordinal)) }

    /// No cell has documents from before and behind.
    mutating func cut() throws { try write(plan.finish()) }

    private mutating func write(_ counts: [Int]) throws {
        var done = 0
        for count in counts {
            var ends = starts
            for item in pending[done..<(done + count)] { ends[item.input] = item.ordinal + 1 }
            done += count
            let parts = inputs.indices.filter { starts[$0] < ends[$0] }.map { index in
                RangeMerge.Part(
                    segment: inputs[index], range: starts[index]..<ends[index], dead: excluded[index], isKillDropped: []
                )
            }
            let cell = try RangeMerge(parts: parts, settings: settings, source: source).run(.cell)
            digest = digest &+ cell.footer.digest
            try emit(cell)
            starts = ends
        }
        pending.removeFirst(done)
    }
}
