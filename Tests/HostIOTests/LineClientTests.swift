import HostIO
import NIOCore
import NIOPosix
import News
import Testing
import Wire

func connect(
    _ server: LineServer, role: PeerRole = .worker, token: Token? = nil, log: EventLog
) async throws -> LineClient {
    let options = LineClient.Options(
        endpoint: Endpoint(host: "127.0.0.1", port: server.port),
        introduction: Introduction(role: role, client: "w1"), token: token)
    return try await LineClient.connect(options, on: MultiThreadedEventLoopGroup.singleton, logger: quiet) {
        log.add(ConnectionID(0), $0)
    }
}

@Suite(.timeLimit(.minutes(2))) struct LineClientTests {
    @Test("a client connects with its token, exchanges messages and hears the end", arguments: [nil, testToken])
    func wholeWay(token: Token?) async throws {
        try await withServer(
            token: token,
            onEvent: { server, id, event in
                if case .message(.join) = event {
                    server.send(id, [.refused(report: 1), .drain])
                    server.close(id)
                }
            }
        ) { server, _ in
            let log = EventLog()
            let client = try await connect(server, token: token, log: log)
            #expect(client.peer.term == Term(7))
            client.send([.join(instance: Instance(1))])
            var seen: [String] = []
            for await entry in log.stream {
                switch entry.event {
                case .opened: seen.append("opened")
                case .message(let message): seen.append(message.commandName)
                case .closed(let reason): seen.append("\(reason)")
                }
                if case .closed = entry.event { break }
            }
            #expect(seen == ["opened", "REFUSED", "DRAIN", "closed by the other side"])
            try await client.waitUntilClosed()
            client.send([.touch])
        }
    }

    @Test("a wrong token is refused, and nothing is reported")
    func refused() async throws {
        try await withServer(token: testToken) { server, _ in
            let log = EventLog()
            let error = await #expect(throws: CloseReason.self) { try await connect(server, log: log) }
            guard case .refused(.unauthorised, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("nobody there, or nobody who answers: an error in time")
    func nobody() async throws {
        var port = 0
        try await withServer { server, _ in port = server.port }
        var options = LineClient.Options(
            endpoint: Endpoint(host: "127.0.0.1", port: port),
            introduction: Introduction(role: .worker, client: "w1"))
        options.limits.helloMilliseconds = 200
        let endpoint = options.endpoint
        let error = await #expect(throws: CloseReason.self) {
            try await LineClient.connect(options, on: MultiThreadedEventLoopGroup.singleton, logger: quiet) { _ in }
        }
        guard case .failed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try await blocking {
            let error = #expect(throws: CloseReason.self) {
                try BlockingClient(
                    endpoint: endpoint, introduction: Introduction(role: .client, client: "c"), token: nil,
                    timeoutMilliseconds: 200)
            }
            guard case .failed = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        options.endpoint.port = silent.localAddress?.port ?? 0
        let late = await #expect(throws: CloseReason.self) {
            try await LineClient.connect(options, on: MultiThreadedEventLoopGroup.singleton, logger: quiet) { _ in }
        }
        #expect(late == .noGreeting)
        try await silent.close().get()
    }

    @Test("a server that is none is recognised")
    func strangers() async throws {
        for text in ["SSH-2.0-OpenSSH_9.2\r\n", "CORANTO 1 x\r\n", "WELCOME\r\n", "\u{1}\u{2}\n"] {
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Stranger(text))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let options = LineClient.Options(
                endpoint: Endpoint(host: "127.0.0.1", port: server.localAddress?.port ?? 0),
                introduction: Introduction(role: .worker, client: "w1"))
            let error = await #expect(throws: CloseReason.self) {
                try await LineClient.connect(options, on: MultiThreadedEventLoopGroup.singleton, logger: quiet) { _ in }
            }
            guard case .protocolError = error else {
                Issue.record("\(text): \(String(describing: error))")
                continue
            }
            try await server.close().get()
        }
    }
}

/// Says something to everyone who connects.
private final class Stranger: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let text: String

    init(_ text: String) { self.text = text }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}

@Suite struct EndpointTests {
    @Test(
        "HOST:PORT is read as written",
        arguments: [
            ("127.0.0.1:4600", "127.0.0.1", 4600), ("localhost:0", "localhost", 0), ("[::1]:65535", "::1", 65_535),
        ])
    func reads(text: String, host: String, port: Int) {
        #expect(Endpoint(text) == Endpoint(host: host, port: port))
        #expect(Endpoint(text)?.description == text)
    }

    @Test("what is no HOST:PORT is refused", arguments: ["", ":", "a", "a:", ":1", "a:65536", "a:-1", "::1:80", "a:b"])
    func refuses(text: String) { #expect(Endpoint(text) == nil) }

    @Test("beyond loopback it listens only with a token, and with TLS or an explicit word")
    func policy() throws {
        for host in ["127.0.0.1", "127.1.2.3", "::1", "localhost"] {
            try ListenPolicy.check(host: host, hasToken: false, plainNetwork: false, hasTLS: false)
        }
        for host in ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.evil.example", "127.example", "example.org", ""] {
            #expect(throws: ListenPolicy.Refusal.needsToken(host: host)) {
                try ListenPolicy.check(host: host, hasToken: false, plainNetwork: true, hasTLS: true)
            }
            #expect(throws: ListenPolicy.Refusal.needsTLS(host: host)) {
                try ListenPolicy.check(host: host, hasToken: true, plainNetwork: false, hasTLS: false)
            }
            try ListenPolicy.check(host: host, hasToken: true, plainNetwork: true, hasTLS: false)
            try ListenPolicy.check(host: host, hasToken: true, plainNetwork: false, hasTLS: true)
        }
    }
}
