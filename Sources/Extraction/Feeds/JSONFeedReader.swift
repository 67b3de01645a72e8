import News

/// JSON Feed 1.0 and 1.1.
struct JSONFeedReader {
    private let scanner: JSONScanner
    private let options: FeedOptions
    private let base: [UInt8]
    private(set) var record = FeedRecord()
    private(set) var parsed = ParsedFeed(format: .json)

    private typealias Members = [String: JSONValue]

    init(_ bytes: [UInt8], _ options: FeedOptions) throws(JSONError) {
        scanner = try JSONScanner(validating: bytes[...])
        self.options = options
        base = Array(options.url.utf8)
    }

    mutating func read() throws(JSONError) {
        var whole = scanner
        let root = try whole.value()
        try whole.requireEnd()
        let members = try members(of: root)
        try readVersion(members)
        try readFeed(members)
        guard let items = members["items"], items.kind == .array else { return }
        let authors = try authors(members)
        for item in try elements(of: items) {
            guard item.kind == .object else {
                note("an item that is no object")
                continue
            }
            guard max(parsed.entries.count, record.entries.count) < Limits.batchEntries else {
                note("more than \(Limits.batchEntries) entries")
                break
            }
            let inner = try self.members(of: item)
            if options.wantsArticles {
                let draft = try draft(inner, feedAuthors: authors)
                let frame = ParsedFeed.Frame(title: parsed.title, language: parsed.language)
                parsed.entries.append(
                    draft.entry(feed: frame, base: base, feedURL: options.url, raw: scanner.bytes[item.range]))
            }
            if options.wantsRecord { record.entries.append(try entry(inner)) }
        }
    }

    private mutating func note(_ what: String) {
        record.bozo = record.bozo ?? what
        parsed.bozo = record.bozo
    }

    /// The version is an address of jsonfeed.org, but not everybody knows.
    private mutating func readVersion(_ members: Members) throws(JSONError) {
        guard let version = try text(members["version"]),
            version.contains("jsonfeed.org") || members["items"]?.kind == .array
        else { throw scanner.error("no JSON Feed version", at: 0) }
        if !version.contains("jsonfeed.org") { note("the version is \(version.prefix(40))") }
        record.version = version.hasSuffix("/1.1") ? "json11" : "json1"
    }

    private mutating func readFeed(_ members: Members) throws(JSONError) {
        parsed.title = try text(members["title"]).flatMap(EntryDraft.line)
        parsed.link = try text(members["home_page_url"]).flatMap(EntryDraft.present)
        parsed.language = try text(members["language"])
        guard options.wantsRecord else { return }
        for (name, word) in [
            ("title", FeedWord.title), ("home_page_url", .link), ("feed_url", .feedUrl), ("description", .subtitle),
            ("language", .language), ("icon", .icon), ("favicon", .favicon),
        ] {
            if let value = try text(members[name]) { record.feed[word] = .text(Array(value.utf8)) }
        }
        if let people = try people(members) {
            record.feed[.authors] = .list(people)
            record.feed[.author] = people.first?.text(.name).map { .text($0) }
        }
    }

    // MARK: Articles

    private func draft(_ members: Members, feedAuthors: [String]) throws(JSONError) -> EntryDraft {
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
        draft.categories = try tags(members).map { Self.escaped($0) }
        for name in ["image", "banner_image"] {
            if let image = try text(members[name]).flatMap(EntryDraft.present) {
                draft.media.append(Article.Media(url: image, caption: nil, credit: nil))
            }
        }
        return draft
    }

    /// Plain text where markup is expected: kept as it is.
    private static func escaped(_ text: String) -> String {
        HTMLText.looksLikeMarkup(text) ? text.replacing("&", with: "&amp;").replacing("<", with: "&lt;") : text
    }

    // MARK: Record

