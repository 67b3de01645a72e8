import Dispatch
import HostIO
import Logging
import Synchronization

/// Sends what is new in feeds, on a queue of its own, and tells of each batch when the coordinator has all of it durable.
///
/// Batches that come while others are on their way go together and are waited for together: one round to the coordinator
/// for many feeds, not one for each.
final class FeedSender: Sendable {
    private struct Batch {
        var number: UInt64
        var payloads: [[UInt8]]
    }

    private let client: SerialClient
    private let logger: Logger
    private let acknowledged: @Sendable (UInt64) -> Void
    private let queue = DispatchQueue(label: "coranto.fetcher.put")
    private let waiting = Mutex<[Batch]>([])

    /// - Parameter acknowledged: called on the sender's queue.
    init(_ client: PutClient, logger: Logger, acknowledged: @escaping @Sendable (UInt64) -> Void) {
        self.client = SerialClient(client: client)
        self.logger = logger
        self.acknowledged = acknowledged
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
        var payloads = batches.flatMap(\.payloads)[...]
        // The articles are not remembered as seen until they are durable; there is nothing better to do than wait.
        while true {
            do {
                // What was begun the client sends again by itself.
                while let payload = payloads.popFirst() {
                    Step.reach(.fetcherSending)
                    try client.client.put(payload)
                }
                try client.client.finish()
                break
            } catch { logger.warning("the coordinator does not take articles", metadata: ["error": "\(error)"]) }
        }
        for batch in batches {
            Step.reach(.fetcherAcknowledged)
            acknowledged(batch.number)
        }
    }
}

/// A client that only the serial queue uses.
private struct SerialClient: @unchecked Sendable {
    let client: PutClient
}
