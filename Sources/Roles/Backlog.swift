package import Cluster
import Wire

// What was read from each connection and is not handled yet.
//
// Invariants
// 1. A connection over either limit is to be paused each time more comes from it: a pause may have been undone by a
//    resumption that was on its way.
// 2. One that was paused is to be resumed once, when both counts are at most half their limits.
// So a peer that floods waits for itself: before another's message stand at most `messageLimitCount` of each peer's.

package struct Backlog: Sendable {
    private struct Load {
        var messageCount = 0
        var bytes = 0
        var isPaused = false
    }

    package static let messageLimitCount = 64
    package static let byteLimit = 32 << 20

    private var loads: [PeerID: Load] = [:]

    package init() {}

    /// - Returns: whether the connection must be paused.
    package mutating func add(_ peer: PeerID, bytes: Int) -> Bool {
        var load = loads[peer] ?? Load()
        load.messageCount += 1
        load.bytes += bytes
        let isOver = load.messageCount >= Self.messageLimitCount || load.bytes > Self.byteLimit
        load.isPaused = load.isPaused || isOver
        loads[peer] = load
        return isOver
    }

    /// A message was handled.
    ///
    /// - Returns: whether the connection may be read again.
    package mutating func remove(_ peer: PeerID, bytes: Int) -> Bool {
        // One that is closed is not read any more.
        guard var load = loads[peer] else { return false }
        load.messageCount -= 1
        load.bytes -= bytes
        let mayResume =
            load.isPaused && load.messageCount <= Self.messageLimitCount / 2 && load.bytes <= Self.byteLimit / 2
        if mayResume { load.isPaused = false }
        loads[peer] = load
        return mayResume
    }

    package mutating func close(_ peer: PeerID) { loads[peer] = nil }

    /// What a message other than PUT counts: reports may be large, so a connection is read on when one is handled.
    static func bytes(of message: Message) -> Int {
        switch message {
        case .sealed, .merged: byteLimit + 1
        default: 0
        }
    }
}
