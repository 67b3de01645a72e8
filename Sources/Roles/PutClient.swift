import ByteCoding
import Glibc
package import HostIO
package import News
package import Wire

/// Sends batches and sends them again until each is answered, whoever is the coordinator meanwhile. Confined to one thread.
///
/// Guarantees
/// 1. A batch keeps its number and bytes for ever, so a repeat is recognised and answered as the first time.
/// 2. At most `windowCount` batches are unanswered.
package final class PutClient {
    package struct Totals: Sendable {
        package var received: UInt64 = 0
        package var accepted: UInt64 = 0
        package var rejected: UInt64 = 0
        package var controls: UInt64 = 0
        package var batches: UInt64 = 0
    }

    package struct GaveUp: Error, CustomStringConvertible {
        package var description: String
    }

    private let locator: CoordinatorLocator
    private let token: Token?
    private let tls: ClientTLS?
    private let lane: Lane
    private let ack: AckLevel
    /// What batches are sent under.
    package let name: String
    private let patienceMilliseconds: Int
    private let hopeless: () -> String?
    private var client: BlockingClient?
    /// Refused as no coordinator the last time: tried after the others. A standby lets in and then refuses, so whoever
    /// was given its address first would never come to the next.
    private var standby: String?
    private let waiting: (String) -> Void
    /// Of the batch that is put next.
    package private(set) var nextNumber: UInt64 = 1
    /// Told of each batch that was accepted.
    package var onAccepted: (UInt64, BatchCounts) -> Void = { _, _ in }
    /// Whether whoever waits wants to wait no longer: a batch that is refused then is not sent again.
    package var isStopped: () -> Bool = { false }
    private var unanswered: [(number: UInt64, message: Message)] = []
    /// How long it has waited after refusals since a batch was last accepted.
    private var refusedMilliseconds = 0

    package private(set) var totals = Totals()

    static let windowCount = 8
    /// Somebody who watches wants to know why nothing happens.
    static let silentMilliseconds = 3000

    /// - Parameters:
    ///   - patienceMilliseconds: how long nobody may answer before it gives up.
    ///   - hopeless: says why there is no sense in waiting, if so.
    ///   - waiting: told, once each time, that nobody has taken articles for some seconds, and why.
    package init(
        locator: CoordinatorLocator, token: Token?, tls: ClientTLS? = nil, lane: Lane, ack: AckLevel,
        patienceMilliseconds: Int = 120_000, hopeless: @escaping () -> String? = { nil },
        waiting: @escaping (String) -> Void = { _ in }
    ) {
        self.waiting = waiting
        self.hopeless = hopeless
        self.locator = locator
        self.token = token
        self.tls = tls
        self.lane = lane
        self.ack = ack
        self.patienceMilliseconds = patienceMilliseconds
        name = "put-" + Hex.padded(SystemRandom().number())
    }

    /// Sends a payload of NDJSON lines, waiting while too many are unanswered.
    ///
    /// - Throws: `GaveUp` if a batch is refused for good, or nobody answered for too long.
    package func put(_ payload: [UInt8]) throws {
        let message = Message.put(
            number: nextNumber, lane: lane, ack: ack, digest: SHA256.hash(of: payload), payload: payload)
        unanswered.append((nextNumber, message))
        nextNumber += 1
        Step.reach(.ingestSending)
        try attempt { client in try client.send([message], timeoutMilliseconds: 30_000) }
        Step.reach(.ingestSent)
        while unanswered.count >= Self.windowCount { try receive() }
    }

    /// Waits for the answers to all that was sent.
    package func finish() throws {
        while !unanswered.isEmpty { try receive() }
    }

    private func receive() throws {
        try attempt { client in
            let message = try client.next(timeoutMilliseconds: 60_000)
            switch message {
            case .accepted(let number, let counts):
                unanswered.removeAll { $0.number == number }
                refusedMilliseconds = 0
                totals.batches += 1
                totals.received += UInt64(counts.received)
                totals.accepted += UInt64(counts.accepted)
                totals.rejected += UInt64(counts.rejected)
                totals.controls += UInt64(counts.controls)
                onAccepted(number, counts)
                Step.reach(.ingestAcknowledged)
            case .refusedBatch(let number, let code, let why): try refused(number, code, why, client)
            default: break
            }
        }
    }

    private func refused(_ number: UInt64, _ code: ErrorCode, _ why: String, _ client: BlockingClient) throws {
        switch code {
        case .busy, .draining, .storeFailed, .notCoordinator:
            let refusal = "\(code.rawValue) \(why)"
            if refusedMilliseconds >= patienceMilliseconds || isStopped() {
                throw GaveUp(
                    description: "batch \(number) is still refused: \(refusal); run it again when that is mended, "
                        + "what was taken is counted as duplicates")
            }
            let wait = min(200 + refusedMilliseconds / 8, 2000)
            pause(wait)
            let before = refusedMilliseconds
            refusedMilliseconds += wait
            if before < Self.silentMilliseconds, refusedMilliseconds >= Self.silentMilliseconds {
                waiting("the coordinator refuses: \(refusal); trying for \(patienceMilliseconds / 1000) s")
            }
            if code == .notCoordinator || code == .draining {
                standby = client.peer.address
                self.client = nil
            } else if let again = unanswered.first(where: { $0.number == number }) {
                try client.send([again.message], timeoutMilliseconds: 30_000)
            }
        default: throw GaveUp(description: "batch \(number) was refused: \(code.rawValue) \(why)")
        }
    }

    /// Does it on a standing connection; after a failed one everything unanswered is sent again on the next.
    private func attempt(_ body: (BlockingClient) throws -> Void) throws {
        let began = SystemClock().monotonicNanoseconds()
        let deadline = began + UInt64(patienceMilliseconds) * 1_000_000
        var isTold = false
        var wait = 50
        var reason = "no coordinator is known"
        while true {
            do {
                if let client {
                    try body(client)
                    return
                }
                if let opened = try connect() {
                    client = opened
                    // What `body` sends is among these.
                    for item in unanswered { try opened.send([item.message], timeoutMilliseconds: 30_000) }
                    return
                }
            } catch let error as CloseReason {
                client = nil
                reason = "\(error)"
            }
            if let why = hopeless() { throw GaveUp(description: why) }
            guard SystemClock().monotonicNanoseconds() < deadline else {
                throw GaveUp(
                    description: "nobody took the articles for \(patienceMilliseconds / 1000) s (\(reason)); "
                        + "\(unanswered.count) batches are unanswered")
            }
            if !isTold, SystemClock().monotonicNanoseconds() - began > UInt64(Self.silentMilliseconds) * 1_000_000 {
                isTold = true
                waiting("no coordinator takes articles (\(reason)); trying for \(patienceMilliseconds / 1000) s")
            }
            pause(wait)
            wait = min(wait * 2, 1000)
        }
    }

    private func connect() throws -> BlockingClient? {
        var last: CloseReason?
        let all = locator.candidates()
        for endpoint in all.filter({ "\($0)" != standby }) + all.filter({ "\($0)" == standby }) {
            do throws(CloseReason) {
                return try BlockingClient(
                    endpoint: endpoint, introduction: Introduction(role: .client, client: name), token: token, tls: tls,
                    timeoutMilliseconds: 3000)
            } catch {
                if case .refused(.unauthorised, let why) = error { throw GaveUp(description: why) }
                if case .tls = error { throw GaveUp(description: "\(endpoint): \(error)") }
                last = error
            }
        }
        if let last { throw last }
        return nil
    }

    private func pause(_ milliseconds: Int) { _ = usleep(UInt32(milliseconds) * 1000) }
}
