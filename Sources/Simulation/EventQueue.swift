/// What will happen when: a binary heap by time, then by the order of scheduling, so that a run is the same each time. Events
/// lie in slots of their own: the heap moves three numbers.
struct EventQueue<Event> {
    private struct Scheduled {
        var time: Int64
        var order: UInt64
        var slot: Int
    }

    private var heap: [Scheduled] = []
    private var slots: [Event?] = []
    private var free: [Int] = []
    private var order: UInt64 = 0

    mutating func push(_ event: Event, at time: Int64) {
        order += 1
        let slot: Int
        if let last = free.popLast() {
            slot = last
            slots[slot] = event
        } else {
            slot = slots.count
            slots.append(event)
        }
        heap.append(Scheduled(time: time, order: order, slot: slot))
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
            for child in 2 * parent + 1...2 * parent + 2 where child < heap.count && precedes(child, smallest) {
                smallest = child
            }
            guard smallest != parent else { break }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
        free.append(first.slot)
        return slots[first.slot].take().map { (first.time, $0) }
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        heap[a].time == heap[b].time ? heap[a].order < heap[b].order : heap[a].time < heap[b].time
    }
}
