import ByteCoding
import News
import Testing

@testable import Fetching

@Suite("Pages behind entries")
struct FetchPagesTests {
    private typealias Response = FetchScheduler.Response

    private static let feed = "http://a.example/feed"

    /// A scheduler with one feed whose pages are wanted, and what it asks.
    private struct Bench {
        var scheduler: FetchScheduler
        var known: [ArticleKey: SeenEntry] = [:]
        var now: Int64 = 0

        init(
            _ settings: FetchScheduler.Settings = .init(), feeds: [String] = [FetchPagesTests.feed],
            robots: [String: String] = [:]
        ) {
            scheduler = FetchScheduler(settings: settings, seed: 1, now: Timestamp(milliseconds: -200_000))
            let states = ["http://a.example", "http://b.example"].map { origin in
                var state = RobotsState(origin: origin, lastAttempt: Timestamp(milliseconds: 0))
                state.lastAnswer = Timestamp(milliseconds: 0)
                state.text = robots[origin].map { Array($0.utf8) }
                return state
            }
            _ = scheduler.handle(.remember(WebMemory(robots: states)), now: Timestamp(milliseconds: -200_000))
            let list = feeds.map {
                (
                    feed: FeedSpecification(url: $0, intervalMilliseconds: 600_000, wantsPages: true),
                    state: FeedState?.none
                )
            }
            _ = scheduler.handle(.add(list), now: Timestamp(milliseconds: 0))
        }

        /// - Returns: the actions in words.
        mutating func take(_ event: FetchScheduler.Event, after delay: Int64 = 1000) -> [String] {
            now += delay
            return scheduler.handle(event, now: Timestamp(milliseconds: now)).map { action in
                switch action {
                case .saveAttempt: return "attempt"
                case .saveRobots(let state): return "robots \(state.origin)"
                case .saveHold(let hold): return "hold \(hold.site) \(hold.until.milliseconds)"
                case .start(let request): return "start \(request.number) \(request.address.dropFirst(7))"
                case .keep(_, let entries): return "keep \(entries)"
                case .put(let batch): return "put \(batch.number) \(batch.entries.map(\.index))"
                case .save(let state, let seen):
                    for entry in seen { known[entry.key] = entry }
                    let error = state.lastError.map { " (\($0))" } ?? ""
                    return "save \(state.etag ?? "-") \(seen.count)\(error)"
                case .forget: return "forget"
                case .left: return "left"
                }
            }
        }

        /// An answer with so many entries, each with a page but those named.
        func answer(_ count: Int, host: String = "a.example", without: Set<Int> = []) -> Response {
            let entries = (0..<count).map { number in
                FetchScheduler.Entry(
                    key: ArticleKey(high: 0, low: UInt64(number)), contentHash: SHA256.hash(of: "\(number)".utf8),
                    page: without.contains(number) ? nil : WebAddress("http://\(host)/\(number)"))
            }
            var response = Response(status: 200, entries: entries, known: known)
            response.etag = "E"
            return response
        }
    }

    private func status(_ status: Int, to location: String? = nil) -> Response {
        var response = Response(status: status)
        response.location = location
        return response
    }

