import News
import Storage

/// Walks the live documents of several segments in the one order.
///
/// An input takes part from its first place on until its last document: memory is bounded by the inputs that overlap, which
/// of cells is one at a time.
struct OrderWalk {
    struct Item {
        let input: Int
        let ordinal: Int
        let place: OrderKey
        let recordBytes: UInt32
    }

    /// Documents read at once from one input.
    private static let batchCount = 4096

    private let inputs: [SegmentReader]
    private let dead: [DocumentSet]
    /// Inputs that were not begun, the last in the order first.
    private var waiting: [Int]
    /// Inputs that were begun and have documents left, ascending.
    private(set) var active: [Int] = []
    /// For each input the next documents, last first.
    private var batches: [[Item]]
    private var nextOrdinals: [Int]

    init(_ inputs: [SegmentReader], dead: [DocumentSet]) throws {
        self.inputs = inputs
        self.dead = dead
        batches = inputs.map { _ in [] }
        nextOrdinals = inputs.map { _ in 0 }
        waiting = inputs.indices.filter { inputs[$0].footer.span != nil }
            .sorted { (inputs[$1].footer.span!.first, $1) < (inputs[$0].footer.span!.first, $0) }
    }

    mutating func next() throws -> Item? {
        var best = nearest()
        while let next = waiting.last, best.map({ inputs[next].footer.span!.first <= $0.place }) ?? true {
            waiting.removeLast()
            try fill(next)
            if !batches[next].isEmpty {
                active.insert(next, at: active.firstIndex { $0 > next } ?? active.endIndex)
                best = nearest()
            }
        }
        guard let best else { return nil }
        let item = batches[best.input].removeLast()
        if batches[best.input].isEmpty {
            try fill(best.input)
            if batches[best.input].isEmpty { active.removeAll { $0 == best.input } }
        }
        return item
    }

    private func nearest() -> Item? {
        var best: Item?
        for index in active {
            guard let item = batches[index].last else { continue }
            if let best, !(item.place < best.place) { continue }
            best = item
        }
        return best
    }

    private mutating func fill(_ index: Int) throws {
        let segment = inputs[index]
        while batches[index].isEmpty, nextOrdinals[index] < segment.documentCount {
            let start = nextOrdinals[index]
            let range = start..<min(start + Self.batchCount, segment.documentCount)
            let places = try segment.places(range)
            let sizes = try segment.recordSizes(range)
            nextOrdinals[index] = range.upperBound
            for ordinal in range.reversed() where !dead[index].contains(UInt32(ordinal)) {
                batches[index].append(
                    Item(
                        input: index, ordinal: ordinal, place: places[ordinal - start],
                        recordBytes: sizes[ordinal - start]))
            }
        }
    }
}
