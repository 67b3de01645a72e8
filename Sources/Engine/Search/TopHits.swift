/// The best hits of one segment. Within a segment ascending ordinals are the order `newest`.
struct TopHits {
    struct Entry: Equatable {
        var score: Int64
        var ordinal: UInt32
    }

    private let sort: SearchRequest.Sort
    let limitCount: Int
    /// The hit of the cursor: only what comes behind it is taken.
    private let after: (score: Int64, place: UInt32)?
    /// As they came; once it is full a heap with the worst on top, by `isBefore`. Of `newest` in its order.
    private var heap: [Entry] = []
    /// Hits behind the cursor so far, also those that did not fit.
    private(set) var acceptedCount = 0
    /// What a score must be above to be among the best, if ordinals ascend; of `score` only.
    private(set) var threshold: Int64 = -1
    /// What enough hits are known to reach.
    private var floor: Int64 = 0
    /// Whether ordinals began anew: then an equal score may be better than the worst.
    private var hasRestarted = false

    /// - Parameters:
    ///   - place: for `score` and `newest` the first ordinal behind the cursor's place, for `oldest` the first that is not
    ///     before it.
    init(sort: SearchRequest.Sort, limitCount: Int, after: (score: Int64, place: UInt32)?) {
        self.sort = sort
        self.limitCount = limitCount
        self.after = after
        heap.reserveCapacity(min(limitCount, 1024))
        if limitCount == 0 { threshold = .max }
    }

    /// Begins anew for another segment.
    ///
    /// - Parameter floor: a score that enough hits of others reach.
    mutating func begin(floor: Int64) {
        heap.removeAll(keepingCapacity: true)
        acceptedCount = 0
        threshold = limitCount == 0 ? .max : -1
        hasRestarted = false
        self.floor = 0
        if sort == .score { raise(floor: floor) }
    }

    /// As it was before anything was offered.
    var unasked: TopHits { TopHits(sort: sort, limitCount: limitCount, after: after) }

    /// Hands its hits over, and has none afterwards: of two holders the next to take a hit would copy all.
    mutating func handOver() -> TopHits {
        let all = self
        heap = []
        return all
    }

    /// The first ordinal that can be taken, and how many more can: only `newest` knows before it sees them.
    var wanted: (first: UInt32, count: Int)? {
        guard sort == .newest else { return nil }
        return (after?.place ?? 0, max(limitCount - acceptedCount, 0))
    }

    /// Whether nothing is refused but for its score.
    var takesAll: Bool { after == nil }

    /// Says that enough hits score `floor` or more, here or elsewhere: lower ones are not wanted.
    mutating func raise(floor: Int64) {
        self.floor = max(self.floor, floor)
        threshold = max(threshold, floor - 1)
    }

    /// Ordinals begin anew, for other documents.
    mutating func restart() {
        hasRestarted = true
        guard limitCount > 0 else { return }
        threshold = floor - 1
        if heap.count == limitCount { raiseThreshold() }
    }

    /// Whether nothing more can be taken. Only `newest` offers hits best first.
    var isComplete: Bool { sort == .newest && acceptedCount >= limitCount }

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
        if sort == .newest {
            insert(entry)
        } else if heap.count < limitCount {
            heap.append(entry)
            if heap.count == limitCount {
                for index in (0..<limitCount / 2).reversed() { siftDown(from: index) }
                raiseThreshold()
            }
        } else if limitCount > 0, isBefore(entry, heap[0]) {
            heap[0] = entry
            siftDown(from: 0)
            raiseThreshold()
        }
    }

    /// Offers a hit behind all that were offered since ordinals began: its score tells at once whether it is more than one to count.
    @inline(__always)
    mutating func offerNext(_ entry: Entry) {
        if after == nil, entry.score <= threshold { acceptedCount += 1 } else { offer(entry) }
    }

    /// Takes the hits of another search of the segment, of other documents.
    mutating func merge(_ other: TopHits) {
        let before = acceptedCount
        for entry in other.heap { offer(entry) }
        acceptedCount = before + other.acceptedCount
    }

    /// Best first.
    var sorted: [Entry] {
        if sort == .newest { return heap }
        guard heap.count <= Self.fewCount else { return heap.sorted(by: isBefore) }
        var entries = heap
        for index in entries.indices.dropFirst() {
            let entry = entries[index]
            var place = index
            while place > 0, isBefore(entry, entries[place - 1]) {
                entries[place] = entries[place - 1]
                place -= 1
            }
            entries[place] = entry
        }
        return entries
    }

    /// Up to which one is put in its place after the other.
    private static let fewCount = 32

    /// Of `newest`: behind all others, but for those of another language.
    @inline(__always)
    private mutating func insert(_ entry: Entry) {
        guard let last = heap.last, entry.ordinal < last.ordinal else {
            if heap.count < limitCount { heap.append(entry) }
            return
        }
        if heap.count == limitCount { heap.removeLast() }
        heap.insert(entry, at: heap.firstIndex { entry.ordinal < $0.ordinal } ?? heap.count)
    }

    @inline(__always)
    private mutating func raiseThreshold() {
        if sort == .score { threshold = max(threshold, heap[0].score - (hasRestarted ? 1 : 0)) }
    }

    private mutating func siftDown(from start: Int) {
        var index = start
        while true {
            var worst = index
            let child = 2 * index + 1
            if child < heap.count, isBefore(heap[worst], heap[child]) { worst = child }
            if child + 1 < heap.count, isBefore(heap[worst], heap[child + 1]) { worst = child + 1 }
            guard worst != index else { return }
            heap.swapAt(worst, index)
            index = worst
        }
    }
}
