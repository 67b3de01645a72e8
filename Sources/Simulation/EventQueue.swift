/// What will happen when: a binary heap by time, then by the order of scheduling, so that a run is the same each time.
struct EventQueue<Event> {
    private struct Scheduled {
        var time: Int64
        var order: UInt64
        var event: Event
    }

    private var heap: [Scheduled] = []
    private var order: UInt64 = 0

    mutating func push(_ event: Event, at time: Int64) {
        order += 1
        heap.append(Scheduled(time: time, order: order, event: event))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (time: Int64, event: Event)? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, smallest) {
                smallest = child
            }
            guard smallest != parent else { return (first.time, first.event) }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        heap[a].time == heap[b].time ? heap[a].order < heap[b].order : heap[a].time < heap[b].time
    }
}
