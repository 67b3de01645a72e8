import News

/// RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0, from one pass of the pull reader.
///
/// Elements are known by what they mean (`Meaning`), whatever the format: broken feeds mix them freely.
struct XMLFeedReader {
    /// What a text element inside an entry or feed says.
    private enum Meaning {
        case title, link, guid, description, content, author, authorName, published, updated, category, language
        case sourceTitle, caption, credit
    }

    private var xml: XMLPullReader
    private let bytes: [UInt8]
    private let url: String
    private var feed = ParsedFeed(format: .rss)
    private var bases: [(depth: Int, base: WebAddress)] = []
    private var entry: EntryDraft?
    private var entryStart = 0
    private var entryDepth = 0
    private var sourceDepth: Int?
    private var mediaDepth: Int?

    // A text being collected, and the depth of its element.
    private var textDepth = 0
    private var text: [UInt8] = []
    private var textMeaning: Meaning?
    /// Markup stands in the element itself (XHTML), so its text must be escaped to be told apart.
    private var textIsXHTML = false
    /// Atom's plain text, which may look like markup and is none.
    private var textIsPlain = false
    private var nestedNames: [String] = []

    init(_ bytes: [UInt8], url: String) {
        self.bytes = bytes
        self.url = url
        xml = XMLPullReader(bytes[...])
        if let base = WebAddress(url) { bases.append((0, base)) }
    }

    mutating func read() throws(FeedError) -> ParsedFeed {
        var root: String?
        while let event = xml.next() {
            switch event {
            case .start(let space, let name, let attributes):
                if root == nil {
                    root = name
                    guard takeRoot(name.lowercased(), space) else {
                        throw .notAFeed(seen: "an XML document of \(name.prefix(40))")
                    }
                }
                start(space, name, attributes)
            case .end: end()
            case .text(let bytes): collect(bytes)
            }
        }
        guard root != nil else { throw .notAFeed(seen: "text without an element") }
        feed.bozo = xml.repair
        return feed
    }

    private mutating func takeRoot(_ name: String, _ space: String) -> Bool {
        switch name {
        case "rss", "channel": feed.format = .rss
        case "rdf": feed.format = .rdf
        case "feed": feed.format = .atom
        default: return false
        }
        return true
    }

    // MARK: Elements

    private mutating func start(_ space: String, _ name: String, _ attributes: [XMLPullReader.Attribute]) {
        let depth = xml.depth
        func value(_ name: String, in space: String = "") -> String? {
            attributes.first { $0.name == name && $0.space == space }?.value
        }
        if let base = value("base", in: XMLSpace.xml), let address = WebAddress(base, base: bases.last?.base) {
            bases.append((depth, address))
        }
        if textMeaning != nil {
            nestedStart(name)
            return
        }
        let lower = name.lowercased()
        let isAtom = space == XMLSpace.atom || space == XMLSpace.atom03
        let isPlain = isAtom || space.isEmpty || XMLSpace.isRSS(space)
        let language = value("lang", in: XMLSpace.xml).flatMap(EntryDraft.present)
        if entry == nil, isPlain, lower == "item" || lower == "entry" {
            entry = EntryDraft()
            entry?.language = language
            entryStart = xml.eventStart
            entryDepth = depth
            return
        }
        if entry == nil, depth <= 2, let language { feed.language = feed.language ?? language }
        // Inside the feed's image, text input and the like nothing is the feed's own.
        if entry == nil, ["image", "textinput", "cloud", "items"].contains(lower), isPlain { return }
        if entry != nil, sourceDepth == nil, isPlain, lower == "source" {
            if isAtom {
                sourceDepth = depth
                return
            }
            begin(.sourceTitle, depth)
            return
        }
        if space == XMLSpace.media || lower == "enclosure" { noteMedia(lower, value) }
        if mediaDepth == nil, space == XMLSpace.media, lower == "content" || lower == "group" { mediaDepth = depth }
        if lower == "link", isPlain, let href = value("href") {
            takeLink(href, relation: value("rel") ?? "alternate", type: value("type"))
            return
        }
        if lower == "category", isAtom, let term = value("label") ?? value("term") {
            if sourceDepth == nil { entry?.categories.append(term) }
            return
        }
        guard let meaning = meaning(of: lower, space, isPlain: isPlain, isAtom: isAtom) else { return }
        if meaning == .guid, value("isPermaLink")?.lowercased() == "false" { entry?.guidIsLink = false }
        begin(meaning, depth)
        textIsXHTML = isAtom && value("type") == "xhtml"
        textIsPlain = isAtom && space == XMLSpace.atom && (value("type") ?? "text") == "text"
    }

