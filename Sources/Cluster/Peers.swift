// Who is connected, who of them has joined, and how many of their reports wait.
//
// Invariants
// 1. Reports of a worker are taken in their order and without gap: one may kill what an earlier one brought, in another
//    lane, and without that one it must not be published.
// 2. What waits of one worker's reports is bounded, in number and bytes.

package import News
import Storage
package import Wire

package struct Peers: Sendable {
    /// What becomes of a report.
    package enum Turn: Equatable {
        case taken
        case notJoined
        /// Not the one behind `last`.
        case outOfTurn(last: UInt64)
        /// So many wait already.
        case tooMany(Int)
    }

    private struct Member: Sendable {
        var attempt: Attempt
        var instance: Instance
        private var lastReport: UInt64 = 0
        /// Sizes of the reports that were neither published nor refused.
        private var reportBytes: [UInt64: Int] = [:]

        init(attempt: Attempt, instance: Instance) {
            self.attempt = attempt
            self.instance = instance
        }

        mutating func take(_ report: SealedReport) -> Turn {
            let last = lastReport
            #if PLANTED_WATERMARK_BY_TO
                // Here that mistake would be caught before it did harm.
                let follows = report.number > last
            #else
                let follows = report.number == last &+ 1
            #endif
            guard follows else { return .outOfTurn(last: last) }
            lastReport = report.number
            let size = report.heldBytes
            guard reportBytes.count < reportLimitCount,
                reportBytes.isEmpty || reportBytes.values.reduce(size, +) <= reportLimitBytes
            else { return .tooMany(reportBytes.count) }
            reportBytes[report.number] = size
            return .taken
        }

        mutating func settled(_ report: UInt64) { reportBytes[report] = nil }
    }

    /// Reports of one worker that wait for their turn. A store that hangs for a minute makes a few hundred.
    package static let reportLimitCount = 1024
    /// The same, in bytes: four of the largest.
    static let reportLimitBytes = 64 << 20

    private var roles: [PeerID: PeerRole] = [:]
    private var members: [PeerID: Member] = [:]

    package init() {}

    /// All that are connected, in order.
    var connected: [PeerID] { roles.keys.sorted() }

    func role(of peer: PeerID) -> PeerRole? { roles[peer] }

    mutating func connected(_ peer: PeerID, as role: PeerRole) { roles[peer] = role }

    mutating func disconnected(_ peer: PeerID) { roles[peer] = nil }

    // MARK: Members

    func hasJoined(_ peer: PeerID) -> Bool { members[peer] != nil }

    /// The attempt of a member: what it writes carries its number.
    func attempt(of peer: PeerID) -> Attempt? { members[peer]?.attempt }

    var attempts: [Attempt] { members.values.map(\.attempt) }

    /// Members that are an older connection of the same process.
    package func members(of instance: Instance) -> [PeerID] {
        members.filter { $0.value.instance == instance }.map(\.key).sorted()
    }

    package mutating func join(_ peer: PeerID, _ instance: Instance, _ attempt: Attempt) {
        members[peer] = Member(attempt: attempt, instance: instance)
    }

    /// - Returns: whether it had joined.
    package mutating func leave(_ peer: PeerID) -> Bool { members.removeValue(forKey: peer) != nil }

    // MARK: Reports

    package mutating func take(_ report: SealedReport, from peer: PeerID) -> Turn {
        #if PLANTED_FREE_SLOT_ZOMBIE
            // What was known of a worker is forgotten with it.
            return members[peer]?.take(report) ?? .taken
        #else
            return members[peer]?.take(report) ?? .notJoined
        #endif
    }

    /// A report was published or refused.
    package mutating func settled(_ report: UInt64, of worker: PeerID) { members[worker]?.settled(report) }
}

extension SealedReport {
    /// Memory it takes while it waits, about.
    fileprivate var heldBytes: Int {
        counts.reduce(256 + entries.count * 64) { $0 + 64 + $1.source.utf8.count }
    }
}
