/// Who may be connected at once. A machine: arrivals and departures in, verdicts out; no sockets, no clock.
///
/// Invariants
/// 1. At most `limits.totalCount` connections are in, and at most `limits.perAddressCount` from one address.
/// 2. A connection that nobody would miss (expendable: it has not shown yet that it may be here, or asks nothing) makes room for
///    one that comes, the one that waits longest first. So connections that only stand there keep nobody out.
/// 3. One that is settled stays until it leaves. Where all are settled, who comes is refused.
package struct ConnectionAdmission: Sendable {
    package struct Limits: Equatable, Sendable {
        package var totalCount: Int
        package var perAddressCount: Int

        package init(totalCount: Int, perAddressCount: Int) {
            self.totalCount = totalCount
            self.perAddressCount = perAddressCount
        }
    }

    package enum Verdict: Equatable, Sendable {
        case admit
        /// It is in; this other one is out, and has to be closed.
        case admitInsteadOf(ConnectionID)
        case refuse(Refusal)
    }

    package enum Refusal: Hashable, Sendable {
        case total(limitCount: Int)
        case address(String, limitCount: Int)

        package var message: String {
            switch self {
            case .total(let limit): "too many connections, at most \(limit)"
            case .address(let address, let limit): "too many connections from \(address), at most \(limit)"
            }
        }
    }

    private struct Account: Sendable {
        var address: String
        /// Its place in the queues while it is expendable.
        var turn: UInt64?
    }

    /// Expendable connections, the one that waits longest first. Who has left or settled is passed over.
    private struct Queue: Sendable {
        private var entries: [(id: ConnectionID, turn: UInt64)] = []
        private var first = 0
        var isEmpty: Bool { first == entries.count }

        mutating func append(_ id: ConnectionID, _ turn: UInt64, _ accounts: [ConnectionID: Account]) {
            entries.append((id, turn))
            // What was passed over is thrown out when it is most: the queue stays within a few times the connections.
            guard entries.count > 64, entries.count > 4 * accounts.count else { return }
            entries = entries[first...].filter { accounts[$0.id]?.turn == $0.turn }
            first = 0
        }

        mutating func takeFirst(_ accounts: [ConnectionID: Account]) -> ConnectionID? {
            while !isEmpty {
                let entry = entries[first]
                first += 1
                if accounts[entry.id]?.turn == entry.turn { return entry.id }
            }
            entries = []
            first = 0
            return nil
        }
    }

    private struct Address: Sendable {
        var count = 0
        var queue = Queue()
    }

    package let limits: Limits
    private var accounts: [ConnectionID: Account] = [:]
    private var addresses: [String: Address] = [:]
    private var queue = Queue()
    private var lastTurn: UInt64 = 0

    package init(_ limits: Limits) { self.limits = limits }

    package var count: Int { accounts.count }

    package func contains(_ id: ConnectionID) -> Bool { accounts[id] != nil }

    /// A connection that is new; it is expendable.
    package mutating func arrive(_ id: ConnectionID, from address: String) -> Verdict {
        var verdict = Verdict.admit
        if addresses[address, default: Address()].count >= limits.perAddressCount {
            guard let other = addresses[address]?.queue.takeFirst(accounts) else {
                return .refuse(.address(address, limitCount: limits.perAddressCount))
            }
            leave(other)
            verdict = .admitInsteadOf(other)
        } else if accounts.count >= limits.totalCount {
            guard let other = queue.takeFirst(accounts) else { return .refuse(.total(limitCount: limits.totalCount)) }
            leave(other)
            verdict = .admitInsteadOf(other)
        }
        accounts[id] = Account(address: address)
        addresses[address, default: Address()].count += 1
        loosen(id)
        return verdict
    }

    /// It has shown that it may be here, or asks something: it makes room for nobody.
    package mutating func settle(_ id: ConnectionID) { accounts[id]?.turn = nil }

    /// It is expendable again, behind those that have been longer.
    package mutating func loosen(_ id: ConnectionID) {
        guard let address = accounts[id]?.address else { return }
        lastTurn += 1
        accounts[id]!.turn = lastTurn
        queue.append(id, lastTurn, accounts)
        addresses[address]?.queue.append(id, lastTurn, accounts)
    }

    /// One that was sent away has left already; it may leave again.
    package mutating func leave(_ id: ConnectionID) {
        guard let account = accounts.removeValue(forKey: id) else { return }
        addresses[account.address]?.count -= 1
        if addresses[account.address]?.count == 0 { addresses[account.address] = nil }
    }
}
