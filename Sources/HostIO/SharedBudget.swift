import Synchronization

/// Bytes that all connections of a listener hold together. A machine.
///
/// Invariant: while more than `limitBytes` are held, `hold` names a connection to be closed: the one that has made no headway
/// for longest, provided that it has made none for `graceMilliseconds`. Who stalls pays for what stalls; who is merely large
/// or slow to begin does not.
package struct SharedBudget: Sendable {
    private struct Account: Sendable {
        var bytes: Int
        var since: Int64
    }

    package let limitBytes: Int
    private let graceMilliseconds: Int64
    private var accounts: [ConnectionID: Account] = [:]
    package private(set) var heldBytes = 0

    package init(limitBytes: Int, graceMilliseconds: Int64) {
        self.limitBytes = limitBytes
        self.graceMilliseconds = graceMilliseconds
    }

    /// The connection now holds so much; 0 is nothing, and forgets it.
    ///
    /// - Parameter since: when it last made headway.
    /// - Returns: whom to close. It is out of the account at once, so the next call may name another.
    package mutating func hold(_ id: ConnectionID, _ bytes: Int, since: Int64, now: Int64) -> ConnectionID? {
        heldBytes += bytes - (accounts[id]?.bytes ?? 0)
        accounts[id] = bytes > 0 ? Account(bytes: bytes, since: since) : nil
        guard bytes > 0, heldBytes > limitBytes else { return nil }
        let oldest = accounts.min { ($0.value.since, $0.key) < ($1.value.since, $1.key) }
        guard let oldest, oldest.value.since <= now - graceMilliseconds else { return nil }
        accounts[oldest.key] = nil
        heldBytes -= oldest.value.bytes
        return oldest.key
    }
}

/// A budget that all event loops share.
package final class ByteBudget: Sendable {
    private let budget: Mutex<SharedBudget>
    /// Small things are not counted: their number is bounded by that of connections.
    package static let freeBytes = 16 << 10

    package init(_ budget: SharedBudget) { self.budget = Mutex(budget) }

    package var heldBytes: Int { budget.withLock { $0.heldBytes } }

    /// - Returns: whom to close, as many as it takes; the connection itself may be among them.
    package func hold(_ id: ConnectionID, _ bytes: Int, since: Int64, now: Int64) -> [ConnectionID] {
        budget.withLock { budget in
            var out: [ConnectionID] = []
            while let other = budget.hold(id, out.last == id ? 0 : bytes, since: since, now: now) { out.append(other) }
            return out
        }
    }

    package func leave(_ id: ConnectionID) { _ = hold(id, 0, since: 0, now: 0) }
}
