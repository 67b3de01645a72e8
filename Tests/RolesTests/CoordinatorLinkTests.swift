import HostIO
import Logging
import NIOPosix
import News
import Roles
import Synchronization
import Testing
import Wire

@Suite struct CoordinatorLinkTests {
    @Test("a link that is stopped while its connection is being opened ends", .timeLimit(.minutes(1)))
    func stoppedWhileConnecting() async throws {
        let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let group = MultiThreadedEventLoopGroup.singleton
        let link = Mutex<CoordinatorLink?>(nil)
        // The term is asked for the greeting: the connection is accepted, and its client is not welcomed yet.
        let server = try await LineServer.start(
            LineServer.Options(endpoint: Endpoint(host: "127.0.0.1", port: 0)), on: group, logger: quiet,
            term: {
                link.withLock { $0 }?.stop()
                return Term(7)
            },
            onEvent: { _, _ in })
        let told = Mutex(0)
        let made = CoordinatorLink(
            locator: .addresses([Endpoint(host: "127.0.0.1", port: server.port)]),
            introduction: Introduction(role: .worker, client: "worker"), token: nil, logger: quiet,
            tell: { event in
                guard case .connected = event else { return }
                told.withLock { $0 += 1 }
                // Otherwise a link that failed here would keep its connection, and this test would never end.
                link.withLock { $0 }?.reconnect()
            })
        link.withLock { $0 = made }

        await made.run(on: group)

        #expect(told.withLock { $0 } == 0)
        try await server.stop()
        #expect(server.counts.openCount == 0)
    }

    @Test("a link without the token says so, once", .timeLimit(.minutes(1)))
    func withoutToken() async throws {
        let lines = KeepingHandler.Lines()
        let group = MultiThreadedEventLoopGroup.singleton
        let token = try #require(Token(fileContent: Array("0123456789abcdef0123456789abcdef".utf8)))
        let link = Mutex<CoordinatorLink?>(nil)
        let asked = Mutex(0)
        let server = try await LineServer.start(
            LineServer.Options(endpoint: Endpoint(host: "127.0.0.1", port: 0), token: token), on: group,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            term: {
                let count = asked.withLock { count in
                    count += 1
                    return count
                }
                if count == 3 { link.withLock { $0 }?.stop() }
                return Term(7)
            },
            onEvent: { _, _ in })
        let made = CoordinatorLink(
            locator: .addresses([Endpoint(host: "127.0.0.1", port: server.port)]),
            introduction: Introduction(role: .worker, client: "worker"), token: nil,
            logger: Logger(label: "test", factory: { _ in KeepingHandler(lines: lines, logLevel: .notice) }),
            tell: { _ in })
        link.withLock { $0 = made }

        await made.run(on: group)

        let told = lines.texts.withLock { $0 }
        #expect(told.count == 1 && told.first?.hasPrefix("warning no coordinator") ?? false, "\(told)")
        #expect(told.first?.contains("127.0.0.1:\(server.port): refused: UNAUTHORISED") ?? false, "\(told)")
        try await server.stop()
    }
}
