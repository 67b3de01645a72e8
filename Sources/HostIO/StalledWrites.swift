package import NIOCore

/// A write has stalled; the connection is being closed.
struct WritesStalled: Sendable {}

/// Stands next to the socket and watches whether the other side takes what it is sent. Confined to the event loop.
///
/// Guarantees
/// 1. Of a peer for whom bytes wait, at least `leastBytes` (or all) are taken in each `limitMilliseconds`, or it is closed.
/// 2. What waits of all connections together is bounded by `budget`, if there is one.
package final class StalledWrites: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Fewer are no headway: else a byte now and then kept megabytes waiting for days.
    package static let leastBytes = 64 << 10

    private let id: ConnectionID
    private let limitMilliseconds: Int64
    private let budget: ByteBudget?
    private let onCrowded: (ConnectionID) -> Void
    private let onStalled: () -> Void
    private let onTaken: () -> Void
    private var writtenBytes = 0
    private var mark = Mark(takenBytes: 0, at: 0)
    private var isWatching = false
    private var isCounted = false
    private var check: Scheduled<Void>?

    private struct Mark {
        var takenBytes: Int
        var at: Int64
    }

    /// - Parameters:
    ///   - onCrowded: told whom to close when all together hold too much.
    ///   - onStalled: told just before this connection is closed.
    ///   - onTaken: told, a second late at most, that nothing waits any more.
    package init(
        _ id: ConnectionID, limitMilliseconds: Int64, budget: ByteBudget?,
        onCrowded: @escaping (ConnectionID) -> Void, onStalled: @escaping () -> Void,
        onTaken: @escaping () -> Void = {}
    ) {
        self.id = id
        self.limitMilliseconds = limitMilliseconds
        self.budget = budget
        self.onCrowded = onCrowded
        self.onStalled = onStalled
        self.onTaken = onTaken
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        writtenBytes += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
        look(context)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func end() {
        check?.cancel()
        check = nil
        if isCounted { budget?.leave(id) }
        isCounted = false
    }

    private func look(_ context: ChannelHandlerContext) {
        let waiting = waitingBytes(context)
        let now = ConnectionDoor.milliseconds
        let taken = writtenBytes - waiting
        if !isWatching || taken - mark.takenBytes >= Self.leastBytes { mark = Mark(takenBytes: taken, at: now) }
        let wasWatching = isWatching
        isWatching = waiting > 0
        count(waiting, now)
        guard isWatching else {
            if wasWatching { onTaken() }
            return
        }
        if now - mark.at >= limitMilliseconds {
            end()
            onStalled()
            context.fireUserInboundEventTriggered(WritesStalled())
            return context.close(promise: nil)
        }
        guard check == nil else { return }
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let pause = TimeAmount.milliseconds(min(1000, max(1, limitMilliseconds / 4)))
        check = context.eventLoop.scheduleTask(in: pause) {
            let (handler, context) = loopBound.value
            // Ended in the meantime: nothing to watch.
            guard handler.check != nil else { return }
            handler.check = nil
            handler.look(context)
        }
    }

    private func count(_ waiting: Int, _ now: Int64) {
        guard let budget, waiting > ByteBudget.freeBytes || isCounted else { return }
        isCounted = waiting > ByteBudget.freeBytes
        for other in budget.hold(id, isCounted ? waiting : 0, since: mark.at, now: now) { onCrowded(other) }
    }

    /// A channel that has closed has nothing waiting.
    private func waitingBytes(_ context: ChannelHandlerContext) -> Int {
        guard context.channel.isActive, let options = context.channel.syncOptions else { return 0 }
        do { return try options.getOption(.bufferedWritableBytes) } catch { return 0 }
    }
}
