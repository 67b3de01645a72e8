package import News

/// A feed as articles.
package struct ParsedFeed: Sendable {
    package enum Format: String, Sendable { case rss, rdf, atom, json, sitemap }

    /// What an entry's article takes from its feed.
    struct Frame {
        var title: String?
        var language: String?
    }

    package var format: Format
    package var title: String?
    /// The site's address.
    package var link: String?
    package var language: String?
    package var entries: [FeedEntry] = []
    /// What had to be repaired, the first thing only; nil for a feed without faults.
    package var bozo: String?
}

/// An entry of a feed, as an article that still lacks its first-seen time (the fetcher knows it).
package struct FeedEntry: Equatable, Sendable {
    package var article: Article
    package var key: ArticleKey
    /// Notes on what was odd; dates that could not be read are in the article's `extra`.
    package var notes: ReadNotes
    /// The key of its raw input, if `key` is of its guid: for guids that are not its own.
    var spareKey: ArticleKey?

    /// A text shorter than this is a summary.
    private static let textBytes = 1000

    /// Whether the feed has the article's text, and not only a summary.
    package var hasText: Bool { (article.body?.utf8.count ?? 0) > Self.textBytes }

    /// Where the text stands, if the feed does not have it.
    package var page: WebAddress? { hasText ? nil : article.url.flatMap { WebAddress($0) } }
}

/// Why bytes are no feed.
package enum FeedError: Error, Equatable, CustomStringConvertible {
    /// Nothing that looks like a feed; `seen` says what it looks like.
    case notAFeed(seen: String)
    case malformed(JSONError)
    case tooLarge(bytes: Int)
    case damaged(String)

    package var description: String {
        switch self {
        case .notAFeed(let seen): "not a feed: \(seen)"
        case .malformed(let error): "not a feed: \(error)"
        case .tooLarge(let bytes): "the feed has \(bytes) bytes, at most \(Limits.inputBytes) are allowed"
        case .damaged(let what): "not a feed: \(what)"
        }
    }
}
