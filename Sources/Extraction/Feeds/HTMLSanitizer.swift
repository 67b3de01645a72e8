import News

/// Makes markup harmless: keeps the elements and attributes of `HTMLVocabulary`, drops scripts with what is in them, and
/// resolves relative addresses. Tags come out in small letters with attributes sorted; text stays as it was written.
///
/// One forward pass; no tree is built, so that unbalanced tags stay unbalanced.
struct HTMLSanitizer {
    private struct Attribute {
        var spelling: [UInt8]
        var value: [UInt8]
    }

    private let html: [UInt8]
    private let base: [UInt8]
    /// "<p/>" is a whole element.
    private let isXHTML: Bool
    private var out: [UInt8] = []
    private var index = 0
    private var harmfulDepth = 0
    private var mathDepth = 0
    private var svgDepth = 0
    // What a search did not find up to the end need not be sought again: else time would be quadratic.
    private var hasNoCommentEnd = false
    private var ignoresQuotes = false

    /// - Parameter base: of relative addresses; empty if there is none.
    static func clean(_ html: [UInt8], base: [UInt8], isXHTML: Bool) -> [UInt8] {
        let first = ByteSearch.first(UInt8(ascii: "<"), or: UInt8(ascii: "&"), in: html, from: 0)
        if first == html.count { return FeedBytes.trimmed(html) }
        var sanitizer = HTMLSanitizer(html: html, base: base, isXHTML: isXHTML)
        sanitizer.run()
        return FeedBytes.trimmed(sanitizer.out)
    }

    private init(html: [UInt8], base: [UInt8], isXHTML: Bool) {
        self.html = html
        self.base = base
        self.isXHTML = isXHTML
        out.reserveCapacity(html.count + html.count / 8)
    }

    private mutating func run() {
        while index < html.count {
            let special = ByteSearch.first(UInt8(ascii: "<"), or: UInt8(ascii: "&"), in: html, from: index)
            text(html[index..<special])
            index = special
            guard index < html.count else { return }
            if html[index] == UInt8(ascii: "&") { takeReference() } else { takeMarkup() }
        }
    }

    private mutating func text(_ piece: ArraySlice<UInt8>) {
        if harmfulDepth == 0 { out.append(contentsOf: piece) }
    }

    private mutating func text(_ piece: String) {
        if harmfulDepth == 0 { out.append(contentsOf: piece.utf8) }
    }

    // MARK: References

    private mutating func takeReference() {
        let start = index
        if start + 1 < html.count, html[start + 1] == UInt8(ascii: "#") { return takeNumber() }
        let name = html[(start + 1)...].prefix(32).prefix { ASCII.isAlphanumeric($0) }
        index = name.endIndex
        guard let first = name.first, ASCII.isLetter(first), index < html.count else {
            index = start + 1
            return text("&")
        }
        let hasEnd = html[index] == UInt8(ascii: ";")
        if hasEnd { index += 1 }
        if Entities.isName(name) {
            text("&")
            text(name)
            text(";")
        } else {
            text("&amp;")
            text(name)
            if hasEnd { text(";") }
        }
    }

    private mutating func takeNumber() {
        let start = index
        guard let (scalar, end) = Entities.reference(html[...], at: start), end < html.count || html[end - 1] == 0x3B
        else {
            index = start + 1
            return text("&")
        }
        index = end
        let digits = html[(start + 2)..<end].filter { $0 != UInt8(ascii: ";") }.map(ASCII.lowercased)
        switch digits {
        case [0x33, 0x39]: text("'")
        case [0x33, 0x34]: text("\"")
        default:
            // The numbers of the C1 controls mean windows-1252.
            let isControl = Entities.windows1252.contains(scalar.value) && scalar.value > 0xFF
            let isMoved = isControl && Self.value(digits) < 0x100
            text("&#")
            if isMoved { text("x" + String(scalar.value, radix: 16)) } else { text(digits[...]) }
            text(";")
        }
    }

    private static func value(_ digits: [UInt8]) -> Int {
        let isHex = digits.first == UInt8(ascii: "x")
        var value = 0
        for digit in digits.drop(while: { $0 == UInt8(ascii: "x") }) {
            value = min(value * (isHex ? 16 : 10) + Int(ASCII.hexValue(digit) ?? 0), 0x110000)
        }
        return value
    }

    // MARK: Markup

