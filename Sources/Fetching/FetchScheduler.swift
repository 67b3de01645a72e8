package import ByteCoding
package import News

// When to fetch which feed, what of an answer is new, and what may be remembered when.
//
// Invariants
// 1. A host has at most one request under way, and between two starts at least its gap passes.
// 2. A feed has at most one request under way or one batch unacknowledged, never both.
// 3. The last attempt is saved before its request starts: actions are carried out in the order given.
// 4. Validators and seen entries of an answer are saved only after everything in it was acknowledged as durable.
// 5. What is sent again after a crash is only what was never acknowledged.
//
// No clock, no network, no dictionary order: the same events give the same actions.

/// See the head of this file.
package struct FetchScheduler: Sendable {
    package struct Settings: Sendable {
        /// Between two starts on one host. A shorter fixed interval of a feed there lowers it (the operator's own word).
        package var hostGapMilliseconds: Int64 = 1000
        package var inFlightLimit = 64
        /// Batches not yet acknowledged; no request starts while there are so many.
        package var pendingLimit = 64
        package var firstIntervalMilliseconds: Int64 = 15 * 60_000
        package var shortestIntervalMilliseconds: Int64 = 5 * 60_000
        package var longestIntervalMilliseconds: Int64 = 24 * 3_600_000
        /// After so many 304s in a row one GET is unconditional, in case the server's validators are wrong.
        package var unconditionalAfterCount = 50
        /// Feeds without state that arrive together in greater number than this are spread over the shortest interval.
        package var burstCount = 32

        package init() {}
    }

    /// What came back for a request.
    package struct Response: Sendable {
        package var status: Int
        package var etag: String?
        package var lastModified: String?
        /// Retry-After, as an instant.
        package var retryAt: Timestamp?
        /// Where the request ended, if every redirect on the way was permanent.
        package var permanentAddress: String?
        /// In the feed's order; empty unless the status is 200.
        package var entries: [Entry]
        /// What is remembered of these entries, for those of which something is.
        package var known: [ArticleKey: SeenEntry]

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
        /// Feeds to poll from now on, each with what is remembered of it. A feed already there takes the new interval.
        case add([(feed: FeedSpecification, state: FeedState?)])
        case remove(url: String)
        case tick
        case responded(request: UInt64, Response)
        /// No answer, or one that could not be used.
        case failed(request: UInt64)
        /// Everything in the batch is durable.
        case acknowledged(batch: UInt64)
        /// No more starts; what is under way is finished.
        case drain
    }

    package struct Request: Equatable, Sendable {
        /// Never given twice by one scheduler.
        package var number: UInt64
        package var feed: String
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
        var host: String
        var phase = Phase.idle
        var due: Timestamp
    }

    private enum Phase {
        case idle
        /// Due, in its host's queue.
        case waiting
        case requested(UInt64)
        /// A batch is on its way; what to save when it is acknowledged.
        case pending(batch: UInt64, FeedState, [SeenEntry])
    }

    private struct Host {
        var waiting: [String] = []
        var isBusy = false
        var nextStart = Timestamp(milliseconds: Int64.min + 1)
        var feedCount = 0
        var shortestFixedMilliseconds: Int64?
    }

    private let settings: Settings
    private var random: SplitMix64
    private var feeds: [String: Feed] = [:]
    private var hosts: [String: Host] = [:]
    /// Hosts with feeds waiting, in the order the first of them came due.
    private var waitingHosts: [String] = []
    private var dueQueue = DueQueue()
    private var batches: [UInt64: String] = [:]
    /// Feed and host of each request under way, also of feeds removed meanwhile.
    private var requests: [UInt64: (url: String, host: String)] = [:]
    private var nextRequest: UInt64 = 1
    private var nextBatch: UInt64
    private var isDraining = false

    /// - Parameters:
    ///   - seed: of the jitter.
    ///   - firstBatch: number of the first batch; numbers count up from it.
    package init(settings: Settings = Settings(), seed: UInt64, firstBatch: UInt64 = 1) {
        self.settings = settings
        random = SplitMix64(seed: seed)
        nextBatch = firstBatch
    }

    package var feedCount: Int { feeds.count }
    /// Whether nothing is under way.
    package var isIdle: Bool { requests.isEmpty && batches.isEmpty }

    /// When the next tick can have an effect; nil if only another event can.
    package var nextWake: Timestamp? {
        guard !isDraining, requests.count < settings.inFlightLimit, batches.count < settings.pendingLimit else {
            return nil
        }
        let ready = waitingHosts.compactMap { name in hosts[name].flatMap { $0.isBusy ? nil : $0.nextStart } }.min()
        guard let due = dueQueue.first?.due else { return ready }
        return ready.map { min($0, due) } ?? due
    }

    package func state(of url: String) -> FeedState? { feeds[url]?.state }

    package mutating func handle(_ event: Event, now: Timestamp) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .add(let list): add(list, now)
        case .remove(let url): remove(url, &actions)
        case .tick: break
        case .responded(let request, let response): responded(request, response, now, &actions)
        case .failed(let request): if let feed = take(request) { fail(feed, now, &actions) }
        case .acknowledged(let batch): acknowledged(batch, now, &actions)
        case .drain: isDraining = true
        }
        startDue(now, &actions)
        return actions
    }

    // MARK: The list of feeds

    private mutating func add(_ list: [(feed: FeedSpecification, state: FeedState?)], _ now: Timestamp) {
        let fresh = list.count { $0.state?.lastAttempt == nil && $0.feed.intervalMilliseconds == nil }
        for (feed, remembered) in list {
            if var present = feeds[feed.url] {
                present.fixedMilliseconds = feed.intervalMilliseconds
                present.state.isGone = false
                feeds[feed.url] = present
                if case .idle = present.phase { schedule(feed.url, at: min(present.due, nextDue(present, now))) }
            } else if let host = WebAddress(feed.url).map({ "\($0.host):\($0.port ?? 0)" }) {
                let state =
                    remembered ?? FeedState(url: feed.url, intervalMilliseconds: settings.firstIntervalMilliseconds)
                var added = Feed(state: state, fixedMilliseconds: feed.intervalMilliseconds, host: host, due: now)
                if state.lastAttempt != nil {
                    added.due = nextDue(added, now)
                } else if fresh > settings.burstCount, feed.intervalMilliseconds == nil {
                    added.due = now.adding(random.below(settings.shortestIntervalMilliseconds))
                }
                feeds[feed.url] = added
                hosts[host, default: Host()].feedCount += 1
                if !state.isGone { schedule(feed.url, at: added.due) }
            }
            if let host = feeds[feed.url]?.host, let fixed = feed.intervalMilliseconds {
                let shortest = hosts[host]?.shortestFixedMilliseconds ?? fixed
                hosts[host]?.shortestFixedMilliseconds = min(shortest, fixed)
            }
        }
    }

    private mutating func remove(_ url: String, _ actions: inout [Action]) {
        guard let feed = feeds.removeValue(forKey: url) else { return }
        // The articles of an unacknowledged batch are still good; its acknowledgement is only not remembered.
        if case .pending(let batch, _, _) = feed.phase { batches[batch] = nil }
        hosts[feed.host]?.waiting.removeAll { $0 == url }
        hosts[feed.host]?.feedCount -= 1
        hosts[feed.host]?.shortestFixedMilliseconds = feeds.values.filter { $0.host == feed.host }.compactMap(
            \.fixedMilliseconds
        ).min()
        if hosts[feed.host]?.waiting.isEmpty == true { waitingHosts.removeAll { $0 == feed.host } }
        dropIfUnused(feed.host)
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
            feeds[url]?.phase = .waiting
            if hosts[feed.host]?.waiting.isEmpty == true { waitingHosts.append(feed.host) }
            hosts[feed.host]?.waiting.append(url)
        }
        guard !isDraining else { return }
        var later: [String] = []
        for name in waitingHosts {
            guard var host = hosts[name], !host.waiting.isEmpty else { continue }
            let isRoom = requests.count < settings.inFlightLimit && batches.count < settings.pendingLimit
            if isRoom, !host.isBusy, host.nextStart <= now {
                let url = host.waiting.removeFirst()
                host.isBusy = true
                host.nextStart = now.adding(gap(host))
                hosts[name] = host
                start(url, now, &actions)
            }
            if !host.waiting.isEmpty { later.append(name) }
        }
        waitingHosts = later
    }

    private mutating func start(_ url: String, _ now: Timestamp, _ actions: inout [Action]) {
        guard var feed = feeds[url] else { return }
        let number = nextRequest
        nextRequest += 1
        requests[number] = (url, feed.host)
        feed.phase = .requested(number)
        feed.state.lastAttempt = now
        feeds[url] = feed
        let isConditional = feed.state.unchangedCount < settings.unconditionalAfterCount
        actions.append(.saveAttempt(url: url, at: now))
        actions.append(
            .start(
                Request(
                    number: number, feed: url, address: feed.state.address, etag: isConditional ? feed.state.etag : nil,
                    lastModified: isConditional ? feed.state.lastModified : nil)))
    }

    private func gap(_ host: Host) -> Int64 {
        guard let fixed = host.shortestFixedMilliseconds else { return settings.hostGapMilliseconds }
        return min(settings.hostGapMilliseconds, fixed / Int64(max(1, host.feedCount)))
    }

    // MARK: Answers

    private mutating func responded(
        _ request: UInt64, _ response: Response, _ now: Timestamp, _ actions: inout [Action]
    ) {
        guard var feed = take(request) else { return }
        let url = feed.state.url
        let isUnconditional = feed.state.unchangedCount >= settings.unconditionalAfterCount
        switch response.status {
        case 200:
            let (new, seen) = news(in: response, now)
            feed.state.etag = response.etag
            feed.state.lastModified = response.lastModified
            feed.state.unchangedCount = 0
            succeed(&feed, response, hasNews: !new.isEmpty, now)
            if new.isEmpty {
                finish(feed, [], now, &actions)
            } else {
                let batch = Batch(number: nextBatch, feed: url, entries: new)
                nextBatch += 1
                batches[batch.number] = url
                var waiting = feed
                // Nothing of this answer counts before it is acknowledged.
                waiting.state = feeds[url]?.state ?? feed.state
                waiting.phase = .pending(batch: batch.number, feed.state, seen)
                feeds[url] = waiting
                #if PLANTED_ETAG_BEFORE_ACK
                    actions.append(.save(feed.state, seen: seen))
                #endif
                actions.append(.put(batch))
            }
        case 304:
            feed.state.unchangedCount = isUnconditional ? 0 : feed.state.unchangedCount + 1
            succeed(&feed, response, hasNews: false, now)
            finish(feed, [], now, &actions)
        case 410:
            feed.state.isGone = true
            feeds[url] = feed
            feeds[url]?.phase = .idle
            actions.append(.save(feed.state, seen: []))
        default:
            if response.status == 429 || response.status == 503, let retryAt = response.retryAt {
                let at = min(retryAt, now.adding(settings.longestIntervalMilliseconds))
                feed.state.notBefore = at
                // The server speaks for its host.
                if let next = hosts[feed.host]?.nextStart, next < at { hosts[feed.host]?.nextStart = at }
            }
            fail(feed, now, &actions)
        }
    }

    /// The feed whose request has ended; nil if it was removed meanwhile.
    private mutating func take(_ request: UInt64) -> Feed? {
        guard let (url, host) = requests.removeValue(forKey: request) else { return nil }
        hosts[host]?.isBusy = false
        dropIfUnused(host)
        guard let feed = feeds[url], case .requested(request) = feed.phase else { return nil }
        return feed
    }

    private mutating func dropIfUnused(_ name: String) {
        if let host = hosts[name], host.feedCount == 0, !host.isBusy { hosts[name] = nil }
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

    private func succeed(_ feed: inout Feed, _ response: Response, hasNews: Bool, _ now: Timestamp) {
        feed.state.failureCount = 0
        feed.state.notBefore = nil
        feed.state.lastSuccess = now
        if let address = response.permanentAddress { feed.state.movedTo = address == feed.state.url ? nil : address }
        // Faster when there was something new, slower when not; both gently, because news comes in bursts.
        let interval = feed.state.intervalMilliseconds
        let next = hasNews ? interval / 10 * 6 : interval / 4 * 5
        feed.state.intervalMilliseconds = min(
            max(next, settings.shortestIntervalMilliseconds), settings.longestIntervalMilliseconds)
    }

    private mutating func finish(_ feed: Feed, _ seen: [SeenEntry], _ now: Timestamp, _ actions: inout [Action]) {
        feeds[feed.state.url] = feed
        actions.append(.save(feed.state, seen: seen))
        schedule(feed.state.url, at: nextDue(feed, now))
    }

    private mutating func fail(_ feed: Feed, _ now: Timestamp, _ actions: inout [Action]) {
        var feed = feed
        feed.state.failureCount += 1
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
        var due = max(last.adding(interval), now)
        if let notBefore = feed.state.notBefore { due = max(due, min(notBefore, now.adding(longest))) }
        return due
    }
}

extension Timestamp {
    func adding(_ milliseconds: Int64) -> Timestamp {
        let sum = self.milliseconds.addingReportingOverflow(milliseconds)
        return sum.overflow ? self : Timestamp(milliseconds: sum.partialValue)
    }
}