    @Test("one after another at the site's pace, then all in one batch; validators only after the acknowledgement")
    func round() {
        var bench = Bench()
        #expect(
            bench.take(.responded(request: 1, bench.answer(3, without: [1]))) == [
                "keep [0, 1, 2]", "start 2 a.example/0",
            ])
        #expect(bench.take(.responded(request: 2, status(200)), after: 400) == [], "the site's gap")
        #expect(bench.take(.tick, after: 600) == ["start 3 a.example/2"])
        #expect(bench.scheduler.state(of: Self.feed)?.etag == nil)
        #expect(bench.take(.responded(request: 3, status(404))) == ["put 1 [0, 1, 2]"], "without it as the feed has it")
        #expect(bench.take(.acknowledged(batch: 1)) == ["save E 3"])
    }

    @Test("entries that are known are not asked for, and a feed whose entries have their texts asks for none")
    func nothingToAsk() {
        var bench = Bench()
        #expect(
            bench.take(.responded(request: 1, bench.answer(2, without: [0, 1]))) == ["keep [0, 1]", "put 1 [0, 1]"])
        #expect(bench.take(.acknowledged(batch: 1)) == ["save E 2"])
        #expect(bench.take(.tick, after: 600_000) == ["attempt", "start 2 a.example/feed"])
        #expect(bench.take(.responded(request: 2, bench.answer(3))) == ["keep [2]", "start 3 a.example/2"])
    }

    @Test("an answer with more pages than a round has leaves the rest to the next poll, which follows at once")
    func longAnswer() {
        var settings = FetchScheduler.Settings()
        settings.roundPageCount = 2
        var bench = Bench(settings)
        #expect(
            bench.take(.responded(request: 1, bench.answer(5, without: [2]))) == [
                "keep [0, 1, 2]", "start 2 a.example/0",
            ])
        #expect(bench.take(.responded(request: 2, status(200))) == ["start 3 a.example/1"])
        #expect(bench.take(.responded(request: 3, status(200))) == ["put 1 [0, 1, 2]"])
        #expect(
            bench.take(.acknowledged(batch: 1)) == ["save - 3", "attempt", "start 4 a.example/feed"],
            "without validators, or the rest would not come")
        #expect(
            bench.take(.responded(request: 4, bench.answer(5, without: [2]))) == ["keep [3, 4]", "start 5 a.example/3"])
        #expect(bench.take(.responded(request: 5, status(200))) == ["start 6 a.example/4"])
        #expect(bench.take(.responded(request: 6, status(200))) == ["put 2 [3, 4]"])
        #expect(bench.take(.acknowledged(batch: 2)) == ["save E 2"])
    }

    @Test("of entries that need no page not too many wait in memory with those that do")
    func manyEntries() {
        var settings = FetchScheduler.Settings()
        settings.roundPageCount = 2
        var bench = Bench(settings)
        let answer = bench.answer(30, without: Set(1..<30))
        #expect(
            bench.take(.responded(request: 1, answer)) == ["keep \(Array(0..<16))", "start 2 a.example/0"])
        #expect(bench.take(.responded(request: 2, status(200))) == ["put 1 \(Array(0..<16))"])
        #expect(bench.take(.acknowledged(batch: 1)) == ["save - 16", "attempt", "start 3 a.example/feed"])
        #expect(
            bench.take(.responded(request: 3, bench.answer(30, without: Set(1..<30)))).last
                == "put 2 \(Array(16..<30))", "no page is left: all of them")
    }

    @Test("pages are asked where they are: redirects hop by hop, robots.txt first, forbidden ones not at all")
    func elsewhere() {
        var bench = Bench(robots: ["http://b.example": "User-agent: *\nDisallow: /1\n"])
        #expect(
            bench.take(.responded(request: 1, bench.answer(3, host: "b.example"))) == [
                "keep [0, 1, 2]", "start 2 b.example/0",
            ])
        #expect(
            bench.take(.responded(request: 2, status(302, to: "http://c.example/x"))) == [
                "robots http://c.example", "start 3 c.example/robots.txt",
            ])
        #expect(bench.take(.responded(request: 3, status(404)), after: 1) == ["robots http://c.example"])
        #expect(bench.take(.tick) == ["start 4 c.example/x"])
        #expect(bench.take(.responded(request: 4, status(200))) == ["start 5 b.example/2"], "1 is forbidden")
        #expect(bench.take(.failed(request: 5, why: "time-out")) == ["put 1 [0, 1, 2]"])
    }

    @Test("a redirect without end leaves the entry as it is")
    func loop() {
        var bench = Bench()
        _ = bench.take(.responded(request: 1, bench.answer(1)))
        for number in 2...6 {
            #expect(
                bench.take(.responded(request: UInt64(number), status(302, to: "/0"))) == [
                    "start \(number + 1) a.example/0"
                ])
        }
        #expect(bench.take(.responded(request: 7, status(302, to: "/0"))) == ["put 1 [0]"])
    }

    @Test("a site that says later ends the round: what has its page is sent, the rest comes with the next poll")
    func later() {
        var bench = Bench()
        _ = bench.take(.responded(request: 1, bench.answer(3)))
        #expect(bench.take(.responded(request: 2, status(200))) == ["start 3 a.example/1"])
        #expect(bench.take(.responded(request: 3, status(429))) == ["hold a.example 63000", "put 1 [0]"])
        #expect(bench.take(.acknowledged(batch: 1)) == ["save - 1 (status 429 of a page)"])
        #expect(bench.take(.tick, after: 1_000_000) == [], "backed off")
        #expect(bench.take(.tick, after: 200_000) == ["attempt", "start 4 a.example/feed"])
        #expect(bench.take(.responded(request: 4, bench.answer(3))) == ["keep [1, 2]", "start 5 a.example/1"])
    }

    @Test("a site that never lets a page be had: after some polls the entries go without")
    func never() {
        var bench = Bench()
        var request: UInt64 = 1
        for _ in 0..<FetchScheduler.patienceCount {
            #expect(
                bench.take(.responded(request: request, bench.answer(2))) == [
                    "keep [0, 1]", "start \(request + 1) a.example/0",
                ])
            #expect(bench.take(.responded(request: request + 1, status(503))) == ["save - 0 (status 503 of a page)"])
            #expect(bench.take(.tick, after: 4_000_000).last == "start \(request + 2) a.example/feed")
            request += 2
        }
        _ = bench.take(.responded(request: request, bench.answer(2)))
        #expect(bench.take(.responded(request: request + 1, status(503))) == ["put 1 [0, 1]"])
        #expect(bench.take(.acknowledged(batch: 1)) == ["save E 2"])
    }

    @Test(
        "a round does not wait for a site that another feed was told to leave alone, nor does a feed take a place for it"
    )
    func held() {
        var settings = FetchScheduler.Settings()
        settings.roundLimit = 1
        var bench = Bench(settings, feeds: [Self.feed, "http://b.example/feed"])
        #expect(
            bench.take(.responded(request: 1, bench.answer(2, host: "b.example"))) == [
                "keep [0, 1]", "start 2 b.example/0",
            ])
        var busy = status(429)
        busy.retryAt = Timestamp(milliseconds: 10_000_000)
        #expect(
            bench.take(.responded(request: 2, busy)) == ["hold b.example 10000000", "save - 0 (status 429 of a page)"])
        // The other feed is of that site: it does not take the only place until then.
        #expect(bench.take(.tick, after: 2_000_000) == ["attempt", "start 3 a.example/feed"])
        #expect(
            bench.take(.responded(request: 3, bench.answer(2, host: "b.example"))) == [
                "keep [0, 1]", "save - 0 (b.example is not to be asked for pages now)",
            ])
    }

    @Test("a round that waits at a site already ends when another feed's answer has it left alone, and so does a poll")
    func heldMeanwhile() {
        let others = ["http://b.example/feed", "http://b.example/other"]
        var bench = Bench(feeds: [Self.feed] + others)
        #expect(
            bench.take(.responded(request: 1, bench.answer(2, host: "b.example"))) == ["keep [0, 1]"],
            "b.example is being asked")
        var busy = status(429)
        busy.retryAt = Timestamp(milliseconds: 10_000_000)
        #expect(
            bench.take(.responded(request: 2, busy)) == [
                "hold b.example 10000000", "save - 0 (b.example is not to be asked for pages now)",
                "save - 0 (status 429)",
            ])
        #expect(bench.scheduler.roundCount == 0, "the third waited with a place for its turn at b.example")
        let later = bench.take(.tick, after: 10_000_000 - bench.now) + bench.take(.failed(request: 4, why: ""))
        #expect(later.contains { $0.hasSuffix("b.example/other") }, "and has it when b.example may be asked again")
    }

    @Test("who is redirected to a site that is left alone does not wait there, nor for a robots.txt from there")
    func redirectedToHeld() {
        var bench = Bench(feeds: [Self.feed])
        let hold = SiteHold(site: "b.example", until: Timestamp(milliseconds: 10_000_000))
        _ = bench.take(.remember(WebMemory(holds: [hold])))
        let refused = "save - 0 (b.example is not to be asked for pages now)"
        #expect(bench.take(.responded(request: 1, bench.answer(2))) == ["keep [0, 1]", "start 2 a.example/0"])
        #expect(bench.take(.responded(request: 2, status(302, to: "http://b.example/0"))) == [refused])
        #expect(bench.take(.tick, after: 2_000_000).last == "start 3 a.example/feed")
        #expect(
            bench.take(.responded(request: 3, bench.answer(2, host: "c.example"))) == [
                "keep [0, 1]", "robots http://c.example", "start 4 c.example/robots.txt",
            ])
        #expect(bench.take(.responded(request: 4, status(302, to: "http://b.example/robots.txt"))) == [refused])
        #expect(bench.take(.tick, after: 3_000_000).last == "start 5 a.example/feed")
        #expect(
            bench.take(.responded(request: 5, bench.answer(2, host: "c.example"))) == ["keep [0, 1]", refused],
            "its robots.txt is still being asked for")
        #expect(bench.scheduler.roundCount == 0)
        #expect(bench.take(.tick, after: 5_000_000).contains("start 7 b.example/robots.txt"))
    }

    @Test("what only changed waits for the feed's next poll; what is unknown comes first, and at once")
    func changing() {
        var settings = FetchScheduler.Settings()
        settings.roundPageCount = 1
        var bench = Bench(settings)
        var answer = bench.answer(3)
        answer.known = [
            answer.entries[0].key: SeenEntry(
                key: answer.entries[0].key, contentHash: .zero, firstSeen: .init(milliseconds: 0))
        ]
        #expect(bench.take(.responded(request: 1, answer)) == ["keep [1]", "start 2 a.example/1"], "0 is known")
        #expect(bench.take(.responded(request: 2, status(200))) == ["put 1 [1]"])
        #expect(bench.take(.acknowledged(batch: 1)) == ["save - 1", "attempt", "start 3 a.example/feed"])
        answer.known[answer.entries[1].key] = SeenEntry(
            key: answer.entries[1].key, contentHash: answer.entries[1].contentHash, firstSeen: .init(milliseconds: 0))
        #expect(bench.take(.responded(request: 3, answer)) == ["keep [2]", "start 4 a.example/2"])
        #expect(bench.take(.responded(request: 4, status(200))) == ["put 2 [2]"])
        #expect(bench.take(.acknowledged(batch: 2)) == ["save - 1"], "0 may wait, for it may change each time")
    }

    @Test("a request that did not go out is asked again, and its answer is nobody's")
    func notBegun() {
        var bench = Bench()
        #expect(bench.scheduler.awaits(1))
        #expect(bench.take(.notBegun(request: 1)) == ["attempt", "start 2 a.example/feed"])
        #expect(!bench.scheduler.awaits(1) && bench.scheduler.awaits(2))
        #expect(bench.take(.responded(request: 2, bench.answer(1))) == ["keep [0]", "start 3 a.example/0"])
        #expect(bench.take(.notBegun(request: 3)) == ["start 4 a.example/0"])
        #expect(bench.take(.drop([Self.feed])) == [])
        #expect(!bench.scheduler.awaits(4))
    }

    @Test("the end of the process sends what has its page")
    func drain() {
        var bench = Bench()
        _ = bench.take(.responded(request: 1, bench.answer(3)))
        #expect(bench.take(.responded(request: 2, status(200)), after: 1) == [])
        #expect(bench.take(.drain) == ["put 1 [0]"])
        #expect(bench.take(.acknowledged(batch: 1)) == ["save - 1"])
        #expect(bench.scheduler.isIdle)
        var asked = Bench()
        _ = asked.take(.responded(request: 1, asked.answer(3)))
        #expect(asked.take(.drain) == [])
        #expect(asked.take(.responded(request: 2, status(200))) == ["put 1 [0]"])
        var none = Bench()
        _ = none.take(.responded(request: 1, none.answer(3)), after: 1)
        #expect(none.take(.drain) == ["save - 0"])
    }

    @Test("so many at a time; one that was removed makes room")
    func limit() {
        var settings = FetchScheduler.Settings()
        settings.roundLimit = 1
        let other = "http://b.example/feed"
        var bench = Bench(settings, feeds: [Self.feed, other])
        #expect(bench.take(.tick) == [], "the other waits")
        #expect(bench.take(.responded(request: 1, bench.answer(2))) == ["keep [0, 1]", "start 2 a.example/0"])
        #expect(bench.take(.remove(url: Self.feed)) == ["forget", "attempt", "start 3 b.example/feed"])
        #expect(bench.take(.responded(request: 2, status(200))) == [])
        #expect(bench.take(.responded(request: 3, status(410))) == ["save - 0 (status 410: it is gone)"])
        #expect(bench.scheduler.isIdle)
    }
}
