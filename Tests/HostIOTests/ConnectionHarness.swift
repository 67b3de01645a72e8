import HostIO
import Logging
import NIOPosix
import News
import Synchronization
import Testing
import Wire

/// What a server or client reported, and a way to wait for more without sleeping.
final class EventLog: Sendable {
    struct Entry: Sendable {
        var id: ConnectionID
        var event: ConnectionEvent
    }

    let stream: AsyncStream<Entry>
    private let continuation: AsyncStream<Entry>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func add(_ id: ConnectionID, _ event: ConnectionEvent) { continuation.yield(Entry(id: id, event: event)) }
}

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// A server on a free port of loopback, for the time of `body`.
///
/// - Parameter onEvent: what the server's role would do; by default nothing.
func withServer(
    token: Token? = nil, limits: ConnectionLimits = ConnectionLimits(), tls: ServerTLS? = nil,
    onEvent: @escaping @Sendable (LineServer, ConnectionID, ConnectionEvent) -> Void = { _, _, _ in },
    _ body: (LineServer, EventLog) async throws -> Void
) async throws {
    let log = EventLog()
    let holder = Mutex<LineServer?>(nil)
    var options = LineServer.Options(endpoint: Endpoint(host: "127.0.0.1", port: 0), token: token)
    options.limits = limits
    options.tls = tls
    let server = try await LineServer.start(
        options, on: MultiThreadedEventLoopGroup.singleton, logger: quiet, term: { Term(7) }
    ) { id, event in
        if let server = holder.withLock({ $0 }) { onEvent(server, id, event) }
        log.add(id, event)
    }
    holder.withLock { $0 = server }
    do {
        try await body(server, log)
    } catch {
        try await server.stop()
        throw error
    }
    try await server.stop()
    #expect(server.counts.openCount == 0)
    holder.withLock { $0 = nil }
}

/// Runs blocking code on a thread of its own, so that tests never block the threads they share.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive(body)
}
