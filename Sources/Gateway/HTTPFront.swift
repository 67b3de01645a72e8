// The way of a connection over HTTP before a request is one: who gets in, how long it may take, what is said to those who do not.

package import HostIO
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Bounds of the connections of a gateway.
package struct HTTPLimits: Sendable {
    package var admission = ConnectionAdmission.Limits(totalCount: 4096, perAddressCount: 1024)
    /// From the first byte of a request to the end of its head.
    package var requestMilliseconds: Int64 = 15_000
    /// Between requests.
    package var idleMilliseconds: Int64 = 60_000
    /// While an answer waits, some of it has to be taken in this time.
    package var stalledMilliseconds: Int64 = 30_000
    /// Answers that wait, of all connections: beyond it, those that do not read are closed.
    package var outboundTotalBytes = 256 << 20

    package init() {}
}

/// All connections of a gateway.
final class HTTPFront: Sendable {
    let door: ConnectionDoor
    private let limits: HTTPLimits
    private let tls: ServerTLS?
    private let outbound: ByteBudget
    private let connections = Mutex<[ConnectionID: HTTPConnection]>([:])
    /// Those that are told why they are refused, which takes a moment.
    private let refusedCount = Mutex(0)
    private let numbers = Mutex<[ObjectIdentifier: ConnectionID]>([:])

    private static let refusedLimitCount = 256

    init(_ limits: HTTPLimits, tls: ServerTLS?, logger: Logger) {
        self.limits = limits
        self.tls = tls
        door = ConnectionDoor(limits.admission, logger: logger)
        outbound = ByteBudget(SharedBudget(limitBytes: limits.outboundTotalBytes, graceMilliseconds: 2000))
    }

    var server: HTTPServerBuilder {
        HTTPServerBuilder { [self] responder in
            HTTPFrontChannel(
                front: self,
                base: HTTP1Channel { [self] request, writer, channel in
                    let connection = connection(of: channel)
                    let hadBody = request.method == .post
                    defer { connection?.answered(hadBody: hadBody) }
                    try await responder(request, writer, channel)
                })
        }
    }

    /// Before anything else is in the pipeline.
    ///
    /// - Returns: nil if it is refused.
    fileprivate func take(_ channel: any Channel) throws -> HTTPConnection? {
        switch door.enter(channel.remoteAddress) {
        case .admitted(let id, let other):
            if let other { self[other]?.close() }
            return try serve(channel, id)
        case .refused(let why):
            let isTold = refusedCount.withLock { count in
                guard tls == nil, count < Self.refusedLimitCount else { return false }
                count += 1
                return true
            }
            guard isTold else {
                channel.close(promise: nil)
                return nil
            }
            channel.closeFuture.whenComplete { [self] _ in refusedCount.withLock { $0 -= 1 } }
            try channel.pipeline.syncOperations.addHandler(LastWords(Self.answer(503, Failure(.busy, why))))
            return nil
        }
    }

    private func serve(_ channel: any Channel, _ id: ConnectionID) throws -> HTTPConnection {
        let connection = HTTPConnection(id, channel, limits, door)
        connections.withLock { $0[id] = connection }
        numbers.withLock { $0[ObjectIdentifier(channel)] = id }
        channel.closeFuture.whenComplete { [self] _ in
            _ = connections.withLock { $0.removeValue(forKey: id) }
            _ = numbers.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
            door.leave(id)
        }
        let stalled = StalledWrites(
            id, limitMilliseconds: limits.stalledMilliseconds, budget: outbound,
            onCrowded: { [self] other in
                door.dropped(because: "too many answers wait, and these were not read")
                self[other]?.close()
            },
            onStalled: { [self] in door.dropped(because: "answers were not read") },
            onTaken: { connection.rest() })
        var handlers: [any ChannelHandler] = [stalled]
        if let tls {
            let why = Failure(.badRequest, "this port speaks TLS", hint: "ask for https://")
            handlers += [TLSOnly(refusal: Self.answer(400, why)), try tls.handler()]
        }
        try channel.pipeline.syncOperations.addHandlers(handlers + [HTTPWatch(connection)])
        if !door.isIn(id) { connection.close() }
        return connection
    }

    /// Closes all connections that are there now, if they are still there then.
    func close(after time: TimeAmount) {
        for connection in connections.withLock({ Array($0.values) }) { connection.close(after: time) }
    }

    private subscript(id: ConnectionID) -> HTTPConnection? { connections.withLock { $0[id] } }

    private func connection(of channel: any Channel) -> HTTPConnection? {
        numbers.withLock { $0[ObjectIdentifier(channel)] }.flatMap { self[$0] }
    }

