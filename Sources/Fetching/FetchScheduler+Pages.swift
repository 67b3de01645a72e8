import News

/// The pages of a feed's new entries: asked for before the entries are sent, at the pace of their sites.
///
/// A page that cannot be had leaves its entry as the feed has it. A site that says "later" ends the round: what has its page is
/// sent, the rest is left for the next poll; only when a feed has had no page at all for `patienceCount` polls its entries go
/// without.
extension FetchScheduler {
    static let patienceCount = 3
    /// A round does not wait for a site that is held for longer.
    static let roundPatienceMilliseconds: Int64 = 60_000

    mutating func begin(_ round: PageRound, _ now: Timestamp, _ actions: inout [Action]) {
        guard let feed = feeds[round.state.url] else { return }
        actions.append(.keep(feed: round.state.url, entries: round.new.map(\.index)))
        go(on: round, of: feed, now, &actions)
    }

    mutating func endedPage(
        _ feed: Feed, _ poll: Poll, _ round: PageRound, _ response: Response?, _ now: Timestamp,
        _ actions: inout [Action]
    ) {
        switch response?.status {
        case 429?, 503?: refused(feed, round, "status \(response!.status) of a page", now, &actions)
        case 301?, 302?, 303?, 307?, 308?:
            guard let target = response?.target(from: poll.address),
                let next = poll.redirected(to: target, status: response!.status)
            else { return proceed(feed, round, hasPage: false, now, &actions) }
            if isDraining { return cut(feed, round, now, &actions) }
            wait(feed.state.url, next, now, &actions)
        default: proceed(feed, round, hasPage: response?.status == 200, now, &actions)
        }
    }

    /// The page's turn is over.
    mutating func proceed(
        _ feed: Feed, _ round: PageRound, hasPage: Bool, _ now: Timestamp, _ actions: inout [Action]
    ) {
        var round = round
        round.advance(hasPage: hasPage)
        go(on: round, of: feed, now, &actions)
    }

    private mutating func go(on round: PageRound, of feed: Feed, _ now: Timestamp, _ actions: inout [Action]) {
        guard let address = round.address else {
            return put(round.state, round.new, round.seen, isCut: round.leavesUnknown, &actions)
        }
        if isDraining { return cut(feed, round, now, &actions) }
        wait(feed.state.url, Poll(address: address, isConditional: false, round: round), now, &actions)
    }

    /// The site of the page whose turn it is does not want to be asked now.
    mutating func refused(
        _ feed: Feed, _ round: PageRound, _ why: String, _ now: Timestamp, _ actions: inout [Action]
    ) {
        var round = round
        let failureCount = feed.state.failureCount
        if round.pageCount == 0, failureCount >= Self.patienceCount {
            return put(round.state, round.new, round.seen, isCut: round.leavesUnknown, &actions)
        }
        round.noteFailure(why, failureCount: round.pageCount > 0 ? 1 : failureCount + 1)
        cut(feed, round, now, &actions)
    }

    /// Ends the round with what has its page.
    private mutating func cut(_ feed: Feed, _ round: PageRound, _ now: Timestamp, _ actions: inout [Action]) {
        var round = round
        round.cut()
        guard round.new.isEmpty else {
            return put(round.state, round.new, round.seen, isCut: round.leavesUnknown, &actions)
        }
        var feed = feed
        feed.state = round.state
        finish(feed, [], isCut: true, now, &actions)
    }

    /// For the end of the process.
    mutating func cutRounds(_ now: Timestamp, _ actions: inout [Action]) {
        for (_, feed) in feeds.sorted(by: { $0.key < $1.key }) { cutRound(of: feed, now, &actions) }
    }

    /// If it is in the midst of a round, and no page is under way.
    mutating func cutRound(of feed: Feed, _ now: Timestamp, _ actions: inout [Action]) {
        switch feed.phase {
        case .waiting(let poll):
            guard let round = poll.round else { return }
            sites.withdraw(feed.state.url, from: Site.name(poll.address))
            cut(feed, round, now, &actions)
        case .parked(let poll):
            guard let round = poll.round else { return }
            robots.withdraw(feed.state.url, from: poll.address.origin)
            cut(feed, round, now, &actions)
        default: return
        }
    }

    // MARK: How many at a time

    /// Nobody with a place waits for a site that said "later" while others could be polled: the round ends, or the poll comes again
    /// when the site may be asked.
    /// - Returns: whether that is so; if not, nothing was done.
    mutating func makesWay(
        _ url: String, _ poll: Poll, at site: String, _ now: Timestamp, _ actions: inout [Action]
    ) -> Bool {
        let held = sites.heldUntil(site)
        guard held > now.adding(Self.roundPatienceMilliseconds), let feed = feeds[url], feed.holdsRound else {
            return false
        }
        if let round = poll.round {
            refused(feed, round, "\(site) is not to be asked for pages now", now, &actions)
        } else {
            schedule(url, at: held)
        }
        return true
    }

    /// So do those that wait there already, also those that wait for a robots.txt from there.
    mutating func makeWay(at site: String, _ now: Timestamp, _ actions: inout [Action]) {
        for errand in sites.waiting(at: site) {
            switch errand {
            case .feed(let url):
                guard case .waiting(let poll) = feeds[url]?.phase else { continue }
                if makesWay(url, poll, at: site, now, &actions) { sites.withdraw(url, from: site) }
            case .robots(let origin):
                for url in robots.parked(at: origin) {
                    guard case .parked(let poll) = feeds[url]?.phase else { continue }
                    if makesWay(url, poll, at: site, now, &actions) { robots.withdraw(url, from: origin) }
                }
            }
        }
    }

    mutating func enterRound(_ url: String) {
        feeds[url]?.holdsRound = true
        roundCount += 1
    }

    mutating func leaveRound(_ url: String) {
        guard feeds[url]?.holdsRound == true else { return }
        feeds[url]?.holdsRound = false
        roundCount -= 1
    }
}

extension FetchScheduler.Response {
    /// Where a redirect leads.
    func target(from address: WebAddress) -> WebAddress? { location.flatMap { WebAddress($0, base: address) } }
}

extension FetchScheduler.Poll {
    /// - Returns: nil if it was redirected too often.
    func redirected(to target: WebAddress, status: Int) -> FetchScheduler.Poll? {
        guard hopCount < FetchScheduler.hopLimitCount else { return nil }
        var next = self
        next.address = target
        next.hopCount += 1
        next.isPermanentMove = isPermanentMove && (status == 301 || status == 308)
        return next
    }
}
