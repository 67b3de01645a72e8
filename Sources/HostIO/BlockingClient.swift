import Glibc
import News
package import Wire

// The sockets API takes pointers to address structures; they live here, within one function each.

/// A plain connection for commands that send and wait: no event loop, one thread. Confined to the caller.
///
/// Every wait has a deadline, but for that of the system's resolver for a host's name. After a thrown error the connection is of no use.
package final class BlockingClient {
    /// The coordinator, as its greeting said.
    package private(set) var peer: Peer
    private let socket: FileDescriptorOwner
    private let tls: TLSPump?
    /// What the socket has not taken yet.
    private var outgoing: ArraySlice<UInt8> = []
    private var parser = MessageParser(side: .client)
    /// TOUCH sent by a long wait whose TOUCHED has not come.
    private var ownTouches = 0
    /// When the coordinator last answered such a TOUCH, by the monotonic clock: it is there, though what is waited for is not.
    package private(set) var touchedAtMilliseconds: Int64?
    /// Before WELCOME nothing but HELLO may be sent.
    private var wasWelcomed = false
    private let touchMilliseconds: Int
    /// Between two looks at whether there is sense in waiting.
    private static let lookMilliseconds = 250

    /// Connects and waits for WELCOME.
    ///
    /// - Parameter touchMilliseconds: a wait longer than this keeps the connection alive by TOUCH; well below the
    ///   coordinator's limit for idle connections.
    /// - Throws: `CloseReason`.
    package init(
        endpoint: Endpoint, introduction: Introduction, token: Token?, tls: ClientTLS? = nil, timeoutMilliseconds: Int,
        touchMilliseconds: Int = 30_000
    ) throws(CloseReason) {
        self.touchMilliseconds = touchMilliseconds
        let deadline = Deadline(milliseconds: timeoutMilliseconds)
        socket = try FileDescriptorOwner(connectingTo: endpoint, deadline)
        if let tls { self.tls = try TLSPump(tls, to: endpoint) } else { self.tls = nil }
        peer = Peer(address: endpoint.description, introduction: introduction, term: .none)
        let handshake = ClientHandshake(
            introduction: introduction, token: token, nonce: SystemRandom().bytes(WireLimits.nonceBytes))
        let first: Message
        do throws(CloseReason) {
            try flush(deadline)
            first = try next(deadline)
        } catch {
            throw error == .timedOut ? .noGreeting : error
        }
        guard case .greeting(_, let term, let nonce, _) = first else {
            throw .protocolError(WireError(.badFormat, "\(first.commandName) before the greeting"))
        }
        peer.term = term
        try send([handshake.answer(to: nonce)], deadline)
        let second = try next(deadline)
        guard case .welcome = second else {
            throw .protocolError(WireError(.badFormat, "\(second.commandName) before WELCOME"))
        }
        wasWelcomed = true
    }

    /// Returns when the network has taken all bytes. Answers that come meanwhile are kept for `next`.
    package func send(_ messages: [Message], timeoutMilliseconds: Int) throws(CloseReason) {
        try send(messages, Deadline(milliseconds: timeoutMilliseconds))
    }

    /// The next message.
    ///
    /// - Parameter isHopeless: asked now and then whether there is no sense in waiting any longer.
    /// - Throws: `CloseReason`: `.refused` when it is an ERROR, `.timedOut` when none came in time or it is hopeless.
    package func next(
        timeoutMilliseconds: Int, unless isHopeless: () -> Bool = { false }
    ) throws(CloseReason) -> Message {
        try next(Deadline(milliseconds: timeoutMilliseconds), unless: isHopeless)
    }

    private func send(_ messages: [Message], _ deadline: Deadline) throws(CloseReason) {
        var bytes: [UInt8] = []
        for message in messages { message.encode(to: &bytes) }
        if let tls { try tls.seal(bytes) } else { outgoing = bytes[...] }
        try flush(deadline)
    }

    private func flush(_ deadline: Deadline) throws(CloseReason) {
        while true {
            if outgoing.isEmpty, let tls { outgoing = try tls.takeOutgoing()[...] }
            guard !outgoing.isEmpty else { return }
            // Reading too: a coordinator that cannot get rid of its answers would stop reading ours.
            let ready = try socket.wait(Int16(POLLOUT | POLLIN), deadline)
            if ready & Int16(POLLIN | POLLHUP | POLLERR) != 0 { try receive() }
            if ready & Int16(POLLOUT) != 0 { outgoing = outgoing.dropFirst(try socket.send(outgoing)) }
        }
    }

    private func next(
        _ deadline: Deadline, unless isHopeless: () -> Bool = { false }
    ) throws(CloseReason) -> Message {
        while true {
            let message: Message?
            do throws(WireError) {
                message = try parser.next()
            } catch {
                throw .protocolError(error)
            }
            switch message {
            case .error(let code, let text): throw .refused(code, text)
            case .touched where ownTouches > 0:
                ownTouches -= 1
                touchedAtMilliseconds = Int64(SystemClock().monotonicNanoseconds() / 1_000_000)
            case let message?: return message
            case nil: try waitForMore(deadline, unless: isHopeless)
            }
        }
    }

    private func waitForMore(_ deadline: Deadline, unless isHopeless: () -> Bool) throws(CloseReason) {
        let pause = Deadline(milliseconds: touchMilliseconds)
        let end = wasWelcomed ? min(deadline, pause) : deadline
        do throws(CloseReason) {
            try waitForBytes(end, unless: isHopeless)
        } catch {
            guard error == .timedOut, wasWelcomed, pause < deadline, !isHopeless() else { throw error }
            // A long wait, as for `visible`: shows that this side is still there.
            ownTouches += 1
            return try send([.touch], deadline)
        }
        try receive()
        // TLS may have something to answer.
        if tls != nil { try flush(deadline) }
    }

    private func waitForBytes(_ end: Deadline, unless isHopeless: () -> Bool) throws(CloseReason) {
        while true {
            let look = Deadline(milliseconds: Self.lookMilliseconds)
            do throws(CloseReason) {
                _ = try socket.wait(Int16(POLLIN), min(end, look))
                return
            } catch {
                guard error == .timedOut, look < end, !isHopeless() else { throw error }
            }
        }
    }

    private func receive() throws(CloseReason) {
        guard let bytes = try socket.receive() else { return }
        guard !bytes.isEmpty else { throw try lastWords() }
        if let tls { parser.append(try tls.open(bytes)) } else { parser.append(bytes) }
    }

    /// The other side has closed: an ERROR it sent before tells more than that.
    private func lastWords() throws(CloseReason) -> CloseReason {
        do throws(WireError) {
            while let message = try parser.next() {
                if case .error(let code, let text) = message { return .refused(code, text) }
            }
        } catch {
            return .protocolError(error)
        }
        return parser.isBetweenMessages ? .byPeer : .cut
    }
}

