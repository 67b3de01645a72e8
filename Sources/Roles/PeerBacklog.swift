package import Cluster
package import Wire

/// What of each connection waits for the machine: a connection that is ahead of it is paused, so that what peers send
/// faster than it is taken waits at theirs.
package struct PeerBacklog: Sendable {
    package enum Change: Equatable, Sendable {
        case none
        case pause
        case resume
    }

    private struct Account {
        var bytes = 0
        var isPaused = false
    }

    /// What may wait of one connection before it is paused; it is resumed at half of it.
    package static let limitBytes = 32 << 20
    /// What any message counts, beside what it holds: so at most 64 of one connection stand before another's. A flood of
    /// small ones would otherwise make all others wait.
    package static let eventBytes = limitBytes / 64

    private var accounts: [PeerID: Account] = [:]

    package init() {}

    package static func bytes(of message: Message) -> Int {
        switch message {
        case .sealed(let report):
            report.counts.reduce(eventBytes + report.entries.count * 64) { $0 + 64 + $1.source.utf8.count }
        case .merged(let report): eventBytes + report.outputs.count * 256
        case .mergeFailed(_, let why): eventBytes + why.utf8.count
        default: eventBytes
        }
    }

    package mutating func open(_ peer: PeerID) { accounts[peer] = Account() }

    package mutating func close(_ peer: PeerID) { accounts[peer] = nil }

    /// Something more of the connection waits. One that is closed has no account.
    package mutating func charge(_ peer: PeerID, _ bytes: Int) -> Change {
        guard accounts[peer] != nil else { return .none }
        accounts[peer]!.bytes += bytes
        guard accounts[peer]!.bytes > Self.limitBytes, !accounts[peer]!.isPaused else { return .none }
        accounts[peer]!.isPaused = true
        return .pause
    }

    /// Something of the connection was taken.
    package mutating func credit(_ peer: PeerID, _ bytes: Int) -> Change {
        guard accounts[peer] != nil else { return .none }
        accounts[peer]!.bytes -= bytes
        guard accounts[peer]!.isPaused, accounts[peer]!.bytes < Self.limitBytes / 2 else { return .none }
        accounts[peer]!.isPaused = false
        return .resume
    }
}