    private func entry(_ members: Members) throws(JSONError) -> FeedFields {
        var entry = FeedFields()
        for (name, word) in [
            ("id", FeedWord.id), ("url", .link), ("title", .title), ("summary", .summary), ("language", .language),
            ("external_url", .source), ("date_published", .published), ("date_modified", .updated),
        ] {
            if let value = try text(members[name]) { entry[word] = .text(Array(value.utf8)) }
        }
        if let time = entry.text(.published) { entry[.publishedParsed] = .time(XMLFeedReader.time(time)) }
        if let time = entry.text(.updated) { entry[.updatedParsed] = .time(XMLFeedReader.time(time)) }
        if let html = try text(members["content_html"]) { entry.append(to: .content, content(html, "text/html")) }
        if let plain = try text(members["content_text"]) { entry.append(to: .content, content(plain, "text/plain")) }
        if !entry.has(.summary), let first = entry.list(.content).first?.text(.value) { entry[.summary] = .text(first) }
        for tag in try tags(members) {
            var fields = FeedFields()
            fields[.term] = .text(Array(tag.utf8))
            fields[.scheme] = .nothing
            fields[.label] = .nothing
            entry.append(to: .tags, fields)
        }
        if let people = try people(members) {
            entry[.authors] = .list(people)
            entry[.author] = people.first?.text(.name).map { .text($0) }
        }
        for name in ["image", "banner_image"] where !entry.has(.image) {
            guard let image = try text(members[name]) else { continue }
            var picture = FeedFields()
            picture[.href] = .text(Array(image.utf8))
            entry[.image] = .object(picture)
        }
        try addAttachments(members, &entry)
        return entry
    }

    private func content(_ value: String, _ type: String) -> FeedFields {
        var text = Array(value.utf8)
        if type == "text/html", options.isSafe { text = HTMLSanitizer.clean(text, base: base, isXHTML: false) }
        var fields = FeedFields()
        fields[.type] = .text(Array(type.utf8))
        fields[.language] = .nothing
        fields[.base] = .text(base)
        fields[.value] = .text(text)
        return fields
    }

    private func addAttachments(_ members: Members, _ entry: inout FeedFields) throws(JSONError) {
        guard let list = members["attachments"], list.kind == .array else { return }
        for attachment in try elements(of: list) where attachment.kind == .object {
            let inner = try self.members(of: attachment)
            guard let url = try text(inner["url"]) else { continue }
            var link = FeedFields()
            link[.rel] = .text(Array("enclosure".utf8))
            link[.href] = .text(Array(url.utf8))
            if let type = try text(inner["mime_type"]) { link[.type] = .text(Array(type.utf8)) }
            if let size = try text(inner["size_in_bytes"]) { link[.length] = .text(Array(size.utf8)) }
            if let title = try text(inner["title"]) { link[.title] = .text(Array(title.utf8)) }
            if let length = try text(inner["duration_in_seconds"]) { link[.duration] = .text(Array(length.utf8)) }
            entry.append(to: .links, link)
        }
    }

    // MARK: Parts

    private func tags(_ members: Members) throws(JSONError) -> [String] {
        guard let list = members["tags"], list.kind == .array else { return [] }
        var tags: [String] = []
        for tag in try elements(of: list) { if let tag = try text(tag) { tags.append(tag) } }
        return tags
    }

    private func authorObjects(_ members: Members) throws(JSONError) -> [JSONValue] {
        var objects: [JSONValue] = []
        if let list = members["authors"], list.kind == .array {
            objects = try elements(of: list)
        } else if let one = members["author"] {
            objects = [one]
        }
        return objects.filter { $0.kind == .object }
    }

    private func authors(_ members: Members) throws(JSONError) -> [String] {
        var names: [String] = []
        for object in try authorObjects(members) {
            if let name = try text(self.members(of: object)["name"]) { names.append(name) }
        }
        return names
    }

    private func people(_ members: Members) throws(JSONError) -> [FeedFields]? {
        var people: [FeedFields] = []
        for object in try authorObjects(members) {
            let inner = try self.members(of: object)
            var person = FeedFields()
            if let name = try text(inner["name"]) { person[.name] = .text(Array(name.utf8)) }
            if let url = try text(inner["url"]) { person[.href] = .text(Array(url.utf8)) }
            if let avatar = try text(inner["avatar"]) { person[.image] = .text(Array(avatar.utf8)) }
            if !person.isEmpty { people.append(person) }
        }
        return people.isEmpty ? nil : people
    }

    // MARK: Values

    private func text(_ value: JSONValue?) throws(JSONError) -> String? {
        switch value?.kind {
        case .string(let text): return try scanner.text(text)
        case .number: return String(decoding: scanner.bytes[value!.range], as: UTF8.self)
        default: return nil
        }
    }

    private func members(of object: JSONValue) throws(JSONError) -> Members {
        var members: Members = [:]
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
