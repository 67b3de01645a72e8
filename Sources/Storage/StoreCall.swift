package import News

/// Time as machines see it: brought by the caller with each event, never read.
package struct Moment: Equatable, Sendable {
    /// Monotonic, from any start. All waiting is measured by it.
    package var milliseconds: Int64
    /// The wall clock, which may jump. It is written down (log, manifests), moves horizons of rules by age, and tells which kept
    /// generations and unnamed objects are old. Nobody waits by it.
    package var wall: Timestamp

    package init(milliseconds: Int64, wall: Timestamp) {
        self.milliseconds = milliseconds
        self.wall = wall
    }
}

/// Which part of which machine asked for an operation; comes back with its result.
package struct OperationTag: Hashable, Sendable {
    package enum Owner: UInt8, Sendable {
        case reign
        case reignAhead
        case heartbeat
        case heartbeatLook
        case log
        case manifest
        case router
        case collector
        case quarantine
        case eraser
        case worker
        case merger
        case fetcher
        /// Whether we may still tell fetchers that they hold their shares.
        case leaseLook
    }

    package var owner: Owner
    /// Counts the operations of an owner, so that a late result of an old one is told from the new one's.
    package var serial: UInt64
    /// Which machine asked, where a process has one after the other: serials of each begin at 1. 0 within a machine.
    package var run: UInt64

    package init(owner: Owner, serial: UInt64, run: UInt64 = 0) {
        self.owner = owner
        self.serial = serial
        self.run = run
    }
}

package struct TaggedOperation: Equatable, Sendable {
    package var tag: OperationTag
    package var operation: BucketOperation

    package init(tag: OperationTag, operation: BucketOperation) {
        self.tag = tag
        self.operation = operation
    }
}

/// One operation at a time, repeated with growing pauses while the store fails in passing.
///
/// Invariants
/// 1. At most one operation is in flight; a result with another tag is ignored.
/// 2. After a passing failure the same operation is issued again: nothing is ever assumed about one whose result is unknown.
package struct StoreCall: Sendable {
    private let owner: OperationTag.Owner
    private let step: UInt64
    private var serial: UInt64
    private var current: BucketOperation?
    private var tries = 0
    private var retryAt: Int64?

    private var waitsForSpace: Bool
    private let tryLimitCount: Int

    /// - Parameters:
    ///   - waitsForSpace: whether a full store is waited for as a busy one is.
    ///   - tryLimitCount: after so many tries a passing failure is the result; only for what can be done without.
    ///   - number: its own among `count` calls of one owner that are in flight together.
    package init(
        owner: OperationTag.Owner, waitsForSpace: Bool = false, tryLimitCount: Int = .max, number: UInt64 = 0,
        of count: UInt64 = 1
    ) {
        self.owner = owner
        step = count
        serial = number
        self.waitsForSpace = waitsForSpace
        self.tryLimitCount = tryLimitCount
    }

    package var isBusy: Bool { current != nil }

    /// Pause before the n-th try, in milliseconds: 50, 100, 200 … 5000.
    private static func pause(afterTries tries: Int) -> Int64 { min(5000, 50 << Int64(min(tries, 7))) }

    package mutating func start(_ operation: BucketOperation) -> TaggedOperation {
        precondition(current == nil, "one store call at a time")
        current = operation
        tries = 0
        return issue(operation)
    }

    /// - Returns: the result, if it is the one waited for and final.
    package mutating func handle(_ tag: OperationTag, _ result: BucketResult, now: Moment) -> (
        BucketOperation, BucketResult
    )? {
        guard let operation = current, tag == OperationTag(owner: owner, serial: serial), retryAt == nil else {
            return nil
        }
        if case .failed(let failure) = result, tries + 1 < tryLimitCount,
            failure.kind == .passing || (waitsForSpace && failure.kind == .full)
        {
            retryAt = now.milliseconds + Self.pause(afterTries: tries)
            tries += 1
            return nil
        }
        current = nil
        return (operation, result)
    }

    /// Whether an earlier try of the current or last operation may have taken effect unseen.
    package var wasRetried: Bool { tries > 0 }

    /// The operation again, once its pause is over.
    package mutating func due(now: Moment) -> TaggedOperation? {
        guard let operation = current, let at = retryAt, now.milliseconds >= at else { return nil }
        return issue(operation)
    }

    /// From now on a full store is a failure: the next try is the last.
    package mutating func stopWaitingForSpace() { waitsForSpace = false }

    /// Forgets what is in flight; its result will be ignored.
    package mutating func abandon() {
        current = nil
        retryAt = nil
        serial += step
    }

    private mutating func issue(_ operation: BucketOperation) -> TaggedOperation {
        serial += step
        retryAt = nil
        return TaggedOperation(tag: OperationTag(owner: owner, serial: serial), operation: operation)
    }
}

