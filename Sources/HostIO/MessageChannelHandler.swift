import Logging
import NIOCore
import News
import Wire

/// One end of a connection in its event loop: bytes to messages, the handshake, deadlines, pauses.
///
/// Confined to the channel's event loop. What it reports goes to `onEvent` in order; before the handshake is done
/// nothing is reported at all.
final class MessageChannelHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Opening {
        case server(ServerHandshake, Term)
        case client(ClientHandshake, EventLoopPromise<Peer>)
    }

    private enum State {
        case opening
        /// Client: HELLO is sent.
        case awaitingWelcome(Term)
        case open
        case closed
    }

    private let opening: Opening
    private let limits: ConnectionLimits
    private let logger: Logger
    private let onHeld: (Int, Int64) -> Void
    private let onEvent: @Sendable (ConnectionEvent) -> Void
    private var heldSince: Int64?
    private var state = State.opening
    private var parser: MessageParser
    private var closeReason: CloseReason?
    private var context: ChannelHandlerContext?
    private var isPausedByRole = false
    /// Answers wait for it beyond the channel's high mark: who does not read is not read.
    private var isBehind = false
    /// Workers and mergers are heard whatever waits for them: their leases would end.
    private var isNeeded = false
    private var holdsBackRead = false
    private var helloDeadline: Scheduled<Void>?
    private var idleCheck: Scheduled<Void>?
    private var lastHeard = NIODeadline.now()

    /// - Parameter onHeld: told how many bytes of a message that is not whole are held, and since when.
    init(
        opening: Opening, limits: ConnectionLimits, logger: Logger,
        onHeld: @escaping (Int, Int64) -> Void = { _, _ in },
        onEvent: @escaping @Sendable (ConnectionEvent) -> Void
    ) {
        self.onHeld = onHeld
        self.opening = opening
        self.limits = limits
        self.logger = logger
        self.onEvent = onEvent
        switch opening {
        case .server: parser = MessageParser(side: .server)
        case .client: parser = MessageParser(side: .client)
        }
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard closeReason == nil else { return }
        lastHeard = .now()
        parser.append(unwrapInboundIn(data).readableBytesView)
        deliver(context)
    }

    func read(context: ChannelHandlerContext) {
        if isPaused { holdsBackRead = true } else { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !TLSError.isMissingGoodbye(error) else { return }
        close(context, because: TLSError.closeReason(error))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is WritesStalled {
            close(context, because: .slow)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(closeReason ?? (isOpen && parser.isBetweenMessages ? .byPeer : .cut))
        context.fireChannelInactive()
    }

    // MARK: From outside, on the event loop

    /// Stops reading and reporting; what has arrived stays where it is.
    func pause() { isPausedByRole = true }

    func resume() {
        guard isPausedByRole else { return }
        isPausedByRole = false
        readOn()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isBehind = !context.channel.isWritable
        if !isBehind { readOn() }
        context.fireChannelWritabilityChanged()
    }

    private var isPaused: Bool { isPausedByRole || isBehind && !isNeeded }

    private func readOn() {
        guard !isPaused, let context else { return }
        lastHeard = .now()
        // It made no headway because it was not read.
        if heldSince != nil { heldSince = ConnectionDoor.milliseconds }
        deliver(context)
        if holdsBackRead, !isPaused {
            holdsBackRead = false
            context.read()
        }
    }

    /// Closes after what was written has gone out; for `slow` and `failed` at once.
    func close(because reason: CloseReason) {
        if let context { close(context, because: reason) }
    }

    // MARK: Life of the connection

    private var isOpen: Bool { if case .open = state { true } else { false } }

    private func start(_ context: ChannelHandlerContext) {
        guard helloDeadline == nil, case .opening = state else { return }
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        helloDeadline = context.eventLoop.scheduleTask(in: .milliseconds(limits.helloMilliseconds)) {
            loopBound.value.helloIsLate()
        }
        if case .server(let handshake, _) = opening { send(handshake.greeting, context) }
    }

    private func helloIsLate() {
        guard let context, !isOpen else { return }
        if case .client = opening, case .opening = state { return close(context, because: .noGreeting) }
        close(context, because: .timedOut)
    }

    private func open(_ peer: Peer, _ context: ChannelHandlerContext) {
        state = .open
        helloDeadline?.cancel()
        lastHeard = .now()
        checkIdle()
        onEvent(.opened(peer))
    }

    /// Looks again when the limit would be over, had nothing come by then. A connection that this side has paused is not idle.
    private func checkIdle() {
        guard let context, isOpen, let idle = limits.idleMilliseconds else { return }
        if isPaused { lastHeard = .now() }
        let end = lastHeard + .milliseconds(idle)
        if end <= .now() { return close(context, because: .idle) }
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        idleCheck = context.eventLoop.scheduleTask(deadline: end) { loopBound.value.checkIdle() }
    }

    private func deliver(_ context: ChannelHandlerContext) {
        var hasTaken = false
        do throws(WireError) {
            while !isPaused, closeReason == nil, let message = try parser.next() {
                hasTaken = true
                try take(message, context)
            }
        } catch {
            send(error.reply, context)
            close(context, because: .protocolError(error))
        }
        tellHeld(hasTaken: hasTaken)
    }

    private func tellHeld(hasTaken: Bool) {
        let bytes = closeReason == nil ? parser.heldBytes : 0
        guard bytes > ByteBudget.freeBytes else { return tellNothingHeld() }
        let since = hasTaken ? nil : heldSince
        heldSince = since ?? ConnectionDoor.milliseconds
        onHeld(bytes, heldSince!)
    }

    private func tellNothingHeld() {
        if heldSince != nil { onHeld(0, 0) }
        heldSince = nil
    }

    private func take(_ message: Message, _ context: ChannelHandlerContext) throws(WireError) {
        if case .error(let code, let text) = message { return close(context, because: .refused(code, text)) }
        switch (state, opening) {
        case (.open, _):
            onEvent(.message(message))
        case (.opening, .server(let handshake, let term)):
            if case .quit = message { return close(context, because: .byPeer) }
            let introduction = try handshake.believe(message)
            parser.admit(introduction.role)
            isNeeded = introduction.role == .worker || introduction.role == .merger
            send(.welcome, context)
            open(Peer(address: address(context), introduction: introduction, term: term), context)
        case (.opening, .client(let handshake, _)):
            guard case .greeting(_, let term, let nonce, _) = message else {
                throw WireError(.badFormat, "\(message.commandName) before the greeting")
            }
            state = .awaitingWelcome(term)
            send(handshake.answer(to: nonce), context)
        case (.awaitingWelcome(let term), .client(let handshake, let promise)):
            guard case .welcome = message else {
                throw WireError(.badFormat, "\(message.commandName) before WELCOME")
            }
            let peer = Peer(address: address(context), introduction: handshake.introduction, term: term)
            open(peer, context)
            promise.succeed(peer)
        case (.awaitingWelcome, .server), (.closed, _):
            break
        }
    }

    private func address(_ context: ChannelHandlerContext) -> String {
        guard let address = context.remoteAddress, let host = address.ipAddress, let port = address.port else {
            return "?"
        }
        return Endpoint(host: host, port: port).description
    }

    private func send(_ message: Message, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: message.encoded)), promise: nil)
    }

    private func close(_ context: ChannelHandlerContext, because reason: CloseReason) {
        guard closeReason == nil else { return }
        closeReason = reason
        switch reason {
        case .local, .protocolError, .crowded:
            if case .crowded(let why) = reason {
                send(.error(code: .busy, message: why), context)
                // It is closed for the room it takes.
                parser = MessageParser(side: .server)
                tellNothingHeld()
            }
            // An empty write completes after all before it; a peer that does not read is not waited for.
            let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .seconds(5)) { loopBound.value.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
                loopBound.value.close(promise: nil)
            }
        default:
            context.close(promise: nil)
        }
    }

    private func finish(_ reason: CloseReason) {
        tellNothingHeld()
        helloDeadline?.cancel()
        idleCheck?.cancel()
        let wasOpen = isOpen
        state = .closed
        if case .client(_, let promise) = opening { promise.fail(reason) }
        if wasOpen {
            onEvent(.closed(reason))
        } else {
            logger.debug("connection ended before its handshake", metadata: ["reason": "\(reason)"])
        }
    }
}
