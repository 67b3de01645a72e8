import HostIO
import Logging
import NIOPosix
import News
import Synchronization
import Testing
import Wire

@testable import Roles

@Suite(.timeLimit(.minutes(1))) struct FeedSenderTests {
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// - Parameter answer: to a PUT of that payload; nil: none.
    private func withClient(
        patienceMilliseconds: Int64, answer: @escaping @Sendable (UInt64, [UInt8]) -> Message?,
        _ body: (PutClient) async throws -> Void
    ) async throws {
        let holder = Mutex<LineServer?>(nil)
        let server = try await LineServer.start(
            LineServer.Options(endpoint: Endpoint(host: "127.0.0.1", port: 0)),
            on: MultiThreadedEventLoopGroup.singleton,
            logger: Self.quiet, term: { Term(7) }
        ) { id, event in
            guard case .message(.put(let number, _, _, _, let payload)) = event else { return }
            if let message = answer(number, payload) { holder.withLock { $0 }?.send(id, [message]) }
        }
        holder.withLock { $0 = server }
        let client = PutClient(
            locator: .addresses([Endpoint(host: "127.0.0.1", port: server.port)]), token: nil, lane: .live,
            ack: .durable, patienceMilliseconds: patienceMilliseconds)
        do {
            try await body(client)
        } catch {
            try await server.stop()
            throw error
        }
        try await server.stop()
        holder.withLock { $0 = nil }
    }

    private static func accepted(_ number: UInt64) -> Message {
        .accepted(number: number, counts: BatchCounts(received: 1, accepted: 1))
    }

    @Test("a batch that is refused for good is told, and those before and after it are durable")
    func refused() async throws {
        try await withClient(patienceMilliseconds: 60_000) { number, payload in
            payload == [0x32]
                ? .refusedBatch(number: number, code: .tooLarge, message: "too much") : Self.accepted(number)
        } _: { client in
            let (outcomes, told) = AsyncStream<(UInt64, FeedSender.Outcome)>.makeStream()
            let sender = FeedSender(client, logger: Self.quiet) { told.yield(($0, $1)) }
            for number in 1...3 as ClosedRange<UInt64> { sender.send(number, [[0x30 + UInt8(number)], [0x39]]) }
            var seen: [UInt64: FeedSender.Outcome] = [:]
            for await (number, outcome) in outcomes {
                seen[number] = outcome
                if seen.count == 3 { break }
            }
            #expect(seen[1] == .durable && seen[3] == .durable)
            guard case .refused(let why) = seen[2] else {
                Issue.record("not refused")
                return
            }
            #expect(why.contains("TOO_LARGE too much"))
        }
    }

    @Test("a coordinator that lets in and then says nothing is waited for no longer than the patience")
    func silent() async throws {
        try await withClient(patienceMilliseconds: 300) { _, _ in
            nil
        } _: { client in
            // A client is confined to one thread at a time.
            nonisolated(unsafe) let client = client
            try await NIOThreadPool.singleton.runIfActive {
                let error = #expect(throws: PutClient.GaveUp.self) {
                    unsafe try client.put([0x31])
                    unsafe try client.finish()
                }
                #expect(error?.refusedNumber == nil)
            }
        }
    }
}
