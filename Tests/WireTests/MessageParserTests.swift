import ByteCoding
import News
import Testing
import Wire

/// Everything a parser makes of a stream: the messages, then the error if there was one.
struct Parsed: Equatable {
    var messages: [Message] = []
    var error: WireError?
    var isComplete = true

    /// - Parameter cuts: where the stream is sliced, ascending.
    init(_ bytes: [UInt8], _ side: MessageParser.Side, cuts: [Int] = [], role: PeerRole = .client) {
        var parser = MessageParser(side: side, admitted: side == .server ? role : nil)
        var start = 0
        do throws(WireError) {
            for end in cuts + [bytes.count] {
                parser.append(bytes[start..<end])
                start = end
                while let message = try parser.next() { messages.append(message) }
            }
            isComplete = parser.isBetweenMessages
        } catch {
            self.error = error
        }
    }
}

/// The role that may send this.
func sender(of message: Message) -> PeerRole {
    switch message {
    case .put, .compact, .status: .client
    case .kept, .returned: .fetcher
    default: .worker
    }
}

@Suite struct MessageParserTests {
    @Test("every message comes back as it was sent", arguments: [MessageParser.Side.server, .client])
    func roundTrip(side: MessageParser.Side) throws {
        var random = RandomMessages(seed: 1)
        for round in 0..<2000 {
            let message = random.message(
                for: side,
                kind: round % (side == .server ? RandomMessages.kindsForServer : RandomMessages.kindsForClient))
            var parser = MessageParser(side: side)
            if side == .server {
                if case .hello = message {} else { parser.admit(sender(of: message)) }
            }
            parser.append(message.encoded)
            #expect(try parser.next() == message)
            #expect(try parser.next() == nil)
            #expect(parser.isBetweenMessages)
        }
    }

    @Test("slices do not matter: byte by byte, cut at every byte, many messages at once")
    func slices() {
        var random = RandomMessages(seed: 2)
        let messages = (0..<64).map { random.message(for: .client, kind: $0 % RandomMessages.kindsForClient) }
        let stream = messages.flatMap(\.encoded)
        let whole = Parsed(stream, .client)
        #expect(whole.messages == messages)
        #expect(whole.error == nil && whole.isComplete)
        #expect(Parsed(stream, .client, cuts: Array(1..<stream.count)) == whole)
        for message in messages {
            let bytes = message.encoded
            for cut in 0...bytes.count {
                let both = Parsed(bytes, .client, cuts: [cut])
                let beginning = Parsed(Array(bytes[..<cut]), .client)
                let isRight =
                    both.messages == [message] && beginning.error == nil
                    && beginning.messages.isEmpty == (cut < bytes.count)
                    && beginning.isComplete == (cut == 0 || cut == bytes.count)
                if !isRight { Issue.record("\(message.commandName) cut at \(cut)") }
            }
        }
    }

    @Test("each flipped bit gives a message or an error", arguments: [MessageParser.Side.server, .client])
    func flippedBits(side: MessageParser.Side) {
        var random = RandomMessages(seed: 3)
        for kind in 0..<(side == .server ? RandomMessages.kindsForServer : RandomMessages.kindsForClient) {
            let message = random.message(for: side, kind: kind)
            let bytes = message.encoded
            for bit in 0..<(bytes.count * 8) {
                var damaged = bytes
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                let parsed = Parsed(damaged, side, role: sender(of: message))
                if parsed.messages.count > 2 { Issue.record("bit \(bit) of \(message.commandName)") }
            }
        }
    }

