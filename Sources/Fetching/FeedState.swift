package import ByteCoding
package import News

/// A feed as the operator asked for it.
package struct FeedSpecification: Equatable, Sendable {
    /// Absolute http(s) address in the form of `WebAddress.href`; the feed's name everywhere.
    package var url: String
    /// Nil: adaptive.
    package var intervalMilliseconds: Int64?
    /// Entries without a text are completed from the pages they lead to.
    package var wantsPages: Bool

    package init(url: String, intervalMilliseconds: Int64? = nil, wantsPages: Bool = false) {
        self.url = url
        self.intervalMilliseconds = intervalMilliseconds
        self.wantsPages = wantsPages
    }
}

/// What the fetcher remembers of a feed between polls and runs.
package struct FeedState: Equatable, Sendable {
    package let url: String
    /// Where it moved for good (301, 308), if it did.
    package var movedTo: String?
    package var etag: String?
    package var lastModified: String?
    /// Saved before the request is made, so that a crash never leads to two requests in a row.
    package var lastAttempt: Timestamp?
    /// When the last answer with status 200 or 304 came.
    package var lastSuccess: Timestamp?
    /// When the last answer with status 200 came.
    package var lastFull: Timestamp?
    /// When an answer last had something new.
    package var lastNews: Timestamp?
    /// From one answer with something new to the next, on average; newer ones count for more. 0: not known yet.
    package var newsGapMilliseconds: Int64 = 0
    /// Why the last poll brought nothing; nil if it did.
    package var lastError: String?
    /// The adaptive interval as it is now.
    package var intervalMilliseconds: Int64
    /// Failures in a row.
    package var failureCount: Int
    /// 304s in a row.
    package var unchangedCount: Int
    /// It had news under an ETag that said it had none: validators are not sent any more.
    package var hasWrongValidators = false
    /// 410: never asked again until the feed is added anew.
    package var isGone: Bool

    package init(url: String, intervalMilliseconds: Int64) {
        self.url = url
        self.intervalMilliseconds = intervalMilliseconds
        failureCount = 0
        unchangedCount = 0
        isGone = false
    }

    /// News that stays out this many times as long as usual, and for two days at least, has fallen silent.
    static let silenceFactor: Int64 = 8
    static let silenceMilliseconds: Int64 = 48 * 3_600_000

    /// Whether something new is long overdue. A feed that cannot be had is not called silent: its error says more.
    package func isSilent(now: Timestamp) -> Bool {
        guard let lastNews, newsGapMilliseconds > 0, failureCount == 0, !isGone else { return false }
        let patience = max(Self.silenceMilliseconds, newsGapMilliseconds.multiplied(by: Self.silenceFactor))
        return now > lastNews && now.milliseconds - lastNews.milliseconds > patience
    }

    /// An answer has something new.
    mutating func noteNews(at now: Timestamp) {
        if let lastNews, now > lastNews {
            let gap = now.milliseconds - lastNews.milliseconds
            newsGapMilliseconds = newsGapMilliseconds == 0 ? gap : (newsGapMilliseconds / 4 * 3) + gap / 4
        }
        lastNews = now
    }

    /// Where the next request goes.
    package var address: String { movedTo ?? url }
}

/// A site that said when to come again.
package struct SiteHold: Equatable, Sendable {
    package var site: String
    package var until: Timestamp

    package init(site: String, until: Timestamp) {
        self.site = site
        self.until = until
    }
}

/// What the fetcher remembers of the web beside its feeds.
package struct WebMemory: Sendable {
    package var robots: [RobotsState]
    package var holds: [SiteHold]

    package init(robots: [RobotsState] = [], holds: [SiteHold] = []) {
        self.robots = robots
        self.holds = holds
    }
}

/// What a feed last said under a key, and since when it has said so without a break.
package struct SeenEntry: Equatable, Sendable {
    package var key: ArticleKey
    package var contentHash: Digest256
    package var firstSeen: Timestamp

    package init(key: ArticleKey, contentHash: Digest256, firstSeen: Timestamp) {
        self.key = key
        self.contentHash = contentHash
        self.firstSeen = firstSeen
    }
}

extension Int64 {
    /// The largest number where the product would be larger.
    func multiplied(by factor: Int64) -> Int64 {
        let (product, isTooLarge) = multipliedReportingOverflow(by: factor)
        return isTooLarge ? .max : product
    }
}
