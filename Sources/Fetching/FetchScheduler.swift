package import ByteCoding
package import News

// When to fetch which feed, what of an answer is new, and what may be remembered when (docs/fetching.md).
//
// Invariants
// 1. A site has at most one request under way, and between two starts at least its gap passes; redirects and robots.txt too.
// 2. A feed has at most one request under way or one batch unacknowledged, never both.
// 3. The last attempt is saved before its request starts: actions are carried out in the order given.
// 4. Validators and seen entries of an answer are saved only after everything in it was acknowledged as durable.
// 5. What is sent again after a crash is only what was never acknowledged.
// 6. Nothing is asked of an address that robots.txt of its origin forbids.
// 7. An entry whose page was asked for is seen only together with what came of the page, or with that nothing did.
// 8. Nobody waits with one of the places of rounds for a site that is left alone for more than a minute from now.
//
// No clock, no network, no dictionary order: the same events give the same actions.

/// See the head of this file.
package struct FetchScheduler: Sendable {
    package struct Settings: Sendable {
        /// Between two starts at one site. A shorter fixed interval of a feed there lowers it (the operator's own word).
        package var siteGapMilliseconds: Int64 = 1000
        package var inFlightLimit = 64
        /// Batches not yet acknowledged; no request starts while there are so many.
        package var pendingLimit = 64
        package var firstIntervalMilliseconds: Int64 = 15 * 60_000
        package var shortestIntervalMilliseconds: Int64 = 5 * 60_000
        package var longestIntervalMilliseconds: Int64 = 24 * 3_600_000
        /// After so many 304s in a row, or so long without a 200, one GET is unconditional, in case the server's validators are wrong.
        package var unconditionalAfterCount = 50
        package var unconditionalAfterMilliseconds: Int64 = 7 * 24 * 3_600_000
        /// Feeds without state that arrive together in greater number than this are spread over the shortest interval.
        package var burstCount = 32
        /// Pages asked for in one round: entries beyond wait for the feed's next poll, which follows at once.
        package var roundPageCount = 32
        /// Feeds that want pages and are polled at the same time: their entries are in memory until their pages came.
        package var roundLimit = 128
        package var robots = RobotsPace()

        package init() {}
    }

    /// Redirects followed in one poll.
    package static let hopLimitCount = 5
    /// A 429 that does not say when to come again means this.
    static let busyMilliseconds: Int64 = 60_000

    /// What came back for a request.
    package struct Response: Sendable {
        package var status: Int
        /// Of a redirect, as the header has it.
        package var location: String?
        package var etag: String?
        package var lastModified: String?
        /// Retry-After, as an instant.
        package var retryAt: Timestamp?
        /// In the feed's order; empty unless the status is 200.
        package var entries: [Entry]
        /// What is remembered of these entries, for those of which something is.
        package var known: [ArticleKey: SeenEntry]
        /// The body, if robots.txt was asked for.
        package var text: [UInt8] = []

        package init(status: Int, entries: [Entry] = [], known: [ArticleKey: SeenEntry] = [:]) {
            self.status = status
            self.entries = entries
            self.known = known
        }
    }

    package struct Entry: Equatable, Sendable {
        package var key: ArticleKey
        /// Of what the feed says; not of its page.
        package var contentHash: Digest256
        /// Where its text stands, if the feed does not have it. Only asked for if the feed's pages are wanted.
        package var page: WebAddress?

        package init(key: ArticleKey, contentHash: Digest256, page: WebAddress? = nil) {
            self.key = key
            self.contentHash = contentHash
            self.page = page
        }
    }

    package enum Event: Sendable {
        /// What was saved by who ran before; comes first, if at all.
        case remember(WebMemory)
        /// Feeds to poll from now on, each with what is remembered of it. A feed already there takes the new interval.
        case add([(feed: FeedSpecification, state: FeedState?)])
        case remove(url: String)
        /// Nothing new of these; answered by `left` for each, once nothing of it is under way.
        case leave([String])
        /// These at once; what is remembered of them stays.
        case drop([String])
        /// Whether nothing may start for the time being.
        case pause(Bool)
        case tick
        case responded(request: UInt64, Response)
        /// No answer, or one that could not be used.
        case failed(request: UInt64, why: String)
        /// It did not go out, and may later.
        case notBegun(request: UInt64)
        /// Everything in the batch is durable.
        case acknowledged(batch: UInt64)
        /// Something in the batch is not durable, and the same again would not be.
        case refused(batch: UInt64, why: String)
        /// No more starts; what is under way is finished.
        case drain
    }

    package struct Request: Equatable, Sendable {
        package enum Purpose: Equatable, Sendable {
            case feed(url: String)
            /// Of an entry of the feed's last answer.
            case page(feed: String, entry: Int)
            case robots(origin: String)

            /// The feed whose poll it is part of; nil for robots.txt.
            package var feed: String? {
                switch self {
                case .feed(let url), .page(let url, _): url
                case .robots: nil
                }
            }
        }

        /// Never given twice by one scheduler.
        package var number: UInt64
        package var purpose: Purpose
        /// Redirects are not to be followed: each is a request of its own.
        package var address: String
        package var etag: String?
        package var lastModified: String?
    }

    package struct Batch: Equatable, Sendable {
        package var number: UInt64
        package var feed: String
        package var entries: [NewEntry]
    }

    package struct NewEntry: Equatable, Sendable {
        /// Among the entries of the answer.
        package var index: Int
        /// What it is to be sent with.
        package var firstSeen: Timestamp
    }

    package enum Action: Equatable, Sendable {
        /// Durably, before the next action is begun.
        case saveAttempt(url: String, at: Timestamp)
        /// Durably, before the next action is begun.
        case saveRobots(RobotsState)
        case saveHold(SiteHold)
        case start(Request)
        /// These entries of the answer are in a later batch, each with what comes of its page until then.
        case keep(feed: String, entries: [Int])
        case put(Batch)
        /// The state and the entries seen, in one transaction.
        case save(FeedState, seen: [SeenEntry])
        /// All that is remembered of the feed.
        case forget(url: String)
        /// It is polled no longer; what is remembered of it stays.
        case left(url: String)
    }

    struct Feed {
        var state: FeedState
        var fixedMilliseconds: Int64?
        var wantsPages: Bool
        /// It is one of those that are polled at the same time with their pages.
        var holdsRound = false
        /// Where its polls begin.
        var site: String
        var phase = Phase.idle
        var due: Timestamp
    }

    enum Phase {
        case idle
        /// Due, until one of the feeds that are polled with their pages is done.
        case queued
        /// In the queue of its address' site.
        case waiting(Poll)
        /// Until robots.txt of its address' origin is known.
        case parked(Poll)
        case requested(UInt64, Poll)
        /// A batch is on its way; what to save when it is acknowledged.
        case pending(batch: UInt64, FeedState, [SeenEntry], isCut: Bool)
    }

    /// A poll on its way through redirects, or through the pages of what it brought.
    struct Poll {
        var address: WebAddress
        var hopCount = 0
        var isConditional: Bool
        /// Every redirect so far was for good.
        var isPermanentMove = true
        /// The address is a page's.
        var round: PageRound?
    }

    let settings: Settings
    var random: SplitMix64
    var feeds: [String: Feed] = [:]
    var sites: SiteQueue
    var robots: RobotsCache
    var dueQueue = DueQueue()
    var batches: [UInt64: String] = [:]
    /// Purpose and site of each request under way, also of feeds removed meanwhile.
    var requests: [UInt64: (purpose: Request.Purpose, site: String)] = [:]
    var nextRequest: UInt64 = 1
    var nextBatch: UInt64
    var isDraining = false
    var isPaused = false
    /// Feeds that are to go.
    var leaving: Set<String> = []
    var roundCount = 0
    /// Feeds in the phase `queued`, and some that were there once.
    var queued: ArraySlice<String> = []

    /// - Parameters:
    ///   - seed: of the jitter.
    ///   - firstBatch: number of the first batch; numbers count up from it.
    ///   - now: no site is asked within its gap of this.
    package init(settings: Settings = Settings(), seed: UInt64, firstBatch: UInt64 = 1, now: Timestamp) {
        self.settings = settings
        random = SplitMix64(seed: seed)
        nextBatch = firstBatch
        robots = RobotsCache(settings.robots)
        sites = SiteQueue(gapMilliseconds: settings.siteGapMilliseconds, openedAt: now)
    }

    package var feedCount: Int { feeds.count }
    /// Whether nothing is under way.
    package var isIdle: Bool { requests.isEmpty && batches.isEmpty }

    /// When the next tick can have an effect; nil if only another event can.
    package var nextWake: Timestamp? {
        guard !isDraining, !isPaused, hasRoom else { return nil }
        guard let due = dueQueue.first?.due else { return sites.nextStart }
        return sites.nextStart.map { min($0, due) } ?? due
    }

    var hasRoom: Bool { requests.count < settings.inFlightLimit && batches.count < settings.pendingLimit }

    package func state(of url: String) -> FeedState? { feeds[url]?.state }

    package mutating func handle(_ event: Event, now: Timestamp) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .remember(let memory): remember(memory, now)
        case .add(let list): add(list, now)
        case .remove(let url): if take(out: url) { actions.append(.forget(url: url)) }
        case .leave(let urls): leaving.formUnion(urls)
        case .drop(let urls): for url in urls { _ = take(out: url) }
        case .pause(let isPaused): self.isPaused = isPaused
        case .tick: break
        case .responded(let request, let response): ended(request, response, why: "", now, &actions)
        case .failed(let request, let why): ended(request, nil, why: why, now, &actions)
        case .notBegun(let request): notBegun(request, now, &actions)
        case .acknowledged(let batch): acknowledged(batch, now, &actions)
        case .refused(let batch, let why): refused(batch, why, now, &actions)
        case .drain:
            isDraining = true
            cutRounds(now, &actions)
        }
        if !leaving.isEmpty { letGo(now, &actions) }
        startDue(now, &actions)
        return actions
    }

    /// A request that was decided goes out only now: its site's gap counts from here.
    package mutating func began(_ request: UInt64, now: Timestamp) {
        if let site = requests[request]?.site { sites.started(site, now: now) }
    }

    /// Whether an answer to it would count.
    package func awaits(_ request: UInt64) -> Bool {
        guard let purpose = requests[request]?.purpose else { return false }
        guard let feed = purpose.feed else { return true }
        if case .requested(request, _) = feeds[feed]?.phase { return true }
        return false
    }

    private mutating func notBegun(_ request: UInt64, _ now: Timestamp, _ actions: inout [Action]) {
        guard let (purpose, site) = requests.removeValue(forKey: request) else { return }
        if case .robots(let origin) = purpose {
            sites.enqueue(.robots(origin: origin), at: site)
        } else if let url = purpose.feed, case .requested(request, let poll) = feeds[url]?.phase {
            wait(url, poll, now, &actions)
        }
        sites.finished(site, now: now)
    }

    // MARK: The list of feeds

    private mutating func remember(_ memory: WebMemory, _ now: Timestamp) {
        for state in memory.robots {
            robots.remember(state)
            keepDelay(of: state.origin)
        }
        for hold in memory.holds { sites.hold(hold.site, until: longest(hold.until, now)) }
    }

    mutating func keepDelay(of origin: String) {
        let delay = robots.delayMilliseconds(of: origin)
        if delay > 0, let site = WebAddress(origin).map(Site.name) { sites.setDelay(of: site, milliseconds: delay) }
    }

    static func shortened(_ why: String) -> String { String(why.prefix(200)) }

    func longest(_ time: Timestamp, _ now: Timestamp) -> Timestamp {
        min(time, now.adding(settings.longestIntervalMilliseconds))
    }

    private mutating func add(_ list: [(feed: FeedSpecification, state: FeedState?)], _ now: Timestamp) {
        let fresh = list.count { $0.state?.lastAttempt == nil && $0.feed.intervalMilliseconds == nil }
        for (feed, remembered) in list {
            if feeds[feed.url] != nil {
                change(feed, now)
            } else {
                add(feed, remembered, isBurst: fresh > settings.burstCount, now)
            }
        }
    }

    private mutating func change(_ feed: FeedSpecification, _ now: Timestamp) {
        guard var present = feeds[feed.url] else { return }
        sites.removeFeed(from: present.site, fixedMilliseconds: present.fixedMilliseconds)
        sites.addFeed(at: present.site, fixedMilliseconds: feed.intervalMilliseconds)
        present.fixedMilliseconds = feed.intervalMilliseconds
        present.wantsPages = feed.wantsPages
        present.state.isGone = false
        feeds[feed.url] = present
        if case .idle = present.phase { schedule(feed.url, at: min(present.due, nextDue(present, now))) }
    }

    private mutating func add(_ feed: FeedSpecification, _ remembered: FeedState?, isBurst: Bool, _ now: Timestamp) {
        let state = remembered ?? FeedState(url: feed.url, intervalMilliseconds: settings.firstIntervalMilliseconds)
        guard let address = WebAddress(state.address) ?? WebAddress(feed.url) else { return }
        let site = Site.name(address)
        var added = Feed(
            state: state, fixedMilliseconds: feed.intervalMilliseconds, wantsPages: feed.wantsPages, site: site,
            due: now)
        if state.lastAttempt != nil {
            added.due = nextDue(added, now)
        } else if isBurst, feed.intervalMilliseconds == nil {
            added.due = now.adding(random.below(settings.shortestIntervalMilliseconds))
        }
        feeds[feed.url] = added
        sites.addFeed(at: site, fixedMilliseconds: feed.intervalMilliseconds)
        if !state.isGone { schedule(feed.url, at: added.due) }
    }

    /// - Returns: whether it was there.
    private mutating func take(out url: String) -> Bool {
        leaving.remove(url)
        leaveRound(url)
        guard let feed = feeds.removeValue(forKey: url) else { return false }
        switch feed.phase {
        // The articles of an unacknowledged batch are still good; its acknowledgement is only not remembered.
        case .pending(let batch, _, _, _): batches[batch] = nil
        case .waiting(let poll): sites.withdraw(url, from: Site.name(poll.address))
        case .parked(let poll): robots.withdraw(url, from: poll.address.origin)
        case .idle, .queued, .requested: break
        }
        sites.removeFeed(from: feed.site, fixedMilliseconds: feed.fixedMilliseconds)
        return true
    }

    /// Of the feeds that are to go, those of which nothing is under way.
    private mutating func letGo(_ now: Timestamp, _ actions: inout [Action]) {
        for url in leaving.sorted() {
            if let feed = feeds[url] { cutRound(of: feed, now, &actions) }
            switch feeds[url]?.phase {
            case .requested, .pending: continue
            case .idle, .queued, .waiting, .parked, nil:
                _ = take(out: url)
                leaving.remove(url)
                actions.append(.left(url: url))
            }
        }
    }

    // MARK: Starting

    mutating func schedule(_ url: String, at due: Timestamp) {
        leaveRound(url)
        feeds[url]?.due = due
        feeds[url]?.phase = .idle
        dueQueue.insert(url, due: due)
    }

    private mutating func startDue(_ now: Timestamp, _ actions: inout [Action]) {
        while let (due, url) = dueQueue.first, due <= now {
            dueQueue.removeFirst()
            // An entry whose feed was rescheduled or removed since is stale.
            guard let feed = feeds[url], case .idle = feed.phase, feed.due == due, !feed.state.isGone else { continue }
            if feed.wantsPages {
                feeds[url]?.phase = .queued
                queued.append(url)
            } else {
                poll(url, feed, now, &actions)
            }
        }
        while roundCount < settings.roundLimit, let url = queued.popFirst() {
            guard let feed = feeds[url], case .queued = feed.phase else { continue }
            enterRound(url)
            poll(url, feed, now, &actions)
        }
        guard !isDraining, !isPaused else { return }
        while hasRoom, let (site, errand) = sites.takeNext(now: now) {
            switch errand {
            case .feed(let url): start(url, at: site, now, &actions)
            case .robots(let origin):
                if let address = robots.address(of: origin) {
                    request(.robots(origin: origin), address, at: site, now, &actions)
                } else {
                    sites.finished(site, now: now)
                }
            }
        }
    }

    private mutating func poll(_ url: String, _ feed: Feed, _ now: Timestamp, _ actions: inout [Action]) {
        guard let address = WebAddress(feed.state.address) ?? WebAddress(url) else { return }
        wait(url, Poll(address: address, isConditional: isConditional(feed.state, now)), now, &actions)
    }

    /// In the queue of the address' site; but not with one of the places of rounds while the site is left alone.
    mutating func wait(_ url: String, _ poll: Poll, _ now: Timestamp, _ actions: inout [Action]) {
        let site = Site.name(poll.address)
        if makesWay(url, poll, at: site, now, &actions) { return }
        feeds[url]?.phase = .waiting(poll)
        sites.enqueue(.feed(url), at: site)
    }

    private func isConditional(_ state: FeedState, _ now: Timestamp) -> Bool {
        guard !state.hasWrongValidators, state.unchangedCount < settings.unconditionalAfterCount else { return false }
        return state.lastFull.map { now < $0.adding(settings.unconditionalAfterMilliseconds) } ?? true
    }

    /// It is the feed's turn at its site: robots.txt decides what becomes of it.
    private mutating func start(_ url: String, at site: String, _ now: Timestamp, _ actions: inout [Action]) {
        guard var feed = feeds[url], case .waiting(let poll) = feed.phase else {
            sites.finished(site, now: now)
            return
        }
        let origin = poll.address.origin
        switch robots.verdict(on: poll.address, now: now) {
        case .allowed:
            if let round = poll.round {
                let purpose = Request.Purpose.page(feed: url, entry: round.entry)
                return request(purpose, poll.address, at: site, now, &actions)
            }
            if poll.hopCount == 0 {
                feed.state.lastAttempt = now
                feeds[url] = feed
                actions.append(.saveAttempt(url: url, at: now))
            }
            request(.feed(url: url), poll.address, at: site, now, &actions)
        case .ask:
            feeds[url]?.phase = .parked(poll)
            actions.append(.saveRobots(robots.ask(origin, now: now)))
            robots.park(url, at: origin)
            request(.robots(origin: origin), robots.address(of: origin)!, at: site, now, &actions)
        case .wait:
            sites.finished(site, now: now)
            if let asked = robots.address(of: origin).map(Site.name), makesWay(url, poll, at: asked, now, &actions) {
                return
            }
            feeds[url]?.phase = .parked(poll)
            robots.park(url, at: origin)
        case .forbidden:
            sites.finished(site, now: now)
            if let round = poll.round { return proceed(feed, round, hasPage: false, now, &actions) }
            feed.state.lastError = "robots.txt of \(origin) forbids it"
            feeds[url] = feed
            actions.append(.save(feed.state, seen: []))
            schedule(url, at: now.adding(settings.robots.forbiddenMilliseconds))
        case .closed(let time):
            sites.finished(site, now: now)
            let why = "robots.txt of \(origin) cannot be had"
            if let round = poll.round { return refused(feed, round, why, now, &actions) }
            feed.state.lastError = why
            feeds[url] = feed
            actions.append(.save(feed.state, seen: []))
            schedule(url, at: time)
        }
    }

    private mutating func request(
        _ purpose: Request.Purpose, _ address: WebAddress, at site: String, _ now: Timestamp, _ actions: inout [Action]
    ) {
        var request = Request(number: nextRequest, purpose: purpose, address: address.href)
        nextRequest += 1
        requests[request.number] = (purpose, site)
        sites.started(site, now: now)
        if let url = purpose.feed, let feed = feeds[url], case .waiting(let poll) = feed.phase {
            feeds[url]?.phase = .requested(request.number, poll)
            if poll.isConditional {
                request.etag = feed.state.etag
                request.lastModified = feed.state.lastModified
            }
        }
        actions.append(.start(request))
    }

    // MARK: Intervals

    /// One interval after the last attempt, doubled for each failure, with jitter; never in the past.
    mutating func nextDue(_ feed: Feed, _ now: Timestamp) -> Timestamp {
        let longest = settings.longestIntervalMilliseconds
        var interval = feed.fixedMilliseconds ?? feed.state.intervalMilliseconds
        if feed.state.failureCount > 0 {
            let limit = feed.fixedMilliseconds == nil ? longest : max(interval, 3_600_000)
            interval = min(max(interval, 1000) << Int64(min(feed.state.failureCount, 12)), limit)
        }
        if feed.fixedMilliseconds == nil { interval += random.below(interval / 5 + 1) - interval / 10 }
        // A clock that was set back must not silence a feed.
        let last = min(feed.state.lastAttempt ?? now, now)
        return max(last.adding(interval), now)
    }
}

extension Timestamp {
    func adding(_ milliseconds: Int64) -> Timestamp {
        let sum = self.milliseconds.addingReportingOverflow(milliseconds)
        return sum.overflow ? self : Timestamp(milliseconds: sum.partialValue)
    }
}