    private mutating func begin(_ meaning: Meaning, _ depth: Int) {
        textMeaning = meaning
        textDepth = depth
        text.removeAll(keepingCapacity: true)
        nestedNames.removeAll()
        textIsXHTML = false
        textIsPlain = false
    }

    private func meaning(of name: String, _ space: String, isPlain: Bool, isAtom: Bool) -> Meaning? {
        if isPlain {
            switch name {
            case "title": return .title
            case "link": return .link
            case "guid": return .guid
            case "id" where isAtom: return .guid
            case "description", "summary", "tagline", "subtitle": return .description
            case "content" where isAtom: return .content
            case "fullitem", "body": return entry == nil ? nil : .content
            case "author": return isAtom ? nil : .author
            case "name" where isAtom: return .authorName
            case "pubdate", "published", "issued": return .published
            case "created": return .published
            case "updated", "modified", "lastbuilddate": return .updated
            case "category": return .category
            case "language": return .language
            default: return nil
            }
        }
        switch (space, name) {
        case (XMLSpace.content, "encoded"): return .content
        case (XMLSpace.dc, "title"): return .title
        case (XMLSpace.dc, "creator"), (XMLSpace.dc, "author"): return .author
        case (XMLSpace.dc, "date"), (XMLSpace.dcTerms, "issued"), (XMLSpace.dcTerms, "created"),
            (XMLSpace.dcTerms, "date"):
            return .published
        case (XMLSpace.dcTerms, "modified"): return .updated
        case (XMLSpace.dc, "subject"): return .category
        case (XMLSpace.dc, "description"): return .description
        case (XMLSpace.dc, "language"): return .language
        case (XMLSpace.dc, "identifier"): return .guid
        case (XMLSpace.itunes, "author"): return .author
        case (XMLSpace.media, "description") where mediaDepth != nil, (XMLSpace.media, "title") where mediaDepth != nil:
            return .caption
        case (XMLSpace.media, "credit") where mediaDepth != nil: return .credit
        default: return nil
        }
    }

    private mutating func end() {
        // The reader has left the element already.
        let depth = xml.depth + 1
        while let last = bases.last, last.depth >= depth, bases.count > 1 { bases.removeLast() }
        if let meaning = textMeaning {
            if depth <= textDepth {
                textMeaning = nil
                take(meaning, String(decoding: text, as: UTF8.self))
            } else {
                text.append(contentsOf: "</\(nestedNames.popLast() ?? "span")>".utf8)
            }
        }
        if mediaDepth == depth { mediaDepth = nil }
        if sourceDepth == depth { sourceDepth = nil }
        if let draft = entry, depth == entryDepth {
            entry = nil
            add(draft)
        }
    }

    private mutating func add(_ draft: EntryDraft) {
        guard feed.entries.count < Limits.batchEntries else { return }
        let raw = bytes[entryStart..<max(entryStart, xml.index)]
        feed.entries.append(draft.entry(feed: feed, base: bases.last?.base, feedURL: url, raw: raw))
    }

    // MARK: Texts

    /// Markup inside a text: kept as tags, so that paragraphs can be told.
    private mutating func nestedStart(_ name: String) {
        nestedNames.append(name)
        text.append(contentsOf: "<\(name)>".utf8)
    }

