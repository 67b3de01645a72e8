package import News
package import Wire

/// One connection of a server, never used again in this process.
package struct ConnectionID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.number < right.number }
    package var description: String { "#\(number)" }
}

/// What happens on a connection after both sides believed each other: `opened` once, then messages, then `closed` once.
///
/// Called on the connection's event loop, one after the other: hand over and return, never block.
package enum ConnectionEvent: Sendable {
    case opened(Peer)
    case message(Message)
    case closed(CloseReason)
}

/// Who speaks with whom. Role and name are those of the connecting side, on both sides.
package struct Peer: Equatable, Sendable {
    /// Address of the other side, for messages.
    package var address: String
    package var introduction: Introduction
    /// What the coordinator's greeting said.
    package var term: Term

    package init(address: String, introduction: Introduction, term: Term) {
        self.address = address
        self.introduction = introduction
        self.term = term
    }
}

package enum CloseReason: Error, Equatable, Sendable, CustomStringConvertible {
    /// This side closed.
    case local
    /// The other side closed, between messages.
    case byPeer
    /// The other side closed within a message, or before the handshake was done.
    case cut
    /// The other side sent ERROR.
    case refused(ErrorCode, String)
    /// What came was no message; the other side was told.
    case protocolError(WireError)
    /// Nothing was heard for too long.
    case idle
    /// The other side does not read what it is sent.
    case slow
    /// Closed here to make room for others; the other side was told BUSY, and why.
    case crowded(String)
    /// The connection failed.
    case failed(String)
    /// TLS failed: who is there is not believed, or does not believe us, or does not speak TLS. Trying again will not help.
    case tls(String)
    /// No connection, or no WELCOME, in the time given.
    case timedOut
    /// Connected, and then not a word came in the time given.
    case noGreeting

    package var description: String {
        switch self {
        case .local: "closed here"
        case .byPeer: "closed by the other side"
        case .cut: "cut off by the other side"
        case .refused(let code, let message): "refused: \(code.rawValue) \(message)"
        case .protocolError(let error): "\(error)"
        case .idle: "idle for too long"
        case .slow: "the other side does not read"
        case .crowded(let why): "closed here: \(why)"
        case .failed(let message): message
        case .tls(let message): "TLS: \(message)"
        case .timedOut: "timed out"
        case .noGreeting:
            "the other side says nothing: is it a coordinator, and does it speak TLS on one side only (see --tls-ca)?"
        }
    }
}

/// Bounds of a connection, and of all connections of a server.
package struct ConnectionLimits: Sendable {
    /// From connecting to a believed HELLO (or WELCOME).
    package var helloMilliseconds: Int64 = 10_000
    /// Without a single byte from the other side; nil for ever.
    package var idleMilliseconds: Int64? = 120_000
    /// While bytes wait for the other side, it has to take some in this time.
    package var stalledMilliseconds: Int64 = 60_000
    /// Bytes sent but not taken by the network.
    package var outboundBytes: Int = 128 << 20
    /// The same of all connections of a server: beyond it, those that do not read are closed.
    package var outboundTotalBytes: Int = 512 << 20
    /// Bytes of messages that are not whole yet, of all connections of a server.
    package var inboundTotalBytes: Int = 256 << 20
    /// Connections of a server at once, with those that have not said HELLO.
    package var admission = ConnectionAdmission.Limits(totalCount: 8192, perAddressCount: 2048)

    package init() {}
}
