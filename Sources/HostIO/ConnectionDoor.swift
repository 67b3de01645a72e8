import Glibc
package import Logging
package import NIOCore
import Synchronization

/// The door of a listener: lets connections in by `ConnectionAdmission`, counts them, and tells of those it turned away.
package final class ConnectionDoor: Sendable {
    package enum Entry: Sendable {
        /// In, under a number that is new in this process; `instead` has to be closed.
        case admitted(ConnectionID, instead: ConnectionID?)
        case refused(String)
    }

    /// Since the start.
    package struct Counts: Equatable, Sendable {
        package var openCount = 0
        package var acceptedCount = 0
        package var refusedCount = 0
        /// Closed to make room for others, or because they took too much memory, or too long.
        package var droppedCount = 0
    }

    private struct State {
        var admission: ConnectionAdmission
        var lastNumber: UInt64 = 0
        var acceptedCount = 0
        var refusals = RefusalTally<ConnectionAdmission.Refusal>()
        var drops = RefusalTally<String>()
    }

    private let state: Mutex<State>
    private let logger: Logger

    package init(_ limits: ConnectionAdmission.Limits, logger: Logger) {
        state = Mutex(State(admission: ConnectionAdmission(limits)))
        self.logger = logger
    }

    package func enter(_ address: SocketAddress?) -> Entry {
        let now = Self.milliseconds
        let (entry, told) = state.withLock { state -> (Entry, [ConnectionAdmission.Refusal: Int]?) in
            state.lastNumber += 1
            let id = ConnectionID(state.lastNumber)
            switch state.admission.arrive(id, from: Self.origin(of: address)) {
            case .admit:
                state.acceptedCount += 1
                return (.admitted(id, instead: nil), nil)
            case .admitInsteadOf(let other):
                state.acceptedCount += 1
                return (.admitted(id, instead: other), nil)
            case .refuse(let refusal):
                return (.refused(refusal.message), state.refusals.note(refusal, now: now))
            }
        }
        tell("connections refused", told?.map { ($0.key.message, $0.value) })
        return entry
    }

    /// False once it was sent away. To be asked when others can find it: whoever sent it away before that could not close it.
    package func isIn(_ id: ConnectionID) -> Bool { state.withLock { $0.admission.contains(id) } }

    package func settle(_ id: ConnectionID) { state.withLock { $0.admission.settle(id) } }
    package func loosen(_ id: ConnectionID) { state.withLock { $0.admission.loosen(id) } }
    package func leave(_ id: ConnectionID) { state.withLock { $0.admission.leave(id) } }

    /// A connection is being closed from this side, for this reason.
    package func dropped(because reason: String) {
        let now = Self.milliseconds
        tell("connections dropped", state.withLock { $0.drops.note(reason, now: now) }?.map { ($0.key, $0.value) })
    }

    package var counts: Counts {
        state.withLock { state in
            Counts(
                openCount: state.admission.count, acceptedCount: state.acceptedCount,
                refusedCount: state.refusals.totalCount, droppedCount: state.drops.totalCount)
        }
    }

    static var milliseconds: Int64 { Int64(SystemClock().monotonicNanoseconds() / 1_000_000) }

    private func tell(_ what: Logger.Message, _ reasons: [(String, Int)]?) {
        for (reason, count) in (reasons ?? []).sorted(by: { $0.0 < $1.0 }) {
            logger.warning(what, metadata: ["count": "\(count)", "reason": "\(reason)"])
        }
    }

    /// What counts as one address: of IPv6 the network of 64 bits, which one host has to itself as a rule.
    package static func origin(of address: SocketAddress?) -> String {
        guard let address, let text = address.ipAddress else { return "?" }
        guard case .v6 = address else { return text }
        if text.hasPrefix("::ffff:"), text.contains(".") { return String(text.dropFirst(7)) }
        var bytes = [UInt8](repeating: 0, count: 16)
        // Safe: writes the 16 bytes of an IPv6 address, if the text is one.
        guard unsafe inet_pton(AF_INET6, text, &bytes) == 1 else { return text }
        return (0..<4).map { String(UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]), radix: 16) }
            .joined(separator: ":") + "::/64"
    }
}
