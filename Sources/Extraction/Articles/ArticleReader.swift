import ByteCoding
import News

/// Reads one JSON object as an article (docs/identity.md, "JSON articles").
///
/// A line is taken apart once: members are found by offset first, then each field takes the best of the members that
/// mean it, and what is left over or does not fit goes to `extra`, so nothing is lost.
package struct ArticleReader {
    private var slots = [JSONValue?](repeating: nil, count: InputField.allCases.count)
    private var unknown: [(JSONText, JSONValue)] = []
    private var scanner = JSONScanner()
    private var article = Article()
    private var extra = CanonicalJSON.Members()
    private var notes = ReadNotes()

    private let fieldMap: FieldMap

    /// - Parameter fieldMap: further names of fields; a mapped name no longer means what it meant by itself.
    package init(fieldMap: FieldMap = FieldMap()) { self.fieldMap = fieldMap }

    /// What the line read last said of its source, also if no article came of it: a rejection counts at its source.
    package var source: String? { article.source }

    mutating func forgetLast() { article = Article() }

    /// - Parameter line: the object's bytes, with or without a line end; at most `Limits.inputBytes` are looked at.
    package mutating func read(_ line: ArraySlice<UInt8>) -> ReadOutcome {
        forgetLast()
        guard line.count <= Limits.inputBytes else {
            return .rejected(
                .tooLarge, detail: "the line has \(line.count) bytes, at most \(Limits.inputBytes) are allowed")
        }
        do throws(JSONError) {
            let given = try take(line)
            // What `export` wrote stays as it is.
            if given.version == nil { article.guessLanguage() }
            let canonicalURL = article.url.flatMap(CanonicalURL.canonicalise)
            notes.urlIsText = article.url != nil && canonicalURL == nil
            let key = given.key ?? ArticleIdentity.key(of: article, canonicalURL: canonicalURL, rawInput: line)
            let outcome = ReadOutcome.checked(article, key: key, notes: notes)
            guard case .article(let incoming) = outcome, let version = given.version, version != incoming.version.bytes
            else { return outcome }
            return .rejected(
                .malformed,
                detail: "key \(key.hex): the version is not that of the content, so it was changed after its export; "
                    + "without \"version\" it is taken as it is")
        } catch {
            return .rejected(.malformed, detail: error.description)
        }
    }

    private mutating func take(_ line: ArraySlice<UInt8>) throws(JSONError) -> (key: ArticleKey?, version: [UInt8]?) {
        for index in slots.indices { slots[index] = nil }
        unknown.removeAll(keepingCapacity: true)
        article = Article()
        extra = CanonicalJSON.Members()
        notes = ReadNotes()
        scanner = try JSONScanner(validating: line.starts(with: [0xEF, 0xBB, 0xBF]) ? line.dropFirst(3) : line)
        try findMembers()

        // In ascending order of precedence: what the object itself says under a name beats what its `extra` says.
        if let value = claim(.extra) {
            if value.kind == .object { try extra.add(membersOf: value, of: scanner) } else { try keep(.extra, value) }
        }
        for (name, value) in unknown { try extra.add(try scanner.text(name).utf8, value, of: scanner) }
        let key = try hexadecimal(.key, byteCount: ArticleKey.byteCount).flatMap { ArticleKey(bytes: $0) }
        let version = try hexadecimal(.version, byteCount: Version.byteCount)
        try takeFields()
        try takeTimes()
        // Derived, and so dropped from lines that `export` wrote; elsewhere they are fields we do not know.
        for field in [InputField.contentHash, .copyGroup, .story] {
            if let value = claim(field), version == nil { try extra.add(field.name.utf8, value, of: scanner) }
        }
        if !extra.isEmpty {
            let encoded = extra.encoded
            article.extra = encoded.count > 2 ? String(decoding: encoded, as: UTF8.self) : nil
        }
        return (key, version)
    }

    private mutating func findMembers() throws(JSONError) {
        var slots = slots
        var unknown = unknown
        try scanner.forEachMember { (scanner, rawName) throws(JSONError) in
            let name = try scanner.text(rawName)
            // What stood in an article on its own stands in `extra` when it is written, one level deeper: it must be as welcome
            // there as it was before.
            let field = fieldMap.field(named: name)
            let isExtra = field == .extra && scanner.peek() == UInt8(ascii: "{")
            let value = try scanner.value(depth: isExtra ? 0 : 1)
            if let field {
                slots[field.rawValue] = value
            } else if value.kind != .null {
                unknown.append((rawName, value))
            }
        }
        try scanner.requireEnd()
        self.slots = slots
        self.unknown = unknown
    }

    // MARK: Fields

    private mutating func takeFields() throws(JSONError) {
        article.url = try line(.url)
        article.guid = try line(.guid, .id)
        article.canonicalURL = try line(.canonicalURL)
        article.provider = try line(.provider)
        article.source = try line(.source)
        article.agency = try line(.agency)
        article.headline = try line(.headline, .title)
        article.slugs = try list(.slugs)
        article.edNote = try line(.edNote)
        article.dateline = try line(.dateline)
        article.located = try line(.located)
        article.by = try line(.by)
        article.authors = try list(.authors, elseSingle: .author)
        article.language = try line(.language, .lang).map(Self.languageTag)
        article.section = try line(.section)
        article.subjects = try list(.subjects)
        article.summary = try prose(.summary)
        article.body = try prose(.body, .text, .content)
        article.removed = try list(.removed)
        try takeQuotes()
        try takeMedia()
        if let value = claim(.extractorVersion) {
            let text = String(decoding: scanner.bytes[value.range], as: UTF8.self)
            if value.kind == .number, let number = UInt32(text) {
                article.extractorVersion = number
            } else {
                try keep(.extractorVersion, value)
            }
        }
    }

    private mutating func takeTimes() throws(JSONError) {
        let published = claim(.published)
        let date = claim(.date)
        for (field, value) in [(InputField.published, published), (.date, date)] {
            guard let value else { continue }
            if article.published == nil, let time = try publishedTime(value) {
                article.published = time
            } else {
                if article.published == nil { notes.unreadDates += 1 }
                try extra.add(field.name.utf8, value, of: scanner)
            }
        }
        article.updated = try instant(.updated)
        article.firstSeen = try instant(.fetched)
    }

    /// A date as text, or `{at, from, precision}` as this program writes it.
    private func publishedTime(_ value: JSONValue) throws(JSONError) -> PublishedTime? {
        if case .string(let text) = value.kind { return DateText.parse(try scanner.text(text), from: "field") }
        guard value.kind == .object, let texts = try strings(value, ["at", "from", "precision"]), let at = texts["at"],
            var time = DateText.parse(at, from: texts["from"] ?? "field")
        else { return nil }
        if let name = texts["precision"] {
            guard let precision = PublishedTime.Precision.allCases.first(where: { $0.name == name }) else { return nil }
            time.precision = precision
        }
        return time
    }

    /// What can be written in UTC and read again: a zone may carry an instant out of the years 1 to 9999.
    private static let writable =
        Timestamp(
            seconds: CivilTime(year: 1).secondsSinceEpoch)...Timestamp(
            seconds: CivilTime(year: 10_000).secondsSinceEpoch - 1)

    private mutating func instant(_ field: InputField) throws(JSONError) -> Timestamp? {
        guard let value = claim(field) else { return nil }
        if case .string(let text) = value.kind, let time = DateText.parse(try scanner.text(text), from: "field"),
            Self.writable.contains(time.at)
        {
            return time.at
        }
        notes.unreadDates += 1
        try extra.add(field.name.utf8, value, of: scanner)
        return nil
    }

    private mutating func takeQuotes() throws(JSONError) {
        guard let value = claim(.quotes) else { return }
        if let items = try objects(value, ["text", "speaker"]), items.allSatisfy({ $0["text"] != nil }) {
            article.quotes = items.map { Article.Quote(text: $0["text"] ?? "", speaker: $0["speaker"]) }
        } else {
            try keep(.quotes, value)
        }
    }

    private mutating func takeMedia() throws(JSONError) {
        guard let value = claim(.media) else { return }
        if let items = try objects(value, ["url", "caption", "credit"]) {
            article.media = items.map { Article.Media(url: $0["url"], caption: $0["caption"], credit: $0["credit"]) }
        } else {
            try keep(.media, value)
        }
    }

    // MARK: Values

    /// Takes a member out of its slot. `null` is as good as absent.
    private mutating func claim(_ field: InputField) -> JSONValue? {
        defer { slots[field.rawValue] = nil }
        guard let value = slots[field.rawValue], value.kind != .null else { return nil }
        return value
    }

    /// Keeps a known name's value that has another type than it should.
    private mutating func keep(_ field: InputField, _ value: JSONValue) throws(JSONError) {
        notes.misfits += 1
        try extra.add(field.name.utf8, value, of: scanner)
    }

    /// The first text among the names; a further one goes to `extra`.
    private mutating func string(_ fields: [InputField], isProse: Bool) throws(JSONError) -> String? {
        var taken: String?
        for field in fields {
            guard let value = claim(field) else { continue }
            switch value.kind {
            case .string(let text) where taken == nil:
                let string = isProse ? try scanner.prose(text) : try scanner.text(text)
                if !string.isEmpty { taken = string }
            case .number where taken == nil && (field == .id || field == .guid):
                taken = String(decoding: scanner.bytes[value.range], as: UTF8.self)
            case .string: try extra.add(field.name.utf8, value, of: scanner)
            default: try keep(field, value)
            }
        }
        return taken
    }

    /// Text of one line: blanks at both ends are dropped.
    private mutating func line(_ fields: InputField...) throws(JSONError) -> String? {
        try string(fields, isProse: false).flatMap { text in
            let trimmed = TextSpace.trimmed(text)
            return trimmed.isEmpty ? nil : trimmed
        }
    }

    /// Text of many lines: as it is, but for line ends.
    private mutating func prose(_ fields: InputField...) throws(JSONError) -> String? {
        try string(fields, isProse: true)
    }

    /// An array of texts or of objects with nothing but a `name`, or a single text.
    private mutating func list(_ field: InputField, elseSingle synonym: InputField? = nil) throws(JSONError) -> [String]
    {
        var taken: [String] = []
        for field in [field, synonym].compactMap({ $0 }) {
            guard let value = claim(field) else { continue }
            if !taken.isEmpty {
                try extra.add(field.name.utf8, value, of: scanner)
            } else if field == .author, case .string(let text) = value.kind, article.by == nil {
                let name = TextSpace.trimmed(try scanner.text(text))
                article.by = name.isEmpty ? nil : name
            } else if let names = try names(value) {
                taken = names
            } else {
                try keep(field, value)
            }
        }
        return taken
    }

    private func names(_ value: JSONValue) throws(JSONError) -> [String]? {
        switch value.kind {
        case .string(let text):
            let name = TextSpace.trimmed(try scanner.text(text))
            return name.isEmpty ? [] : [name]
        case .object: return try strings(value, ["name"])?["name"].map { [$0] }
        case .array:
            var names: [String] = []
            for element in try elements(value) {
                if case .string(let text) = element.kind {
                    names.append(try scanner.text(text))
                } else if element.kind == .object, let name = try strings(element, ["name"])?["name"] {
                    names.append(name)
                } else {
                    return nil
                }
            }
            return names
        default: return nil
        }
    }

    private func elements(_ array: JSONValue) throws(JSONError) -> [JSONValue] {
        var elements: [JSONValue] = []
        var inner = JSONScanner(scanner, at: array.range)
        try inner.forEachElement { (inner) throws(JSONError) in elements.append(try inner.value()) }
        return elements
    }

    private func objects(_ value: JSONValue, _ allowed: [String]) throws(JSONError) -> [[String: String]]? {
        guard value.kind == .array else { return nil }
        var objects: [[String: String]] = []
        for element in try elements(value) {
            guard element.kind == .object, let texts = try strings(element, allowed) else { return nil }
            objects.append(texts)
        }
        return objects
    }

    /// An object's members, if they are texts or null and have none but the allowed names; else nil.
    private func strings(_ object: JSONValue, _ allowed: [String]) throws(JSONError) -> [String: String]? {
        var texts: [String: String] = [:]
        var fits = true
        var inner = JSONScanner(scanner, at: object.range)
        try inner.forEachMember { (inner, rawName) throws(JSONError) in
            let name = try inner.text(rawName)
            let value = try inner.value()
            guard fits, allowed.contains(name) else {
                fits = false
                return
            }
            switch value.kind {
            case .string(let text): texts[name] = try inner.text(text)
            case .null: texts[name] = nil
            default: fits = false
            }
        }
        return fits ? texts : nil
    }

    /// Bytes written as hexadecimal digits, if there are exactly so many; a member that is something else is kept.
    private mutating func hexadecimal(_ field: InputField, byteCount: Int) throws(JSONError) -> [UInt8]? {
        guard let value = claim(field) else { return nil }
        if case .string(let text) = value.kind, let bytes = Hex.bytes(try scanner.text(text)),
            bytes.count == byteCount
        {
            return bytes
        }
        try keep(field, value)
        return nil
    }

    /// BCP 47 as this program writes it: small letters, hyphens.
    static func languageTag(_ text: String) -> String {
        String(
            decoding: text.utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : ASCII.lowercased($0) },
            as: UTF8.self)
    }
}
