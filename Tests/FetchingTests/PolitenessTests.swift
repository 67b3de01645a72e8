import ByteCoding
import Foundation
import News
import Testing

@testable import Fetching

/// Whole fetchers in virtual time, killed now and then, held against a list of all their requests.
@Suite("Politeness, and nothing lost")
struct PolitenessTests {
    /// CORANTO_POLLS: how many polls in all; a million take some minutes.
    static let pollCount = ProcessInfo.processInfo.environment["CORANTO_POLLS"].flatMap { Int($0) } ?? 10_000

    @Test("no site is asked early, no matter how often the fetcher is killed, and nothing that feeds show is missing")
    func longRun() throws {
        var polls = 0
        var kills = 0
        var pages = 0
        var seed: UInt64 = 1
        while polls < Self.pollCount {
            var run = Run(seed: seed)
            try run.play()
            polls += run.pollCount
            kills += run.killCount
            pages += run.pageCount
            seed += 1
        }
        #expect(kills * 200 > polls, "it was killed often enough to tell")
        #expect(pages * 100 > polls, "so many pages were asked for that it tells")
    }
}

/// One world from one seed.
private struct Run {
    private enum Happening {
        case answer(FetchScheduler.Request, FetchScheduler.Response?)
        case acknowledge(UInt64, process: Int)
        case kill
        case restart
    }

    /// What the auditor knows of a site.
    private struct Site {
        var lastStart = Int64.min / 2
        var openCount = 0
        var heldUntil = Int64.min
        var gap: Int64 = 1000
    }

    private static let horizon: Int64 = 14 * 86_400_000

    private var web: SimulatedWeb
    private var random: SplitMix64
    private var scheduler: FetchScheduler
    private var now: Int64 = 1_700_000_000_000
    private var queue: [(at: Int64, order: Int, Happening)] = []
    private var order = 0
    private var process = 0
    private var isUp = false

    // What the fetcher saved.
    private var states: [String: FeedState] = [:]
    private var seen: [String: [ArticleKey: SeenEntry]] = [:]
    private var robots: [String: RobotsState] = [:]
    private var holds: [String: SiteHold] = [:]

    // What the coordinator has: of each item, in which of the fetcher's lives it came.
    private var delivered: [ArticleKey: [Int]] = [:]
    private var batches: [UInt64: [ArticleKey]] = [:]
    private var answers: [String: [FetchScheduler.Entry]] = [:]
    private var sites: [String: Site] = [:]
    private var toldRobots: Set<String> = []
    private(set) var pollCount = 0
    private(set) var pageCount = 0
    private(set) var killCount = 0
    private var stepCount = 0

    init(seed: UInt64) {
        web = SimulatedWeb(seed: seed, siteCount: 30, feedCount: 120, horizon: Self.horizon)
        random = SplitMix64(seed: seed &+ 1000)
        scheduler = FetchScheduler(seed: seed, now: Timestamp(milliseconds: now))
    }

    /// The auditor's own idea of a site: the last two labels.
    private static func site(of address: WebAddress) -> String {
        address.host.split(separator: ".").suffix(2).joined(separator: ".")
    }

    private mutating func schedule(after delay: Int64, _ happening: Happening) {
        order += 1
        let item = (at: now + delay, order: order, happening)
        let index = queue.firstIndex { ($0.at, $0.order) > (item.at, item.order) } ?? queue.count
        queue.insert(item, at: index)
    }

    mutating func play() throws {
        let start = now
        // Its instants are of this world.
        web.shift(by: start)
        web.healedAt = start + Self.horizon
        for _ in 0..<200 { schedule(after: random.below(Self.horizon), .kill) }
        try boot()
        // After the healing everyone is asked at least twice: a day apart at most, and once more without validators.
        let end = start + Self.horizon + 10 * 86_400_000
        while true {
            let wake = isUp ? scheduler.nextWake?.milliseconds : nil
            let next = queue.first.map { min($0.at, wake ?? .max) } ?? wake ?? end
            guard next < end else { break }
            now = max(now, next)
            if let first = queue.first, first.at <= now {
                queue.removeFirst()
                try happen(first.2)
            } else {
                try step(.tick)
            }
        }
        check()
    }

    private mutating func happen(_ happening: Happening) throws {
        switch happening {
        case .answer(let request, let response): try answered(request, response)
        case .acknowledge(let batch, let life): if life == process, isUp { try step(.acknowledged(batch: batch)) }
        case .kill:
            guard isUp else { return }
            killCount += 1
            isUp = false
            queue.removeAll { if case .answer = $0.2 { true } else { false } }
            for name in sites.keys { sites[name]?.openCount = 0 }
            schedule(after: random.below(3) == 0 ? 0 : random.below(5000), .restart)
        case .restart: try boot()
        }
    }

