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
        package var contentHash: Digest256

        package init(key: ArticleKey, contentHash: Digest256) {
            self.key = key
            self.contentHash = contentHash
        }
    }

    package enum Event: Sendable {
        /// What was saved by who ran before; comes first, if at all.
        case remember(WebMemory)
        /// Feeds to poll from now on, each with what is remembered of it. A feed already there takes the new interval.
        case add([(feed: FeedSpecification, state: FeedState?)])
        case remove(url: String)
        case tick
        case responded(request: UInt64, Response)
        /// No answer, or one that could not be used.
        case failed(request: UInt64, why: String)
        /// Everything in the batch is durable.
        case acknowledged(batch: UInt64)
        /// No more starts; what is under way is finished.
        case drain
    }

    package struct Request: Equatable, Sendable {
        package enum Purpose: Equatable, Sendable {
            case feed(url: String)
            case robots(origin: String)
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
        /// Which entries of the response are new, and the first-seen time each is to be sent with.
        package var entries: [(index: Int, firstSeen: Timestamp)]

        package static func == (left: Batch, right: Batch) -> Bool {
            left.number == right.number && left.feed == right.feed
                && left.entries.elementsEqual(right.entries) { $0.index == $1.index && $0.firstSeen == $1.firstSeen }
        }
    }

    package enum Action: Equatable, Sendable {
        /// Durably, before the next action is begun.
        case saveAttempt(url: String, at: Timestamp)
        /// Durably, before the next action is begun.
        case saveRobots(RobotsState)
        case saveHold(SiteHold)
        case start(Request)
        case put(Batch)
        /// The state and the entries seen, in one transaction.
        case save(FeedState, seen: [SeenEntry])
        /// All that is remembered of the feed.
        case forget(url: String)
    }

    private struct Feed {
        var state: FeedState
        var fixedMilliseconds: Int64?
        /// Where its polls begin.
        var site: String
        var phase = Phase.idle
        var due: Timestamp
    }

    private enum Phase {
        case idle
        /// In the queue of its address' site.
        case waiting(Poll)
        /// Until robots.txt of its address' origin is known.
        case parked(Poll)
        case requested(UInt64, Poll)
        /// A batch is on its way; what to save when it is acknowledged.
        case pending(batch: UInt64, FeedState, [SeenEntry])
    }

    /// A poll on its way through redirects.
    private struct Poll {
        var address: WebAddress
        var hopCount = 0
        var isConditional: Bool
        /// Every redirect so far was for good.
        var isPermanentMove = true
    }

    private let settings: Settings
    private var random: SplitMix64
    private var feeds: [String: Feed] = [:]
    private var sites: SiteQueue
    private var robots: RobotsCache
    private var dueQueue = DueQueue()
    private var batches: [UInt64: String] = [:]
    /// Purpose and site of each request under way, also of feeds removed meanwhile.
    private var requests: [UInt64: (purpose: Request.Purpose, site: String)] = [:]
    private var nextRequest: UInt64 = 1
    private var nextBatch: UInt64
    private var isDraining = false

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
        guard !isDraining, hasRoom else { return nil }
        guard let due = dueQueue.first?.due else { return sites.nextStart }
        return sites.nextStart.map { min($0, due) } ?? due
    }

    private var hasRoom: Bool { requests.count < settings.inFlightLimit && batches.count < settings.pendingLimit }

    package func state(of url: String) -> FeedState? { feeds[url]?.state }

    package mutating func handle(_ event: Event, now: Timestamp) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .remember(let memory): remember(memory, now)
        case .add(let list): add(list, now)
        case .remove(let url): remove(url, now, &actions)
        case .tick: break
        case .responded(let request, let response): ended(request, response, why: "", now, &actions)
        case .failed(let request, let why): ended(request, nil, why: why, now, &actions)
        case .acknowledged(let batch): acknowledged(batch, now, &actions)
        case .drain: isDraining = true
        }
        startDue(now, &actions)
        return actions
    }

    // MARK: The list of feeds

    private mutating func remember(_ memory: WebMemory, _ now: Timestamp) {
        for state in memory.robots {
            robots.remember(state)
            keepDelay(of: state.origin)
        }
        for hold in memory.holds { sites.hold(hold.site, until: longest(hold.until, now)) }
    }

    private mutating func keepDelay(of origin: String) {
        let delay = robots.delayMilliseconds(of: origin)
        if delay > 0, let site = WebAddress(origin).map(Site.name) { sites.setDelay(of: site, milliseconds: delay) }
    }

    private func longest(_ time: Timestamp, _ now: Timestamp) -> Timestamp {
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
        present.state.isGone = false
        feeds[feed.url] = present
        if case .idle = present.phase { schedule(feed.url, at: min(present.due, nextDue(present, now))) }
    }

    private mutating func add(_ feed: FeedSpecification, _ remembered: FeedState?, isBurst: Bool, _ now: Timestamp) {
        let state = remembered ?? FeedState(url: feed.url, intervalMilliseconds: settings.firstIntervalMilliseconds)
        guard let address = WebAddress(state.address) ?? WebAddress(feed.url) else { return }
        let site = Site.name(address)
        var added = Feed(state: state, fixedMilliseconds: feed.intervalMilliseconds, site: site, due: now)
        if state.lastAttempt != nil {
            added.due = nextDue(added, now)
        } else if isBurst, feed.intervalMilliseconds == nil {
            added.due = now.adding(random.below(settings.shortestIntervalMilliseconds))
        }
        feeds[feed.url] = added
        sites.addFeed(at: site, fixedMilliseconds: feed.intervalMilliseconds)
        if !state.isGone { schedule(feed.url, at: added.due) }
    }

    private mutating func remove(_ url: String, _ now: Timestamp, _ actions: inout [Action]) {
        guard let feed = feeds.removeValue(forKey: url) else { return }
        switch feed.phase {
        // The articles of an unacknowledged batch are still good; its acknowledgement is only not remembered.
        case .pending(let batch, _, _): batches[batch] = nil
        case .waiting(let poll): sites.withdraw(url, from: Site.name(poll.address))
        case .parked(let poll): robots.withdraw(url, from: poll.address.origin)
        case .idle, .requested: break
        }
        sites.removeFeed(from: feed.site, fixedMilliseconds: feed.fixedMilliseconds)
        actions.append(.forget(url: url))
    }

    // MARK: Starting

    private mutating func schedule(_ url: String, at due: Timestamp) {
        feeds[url]?.due = due
        feeds[url]?.phase = .idle
        dueQueue.insert(url, due: due)
    }

    private mutating func startDue(_ now: Timestamp, _ actions: inout [Action]) {
        while let (due, url) = dueQueue.first, due <= now {
            dueQueue.removeFirst()
            // An entry whose feed was rescheduled or removed since is stale.
            guard let feed = feeds[url], case .idle = feed.phase, feed.due == due, !feed.state.isGone else { continue }
            guard let address = WebAddress(feed.state.address) ?? WebAddress(url) else { continue }
            wait(url, Poll(address: address, isConditional: isConditional(feed.state, now)))
        }
        guard !isDraining else { return }
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

    private mutating func wait(_ url: String, _ poll: Poll) {
        feeds[url]?.phase = .waiting(poll)
        sites.enqueue(.feed(url), at: Site.name(poll.address))
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
            feeds[url]?.phase = .parked(poll)
            robots.park(url, at: origin)
            sites.finished(site, now: now)
        case .forbidden:
            sites.finished(site, now: now)
            feed.state.lastError = "robots.txt of \(origin) forbids it"
            feeds[url] = feed
            actions.append(.save(feed.state, seen: []))
            schedule(url, at: now.adding(settings.robots.forbiddenMilliseconds))
        case .closed(let time):
            sites.finished(site, now: now)
            feed.state.lastError = "robots.txt of \(origin) cannot be had"
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
        if case .feed(let url) = purpose, let feed = feeds[url], case .waiting(let poll) = feed.phase {
            feeds[url]?.phase = .requested(request.number, poll)
            if poll.isConditional {
                request.etag = feed.state.etag
                request.lastModified = feed.state.lastModified
            }
        }
        actions.append(.start(request))
    }

    // MARK: Answers

    /// - Parameter response: nil if there was none that could be used, and `why`.
    private mutating func ended(
        _ number: UInt64, _ response: Response?, why: String, _ now: Timestamp, _ actions: inout [Action]
    ) {
        guard let (purpose, site) = requests.removeValue(forKey: number) else { return }
        if let response { heed(response, at: site, now, &actions) }
        switch purpose {
        case .robots(let origin): endedRobots(origin, response, now, &actions)
        case .feed(let url):
            if let feed = feeds[url], case .requested(number, let poll) = feed.phase {
                if let response {
                    responded(feed, poll, response, now, &actions)
                } else {
                    fail(feed, why, now, &actions)
                }
            }
        }
        sites.finished(site, now: now)
    }

    /// A server that is busy speaks for its site.
    private mutating func heed(
        _ response: Response, at site: String, _ now: Timestamp, _ actions: inout [Action]
    ) {
        guard response.status == 429 || response.status == 503 else { return }
        guard let time = response.retryAt ?? (response.status == 429 ? now.adding(Self.busyMilliseconds) : nil) else {
            return
        }
        let until = longest(time, now)
        sites.hold(site, until: until)
        actions.append(.saveHold(SiteHold(site: site, until: until)))
    }

    private mutating func endedRobots(
        _ origin: String, _ response: Response?, _ now: Timestamp, _ actions: inout [Action]
    ) {
        if let response, (300..<400).contains(response.status), let from = robots.address(of: origin),
            let target = response.location.flatMap({ WebAddress($0, base: from) }),
            robots.redirected(origin, to: target)
        {
            sites.enqueue(.robots(origin: origin), at: Site.name(target))
            return
        }
        guard
            let (state, parked) = robots.answered(
                origin, status: response?.status, text: response?.text ?? [], now: now)
        else { return }
        actions.append(.saveRobots(state))
        keepDelay(of: origin)
        for url in parked { if case .parked(let poll) = feeds[url]?.phase { wait(url, poll) } }
    }

    private mutating func responded(
        _ feed: Feed, _ poll: Poll, _ response: Response, _ now: Timestamp, _ actions: inout [Action]
    ) {
        switch response.status {
        case 200: full(feed, poll, response, now, &actions)
        case 304:
            var feed = feed
            // An answer to no question counts as none of those that were asked.
            feed.state.unchangedCount = poll.isConditional ? feed.state.unchangedCount + 1 : 0
            succeed(&feed, poll, hasNews: false, now)
            finish(feed, [], now, &actions)
        case 301, 302, 303, 307, 308: redirected(feed, poll, response, now, &actions)
        case 410:
            var feed = feed
            feed.state.isGone = true
            feed.state.lastError = "status 410: it is gone"
            feed.phase = .idle
            feeds[feed.state.url] = feed
            actions.append(.save(feed.state, seen: []))
        default:
            fail(feed, "status \(response.status)", now, &actions)
        }
    }

    private mutating func full(
        _ feed: Feed, _ poll: Poll, _ response: Response, _ now: Timestamp, _ actions: inout [Action]
    ) {
        var feed = feed
        let url = feed.state.url
        let (new, seen) = news(in: response, now)
        if !poll.isConditional, !new.isEmpty, let etag = response.etag, etag == feed.state.etag {
            feed.state.hasWrongValidators = true
        }
        feed.state.etag = response.etag
        feed.state.lastModified = response.lastModified
        feed.state.unchangedCount = 0
        feed.state.lastFull = now
        succeed(&feed, poll, hasNews: !new.isEmpty, now)
        guard !new.isEmpty else { return finish(feed, [], now, &actions) }
        let batch = Batch(number: nextBatch, feed: url, entries: new)
        nextBatch += 1
        batches[batch.number] = url
        // Nothing of this answer counts before it is acknowledged.
        feeds[url]?.phase = .pending(batch: batch.number, feed.state, seen)
        #if PLANTED_ETAG_BEFORE_ACK
            actions.append(.save(feed.state, seen: seen))
        #endif
        actions.append(.put(batch))
    }

    private mutating func redirected(
        _ feed: Feed, _ poll: Poll, _ response: Response, _ now: Timestamp, _ actions: inout [Action]
    ) {
        guard let location = response.location, let target = WebAddress(location, base: poll.address) else {
            let target = response.location.map { "to \"\($0.prefix(100))\"" } ?? "without a target"
            return fail(feed, "status \(response.status) \(target)", now, &actions)
        }
        guard poll.hopCount < Self.hopLimitCount else {
            return fail(feed, "more than \(Self.hopLimitCount) redirects", now, &actions)
        }
        var next = poll
        next.address = target
        next.hopCount += 1
        next.isPermanentMove = poll.isPermanentMove && (response.status == 301 || response.status == 308)
        wait(feed.state.url, next)
    }

    /// Entries not known, or known with another content. Of several with one key the first counts: feeds are newest first.
    private func news(in response: Response, _ now: Timestamp) -> ([(index: Int, firstSeen: Timestamp)], [SeenEntry]) {
        var new: [(index: Int, firstSeen: Timestamp)] = []
        var seen: [SeenEntry] = []
        var keys: Set<ArticleKey> = []
        for (index, entry) in response.entries.enumerated() where keys.insert(entry.key).inserted {
            if let known = response.known[entry.key], known.contentHash == entry.contentHash { continue }
            new.append((index, now))
            seen.append(SeenEntry(key: entry.key, contentHash: entry.contentHash, firstSeen: now))
        }
        return (new, seen)
    }

    private func succeed(_ feed: inout Feed, _ poll: Poll, hasNews: Bool, _ now: Timestamp) {
        feed.state.failureCount = 0
        feed.state.lastError = nil
        feed.state.lastSuccess = now
        if hasNews { feed.state.noteNews(at: now) }
        if poll.hopCount > 0, poll.isPermanentMove {
            feed.state.movedTo = poll.address.href == feed.state.url ? nil : poll.address.href
        }
        // Faster when there was something new, slower when not; both gently, because news comes in bursts.
        let interval = feed.state.intervalMilliseconds
        let next = hasNews ? interval / 10 * 6 : interval / 4 * 5
        feed.state.intervalMilliseconds = min(
            max(next, settings.shortestIntervalMilliseconds), settings.longestIntervalMilliseconds)
    }

    private mutating func finish(_ feed: Feed, _ seen: [SeenEntry], _ now: Timestamp, _ actions: inout [Action]) {
        var feed = feed
        if let site = WebAddress(feed.state.address).map(Site.name), site != feed.site {
            sites.removeFeed(from: feed.site, fixedMilliseconds: feed.fixedMilliseconds)
            sites.addFeed(at: site, fixedMilliseconds: feed.fixedMilliseconds)
            feed.site = site
        }
        feeds[feed.state.url] = feed
        actions.append(.save(feed.state, seen: seen))
        schedule(feed.state.url, at: nextDue(feed, now))
    }

    private mutating func fail(_ feed: Feed, _ why: String, _ now: Timestamp, _ actions: inout [Action]) {
        var feed = feed
        feed.state.failureCount += 1
        feed.state.lastError = String(why.prefix(200))
        finish(feed, [], now, &actions)
    }

    private mutating func acknowledged(_ batch: UInt64, _ now: Timestamp, _ actions: inout [Action]) {
        guard let url = batches.removeValue(forKey: batch), var feed = feeds[url],
            case .pending(batch, let state, let seen) = feed.phase
        else { return }
        let isGone = feed.state.isGone
        feed.state = state
        feed.state.isGone = isGone
        finish(feed, seen, now, &actions)
    }

    // MARK: Intervals

    /// One interval after the last attempt, doubled for each failure, with jitter; never in the past.
    private mutating func nextDue(_ feed: Feed, _ now: Timestamp) -> Timestamp {
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
