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

    private func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    private func entry(_ key: UInt64, _ content: String) -> FetchScheduler.Entry {
        FetchScheduler.Entry(key: ArticleKey(high: 0, low: key), contentHash: SHA256.hash(of: content.utf8))
    }

    private func add(_ feeds: String..., every interval: Int64? = nil) -> Event {
        .add(feeds.map { (FeedSpecification(url: $0, intervalMilliseconds: interval), nil) })
    }

    /// What an action is, in a word, for tables.
    private func names(_ actions: [Action]) -> [String] {
        actions.map {
            switch $0 {
            case .saveAttempt(let url, let time): "attempt \(url.suffix(11)) \(time.milliseconds)"
            case .start(let request): "start \(request.number) \(request.address.suffix(11))"
            case .put(let batch):
                "put \(batch.number) \(batch.entries.map { "\($0.index)@\($0.firstSeen.milliseconds)" }.joined(separator: " "))"
            case .save(let state, let seen): "save \(state.etag ?? "-") \(seen.count)"
            case .forget: "forget"
            }
        }
    }

    @Test("the life of a feed: attempt before request, validators only after the acknowledgement")
    func life() {
        var scheduler = FetchScheduler(seed: 1)
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

    @Test("what is known and acknowledged is not sent again; changed content is, with a new first-seen time")
    func news() {
        var scheduler = FetchScheduler(seed: 1)
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
        var scheduler = FetchScheduler(seed: 1)
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
        var scheduler = FetchScheduler(seed: 1)
        let first = scheduler.handle(add(a, b, c), now: at(0))
        #expect(
            names(first) == [
                "attempt a.example/f 0", "start 1 a.example/f", "attempt c.example/f 0", "start 2 c.example/f",
            ])
        #expect(names(scheduler.handle(.tick, now: at(5000))) == [])
        // The first answers early: the second waits for the gap all the same.
        var early = FetchScheduler(seed: 1)
        _ = early.handle(add(a, b), now: at(0))
        _ = early.handle(.responded(request: 1, Response(status: 304)), now: at(100))
        #expect(early.nextWake == at(1000))
        #expect(names(early.handle(.tick, now: at(999))) == [])
        #expect(names(early.handle(.tick, now: at(1000))) == ["attempt a.example/g 1000", "start 2 a.example/g"])
    }

    @Test("a fixed interval shorter than the gap shares it among the feeds of the host")
    func sharedGap() {
        var scheduler = FetchScheduler(seed: 1)
        _ = scheduler.handle(add(a, b, every: 1000), now: at(0))
        _ = scheduler.handle(.responded(request: 1, Response(status: 304)), now: at(10))
        #expect(scheduler.nextWake == at(500))
    }

    @Test("failures back off, Retry-After holds the whole host, 410 stops")
    func trouble() {
        var scheduler = FetchScheduler(seed: 1)
        _ = scheduler.handle(add(a, every: 1000), now: at(0))
        #expect(names(scheduler.handle(.failed(request: 1), now: at(5))) == ["save - 0"])
        #expect(scheduler.nextWake == at(2000))
        _ = scheduler.handle(.tick, now: at(2000))
        _ = scheduler.handle(.responded(request: 2, Response(status: 500)), now: at(2005))
        #expect(scheduler.nextWake == at(6000))
        _ = scheduler.handle(.tick, now: at(6000))
        var busy = Response(status: 429)
        busy.retryAt = at(60_000)
        _ = scheduler.handle(.responded(request: 3, busy), now: at(6010))
        #expect(scheduler.nextWake == at(60_000))
        #expect(names(scheduler.handle(add(b, every: 1000), now: at(7000))) == [])
        #expect(scheduler.nextWake == at(60_000))
        _ = scheduler.handle(.tick, now: at(60_000))
        _ = scheduler.handle(.responded(request: 4, Response(status: 410)), now: at(60_001))
        let gone = [a, b].filter { scheduler.state(of: $0)?.isGone == true }
        #expect(gone.count == 1)
        // Added anew, it is asked again.
        _ = scheduler.handle(add(gone[0], every: 1000), now: at(61_000))
        #expect(scheduler.state(of: gone[0])?.isGone == false)
    }

    @Test("a permanent redirect is kept once what it led to is")
    func moved() {
        var scheduler = FetchScheduler(seed: 1)
        _ = scheduler.handle(add(a, every: 1000), now: at(0))
        var answer = Response(status: 200, entries: [entry(1, "x")])
        answer.permanentAddress = "http://new.example/"
        _ = scheduler.handle(.responded(request: 1, answer), now: at(1))
        #expect(scheduler.state(of: a)?.movedTo == nil)
        _ = scheduler.handle(.acknowledged(batch: 1), now: at(2))
        #expect(names(scheduler.handle(.tick, now: at(1000))) == ["attempt a.example/f 1000", "start 2 ew.example/"])
    }

    @Test("after many 304s one request is unconditional")
    func unconditional() {
        var settings = FetchScheduler.Settings()
        settings.unconditionalAfterCount = 2
        var scheduler = FetchScheduler(settings: settings, seed: 1)
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

    @Test("the interval adapts between its bounds, and jitter stays within a tenth")
    func adaptive() {
        var scheduler = FetchScheduler(seed: 9)
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
            var scheduler = FetchScheduler(seed: 1)
            #expect(scheduler.handle(.add([(FeedSpecification(url: a), state)]), now: at(now)) == [])
            let wake = scheduler.nextWake!.milliseconds
            #expect(wake >= earliest && wake <= latest)
        }
    }

    @Test("many feeds without state are spread, each host at its own pace")
    func burst() {
        var scheduler = FetchScheduler(seed: 3)
        let feeds = (0..<200).map { (FeedSpecification(url: "http://h\($0).example/"), FeedState?.none) }
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
        var scheduler = FetchScheduler(settings: settings, seed: 1)
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
        var scheduler = FetchScheduler(seed: 1)
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
        #expect(scheduler.handle(.failed(request: 77), now: at(2004)) == [])
    }

    @Test(
        "seeded runs: the invariants hold at each step, and the same seed gives the same actions",
        arguments: [1, 2, 3] as [UInt64])
    func properties(seed: UInt64) {
        #expect(run(seed) == run(seed))
    }

    /// A thousand random events; checks the file head's invariants 1 to 4 on the way.
    private func run(_ seed: UInt64) -> [String] {
        var random = SplitMix64(seed: seed)
        var scheduler = FetchScheduler(seed: seed)
        var log: [String] = []
        var now: Int64 = 0
        var open: [UInt64: String] = [:]
        var pending: [UInt64: String] = [:]
        var attempts: [String: Int64] = [:]
        let urls = (0..<12).map { "http://h\($0 % 4).example/\($0)" }
        func host(_ url: String) -> String { WebAddress(url)!.host }
        for _ in 0..<1000 {
            now += Int64(random.next() % 3000)
            let event: Event
            switch random.next() % 10 {
            case 0:
                event = .add([
                    (
                        FeedSpecification(
                            url: urls[Int(random.next() % 12)],
                            intervalMilliseconds: random.next() % 2 == 0 ? 5000 : nil), nil
                    )
                ])
            case 1 where random.next() % 4 == 0: event = .remove(url: urls[Int(random.next() % 12)])
            case 2, 3, 4:
                guard let request = open.keys.sorted().first else { continue }
                open[request] = nil
                let statuses = [200, 200, 304, 404, 503, 410]
                let status = statuses[Int(random.next() % 6)]
                let entries = status == 200 ? (0..<random.next() % 4).map { entry($0, "\(random.next() % 3)") } : []
                event =
                    random.next() % 8 == 0
                    ? .failed(request: request)
                    : .responded(request: request, Response(status: status, entries: entries))
            case 5, 6:
                guard let batch = pending.keys.sorted().first else { continue }
                pending[batch] = nil
                event = .acknowledged(batch: batch)
            default: event = .tick
            }
            for action in scheduler.handle(event, now: at(now)) {
                switch action {
                case .saveAttempt(let url, let time): attempts[url] = time.milliseconds
                case .start(let request):
                    #expect(attempts[request.feed] == now, "the attempt is saved first")
                    #expect(!open.values.contains { host($0) == host(request.feed) }, "one request a host")
                    #expect(!pending.values.contains(request.feed), "nothing of the feed is unacknowledged")
                    open[request.number] = request.feed
                case .put(let batch): pending[batch.number] = batch.feed
                case .forget(let url): pending = pending.filter { $0.value != url }
                case .save: break
                }
            }
            log.append(
                "\(now) \(scheduler.feedCount) \(open.count) \(pending.count) \(scheduler.nextWake?.milliseconds ?? -1)"
            )
        }
        return log
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
