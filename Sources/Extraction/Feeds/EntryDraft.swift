import News

/// What an entry says, in whatever format, before it becomes an article.
struct EntryDraft {
    var title: String?
    var link: String?
    var guid: String?
    var guidIsLink = true
    /// HTML or plain.
    var summary: String?
    var content: String?
    /// A summary of another vocabulary, if there is no better.
    var spareSummary: String?
    var authors: [String] = []
    var published: String?
    var updated: String?
    var categories: [String] = []
    var language: String?
    var source: String?
    var media: [Article.Media] = []

    /// - Parameter raw: the entry's bytes, for a key when nothing else makes one.
    func entry(feed: ParsedFeed.Frame, base: [UInt8], feedURL: String, raw: some Collection<UInt8>) -> FeedEntry {
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
        if let link { (article.url, notes.urlIsText) = Self.address(link, base) }
        article.source = source.flatMap(Self.line) ?? feed.title ?? WebAddress(feedURL)?.host
        let body = content.map(HTMLText.plain).flatMap { $0.isEmpty ? nil : $0 }
        let summary = (summary ?? spareSummary).map(HTMLText.plain).flatMap { $0.isEmpty ? nil : $0 }
        article.body = body
        article.summary = summary == body ? nil : summary
        // An entry with nothing but a description is that text.
        if article.isEmpty { (article.body, article.summary) = (summary, nil) }
        article.authors = authors.compactMap(Self.line)
        if article.authors.count == 1 { article.by = article.authors.removeFirst() }
        if article.by == nil, !article.authors.isEmpty { article.by = article.authors.joined(separator: ", ") }
        for (name, text) in [("published", published), ("updated", updated)] {
            guard let text = Self.present(text) else { continue }
            guard let time = FeedTime.parse(Array(text.utf8), from: "feed") else {
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
        let key = ArticleIdentity.key(of: article, rawInput: raw)
        var entry = FeedEntry(article: article, key: key, notes: notes)
        if guid != nil, link == nil || notes.urlIsText { entry.spareKey = ArticleKey(rawInput: raw) }
        return entry
    }

    /// As the feed gave it, if that is a whole address; else resolved.
    private static func address(_ link: String, _ base: [UInt8]) -> (String, isText: Bool) {
        if WebAddress(link) != nil { return (link, false) }
        guard let base = WebAddress(String(decoding: base, as: UTF8.self)), let whole = WebAddress(link, base: base)
        else { return (link, true) }
        return (whole.href, false)
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
