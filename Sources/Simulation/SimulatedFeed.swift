import ByteCoding
import Cluster
import Fetching
import News
import Storage
import Wire

/// A feed on a server: it shows its newest items, and changes some of them afterwards.
struct SimulatedFeed {
    struct Item: Hashable {
        var number: Int
        var text: Int

        var key: ArticleKey { SimulatedArticle.key(number) }
        /// Without first seen: that is the fetcher's to say.
        var article: Article { SimulatedArticle.make(number, sighting: SimulatedFeed.sighting, text: text) }
        var contentHash: Digest256 { CanonicalRecord.contentHash(of: article) }
    }

    /// Of nobody else: what clients send does not stand for what a feed showed.
    private static let sighting = SimulatedArticle.sightingCount + 2

    /// Items that are shown at once; older ones are gone.
    static let shownCount = 10

    let url: String
    let wantsPages: Bool
    /// Newest first.
    private(set) var items: [Item] = []
    private(set) var version = 0
    /// What it showed, by version.
    private var shown: [Int: [Item]] = [0: []]
    /// What it showed in an answer whose poll came to its end: that must be in the log.
    private(set) var owed: Set<Item> = []
    /// Its fetchers' batches that were acknowledged.
    var acknowledged: [BatchID] = []
    /// When the last poll began that came to its end with an answer.
    private(set) var polledAt: Int64 = -1

    init(url: String, wantsPages: Bool) {
        self.url = url
        self.wantsPages = wantsPages
    }

    var etag: String { "\"\(version)\"" }

    mutating func change(_ random: inout SeededRandom) {
        if !items.isEmpty, random.chance(300) {
            let index = random.int(0...(items.count - 1))
            items[index].text = (items[index].text + 1) % SimulatedArticle.textCount
        } else {
            let number = random.int(0...(SimulatedArticle.keyCount - 1))
            items.removeAll { $0.number == number }
            items.insert(Item(number: number, text: random.int(0...(SimulatedArticle.textCount - 1))), at: 0)
            items = Array(items.prefix(Self.shownCount))
        }
        version += 1
        shown[version] = items
    }

    /// A fetcher has saved the outcome of a poll in which it saw this version.
    ///
    /// - Parameter isSeen: whether it remembers an item as it was shown; of a round of pages that was cut short it does not all.
    mutating func polled(_ version: Int, startedAt: Int64, isSeen: (Item) -> Bool) {
        let items = shown[version] ?? []
        let seen = items.filter(isSeen)
        owed.formUnion(seen)
        if seen.count == items.count { polledAt = max(polledAt, startedAt) }
    }

    /// Where an item's text stands: of some at a site that has no feed.
    func page(of item: Item) -> WebAddress? {
        guard wantsPages else { return nil }
        return WebAddress(item.number % 3 == 0 ? "https://pages.example/\(item.number)" : "\(url)/\(item.number)")
    }
}

/// A fetcher as `FetcherRole` drives it: the scheduler decides, the poll state outlives the process, batches go one after
/// another until the coordinator has acknowledged them.
struct SimulatedFetcher {
    /// What `PollState` keeps in its file.
    struct Memory {
        var feeds: [String: FeedState] = [:]
        var robots: [String: RobotsState] = [:]
        var holds: [String: SiteHold] = [:]
        var seen: [String: [ArticleKey: SeenEntry]] = [:]
        var shares: [FeedShare: ShardEpoch] = [:]

        /// What goes with a share to another fetcher.
        func part(of share: FeedShare) -> Memory {
            var part = Memory()
            part.feeds = feeds.filter { FeedShare(ofFeed: $0.key) == share }
            part.seen = seen.filter { FeedShare(ofFeed: $0.key) == share }
            part.robots = robots.filter { FeedShare(ofFeed: $0.key) == share }
            part.holds = holds.filter { FeedShare(ofSite: $0.key) == share }
            return part
        }

        mutating func absorb(_ part: Memory) {
            feeds.merge(part.feeds) { $1 }
            seen.merge(part.seen) { $1 }
            robots.merge(part.robots) { $1 }
            holds.merge(part.holds) { $1 }
        }
    }

    struct Outgoing {
        var batch: UInt64
        var feed: String
        var put: SimulatedClient.Batch
    }

    var memory = Memory()
    var scheduler: FetchScheduler
    /// Unique to the run: numbers begin at 1 with each.
    var name: String
    var outgoing: [Outgoing] = []
    var nextNumber: UInt64 = 1
    /// Of each poll under way: what the answer showed, and when it was asked for.
    var answered: [String: (version: Int, startedAt: Int64)] = [:]
    /// Entries of the answer that is being decided.
    var items: [SimulatedFeed.Item] = []
    /// Those that wait for their pages, by feed and place.
    var kept: [String: [Int: SimulatedFeed.Item]] = [:]
    var isDraining = false
    var hasLeft = false
    var isPaused = true
    var holder = ShareHolder(instance: Instance(0), kept: [:])
    /// Feeds that are polled.
    var polled: Set<String> = []
    /// Shares that are to go, with the feeds of which something is under way.
    var releasing: [FeedShare: Set<String>] = [:]

    init(seed: UInt64) {
        name = "fetcher"
        scheduler = FetchScheduler(seed: seed, now: Timestamp(milliseconds: 0))
    }

    func detail(_ now: Int64) -> String {
        let mayAsk = holder.mayAsk(now: Moment(milliseconds: now, wall: Timestamp(milliseconds: 0)))
        return "\(polled.sorted()) of shares \(holder.shares.map(\.index)), may ask \(mayAsk), \(holder.detail)"
    }

    /// By wall clocks that run so much faster.
    static func settings(wallFactor: Int64) -> FetchScheduler.Settings {
        var settings = FetchScheduler.Settings()
        settings.firstIntervalMilliseconds = 1500 * wallFactor
        settings.shortestIntervalMilliseconds = 800 * wallFactor
        // A world at rest is waited for: no longer than this.
        settings.longestIntervalMilliseconds = 4000 * wallFactor
        // Fewer than a feed shows at once, and than there are feeds with pages.
        settings.roundPageCount = 4
        settings.roundLimit = 1
        settings.robots.freshMilliseconds = 3000 * wallFactor
        settings.robots.firstRetryMilliseconds = 1000 * wallFactor
        settings.robots.lostMilliseconds = 500 * wallFactor
        settings.robots.forbiddenMilliseconds = 2000 * wallFactor
        return settings
    }

    /// The process begins anew; only the poll state is left, or not even that.
    mutating func restart(
        run: Int, seed: UInt64, instance: Instance, wallFactor: Int64, isForgotten: Bool, now: Timestamp
    ) {
        if isForgotten { memory = Memory() }
        name = "fetcher-\(run)-\(seed)"
        nextNumber = 1
        outgoing = []
        answered = [:]
        kept = [:]
        isDraining = false
        hasLeft = false
        isPaused = true
        polled = []
        releasing = [:]
        holder = ShareHolder(instance: instance, kept: memory.shares)
        scheduler = FetchScheduler(settings: Self.settings(wallFactor: wallFactor), seed: seed, now: now)
    }
}
