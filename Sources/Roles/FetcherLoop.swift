// Drives a `FetchScheduler`: requests go to curl's thread, entries that are new to the coordinator, what may be
// remembered to the poll state. The list of feeds is that of the newest snapshot that could be read (`FeedListReader`); of it
// those are polled whose shares a `ShareHolder` holds (`FetcherLoop+Shares.swift`). Confined to one thread.

import ByteCoding
import Cluster
import Dispatch
import Extraction
import FetchIO
import Fetching
import HostIO
import Logging
import News
import Storage
import Wire

/// See the head of this file.
final class FetcherLoop {
    enum Event: Sendable {
        case answered(FetchScheduler.Request, Result<HTTPResponse, HTTPError>)
        /// The answer for a page, and what could be read of it.
        case read(FetchScheduler.Request, HTTPResponse, Page?)
        /// Our lease ended before it went out.
        case notBegun(UInt64)
        /// Of a batch.
        case sent(UInt64, FeedSender.Outcome)
        /// What was asked for when that many shares had been taken.
        case listed(FeedList?, takenCount: Int)
        case link(CoordinatorLink.Event)
        case completed(OperationTag, BucketResult)
        case drain
    }

    static let tickMilliseconds = 50
    /// For deciding, before what was decided is saved and begun.
    static let turnMilliseconds: Int64 = 50
    /// Between a look at the list of feeds and the next.
    static let listMilliseconds: Int64 = 500
    static let drainMilliseconds: Int64 = 20_000
    /// Requests under way: enough for some hundred polls a second where an answer takes half a second.
    static let inFlightLimit = 256
    static let accepted =
        "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
    /// A longer robots.txt counts as one that cannot be had.
    static let robotsLimitBytes = 8 << 20

    let state: PollState
    private let client: CurlClient
    let mailbox: Mailbox<Event>
    let logger: Logger
    let clock = SystemClock()
    private let lists: FeedListReader
    private let sender: FeedSender
    private let archive: WebArchiveWriter?
    private var scheduler: FetchScheduler
    /// Of the list as it was last taken in what is of our shares.
    var polled: [String: FeedChange] = [:]
    /// Where the list was read that was taken in last; nil: it is to be read anew.
    var listedIn: Generation?
    private var isListAsked = false
    var nextList: Int64 = 0
    /// Shares that were ever taken: a list that was asked for before the last of them may be older than its poll state.
    var takenCount = 0
    /// Feeds that were told to be silent.
    private var silent: Set<String> = []
    /// Entries of the answer that is being decided.
    private var entries: [FeedEntry] = []
    /// By feed and place in its answer: entries that wait for their pages.
    var kept: [String: [Int: Kept]] = [:]
    /// Pages are taken apart there.
    private let pages = DispatchQueue(label: "coranto.fetcher.pages")
    /// What is to be done once all that was decided is durable, in this order.
    var errands: [Errand] = []
    private var drainDeadline: Int64?

    // Which feeds are ours.
    let link: CoordinatorLink
    let threads: BucketThreads
    var holder: ShareHolder
    var connection = 0
    /// Of every feed that was ever in the list.
    var shareOf: [String: FeedShare] = [:]
    var loaded: Set<FeedShare> = []
    /// Of these the poll state may know feeds that were removed from the list while it was elsewhere.
    var unchecked: Set<FeedShare> = []
    /// Shares that are to go, with the feeds of which something is under way.
    var releasing: [FeedShare: Set<String>] = [:]
    private var isPaused = true
    private var hasLeft = false
    var isDrained = false

    struct Kept {
        /// With what came of its page.
        var entry: FeedEntry
        /// Something did.
        var hasPage = false
    }

    enum Errand {
        case reach(Step)
        case operation(TaggedOperation)
        case start(FetchScheduler.Request)
        case send(UInt64, [[UInt8]])
    }

