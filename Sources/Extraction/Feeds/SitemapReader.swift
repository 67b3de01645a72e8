import News

/// Sitemaps: lists of pages or of other sitemaps, as XML with the extensions for news and images, or one address a line.
struct SitemapReader: ~Copyable {
    static let maxEntries = 50_000

    private var xml: XMLReader
    private let options: FeedOptions
    private(set) var record = FeedRecord()
    private(set) var parsed = ParsedFeed(format: .sitemap)
    private var entry: FeedFields?
    private var entryDepth = 0
    private var entryStart = 0
    private var field: FeedWord?
    private var fieldDepth = 0
    private var fieldSpace = FeedSpace.plain
    private var isInImage = false
    private var text = ByteSink()

    init(_ bytes: ByteSpan, _ options: FeedOptions) {
        xml = XMLReader(bytes)
        self.options = options
    }

    mutating func read() {
        loop: while true {
            switch xml.next() {
            case .start: start()
            case .end: end()
            case .text: if field != nil { xml.appendText(to: &text, escaping: false) }
            case .over: break loop
            }
        }
        if entry != nil { finishEntry() }
        record.bozo = record.bozo ?? xml.repair
        parsed.bozo = record.bozo
    }

    /// A list of addresses, one a line; nil if the first line is none.
    static func readText(_ bytes: [UInt8], _ options: FeedOptions) -> (parsed: ParsedFeed, record: FeedRecord)? {
        let head = bytes.drop(while: ASCII.isBlank).prefix(8).map(ASCII.lowercased)
        guard head.starts(with: "http://".utf8) || head.starts(with: "https://".utf8) else { return nil }
        var record = FeedRecord()
        record.version = "sitemap_text"
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let address = FeedBytes.trimmed(line)
            guard address.count <= Limits.urlBytes, record.entries.count < maxEntries else {
                record.bozo = record.bozo ?? "more than \(maxEntries) addresses, or one that is too long"
                continue
            }
            let lower = address.prefix(8).map(ASCII.lowercased)
            guard lower.starts(with: "http://".utf8) || lower.starts(with: "https://".utf8) else {
                record.bozo = record.bozo ?? "a line that is no address"
                continue
            }
            var entry = FeedFields()
            entry[.loc] = .text(Array(address))
            record.entries.append(entry)
        }
        return (ParsedFeed(format: .sitemap), record)
    }

    // MARK: Elements

    private mutating func start() {
        if record.version.isEmpty { record.version = xml.word == .sitemapindex ? "sitemap_index" : "sitemap" }
        switch (xml.space, xml.word) {
        case (_, .url) where isPlain, (_, .sitemap) where isPlain:
            if entry != nil { finishEntry() }
            entry = FeedFields()
            (entryDepth, entryStart) = (xml.depth, xml.tokenStart)
        case (_, .image) where !isPlain: isInImage = true
        default: beginField()
        }
    }

    /// A namespace that is wrong or missing is taken for the right one: what a sitemap is, its elements say.
    private var isPlain: Bool { xml.space == .plain || xml.space == .foreign && xml.prefix == 0 || isSitemapPrefix }

    private var isSitemapPrefix: Bool {
        xml.space == .foreign
            && !["news", "image", "video"].contains { xml.names.name(xml.prefix).elementsEqual($0.utf8) }
    }

    private mutating func beginField() {
        guard entry != nil, field == nil else { return }
        switch xml.word {
        case .loc, .lastmod, .changefreq, .priority, .name, .language, .publicationDate, .title, .keywords, .genres,
            .access, .stockTickers:
            field = xml.word
            fieldDepth = xml.depth
            fieldSpace = isInImage ? .images : isPlain ? .plain : xml.space
            if fieldSpace == .foreign { fieldSpace = .news }
            text.removeAll()
        default: break
        }
    }

    private mutating func end() {
        if let word = field, xml.depth == fieldDepth {
            field = nil
            // Safe: the text does not change while it is looked at.
            let value = unsafe FeedBytes.trimmed(text.view).array
            if !value.isEmpty { take(word, value) }
        } else if xml.word == .image, !isPlain {
            isInImage = false
        } else if entry != nil, xml.depth == entryDepth {
            finishEntry()
        }
    }

    private mutating func take(_ word: FeedWord, _ value: [UInt8]) {
        switch fieldSpace {
        case .images:
            guard word == .loc else { return }
            if case .words(let known) = entry?[.images] {
                if known.count < 1000 { entry?[.images] = .words(known + [value]) }
            } else {
                entry?[.images] = .words([value])
            }
        case .news: entry?.withObject(.news) { $0.keep(word, .text(value)) }
        case .plain:
            switch word {
            case .loc, .lastmod, .changefreq, .priority: entry?.keep(word, .text(value))
            default: break
            }
        default: break
        }
    }

    private mutating func finishEntry() {
        guard let fields = entry else { return }
        entry = nil
        field = nil
        isInImage = false
        guard fields.has(.loc) else { return xml.note("an entry without an address") }
        guard record.entries.count < Self.maxEntries else {
            return xml.note("more than \(Self.maxEntries) entries")
        }
        if options.wantsArticles, record.version == "sitemap" { takeArticle(fields) }
        record.entries.append(fields)
    }

    /// News in a sitemap has a headline; the other pages are no articles yet.
    private mutating func takeArticle(_ fields: FeedFields) {
        guard case .object(let news) = fields[.news], let title = news.text(.title) else { return }
        func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
        var draft = EntryDraft()
        draft.title = text(title)
        draft.link = text(fields.text(.loc))
        draft.published = text(news.text(.publicationDate))
        draft.source = text(news.text(.name))
        draft.language = text(news.text(.language))
        draft.categories = (news.text(.keywords) ?? []).split(separator: UInt8(ascii: ",")).map {
            String(decoding: $0, as: UTF8.self)
        }
        if case .words(let images) = fields[.images] {
            draft.media = images.prefix(64).map {
                Article.Media(url: String(decoding: $0, as: UTF8.self), caption: nil, credit: nil)
            }
        }
        parsed.entries.append(
            draft.entry(
                feed: ParsedFeed.Frame(), base: Array(options.url.utf8), feedURL: options.url,
                raw: xml.bytes[entryStart..<max(entryStart, xml.index)]))
    }
}
