import HostIO
import Logging
import NIOPosix
import News
import Roles
import Storage
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct CoordinatorRoleTests {
    /// What a client is greeted with.
    private func greeting(of endpoint: Endpoint) async throws -> Term {
        try await NIOThreadPool.singleton.runIfActive {
            try BlockingClient(
                endpoint: endpoint, introduction: Introduction(role: .client, client: "tester"), token: nil,
                timeoutMilliseconds: 30_000
            ).peer.term
        }
    }

    @Test("a coordinator that a later one fenced greets with its lost term no more")
    func fenced() async throws {
        let bucket = MemoryBucket()
        let role = CoordinatorRole(
            CoordinatorRole.Configuration(bucket: bucket, endpoint: Endpoint(host: "127.0.0.1", port: 0)),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let (endpoints, told) = AsyncStream.makeStream(of: Endpoint.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await role.run(on: MultiThreadedEventLoopGroup.singleton) { told.yield($0) } }
            let endpoint = try #require(await endpoints.first { _ in true })
            while await role.status().role != "coordinator" { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await greeting(of: endpoint) == Term(1))

            let later = TermObject(term: Term(2), instance: Instance(9), address: "other:1")
            #expect(bucket.perform(.create(name: ObjectName.term(Term(2)), bytes: later.encoded)) == .done)
            // The later one is not alive, so this one reigns again in some seconds: then it has another term.
            while await role.status().role == "coordinator", try await greeting(of: endpoint) == Term(1) {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await greeting(of: endpoint) != Term(1))
            role.drain()
            try await group.waitForAll()
        }
    }
}
