import NIOCore
import Synchronization
import Wire

/// A connection as other threads see it: all calls are safe from anywhere, and keep their order for one caller.
final class MessageConnection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<MessageChannelHandler>
    private let limitBytes: Int
    private let outboundBytes = Mutex(0)

    /// What a waiting write costs beside its bytes, at most: else a peer that does not read had the small answers that fit the
    /// limit by the million.
    private static let writeBytes = 512

    /// On the channel's event loop.
    init(_ channel: any Channel, _ handler: MessageChannelHandler, limitBytes: Int) {
        self.channel = channel
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        self.limitBytes = limitBytes
    }

    /// Bytes sent but not taken by the network, with what keeping them costs.
    var waitingBytes: Int { outboundBytes.withLock { $0 } }

    /// A peer that lets more than the limit wait is closed. Nothing is sent on a closed connection.
    func send(_ messages: [Message]) {
        guard !messages.isEmpty else { return }
        let bytes = messages.reduce(into: [UInt8]()) { $1.encode(to: &$0) }
        let count = bytes.count + Self.writeBytes
        let fits = outboundBytes.withLock { waiting in
            // One message larger than the limit must be able to pass.
            guard waiting == 0 || waiting + count <= limitBytes else { return false }
            waiting += count
            return true
        }
        guard fits else { return close(because: .slow) }
        // Never at once, even on the event loop: a write that fails would report `closed` within the caller's `onEvent`.
        let channel = channel
        channel.eventLoop.execute {
            channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in
                self.outboundBytes.withLock { $0 -= count }
            }
        }
    }

    /// On the channel's event loop at once: the message being reported is then the last.
    func pause() {
        if channel.eventLoop.inEventLoop { handler.value.pause() } else { onLoop { $0.pause() } }
    }

    func resume() { onLoop { $0.resume() } }

    func close(because reason: CloseReason) { onLoop { $0.close(because: reason) } }

    var closed: EventLoopFuture<Void> { channel.closeFuture }

    private func onLoop(_ body: @escaping @Sendable (MessageChannelHandler) -> Void) {
        let handler = handler
        channel.eventLoop.execute { body(handler.value) }
    }
}