/// A moment of the monotonic clock.
private struct Deadline: Comparable {
    private let nanoseconds: UInt64

    static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    init(milliseconds: Int) {
        nanoseconds = SystemClock().monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
    }

    /// Rounded up, so that waiting for it does not spin.
    var remainingMilliseconds: Int32 {
        let now = SystemClock().monotonicNanoseconds()
        return now >= nanoseconds ? 0 : Int32(clamping: (nanoseconds - now + 999_999) / 1_000_000)
    }
}

/// A connected socket that does not block, closed when the object ends.
private final class FileDescriptorOwner {
    private let descriptor: FileDescriptor

    /// Tries the addresses of the host one after the other.
    init(connectingTo endpoint: Endpoint, _ deadline: Deadline) throws(CloseReason) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(endpoint.host, String(endpoint.port), &hints, &found)
        guard result == 0 else {
            let reason = unsafe String(cString: gai_strerror(result))
            throw .failed("cannot find \(endpoint.host): \(reason)")
        }
        defer { unsafe freeaddrinfo(found) }
        var failure = CloseReason.failed("\(endpoint.host) has no address")
        var next = unsafe found
        while let address = unsafe next {
            do throws(CloseReason) {
                descriptor = try unsafe Self.connect(address, endpoint, deadline)
                return
            } catch {
                failure = error
            }
            unsafe next = address.pointee.ai_next
        }
        throw failure
    }

    private static func connect(
        _ address: UnsafeMutablePointer<addrinfo>, _ endpoint: Endpoint, _ deadline: Deadline
    ) throws(CloseReason) -> FileDescriptor {
        let kind = unsafe address.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let raw = unsafe socket(address.pointee.ai_family, kind, address.pointee.ai_protocol)
        guard raw >= 0 else { throw failed("open a socket to", endpoint.description) }
        let descriptor = FileDescriptor(raw: raw)
        // Safe: the address belongs to the list that the caller frees later.
        if unsafe Glibc.connect(raw, address.pointee.ai_addr, address.pointee.ai_addrlen) != 0 {
            guard errno == EINPROGRESS else { throw failed("connect to", endpoint.description) }
            _ = try wait(raw, Int16(POLLOUT), deadline)
            var code: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            let result = unsafe getsockopt(raw, SOL_SOCKET, SO_ERROR, &code, &length)
            guard result == 0, code == 0 else {
                throw .failed("\(SystemError("connect to", endpoint.description, code: result == 0 ? code : errno))")
            }
        }
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe setsockopt(raw, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, size) == 0 else {
            throw failed("set up the connection to", endpoint.description)
        }
        return descriptor
    }

    /// What the socket is ready for.
    func wait(_ events: Int16, _ deadline: Deadline) throws(CloseReason) -> Int16 {
        try Self.wait(descriptor.raw, events, deadline)
    }

    private static func wait(_ raw: Int32, _ events: Int16, _ deadline: Deadline) throws(CloseReason) -> Int16 {
        var request = pollfd(fd: raw, events: events, revents: 0)
        let count = SystemCall.retrying { unsafe poll(&request, 1, deadline.remainingMilliseconds) }
        guard count >= 0 else { throw failed("wait for", "the connection") }
        guard count > 0 else { throw .timedOut }
        return request.revents
    }

    func send(_ bytes: ArraySlice<UInt8>) throws(CloseReason) -> Int {
        let count = unsafe bytes.withUnsafeBytes { all in
            unsafe Glibc.send(descriptor.raw, all.baseAddress, all.count, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return count }
        if errno == EAGAIN || errno == EINTR { return 0 }
        throw Self.failed("send to", "the coordinator")
    }

    /// - Returns: nil if nothing is there yet, no bytes if the other side has closed.
    func receive() throws(CloseReason) -> [UInt8]? {
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, filled in
            count = unsafe recv(descriptor.raw, buffer.baseAddress, buffer.count, 0)
            filled = max(0, count)
        }
        if count >= 0 { return bytes }
        if errno == EAGAIN || errno == EINTR { return nil }
        if errno == ECONNRESET { return [] }
        throw Self.failed("receive from", "the coordinator")
    }

    private static func failed(_ operation: String, _ subject: String) -> CloseReason {
        .failed("\(SystemError(operation, subject))")
    }
}
