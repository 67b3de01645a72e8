/// Several operations in flight, their results in the order in which they were asked for.
///
/// Invariants
/// 1. At most `width` operations are in flight or wait for an earlier one's result.
/// 2. As with `StoreCall`, one that fails in passing is issued again, and the result of an abandoned one is ignored.
struct ReadAhead: Sendable {
    private let owner: OperationTag.Owner
    private let width: Int
    private var calls: [StoreCall]
    /// Calls in the order of their asking, and what came of each.
    private var asked: [Int] = []
    private var results: [(operation: BucketOperation, result: BucketResult)?]

    init(owner: OperationTag.Owner, width: Int) {
        self.owner = owner
        self.width = width
        calls = (0..<width).map { StoreCall(owner: owner, number: UInt64($0), of: UInt64(width)) }
        results = Array(repeating: nil, count: width)
    }

    var isFull: Bool { asked.count == width }

    /// Requires that it is not full.
    mutating func ask(_ operation: BucketOperation) -> TaggedOperation {
        let free = calls.indices.first { !asked.contains($0) }!
        asked.append(free)
        return calls[free].start(operation)
    }

    mutating func handle(_ tag: OperationTag, _ result: BucketResult, now: Moment) {
        for index in asked {
            guard let (operation, result) = calls[index].handle(tag, result, now: now) else { continue }
            results[index] = (operation, result)
        }
    }

    /// The oldest that is not taken yet, once its result is there.
    mutating func next() -> (operation: BucketOperation, result: BucketResult)? {
        guard let first = asked.first, let done = results[first] else { return nil }
        asked.removeFirst()
        results[first] = nil
        return done
    }

    mutating func due(now: Moment) -> [TaggedOperation] { asked.compactMap { calls[$0].due(now: now) } }

    mutating func abandon() {
        for index in calls.indices { calls[index].abandon() }
        asked = []
        results = Array(repeating: nil, count: width)
    }
}