    private mutating func takeMarkup() {
        let following = index + 1 < html.count ? html[index + 1] : 0
        switch following {
        case let byte where ASCII.isLetter(byte): takeStart()
        case UInt8(ascii: "/"): takeEnd()
        case UInt8(ascii: "!"): takeDeclaration()
        case UInt8(ascii: ">"): index += 2
        case UInt8(ascii: "?"):
            let end = ByteSearch.first(UInt8(ascii: ">"), in: html, from: index)
            index = min(end + 1, html.count)
        default:
            text("<")
            index += 1
        }
    }

    private mutating func takeDeclaration() {
        if ByteSearch.matches("<!--", in: html, at: index) { return takeComment() }
        let next = index + 2 < html.count ? html[index + 2] : 0
        let isDoctype = html[(index + 2)...].prefix(7).map(ASCII.lowercased).elementsEqual("doctype".utf8)
        if ByteSearch.matches("<![CDATA[", in: html, at: index) {
            text("&lt;![CDATA[")
            index += 9
        } else if isDoctype || next == UInt8(ascii: "[") {
            let end = ByteSearch.first(UInt8(ascii: ">"), in: html, from: index)
            guard end == html.count else { return index = end + 1 }
            // One that never ends is text.
            text(html[(index + 2)...].contains(where: ASCII.isBlank) ? "&lt;!" : "<!")
            index += 2
        } else {
            text("&lt;!")
            index += 2
        }
    }

    /// Comments stay, but for those without an end.
    private mutating func takeComment() {
        let start = index + 4
        var place = hasNoCommentEnd ? nil : ByteSearch.first("--", in: html, from: start)
        while let dashes = place {
            let close = html[(dashes + 2)...].drop(while: ASCII.isBlank)
            if close.first == UInt8(ascii: ">") {
                text("<!--")
                text(html[start..<dashes])
                text("-->")
                index = close.startIndex + 1
                return
            }
            place = ByteSearch.first("--", in: html, from: dashes + 1)
        }
        hasNoCommentEnd = true
        guard let dashes = ByteSearch.first("--", in: html, from: start) else {
            index = html.count
            return
        }
        index = min(ByteSearch.first(UInt8(ascii: ">"), in: html, from: dashes) + 1, html.count)
    }

    private mutating func takeEnd() {
        let start = index + 2
        let end = ByteSearch.first(UInt8(ascii: ">"), or: UInt8(ascii: "<"), in: html, from: start)
        let name = FeedBytes.trimmed(Array(html[start..<end].prefix(64)))
        index = end < html.count && html[end] == UInt8(ascii: ">") ? end + 1 : end
        guard let word = HTMLVocabulary.word(name, 0..<name.count) else { return }
        writeEnd(word)
    }

    private mutating func writeEnd(_ word: HTMLVocabulary.Word) {
        var spelling = word.spelling
        if !word.flags.contains(.element) {
            if word.flags.contains(.harmful) { harmfulDepth = max(0, harmfulDepth - 1) }
            if mathDepth > 0, word.flags.contains(.mathElement) {
                if spelling.elementsEqual("math".utf8) { mathDepth -= 1 }
            } else if svgDepth > 0, word.flags.contains(.svgElement) {
                if spelling.elementsEqual("svg".utf8) { svgDepth -= 1 }
            } else {
                return
            }
        } else {
            spelling = spelling.map(ASCII.lowercased)
        }
        guard !word.flags.contains(.void) else { return }
        out.append(contentsOf: "</".utf8)
        out.append(contentsOf: spelling)
        out.append(UInt8(ascii: ">"))
    }

    // MARK: Start tags

    private mutating func takeStart() {
        let start = index
        let name = html[(start + 1)...].prefix {
            ASCII.isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E || $0 == 0x3A
        }
        index = name.endIndex
        let close = endOfTag(from: index)
        guard close < html.count else {
            // A tag that never ends is text.
            text("&lt;")
            index = start + 1
            return
        }
        let isSelfClosing = html[close] == UInt8(ascii: ">") && html[close - 1] == UInt8(ascii: "/")
        // Directly after the name, so that it stands for an element without attributes in HTML too.
        let isWhole = isSelfClosing && (isXHTML || html[name.endIndex..<(close - 1)].allSatisfy(ASCII.isBlank))
        let inner = name.endIndex..<close
        index = html[close] == UInt8(ascii: ">") ? close + 1 : close
        let word = HTMLVocabulary.word(html, name.startIndex..<name.endIndex)
        writeStart(name, word, inner)
        if isWhole, let word { writeEnd(word) }
    }

