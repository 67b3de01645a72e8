import ByteCoding
import Glibc
package import HostIO
package import News
import Storage
package import Wire

/// Sends batches and sends them again until each is answered, whoever is the coordinator meanwhile. Confined to one thread.
///
/// Guarantees
/// 1. A batch keeps its number and bytes for ever, so a repeat is recognised and answered as the first time.
/// 2. At most `windowCount` batches are unanswered.
/// 3. A call ends: it throws when for its patience no answer has come, nor, to one that may take long, a sign of life.
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
        /// Refused for good, and not sent any more; nil: what is unanswered is sent again by the next call.
        package var refusedNumber: UInt64?
    }

    private let locator: CoordinatorLocator
    private let token: Token?
    private let tls: ClientTLS?
    private let lane: Lane
    private let ack: AckLevel
    /// What batches are sent under.
    package let name: String
    private var patience: PutPatience
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

    package private(set) var totals = Totals()

    static let windowCount = 8
    /// For one answer, and then the connection counts as dead. Longer than what a TOUCH and its answer take.
    static let answerMilliseconds: Int64 = 60_000

    /// - Parameters:
    ///   - patienceMilliseconds: how long no answer may come before a call gives up.
    ///   - hopeless: says why there is no sense in waiting, if so.
    ///   - waiting: told, once each time, that nobody has taken articles for some seconds, and why.
    package init(
        locator: CoordinatorLocator, token: Token?, tls: ClientTLS? = nil, lane: Lane, ack: AckLevel,
        patienceMilliseconds: Int64 = 120_000, hopeless: @escaping () -> String? = { nil },
        waiting: @escaping (String) -> Void = { _ in }
    ) {
        self.waiting = waiting
        self.hopeless = hopeless
        self.locator = locator
        self.token = token
        self.tls = tls
        self.lane = lane
        self.ack = ack
        patience = PutPatience(limitMilliseconds: patienceMilliseconds, seed: SystemRandom().number())
        name = "put-" + Hex.padded(SystemRandom().number())
    }

    /// Sends a payload of NDJSON lines, waiting while too many are unanswered.
    ///
    /// - Throws: `GaveUp` if a batch is refused for good, or nobody answered for too long. This one is under way all the same.
    package func put(_ payload: [UInt8]) throws {
        patience.begin(now: now)
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
        patience.begin(now: now)
        while !unanswered.isEmpty { try receive() }
    }

    private func receive() throws {
        try attempt { client in
            let message = try client.next(
                timeoutMilliseconds: Int(min(Self.answerMilliseconds, patience.limitMilliseconds)),
                unless: { hopeless() != nil })
            switch message {
            case .accepted(let number, let counts):
                unanswered.removeAll { $0.number == number }
                patience.answered(now: now)
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
        case .busy, .draining, .storeFailed, .notCoordinator, .internalError:
            let refusal = "\(code.rawValue) \(why)"
            noteTouch()
            guard !isStopped(), tryAgain("the coordinator refuses: \(refusal)") else {
                // So that a later call sends it again.
                self.client = nil
                throw GaveUp(
                    description: "batch \(number) is still refused: \(refusal); run it again when that is mended, "
                        + "what was taken is counted as duplicates")
            }
            if code == .notCoordinator || code == .draining {
                standby = client.peer.address
                self.client = nil
            } else if let again = unanswered.first(where: { $0.number == number }) {
                try client.send([again.message], timeoutMilliseconds: 30_000)
            }
        default:
            unanswered.removeAll { $0.number == number }
            throw GaveUp(
                description: "batch \(number) was refused: \(code.rawValue) \(why)", refusedNumber: number)
        }
    }

    /// Does it on a standing connection; after a failed one everything unanswered is sent again on the next.
    private func attempt(_ body: (BlockingClient) throws -> Void) throws {
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
                noteTouch()
                client = nil
                reason = "\(error)"
            }
            if let why = hopeless() { throw GaveUp(description: why) }
            guard tryAgain("no coordinator takes articles (\(reason))") else {
                throw GaveUp(
                    description: "nobody took the articles for \(patience.limitMilliseconds / 1000) s (\(reason)); "
                        + "\(unanswered.count) batches are unanswered")
            }
        }
    }

    /// It is there, and what it was sent is on its way: `visible` may take long.
    private func noteTouch() {
        if let touched = client?.touchedAtMilliseconds { patience.answered(now: touched) }
    }

    /// Pauses, unless it has waited long enough.
    private func tryAgain(_ why: String) -> Bool {
        guard case .tryAgain(let pause, let isToBeTold) = patience.failed(now: now) else { return false }
        if isToBeTold { waiting("\(why); trying for \(patience.limitMilliseconds / 1000) s") }
        _ = usleep(UInt32(pause) * 1000)
        return true
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

    private var now: Int64 { SystemClock().moment.milliseconds }
}
