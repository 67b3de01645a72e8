/// Work that waits, by who asked for it: askers take turns, so one who asks much waits for himself. A machine.
///
/// Invariants
/// 1. At most `limitCount` wait or are in work.
/// 2. Where that many are, and another asker comes, the asker with the most waiting gives up the newest of his.
package struct FairQueue<Asker: Hashable & Sendable, Work: Sendable>: Sendable {
    package enum Verdict: Sendable {
        case queued
        /// It waits, and this other one does not any more.
        case queuedInsteadOf(Work)
        case refused
    }

    private let limitCount: Int
    private var waiting: [Asker: [Work]] = [:]
    /// Askers with something waiting, the next one first.
    private var turns: [Asker] = []
    private var waitingCount = 0
    private var workingCount = 0

    package init(limitCount: Int) { self.limitCount = limitCount }

    package mutating func add(_ work: Work, from asker: Asker) -> Verdict {
        var verdict = Verdict.queued
        if waitingCount + workingCount >= limitCount {
            let most = turns.max { waiting[$0]!.count < waiting[$1]!.count }
            guard let most, waiting[most]!.count > waiting[asker, default: []].count + 1 else { return .refused }
            verdict = .queuedInsteadOf(waiting[most]!.removeLast())
            waitingCount -= 1
        }
        if waiting[asker] == nil { turns.append(asker) }
        waiting[asker, default: []].append(work)
        waitingCount += 1
        return verdict
    }

    /// What is to be worked on next; `finished` is due when it is done.
    package mutating func next() -> Work? {
        guard !turns.isEmpty else { return nil }
        let asker = turns.removeFirst()
        let work = waiting[asker]!.removeFirst()
        if waiting[asker]!.isEmpty { waiting[asker] = nil } else { turns.append(asker) }
        waitingCount -= 1
        workingCount += 1
        return work
    }

    package mutating func finished() { workingCount -= 1 }
}
