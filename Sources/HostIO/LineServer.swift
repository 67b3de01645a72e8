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
/// 2. Memory is bounded: connections by number, in all and from one address; each by one message inwards and `outboundBytes`
///    outwards, and all together by `inboundTotalBytes` and `outboundTotalBytes`.
/// 3. What one peer sends never disturbs another.
/// 4. Who has not said HELLO keeps nobody out who comes later.
package final class LineServer: Sendable {
    package struct Options: Sendable {
        package var endpoint: Endpoint
        /// nil: everyone is believed. `ListenPolicy` says where that is allowed.
        package var token: Token?
        package var limits = ConnectionLimits()
        /// nil: plain TCP.
        package var tls: ServerTLS?

        package init(endpoint: Endpoint, token: Token? = nil) {
            self.endpoint = endpoint
            self.token = token
        }
    }

    /// Of a peer that lets more than the high mark wait nothing is read until less than the low mark waits.
    private static let unreadMarks = ChannelOptions.Types.WriteBufferWaterMark(low: 64 << 10, high: 1 << 20)

    package typealias EventSink = @Sendable (ConnectionID, ConnectionEvent) -> Void

    private let listener: any Channel
    private let hall: Hall

    private init(_ listener: any Channel, _ hall: Hall) {
        self.listener = listener
        self.hall = hall
    }

    /// - Parameters:
    ///   - term: asked for each greeting.
    ///   - onEvent: called on event loops; must not block.
    /// - Throws: if the address cannot be listened on.
    package static func start(
        _ options: Options, on group: any EventLoopGroup, logger: Logger, term: @escaping @Sendable () -> Term,
        onEvent: @escaping EventSink
    ) async throws -> LineServer {
        let hall = Hall(options, logger, term, onEvent)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: Self.unreadMarks)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try hall.accept(channel) }
            }
        let listener = try await bootstrap.bind(host: options.endpoint.host, port: options.endpoint.port).get()
        return LineServer(listener, hall)
    }

    /// Where it listens; the port is the real one if 0 was asked for.
    package var port: Int { listener.localAddress?.port ?? 0 }

    package var counts: ConnectionDoor.Counts { hall.door.counts }

    /// Bytes of messages that are not whole yet.
    package var halfReceivedBytes: Int { hall.inbound.heldBytes }

    /// Sends in order. To a connection that is gone nothing is sent; its `closed` event tells.
    package func send(_ id: ConnectionID, _ messages: [Message]) { hall[id]?.send(messages) }

    /// Bytes sent to this connection that the network has not taken.
    package func waitingBytes(_ id: ConnectionID) -> Int { hall[id]?.waitingBytes ?? 0 }

    /// Reads no more from this connection until `resume`: backpressure reaches the peer by TCP.
    package func pause(_ id: ConnectionID) { hall[id]?.pause() }
    package func resume(_ id: ConnectionID) { hall[id]?.resume() }

    /// Closes after what was sent before has gone out.
    package func close(_ id: ConnectionID) { hall[id]?.close(because: .local) }

    /// Stops listening, closes all connections and waits until they are gone.
    package func stop() async throws {
        if listener.isActive { try await listener.close().get() }
        let all = hall.all
        for connection in all { connection.close(because: .local) }
        for connection in all { try await connection.closed.get() }
    }
}

/// The connections that are there, and what they have in common.
private final class Hall: Sendable {
    let door: ConnectionDoor
    let inbound: ByteBudget
    private let outbound: ByteBudget
    private let options: LineServer.Options
    private let logger: Logger
    private let term: @Sendable () -> Term
    private let onEvent: LineServer.EventSink
    private let connections = Mutex<[ConnectionID: MessageConnection]>([:])

    /// A peer that reads at all is not closed for others' sake.
    private static let graceMilliseconds: Int64 = 2000
    private static let madeRoom = "too many connections: room was made for a newer one"
    private static let tooMuchHalf = "too much was half-received, and this connection made no headway for longest"

    init(
        _ options: LineServer.Options, _ logger: Logger, _ term: @escaping @Sendable () -> Term,
        _ onEvent: @escaping LineServer.EventSink
    ) {
        self.options = options
        self.logger = logger
        self.term = term
        self.onEvent = onEvent
        let limits = options.limits
        door = ConnectionDoor(limits.admission, logger: logger)
        inbound = ByteBudget(SharedBudget(limitBytes: limits.inboundTotalBytes, graceMilliseconds: 0))
        outbound = ByteBudget(
            SharedBudget(limitBytes: limits.outboundTotalBytes, graceMilliseconds: Self.graceMilliseconds))
    }

    func accept(_ channel: any Channel) throws {
        switch door.enter(channel.remoteAddress) {
        case .refused(let why):
            // In TLS nobody could read it before a handshake, which is what a flood must not get.
            guard options.tls == nil else { return channel.close(promise: nil) }
            let refusal = Message.error(code: .busy, message: why).encoded
            channel.writeAndFlush(ByteBuffer(bytes: refusal)).whenComplete { _ in channel.close(promise: nil) }
        case .admitted(let id, let other):
            if let other { drop(other, because: Self.madeRoom) }
            try serve(channel, id)
        }
    }

    private func serve(_ channel: any Channel, _ id: ConnectionID) throws {
        let term = term()
        let handshake = ServerHandshake(
            token: options.token, term: term, nonce: SystemRandom().bytes(WireLimits.nonceBytes))
        let handler = MessageChannelHandler(
            opening: .server(handshake, term), limits: options.limits, logger: logger,
            onHeld: { [self] bytes, since in
                for other in inbound.hold(id, bytes, since: since, now: ConnectionDoor.milliseconds) {
                    drop(other, because: Self.tooMuchHalf)
                }
            },
            onEvent: { [self] event in
                if case .opened = event { door.settle(id) }
                onEvent(id, event)
            })
        connections.withLock {
            $0[id] = MessageConnection(channel, handler, limitBytes: options.limits.outboundBytes)
        }
        channel.closeFuture.whenComplete { [self] _ in
            // In this order: who finds no connection, as `stop` does, finds none counted either.
            door.leave(id)
            _ = connections.withLock { $0.removeValue(forKey: id) }
        }
        let watch = StalledWrites(
            id, limitMilliseconds: options.limits.stalledMilliseconds, budget: outbound,
            onCrowded: { [self] other in
                door.dropped(because: "too many answers wait, and these were not read")
                self[other]?.close(because: .slow)
            },
            onStalled: { [self] in door.dropped(because: "answers were not read") })
        var handlers: [any ChannelHandler] = [watch]
        if let tls = options.tls { handlers += [try tls.handler()] }
        try channel.pipeline.syncOperations.addHandlers(handlers + [handler])
        if !door.isIn(id) { drop(id, because: Self.madeRoom) }
    }

    private func drop(_ id: ConnectionID, because reason: String) {
        door.dropped(because: reason)
        self[id]?.close(because: .crowded(reason))
    }

    subscript(id: ConnectionID) -> MessageConnection? { connections.withLock { $0[id] } }

    /// In the order they came.
    var all: [MessageConnection] {
        connections.withLock { connections in connections.sorted { $0.key < $1.key }.map(\.value) }
    }
}
