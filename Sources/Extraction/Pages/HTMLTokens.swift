import News

/// Splits a page into tags and text, as the HTML standard's tokeniser does but for its error names.
///
/// Works inside one buffer: names are put into small letters where they stand; texts and values are ranges of it. A text
/// with character references is appended, decoded, behind the page. Every byte is looked at a bounded number of times,
/// whatever the input.
struct HTMLTokens {
    enum Kind {
        case text, start, end
    }

    struct Token {
        var kind: Kind
        var tag: HTMLTag
        /// The text, or the element's name.
        var range: ByteRange
        /// Of the element's attributes in `attributes`.
        var attributes: Range<Int> = 0..<0
        var isSelfClosing = false
    }

    struct Attribute: Sendable {
        var key: HTMLAttribute
        var name: ByteRange
        var value: ByteRange
    }

    /// An element may not have more; the rest is passed over.
    static let maxAttributes = 256

    private(set) var buffer: [UInt8]
    private(set) var attributes: [Attribute] = []
    /// Where the page ends and decoded texts begin.
    private let end: Int
    private var index = 0
    /// The element whose raw text stands at `index`.
    private var rawElement: HTMLTag?
    private var rawName = ByteRange.empty
    /// Set by who builds the tree: whether "<![CDATA[" begins text, as in SVG, or a comment.
    var isForeign = false
    /// Whether a look for "]]>" found none up to the end: later ones need not look.
    private var lacksSectionEnd = false

    /// - Parameter page: UTF-8.
    init(_ page: [UInt8]) {
        buffer = page
        end = page.count
    }

    mutating func next() -> Token? {
        while index < end {
            if let tag = rawElement {
                rawElement = nil
                if let token = rawText(of: tag) { return token }
                continue
            }
            guard buffer[index] == UInt8(ascii: "<") else { return text() }
            let following = index + 1 < end ? buffer[index + 1] : 0
            if ASCII.isLetter(following) { return startTag() }
            switch following {
            case UInt8(ascii: "/"):
                let name = index + 2 < end ? buffer[index + 2] : 0
                if ASCII.isLetter(name) { return endTag() }
                if name == 0 { return text() }
                skip(pastGreaterFrom: index + 2)
            case UInt8(ascii: "!"):
                if let token = markup() { return token }
            case UInt8(ascii: "?"): skip(pastGreaterFrom: index + 2)
            default: return text()
            }
        }
        return nil
    }

    // MARK: Text

    /// Up to the next "<" that can begin a tag; the one at `index`, if any, is text.
    private mutating func text() -> Token {
        let start = index
        var hasReference = false
        index += 1
        while index < end {
            let byte = buffer[index]
            if byte == UInt8(ascii: "<") {
                let following = index + 1 < end ? buffer[index + 1] : 0
                if ASCII.isLetter(following) || following == 0x2F || following == 0x21 || following == 0x3F { break }
            } else if byte == UInt8(ascii: "&") {
                hasReference = true
            }
            index += 1
        }
        return Token(kind: .text, tag: .text, range: decoded(start..<index, hasReference))
    }

    private mutating func decoded(_ range: Range<Int>, _ hasReference: Bool) -> ByteRange {
        guard hasReference else { return ByteRange(range) }
        let start = buffer.count
        var out: [UInt8] = []
        Entities.decode(buffer[range], into: &out)
        buffer.append(contentsOf: out)
        return ByteRange(start..<buffer.count)
    }

    // MARK: Comments and the like

    /// A comment, a document type, or a CDATA section, which alone is text.
    private mutating func markup() -> Token? {
        if has("--", at: index + 2) {
            skipComment()
        } else if isForeign, has("[CDATA[", at: index + 2) {
            let start = index + 9
            let close = lacksSectionEnd ? nil : find("]]>", from: start)
            lacksSectionEnd = close == nil
            index = min((close ?? end) + 3, end)
            return Token(kind: .text, tag: .text, range: ByteRange(start..<(close ?? end)))
        } else {
            skip(pastGreaterFrom: index + 2)
        }
        return nil
    }

