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
}