    @Test("20,000 mutated streams give messages or errors, however they are sliced")
    func mutations() {
        var random = RandomMessages(seed: 4)
        for _ in 0..<20_000 {
            let side: MessageParser.Side = random.small() % 2 == 0 ? .server : .client
            let first = random.message(for: side)
            var bytes = first.encoded + random.message(for: side).encoded
            for _ in 0..<Int.random(in: 1...4, using: &random.generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random.generator)
                switch random.small() % 6 {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random.generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: random.bytes(1...9), at: place)
                case 3: bytes.removeSubrange(place...)
                case 4: bytes.insert(contentsOf: bytes[place...].prefix(40), at: place)
                default: bytes[place] = random.pick(Array("0123456789 -\r\n".utf8))
                }
            }
            let role = sender(of: first)
            let whole = Parsed(bytes, side, role: role)
            let cut = bytes.isEmpty ? 0 : Int.random(in: 0...bytes.count, using: &random.generator)
            if Parsed(bytes, side, cuts: [cut], role: role) != whole {
                Issue.record("differs when cut at \(cut): \(bytes)")
            }
        }
    }

    struct Bad: Sendable {
        var input: String
        var code: ErrorCode
        var side = MessageParser.Side.server
        var role: PeerRole? = .client
    }

    @Test(
        "what is not in the form of the document is refused by name",
        arguments: [
            Bad(input: "GET / HTTP/1.1\r\n", code: .unknownCommand),
            Bad(input: "put 1\r\n", code: .unknownCommand),
            Bad(input: "\r\n", code: .unknownCommand),
            Bad(input: " QUIT\r\n", code: .unknownCommand),
            Bad(input: "\n", code: .badFormat),
            Bad(input: "QUIT\n", code: .badFormat),
            Bad(input: "QUIT \r\n", code: .badFormat),
            Bad(input: "QUIT now\r\n", code: .badFormat),
            Bad(input: "QU\0IT\r\n", code: .badFormat),
            Bad(input: "TOUCH\rTOUCH\r\n", code: .badFormat),
            Bad(input: "WELCOME\r\n", code: .unknownCommand),
            Bad(input: "PUT 1 live durable\r\n", code: .badFormat),
            Bad(input: "HELLO 0 client a - -\r\n", code: .notAllowed),
            Bad(input: "SEALED 1 0\r\n", code: .notAllowed),
            Bad(input: "JOIN 0000000000000001\r\n", code: .notAllowed),
            Bad(input: "STATUS\r\n", code: .unauthorised, role: nil),
            Bad(input: "HELLO 1 client a - -\r\n", code: .unsupportedVersion, role: nil),
            Bad(input: "HELLO 0 owner a - -\r\n", code: .badFormat, role: nil),
            Bad(input: "HELLO 0 client a/b - -\r\n", code: .badFormat, role: nil),
            Bad(input: "HELLO 0 client a 00 -\r\n", code: .badFormat, role: nil),
            Bad(input: "HELLO 0 client a - - -\r\n", code: .badFormat, role: nil),
            Bad(input: "HELLO 00 client a - -\r\n", code: .badFormat, role: nil),
            Bad(input: "JOIN 000000000000000A\r\n", code: .badFormat, role: .worker),
            Bad(input: "CREDIT live 18446744073709551616\r\n", code: .badFormat, role: .worker),
            Bad(input: "CREDIT live +1\r\n", code: .badFormat, role: .worker),
            Bad(input: "CREDIT live 01\r\n", code: .badFormat, role: .worker),
            Bad(input: "CREDIT fast 1\r\n", code: .badFormat, role: .worker),
            Bad(input: "SEALED 1 16777217\r\n", code: .tooLarge, role: .worker),
            Bad(input: "SEALED 1 1\r\n\0\r\n", code: .badFormat, role: .worker),
            Bad(input: "SEALED 1 3\r\n\0\0\0..", code: .badFormat, role: .worker),
            Bad(input: "SEALED 1 4\r\n\0\0\0\0\r\n", code: .badFormat, role: .worker),
            Bad(input: "MERGED 1 2\r\n\u{7F}\0\r\n", code: .badFormat, role: .merger),
            Bad(input: "REVOKE 65536 1-1\r\n", code: .badFormat, side: .client),
            Bad(input: "REVOKE 1 1\r\n", code: .badFormat, side: .client),
            Bad(input: "REVOKE 1 1-\r\n", code: .badFormat, side: .client),
            Bad(input: "ERROR BUSY \r\n", code: .badFormat, side: .client),
            Bad(input: "ERROR TIRED\r\n", code: .badFormat, side: .client),
            Bad(input: "LEASE 1 1-1 1 15\r\n0123456789abcde\r\n", code: .badFormat, side: .client),
            Bad(input: "JOINED 1 1-1 0 0\r\n\r\n", code: .badFormat, side: .client),
            Bad(input: "MERGE 1 1-1 heap 1\r\n\0\r\n", code: .badFormat, side: .client),
            Bad(input: "CORANTO 1 something else\r\n", code: .unsupportedVersion, side: .client),
            Bad(input: "CORANTO 0 1 000102030405060708090a0b0c0d0e0f 4096\r\n", code: .badFormat, side: .client),
            Bad(input: "PUT 1 live durable \(String(repeating: "0", count: 64)) 67108865\r\n", code: .tooLarge),
            Bad(input: String(repeating: "x", count: 4096), code: .tooLarge),
        ])
    func refuses(bad: Bad) {
        var parser = MessageParser(side: bad.side, admitted: bad.role)
        parser.append(Array(bad.input.utf8))
        var seen: WireError?
        for _ in 0..<2 {
            do throws(WireError) {
                #expect(try parser.next() == nil)
            } catch {
                #expect(seen == nil || seen == error, "the same error for ever")
                seen = error
            }
        }
        #expect(seen?.code == bad.code, "\(bad.input): \(String(describing: seen))")
        parser.append(Array("TOUCH\r\n".utf8))
        #expect(throws: WireError.self) { try parser.next() }
        #expect(parser.bufferedBytes == 0)
    }

    @Test("a line of exactly 4096 bytes is read, one more is not")
    func longestLine() {
        let text = String(repeating: "x", count: 1024)
        #expect(Parsed(Array("ERROR BUSY \(text)\r\n".utf8), .client).messages == [.error(code: .busy, message: text)])
        let head = "STATUS"
        let fits = head + " " + String(repeating: "x", count: 4096 - head.count - 3) + "\r\n"
        #expect(Parsed(Array(fits.utf8), .server).error?.code == .badFormat)
        #expect(Parsed(Array((String(fits.dropLast(1)) + "x\r\n").utf8), .server).error?.code == .tooLarge)
    }

    @Test("before HELLO is believed no payload is read, and after it the next message is")
    func admission() throws {
        let put = Message.put(number: 1, lane: .live, ack: .durable, digest: .zero, payload: [1, 2, 3])
        let hello = Message.hello(version: 0, role: .client, client: "a", nonce: [], proof: [])
        var parser = MessageParser(side: .server)
        parser.append(hello.encoded + put.encoded)
        #expect(try parser.next() == hello)
        parser.admit(.client)
        #expect(try parser.next() == put)
        var hasty = MessageParser(side: .server)
        hasty.append(put.encoded)
        #expect(throws: WireError(.unauthorised, "PUT before HELLO")) { try hasty.next() }
    }

    @Test("a text is made clean and cut at a character")
    func texts() {
        let message = Message.error(
            code: .internalError, message: "a\r\nERROR b\u{7F}" + String(repeating: "é", count: 600))
        let expected = "a  ERROR b " + String(repeating: "é", count: 506)
        #expect(Parsed(message.encoded, .client).messages == [.error(code: .internalError, message: expected)])
    }

    @Test("memory stays with one message, and is given back after a large one")
    func memory() throws {
        var parser = MessageParser(side: .server, admitted: .client)
        let put = Message.put(
            number: 1, lane: .bulk, ack: .durable, digest: .zero, payload: [UInt8](repeating: 7, count: 3 << 20))
        let bytes = put.encoded
        for start in stride(from: 0, to: bytes.count, by: 65_536) {
            parser.append(bytes[start..<min(start + 65_536, bytes.count)])
            if let message = try parser.next() { #expect(message == put) }
            #expect(parser.bufferedBytes <= bytes.count)
        }
        #expect(parser.isBetweenMessages)
        let touch = Array("TOUCH\r\nTOU".utf8)
        for _ in 0..<10_000 {
            parser.append(touch)
            parser.append(Array("CH\r\n".utf8))
            while try parser.next() != nil {}
            #expect(parser.bufferedBytes <= 64)
        }
    }
}
