package import Logging
package import NIOCore
import NIOPosix
import News
package import Wire

/// One connection to a coordinator, past its handshake. Reconnecting is the caller's decision.
package final class LineClient: Sendable {
    package struct Options: Sendable {
        package var endpoint: Endpoint
        package var introduction: Introduction
        package var token: Token?
        /// nil: plain TCP.
        package var tls: ClientTLS?
        package var limits = ConnectionLimits()

        package init(endpoint: Endpoint, introduction: Introduction, token: Token? = nil) {
            self.endpoint = endpoint
            self.introduction = introduction
            self.token = token
        }
    }

    /// The coordinator, as its greeting said.
    package let peer: Peer
    private let connection: MessageConnection

    private init(_ peer: Peer, _ connection: MessageConnection) {
        self.peer = peer
        self.connection = connection
    }

    /// Connects and waits for WELCOME, together at most `limits.helloMilliseconds`.
    ///
    /// - Parameter onEvent: called on the event loop; `opened` may come before this returns. If this throws, nothing is
    ///   reported.
    /// - Throws: `CloseReason`.
    package static func connect(
        _ options: Options, on group: any EventLoopGroup, logger: Logger,
        onEvent: @escaping @Sendable (ConnectionEvent) -> Void
    ) async throws -> LineClient {
        let loop = group.next()
        let welcomed = loop.makePromise(of: Peer.self)
        let handshake = ClientHandshake(
            introduction: options.introduction, token: options.token,
            nonce: SystemRandom().bytes(WireLimits.nonceBytes))
        let limits = options.limits
        let tls = options.tls
        let host = options.endpoint.host
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(limits.helloMilliseconds))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        let connection: MessageConnection
        do {
            connection = try await bootstrap.connect(host: options.endpoint.host, port: options.endpoint.port) {
                channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = MessageChannelHandler(
                        opening: .client(handshake, welcomed), limits: limits, logger: logger, onEvent: onEvent)
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler(host: host)) }
                    try channel.pipeline.syncOperations.addHandler(handler)
                    return MessageConnection(channel, handler, limitBytes: limits.outboundBytes)
                }
            }
        } catch {
            // The handler may have failed it already, or never have been made.
            welcomed.fail(error)
            throw Self.reason(error)
        }
        return LineClient(try await welcomed.futureResult.get(), connection)
    }

    private static func reason(_ error: any Error) -> CloseReason {
        switch error {
        case let reason as CloseReason: reason
        case ChannelError.connectTimeout: .timedOut
        default: TLSError.closeReason(error)
        }
    }

    package func send(_ messages: [Message]) { connection.send(messages) }
    package var waitingBytes: Int { connection.waitingBytes }
    package func pause() { connection.pause() }
    package func resume() { connection.resume() }

    /// Closes after what was sent before has gone out.
    package func close() { connection.close(because: .local) }

    /// Returns when the connection is gone.
    package func waitUntilClosed() async throws { try await connection.closed.get() }
}