    init(
        _ configuration: FetcherRole.Configuration, _ state: PollState, _ client: CurlClient, _ link: CoordinatorLink,
        _ mailbox: Mailbox<Event>, _ logger: Logger
    ) throws {
        self.link = link
        threads = BucketThreads(configuration.bucket, width: 1, logger: logger)
        holder = ShareHolder(instance: SystemRandom().instance(), kept: try state.shares())
        self.state = state
        self.client = client
        self.mailbox = mailbox
        self.logger = logger
        lists = FeedListReader(configuration.bucket, logger: logger)
        archive = configuration.archivePath.map { WebArchiveWriter(folder: $0) }
        let put = PutClient(
            locator: configuration.locator, token: configuration.token, tls: configuration.tls, lane: .live,
            ack: .durable)
        sender = FeedSender(put, logger: logger) { [mailbox] batch, outcome in mailbox.push(.sent(batch, outcome)) }
        let now = clock.wall()
        var settings = FetchScheduler.Settings()
        settings.inFlightLimit = Self.inFlightLimit
        scheduler = FetchScheduler(settings: settings, seed: SystemRandom().number(), now: now)
        _ = scheduler.handle(.remember(try state.web(now: now)), now: now)
        _ = scheduler.handle(.pause(true), now: now)
    }

    /// Until it is drained. What happened since the last look is decided, and what is to be remembered of it made durable at
    /// once; only then requests start and entries are sent.
    func run() throws {
        defer { closeArchive() }
        var isOver = false
        var events: ArraySlice<Event> = []
        while !isOver {
            if events.isEmpty { events = mailbox.take(waitingMilliseconds: Self.tickMilliseconds)[...] }
            try state.together { isOver = try decide(&events) }
            carryOut()
        }
    }

    /// Takes as many events as a turn's time allows, so that what was decided first does not start much later than decided: a
    /// site's gap counts from then.
    ///
    /// - Returns: whether it is drained.
    private func decide(_ events: inout ArraySlice<Event>) throws -> Bool {
        let end = clock.moment.milliseconds + Self.turnMilliseconds
        while clock.moment.milliseconds <= end, let event = events.popFirst() {
            switch event {
            case .sent(let batch, .durable): try feed(.acknowledged(batch: batch), clock.wall())
            case .sent(let batch, .refused(let why)):
                logger.error(
                    "articles of a feed were refused", metadata: ["batch": "\(batch)", "error": "\(why)"])
                try feed(.refused(batch: batch, why: why), clock.wall())
            case .notBegun(let request): try feed(.notBegun(request: request), clock.wall())
            case .answered(let request, .success(let response)): try answered(request, response)
            case .read(let request, let response, let page): try answered(request, response, page)
            case .answered(let request, .failure(let error)):
                logger.notice("fetch failed", metadata: ["address": "\(request.address)", "error": "\(error)"])
                try feed(.failed(request: request.number, why: "\(error)"), clock.wall())
            case .listed(let list, let takenCount): try listed(list, takenCount)
            case .link(let event): try hear(event)
            case .completed(let tag, let result): try hold(.completed(tag, result))
            case .drain:
                drainDeadline = clock.moment.milliseconds + Self.drainMilliseconds
                try feed(.drain, clock.wall())
            }
        }
        try hold(.tick)
        let now = clock.moment.milliseconds
        if let drainDeadline {
            if scheduler.isIdle, !hasLeft {
                hasLeft = true
                try hold(.drain)
            }
            if isDrained || now > drainDeadline { return true }
        }
        let mayAsk = holder.mayAsk(now: clock.moment)
        if mayAsk == isPaused {
            isPaused = !mayAsk
            try feed(.pause(isPaused), clock.wall())
        }
        if now >= nextList, !isListAsked, drainDeadline == nil { askForList() }
        try feed(.tick, clock.wall())
        return false
    }

    private func carryOut() {
        for errand in errands {
            switch errand {
            case .reach(let step): Step.reach(step)
            case .operation(let tagged):
                threads.perform(tagged.operation) { [mailbox] result in mailbox.push(.completed(tagged.tag, result)) }
            case .start(let request):
                guard holder.mayAsk(now: clock.moment) else {
                    mailbox.push(.notBegun(request.number))
                    continue
                }
                start(request)
                scheduler.began(request.number, now: clock.wall())
            case .send(let batch, let payloads): sender.send(batch, payloads)
            }
        }
        errands.removeAll(keepingCapacity: true)
    }

