// Tells others that the coordinator of a term is there, and looks whether a later term has begun.
//
// Guarantees
// 1. The orderly end is the last heartbeat of a term.
// 2. Whoever was overtaken learns it though it has nothing to create: each `beatsPerLook` heartbeats it looks.
// 3. A doubt ends us only after a look that began behind it found no later term.

package import News
package import Storage

package struct HeartbeatWriter: Sendable {
    package enum Verdict: Equatable {
        /// A later term exists.
        case overtaken
        /// There is none, and what we doubted is so.
        case failed(String)
    }

    /// Heartbeats between two looks for a later term.
    package static let beatsPerLook: UInt64 = 5

    private let milliseconds: Int64
    private var term = Term.none
    private var counter: UInt64 = 0
    private var nextBeat: Int64 = 0
    private var write = StoreCall(owner: .heartbeat, waitsForSpace: true)
    private var look = StoreCall(owner: .heartbeatLook)
    /// What ends us unless there is a later term, for which we look.
    private var doubt: String?
    /// The orderly end is written, or is being written.
    private(set) var isEnding = false

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    var isWriting: Bool { write.isBusy }
    package var hasEnded: Bool { isEnding && !write.isBusy }

    package mutating func begin(_ term: Term, now: Moment) {
        self.term = term
        // Those of an earlier claim tell nothing of this one.
        write.abandon()
        look.abandon()
        hurry(now: now)
    }

    /// What the heartbeat tells is to be told at once.
    mutating func hurry(now: Moment) { nextBeat = now.milliseconds }

    /// - Parameter address: where we reign; "" if we do not yet.
    package mutating func beat(_ address: String, now: Moment) -> [TaggedOperation] {
        guard !isEnding, now.milliseconds >= nextBeat, !write.isBusy else { return [] }
        nextBeat = now.milliseconds + milliseconds
        let beat = issue(address)
        // One that has nothing to create would never learn that it was overtaken, and its clients would wait for ever.
        guard counter % Self.beatsPerLook == 0, !look.isBusy else { return [beat] }
        return [beat, startLook()]
    }

    package mutating func tick(now: Moment) -> [TaggedOperation] {
        [write.due(now: now), look.due(now: now)].compactMap { $0 }
    }

    /// What we need of the log cannot be had. If we slept for longer than the log is kept, a later coordinator collected it,
    /// and we step down.
    package mutating func doubt(_ why: String) -> [TaggedOperation] {
        guard doubt == nil else { return [] }
        doubt = why
        look.abandon()
        return [startLook()]
    }

    mutating func stopWaitingForSpace() { write.stopWaitingForSpace() }

    /// Writes the orderly end, so that nobody waits.
    package mutating func end(_ address: String) -> TaggedOperation {
        isEnding = true
        return issue(address)
    }

    /// - Returns: whether a heartbeat was written, or failed for good.
    package mutating func written(_ tag: OperationTag, _ result: BucketResult, now: Moment) -> Bool {
        write.handle(tag, result, now: now) != nil
    }

    package mutating func looked(_ tag: OperationTag, _ result: BucketResult, now: Moment) -> Verdict? {
        guard let (_, result) = look.handle(tag, result, now: now) else { return nil }
        if case .size = result { return .overtaken }
        return doubt.map { .failed($0) }
    }

    private mutating func issue(_ address: String) -> TaggedOperation {
        counter += 1
        let heartbeat = Heartbeat(counter: counter, address: address, hasEnded: isEnding)
        return write.start(.put(name: ObjectName.heartbeat(term), bytes: heartbeat.encoded))
    }

    private mutating func startLook() -> TaggedOperation { look.start(.size(name: ObjectName.term(term.next))) }
}
