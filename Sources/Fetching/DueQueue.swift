import News

/// What is due when: a binary heap by (time, name), so that equal times have one order everywhere.
struct DueQueue: Sendable {
    private var heap: [(due: Timestamp, url: String)] = []

    var first: (due: Timestamp, url: String)? { heap.first }

    mutating func insert(_ url: String, due: Timestamp) {
        heap.append((due, url))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[smallest] {
                smallest = child
            }
            guard smallest != parent else { break }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
