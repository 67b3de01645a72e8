package import Storage

/// Decides what is told of a store that fails: the first failure, the same kind again only after a while, and once when it
/// works again. Machines try again by themselves; people must know that they do.
///
/// A full disk still takes a heartbeat now and then, so the store works again when nothing has failed for a while.
package struct StoreTrouble: Sendable {
    package enum Telling: Equatable, Sendable {
        case fails(BucketFailure)
        case worksAgain
    }

    package static let silenceMilliseconds: Int64 = 30_000

    package static let recoveryMilliseconds: Int64 = 10_000

    private var kind: BucketFailure.Kind?
    private var toldAt: Int64 = 0
    private var failedAt: Int64 = 0

    package init() {}

    /// - Parameter operation: only what writes says that writing works again.
    /// - Parameter now: monotonic, in milliseconds.
    package mutating func note(_ operation: BucketOperation, _ result: BucketResult, now: Int64) -> Telling? {
        if case .failed(let failure) = result {
            failedAt = now
            if kind == failure.kind, now - toldAt < Self.silenceMilliseconds { return nil }
            kind = failure.kind
            toldAt = now
            return .fails(failure)
        }
        switch operation {
        case .create, .put:
            guard kind != nil, now - failedAt >= Self.recoveryMilliseconds else { return nil }
            kind = nil
            return .worksAgain
        case .get, .size, .list, .delete: return nil
        }
    }
}