/// Creates an object and settles what an `.exists` means by reading it back: ours, if the bytes are the same.
package struct CreateCall: Sendable {
    package enum Outcome: Equatable, Sendable {
        case created
        /// Another wrote an object of this name.
        case taken([UInt8])
        case failed(BucketFailure)
    }

    private var call: StoreCall
    private var bytes: [UInt8] = []
    /// A later try failed for good, while an earlier one may have taken effect: being read back, and made sure of.
    private var unsettled: BucketFailure?
    /// It was read back, and is as it should be; but a folder has it for good only once it says that it exists.
    private var isReadBack = false

    package init(owner: OperationTag.Owner, waitsForSpace: Bool = false) {
        call = StoreCall(owner: owner, waitsForSpace: waitsForSpace)
    }

    package var isBusy: Bool { call.isBusy }

    package mutating func start(name: String, bytes: [UInt8]) -> TaggedOperation {
        self.bytes = bytes
        unsettled = nil
        isReadBack = false
        return call.start(.create(name: name, bytes: bytes))
    }

    package mutating func due(now: Moment) -> TaggedOperation? { call.due(now: now) }
    package mutating func abandon() { call.abandon() }
    package mutating func stopWaitingForSpace() { call.stopWaitingForSpace() }

    /// - Returns: the outcome once known, and the operation to issue if one is needed first.
    package mutating func handle(
        _ tag: OperationTag, _ result: BucketResult, now: Moment
    ) -> (outcome: Outcome?, next: TaggedOperation?) {
        guard let (operation, result) = call.handle(tag, result, now: now) else { return (nil, nil) }
        switch (operation, result) {
        case (_, .done): return (.created, nil)
        case (_, .exists) where isReadBack: return (.created, nil)
        case (_, .exists):
            unsettled = nil
            return (nil, call.start(.get(name: operation.name, range: nil)))
        case (.get, .bytes(let found)) where found != bytes: return (.taken(found), nil)
        case (.get, .bytes):
            guard unsettled != nil else { return (.created, nil) }
            isReadBack = true
            return (nil, call.start(.create(name: operation.name, bytes: bytes)))
        // It was there, then not: a store that lists and reads out of order. Try to create it again.
        case (.get, .missing):
            if let failure = unsettled { return (.failed(failure), nil) }
            return (nil, call.start(.create(name: operation.name, bytes: bytes)))
        // A folder says that a name is taken also when it is full: this is a store whose objects are there for good.
        case (.create, .failed(let failure)) where isReadBack && failure.kind == .full: return (.created, nil)
        // It says nothing of what an earlier try, whose answer was lost, has written.
        case (.create, .failed(let failure)) where call.wasRetried && !isReadBack:
            unsettled = failure
            return (nil, call.start(.get(name: operation.name, range: nil)))
        case (_, .failed(let failure)): return (.failed(failure), nil)
        default:
            return (.failed(BucketFailure(.lasting, name: operation.name, message: "unexpected answer")), nil)
        }
    }
}
