import News

/// What becomes of an answer.
extension FetchScheduler {
    /// - Parameter response: nil if there was none that could be used, and `why`.
    mutating func ended(
        _ number: UInt64, _ response: Response?, why: String, _ now: Timestamp, _ actions: inout [Action]
    ) {
        guard let (purpose, site) = requests.removeValue(forKey: number) else { return }
        if let response { heed(response, at: site, now, &actions) }
        switch purpose {
        case .robots(let origin): endedRobots(origin, response, now, &actions)
        case .feed(let url), .page(let url, _):
            if let feed = feeds[url], case .requested(number, let poll) = feed.phase {
                if let round = poll.round {
                    endedPage(feed, poll, round, response, now, &actions)
                } else if let response {
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
        makeWay(at: site, now, &actions)
    }

    private mutating func endedRobots(
        _ origin: String, _ response: Response?, _ now: Timestamp, _ actions: inout [Action]
    ) {
        if let response, (300..<400).contains(response.status), let from = robots.address(of: origin),
            let target = response.location.flatMap({ WebAddress($0, base: from) }),
            robots.redirected(origin, to: target)
        {
            let site = Site.name(target)
            sites.enqueue(.robots(origin: origin), at: site)
            makeWay(at: site, now, &actions)
            return
        }
        guard
            let (state, parked) = robots.answered(
                origin, status: response?.status, text: response?.text ?? [], now: now)
        else { return }
        actions.append(.saveRobots(state))
        keepDelay(of: origin)
        for url in parked { if case .parked(let poll) = feeds[url]?.phase { wait(url, poll, now, &actions) } }
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
            leaveRound(feed.state.url)
            actions.append(.save(feed.state, seen: []))
        default:
            fail(feed, "status \(response.status)", now, &actions)
        }
    }

    private mutating func full(
        _ feed: Feed, _ poll: Poll, _ response: Response, _ now: Timestamp, _ actions: inout [Action]
    ) {
        var feed = feed
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
        if feed.wantsPages {
            return begin(PageRound(feed.state, new, seen, response, settings.roundPageCount), now, &actions)
        }
        put(feed.state, new, seen, isCut: false, &actions)
    }

    /// Nothing of this answer counts before it is acknowledged.
    mutating func put(
        _ state: FeedState, _ new: [NewEntry], _ seen: [SeenEntry], isCut: Bool, _ actions: inout [Action]
    ) {
        let batch = Batch(number: nextBatch, feed: state.url, entries: new)
        nextBatch += 1
        batches[batch.number] = state.url
        feeds[state.url]?.phase = .pending(batch: batch.number, state, seen, isCut: isCut)
        #if PLANTED_ETAG_BEFORE_ACK
            actions.append(.save(state, seen: seen))
        #endif
        actions.append(.put(batch))
    }

    private mutating func redirected(
        _ feed: Feed, _ poll: Poll, _ response: Response, _ now: Timestamp, _ actions: inout [Action]
    ) {
        guard let target = response.target(from: poll.address) else {
            let target = response.location.map { "to \"\($0.prefix(100))\"" } ?? "without a target"
            return fail(feed, "status \(response.status) \(target)", now, &actions)
        }
        guard let next = poll.redirected(to: target, status: response.status) else {
            return fail(feed, "more than \(Self.hopLimitCount) redirects", now, &actions)
        }
        wait(feed.state.url, next, now, &actions)
    }

    /// Entries not known, or known with another content. Of several with one key the first counts: feeds are newest first.
    private func news(in response: Response, _ now: Timestamp) -> ([NewEntry], [SeenEntry]) {
        var new: [NewEntry] = []
        var seen: [SeenEntry] = []
        var keys: Set<ArticleKey> = []
        for (index, entry) in response.entries.enumerated() where keys.insert(entry.key).inserted {
            if let known = response.known[entry.key], known.contentHash == entry.contentHash { continue }
            new.append(NewEntry(index: index, firstSeen: now))
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

    /// - Parameter isCut: the answer has more, which the next poll is to bring; it follows at once.
    mutating func finish(
        _ feed: Feed, _ seen: [SeenEntry], isCut: Bool = false, _ now: Timestamp, _ actions: inout [Action]
    ) {
        var feed = feed
        if let site = WebAddress(feed.state.address).map(Site.name), site != feed.site {
            sites.removeFeed(from: feed.site, fixedMilliseconds: feed.fixedMilliseconds)
            sites.addFeed(at: site, fixedMilliseconds: feed.fixedMilliseconds)
            feed.site = site
        }
        feeds[feed.state.url] = feed
        actions.append(.save(feed.state, seen: seen))
        schedule(feed.state.url, at: isCut && feed.state.failureCount == 0 ? now : nextDue(feed, now))
    }

    mutating func fail(_ feed: Feed, _ why: String, _ now: Timestamp, _ actions: inout [Action]) {
        var feed = feed
        feed.state.failureCount += 1
        feed.state.lastError = Self.shortened(why)
        finish(feed, [], now, &actions)
    }

    mutating func acknowledged(_ batch: UInt64, _ now: Timestamp, _ actions: inout [Action]) {
        guard let url = batches.removeValue(forKey: batch), var feed = feeds[url],
            case .pending(batch, let state, let seen, let isCut) = feed.phase
        else { return }
        let isGone = feed.state.isGone
        feed.state = state
        feed.state.isGone = isGone
        finish(feed, seen, isCut: isCut, now, &actions)
    }

    /// The poll counts as failed, with what it said: so the feed holds up nobody else, its state tells why, and what it has is
    /// sent anew with a later poll.
    mutating func refused(_ batch: UInt64, _ why: String, _ now: Timestamp, _ actions: inout [Action]) {
        guard let url = batches.removeValue(forKey: batch), let feed = feeds[url],
            case .pending(batch, _, _, _) = feed.phase
        else { return }
        fail(feed, why, now, &actions)
    }
}