    /// A comment ends at "-->" or "--!>"; "<!-->" and "<!--->" are whole. One without end goes to the end of the page,
    /// as in browsers.
    private mutating func skipComment() {
        let start = index + 4
        if has(">", at: start) {
            index = start + 1
        } else if has("->", at: start) {
            index = start + 2
        } else {
            var place = start
            while place < end {
                if buffer[place] == 0x3E, place >= start + 2 {
                    let isEnd = buffer[place - 1] == 0x2D && buffer[place - 2] == 0x2D
                    let isBangEnd =
                        place >= start + 3 && buffer[place - 1] == 0x21 && buffer[place - 2] == 0x2D
                        && buffer[place - 3] == 0x2D
                    if isEnd || isBangEnd { break }
                }
                place += 1
            }
            index = min(place + 1, end)
        }
    }

    private mutating func skip(pastGreaterFrom start: Int) {
        index = start
        while index < end, buffer[index] != 0x3E { index += 1 }
        index = min(index + 1, end)
    }

    private func has(_ text: StaticString, at place: Int) -> Bool {
        guard place + text.utf8CodeUnitCount <= end else { return false }
        // Safe: a static string's bytes live for ever, and the offsets stay below their count.
        for offset in 0..<text.utf8CodeUnitCount where unsafe buffer[place + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    private func find(_ text: StaticString, from start: Int) -> Int? {
        var place = start
        while place < end {
            if has(text, at: place) { return place }
            place += 1
        }
        return nil
    }

    // MARK: Tags

    private mutating func startTag() -> Token {
        index += 1
        let (name, tag) = tagName()
        let first = attributes.count
        let isSelfClosing = readAttributes(from: first)
        if tag.isRaw, !(isForeign && isSelfClosing) {
            rawElement = tag
            rawName = name
        }
        return Token(
            kind: .start, tag: tag, range: name, attributes: first..<attributes.count, isSelfClosing: isSelfClosing)
    }

    private mutating func endTag() -> Token {
        index += 2
        let (name, tag) = tagName()
        let first = attributes.count
        _ = readAttributes(from: first)
        attributes.removeSubrange(first...)
        return Token(kind: .end, tag: tag, range: name)
    }

    private mutating func tagName() -> (ByteRange, HTMLTag) {
        let start = index
        while index < end, !ASCII.isBlank(buffer[index]), buffer[index] != 0x2F, buffer[index] != 0x3E {
            if ASCII.isUpper(buffer[index]) { buffer[index] |= 0x20 }
            index += 1
        }
        return (ByteRange(start..<index), HTMLTag.named(buffer[start..<index]))
    }

    /// - Returns: whether the tag ends in "/>".
    private mutating func readAttributes(from first: Int) -> Bool {
        var isSelfClosing = false
        while index < end {
            let byte = buffer[index]
            if ASCII.isBlank(byte) {
                index += 1
            } else if byte == UInt8(ascii: "/") {
                #if PLANTED_FUZZ_PAGE
                    isSelfClosing = buffer[index + 1] == UInt8(ascii: ">")
                #else
                    isSelfClosing = index + 1 < end && buffer[index + 1] == UInt8(ascii: ">")
                #endif
                index += 1
            } else if byte == UInt8(ascii: ">") {
                index += 1
                break
            } else {
                readAttribute(isKept: attributes.count - first < Self.maxAttributes)
            }
        }
        return isSelfClosing
    }

    private mutating func readAttribute(isKept: Bool) {
        let start = index
        repeat {
            if ASCII.isUpper(buffer[index]) { buffer[index] |= 0x20 }
            index += 1
        } while index < end && !isNameEnd(buffer[index])
        let name = start..<index
        while index < end, ASCII.isBlank(buffer[index]) { index += 1 }
        var value = ByteRange.empty
        if index < end, buffer[index] == UInt8(ascii: "=") {
            index += 1
            while index < end, ASCII.isBlank(buffer[index]) { index += 1 }
            value = attributeValue(isKept: isKept)
        }
        guard isKept else { return }
        attributes.append(
            Attribute(key: HTMLAttribute.named(buffer[name]), name: ByteRange(name), value: value))
    }

    private func isNameEnd(_ byte: UInt8) -> Bool {
        ASCII.isBlank(byte) || byte == 0x3D || byte == 0x2F || byte == 0x3E
    }

    private mutating func attributeValue(isKept: Bool) -> ByteRange {
        guard index < end, buffer[index] != 0x3E else { return .empty }
        let quote = buffer[index]
        let isQuoted = quote == 0x22 || quote == 0x27
        if isQuoted { index += 1 }
        let start = index
        var hasReference = false
        while index < end {
            let byte = buffer[index]
            if isQuoted ? byte == quote : ASCII.isBlank(byte) || byte == 0x3E { break }
            if byte == UInt8(ascii: "&") { hasReference = true }
            index += 1
        }
        let range = start..<index
        if isQuoted { index = min(index + 1, end) }
        return hasReference && isKept ? decodedValue(range) : ByteRange(range)
    }

    /// In a value "&name=" is part of an address and no reference.
    private mutating func decodedValue(_ range: Range<Int>) -> ByteRange {
        var out: [UInt8] = []
        var place = range.lowerBound
        while place < range.upperBound {
            let next = buffer[(place + 1)..<range.upperBound].firstIndex(of: UInt8(ascii: "&")) ?? range.upperBound
            let piece = buffer[place..<next]
            let name = piece.dropFirst().prefix { ASCII.isAlphanumeric($0) }
            if piece.first == UInt8(ascii: "&"), name.endIndex < next, buffer[name.endIndex] == UInt8(ascii: "=") {
                out.append(contentsOf: piece)
            } else {
                Entities.decode(piece, into: &out)
            }
            place = next
        }
        let start = buffer.count
        buffer.append(contentsOf: out)
        return ByteRange(start..<buffer.count)
    }

    // MARK: Raw text

    /// The text of an element that has no markup inside, up to its end tag, which is left for the next call.
    private mutating func rawText(of tag: HTMLTag) -> Token? {
        let start = index
        var hasReference = false
        // "<!--" in a script opens a stretch in which a "<script" must find its own end tag first.
        var isEscaped = false
        var isInner = false
        while index < end {
            let byte = buffer[index]
            if byte == UInt8(ascii: "<") {
                if index + 1 < end, buffer[index + 1] == UInt8(ascii: "/"), isNamed(rawName, at: index + 2) {
                    if !isInner { break }
                    isInner = false
                } else if tag == .script {
                    if has("!--", at: index + 1) {
                        isEscaped = true
                    } else if isEscaped, isNamed(rawName, at: index + 1) {
                        isInner = true
                    }
                }
            } else if byte == UInt8(ascii: "&") {
                hasReference = true
            } else if byte == UInt8(ascii: ">"), isEscaped, buffer[index - 1] == 0x2D, buffer[index - 2] == 0x2D {
                isEscaped = false
                isInner = false
            }
            index += 1
        }
        guard index > start else { return nil }
        let isDecoded = hasReference && (tag == .title || tag == .textarea)
        return Token(kind: .text, tag: .text, range: decoded(start..<index, isDecoded))
    }

    /// Whether the name of `range` stands at a place, in any case, and ends there.
    private func isNamed(_ range: ByteRange, at place: Int) -> Bool {
        let stop = place + Int(range.count)
        guard stop <= end else { return false }
        for offset in 0..<Int(range.count)
        where ASCII.lowercased(buffer[place + offset]) != buffer[Int(range.start) + offset] {
            return false
        }
        return stop == end || ASCII.isBlank(buffer[stop]) || buffer[stop] == 0x2F || buffer[stop] == 0x3E
    }
}
