import News

/// Walks the live documents of several segments in the one order.
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
    /// For each input the next documents, last first.
    private var batches: [[Item]]
    private var nextOrdinals: [Int]

    init(_ inputs: [SegmentReader], dead: [DocumentSet]) throws {
        self.inputs = inputs
        self.dead = dead
        batches = inputs.map { _ in [] }
        nextOrdinals = inputs.map { _ in 0 }
        for index in inputs.indices { try fill(index) }
    }

    mutating func next() throws -> Item? {
        var best: Int?
        for index in inputs.indices {
            guard let item = batches[index].last else { continue }
            if let current = best, !(item.place < batches[current].last!.place) { continue }
            best = index
        }
        guard let best else { return nil }
        let item = batches[best].removeLast()
        if batches[best].isEmpty { try fill(best) }
        return item
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
