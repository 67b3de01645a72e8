package import Logging
package import NIOCore
import NIOPosix
package import News
import Synchronization
package import Wire

/// Listens for peers that speak the wire protocol.
///
/// Guarantees
/// 1. Only peers whose HELLO was believed are reported; they get `opened`, messages in order, `closed`.
/// 2. Memory is bounded: connections by number, each by one message inwards and `outboundBytes` outwards.
/// 3. What one peer sends never disturbs another.
package final class LineServer: Sendable {
    package struct Options: Sendable {
        package var endpoint: Endpoint
        /// nil: everyone is believed. `ListenPolicy` says where that is allowed.
        package var token: Token?
        package var limits = ConnectionLimits()

        package init(endpoint: Endpoint, token: Token? = nil) {
            self.endpoint = endpoint
            self.token = token
        }
    }

    package typealias EventSink = @Sendable (ConnectionID, ConnectionEvent) -> Void

    private let listener: any Channel
    private let connections: ConnectionTable

    private init(_ listener: any Channel, _ connections: ConnectionTable) {
        self.listener = listener
        self.connections = connections
    }

    /// - Parameters:
    ///   - term: asked for each greeting.
    ///   - onEvent: called on event loops; must not block.
    /// - Throws: if the address cannot be listened on.
    package static func start(
        _ options: Options, on group: any EventLoopGroup, logger: Logger, term: @escaping @Sendable () -> Term,
        onEvent: @escaping EventSink
    ) async throws -> LineServer {
        let connections = ConnectionTable(limitCount: options.limits.connectionCount)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try accept(channel, options, connections, logger, term(), onEvent)
                }
            }
        let listener = try await bootstrap.bind(host: options.endpoint.host, port: options.endpoint.port).get()
        return LineServer(listener, connections)
    }

    private static func accept(
        _ channel: any Channel, _ options: Options, _ connections: ConnectionTable, _ logger: Logger, _ term: Term,
        _ onEvent: @escaping EventSink
    ) throws {
        guard let id = connections.reserve() else {
            logger.warning("too many connections", metadata: ["limit": "\(options.limits.connectionCount)"])
            let refusal = Message.error(code: .busy, message: "too many connections").encoded
            channel.writeAndFlush(ByteBuffer(bytes: refusal)).whenComplete { _ in channel.close(promise: nil) }
            return
        }
        let handshake = ServerHandshake(
            token: options.token, term: term, nonce: SystemRandom().bytes(WireLimits.nonceBytes))
        let handler = MessageChannelHandler(opening: .server(handshake, term), limits: options.limits, logger: logger) {
            onEvent(id, $0)
        }
        connections.put(MessageConnection(channel, handler, limitBytes: options.limits.outboundBytes), for: id)
        channel.closeFuture.whenComplete { _ in connections.remove(id) }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    /// Where it listens; the port is the real one if 0 was asked for.
    package var port: Int { listener.localAddress?.port ?? 0 }

    package var connectionCount: Int { connections.count }

    /// Sends in order. To a connection that is gone nothing is sent; its `closed` event tells.
    package func send(_ id: ConnectionID, _ messages: [Message]) { connections[id]?.send(messages) }

    /// Bytes sent to this connection that the network has not taken.
    package func waitingBytes(_ id: ConnectionID) -> Int { connections[id]?.waitingBytes ?? 0 }

    /// Reads no more from this connection until `resume`: backpressure reaches the peer by TCP.
    package func pause(_ id: ConnectionID) { connections[id]?.pause() }
    package func resume(_ id: ConnectionID) { connections[id]?.resume() }

    /// Closes after what was sent before has gone out.
    package func close(_ id: ConnectionID) { connections[id]?.close(because: .local) }

    /// Accepts nobody any more; connections stay.
    package func stopListening() async throws { try await listener.close().get() }

    /// Stops listening, closes all connections and waits until they are gone.
    package func stop() async throws {
        if listener.isActive { try await listener.close().get() }
        let all = connections.all
        for connection in all { connection.close(because: .local) }
        for connection in all { try await connection.closed.get() }
    }
}

/// The connections that are there.
private final class ConnectionTable: Sendable {
    private struct State {
        var lastNumber: UInt64 = 0
        var reservedCount = 0
        var connections: [ConnectionID: MessageConnection] = [:]
    }

    private let limitCount: Int
    private let state = Mutex(State())

    init(limitCount: Int) { self.limitCount = limitCount }

    func reserve() -> ConnectionID? {
        state.withLock { state in
            guard state.reservedCount < limitCount else { return nil }
            state.reservedCount += 1
            state.lastNumber += 1
            return ConnectionID(state.lastNumber)
        }
    }

    func put(_ connection: MessageConnection, for id: ConnectionID) {
        state.withLock { $0.connections[id] = connection }
    }

    func remove(_ id: ConnectionID) {
        state.withLock { state in
            state.connections[id] = nil
            state.reservedCount -= 1
        }
    }

    subscript(id: ConnectionID) -> MessageConnection? { state.withLock { $0.connections[id] } }

    var count: Int { state.withLock { $0.reservedCount } }

    /// In the order they came.
    var all: [MessageConnection] {
        state.withLock { state in state.connections.sorted { $0.key < $1.key }.map(\.value) }
    }
}
