import ByteCoding
import News
import Testing

@testable import Fetching

@Suite("Fetch scheduler")
struct FetchSchedulerTests {
    private typealias Event = FetchScheduler.Event
    private typealias Action = FetchScheduler.Action
    private typealias Response = FetchScheduler.Response

    private let a = "http://a.example/f"
    private let b = "http://a.example/g"
    private let c = "http://c.example/f"

    /// What to ask of `request`'s feed; robots.txt is no feed's.
    private func feed(of request: FetchScheduler.Request) -> String? {
        if case .feed(let url) = request.purpose { url } else { nil }
    }

    private func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    private func entry(_ key: UInt64, _ content: String) -> FetchScheduler.Entry {
        FetchScheduler.Entry(key: ArticleKey(high: 0, low: key), contentHash: SHA256.hash(of: content.utf8))
    }

    private func add(_ feeds: String..., every interval: Int64? = nil) -> Event {
        .add(feeds.map { (FeedSpecification(url: $0, intervalMilliseconds: interval), nil) })
    }

    /// What an origin's robots.txt said just now.
    private func robots(of url: String, _ text: String?, at milliseconds: Int64 = 0) -> RobotsState {
        var state = RobotsState(origin: WebAddress(url)!.origin, lastAttempt: at(milliseconds))
        state.lastAnswer = at(milliseconds)
        state.text = text.map { Array($0.utf8) }
        return state
    }

    /// One that began long before the first event, and knows what robots.txt says: of those not given, nothing.
    private func make(
        _ settings: FetchScheduler.Settings = .init(), seed: UInt64 = 1, robots known: [RobotsState]? = nil,
        knows urls: [String] = []
    ) -> FetchScheduler {
        var scheduler = FetchScheduler(settings: settings, seed: seed, now: at(-200_000))
        let all = known ?? ([a, c] + urls).map { robots(of: $0, nil) }
        _ = scheduler.handle(.remember(WebMemory(robots: all)), now: at(-200_000))
        return scheduler
    }

    private func redirect(_ status: Int, to location: String?) -> Response {
        var response = Response(status: status)
        response.location = location
        return response
    }

    /// What an action is, in a word, for tables.
    private func names(_ actions: [Action]) -> [String] {
        actions.map {
            switch $0 {
            case .saveAttempt(let url, let time): "attempt \(url.suffix(11)) \(time.milliseconds)"
            case .saveRobots(let state): "robots \(state.origin.suffix(9)) \(state.lastAttempt.milliseconds)"
            case .start(let request): "start \(request.number) \(request.address.suffix(11))"
            case .saveHold(let hold): "hold \(hold.site) \(hold.until.milliseconds)"
            case .keep(let feed, let entries): "keep \(feed.suffix(11)) \(entries)"
            case .put(let batch):
                "put \(batch.number) \(batch.entries.map { "\($0.index)@\($0.firstSeen.milliseconds)" }.joined(separator: " "))"
            case .save(let state, let seen): "save \(state.etag ?? "-") \(seen.count)"
            case .forget: "forget"
            case .left(let url): "left \(url.suffix(11))"
            }
        }
    }

