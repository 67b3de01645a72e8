package import Cluster
package import Wire

/// What of each connection waits for the machine. A connection that is ahead of it is paused, so that what peers send
/// faster than it is taken waits at theirs. While all together are, those are paused that have more than a small share in it, and
/// only when they are far ahead all that send articles: so who sends much does not silence who sends little.
package struct PeerBacklog: Sendable {
    package struct Change: Equatable, Sendable {
        package var pause: [PeerID] = []
        package var resume: [PeerID] = []

        package init(pause: [PeerID] = [], resume: [PeerID] = []) {
            self.pause = pause
            self.resume = resume
        }
    }

    /// What something that waits counts for its connection, and what it takes of memory.
    package struct Size: Equatable, Sendable {
        var countedBytes: Int
        var heldBytes: Int

        /// Of a payload, or what was made of it.
        package init(payload bytes: Int) {
            countedBytes = bytes
            heldBytes = bytes
        }

        package init(of message: Message) {
            let beside: Int =
                switch message {
                case .sealed(let report):
                    report.counts.reduce(report.entries.count * 64) { $0 + 64 + $1.source.utf8.count }
                case .merged(let report): report.outputs.count * 256
                case .mergeFailed(_, let why): why.utf8.count
                default: 0
                }
            countedBytes = PeerBacklog.eventBytes + beside
            heldBytes = 512 + beside
        }
    }

    private struct Account {
        var bytes = 0
        var heldBytes = 0
        /// Workers and mergers: their leases would end while they are not heard, and they are few.
        var isNeeded: Bool
        /// Above its own limit, and not yet below half of it.
        var isAhead = false
    }

    /// What may wait of one connection before it is paused; it is resumed at half of it.
    package static let limitBytes = 32 << 20
    /// The same of all together, before those are paused of whom more than `shareBytes` waits; these are resumed at half of it.
    package static let totalLimitBytes = 64 << 20
    /// What all but those few may have waiting then: a batch or two of live articles.
    package static let shareBytes = 64 << 10
    /// Nobody sends articles any more: as many connections as there may be, each within its share, cannot be let on.
    package static let hardLimitBytes = 128 << 20
    /// What any message counts, beside what it holds: so at most 64 of one connection stand before another's. A flood of
    /// small ones would otherwise make all others wait.
    package static let eventBytes = limitBytes / 64

    private var accounts: [PeerID: Account] = [:]
    /// Also of connections that are gone.
    package private(set) var heldBytes = 0
    private enum Level {
        case ample
        case crowded
        case full
    }

    private var level = Level.ample

    package init() {}

    package mutating func open(_ peer: PeerID, _ role: PeerRole) -> Change {
        accounts[peer] = Account(isNeeded: role == .worker || role == .merger)
        return isPaused(accounts[peer]!, level) ? Change(pause: [peer]) : Change()
    }

    package mutating func close(_ peer: PeerID) { accounts[peer] = nil }

    /// Something more of the connection waits.
    package mutating func charge(_ peer: PeerID, _ size: Size) -> Change {
        change(peer, size.countedBytes, size.heldBytes)
    }

    /// Something of the connection was taken.
    package mutating func credit(_ peer: PeerID, _ size: Size) -> Change {
        change(peer, -size.countedBytes, -size.heldBytes)
    }

    private func isPaused(_ account: Account, _ level: Level) -> Bool {
        if account.isAhead { return true }
        switch level {
        case .ample: return false
        case .crowded: return !account.isNeeded && account.heldBytes > Self.shareBytes
        case .full: return !account.isNeeded
        }
    }

    private mutating func change(_ peer: PeerID, _ counted: Int, _ held: Int) -> Change {
        let before = (account: accounts[peer], level: level)
        heldBytes += held
        if var account = accounts[peer] {
            account.bytes += counted
            account.heldBytes += held
            if account.bytes > Self.limitBytes { account.isAhead = true }
            if account.bytes < Self.limitBytes / 2 { account.isAhead = false }
            accounts[peer] = account
        }
        switch level {
        case .ample where heldBytes > Self.totalLimitBytes, .crowded where heldBytes > Self.totalLimitBytes:
            level = heldBytes > Self.hardLimitBytes ? .full : .crowded
        case .full where heldBytes < Self.totalLimitBytes: level = .crowded
        default: break
        }
        if heldBytes < Self.totalLimitBytes / 2 { level = .ample }
        // Mostly it is the same, and only this one may be another.
        let affected = level == before.level ? accounts[peer].map { [(key: peer, value: $0)] } ?? [] : Array(accounts)
        var change = Change()
        for (other, account) in affected.sorted(by: { $0.key < $1.key }) {
            let wasPaused = isPaused(other == peer ? before.account! : account, before.level)
            guard isPaused(account, level) != wasPaused else { continue }
            if wasPaused { change.resume.append(other) } else { change.pause.append(other) }
        }
        return change
    }
}