    private mutating func collect(_ bytes: [UInt8]) {
        guard textMeaning != nil else { return }
        if textIsXHTML || textIsPlain {
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "<"): text.append(contentsOf: "&lt;".utf8)
                case UInt8(ascii: "&"): text.append(contentsOf: "&amp;".utf8)
                default: text.append(byte)
                }
            }
        } else {
            text.append(contentsOf: bytes)
        }
    }

    private mutating func take(_ meaning: Meaning, _ text: String) {
        if sourceDepth != nil {
            if meaning == .title, entry?.source == nil { entry?.source = text }
            return
        }
        guard var draft = entry else {
            takeForFeed(meaning, text)
            return
        }
        switch meaning {
        case .title: draft.title = draft.title ?? text
        case .link: draft.link = draft.link ?? EntryDraft.present(text)
        case .guid: draft.guid = draft.guid ?? text
        case .description: draft.summary = draft.summary ?? text
        case .content: draft.content = draft.content ?? text
        case .author, .authorName:
            let name = Self.personName(text)
            if !name.isEmpty, !draft.authors.contains(name) { draft.authors.append(name) }
        case .published: draft.published = draft.published ?? text
        case .updated: draft.updated = draft.updated ?? text
        case .category: draft.categories.append(text)
        case .language: draft.language = draft.language ?? EntryDraft.present(text)
        case .sourceTitle: draft.source = draft.source ?? text
        case .caption:
            if let last = draft.media.indices.last {
                draft.media[last].caption = draft.media[last].caption ?? EntryDraft.line(text)
            }
        case .credit:
            if let last = draft.media.indices.last {
                draft.media[last].credit = draft.media[last].credit ?? EntryDraft.line(text)
            }
        }
        entry = draft
    }

    private mutating func takeForFeed(_ meaning: Meaning, _ text: String) {
        switch meaning {
        case .title: feed.title = feed.title ?? EntryDraft.line(text)
        case .link: feed.link = feed.link ?? EntryDraft.present(text)
        case .language: feed.language = feed.language ?? EntryDraft.present(text)
        default: break
        }
    }

    private mutating func takeLink(_ href: String, relation: String, type: String?) {
        guard sourceDepth == nil else { return }
        switch relation.lowercased() {
        case "alternate", "":
            // As the feed gave it, if that is a whole address.
            let resolved = WebAddress(href) != nil ? href : WebAddress(href, base: bases.last?.base)?.href ?? href
            if entry != nil {
                // Of several, the one for people.
                if entry?.link == nil || type == "text/html" { entry?.link = resolved }
            } else {
                feed.link = feed.link ?? resolved
            }
        case "enclosure" where type?.hasPrefix("image/") == true:
            entry?.media.append(Article.Media(url: href, caption: nil, credit: nil))
        default: break
        }
    }

    private mutating func noteMedia(_ name: String, _ value: (String, String) -> String?) {
        guard entry != nil, name == "content" || name == "enclosure",
            let url = value("url", "").flatMap(EntryDraft.present)
        else { return }
        let type = value("type", "") ?? value("medium", "") ?? ""
        let isKnown = entry?.media.contains { $0.url == url } ?? true
        guard type.isEmpty || type.hasPrefix("image"), !isKnown else { return }
        entry?.media.append(Article.Media(url: url, caption: nil, credit: nil))
    }

    /// "desk@example.com (Ada Holm)" and "Ada Holm <desk@example.com>" are the name.
    private static func personName(_ text: String) -> String {
        let line = HTMLText.line(text)
        if let open = line.firstIndex(of: "("), line.hasSuffix(")"), line[..<open].contains("@") {
            return TextSpace.trimmed(String(line[line.index(after: open)...].dropLast()))
        }
        if let open = line.firstIndex(of: "<"), line.hasSuffix(">") { return TextSpace.trimmed(String(line[..<open])) }
        return line
    }
}