    private mutating func boot() throws {
        process += 1
        isUp = true
        batches = [:]
        scheduler = FetchScheduler(
            seed: random.next(), firstBatch: UInt64(process) << 32, now: Timestamp(milliseconds: now))
        let list = web.feeds.map {
            (feed: FeedSpecification(url: $0.url, wantsPages: $0.hasPages), state: states[$0.url])
        }
        try step(
            .remember(
                WebMemory(
                    robots: robots.values.sorted { $0.origin < $1.origin },
                    holds: holds.values.sorted { $0.site < $1.site })))
        try step(.add(list))
    }

    private mutating func answered(_ request: FetchScheduler.Request, _ response: FetchScheduler.Response?) throws {
        let address = try #require(WebAddress(request.address))
        let site = Self.site(of: address)
        sites[site]?.openCount -= 1
        guard var response else { return try step(.failed(request: request.number, why: "time-out")) }
        if response.status == 429 || response.status == 503 {
            let until = response.retryAt?.milliseconds ?? (response.status == 429 ? now + 60_000 : now)
            let held = max(sites[site]?.heldUntil ?? until, min(until, now + 86_400_000))
            sites[site]?.heldUntil = held
        }
        switch request.purpose {
        case .feed(let url):
            for entry in response.entries { response.known[entry.key] = seen[url]?[entry.key] }
            answers[url] = response.entries
        case .page: break
        case .robots(let origin):
            if response.status == 200 {
                toldRobots.insert(origin)
                let own = Self.site(of: try #require(WebAddress(origin)))
                let gap = max(sites[own]?.gap ?? 1000, web.crawlDelayMilliseconds(origin))
                sites[own, default: Site()].gap = gap
            }
        }
        try step(.responded(request: request.number, response))
    }

    private mutating func step(_ event: FetchScheduler.Event) throws {
        let actions = scheduler.handle(event, now: Timestamp(milliseconds: now))
        stepCount += 1
        if stepCount % 64 == 0 { checkPlaces() }
        for action in actions {
            switch action {
            case .saveAttempt(let url, let time):
                states[url, default: FeedState(url: url, intervalMilliseconds: 900_000)].lastAttempt = time
                pollCount += 1
            case .saveRobots(let state): robots[state.origin] = state
            case .saveHold(let hold): holds[hold.site] = hold
            case .start(let request): try started(request)
            case .keep: break
            case .put(let batch):
                let keys = batch.entries.map { answers[batch.feed]![$0.index].key }
                // Durable some time before the fetcher hears of it, or never heard of.
                for key in keys { delivered[key, default: []].append(process) }
                schedule(after: 1 + random.below(3000), .acknowledge(batch.number, process: process))
            case .save(let state, let entries):
                states[state.url] = state
                for entry in entries { seen[state.url, default: [:]][entry.key] = entry }
            case .forget, .left: Issue.record("nobody removed a feed")
            }
        }
    }

    private mutating func started(_ request: FetchScheduler.Request) throws {
        let address = try #require(WebAddress(request.address))
        let name = Self.site(of: address)
        let site = sites[name, default: Site()]
        #expect(site.openCount == 0, "\(request.address): another request is under way")
        #expect(now - site.lastStart >= site.gap, "\(request.address): \(now - site.lastStart) ms after the last")
        #expect(now >= site.heldUntil, "\(request.address): \(site.heldUntil - now) ms before it may be asked again")
        if let feed = request.purpose.feed {
            if case .page = request.purpose { pageCount += 1 }
            #expect(states[feed]?.lastAttempt != nil)
            #expect(!toldRobots.contains(address.origin) || !web.forbids(address), "\(request.address) is forbidden")
            #expect(toldRobots.contains(address.origin) || robots[address.origin] != nil, "robots.txt comes first")
        }
        // It goes out a little later than it was decided.
        now += random.below(40)
        scheduler.began(request.number, now: Timestamp(milliseconds: now))
        sites[name, default: Site()].lastStart = now
        sites[name, default: Site()].openCount = 1
        let answer = web.answer(request, now: now)
        schedule(after: answer.delay, .answer(request, answer.response))
    }

    /// Whether nobody keeps one of the places of rounds while a site is left alone.
    private func checkPlaces() {
        for (url, feed) in scheduler.feeds where feed.holdsRound {
            let waitsFor: WebAddress? =
                switch feed.phase {
                case .waiting(let poll): poll.address
                case .parked(let poll): scheduler.robots.address(of: poll.address.origin)
                case .idle, .queued, .requested, .pending: nil
                }
            guard let site = waitsFor.map(Self.site), let until = sites[site]?.heldUntil else { continue }
            #expect(until <= now + 60_000, "\(url) waits for \(site) with a place")
        }
    }

    private func check() {
        for (number, feed) in web.feeds.enumerated() where !feed.loops {
            let home = WebAddress(feed.home)!
            if web.forbids(home) || web.forbids(WebAddress(feed.url)!) { continue }
            for item in feed.growth.indices {
                let lives = delivered[SimulatedWeb.key(number, item), default: []]
                #expect(!lives.isEmpty, "item \(item) of \(feed.url) is missing")
                #expect(Set(lives).count == lives.count, "item \(item) of \(feed.url) came twice in one life")
            }
        }
    }
}
