package import Cluster
package import Wire

/// What of each connection waits for the machine. A connection that is ahead of it is paused, so that what peers send
/// faster than it is taken waits at theirs; and all that send articles are, while all together are.
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
        /// Workers and mergers: their leases would end while they are not heard, and they are few.
        var isNeeded: Bool
        /// Above its own limit, and not yet below half of it.
        var isAhead = false
    }

    /// What may wait of one connection before it is paused; it is resumed at half of it.
    package static let limitBytes = 32 << 20
    /// The same of all together.
    package static let totalLimitBytes = 256 << 20
    /// What any message counts, beside what it holds: so at most 64 of one connection stand before another's. A flood of
    /// small ones would otherwise make all others wait.
    package static let eventBytes = limitBytes / 64

    private var accounts: [PeerID: Account] = [:]
    /// Also of connections that are gone.
    package private(set) var heldBytes = 0
    private var isFull = false

    package init() {}

    package mutating func open(_ peer: PeerID, _ role: PeerRole) -> Change {
        accounts[peer] = Account(isNeeded: role == .worker || role == .merger)
        return isPaused(accounts[peer]!) ? Change(pause: [peer]) : Change()
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

    private func isPaused(_ account: Account) -> Bool { account.isAhead || isFull && !account.isNeeded }

    private mutating func change(_ peer: PeerID, _ counted: Int, _ held: Int) -> Change {
        let wasPaused = accounts[peer].map(isPaused)
        heldBytes += held
        if var account = accounts[peer] {
            account.bytes += counted
            if account.bytes > Self.limitBytes { account.isAhead = true }
            if account.bytes < Self.limitBytes / 2 { account.isAhead = false }
            accounts[peer] = account
        }
        let wasFull = isFull
        if heldBytes > Self.totalLimitBytes { isFull = true }
        if heldBytes < Self.totalLimitBytes / 2 { isFull = false }
        guard isFull == wasFull else { return turned(peer, wasPaused) }
        guard let account = accounts[peer], let wasPaused, isPaused(account) != wasPaused else { return Change() }
        return wasPaused ? Change(resume: [peer]) : Change(pause: [peer])
    }

    /// All together have become, or are no longer, too much.
    private func turned(_ peer: PeerID, _ wasPaused: Bool?) -> Change {
        var change = Change()
        for (other, account) in accounts.sorted(by: { $0.key < $1.key }) {
            let before = other == peer ? wasPaused! : account.isAhead || !isFull && !account.isNeeded
            guard isPaused(account) != before else { continue }
            if before { change.resume.append(other) } else { change.pause.append(other) }
        }
        return change
    }
}
