import ByteCoding
import Foundation
import HostIO
import NIOPosix
import News
import Synchronization
import Testing
import Wire

let testToken = Token(fileContent: "correct horse battery staple".utf8)

func put(_ number: UInt64, _ payload: [UInt8]) -> Message {
    .put(number: number, lane: .live, ack: .durable, digest: SHA256.hash(of: payload), payload: payload)
}

/// A server that accepts every batch.
@Sendable func acceptAll(_ server: LineServer, _ id: ConnectionID, _ event: ConnectionEvent) {
    switch event {
    case .message(.put(let number, _, _, _, let payload)):
        let lines = UInt32(payload.split(separator: 0x0A).count)
        server.send(id, [.accepted(number: number, counts: BatchCounts(received: lines, accepted: lines))])
    case .message(.touch): server.send(id, [.touched])
    case .message(.quit): server.close(id)
    default: break
    }
}

func client(
    _ server: LineServer, role: PeerRole = .client, name: String = "tester", token: Token? = nil
) throws -> BlockingClient {
    try BlockingClient(
        endpoint: Endpoint(host: "127.0.0.1", port: server.port),
        introduction: Introduction(role: role, client: name), token: token, timeoutMilliseconds: 60_000)
}

@Suite(.timeLimit(.minutes(2))) struct LineServerTests {
    @Test("a client is greeted, believed, answered in order, and let go")
    func wholeWay() async throws {
        try await withServer(onEvent: acceptAll) { server, log in
            try await blocking {
                let client = try client(server)
                #expect(client.peer.term == Term(7))
                try client.send((1...50).map { put($0, Array("{}\n{}".utf8)) }, timeoutMilliseconds: 60_000)
                for number in 1...50 as ClosedRange<UInt64> {
                    let counts = BatchCounts(received: 2, accepted: 2)
                    #expect(try client.next(timeoutMilliseconds: 60_000) == .accepted(number: number, counts: counts))
                }
                try client.send([.quit], timeoutMilliseconds: 60_000)
                #expect(throws: CloseReason.byPeer) { try client.next(timeoutMilliseconds: 60_000) }
            }
            var seen: [String] = []
            for await entry in log.stream {
                switch entry.event {
                case .opened(let peer):
                    #expect(peer.introduction == Introduction(role: .client, client: "tester"))
                    #expect(peer.address.hasPrefix("127.0.0.1:"))
                    seen.append("opened")
                case .message(let message): seen.append(message.commandName)
                case .closed(let reason):
                    #expect(reason == .local)
                    seen.append("closed")
                }
                if seen.last == "closed" { break }
            }
            #expect(seen == ["opened"] + [String](repeating: "PUT", count: 50) + ["QUIT", "closed"])
        }
    }

    @Test("bytes one at a time make the same conversation")
    func oneByteAtATime() async throws {
        try await withServer(onEvent: acceptAll) { server, _ in
            try await blocking {
                let socket = try RawSocket(port: server.port)
                #expect(socket.readLine().hasPrefix("CORANTO 0 7 "))
                for byte in Array("HELLO 0 client slow - -\r\n".utf8) + put(1, Array("{}".utf8)).encoded {
                    socket.send([byte])
                }
                #expect(socket.readLine() == "WELCOME\r\n")
                #expect(socket.readLine() == "ACCEPTED 1 1 1 0 0\r\n")
                socket.send("QUIT\r\n")
                #expect(socket.readToEnd() == "")
            }
        }
    }

    @Test("with a token only those who know it are believed, and nobody else is reported")
    func tokens() async throws {
        try await withServer(token: testToken, onEvent: acceptAll) { server, log in
            try await blocking {
                for wrong in [nil, Token(fileContent: "wrong horse battery staple".utf8)] {
                    let error = #expect(throws: CloseReason.self) { try client(server, token: wrong) }
                    guard case .refused(.unauthorised, _) = error else {
                        Issue.record("\(String(describing: error))")
                        continue
                    }
                }
                // A proof that was overheard does not fit another connection.
                let nonce = [UInt8](repeating: 1, count: 16)
                let overheard = Proof.make(
                    token: try #require(testToken), role: .client, client: "tester", serverNonce: nonce,
                    clientNonce: nonce)
                let replay = try RawSocket(port: server.port)
                _ = replay.readLine()
                replay.send(
                    Message.hello(version: 0, role: .client, client: "tester", nonce: nonce, proof: overheard).encoded)
                #expect(replay.readToEnd().hasPrefix("ERROR UNAUTHORISED "))
                let right = try client(server, name: "right", token: testToken)
                try right.send([.touch], timeoutMilliseconds: 60_000)
                #expect(try right.next(timeoutMilliseconds: 60_000) == .touched)
            }
            for await entry in log.stream {
                guard case .opened(let peer) = entry.event else {
                    Issue.record("\(entry.event)")
                    break
                }
                #expect(peer.introduction.client == "right")
                break
            }
        }
    }

    @Test("garbage, cuts, oversized and forbidden input end that connection with a reason, and service goes on")
    func garbage() async throws {
        try await withServer(onEvent: acceptAll) { server, _ in
            try await blocking {
                let good = try client(server)
                let hello = "HELLO 0 client bad - -\r\n"
                for (input, code) in [
                    ("GET / HTTP/1.1\r\n\r\n", "UNKNOWN_COMMAND"), ("\u{16}\u{3}\u{1}\n", "BAD_FORMAT"),
                    (String(repeating: "x", count: 60_000), "TOO_LARGE"), ("PUT 1 live durable", nil),
                    ("TOUCH\r\n", "UNAUTHORISED"), ("HELLO 9 client a - -\r\n", "UNSUPPORTED_VERSION"),
                    (hello + hello, "NOT_ALLOWED"), (hello + "SEALED 1 3\r\n\0\0\0\r\n", "NOT_ALLOWED"),
                    (hello + "PUT 1 live durable \(String(repeating: "0", count: 64)) 99999999999\r\n", "TOO_LARGE"),
                    (hello + "PUT 1 live durable \(String(repeating: "0", count: 64)) 5\r\n1234567", "BAD_FORMAT"),
                    (hello + "PUT 1 live durable \(String(repeating: "0", count: 64)) 500\r\n123", nil), ("", nil),
                ] as [(String, String?)] {
                    let socket = try RawSocket(port: server.port)
                    #expect(socket.readLine().hasPrefix("CORANTO 0 7 "))
                    socket.send(input)
                    if code == nil { socket.finishSending() }
                    let answer = socket.readToEnd().replacingOccurrences(of: "WELCOME\r\n", with: "")
                    if let code {
                        #expect(answer.hasPrefix("ERROR \(code) "), "\(answer)")
                    } else {
                        #expect(answer == "")
                    }
                }
                try good.send([put(5, Array("{}".utf8))], timeoutMilliseconds: 60_000)
                let counts = BatchCounts(received: 1, accepted: 1)
                #expect(try good.next(timeoutMilliseconds: 60_000) == .accepted(number: 5, counts: counts))
            }
        }
    }

    @Test("3,000 mutated conversations leave the service as it was")
    func mutations() async throws {
        try await withServer(onEvent: acceptAll) { server, _ in
            try await blocking {
                var random = SeededNumbers(seed: 11)
                let template =
                    Array("HELLO 0 client fuzz - -\r\n".utf8) + put(1, Array("{\"headline\":1}".utf8)).encoded
                    + Array("TOUCH\r\nSTATUS\r\nQUIT\r\n".utf8)
                for _ in 0..<3000 {
                    var bytes = template
                    for _ in 0...Int(random.next() % 4) where !bytes.isEmpty {
                        let place = Int(random.next() % UInt64(bytes.count))
                        switch random.next() % 4 {
                        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                        case 1: bytes.remove(at: place)
                        case 2: bytes.insert(contentsOf: bytes[place...].prefix(30), at: place)
                        default: bytes.removeSubrange((place + 1)...)
                        }
                    }
                    let socket = try RawSocket(port: server.port)
                    socket.send(bytes)
                    socket.finishSending()
                    _ = socket.readToEnd()
                }
                let good = try client(server)
                try good.send([.touch], timeoutMilliseconds: 60_000)
                #expect(try good.next(timeoutMilliseconds: 60_000) == .touched)
            }
        }
    }

    @Test("who does not say HELLO in time is cut off; who then says nothing is dropped as idle")
    func deadlines() async throws {
        // Each with a server of its own: on a busy machine a client is not quick enough for a limit that makes a test short.
        var limits = ConnectionLimits()
        limits.helloMilliseconds = 50
        try await withServer(limits: limits) { server, _ in
            try await blocking {
                let half = try RawSocket(port: server.port)
                half.send("HELLO 0 cli")
                let rest = half.readToEnd()
                #expect(rest.hasPrefix("CORANTO") && !rest.contains("WELCOME"))
            }
        }
        limits = ConnectionLimits()
        limits.idleMilliseconds = 100
        try await withServer(limits: limits) { server, log in
            try await blocking {
                let silent = try client(server)
                #expect(throws: CloseReason.byPeer) { try silent.next(timeoutMilliseconds: 60_000) }
            }
            var reason: CloseReason?
            for await entry in log.stream {
                if case .closed(let closed) = entry.event {
                    reason = closed
                    break
                }
            }
            #expect(reason == .idle)
        }
    }

    @Test("a long wait keeps the connection alive")
    func longWait() async throws {
        let touches = Atomic(0)
        try await withServer(onEvent: { server, id, event in
            guard case .message(.touch) = event else { return }
            server.send(id, [.touched])
            if touches.add(1, ordering: .relaxed).newValue == 3 {
                server.send(id, [.compacted(generation: Generation(9))])
            }
        }) { server, _ in
            try await blocking {
                let client = try BlockingClient(
                    endpoint: Endpoint(host: "127.0.0.1", port: server.port),
                    introduction: Introduction(role: .client, client: "patient"), token: nil,
                    timeoutMilliseconds: 60_000, touchMilliseconds: 5)
                try client.send([.compact], timeoutMilliseconds: 60_000)
                #expect(try client.next(timeoutMilliseconds: 60_000) == .compacted(generation: Generation(9)))
            }
        }
    }

    @Test("over the limit of connections the next is told BUSY, and when one leaves there is room")
    func tooMany() async throws {
        var limits = ConnectionLimits()
        limits.admission = .init(totalCount: 2, perAddressCount: 2)
        try await withServer(limits: limits, onEvent: acceptAll) { server, log in
            let first = try await blocking { try Held(client(server, name: "one")) }
            let second = try await blocking { try Held(client(server, name: "two")) }
            try await blocking {
                let third = try RawSocket(port: server.port)
                #expect(third.readToEnd() == "ERROR BUSY too many connections from 127.0.0.1, at most 2\r\n")
            }
            #expect(server.counts.refusedCount == 1)
            first.release()
            for await entry in log.stream {
                if case .closed = entry.event { break }
            }
            // The count goes down with the channel's end, just after the event.
            try await blocking {
                while server.counts.openCount > 1 { sched_yield() }
                _ = try client(server, name: "three")
            }
            second.release()
        }
    }

    @Test("from one address only so many; another is not kept out")
    func perAddress() async throws {
        var limits = ConnectionLimits()
        limits.admission = .init(totalCount: 10, perAddressCount: 1)
        try await withServer(limits: limits, onEvent: acceptAll) { server, _ in
            let first = try await blocking { try Held(client(server)) }
            try await blocking {
                #expect(try RawSocket(port: server.port).readToEnd().hasPrefix("ERROR BUSY "))
                let other = try RawSocket(port: server.port, from: 0x7F00_0002)
                #expect(other.readLine().hasPrefix("CORANTO "))
            }
            first.release()
        }
    }

    @Test("who has not said HELLO makes room, the one that waits longest first, and is told so")
    func makesRoom() async throws {
        var limits = ConnectionLimits()
        limits.admission = .init(totalCount: 3, perAddressCount: 3)
        try await withServer(limits: limits, onEvent: acceptAll) { server, _ in
            try await blocking {
                let good = try client(server)
                let silent = try (0..<2).map { _ in
                    let socket = try RawSocket(port: server.port)
                    #expect(socket.readLine().hasPrefix("CORANTO "))
                    return socket
                }
                for name in ["a", "b"] {
                    let next = try client(server, name: name)
                    try next.send([.touch], timeoutMilliseconds: 60_000)
                    #expect(try next.next(timeoutMilliseconds: 60_000) == .touched)
                    // As long as it is held, the next needs the place of a silent one.
                    if name == "a" {
                        #expect(
                            silent[0].readToEnd()
                                == "ERROR BUSY too many connections: room was made for a newer one\r\n")
                    }
                }
                try good.send([.touch], timeoutMilliseconds: 60_000)
                #expect(try good.next(timeoutMilliseconds: 60_000) == .touched)
                #expect(server.counts.droppedCount >= 1)
            }
        }
    }

    @Test("half-received messages of all connections share a budget; the one that stalls pays, others go on")
    func sharedBudget() async throws {
        var limits = ConnectionLimits()
        limits.inboundTotalBytes = 3 << 20
        let payload = [UInt8](repeating: 0x61, count: 1 << 20)
        try await withServer(limits: limits, onEvent: acceptAll) { server, _ in
            try await blocking {
                let stalled = try (0..<3).map { number in
                    let socket = try RawSocket(port: server.port)
                    _ = socket.readLine()
                    socket.send("HELLO 0 client stalls-\(number) - -\r\n")
                    #expect(socket.readLine() == "WELCOME\r\n")
                    socket.send(Array(put(1, payload).encoded.dropLast(1000)))
                    return socket
                }
                let good = try client(server)
                for number in 1...8 as ClosedRange<UInt64> {
                    try good.send([put(number, payload)], timeoutMilliseconds: 60_000)
                    let counts = BatchCounts(received: 1, accepted: 1)
                    #expect(try good.next(timeoutMilliseconds: 60_000) == .accepted(number: number, counts: counts))
                }
                #expect(server.halfReceivedBytes <= 3 << 20)
                #expect(stalled[0].readToEnd().hasPrefix("ERROR BUSY too much was half-received"))
                #expect(server.counts.droppedCount >= 1)
            }
        }
    }

    @Test("a peer that stops reading is closed when its time is over, though little waits for it")
    func stalledReader() async throws {
        var limits = ConnectionLimits()
        limits.stalledMilliseconds = 100
        let report = [UInt8](repeating: 0x61, count: 12 << 20)
        try await withServer(
            limits: limits,
            onEvent: { server, id, event in
                if case .opened = event { server.send(id, [.statusReport(json: report)]) }
            }
        ) { server, log in
            let socket = try await blocking {
                let socket = try RawSocket(port: server.port)
                socket.send("HELLO 0 client lazy - -\r\n")
                return Held(socket)
            }
            for await entry in log.stream {
                if case .closed(let reason) = entry.event {
                    #expect(reason == .slow)
                    break
                }
            }
            #expect(server.counts.droppedCount == 1)
            socket.release()
        }
    }

    @Test("who does not read is not read: nothing piles up for him, and when he reads he gets all")
    func unread() async throws {
        var limits = ConnectionLimits()
        limits.outboundBytes = 4 << 20
        let report = [UInt8](repeating: 0x61, count: 256 << 10)
        try await withServer(
            limits: limits,
            onEvent: { server, id, event in
                guard case .message(.touch) = event else { return }
                // One after the other, as a role does that is asked faster than it answers.
                server.pause(id)
                server.send(id, [.statusReport(json: report)])
                server.resume(id)
            }
        ) { server, log in
            try await blocking {
                let socket = try RawSocket(port: server.port)
                socket.send("HELLO 0 client lazy - -\r\n" + String(repeating: "TOUCH\r\n", count: 100) + "QUIT\r\n")
                // Another is served meanwhile.
                let other = try client(server)
                try other.send([.touch], timeoutMilliseconds: 60_000)
                #expect(try other.next(timeoutMilliseconds: 60_000) == .statusReport(json: report))
                let line = "STATUS_REPORT \(report.count)\r\n"
                var bytes = 0
                while bytes < 100 * (report.count + line.utf8.count + 2) {
                    let count = socket.readSome()
                    guard count > 0 else { break }
                    bytes += count
                }
                #expect(bytes >= 100 * (report.count + line.utf8.count + 2))
            }
        }
    }

    @Test("answers that wait share a budget: of two that do not read, the one that began first is closed")
    func sharedAnswers() async throws {
        var limits = ConnectionLimits()
        // The system's buffers take up to ten megabytes of each: one that waits is within the budget, two are not.
        limits.outboundBytes = 64 << 20
        limits.outboundTotalBytes = 36 << 20
        // Nobody is to be closed for anything else, however busy the machine is.
        limits.stalledMilliseconds = 3_600_000
        let report = [UInt8](repeating: 0x61, count: 16 << 20)
        try await withServer(
            limits: limits,
            onEvent: { server, id, event in
                if case .message(.touch) = event { server.send(id, [.statusReport(json: report)]) }
            }
        ) { server, log in
            let sockets = try await blocking {
                try Held(
                    ["first", "second"].map { name in
                        let socket = try RawSocket(port: server.port)
                        socket.send("HELLO 0 client \(name) - -\r\nTOUCH\r\nTOUCH\r\n")
                        return socket
                    })
            }
            var closed = 0
            for await entry in log.stream {
                if case .closed(let reason) = entry.event {
                    #expect(reason == .slow)
                    closed += 1
                    break
                }
            }
            #expect(closed == 1 && server.counts.openCount >= 1)
            sockets.release()
        }
    }

    @Test("a paused connection is not read: its peer cannot send more than the buffers hold, and nothing is lost")
    func backpressure() async throws {
        let payload = [UInt8](repeating: 0x61, count: 1 << 20)
        let received = Mutex(0)
        try await withServer(onEvent: { server, id, event in
            if case .opened = event { server.pause(id) }
            if case .message(.put(let number, _, _, _, let bytes)) = event {
                received.withLock { $0 += bytes.count }
                server.send(id, [.accepted(number: number, counts: BatchCounts())])
            }
        }) { server, log in
            let sender = try await blocking { try Held(client(server)) }
            try await blocking {
                let client = try #require(sender.value)
                let error = #expect(throws: CloseReason.self) {
                    try client.send((1...64).map { put($0, payload) }, timeoutMilliseconds: 300)
                }
                #expect(error == .timedOut)
            }
            #expect(received.withLock { $0 } <= 1 << 20)
            sender.release()
            for await entry in log.stream {
                if case .opened = entry.event {
                    server.resume(entry.id)
                    break
                }
            }
            var sum = 0
            for await entry in log.stream {
                if case .message(.put(_, _, _, _, let bytes)) = entry.event { sum += bytes.count }
                if case .closed(let reason) = entry.event {
                    #expect(reason == .cut || reason != .local)
                    break
                }
            }
            #expect(sum > 0 && sum == received.withLock { $0 })
        }
    }

    @Test("a peer that does not read is dropped at the limit of what may wait for it")
    func slowReader() async throws {
        var limits = ConnectionLimits()
        limits.outboundBytes = 8 << 20
        let report = [UInt8](repeating: 0x61, count: 1 << 20)
        try await withServer(
            limits: limits,
            onEvent: { server, id, event in
                if case .opened = event { for _ in 0..<64 { server.send(id, [.statusReport(json: report)]) } }
            }
        ) { server, log in
            let socket = try await blocking {
                let socket = try RawSocket(port: server.port)
                socket.send("HELLO 0 client lazy - -\r\n")
                return Held(socket)
            }
            for await entry in log.stream {
                if case .closed(let reason) = entry.event {
                    #expect(reason == .slow)
                    break
                }
            }
            socket.release()
        }
    }
}

/// Lets a test hand a value that is confined to one thread at a time from one to the next.
final class Held<Value>: @unchecked Sendable {
    // Used by one task after the other, never by two at once.
    private(set) var value: Value?
    init(_ value: Value) { self.value = value }
    func release() { value = nil }
}

struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 17
    }
}