    /// The ">" (or a "<") that ends a tag, outside of quoted values.
    private mutating func endOfTag(from start: Int) -> Int {
        if !ignoresQuotes {
            let end = endOutsideQuotes(from: start)
            if end < html.count { return end }
            ignoresQuotes = true
        }
        return ByteSearch.first(UInt8(ascii: ">"), or: UInt8(ascii: "<"), in: html, from: start)
    }

    private func endOutsideQuotes(from start: Int) -> Int {
        var place = start
        var isAfterEquals = false
        while place < html.count {
            let byte = html[place]
            switch byte {
            case UInt8(ascii: ">"), UInt8(ascii: "<"): return place
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                if isAfterEquals { place = ByteSearch.first(byte, in: html, from: place + 1) }
                isAfterEquals = false
            case UInt8(ascii: "="): isAfterEquals = true
            default: if !ASCII.isBlank(byte) { isAfterEquals = false }
            }
            place += 1
        }
        return html.count
    }

    private mutating func writeStart(_ name: ArraySlice<UInt8>, _ word: HTMLVocabulary.Word?, _ inner: Range<Int>) {
        let flags = word?.flags ?? []
        var allowed: HTMLVocabulary.Flags = [.attribute, .style]
        var isForeign = false
        var space: String?
        if !flags.contains(.element) || svgDepth > 0 {
            if flags.contains(.harmful) { harmfulDepth += 1 }
            let isSVG = word?.spelling.elementsEqual("svg".utf8) ?? false
            let isMath = word?.spelling.elementsEqual("math".utf8) ?? false
            if isSVG || isMath, let known = namespace(of: inner, isSVG ? Self.svgSpace : Self.mathSpace) {
                space = known
                if isSVG { svgDepth += 1 } else { mathDepth += 1 }
            }
            if mathDepth > 0, flags.contains(.mathElement) {
                allowed = .mathAttribute
                isForeign = true
            } else if svgDepth > 0, flags.contains(.svgElement) {
                allowed = .svgAttribute
                isForeign = true
            } else if !flags.contains(.element) {
                return
            }
        }
        guard let word else { return }
        let tag = isForeign ? word.spelling : word.spelling.map(ASCII.lowercased)
        out.append(UInt8(ascii: "<"))
        out.append(contentsOf: tag)
        if !inner.isEmpty || space != nil { writeAttributes(inner, allowed, space) }
        out.append(contentsOf: flags.contains(.void) ? " />".utf8 : ">".utf8)
    }

    private static let svgSpace = "http://www.w3.org/2000/svg"
    private static let mathSpace = "http://www.w3.org/1998/Math/MathML"

    /// The namespace of an SVG or MathML element: said, or in HTML understood. Nil if another is said.
    private func namespace(of inner: Range<Int>, _ wanted: String) -> String? {
        var said: [UInt8]?
        forEachAttribute(inner) { name, value in
            if name.count == 5, name.elementsEqual("xmlns".utf8) { said = value }
        }
        guard let said, !said.isEmpty else { return wanted }
        return said.elementsEqual(wanted.utf8) ? wanted : nil
    }

    private mutating func writeAttributes(_ inner: Range<Int>, _ allowed: HTMLVocabulary.Flags, _ space: String?) {
        var kept: [Attribute] = []
        var isXlinkUsed = false
        let (base, isSVG) = (base, svgDepth > 0)
        forEachAttribute(inner) { name, value in
            guard kept.count < 64 else { return }
            if name.starts(with: "xlink:".utf8) { isXlinkUsed = true }
            guard let word = HTMLVocabulary.word(name), !word.flags.isDisjoint(with: allowed) else { return }
            let clean: [UInt8]
            if word.flags.contains(.style), allowed.contains(.style) {
                clean = StyleSanitizer.clean(value, isSVG: isSVG)
                if clean.isEmpty { return }
            } else {
                clean = Self.value(value, word, base)
            }
            let spelling = allowed == .svgAttribute ? word.spelling : name.map(ASCII.lowercased)
            kept.removeAll { $0.spelling == spelling }
            kept.append(Attribute(spelling: spelling, value: clean))
        }
        func add(_ name: String, _ value: String) {
            guard !kept.contains(where: { $0.spelling.elementsEqual(name.utf8) }) else { return }
            kept.append(Attribute(spelling: Array(name.utf8), value: Array(value.utf8)))
        }
        if let space { add("xmlns", space) }
        if isXlinkUsed, svgDepth > 0 || mathDepth > 0 { add("xmlns:xlink", "http://www.w3.org/1999/xlink") }
        kept.sort { $0.spelling.lexicographicallyPrecedes($1.spelling) }
        for attribute in kept { write(attribute) }
    }

