package import HostIO
import Wire

/// Decides what a role that looks for its coordinator tells of it: at once what waiting does not mend, the rest when it has
/// lasted, each once until the coordinator is joined.
///
/// A coordinator that is started again or relieved is back within seconds, and nobody need know.
package struct CoordinatorTrouble: Sendable {
    package enum Telling: Equatable, Sendable {
        /// A wrong token, certificate, version or address.
        case warning(String)
        /// It may come right by itself, and is taking long.
        case notice(String)
    }

    package static let patienceMilliseconds: Int64 = 10_000
    /// Lines that are remembered.
    static let toldLimitCount = 16

    private var failingSince: Int64?
    private var told: Set<String> = []

    package init() {}

    /// - Parameter now: of a monotonic clock, in milliseconds.
    package mutating func failed(_ endpoint: Endpoint, _ reason: CloseReason, now: Int64) -> Telling? {
        let line = "\(endpoint): \(reason)"
        return isLasting(reason) ? tell(.warning(line), line, now: now) : wait(line, now: now)
    }

    /// - Parameter place: where it was looked for.
    package mutating func foundNobody(in place: String, now: Int64) -> Telling? {
        wait("no coordinator is known in \(place)", now: now)
    }

    package mutating func joined() { self = CoordinatorTrouble() }

    private mutating func wait(_ line: String, now: Int64) -> Telling? {
        let since = failingSince ?? now
        failingSince = since
        return now - since >= Self.patienceMilliseconds ? tell(.notice(line), line, now: now) : nil
    }

    private mutating func tell(_ telling: Telling, _ line: String, now: Int64) -> Telling? {
        failingSince = failingSince ?? now
        if told.count == Self.toldLimitCount { told = [] }
        return told.insert(line).inserted ? telling : nil
    }

    private func isLasting(_ reason: CloseReason) -> Bool {
        switch reason {
        case .tls, .noGreeting, .protocolError: true
        case .refused(.notCoordinator, _), .refused(.draining, _), .refused(.busy, _): false
        case .refused: true
        case .local, .byPeer, .cut, .idle, .slow, .crowded, .failed, .timedOut: false
        }
    }
}
