import Dispatch
import Glibc
import HostIO
import Logging
import Synchronization

/// Sends what is new in feeds, on a queue of its own, and tells of each batch when the coordinator has all of it durable, or refused some
/// of it for good.
///
/// Batches that come while others are on their way go together and are waited for together: one round to the coordinator
/// for many feeds, not one for each. Without an end it waits for a coordinator that takes articles: they are not remembered as seen
/// until they are durable, so there is nothing better to do.
final class FeedSender: Sendable {
    enum Outcome: Equatable, Sendable {
        case durable
        /// The same again would be refused, too.
        case refused(why: String)
    }

    private struct Batch {
        var number: UInt64
        var payloads: [[UInt8]]
    }

    private let client: SerialClient
    private let logger: Logger
    private let tell: @Sendable (UInt64, Outcome) -> Void
    private let queue = DispatchQueue(label: "coranto.fetcher.put")
    private let waiting = Mutex<[Batch]>([])

    /// After the client gave up: it has tried long enough, or a token or certificate is wrong, which somebody has to mend.
    static let firstPauseMilliseconds: Int64 = 1000
    static let longestPauseMilliseconds: Int64 = 60_000

    /// - Parameter tell: called on the sender's queue, once for each batch.
    init(_ client: PutClient, logger: Logger, tell: @escaping @Sendable (UInt64, Outcome) -> Void) {
        self.client = SerialClient(client: client)
        self.logger = logger
        self.tell = tell
    }

    func send(_ number: UInt64, _ payloads: [[UInt8]]) {
        waiting.withLock { $0.append(Batch(number: number, payloads: payloads)) }
        queue.async { self.sendWaiting() }
    }

    private func sendWaiting() {
        let batches = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        guard !batches.isEmpty else { return }
        let refusals = deliver(batches)
        for batch in batches {
            if let why = refusals[batch.number] {
                tell(batch.number, .refused(why: why))
            } else {
                Step.reach(.fetcherAcknowledged)
                tell(batch.number, .durable)
            }
        }
    }

    /// - Returns: which were refused for good, and why; all others are durable.
    private func deliver(_ batches: [Batch]) -> [UInt64: String] {
        var payloads = batches.flatMap { batch in batch.payloads.map { (batch: batch.number, bytes: $0) } }[...]
        /// Whose the payloads are, by the number that the client gave them.
        var owners: [UInt64: UInt64] = [:]
        var refusals: [UInt64: String] = [:]
        var backoff = Backoff(
            firstMilliseconds: Self.firstPauseMilliseconds, longestMilliseconds: Self.longestPauseMilliseconds,
            seed: SystemRandom().number())
        var isBehind = false
        while true {
            do {
                // What was begun the client sends again by itself, and so much may be unanswered at most.
                if isBehind { try client.client.finish() }
                isBehind = false
                while let payload = payloads.popFirst() {
                    Step.reach(.fetcherSending)
                    owners[client.client.nextNumber] = payload.batch
                    try client.client.put(payload.bytes)
                }
                try client.client.finish()
                return refusals
            } catch let error as PutClient.GaveUp {
                isBehind = true
                if let owner = error.refusedNumber.flatMap({ owners[$0] }) {
                    refusals[owner] = "\(error)"
                } else {
                    pause(backoff.next(), "\(error)")
                }
            } catch {
                isBehind = true
                pause(backoff.next(), "\(error)")
            }
        }
    }

    private func pause(_ milliseconds: Int64, _ why: String) {
        logger.warning(
            "the coordinator does not take articles",
            metadata: ["error": "\(why)", "again in": "\(milliseconds) ms"])
        _ = usleep(UInt32(milliseconds) * 1000)
    }
}

/// A client that only the serial queue uses.
private struct SerialClient: @unchecked Sendable {
    let client: PutClient
}
