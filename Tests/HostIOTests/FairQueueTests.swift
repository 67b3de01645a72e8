import HostIO
import Testing

@Suite struct FairQueueTests {
    private func told(_ verdict: FairQueue<String, String>.Verdict) -> String {
        switch verdict {
        case .queued: "queued"
        case .queuedInsteadOf(let other): "instead of \(other)"
        case .refused: "refused"
        }
    }

    @Test("askers take turns, each in his order")
    func turns() {
        var queue = FairQueue<String, String>(limitCount: 10)
        for work in ["a1", "a2", "a3", "b1", "c1", "b2"] { _ = queue.add(work, from: String(work.first!)) }
        var order: [String] = []
        while let next = queue.next() {
            order.append(next)
            queue.finished()
        }
        #expect(order == ["a1", "b1", "c1", "a2", "b2", "a3"])
        #expect(told(queue.add("d1", from: "d")) == "queued" && queue.next() == "d1" && queue.next() == nil)
    }

    @Test("where all is full, who has most waiting gives up his newest; who has as many himself is refused")
    func full() {
        var queue = FairQueue<String, String>(limitCount: 4)
        for work in ["a1", "a2", "a3", "a4"] { #expect(told(queue.add(work, from: "a")) == "queued") }
        #expect(queue.next() == "a1")
        #expect(told(queue.add("a5", from: "a")) == "refused")
        #expect(told(queue.add("b1", from: "b")) == "instead of a4")
        #expect(told(queue.add("b2", from: "b")) == "refused")
        // Something of a is in work already.
        #expect(queue.next() == "b1" && queue.next() == "a2" && queue.next() == "a3" && queue.next() == nil)
        // All four are in work.
        #expect(told(queue.add("c1", from: "c")) == "refused")
        queue.finished()
        #expect(told(queue.add("c1", from: "c")) == "queued")
    }

    @Test("who asks for little is served before those who ask for much, and nobody waits for ever")
    func costs() {
        var queue = FairQueue<String, String>(limitCount: 100)
        for number in 1...3 {
            for asker in ["a", "b"] { _ = queue.add("\(asker)\(number)", from: asker, cost: 100) }
        }
        #expect(queue.next() == "a1" && queue.next() == "b1")
        // Again and again, as one who waits for his answers does: before each large one of the others ten of his.
        var order: [String] = []
        _ = queue.add("c", from: "c", cost: 10)
        while order.count < 25, let next = queue.next() {
            order.append(next)
            if next == "c" { _ = queue.add("c", from: "c", cost: 10) }
        }
        #expect(order.prefix(3).contains("c") && order.filter { $0 == "c" }.count >= 19)
        #expect(order.filter { $0 != "c" } == ["a2", "b2", "a3", "b3"])
    }

    @Test("who asks for one large thing after the other gains nothing by waiting for each")
    func oneByOne() {
        var queue = FairQueue<String, String>(limitCount: 100)
        _ = queue.add("a", from: "a", cost: 100)
        for number in 1...20 { _ = queue.add("b\(number)", from: "b", cost: 10) }
        var order: [String] = []
        while order.count < 18, let next = queue.next() {
            order.append(next)
            if next == "a" { _ = queue.add("a", from: "a", cost: 100) }
        }
        #expect(order.filter { $0 == "a" }.count == 2, "\(order)")
    }
}
