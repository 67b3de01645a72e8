import ByteCoding
import News

/// Texts: collected, finished and put where they belong.
extension XMLFeedReader {
    mutating func push(_ key: FeedKey, isField: Bool) {
        open.append(Open(key: key, isField: isField, start: text.count))
    }

    mutating func push(_ word: FeedWord, isField: Bool = true) { push(FeedKey(word), isField: isField) }

    /// Begins a text that may be markup.
    ///
    /// - Parameter usual: what it is if it does not say.
    mutating func pushContent(_ word: FeedWord, _ usual: FeedContent.Kind, isField: Bool = true) {
        content = FeedContent(
            said: xml.attribute(.type), usual: usual, mode: xml.attribute(.mode), language: language,
            base: base, depth: xml.depth)
        push(word, isField: isField)
    }

    @discardableResult
    mutating func popContent(_ word: FeedWord) -> [UInt8]? {
        let value = pop(FeedKey(word))
        content = nil
        return value
    }

    @discardableResult
    mutating func pop(_ word: FeedWord) -> [UInt8]? { pop(FeedKey(word)) }

    /// Ends the text of an element, if it is the innermost.
    ///
    /// - Returns: what was stored.
    @discardableResult
    mutating func pop(_ key: FeedKey, trimming: Bool = true) -> [UInt8]? {
        guard let last = open.last, last.key == key else { return nil }
        open.removeLast()
        var value = taken(from: last.start, trimming: trimming)
        text.removeAll(from: last.start)
        guard last.isField else { return value }
        if content?.isBase64 ?? false, let decoded = FeedBytes.base64(value), FeedBytes.isUTF8(decoded) {
            value = decoded
        }
        value = FeedBytes.repaired(finished(key, value))
        store(key, value)
        return value
    }

    /// The text from a place on, in bytes of its own.
    private func taken(from start: Int, trimming: Bool) -> [UInt8] {
        // Safe: the text does not change while it is looked at.
        var raw = unsafe text.view[start..<text.count]
        if trimming { raw = FeedBytes.trimmed(raw) }
        if isAtom10, content?.isXHTML ?? false { raw = Self.withoutFrame(raw) }
        return raw.array
    }

    /// XHTML without the one "div" that all of it stands in.
    private static func withoutFrame(_ raw: ByteSpan) -> ByteSpan {
        let markup = FeedBytes.trimmed(raw)
        guard markup.starts(with: "<div>") || markup.starts(with: "<div "),
            markup.suffix(6).isSame("</div>")
        else { return raw }
        var depth = 0
        var place = markup.startIndex
        while true {
            let open = ByteSearch.first(UInt8(ascii: "<"), in: markup, from: place)
            guard open + 1 < markup.endIndex else { break }
            depth += markup[open + 1] == UInt8(ascii: "/") ? -1 : 1
            if depth == 0, open + 6 < markup.endIndex { return raw }
            place = open + 1
        }
        let end = ByteSearch.first(UInt8(ascii: ">"), in: markup, from: markup.startIndex)
        guard end + 1 <= markup.endIndex - 6 else { return raw }
        return FeedBytes.trimmed(markup[(end + 1)..<(markup.endIndex - 6)])
    }

    /// Addresses resolved, markup made harmless.
    private mutating func finished(_ key: FeedKey, _ value: [UInt8]) -> [UInt8] {
        guard let word = FeedWord(rawValue: key.name),
            key.prefix == 0 || word == .comment || word == .commentrss
        else { return value }
        switch word {
        case .comments, .docs, .href, .icon, .link, .logo, .url, .commentrss, .comment:
            return value.isEmpty || keepsAddresses ? value : URIReference.join(base, value)
        case .id:
            return value.isEmpty || !isGuidLink || options.isRaw ? value : URIReference.join(base, value)
        case .content, .rights, .description, .info, .subtitle, .summary, .title:
            guard content != nil else { return value }
            if !isAtom, content?.kind == .plain, MarkupGuess.isMarkup(value) { content?.become(.html) }
            guard options.isSafe, let content, content.kind == .html || content.isXHTML else { return value }
            return sanitizer.clean(value, base: content.base, isXHTML: content.isXHTML)
        default: return value
        }
    }

    // MARK: Storing

    private mutating func store(_ key: FeedKey, _ value: [UInt8]) {
        let word = key.prefix == 0 ? FeedWord(rawValue: key.name) : nil
        switch word {
        case .category, .tags: return
        case .keywords where key.prefix != 0: return
        case .title where titleDepth > -1 && titleDepth <= xml.depth: return
        default: break
        }
        if isInEntry, !isInSource {
            storeInEntry(key, word, value)
        } else if isInFeed || isInSource || isInImage || isInTextInput {
            storeInFeed(key, word, value)
        }
    }