    @Test("the life of a feed: attempt before request, validators only after the acknowledgement")
    func life() {
        var scheduler = make()
        var answer = Response(status: 200, entries: [entry(1, "x"), entry(2, "y")])
        answer.etag = "E"
        answer.lastModified = "L"
        #expect(
            names(scheduler.handle(add(a, every: 1000), now: at(0))) == [
                "attempt a.example/f 0", "start 1 a.example/f",
            ])
        #expect(names(scheduler.handle(.responded(request: 1, answer), now: at(10))) == ["put 1 0@10 1@10"])
        #expect(scheduler.state(of: a)?.etag == nil)
        #expect(names(scheduler.handle(.tick, now: at(60_000))) == [])
        #expect(!scheduler.isIdle)
        let actions = scheduler.handle(.acknowledged(batch: 1), now: at(60_000))
        // Long overdue, so the next request starts at once, with what was just saved.
        #expect(names(actions) == ["save E 2", "attempt a.example/f 60000", "start 2 a.example/f"])
        guard case .start(let request) = actions[2] else { return }
        #expect(request.etag == "E" && request.lastModified == "L")
        #expect(names(scheduler.handle(.responded(request: 2, Response(status: 304)), now: at(60_005))) == ["save E 0"])
        #expect(scheduler.nextWake == at(61_000))
    }

    @Test("a batch that is refused is a failed poll: nothing of its answer is remembered, and the next comes later")
    func refusedBatch() {
        var scheduler = make()
        _ = scheduler.handle(add(a, every: 1000), now: at(0))
        var answer = Response(status: 200, entries: [entry(1, "x")])
        answer.etag = "E"
        #expect(names(scheduler.handle(.responded(request: 1, answer), now: at(10))) == ["put 1 0@10"])
        #expect(names(scheduler.handle(.refused(batch: 1, why: "TOO_LARGE"), now: at(20))) == ["save - 0"])
        #expect(scheduler.isIdle)
        #expect(scheduler.state(of: a)?.lastError == "TOO_LARGE")
        #expect(scheduler.nextWake == at(2000))
        #expect(names(scheduler.handle(.tick, now: at(2000))) == ["attempt a.example/f 2000", "start 2 a.example/f"])
        #expect(names(scheduler.handle(.responded(request: 2, answer), now: at(2010))) == ["put 2 0@2010"])
        #expect(scheduler.handle(.refused(batch: 1, why: "late"), now: at(2020)) == [])
    }

    @Test("what is known and acknowledged is not sent again; changed content is, with a new first-seen time")
    func news() {
        var scheduler = make()
        _ = scheduler.handle(add(a, every: 1000), now: at(0))
        var answer = Response(
            status: 200, entries: [entry(1, "x"), entry(2, "new"), entry(3, "z"), entry(2, "repeated")])
        answer.known = [
            entry(1, "").key: SeenEntry(
                key: entry(1, "").key, contentHash: entry(1, "x").contentHash, firstSeen: at(-5)),
            entry(2, "").key: SeenEntry(
                key: entry(2, "").key, contentHash: entry(2, "old").contentHash, firstSeen: at(-5)),
        ]
        #expect(names(scheduler.handle(.responded(request: 1, answer), now: at(20))) == ["put 1 1@20 2@20"])
        let saved = scheduler.handle(.acknowledged(batch: 1), now: at(30))
        guard case .save(_, let seen) = saved[0] else {
            Issue.record("\(saved)")
            return
        }
        #expect(seen.map(\.contentHash) == [entry(2, "new").contentHash, entry(3, "z").contentHash])
        #expect(seen.allSatisfy { $0.firstSeen == at(20) })
    }

    @Test("a content that returns begins a new run")
    func returningContent() {
        var scheduler = make()
        var known: [ArticleKey: SeenEntry] = [:]
        var times: [Int64] = []
        _ = scheduler.handle(add(a, every: 1000), now: at(0))
        for (round, content) in ["x", "x", "y", "x"].enumerated() {
            let now = at(Int64(round) * 1000)
            let request = UInt64(round + 1)
            let actions = scheduler.handle(
                .responded(request: request, Response(status: 200, entries: [entry(1, content)], known: known)),
                now: now)
            for case .put(let batch) in actions {
                times += batch.entries.map(\.firstSeen.milliseconds)
                for case .save(_, let seen) in scheduler.handle(.acknowledged(batch: batch.number), now: now) {
                    for item in seen { known[item.key] = item }
                }
            }
            _ = scheduler.handle(.tick, now: at(Int64(round + 1) * 1000))
        }
        #expect(times == [0, 2000, 3000])
    }

    @Test("one request a host, with its gap between starts; other hosts do not wait")
    func hostGap() {
        var scheduler = make()
        let first = scheduler.handle(add(a, b, c), now: at(0))
        #expect(
            names(first) == [
                "attempt a.example/f 0", "start 1 a.example/f", "attempt c.example/f 0", "start 2 c.example/f",
            ])
        #expect(names(scheduler.handle(.tick, now: at(5000))) == [])
        // The first answers early: the second waits for the gap all the same.
        var early = make()
        _ = early.handle(add(a, b), now: at(0))
        _ = early.handle(.responded(request: 1, Response(status: 304)), now: at(100))
        #expect(early.nextWake == at(1000))
        #expect(names(early.handle(.tick, now: at(999))) == [])
        #expect(names(early.handle(.tick, now: at(1000))) == ["attempt a.example/g 1000", "start 2 a.example/g"])
    }

    @Test("a fixed interval shorter than the gap shares it among the feeds of the host")
    func sharedGap() {
        var scheduler = make()
        _ = scheduler.handle(add(a, b, every: 1000), now: at(0))
        _ = scheduler.handle(.responded(request: 1, Response(status: 304)), now: at(10))
        #expect(scheduler.nextWake == at(500))
    }

    @Test("failures back off, Retry-After holds the whole host, 410 stops")
    func trouble() {
        var scheduler = make()
        _ = scheduler.handle(add(a, every: 1000), now: at(0))
        #expect(names(scheduler.handle(.failed(request: 1, why: "time-out"), now: at(5))) == ["save - 0"])
        #expect(scheduler.nextWake == at(2000))
        _ = scheduler.handle(.tick, now: at(2000))
        _ = scheduler.handle(.responded(request: 2, Response(status: 500)), now: at(2005))
        #expect(scheduler.nextWake == at(6000))
        _ = scheduler.handle(.tick, now: at(6000))
        var busy = Response(status: 429)
        busy.retryAt = at(60_000)
        _ = scheduler.handle(.responded(request: 3, busy), now: at(6010))
        #expect(names(scheduler.handle(add(b, every: 1000), now: at(7000))) == [])
        #expect(names(scheduler.handle(.tick, now: at(59_999))) == [], "neither this feed nor the other")
        #expect(names(scheduler.handle(.tick, now: at(60_000))).count == 2)
        _ = scheduler.handle(.responded(request: 4, Response(status: 410)), now: at(60_001))
        let gone = [a, b].filter { scheduler.state(of: $0)?.isGone == true }
        #expect(gone.count == 1)
        // Added anew, it is asked again.
        _ = scheduler.handle(add(gone[0], every: 1000), now: at(61_000))
        #expect(scheduler.state(of: gone[0])?.isGone == false)
    }

    @Test("each hop of a redirect waits at its own site, and a move for good is kept once what it led to is")
    func moved() {
        let new = "http://new.example/"
        var scheduler = make(knows: [new])
        _ = scheduler.handle(add(a, every: 1_000_000), now: at(0))
        // Within the site: after its gap.
        #expect(scheduler.handle(.responded(request: 1, redirect(301, to: "/other")), now: at(1)) == [])
        #expect(names(scheduler.handle(.tick, now: at(999))) == [])
        #expect(names(scheduler.handle(.tick, now: at(1000))) == ["start 2 ample/other"])
        // To another: that one's turn.
        let on = scheduler.handle(.responded(request: 2, redirect(308, to: new)), now: at(1001))
        #expect(names(on) == ["start 3 ew.example/"])
        let answer = Response(status: 200, entries: [entry(1, "x")])
        _ = scheduler.handle(.responded(request: 3, answer), now: at(1002))
        #expect(scheduler.state(of: a)?.movedTo == nil)
        _ = scheduler.handle(.acknowledged(batch: 1), now: at(1003))
        #expect(scheduler.state(of: a)?.movedTo == new)
        #expect(
            names(scheduler.handle(.tick, now: at(1_000_000))) == [
                "attempt a.example/f 1000000", "start 4 ew.example/",
            ])
    }

    @Test(
        "a redirect that is not for good, leads nowhere or never ends",
        arguments: [
            (302, "http://new.example/", "-"), (307, "http://new.example/", "-"),
            (301, "ftp://new.example/", "status 301 to \"ftp://new.example/\""),
            (303, nil, "status 303 without a target"),
            (301, "http://a.example/f", "more than 5 redirects"),
        ] as [(Int, String?, String)])
    func badRedirects(status: Int, location: String?, error: String) {
        var scheduler = make(knows: ["http://new.example/"])
        var actions = scheduler.handle(add(a, every: 1000), now: at(0))
        var now: Int64 = 0
        while case .start(let request)? = actions.last, request.address == a, now < 20_000 {
            actions = scheduler.handle(
                .responded(request: request.number, redirect(status, to: location)), now: at(now))
            now += 1000
            if scheduler.state(of: a)?.lastError == nil, actions.isEmpty {
                actions = scheduler.handle(.tick, now: at(now))
            }
        }
        #expect(scheduler.state(of: a)?.lastError ?? "-" == error)
        if case .start(let request)? = actions.last {
            _ = scheduler.handle(.responded(request: request.number, Response(status: 200)), now: at(now))
        }
        #expect(scheduler.state(of: a)?.movedTo == nil)
    }

    @Test("robots.txt comes first, once for all feeds of its origin, and what it forbids is not asked")
    func robotsFirst() {
        var scheduler = make(robots: [])
        let list = [a, b].map {
            (feed: FeedSpecification(url: $0, intervalMilliseconds: 10_000), state: FeedState?.none)
        }
        #expect(
            names(scheduler.handle(.add(list), now: at(0))) == ["robots a.example 0", "start 1 /robots.txt"])
        #expect(names(scheduler.handle(.tick, now: at(3000))) == [], "both wait for it")
        var answer = Response(status: 200)
        answer.text = Array("User-agent: coranto\nDisallow: /g\nCrawl-delay: 4\n".utf8)
        #expect(
            names(scheduler.handle(.responded(request: 1, answer), now: at(3100))) == ["robots a.example 0"])
        #expect(scheduler.nextWake == at(4000))
        #expect(
            names(scheduler.handle(.tick, now: at(4000))) == [
                "save - 0", "attempt a.example/f 4000", "start 2 a.example/f",
            ])
        #expect(scheduler.state(of: b)?.lastError == "robots.txt of http://a.example forbids it")
        #expect(scheduler.state(of: b)?.lastAttempt == nil)
    }

    @Test("a Crawl-delay sets the pace of a site, within two minutes")
    func crawlDelay() {
        for (text, gap) in [("30", 30_000), ("900", 120_000), ("0.1", 1000), ("-5", 1000)] as [(String, Int64)] {
            var scheduler = make(robots: [robots(of: a, "User-agent: *\nCrawl-delay: \(text)\n")])
            let list = [a, b].map { (feed: FeedSpecification(url: $0), state: FeedState?.none) }
            _ = scheduler.handle(.add(list), now: at(0))
            _ = scheduler.handle(.responded(request: 1, Response(status: 304)), now: at(10))
            #expect(scheduler.nextWake == at(gap))
        }
    }

    @Test("a robots.txt that cannot be had closes its origin for an hour, a day old one serves meanwhile")
    func robotsFailure() {
        var scheduler = make(robots: [])
        let list = [(feed: FeedSpecification(url: a), state: FeedState?.none)]
        _ = scheduler.handle(.add(list), now: at(0))
        #expect(
            names(scheduler.handle(.responded(request: 1, Response(status: 500)), now: at(10))) == [
                "robots a.example 0"
            ])
        #expect(names(scheduler.handle(.tick, now: at(1000))) == ["save - 0"])
        #expect(scheduler.state(of: a)?.lastError == "robots.txt of http://a.example cannot be had")
        #expect(scheduler.nextWake == at(3_600_000))
        #expect(
            names(scheduler.handle(.tick, now: at(3_600_000))) == ["robots a.example 3600000", "start 2 /robots.txt"])
        _ = scheduler.handle(.responded(request: 2, Response(status: 404)), now: at(3_600_010))
        #expect(
            names(scheduler.handle(.tick, now: at(3_601_000))) == [
                "attempt a.example/f 3601000", "start 3 a.example/f",
            ])
        _ = scheduler.handle(.responded(request: 3, Response(status: 304)), now: at(3_601_001))
        // A day later it is asked again; that fails, and what it said before still counts.
        let later: Int64 = 3_600_010 + 24 * 3_600_000
        let asked = names(scheduler.handle(.tick, now: at(later)))
        #expect(asked.last == "start 4 /robots.txt")
        _ = scheduler.handle(.failed(request: 4, why: "time-out"), now: at(later + 10))
        #expect(names(scheduler.handle(.tick, now: at(later + 1000))).last == "start 5 a.example/f")
    }

    @Test("robots.txt is followed through redirects, five at most; without an end nothing is forbidden")
    func robotsRedirects() {
        var scheduler = make(robots: [])
        let list = [(feed: FeedSpecification(url: a), state: FeedState?.none)]
        _ = scheduler.handle(.add(list), now: at(0))
        var now: Int64 = 0
        var addresses: [String] = []
        for number in 1...6 {
            let answer = redirect(302, to: "http://w\(number).example/robots.txt")
            for case .start(let request) in scheduler.handle(.responded(request: UInt64(number), answer), now: at(now))
            where feed(of: request) == nil { addresses.append(request.address) }
            now += 1000
        }
        #expect(addresses.count == 5)
        #expect(scheduler.state(of: a)?.lastAttempt == at(5000))
    }

    @Test("a fetcher that has just started waits a gap, and what a server asked for before its end still counts")
    func restartedSites() {
        var state = FeedState(url: a, intervalMilliseconds: 1000)
        state.lastAttempt = at(0)
        var scheduler = FetchScheduler(seed: 1, now: at(10_000))
        let memory = WebMemory(
            robots: [robots(of: a, nil), robots(of: c, nil)], holds: [SiteHold(site: "a.example", until: at(50_000))])
        _ = scheduler.handle(.remember(memory), now: at(10_000))
        let other = FeedSpecification(url: c)
        let list =
            [(FeedSpecification(url: a), state), (FeedSpecification(url: b), nil), (other, nil)]
            as [(FeedSpecification, FeedState?)]
        let actions = scheduler.handle(.add(list), now: at(10_000))
        #expect(actions == [])
        #expect(scheduler.nextWake == at(11_000))
        #expect(names(scheduler.handle(.tick, now: at(11_000))).last == "start 1 c.example/f")
        #expect(names(scheduler.handle(.tick, now: at(49_999))) == [])
        #expect(names(scheduler.handle(.tick, now: at(50_000))).count == 2, "the other feed of that site waited too")
    }

    @Test("a server whose validators lie is not sent any more of them")
    func wrongValidators() {
        var settings = FetchScheduler.Settings()
        settings.unconditionalAfterCount = 1
        var scheduler = make(settings)
        var state = FeedState(url: a, intervalMilliseconds: 1000)
        state.etag = "E"
        var etags: [String?] = []
        let list = [(FeedSpecification(url: a, intervalMilliseconds: 1000), state)] as [(FeedSpecification, FeedState?)]
        var actions = scheduler.handle(.add(list), now: at(0))
        for round in 1...4 {
            for case .start(let request) in actions { etags.append(request.etag) }
            var answer = Response(status: round == 1 ? 304 : 200)
            if round > 1 { answer.entries = [entry(UInt64(round), "x")] }
            answer.etag = "E"
            let now = Int64(round) * 1000
            _ = scheduler.handle(.responded(request: UInt64(round), answer), now: at(now - 500))
            _ = scheduler.handle(.acknowledged(batch: UInt64(round - 1)), now: at(now - 400))
            actions = scheduler.handle(.tick, now: at(now))
        }
        #expect(etags == ["E", nil, nil, nil])
        #expect(scheduler.state(of: a)?.hasWrongValidators == true)
    }

    @Test("after many 304s one request is unconditional")
    func unconditional() {
        var settings = FetchScheduler.Settings()
        settings.unconditionalAfterCount = 2
        var scheduler = make(settings)
        var state = FeedState(url: a, intervalMilliseconds: 1000)
        state.etag = "E"
        var etags: [String?] = []
        var actions = scheduler.handle(
            .add([(FeedSpecification(url: a, intervalMilliseconds: 1000), state)]), now: at(0))
        for round in 1...5 {
            for case .start(let request) in actions { etags.append(request.etag) }
            _ = scheduler.handle(
                .responded(request: UInt64(round), Response(status: 304)), now: at(Int64(round) * 1000 - 500))
            actions = scheduler.handle(.tick, now: at(Int64(round) * 1000))
        }
        #expect(etags == ["E", "E", nil, "E", "E"])
    }

    @Test("a feed whose news stay out eight times as long as usual has fallen silent")
    func silence() {
        let hour: Int64 = 3_600_000
        var state = FeedState(url: a, intervalMilliseconds: hour)
        #expect(!state.isSilent(now: at(1000 * hour)), "nothing is known of it")
        for news in [0, 10, 20, 30] as [Int64] { state.noteNews(at: at(news * hour)) }
        #expect(state.newsGapMilliseconds == 10 * hour)
        #expect(!state.isSilent(now: at(110 * hour)))
        #expect(state.isSilent(now: at(111 * hour)))
        state.failureCount = 1
        #expect(!state.isSilent(now: at(111 * hour)), "its error says more")
        // One that speaks often has two days all the same.
        var busy = FeedState(url: b, intervalMilliseconds: hour)
        for news in 0..<20 as Range<Int64> { busy.noteNews(at: at(news * 60_000)) }
        #expect(!busy.isSilent(now: at(48 * hour)))
        #expect(busy.isSilent(now: at(49 * hour)))
        // Nothing is added up beyond what a number holds.
        busy.newsGapMilliseconds = .max
        #expect(!busy.isSilent(now: at(49 * hour)))
    }

    @Test("the interval adapts between its bounds, and jitter stays within a tenth")
    func adaptive() {
        var settings = FetchScheduler.Settings()
        settings.robots.freshMilliseconds = 1 << 50
        var scheduler = make(settings, seed: 9)
        _ = scheduler.handle(add(a), now: at(0))
        var now: Int64 = 0
        for round in 1...80 {
            let busy = round <= 10
            let answer = busy ? Response(status: 200, entries: [entry(UInt64(round), "x")]) : Response(status: 304)
            _ = scheduler.handle(.responded(request: UInt64(round), answer), now: at(now))
            if busy { _ = scheduler.handle(.acknowledged(batch: UInt64(round)), now: at(now)) }
            let interval = scheduler.state(of: a)!.intervalMilliseconds
            #expect((300_000...86_400_000).contains(interval))
            if round == 10 { #expect(interval == 300_000) }
            let wait = scheduler.nextWake!.milliseconds - now
            #expect(wait >= interval - interval / 10 && wait <= interval + interval / 10 + 1)
            now += wait
            _ = scheduler.handle(.tick, now: at(now))
        }
        #expect(scheduler.state(of: a)?.intervalMilliseconds == 86_400_000)
    }

    @Test("after a restart a feed waits for the rest of its interval, also if the clock was set back")
    func restart() {
        var state = FeedState(url: a, intervalMilliseconds: 600_000)
        state.lastAttempt = at(1_000_000)
        for (now, earliest, latest) in [(1_100_000, 1_540_000, 1_660_000), (500_000, 1_040_000, 1_160_000)]
            as [(Int64, Int64, Int64)]
        {
            var scheduler = make()
            #expect(scheduler.handle(.add([(FeedSpecification(url: a), state)]), now: at(now)) == [])
            let wake = scheduler.nextWake!.milliseconds
            #expect(wake >= earliest && wake <= latest)
        }
    }

    @Test("many feeds without state are spread, each host at its own pace")
    func burst() {
        let feeds = (0..<200).map { (FeedSpecification(url: "http://h\($0).example/"), FeedState?.none) }
        var scheduler = make(seed: 3, knows: feeds.map(\.0.url))
        let started = names(scheduler.handle(.add(feeds), now: at(0))).count { $0.hasPrefix("start") }
        #expect(started < 10)
        var count = started
        while let wake = scheduler.nextWake, wake <= at(300_000) {
            count += names(scheduler.handle(.tick, now: wake)).count { $0.hasPrefix("start") }
        }
        #expect(count == 64, "the limit of requests under way holds")
    }

    @Test("no request starts while too many batches are unacknowledged, and none after a drain")
    func limits() {
        var settings = FetchScheduler.Settings()
        settings.pendingLimit = 1
        var scheduler = make(settings)
        _ = scheduler.handle(add(a, every: 1000), now: at(0))
        _ = scheduler.handle(.responded(request: 1, Response(status: 200, entries: [entry(1, "x")])), now: at(1))
        #expect(names(scheduler.handle(add(c, every: 1000), now: at(2))) == [])
        #expect(scheduler.nextWake == nil)
        #expect(
            names(scheduler.handle(.acknowledged(batch: 1), now: at(3))) == [
                "save - 1", "attempt c.example/f 3", "start 2 c.example/f",
            ])
        _ = scheduler.handle(.drain, now: at(4))
        #expect(names(scheduler.handle(.responded(request: 2, Response(status: 304)), now: at(5))) == ["save - 0"])
        #expect(names(scheduler.handle(.tick, now: at(100_000))) == [])
        #expect(scheduler.isIdle)
    }

    @Test("a feed removed while its request or batch is under way leaves nothing behind")
    func removal() {
        var scheduler = make()
        _ = scheduler.handle(add(a, every: 1000), now: at(0))
        #expect(names(scheduler.handle(.remove(url: a), now: at(1))) == ["forget"])
        #expect(names(scheduler.handle(add(b, every: 1000), now: at(2))) == [], "the host is still busy")
        #expect(names(scheduler.handle(.responded(request: 1, Response(status: 304)), now: at(3))) == [])
        #expect(names(scheduler.handle(.tick, now: at(2000))) == ["attempt a.example/g 2000", "start 2 a.example/g"])
        _ = scheduler.handle(.responded(request: 2, Response(status: 200, entries: [entry(1, "x")])), now: at(2001))
        _ = scheduler.handle(.remove(url: b), now: at(2002))
        #expect(scheduler.handle(.acknowledged(batch: 1), now: at(2003)) == [])
        #expect(scheduler.isIdle)
        #expect(scheduler.feedCount == 0)
        #expect(scheduler.handle(.failed(request: 77, why: ""), now: at(2004)) == [])
    }

    @Test(
        "seeded runs: the invariants hold at each step, and the same seed gives the same actions",
        arguments: [1, 2, 3] as [UInt64])
    func properties(seed: UInt64) {
        #expect(run(seed) == run(seed))
    }

    /// A thousand random events; checks the file head's invariants on the way.
    private func run(_ seed: UInt64) -> [String] {
        var random = SplitMix64(seed: seed)
        var scheduler = make(seed: seed)
        var log: [String] = []
        var now: Int64 = 0
        var open: [UInt64: FetchScheduler.Request] = [:]
        var pending: [UInt64: String] = [:]
        var attempts: [String: Int64] = [:]
        var lastStarts: [String: Int64] = [:]
        var forbidden: Set<String> = []
        let urls = (0..<12).map { "http://h\($0 % 4).example/\($0)" }
        for _ in 0..<1000 {
            now += Int64(random.next() % 3000)
            let event: Event
            switch random.next() % 10 {
            case 0:
                let interval: Int64? = random.next() % 2 == 0 ? 5000 : nil
                event = .add(
                    [(FeedSpecification(url: urls[Int(random.next() % 12)], intervalMilliseconds: interval), nil)])
            case 1 where random.next() % 4 == 0: event = .remove(url: urls[Int(random.next() % 12)])
            case 2, 3, 4:
                guard let number = open.keys.sorted().first, let request = open.removeValue(forKey: number) else {
                    continue
                }
                var answer = Response(status: [200, 200, 304, 404, 503, 410, 302, 301][Int(random.next() % 8)])
                answer.location = urls[Int(random.next() % 12)]
                if case .robots(let origin) = request.purpose {
                    let forbids = random.next() % 4 == 0
                    answer.text = forbids ? Array("User-agent: *\nDisallow: /".utf8) : []
                    if answer.status == 200 {
                        if forbids { forbidden.insert(origin) } else { forbidden.remove(origin) }
                    }
                } else if answer.status == 200 {
                    answer.entries = (0..<random.next() % 4).map { entry($0, "\(random.next() % 3)") }
                }
                event =
                    random.next() % 8 == 0
                    ? .failed(request: number, why: "time-out") : .responded(request: number, answer)
                // What failed was no answer.
                if case .failed = event, case .robots(let origin) = request.purpose { forbidden.remove(origin) }
            case 5, 6:
                guard let batch = pending.keys.sorted().first else { continue }
                pending[batch] = nil
                event = .acknowledged(batch: batch)
            default: event = .tick
            }
            for action in scheduler.handle(event, now: at(now)) {
                switch action {
                case .saveAttempt(let url, let time): attempts[url] = time.milliseconds
                case .saveRobots(let state): attempts[state.origin] = state.lastAttempt.milliseconds
                case .start(let request):
                    let address = WebAddress(request.address)!
                    let site = Site.name(address)
                    #expect(!open.values.contains { Site.name(WebAddress($0.address)!) == site }, "one request a site")
                    // A feed of 5 s among twelve lets them come this often.
                    #expect(now - lastStarts[site, default: -10_000] >= 5000 / 12, "a gap between two")
                    lastStarts[site] = now
                    if let url = feed(of: request) {
                        #expect(attempts[url] != nil, "the attempt is saved first")
                        #expect(!pending.values.contains(url), "nothing of the feed is unacknowledged")
                        #expect(!forbidden.contains(address.origin), "robots.txt is kept")
                    }
                    open[request.number] = request
                case .keep, .left: Issue.record("no pages are wanted, and nothing goes")
                case .put(let batch): pending[batch.number] = batch.feed
                case .forget(let url): pending = pending.filter { $0.value != url }
                case .save, .saveHold: break
                }
            }
            log.append(
                "\(now) \(scheduler.feedCount) \(open.count) \(pending.count) \(scheduler.nextWake?.milliseconds ?? -1)"
            )
        }
        return log
    }

    @Test("feeds that are to go: at once if nothing is under way, else when it is over; nothing is forgotten")
    func leaving() {
        var scheduler = make()
        _ = scheduler.handle(add(a, b, c, every: 1000), now: at(0))
        // a and c are asked, b waits for its site.
        #expect(names(scheduler.handle(.leave([a, b]), now: at(1))) == ["left a.example/g"])
        let answer = Response(status: 200, entries: [entry(1, "x")])
        #expect(names(scheduler.handle(.responded(request: 1, answer), now: at(2))) == ["put 1 0@2"])
        #expect(names(scheduler.handle(.acknowledged(batch: 1), now: at(3))) == ["save - 1", "left a.example/f"])
        #expect(scheduler.feedCount == 1)
        #expect(names(scheduler.handle(.drop([c]), now: at(4))) == [])
        #expect(names(scheduler.handle(.responded(request: 2, answer), now: at(5))) == [], "it no longer counts")
        #expect(scheduler.isIdle && scheduler.feedCount == 0)
        #expect(names(scheduler.handle(.leave([a]), now: at(6))) == ["left a.example/f"], "what is not there is gone")
    }

    @Test("a redirect or a failure ends the way of a feed that is to go")
    func leavingOnTheWay() {
        var scheduler = make()
        _ = scheduler.handle(add(a, c, every: 1000), now: at(0))
        _ = scheduler.handle(.leave([a, c]), now: at(1))
        #expect(
            names(scheduler.handle(.responded(request: 1, redirect(302, to: "/x")), now: at(2))) == ["left a.example/f"]
        )
        #expect(names(scheduler.handle(.failed(request: 2, why: "-"), now: at(3))) == ["save - 0", "left c.example/f"])
        #expect(names(scheduler.handle(.tick, now: at(100_000))) == [])
    }

    @Test("nothing starts during a pause")
    func pause() {
        var scheduler = make()
        #expect(scheduler.handle(.pause(true), now: at(0)) == [])
        #expect(names(scheduler.handle(add(a, every: 1000), now: at(0))) == [])
        #expect(scheduler.nextWake == nil)
        #expect(
            names(scheduler.handle(.pause(false), now: at(500))) == ["attempt a.example/f 500", "start 1 a.example/f"])
    }
}

@Suite("Retry-After")
struct RetryAfterTests {
    @Test(
        "seconds and dates",
        arguments: [
            ("120", 121_000), ("0", 1000), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000), ("-1", nil),
            ("soon", nil),
            ("Sun, 06 Nov 1994 08:49:37 PST", nil), ("Sun, 31 Feb 1994 08:49:37 GMT", nil), ("", nil),
            ("99999999999999999999", nil),
        ] as [(String, Int64?)])
    func forms(text: String, expected: Int64?) {
        #expect(RetryAfter.instant(text, now: Timestamp(milliseconds: 1000))?.milliseconds == expected)
    }
}