    private func closeArchive() {
        do { try archive?.close() } catch {
            logger.error("the archive may have lost its end", metadata: ["error": "\(error)"])
        }
    }

    // MARK: What the scheduler decides

    func feed(_ event: FetchScheduler.Event, _ now: Timestamp) throws {
        for action in scheduler.handle(event, now: now) {
            switch action {
            case .saveAttempt(let url, let time):
                try state.saveAttempt(url, at: time)
                errands.append(.reach(.fetcherAttemptSaved))
            case .saveRobots(let robots): try state.save(robots)
            case .saveHold(let hold): try state.save(hold)
            case .start(let request): errands.append(.start(request))
            case .keep(let url, let indices):
                kept[url] = Dictionary(uniqueKeysWithValues: indices.map { ($0, Kept(entry: entries[$0])) })
            case .put(let batch):
                errands.append(.send(batch.number, FeedPayloads.make(try take(batch), feed: batch.feed)))
            case .save(let feedState, let seen):
                kept[feedState.url] = nil
                try state.save(feedState, seen: seen)
                errands.append(.reach(.fetcherStateSaved))
                tellSilence(of: feedState, now)
            case .forget(let url):
                kept[url] = nil
                try state.forget(url)
            case .left(let url):
                kept[url] = nil
                try left(url)
            }
        }
    }

    /// The entries of a batch, which are kept no longer.
    private func take(_ batch: FetchScheduler.Batch) throws -> [(entry: FeedEntry, firstSeen: Timestamp)] {
        guard let kept = kept.removeValue(forKey: batch.feed) else {
            return batch.entries.map { (entries[$0.index], $0.firstSeen) }
        }
        return try batch.entries.compactMap { new in
            guard let item = kept[new.index] else { return nil }
            if !item.hasPage { try keep(.noPage(of: item.entry.key), of: batch.feed, new.firstSeen) }
            return (item.entry, new.firstSeen)
        }
    }

    /// Once when it begins, and when it ends.
    private func tellSilence(of feed: FeedState, _ now: Timestamp) {
        if feed.isSilent(now: now) {
            guard silent.insert(feed.url).inserted else { return }
            logger.warning(
                "a feed has fallen silent",
                metadata: [
                    "feed": "\(feed.url)",
                    "days": "\((now.milliseconds - (feed.lastNews?.milliseconds ?? 0)) / 86_400_000)",
                ])
        } else if silent.remove(feed.url) != nil {
            logger.notice("a feed that was silent has something new, or fails", metadata: ["feed": "\(feed.url)"])
        }
    }

    private func start(_ request: FetchScheduler.Request) {
        var wanted = HTTPRequest(url: request.address)
        switch request.purpose {
        case .robots:
            wanted.headers = [("Accept", "text/plain, */*;q=0.5")]
            wanted.bodyLimitBytes = Self.robotsLimitBytes
        case .page:
            wanted.headers = [("Accept", EntryPage.accepted)]
            wanted.bodyLimitBytes = EntryPage.limitBytes
            return client.submit(wanted) { [mailbox, pages] result in
                guard case .success(let response) = result else { return mailbox.push(.answered(request, result)) }
                pages.async { mailbox.push(.read(request, response, EntryPage.read(response))) }
            }
        case .feed:
            wanted.headers = [("Accept", Self.accepted)]
            if let etag = request.etag { wanted.headers.append(("If-None-Match", etag)) }
            if let lastModified = request.lastModified { wanted.headers.append(("If-Modified-Since", lastModified)) }
        }
        client.submit(wanted) { [mailbox] result in mailbox.push(.answered(request, result)) }
    }

    // MARK: Answers

