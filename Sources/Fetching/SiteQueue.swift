import News

// Who waits at which site for its turn, and when the next turn is.
//
// Invariants
// 1. A site has at most one errand under way, and between two starts at least its gap passes.
// 2. Nothing starts within a gap of `openedAt`: the process before this one may just have asked.
// 3. A site that waits is in the heap as it is now; entries that are older are passed over.
// 4. A site without a feed, an errand and a pause is forgotten sooner or later.

/// See the head of this file.
struct SiteQueue: Sendable {
    /// What is to be asked of a site.
    enum Errand: Equatable, Sendable {
        /// The next hop of a feed's poll.
        case feed(String)
        /// robots.txt of an origin, or where it was redirected to.
        case robots(origin: String)
    }

    private struct Site {
        var waiting: [Errand] = []
        var isBusy = false
        var lastStart: Timestamp
        var heldUntil: Timestamp
        /// As robots.txt of one of its origins asks.
        var delayMilliseconds: Int64 = 0
        /// Feeds whose polls begin here: how many, and what intervals an operator gave them, the shortest first.
        var feedCount = 0
        var fixedMilliseconds: [Int64] = []
        /// As it stands in the heap; nil if it does not.
        var announced: Timestamp?

        func nextStart(gap: Int64) -> Timestamp {
            var gap = max(gap, delayMilliseconds)
            if let fixed = fixedMilliseconds.first { gap = min(gap, fixed / Int64(max(1, feedCount))) }
            return max(lastStart.adding(gap), heldUntil)
        }

        var isUnused: Bool { feedCount == 0 && !isBusy && waiting.isEmpty }
    }

    private let gapMilliseconds: Int64
    private let openedAt: Timestamp
    private var sites: [String: Site] = [:]
    /// Sites that may start something, by when.
    private var ready = DueQueue()
    /// Unused ones are looked for when there are more sites than this.
    private var sweepCount = 64

    init(gapMilliseconds: Int64, openedAt: Timestamp) {
        self.gapMilliseconds = gapMilliseconds
        self.openedAt = openedAt
    }

    /// When the next site may start something; nil if none waits.
    var nextStart: Timestamp? { ready.first?.due }

    // MARK: Errands

    mutating func enqueue(_ errand: Errand, at name: String) {
        change(name) { $0.waiting.append(errand) }
    }

    func waiting(at name: String) -> [Errand] { sites[name]?.waiting ?? [] }

    /// Takes the errand whose turn it is; its site is busy until `finished`.
    mutating func takeNext(now: Timestamp) -> (site: String, errand: Errand)? {
        guard let (due, name) = ready.first, due <= now, let errand = sites[name]?.waiting.first else { return nil }
        change(name) { site in
            site.waiting.removeFirst()
            site.isBusy = true
        }
        return (name, errand)
    }

    /// A request starts now.
    mutating func started(_ name: String, now: Timestamp) {
        change(name) { $0.lastStart = now }
    }

    /// The request ended, or what was taken needed none.
    mutating func finished(_ name: String, now: Timestamp) {
        change(name) { $0.isBusy = false }
        sweep(now)
    }

    /// Nothing of the feed waits there any more.
    mutating func withdraw(_ feed: String, from name: String) {
        change(name) { site in site.waiting.removeAll { $0 == .feed(feed) } }
    }

    // MARK: Pace

    /// Nothing starts there before `time`.
    mutating func hold(_ name: String, until time: Timestamp) {
        change(name) { $0.heldUntil = max($0.heldUntil, time) }
    }

    /// Until when it is held, if it is.
    func heldUntil(_ name: String) -> Timestamp { sites[name]?.heldUntil ?? openedAt }

    mutating func setDelay(of name: String, milliseconds: Int64) {
        change(name) { $0.delayMilliseconds = max($0.delayMilliseconds, milliseconds) }
    }

    mutating func addFeed(at name: String, fixedMilliseconds: Int64?) {
        change(name) { site in
            site.feedCount += 1
            guard let fixedMilliseconds else { return }
            let index = site.fixedMilliseconds.firstIndex { $0 >= fixedMilliseconds }
            site.fixedMilliseconds.insert(fixedMilliseconds, at: index ?? site.fixedMilliseconds.count)
        }
    }

    mutating func removeFeed(from name: String, fixedMilliseconds: Int64?) {
        change(name) { site in
            site.feedCount -= 1
            if let index = site.fixedMilliseconds.firstIndex(where: { $0 == fixedMilliseconds }) {
                site.fixedMilliseconds.remove(at: index)
            }
        }
    }

    // MARK: Pieces

    /// Every change goes through here, so that the heap follows.
    private mutating func change(_ name: String, _ body: (inout Site) -> Void) {
        var site = sites[name] ?? Site(lastStart: openedAt, heldUntil: openedAt)
        body(&site)
        let due = site.isBusy || site.waiting.isEmpty ? nil : site.nextStart(gap: gapMilliseconds)
        if let due, due != site.announced { ready.insert(name, due: due) }
        site.announced = due
        sites[name] = site
        while let (due, name) = ready.first, sites[name]?.announced != due { ready.removeFirst() }
    }

    private mutating func sweep(_ now: Timestamp) {
        guard sites.count > sweepCount else { return }
        let gap = gapMilliseconds
        sites = sites.filter { !$0.value.isUnused || $0.value.nextStart(gap: gap) > now }
        sweepCount = 2 * sites.count + 64
    }
}
