package import News

/// A feed as it was received.
package struct ParsedFeed: Sendable {
    package enum Format: String, Sendable { case rss, rdf, atom, json }

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
}

/// Why bytes are no feed.
package enum FeedError: Error, Equatable, CustomStringConvertible {
    /// Nothing that looks like a feed; `seen` says what it looks like.
    case notAFeed(seen: String)
    case malformed(JSONError)
    case tooLarge(bytes: Int)

    package var description: String {
        switch self {
        case .notAFeed(let seen): "not a feed: \(seen)"
        case .malformed(let error): "not a feed: \(error)"
        case .tooLarge(let bytes): "the feed has \(bytes) bytes, at most \(Limits.inputBytes) are allowed"
        }
    }
}

package enum FeedParser {
    package static let extractorVersion: UInt32 = 1

    /// Reads RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0, and JSON Feed.
    ///
    /// - Parameters:
    ///   - url: where the feed was fetched from: base of relative links, and the source's name if the feed has no title.
    ///   - charset: from the Content-Type header, or nil.
    package static func parse(_ bytes: [UInt8], url: String, charset: String? = nil) throws(FeedError) -> ParsedFeed {
        guard bytes.count <= Limits.inputBytes else { throw .tooLarge(bytes: bytes.count) }
        let head = bytes.prefix(1024)
        let decoded = Charset.decode(bytes[...], declared: [charset, xmlEncoding(head)])
        guard let first = decoded.bytes.first(where: { !ASCII.isBlank($0) }) else { throw .notAFeed(seen: "no text") }
        var feed: ParsedFeed
        if first == UInt8(ascii: "{") {
            do throws(JSONError) {
                feed = try JSONFeedReader(decoded.bytes, url: url).read()
            } catch {
                throw .malformed(error)
            }
        } else {
            var reader = XMLFeedReader(decoded.bytes, url: url)
            feed = try reader.read()
        }
        if decoded.hasDamage, feed.bozo == nil { feed.bozo = "bytes that are no \(decoded.name)" }
        return feed
    }

    /// The encoding in an XML declaration.
    private static func xmlEncoding(_ head: ArraySlice<UInt8>) -> String? {
        guard head.drop(while: { ASCII.isBlank($0) }).starts(with: "<?xml".utf8),
            let end = HTMLTokenizer.firstRange(of: Array("?>".utf8), in: head),
            let found = HTMLTokenizer.firstRange(of: Array("encoding".utf8), in: head[..<end])
        else { return nil }
        let value = head[(found + 8)..<end].drop { ASCII.isBlank($0) || $0 == 0x3D || $0 == 0x22 || $0 == 0x27 }
        return String(decoding: value.prefix { ASCII.isAlphanumeric($0) || "-_.:".utf8.contains($0) }, as: UTF8.self)
    }
}

/// What an entry says, in whatever format, before it becomes an article.
struct EntryDraft {
    var title: String?
    var link: String?
    var guid: String?
    var guidIsLink = true
    /// HTML or plain.
    var summary: String?
    var content: String?
    var authors: [String] = []
    var published: String?
    var updated: String?
    var categories: [String] = []
    var language: String?
    var source: String?
    var media: [Article.Media] = []

    /// - Parameter raw: the entry's bytes, for a key when nothing else makes one.
    func entry(feed: ParsedFeed, base: WebAddress?, feedURL: String, raw: ArraySlice<UInt8>) -> FeedEntry {
        var article = Article()
        var notes = ReadNotes()
        var extra = CanonicalJSON.Members()
        func keep(_ name: String, _ text: String) {
            var encoded: [UInt8] = []
            CanonicalJSON.appendString(text.utf8, to: &encoded)
            extra.add(name.utf8, encoded: encoded)
        }
        if let title {
            let (slugs, headline) = WireSlug.split(HTMLText.line(title))
            article.slugs = slugs
            article.headline = headline
        }
        let guid = Self.present(guid)
        let link = Self.present(link) ?? (guidIsLink ? guid.flatMap { WebAddress($0) == nil ? nil : $0 } : nil)
        article.guid = guid
        article.url = link.map { WebAddress($0) != nil ? $0 : WebAddress($0, base: base)?.href ?? $0 }
        notes.urlIsText = article.url.map { WebAddress($0) == nil } ?? false
        article.source = source.flatMap(Self.line) ?? feed.title ?? WebAddress(feedURL)?.host
        let body = content.map(HTMLText.plain).flatMap { $0.isEmpty ? nil : $0 }
        let summary = summary.map(HTMLText.plain).flatMap { $0.isEmpty ? nil : $0 }
        article.body = body
        article.summary = summary == body ? nil : summary
        // An entry with nothing but a description is that text.
        if article.isEmpty { (article.body, article.summary) = (summary, nil) }
        article.authors = authors.compactMap(Self.line)
        if article.authors.count == 1 { article.by = article.authors.removeFirst() }
        if article.by == nil, !article.authors.isEmpty { article.by = article.authors.joined(separator: ", ") }
        for (name, text) in [("published", published), ("updated", updated)] {
            guard let text = Self.present(text) else { continue }
            guard let time = DateText.parse(text, from: "feed") else {
                notes.unreadDates += 1
                keep(name, text)
                continue
            }
            if name == "updated" { article.updated = time.at }
            if article.published == nil { article.published = time }
        }
        var seen: Set<String> = []
        article.subjects = categories.compactMap(Self.line).filter { seen.insert($0).inserted }
        article.language = (language ?? feed.language).flatMap(Self.present).map(ArticleReader.languageTag)
        article.media = media
        article.extractorVersion = FeedParser.extractorVersion
        article.extra = extra.isEmpty ? nil : String(decoding: extra.encoded, as: UTF8.self)
        return FeedEntry(article: article, key: ArticleIdentity.key(of: article, rawInput: raw), notes: notes)
    }

    static func present(_ text: String?) -> String? {
        guard let text else { return nil }
        let trimmed = TextSpace.trimmed(text)
        return trimmed.isEmpty ? nil : trimmed
    }

    static func line(_ text: String) -> String? {
        let line = HTMLText.line(text)
        return line.isEmpty ? nil : line
    }
}