    /// A whole answer, for those who get no farther.
    private static func answer(_ status: Int, _ failure: Failure) -> [UInt8] {
        let body = AnswerJSON.failure(failure)
        let reason = status == 503 ? "503 Service Unavailable\r\nRetry-After: 5" : "400 Bad Request"
        let head =
            "HTTP/1.1 \(reason)\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: \(body.count)\r\n"
            + "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        return Array(head.utf8) + body
    }
}

/// HTTP/1.1 behind the front.
private struct HTTPFrontChannel: ServerChildChannel {
    let front: HTTPFront
    let base: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        let connection: HTTPConnection?
        do { connection = try front.take(channel) } catch { return channel.eventLoop.makeFailedFuture(error) }
        return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            if let connection {
                let pipeline = channel.pipeline.syncOperations
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
                try pipeline.addHandler(HTTPHeadWatch(connection), position: .after(decoder))
            }
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await SearchThreads.$asker.withValue(ConnectionDoor.origin(of: value.channel.remoteAddress)) {
            await base.handle(value: value, logger: logger)
        }
    }
}

/// One connection, as requests and the event loop see it.
private final class HTTPConnection: Sendable {
    private let id: ConnectionID
    private let channel: any Channel
    private let door: ConnectionDoor
    private let pace: Mutex<HTTPPace>

    init(_ id: ConnectionID, _ channel: any Channel, _ limits: HTTPLimits, _ door: ConnectionDoor) {
        self.id = id
        self.channel = channel
        self.door = door
        pace = Mutex(
            HTTPPace(
                requestMilliseconds: limits.requestMilliseconds, idleMilliseconds: limits.idleMilliseconds,
                now: Self.now))
    }

    static var now: Int64 { Int64(SystemClock().monotonicNanoseconds() / 1_000_000) }

    func bytesCame() { pace.withLock { $0.bytesCame(now: Self.now) } }

    func headCame() {
        pace.withLock { $0.headCame() }
        door.settle(id)
    }

    func answered(hadBody: Bool) {
        pace.withLock { $0.answered(now: Self.now, hadBody: hadBody) }
        channel.eventLoop.execute { [self] in rest() }
    }

    /// On the event loop: makes room for others from now on, if it is neither asked nor waited for.
    func rest() {
        guard !pace.withLock({ $0.isAnswering }), channel.isActive, let options = channel.syncOptions else { return }
        // A channel that has closed meanwhile has left.
        guard let waiting = try? options.getOption(.bufferedWritableBytes), waiting == 0 else { return }
        door.loosen(id)
    }

    func close() { channel.close(promise: nil) }

    func close(after time: TimeAmount) {
        let channel = channel
        channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    /// Closes if its time is over.
    ///
    /// - Returns: milliseconds until the next look; nil if it was closed.
    func look() -> Int64? {
        let now = Self.now
        switch pace.withLock({ $0.end(now: now) }) {
        case .slowRequest: door.dropped(because: "requests were begun and not sent in time")
        case .idle: break
        case nil: return pace.withLock { $0.nextLook(now: now) } - now
        }
        close()
        return nil
    }
}

/// Tells the connection of bytes, and looks at its time. Confined to the event loop.
private final class HTTPWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let connection: HTTPConnection
    private var check: Scheduled<Void>?

    init(_ connection: HTTPConnection) { self.connection = connection }

    func handlerAdded(context: ChannelHandlerContext) { look(context.eventLoop) }
    func handlerRemoved(context: ChannelHandlerContext) { check?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.bytesCame()
        // A request is due sooner than an idle connection.
        check?.cancel()
        look(context.eventLoop)
        context.fireChannelRead(data)
    }

    private func look(_ loop: any EventLoop) {
        guard let pause = connection.look() else { return }
        let loopBound = NIOLoopBound(self, eventLoop: loop)
        check = loop.scheduleTask(in: .milliseconds(max(1, pause))) { loopBound.value.look(loop) }
    }
}

/// Tells the connection of heads as they are read: a request that came in time may wait long for a thread. Confined to the event loop.
private final class HTTPHeadWatch: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    private let connection: HTTPConnection

    init(_ connection: HTTPConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) { connection.headCame() }
        context.fireChannelRead(data)
    }
}

/// Says one thing, reads no request, and closes when the other side has read it, or soon.
private final class LastWords: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let bytes: [UInt8]

    /// Closing at once, with a request unread, would take the answer away from the other side.
    private static let patience = TimeAmount.seconds(2)

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes))).whenComplete { _ in
            loopBound.value.close(mode: .output, promise: nil)
        }
        context.eventLoop.scheduleTask(in: Self.patience) { loopBound.value.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}
