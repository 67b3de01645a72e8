/// Work that waits, by who asked for it: the next is of the asker of whom least was worked on while he waited, so one who asks
/// much waits for himself, and of equal ones each has his turn. A machine.
///
/// Invariants
/// 1. At most `limitCount` wait or are in work.
/// 2. An asker who comes stands as well as the one whose turn it is, and no better: what he did not ask for before is not made
///    up for (start-time fair queueing; Goyal, Vin and Cheng, 1996).
/// 3. Where that many are, and another asker comes, the asker with the most waiting gives up the newest of his.
package struct FairQueue<Asker: Hashable & Sendable, Work: Sendable>: Sendable {
    package enum Verdict: Sendable {
        case queued
        /// It waits, and this other one does not any more.
        case queuedInsteadOf(Work)
        case refused
    }

    private struct Queue {
        var waiting: [(work: Work, cost: Int)] = []
        /// What was worked on of this asker, on the clock of `served`.
        var start: Int
        /// Of equal ones the lowest is next.
        var turn: Int
    }

    private let limitCount: Int
    private var queues: [Asker: Queue] = [:]
    /// Where askers stand of whom nothing waits, if that is ahead of the others.
    private var idle: [Asker: Int] = [:]
    /// Where the asker stood whose turn it was last.
    private var served = 0
    private var nextTurn = 0
    private var waitingCount = 0
    private var workingCount = 0

    package init(limitCount: Int) { self.limitCount = limitCount }

    /// - Parameter cost: how much work it is, in any unit; equal for all: turns.
    package mutating func add(_ work: Work, from asker: Asker, cost: Int = 1) -> Verdict {
        var verdict = Verdict.queued
        if waitingCount + workingCount >= limitCount {
            let most = queues.max { ($0.value.waiting.count, $1.value.turn) < ($1.value.waiting.count, $0.value.turn) }
            guard let most, most.value.waiting.count > (queues[asker]?.waiting.count ?? 0) + 1 else { return .refused }
            verdict = .queuedInsteadOf(queues[most.key]!.waiting.removeLast().work)
            waitingCount -= 1
        }
        if queues[asker] == nil {
            queues[asker] = Queue(start: max(served, idle.removeValue(forKey: asker) ?? served), turn: takeTurn())
        }
        queues[asker]!.waiting.append((work, max(1, cost)))
        waitingCount += 1
        return verdict
    }

    /// What is to be worked on next; `finished` is due when it is done.
    package mutating func next() -> Work? {
        let next = queues.min { ($0.value.start, $0.value.turn) < ($1.value.start, $1.value.turn) }
        guard let next else { return nil }
        var queue = next.value
        served = queue.start
        let (work, cost) = queue.waiting.removeFirst()
        queue.start += cost
        queue.turn = takeTurn()
        queues[next.key] = queue.waiting.isEmpty ? nil : queue
        if queue.waiting.isEmpty { rest(next.key, at: queue.start) }
        waitingCount -= 1
        workingCount += 1
        return work
    }

    package mutating func finished() { workingCount -= 1 }

    private mutating func rest(_ asker: Asker, at start: Int) {
        if idle.count > 64 + 2 * queues.count { idle = idle.filter { [served] in $0.value > served } }
        idle[asker] = start
    }

    private mutating func takeTurn() -> Int {
        nextTurn += 1
        return nextTurn
    }
}
