import News

/// JSON Feed 1.0 and 1.1.
struct JSONFeedReader {
    private let scanner: JSONScanner
    private let url: String

    init(_ bytes: [UInt8], url: String) throws(JSONError) {
        scanner = try JSONScanner(validating: bytes[...])
        self.url = url
    }

    func read() throws(JSONError) -> ParsedFeed {
        var whole = scanner
        let root = try whole.value()
        try whole.requireEnd()
        let members = try members(of: root)
        // The version is an address of jsonfeed.org, but not everybody knows.
        guard let version = try text(members["version"]),
            version.contains("jsonfeed.org") || members["items"]?.kind == .array
        else { throw scanner.error("no JSON Feed version", at: root.range.lowerBound) }
        var feed = ParsedFeed(format: .json)
        if !version.contains("jsonfeed.org") { feed.bozo = "the version is \(version.prefix(40))" }
        feed.title = try text(members["title"]).flatMap(EntryDraft.line)
        feed.link = try text(members["home_page_url"]).flatMap(EntryDraft.present)
        feed.language = try text(members["language"])
        let base = WebAddress(url)
        guard let items = members["items"], items.kind == .array else { return feed }
        for item in try elements(of: items) {
            guard item.kind == .object else {
                feed.bozo = feed.bozo ?? "an item that is no object"
                continue
            }
            guard feed.entries.count < Limits.batchEntries else {
                feed.bozo = feed.bozo ?? "more than \(Limits.batchEntries) entries"
                break
            }
            let draft = try draft(of: item, feedAuthors: try authors(members))
            feed.entries.append(draft.entry(feed: feed, base: base, feedURL: url, raw: scanner.bytes[item.range]))
        }
        return feed
    }

    private func draft(of item: JSONValue, feedAuthors: [String]) throws(JSONError) -> EntryDraft {
        let members = try members(of: item)
        var draft = EntryDraft()
        draft.guid = try text(members["id"])
        draft.link = try text(members["url"])
        if draft.link == nil { draft.link = try text(members["external_url"]) }
        draft.title = try text(members["title"]).map(Self.escaped)
        draft.content = try text(members["content_html"])
        if draft.content == nil { draft.content = try text(members["content_text"]).map(Self.escaped) }
        draft.summary = try text(members["summary"]).map(Self.escaped)
        draft.published = try text(members["date_published"])
        draft.updated = try text(members["date_modified"])
        draft.language = try text(members["language"])
        draft.authors = try authors(members)
        if draft.authors.isEmpty { draft.authors = feedAuthors }
        if let tags = members["tags"], tags.kind == .array {
            for tag in try elements(of: tags) {
                if let tag = try text(tag) { draft.categories.append(Self.escaped(tag)) }
            }
        }
        for name in ["image", "banner_image"] {
            if let image = try text(members[name]).flatMap(EntryDraft.present) {
                draft.media.append(Article.Media(url: image, caption: nil, credit: nil))
            }
        }
        return draft
    }

    private func authors(_ members: [String: JSONValue]) throws(JSONError) -> [String] {
        var objects: [JSONValue] = []
        if let list = members["authors"], list.kind == .array {
            objects = try elements(of: list)
        } else if let one = members["author"] {
            objects = [one]
        }
        var names: [String] = []
        for object in objects where object.kind == .object {
            if let name = try text(self.members(of: object)["name"]) { names.append(name) }
        }
        return names
    }

    /// Plain text where markup is expected: kept as it is.
    private static func escaped(_ text: String) -> String {
        HTMLText.looksLikeMarkup(text) ? text.replacing("&", with: "&amp;").replacing("<", with: "&lt;") : text
    }

    // MARK: Values

    private func text(_ value: JSONValue?) throws(JSONError) -> String? {
        switch value?.kind {
        case .string(let text): return try scanner.text(text)
        case .number: return String(decoding: scanner.bytes[value!.range], as: UTF8.self)
        default: return nil
        }
    }

    private func members(of object: JSONValue) throws(JSONError) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        var inner = JSONScanner(scanner, at: object.range)
        try inner.forEachMember { (inner, name) throws(JSONError) in members[try inner.text(name)] = try inner.value() }
        return members
    }

    private func elements(of array: JSONValue) throws(JSONError) -> [JSONValue] {
        var elements: [JSONValue] = []
        var inner = JSONScanner(scanner, at: array.range)
        try inner.forEachElement { (inner) throws(JSONError) in elements.append(try inner.value()) }
        return elements
    }
}