    /// An address is resolved, and emptied if following it would do harm.
    private static func value(_ value: [UInt8], _ word: HTMLVocabulary.Word, _ base: [UInt8]) -> [UInt8] {
        if word.flags.contains(.address) {
            let trimmed = FeedBytes.trimmed(value)
            var decoded: [UInt8] = []
            Entities.decode(trimmed[...], into: &decoded)
            decoded.removeAll { $0 < 0x20 }
            if URIReference.safe(decoded).isEmpty { return [] }
            return base.isEmpty ? value : URIReference.join(base, trimmed)
        }
        if word.spelling.elementsEqual("rel".utf8) || word.spelling.elementsEqual("type".utf8) {
            return value.map(ASCII.lowercased)
        }
        return value
    }

    private mutating func write(_ attribute: Attribute) {
        out.append(0x20)
        out.append(contentsOf: attribute.spelling)
        out.append(contentsOf: "=\"".utf8)
        let value = attribute.value
        for (place, byte) in value.enumerated() {
            switch byte {
            case UInt8(ascii: "<"): out.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): out.append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "\""): out.append(contentsOf: "&quot;".utf8)
            case UInt8(ascii: "&") where !Self.isReference(value, place): out.append(contentsOf: "&amp;".utf8)
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func isReference(_ value: [UInt8], _ start: Int) -> Bool {
        let name = value[(start + 1)...].prefix(32).prefix { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "#") }
        return !name.isEmpty && name.endIndex < value.count && value[name.endIndex] == UInt8(ascii: ";")
    }

    /// Attributes of a tag as the old readers took them: with any quotes or none, a bare name being its own value.
    private func forEachAttribute(_ inner: Range<Int>, _ body: (ArraySlice<UInt8>, [UInt8]) -> Void) {
        var place = inner.lowerBound
        let end = inner.upperBound
        func skipBlanks() { while place < end, ASCII.isBlank(html[place]) { place += 1 } }
        while true {
            skipBlanks()
            guard place < end else { return }
            guard ASCII.isLetter(html[place]) || html[place] == 0x5F else {
                place += 1
                continue
            }
            let start = place
            while place < end,
                ASCII.isAlphanumeric(html[place]) || html[place] == 0x2D || html[place] == 0x3A
                    || html[place] == 0x2E || html[place] == 0x5F
            {
                place += 1
            }
            let name = html[start..<place]
            let afterName = place
            skipBlanks()
            guard place < end, html[place] == UInt8(ascii: "=") else {
                place = afterName
                body(name, Array(name))
                continue
            }
            place += 1
            skipBlanks()
            body(name, value(&place, end))
        }
    }

    private func value(_ place: inout Int, _ end: Int) -> [UInt8] {
        guard place < end else { return [] }
        let quote = html[place]
        let start: Int
        let stop: Int
        if quote == 0x22 || quote == 0x27,
            let close = html[(place + 1)..<end].firstIndex(of: quote)
        {
            start = place + 1
            stop = close
            place = close + 1
        } else {
            start = place
            while place < end, !ASCII.isBlank(html[place]) { place += 1 }
            // The "/" of "/>" is not the value's.
            stop = place == end && place > start && html[place - 1] == UInt8(ascii: "/") ? place - 1 : place
        }
        guard html[start..<stop].contains(UInt8(ascii: "&")) else { return Array(html[start..<stop]) }
        return Self.withQuotes(html[start..<stop])
    }

    /// Quotation marks written as numbers are marks again.
    private static func withQuotes(_ value: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var index = value.startIndex
        while index < value.endIndex {
            let rest = value[index...]
            if rest.starts(with: "&#39;".utf8) {
                out.append(0x27)
                index += 5
            } else if rest.starts(with: "&#34;".utf8) {
                out.append(0x22)
                index += 5
            } else {
                out.append(value[index])
                index += 1
            }
        }
        return out
    }
}
