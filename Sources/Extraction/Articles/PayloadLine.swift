package import News

/// One line of a PUT's payload: an article, or an object whose only member's name begins with "$".
package enum PayloadLine: Equatable, Sendable {
    case article(IncomingArticle)
    /// The line itself is no article; the sender said nothing about it.
    case rejected(RejectionReason, detail: String)
    /// `{"$reject": {"source", "key"?, "line"?, "reason", "detail"?}}`: the sender could not make an article of an input.
    case reject(source: String, key: ArticleKey?, line: UInt64?, reason: RejectionReason, detail: String)
    /// `{"$retract": {"url"|"key", "reason"}}`.
    case retract(ArticleKey, url: String?, reason: String)
    /// `{"$dead_letter": {"op": "retry"|"drop", "key"}}`.
    case deadLetter(ArticleKey, isRetry: Bool)
    /// `{"$feed": {"op": "add"|"remove", "url", "interval_s"?, "pages"?}}`.
    case feed(FeedChange)
    /// `{"$retention": {"op": "keep"|"before"|"all"|"forever"|"remove", "source"?, "days"?, "time"?}}`.
    case retention(source: String, Retention)

    package enum Retention: Equatable, Sendable {
        /// So many days.
        case keep(days: UInt32)
        case before(Timestamp)
        case all
        case forever
        case remove
    }

    package enum FeedChange: Equatable, Sendable {
        /// No interval: adaptive. `wantsPages`: the pages that its entries lead to are fetched, too.
        case add(url: String, intervalSeconds: UInt32?, wantsPages: Bool)
        case remove(url: String)
    }
}

extension ArticleReader {
    package mutating func readPayloadLine(_ line: ArraySlice<UInt8>) -> PayloadLine {
        forgetLast()
        do throws(JSONError) {
            if let directive = try Self.directive(line) { return directive }
        } catch {
            return .rejected(.malformed, detail: error.description)
        }
        switch read(line) {
        case .article(let incoming): return .article(incoming)
        case .rejected(let reason, let detail): return .rejected(reason, detail: detail)
        }
    }

    /// Longest age of a rule of retention, in days.
    package static let retentionDays: UInt64 = 100_000

