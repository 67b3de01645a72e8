import News

/// Cuts a stream of bytes into messages: any slices in, whole messages out.
///
///     parser.append(bytes)
///     while let message = try parser.next() { … }
///
/// Guarantees
/// 1. What comes out does not depend on how the stream was sliced.
/// 2. Memory: one message (a line, or a payload within its command's limit) plus the slice appended last.
/// 3. Work is linear in the bytes, however small the slices.
/// 4. After an error every further call throws the same error.
package struct MessageParser: Sendable {
    package enum Side: Sendable {
        /// Reads what clients, workers, mergers … send.
        case server
        /// Reads what the coordinator sends.
        case client
    }

    private enum State {
        case line
        /// A line was read; its payload and CR LF are awaited.
        case payload(PayloadHead, lengthBytes: Int)
        case failed(WireError)
    }

    private static let keptBytes = 16 << 10

    private let side: Side
    /// The role told by HELLO, once it was believed. Before that a server reads no payload from anyone.
    private var role: PeerRole?
    private var state = State.line
    private var buffer: [UInt8] = []
    /// Where the unread part of `buffer` begins.
    private var start = 0
    /// Bytes before this one are known to hold no LF; never before `start`.
    private var scanned = 0

    /// - Parameter admitted: for a server that has seen HELLO by other means.
    package init(side: Side, admitted: PeerRole? = nil) {
        self.side = side
        role = admitted
    }

    /// The HELLO was right: from here on the commands of this role are read.
    package mutating func admit(_ role: PeerRole) { self.role = role }

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        if case .failed = state { return }
        // Moving the rest down costs no more than what was read since the last time.
        if start > 0, start * 2 >= buffer.count {
            buffer.removeSubrange(..<start)
            scanned -= start
            start = 0
        }
        makeRoom(bytes.underestimatedCount)
        // A whole copy where the bytes lie together; a generic sequence would come byte by byte through a table.
        let done: Void? = bytes.withContiguousStorageIfAvailable { unsafe buffer.append(contentsOf: $0) }
        if done == nil { buffer.append(contentsOf: bytes) }
    }

    /// Doubles like any array, but not beyond the payload that is awaited.
    private mutating func makeRoom(_ count: Int) {
        guard case .payload(_, let lengthBytes) = state else { return }
        let least = buffer.count + count
        guard least > buffer.capacity else { return }
        buffer.reserveCapacity(max(least, min(2 * buffer.capacity, start + lengthBytes + 2)))
    }

    /// Whether the stream may end here: false inside a message.
    package var isBetweenMessages: Bool {
        if case .line = state { start == buffer.count } else { false }
    }

    /// Bytes held; for tests of the bound.
    package var bufferedBytes: Int { buffer.count }

    /// Memory that a message takes which is not whole yet.
    package var heldBytes: Int { isBetweenMessages ? 0 : buffer.capacity }

    /// The next whole message, or nil if more bytes are needed.
    package mutating func next() throws(WireError) -> Message? {
        do throws(WireError) {
            return try step()
        } catch {
            state = .failed(error)
            buffer = []
            (start, scanned) = (0, 0)
            throw error
        }
    }

    private mutating func step() throws(WireError) -> Message? {
        switch state {
        case .failed(let error):
            throw error
        case .line:
            guard let line = try nextLine() else { return nil }
            switch try head(of: line) {
            case .complete(let message):
                return message
            case .awaits(let head, let lengthBytes):
                state = .payload(head, lengthBytes: lengthBytes)
                return try step()
            }
        case .payload(let head, let lengthBytes):
            guard buffer.count - start >= lengthBytes + 2 else { return nil }
            let end = start + lengthBytes
            guard buffer[end] == 0x0D, buffer[end + 1] == 0x0A else {
                throw WireError(.badFormat, "no CR LF after the payload of \(head.command.rawValue)")
            }
            let message = try head.message(payload: buffer[start..<end])
            state = .line
            consume(to: end + 2)
            return message
        }
    }

    private mutating func consume(to index: Int) {
        start = index
        scanned = index
        // A connection that waits holds next to nothing: there may be thousands.
        if buffer.capacity > Self.keptBytes, buffer.count - start <= Self.keptBytes {
            buffer = Array(buffer[start...])
            (start, scanned) = (0, 0)
        } else if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            (start, scanned) = (0, 0)
        }
    }

    /// A line without its CR LF.
    private mutating func nextLine() throws(WireError) -> ArraySlice<UInt8>? {
        let searchEnd = min(buffer.count, start + WireLimits.lineBytes)
        guard let end = buffer[scanned..<searchEnd].firstIndex(of: 0x0A) else {
            scanned = searchEnd
            if searchEnd == start + WireLimits.lineBytes {
                throw WireError(.tooLarge, "line of more than \(WireLimits.lineBytes) bytes")
            }
            return nil
        }
        guard end > start, buffer[end - 1] == 0x0D else { throw WireError(.badFormat, "line ends in LF without CR") }
        let line = buffer[start..<(end - 1)]
        guard !line.contains(where: WireLimits.isControl) else {
            throw WireError(.badFormat, "control byte in a line")
        }
        let copy = Array(line)[...]
        consume(to: end + 1)
        return copy
    }

    private func head(of line: ArraySlice<UInt8>) throws(WireError) -> LineResult {
        var words = try LineWords(line)
        let command = words.command
        guard command.isFor(side) else {
            throw WireError(.unknownCommand, "\(command.rawValue) is not sent in this direction")
        }
        if side == .server {
            switch role {
            case nil:
                guard command == .hello || command == .quit || command == .error else {
                    throw WireError(.unauthorised, "\(command.rawValue) before HELLO")
                }
            case let role?:
                guard command.mayCome(from: role) else {
                    throw WireError(.notAllowed, "\(command.rawValue) is not for a \(role.rawValue), or not now")
                }
            }
        }
        return try words.parse()
    }
}
