import ByteCoding
import News

@testable import Fetching

/// Servers with feeds for a fetch scheduler in virtual time: they redirect, fail, forbid, ask for pauses, tell validators
/// that lie, and are slow. Feeds only ever grow, so nothing that they show may be missing in the end.
struct SimulatedWeb {
    struct Feed {
        let url: String
        /// Where it really is; asked elsewhere, servers redirect there, for good or not.
        let home: String
        let isPermanentMove: Bool
        /// Its ETag never changes, whatever it shows.
        let hasWrongETag: Bool
        let loops: Bool
        /// Its entries lead to pages, some of them elsewhere, and they are wanted.
        let hasPages: Bool
        /// Instants at which it gets one more item.
        var growth: [Int64]

        func itemCount(at now: Int64) -> Int { growth.count { $0 <= now } }
    }

    struct Answer {
        var delay: Int64
        /// Nil: none comes.
        var response: FetchScheduler.Response?
    }

    private(set) var feeds: [Feed] = []
    private var feedsByAddress: [String: Int] = [:]
    /// By origin: nil for a 404.
    private(set) var robots: [String: String?] = [:]
    private var random: SplitMix64
    /// Everything answers as it should from here on.
    var healedAt = Int64.max

    static func key(_ feed: Int, _ item: Int) -> ArticleKey {
        ArticleKey(high: UInt64(feed) + 1, low: UInt64(item))
    }

    init(seed: UInt64, siteCount: Int, feedCount: Int, horizon: Int64) {
        random = SplitMix64(seed: seed)
        func below(_ bound: Int) -> Int { Int(random.below(Int64(bound))) }
        func host() -> String { "http://\(["www", "feeds", "m"][below(3)]).s\(below(siteCount)).example" }
        for number in 0..<feedCount {
            let url = "\(host())/f\(number)"
            let isMoved = below(4) == 0
            let growth = (0..<below(30)).map { _ in random.below(horizon) }.sorted()
            let feed = Feed(
                url: url, home: isMoved ? "\(host())/h\(number)" : url, isPermanentMove: below(2) == 0,
                hasWrongETag: below(15) == 0, loops: below(40) == 0, hasPages: below(3) == 0, growth: growth)
            feedsByAddress[feed.url] = number
            feedsByAddress[feed.home] = number
            feeds.append(feed)
        }
        let origins = Set(
            feeds.flatMap { [$0.url, $0.home] + ($0.hasPages ? [Self.page(of: $0, 0)] : []) }.map {
                WebAddress($0)!.origin
            })
        for origin in origins.sorted() {
            switch below(5) {
            case 0: robots[origin] = "User-agent: *\nDisallow: /f1\nDisallow: /h1\nDisallow: /p/1\n"
            case 1: robots[origin] = "User-agent: coranto\nCrawl-delay: \(1 + below(20))\n"
            default: robots[origin] = .some(nil)
            }
        }
    }

    /// Of an item. Of every third it is at a site of pages only.
    static func page(of feed: Feed, _ item: Int) -> String {
        item % 3 == 0 ? "http://pages.example/\(item)" : "\(WebAddress(feed.home)!.origin)/p/\(item)"
    }

    /// Instants count from here.
    mutating func shift(by start: Int64) {
        for index in feeds.indices { feeds[index].growth = feeds[index].growth.map { $0 + start } }
    }

    /// Whether the newest rules that its origin has ever told let a feed's address be asked.
    func forbids(_ address: WebAddress) -> Bool {
        guard let text = robots[address.origin] ?? nil, text.contains("Disallow") else { return false }
        return ["/f1", "/h1", "/p/1"].contains { address.path.hasPrefix($0) }
    }

    func crawlDelayMilliseconds(_ origin: String) -> Int64 {
        guard let text = robots[origin] ?? nil, let number = text.split(separator: ":").last else { return 0 }
        return text.contains("Crawl-delay") ? (Int64(number.dropLast().drop { $0 == " " }) ?? 0) * 1000 : 0
    }

    mutating func answer(_ request: FetchScheduler.Request, now: Int64) -> Answer {
        let delay = random.below(20) == 0 ? random.below(40_000) : 5 + random.below(300)
        if now < healedAt, random.below(10) == 0 { return Answer(delay: delay, response: trouble(now + delay)) }
        if case .robots(let origin) = request.purpose {
            guard let text = robots[origin] ?? nil else {
                return Answer(delay: delay, response: FetchScheduler.Response(status: 404))
            }
            var response = FetchScheduler.Response(status: 200)
            response.text = Array(text.utf8)
            return Answer(delay: delay, response: response)
        }
        return Answer(delay: delay, response: content(request, now))
    }

    private mutating func trouble(_ now: Int64) -> FetchScheduler.Response? {
        let status = [0, 429, 429, 500, 503, 503][Int(random.below(6))]
        guard status > 0 else { return nil }
        var response = FetchScheduler.Response(status: status)
        if random.below(2) == 0 {
            response.retryAt = Timestamp(milliseconds: now + random.below(3 * 3_600_000))
        }
        return response
    }

    private mutating func content(_ request: FetchScheduler.Request, _ now: Int64) -> FetchScheduler.Response {
        if case .page = request.purpose { return page(request) }
        guard let number = feedsByAddress[request.address] else { return FetchScheduler.Response(status: 404) }
        let feed = feeds[number]
        guard request.address == feed.home, !feed.loops else {
            var response = FetchScheduler.Response(status: feed.isPermanentMove ? 301 : 302)
            response.location = feed.home
            return response
        }
        let count = feed.itemCount(at: now)
        let etag = feed.hasWrongETag ? "same" : "\(count)"
        guard request.etag != etag else { return FetchScheduler.Response(status: 304) }
        var response = FetchScheduler.Response(status: 200)
        response.etag = etag
        response.entries = (0..<count).reversed().map {
            FetchScheduler.Entry(
                key: Self.key(number, $0), contentHash: SHA256.hash(of: "\($0)".utf8),
                page: feed.hasPages ? WebAddress(Self.page(of: feed, $0)) : nil)
        }
        return response
    }

    private mutating func page(_ request: FetchScheduler.Request) -> FetchScheduler.Response {
        guard random.below(10) == 0, !request.address.hasSuffix("-moved") else {
            return FetchScheduler.Response(status: random.below(20) == 0 ? 404 : 200)
        }
        var response = FetchScheduler.Response(status: 302)
        response.location = request.address + "-moved"
        return response
    }
}