    /// - Returns: nil if the line is not an object whose only member's name begins with "$".
    private static func directive(_ line: ArraySlice<UInt8>) throws(JSONError) -> PayloadLine? {
        // Directives are short; an article begins with another name, so this look costs some bytes only.
        guard line.count <= Limits.labelBytes * 4 else { return nil }
        let opening = line.drop(while: ASCII.isBlank).dropFirst().drop(while: ASCII.isBlank)
        guard opening.starts(with: "\"$".utf8) else { return nil }

        var scanner = try JSONScanner(validating: line)
        var members: [(String, JSONValue)] = []
        try scanner.forEachMember { (scanner, name) throws(JSONError) in
            members.append((try scanner.text(name), try scanner.value(depth: 1)))
        }
        try scanner.requireEnd()
        guard members.count == 1, let (name, value) = members.first else { return nil }
        guard value.kind == .object else { throw scanner.error("\(name) needs an object", at: value.range.lowerBound) }
        let fields = try DirectiveFields(value, of: scanner)
        let start = value.range.lowerBound
        switch name {
        case "$reject":
            let reasonName = fields.texts["reason"] ?? ""
            guard let reason = RejectionReason.allCases.first(where: { $0.name == reasonName }) else {
                throw scanner.error("unknown reason \"\(reasonName)\"", at: start)
            }
            return .reject(
                source: fields.texts["source"] ?? "", key: fields.texts["key"].flatMap { ArticleKey(hex: $0) },
                line: fields.numbers["line"], reason: reason, detail: fields.texts["detail"] ?? "")
        case "$retract":
            let reason = fields.texts["reason"] ?? ""
            if let hex = fields.texts["key"] {
                guard let key = ArticleKey(hex: hex) else {
                    throw scanner.error("a key has 32 hexadecimal digits", at: start)
                }
                return .retract(key, url: fields.texts["url"], reason: reason)
            }
            guard let url = fields.texts["url"], let canonical = CanonicalURL.canonicalise(url) else {
                throw scanner.error("$retract needs a key or an http(s) url", at: start)
            }
            return .retract(ArticleKey(canonicalURL: canonical), url: url, reason: reason)
        case "$dead_letter":
            guard let key = fields.texts["key"].flatMap({ ArticleKey(hex: $0) }) else {
                throw scanner.error("$dead_letter needs a key of 32 hexadecimal digits", at: start)
            }
            guard let op = fields.texts["op"], op == "retry" || op == "drop" else {
                throw scanner.error("op is \"retry\" or \"drop\"", at: start)
            }
            return .deadLetter(key, isRetry: op == "retry")
        case "$feed":
            guard let url = fields.texts["url"], let address = WebAddress(url) else {
                throw scanner.error("$feed needs an http(s) url", at: start)
            }
            // Escaping can make it three times as long as it was given.
            guard address.href.utf8.count <= Limits.urlBytes else {
                throw scanner.error("the url has more than \(Limits.urlBytes) bytes", at: start)
            }
            switch fields.texts["op"] {
            case "add":
                let interval = fields.numbers["interval_s"]
                guard (1...UInt64(Limits.feedIntervalSeconds)).contains(interval ?? 1) else {
                    throw scanner.error("interval_s is 1 to \(Limits.feedIntervalSeconds)", at: start)
                }
                return .feed(
                    .add(
                        url: address.href, intervalSeconds: interval.map { UInt32($0) },
                        wantsPages: fields.flags["pages"] ?? false))
            case "remove": return .feed(.remove(url: address.href))
            default: throw scanner.error("op is \"add\" or \"remove\"", at: start)
            }
        case "$retention":
            let source = fields.texts["source"] ?? ""
            guard source.utf8.count <= Limits.labelBytes else {
                throw scanner.error("the source has more than \(Limits.labelBytes) bytes", at: start)
            }
            switch fields.texts["op"] {
            case "keep":
                guard let days = fields.numbers["days"], (1...Self.retentionDays).contains(days) else {
                    throw scanner.error("days is 1 to \(Self.retentionDays)", at: start)
                }
                return .retention(source: source, .keep(days: UInt32(days)))
            case "before":
                guard let time = fields.texts["time"].flatMap({ DateText.parse($0, from: "time") }) else {
                    throw scanner.error("time is a date", at: start)
                }
                return .retention(source: source, .before(time.at))
            case "all":
                // A mistake must not empty a store.
                guard !source.isEmpty else { throw scanner.error("all needs a source", at: start) }
                return .retention(source: source, .all)
            case "forever": return .retention(source: source, .forever)
            case "remove": return .retention(source: source, .remove)
            default:
                throw scanner.error("op is \"keep\", \"before\", \"all\", \"forever\" or \"remove\"", at: start)
            }
        default: throw scanner.error("unknown directive \(name)", at: start)
        }
    }
}

/// The members of a directive: texts, whole numbers, true and false; anything else is refused.
private struct DirectiveFields {
    var texts: [String: String] = [:]
    var numbers: [String: UInt64] = [:]
    var flags: [String: Bool] = [:]

    init(_ object: JSONValue, of scanner: JSONScanner) throws(JSONError) {
        var texts: [String: String] = [:]
        var numbers: [String: UInt64] = [:]
        var flags: [String: Bool] = [:]
        var inner = JSONScanner(scanner, at: object.range)
        try inner.forEachMember { (inner, rawName) throws(JSONError) in
            let name = try inner.text(rawName)
            let value = try inner.value()
            switch value.kind {
            case .string(let text): texts[name] = try inner.text(text)
            case .null: break
            case .number:
                guard let number = UInt64(String(decoding: inner.bytes[value.range], as: UTF8.self)) else {
                    throw inner.error("\(name) must be a whole number", at: value.range.lowerBound)
                }
                numbers[name] = number
            case .bool: flags[name] = inner.bytes[value.range].first == UInt8(ascii: "t")
            default: throw inner.error("\(name) must be a text, a number, true or false", at: value.range.lowerBound)
            }
        }
        self.texts = texts
        self.numbers = numbers
        self.flags = flags
    }
}