    private func answered(
        _ request: FetchScheduler.Request, _ response: HTTPResponse, _ page: Page? = nil
    ) throws {
        Step.reach(.fetcherAnswered)
        // Of a feed that was dropped meanwhile: what is kept now belongs to a later poll.
        guard scheduler.awaits(request.number) else {
            return try feed(.failed(request: request.number, why: "nobody waits for it"), clock.wall())
        }
        // What is first seen in it is so at the time that the archive has.
        let now = clock.wall()
        var answer = FetchScheduler.Response(status: response.status)
        answer.location = response.header("location")
        answer.retryAt = response.header("retry-after").flatMap { RetryAfter.instant($0, now: now) }
        switch request.purpose {
        case .robots: answer.text = response.body
        case .page(let url, let index):
            guard let item = kept[url]?[index] else { break }
            try keep(.page(of: item.entry.key), of: url, now, response)
            kept[url]?[index]?.hasPage = response.status == 200
            if let page { kept[url]?[index]?.entry = item.entry.completed(by: page) }
        case .feed(let url):
            try keep(polled[url]?.wantsPages == true ? .feedWithPages : .feed, of: url, now, response)
            answer.etag = response.header("etag")
            answer.lastModified = response.header("last-modified")
            do throws(FeedError) {
                entries = response.status == 200 ? try read(response) : []
            } catch {
                logger.notice("no feed", metadata: ["feed": "\(url)", "error": "\(error)"])
                return try feed(.failed(request: request.number, why: "\(error)"), now)
            }
            answer.entries = entries.map {
                FetchScheduler.Entry(
                    key: $0.key, contentHash: CanonicalRecord.contentHash(of: $0.article), page: $0.page)
            }
            answer.known = try state.known(answer.entries.map(\.key), of: url)
        }
        try feed(.responded(request: request.number, answer), now)
    }

    private func keep(
        _ kind: WebArchive.Record.Kind, of url: String, _ now: Timestamp, _ response: HTTPResponse? = nil
    ) throws {
        try archive?.append(
            WebArchive.Record(
                kind, feed: url, address: response?.url ?? url, takenAt: now, status: response?.status ?? 0,
                headers: response?.headers ?? [], body: response?.body ?? []))
    }

    private func read(_ response: HTTPResponse) throws(FeedError) -> [FeedEntry] {
        let parsed = try FeedParser.parse(response.body, url: response.url, charset: response.charset)
        if let bozo = parsed.bozo {
            logger.debug("feed repaired", metadata: ["url": "\(response.url)", "what": "\(bozo)"])
        }
        return parsed.entries
    }

    // MARK: The list of feeds

    private func askForList() {
        isListAsked = true
        lists.read(after: listedIn) { [mailbox, takenCount] list in
            mailbox.push(.listed(list, takenCount: takenCount))
        }
    }

    private func listed(_ list: FeedList?, _ countWhenAsked: Int) throws {
        isListAsked = false
        guard countWhenAsked == takenCount else {
            nextList = 0
            return
        }
        nextList = clock.moment.milliseconds + Self.listMilliseconds
        guard let list else { return }
        listedIn = list.generation
        try follow(list.feeds)
    }

    /// Takes in what changed in it.
    private func follow(_ listed: [String: FeedChange]) throws {
        for url in listed.keys where shareOf[url] == nil { shareOf[url] = FeedShare(ofFeed: url) }
        if !unchecked.isEmpty {
            for feed in try state.feeds()
            where listed[feed.url] == nil && unchecked.contains(FeedShare(ofFeed: feed.url)) {
                try state.forget(feed.url)
            }
            unchecked = []
        }
        let wanted = listed.filter { shareOf[$0.key].map(loaded.contains) ?? false }
        guard wanted != polled else { return }
        for url in polled.keys.filter({ wanted[$0] == nil }).sorted() { try feed(.remove(url: url), clock.wall()) }
        var added: [(feed: FeedSpecification, state: FeedState?)] = []
        for (url, feed) in wanted.filter({ polled[$0.key] != $0.value }).sorted(by: { $0.key < $1.key }) {
            let specification = FeedSpecification(
                url: url, intervalMilliseconds: feed.intervalSeconds.map { Int64($0) * 1000 },
                wantsPages: feed.wantsPages)
            added.append((specification, try state.feed(url)))
        }
        polled = wanted
        if !added.isEmpty { try feed(.add(added), clock.wall()) }
    }
}