    private mutating func storeInEntry(_ key: FeedKey, _ word: FeedWord?, _ value: [UInt8]) {
        let entry = Scope.entry.rawValue
        switch word {
        case .content:
            scopes[entry].append(to: .content, detail(value))
        case .link:
            guard !isInImage else { return }
            scopes[entry][.link] = .text(value)
            if !value.isEmpty { scopes[entry].withLast(of: .links) { $0[.href] = .text(value) } }
        default:
            let key = word == .description ? FeedKey(.summary) : key
            let known = fieldDepths.firstIndex { $0.key == key }
            if let known {
                if xml.depth <= fieldDepths[known].depth {
                    fieldDepths[known].depth = xml.depth
                    scopes[entry][key] = .text(value)
                }
            } else {
                fieldDepths.append((key, xml.depth))
                scopes[entry][key] = .text(value)
            }
            if content != nil, let detailKey = Self.detailKey(key) { scopes[entry][detailKey] = .object(detail(value)) }
        }
    }

    private mutating func storeInFeed(_ key: FeedKey, _ word: FeedWord?, _ value: [UInt8]) {
        let place = context
        let key = word == .description ? FeedKey(.subtitle) : key
        scopes[place][key] = .text(value)
        if word == .link {
            scopes[place].withLast(of: .links) { $0[.href] = .text(value) }
        } else if content != nil, let detailKey = Self.detailKey(key) {
            scopes[place][detailKey] = .object(detail(value))
        }
    }

    private func detail(_ value: [UInt8]) -> FeedFields {
        var fields = FeedFields(capacity: 5)
        guard let content else { return fields }
        fields.append(FeedKey(.type), .text(content.type))
        fields.append(FeedKey(.language), content.language.map { .text($0) } ?? .nothing)
        fields.append(FeedKey(.base), .text(content.base))
        if let source = content.source { fields.append(FeedKey(.src), .text(source)) }
        fields.append(FeedKey(.value), .text(value))
        return fields
    }

    private static func detailKey(_ key: FeedKey) -> FeedWord? {
        guard key.prefix == 0 else { return nil }
        switch FeedWord(rawValue: key.name) {
        case .title: return .titleDetail
        case .subtitle: return .subtitleDetail
        case .summary: return .summaryDetail
        case .rights: return .rightsDetail
        case .info: return .infoDetail
        case .description: return .descriptionDetail
        default: return nil
        }
    }

    // MARK: Markup inside a text

    /// An element inside a text: its tag is part of the text.
    mutating func startMarkup() {
        guard let isXML = content?.isXML else { return }
        if !isXML {
            // Escaped markup was announced, and here is a real element. A "div" around escaped markup is nothing.
            if xml.word == .div { return }
            content?.become(.xhtml)
        }
        guard !open.isEmpty else { return }
        text.append(UInt8(ascii: "<"))
        appendLocalName()
        if xml.word == .math, xml.space == .mathml { writeNamespace("http://www.w3.org/1998/Math/MathML") }
        if xml.word == .svg, xml.space == .svg { writeNamespace("http://www.w3.org/2000/svg") }
        for binding in xml.newBindings where binding.space == .xlink {
            text.append(" xmlns:")
            text.append(contentsOf: Array(xml.names.name(binding.prefix)))
            writeValue(binding.uri)
        }
        for attribute in xml.attributes {
            text.append(0x20)
            for byte in xml.bytes[attribute.range] { text.append(ASCII.lowercased(byte)) }
            writeValue(xml.value(of: attribute))
        }
        text.append(UInt8(ascii: ">"))
    }

    mutating func endMarkup() {
        guard content?.isXML ?? false, !open.isEmpty else { return }
        text.append("</")
        appendLocalName()
        text.append(UInt8(ascii: ">"))
    }

    private mutating func appendLocalName() {
        let written = xml.bytes[xml.nameRange]
        let colon = xml.prefix == 0 ? nil : written.firstIndex(of: UInt8(ascii: ":"))
        for byte in written[(colon.map { $0 + 1 } ?? written.startIndex)...] { text.append(ASCII.lowercased(byte)) }
    }

    private mutating func writeNamespace(_ uri: String) {
        text.append(" xmlns")
        writeValue(Array(uri.utf8))
    }

    private mutating func writeValue(_ value: [UInt8]) {
        text.append("=\"")
        for byte in value {
            switch byte {
            case UInt8(ascii: "&"): text.append("&amp;")
            case UInt8(ascii: "<"): text.append("&lt;")
            case UInt8(ascii: ">"): text.append("&gt;")
            case UInt8(ascii: "\""): text.append("&quot;")
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
