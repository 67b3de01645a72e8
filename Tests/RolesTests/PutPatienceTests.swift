import Testing

@testable import Roles

@Suite struct PutPatienceTests {
    @Test("only answers prolong the wait, not tries")
    func silence() {
        var patience = PutPatience(limitMilliseconds: 10_000, seed: 1)
        patience.begin(now: 5000)
        var told: [Int64] = []
        for now in stride(from: Int64(5000), to: 15_000, by: 500) {
            guard case .tryAgain(_, let isToBeTold) = patience.failed(now: now) else {
                Issue.record("gave up at \(now)")
                return
            }
            if isToBeTold { told.append(now) }
        }
        #expect(told == [8000])
        #expect(patience.failed(now: 15_000) == .giveUp)
        patience.answered(now: 14_000)
        #expect(patience.failed(now: 23_999) != .giveUp)
        // Older than what is known.
        patience.answered(now: 13_000)
        #expect(patience.failed(now: 24_000) == .giveUp)
        patience.begin(now: 24_000)
        #expect(patience.failed(now: 24_000) != .giveUp)
    }

    @Test("pauses double up to the longest, with jitter of the upper half, and are short again after an answer")
    func pauses() {
        var patience = PutPatience(limitMilliseconds: .max, seed: 7)
        patience.begin(now: 0)
        func pauses() -> [Int64] {
            (0..<8).map { _ in
                guard case .tryAgain(let pause, _) = patience.failed(now: 0) else { return -1 }
                return pause
            }
        }
        let full: [Int64] = [100, 200, 400, 800, 1600, 2000, 2000, 2000]
        let first = pauses()
        #expect(zip(first, full).allSatisfy { pause, full in (full / 2...full).contains(pause) })
        #expect(first != full)
        patience.answered(now: 1)
        #expect(zip(pauses(), full).allSatisfy { pause, full in (full / 2...full).contains(pause) })
    }
}
