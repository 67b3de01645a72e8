// Drives a `FetchScheduler`: requests go to curl's thread, entries that are new to the coordinator, what may be
// remembered to the poll state. The list of feeds is read from the newest snapshot's state.

import ByteCoding
import Dispatch
import Extraction
package import FetchIO
import Fetching
import Foundation
package import HostIO
package import Logging
import News
package import Storage
package import Wire

package final class FetcherRole: Sendable {
    package struct Configuration: Sendable {
        package var bucket: any Bucket
        package var locator: CoordinatorLocator
        package var token: Token?
        package var tls: ClientTLS?
        /// The poll state's file, never in the bucket.
        package var statePath: String
        package var policy = AddressPolicy()
        package var userAgent = "coranto/0.1 (feed reader)"

        package init(bucket: any Bucket, locator: CoordinatorLocator, statePath: String) {
            self.bucket = bucket
            self.locator = locator
            self.statePath = statePath
        }
    }

    private enum Event: Sendable {
        case answered(FetchScheduler.Request, Result<HTTPResponse, HTTPError>)
        case acknowledged(UInt64)
        case drain
    }

    private let configuration: Configuration
    private let logger: Logger
    private let mailbox = Mailbox<Event>()
    private let puts = DispatchQueue(label: "coranto.fetcher.put")

    static let tickMilliseconds = 50
    /// Between two looks at the list of feeds.
    static let listMilliseconds: Int64 = 500
    static let drainMilliseconds: Int64 = 20_000

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Start no more requests, have what was fetched acknowledged, return from `run`.
    package func drain() { mailbox.push(.drain) }

    package func run() async throws {
        let state = try PollState(path: configuration.statePath)
        let client = CurlClient(
            settings: CurlClient.Settings(userAgent: configuration.userAgent, policy: configuration.policy))
        defer { client.stop() }
        try await Blocking.run { [self] in try work(state, client) }
        try state.close()
    }

    private func work(_ state: PollState, _ client: CurlClient) throws {
        let clock = SystemClock()
        let loader = SnapshotLoader(configuration.bucket)
        let sender = PutClient(
            locator: configuration.locator, token: configuration.token, tls: configuration.tls, lane: .live,
            ack: .durable)
        var scheduler = FetchScheduler(seed: SystemRandom().number())
        var polled: [String: UInt32?] = [:]
        /// Entries of answers whose batch is being decided.
        var entries: [FeedEntry] = []
        var nextList: Int64 = 0
        var drainDeadline: Int64?

        func feed(_ event: FetchScheduler.Event) throws {
            for action in scheduler.handle(event, now: clock.wall()) {
                switch action {
                case .saveAttempt(let url, let time):
                    try state.saveAttempt(url, at: time)
                    Step.reach(.fetcherAttemptSaved)
                case .start(let request): start(request, client)
                case .put(let batch): put(batch, entries, sender)
                case .save(let feedState, let seen):
                    try state.save(feedState, seen: seen)
                    Step.reach(.fetcherStateSaved)
                case .forget(let url): try state.forget(url)
                }
            }
        }

        while true {
            for event in mailbox.take(waitingMilliseconds: Self.tickMilliseconds) {
                switch event {
                case .acknowledged(let batch): try feed(.acknowledged(batch: batch))
                case .answered(let request, .failure(let error)):
                    logger.notice("fetch failed", metadata: ["feed": "\(request.feed)", "error": "\(error)"])
                    try feed(.failed(request: request.number))
                case .answered(let request, .success(let response)):
                    Step.reach(.fetcherAnswered)
                    do throws(FeedError) {
                        entries = response.status == 200 ? try read(response) : []
                    } catch {
                        logger.notice("no feed", metadata: ["feed": "\(request.feed)", "error": "\(error)"])
                        try feed(.failed(request: request.number))
                        continue
                    }
                    var answer = FetchScheduler.Response(status: response.status)
                    answer.etag = response.header("etag")
                    answer.lastModified = response.header("last-modified")
                    answer.retryAt = response.header("retry-after").flatMap {
                        RetryAfter.instant($0, now: clock.wall())
                    }
                    answer.permanentAddress = response.permanentURL
                    answer.entries = entries.map {
                        FetchScheduler.Entry(key: $0.key, contentHash: CanonicalRecord.contentHash(of: $0.article))
                    }
                    answer.known = try state.known(answer.entries.map(\.key), of: request.feed)
                    try feed(.responded(request: request.number, answer))
                case .drain:
                    drainDeadline = clock.moment.milliseconds + Self.drainMilliseconds
                    try feed(.drain)
                }
            }
            let now = clock.moment.milliseconds
            if let drainDeadline, scheduler.isIdle || now > drainDeadline { return }
            if now >= nextList, drainDeadline == nil {
                nextList = now + Self.listMilliseconds
                try follow(loader, state, &polled, feed)
            }
            try feed(.tick)
        }
    }

    /// Takes in what changed in the list of feeds.
    private func follow(
        _ loader: SnapshotLoader, _ state: PollState, _ polled: inout [String: UInt32?],
        _ feed: (FetchScheduler.Event) throws -> Void
    ) throws {
        guard let manifest = try loader.newest()?.manifest else { return }
        let wanted = try loader.state(of: manifest).feeds
        for url in polled.keys.sorted() where wanted[url] == nil {
            polled[url] = nil
            try feed(.remove(url: url))
        }
        var added: [(feed: FeedSpecification, state: FeedState?)] = []
        for (url, change) in wanted.sorted(by: { $0.key < $1.key }) {
            if let known = polled[url], known == change.intervalSeconds { continue }
            polled.updateValue(change.intervalSeconds, forKey: url)
            let interval = change.intervalSeconds.map { Int64($0) * 1000 }
            added.append((FeedSpecification(url: url, intervalMilliseconds: interval), try state.feed(url)))
        }
        if !added.isEmpty { try feed(.add(added)) }
    }

    private func start(_ request: FetchScheduler.Request, _ client: CurlClient) {
        var headers: [(name: String, value: String)] = [
            (
                "Accept",
                "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
            )
        ]
        if let etag = request.etag { headers.append(("If-None-Match", etag)) }
        if let lastModified = request.lastModified { headers.append(("If-Modified-Since", lastModified)) }
        client.submit(HTTPRequest(url: request.address, headers: headers)) { [mailbox] result in
            mailbox.push(.answered(request, result))
        }
    }

    private func read(_ response: HTTPResponse) throws(FeedError) -> [FeedEntry] {
        let parsed = try FeedParser.parse(response.body, url: response.url, charset: response.charset)
        if let bozo = parsed.bozo {
            logger.debug("feed repaired", metadata: ["url": "\(response.url)", "what": "\(bozo)"])
        }
        return parsed.entries
    }

    /// Sends the new entries; what was sent is told acknowledged only when the coordinator has said so.
    private func put(_ batch: FetchScheduler.Batch, _ entries: [FeedEntry], _ sender: PutClient) {
        let payloads = FeedPayloads.make(batch, of: entries)
        let client = SerialClient(sender)
        puts.async { [mailbox, logger] in
            var sentCount = 0
            // The articles are not remembered as seen until they are durable; there is nothing better to do than wait.
            while true {
                do {
                    while sentCount < payloads.count {
                        // What was begun the client sends again by itself.
                        sentCount += 1
                        Step.reach(.fetcherSending)
                        try client.sender.put(payloads[sentCount - 1])
                    }
                    try client.sender.finish()
                    break
                } catch { logger.warning("the coordinator does not take articles", metadata: ["error": "\(error)"]) }
            }
            Step.reach(.fetcherAcknowledged)
            mailbox.push(.acknowledged(batch.number))
        }
    }
}

/// A client that only the serial put queue uses.
private struct SerialClient: @unchecked Sendable {
    // Guarded by `puts`, a serial queue.
    let sender: PutClient
    init(_ sender: PutClient) { self.sender = sender }
}
