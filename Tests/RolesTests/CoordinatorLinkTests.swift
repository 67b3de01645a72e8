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
    func stoppedWhileOpening() async throws {
        let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        for _ in 0..<20 {
            let held = Mutex<CoordinatorLink?>(nil)
            // The server knows of the connection before the link does.
            let server = try await LineServer.start(
                LineServer.Options(endpoint: Endpoint(host: "127.0.0.1", port: 0)),
                on: MultiThreadedEventLoopGroup.singleton, logger: quiet, term: { Term(1) }
            ) { _, event in
                if case .opened = event { held.withLock { $0 }?.stop() }
            }
            let link = CoordinatorLink(
                locator: .addresses([Endpoint(host: "127.0.0.1", port: server.port)]),
                introduction: Introduction(role: .worker, client: "w"), token: nil, logger: quiet, tell: { _ in })
            held.withLock { $0 = link }
            await link.run(on: MultiThreadedEventLoopGroup.singleton)
            try await server.stop()
        }
    }
}
