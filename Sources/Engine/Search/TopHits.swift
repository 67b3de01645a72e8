/// The best hits of one segment. Within a segment ascending ordinals are the order `newest`.
struct TopHits {
    struct Entry: Equatable {
        var score: Int64
        var ordinal: UInt32
    }

    private let sort: SearchRequest.Sort
    private let limitCount: Int
    /// The hit of the cursor: only what comes behind it is taken.
    private let after: (score: Int64, place: UInt32)?
    /// A heap with the worst on top once it is full, by `isBefore`.
    private var heap: [Entry] = []
    /// Hits behind the cursor so far, also those that did not fit.
    private(set) var acceptedCount = 0

    /// - Parameters:
    ///   - place: for `score` and `newest` the first ordinal behind the cursor's place, for `oldest` the first that is not
    ///     before it.
    init(sort: SearchRequest.Sort, limitCount: Int, after: (score: Int64, place: UInt32)?) {
        self.sort = sort
        self.limitCount = limitCount
        self.after = after
        heap.reserveCapacity(min(limitCount, 1024))
    }

    /// Whether nothing more can be taken. Only `newest` offers hits best first.
    var isComplete: Bool { sort == .newest && acceptedCount > limitCount }

    private func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        switch sort {
        case .score: left.score != right.score ? left.score > right.score : left.ordinal < right.ordinal
        case .newest: left.ordinal < right.ordinal
        case .oldest: left.ordinal > right.ordinal
        }
    }

    @inline(__always)
    mutating func offer(_ entry: Entry) {
        if let after {
            switch sort {
            case .score:
                guard entry.score < after.score || entry.score == after.score && entry.ordinal >= after.place else {
                    return
                }
            case .newest: guard entry.ordinal >= after.place else { return }
            case .oldest: guard entry.ordinal < after.place else { return }
            }
        }
        acceptedCount += 1
        if heap.count < limitCount {
            heap.append(entry)
            siftUp(heap.count - 1)
        } else if limitCount > 0, isBefore(entry, heap[0]) {
            heap[0] = entry
            siftDown()
        }
    }

    /// Best first.
    var sorted: [Entry] { heap.sorted(by: isBefore) }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard isBefore(heap[parent], heap[index]) else { return }
            heap.swapAt(parent, index)
            index = parent
        }
    }

    private mutating func siftDown() {
        var index = 0
        while true {
            var worst = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && isBefore(heap[worst], heap[child]) {
                worst = child
            }
            guard worst != index else { return }
            heap.swapAt(worst, index)
            index = worst
        }
    }
}
