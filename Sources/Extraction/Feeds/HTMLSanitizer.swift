import News

/// Makes markup harmless: keeps the elements and attributes of `HTMLVocabulary`, drops scripts with what is in them, and
/// resolves relative addresses. Tags come out in small letters with attributes sorted; text stays as it was written.
///
/// One forward pass; no tree is built, so that unbalanced tags stay unbalanced.
///
/// One is used for many texts, so that its memory is.
struct HTMLSanitizer: ~Copyable {
    /// An attribute that stays, until all of its tag are known.
    private struct Attribute {
        let spelling: ByteSpan
        /// In the markup, or in `values` if it had to be changed.
        let value: Range<Int>
        let isChanged: Bool
    }

    private var html = Self.nothing
    private var base: [UInt8] = []
    /// "<p/>" is a whole element.
    private var isXHTML = false
    private var out = ByteSink(capacity: 4096)
    private var attributes: [Attribute] = []
    private var values = ByteSink()
    private var index = 0
    private var harmfulDepth = 0
    private var mathDepth = 0
    private var svgDepth = 0
    // What a search did not find up to the end need not be sought again: else time would be quadratic.
    private var hasNoCommentEnd = false
    private var ignoresQuotes = false

    init() {}

    /// - Parameter base: of relative addresses; empty if there is none.
    static func clean(_ html: [UInt8], base: [UInt8], isXHTML: Bool) -> [UInt8] {
        var sanitizer = HTMLSanitizer()
        return sanitizer.clean(html, base: base, isXHTML: isXHTML)
    }

    /// - Parameter base: of relative addresses; empty if there is none.
    mutating func clean(_ html: [UInt8], base: [UInt8], isXHTML: Bool) -> [UInt8] {
        let first = ByteSearch.first(UInt8(ascii: "<"), or: UInt8(ascii: "&"), in: html, from: 0)
        if first == html.count { return FeedBytes.trimmed(html) }
        return ByteSpan.of(html) { html in
            self.html = html
            self.base = base
            self.isXHTML = isXHTML
            out.removeAll()
            (index, harmfulDepth, mathDepth, svgDepth) = (0, 0, 0, 0)
            (hasNoCommentEnd, ignoresQuotes) = (false, false)
            run()
            self.html = Self.nothing
            // Safe: nothing is appended while the view is used.
            return unsafe FeedBytes.trimmed(out.view).array
        }
    }

    private static let nothing = ByteSpan.immortal([])

    private mutating func run() {
        while index < html.endIndex {
            let special = ByteSearch.first(UInt8(ascii: "<"), or: UInt8(ascii: "&"), in: html, from: index)
            text(html[index..<special])
            index = special
            guard index < html.endIndex else { return }
            if html[index] == UInt8(ascii: "&") { takeReference() } else { takeMarkup() }
        }
    }

    private mutating func text(_ piece: ByteSpan) {
        if harmfulDepth == 0 { out.append(piece) }
    }

    private mutating func text(_ piece: StaticString) {
        if harmfulDepth == 0 { out.append(piece) }
    }

    // MARK: References

    private mutating func takeReference() {
        let start = index
        if start + 1 < html.count, html[start + 1] == UInt8(ascii: "#") { return takeNumber() }
        index = start + 1
        while index < html.endIndex, index <= start + 32, ASCII.isAlphanumeric(html[index]) { index += 1 }
        let name = html[(start + 1)..<index]
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
        guard let (scalar, end) = Entities.reference(html, at: start), end < html.endIndex || html[end - 1] == 0x3B
        else {
            index = start + 1
            return text("&")
        }
        index = end
        let digits = html[(start + 2)..<(html[end - 1] == 0x3B ? end - 1 : end)]
        if digits.isSame("39") { return text("'") }
        if digits.isSame("34") { return text("\"") }
        guard harmfulDepth == 0 else { return }
        out.append("&#")
        // The numbers of the C1 controls mean windows-1252.
        if Entities.windows1252.contains(scalar.value), scalar.value > 0xFF, Self.value(digits) < 0x100 {
            out.append(contentsOf: "x" + String(scalar.value, radix: 16))
        } else {
            for digit in digits { out.append(ASCII.lowercased(digit)) }
        }
        out.append(UInt8(ascii: ";"))
    }

    private static func value(_ digits: ByteSpan) -> Int {
        let isHex = digits.first.map { $0 | 0x20 == UInt8(ascii: "x") } ?? false
        var value = 0
        for digit in digits.dropFirst(isHex ? 1 : 0) {
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
        let name = FeedBytes.trimmed(html[start..<min(end, start + 64)])
        index = end < html.count && html[end] == UInt8(ascii: ">") ? end + 1 : end
        if let word = HTMLVocabulary.word(html, name.startIndex..<name.endIndex) { writeEnd(word) }
    }

    private mutating func writeEnd(_ word: HTMLVocabulary.Word) {
        var spelling = word.spelling
        if !word.flags.contains(.element) {
            if word.flags.contains(.harmful) { harmfulDepth = max(0, harmfulDepth - 1) }
            if mathDepth > 0, word.flags.contains(.mathElement) {
                if spelling.isSame("math") { mathDepth -= 1 }
            } else if svgDepth > 0, word.flags.contains(.svgElement) {
                if spelling.isSame("svg") { svgDepth -= 1 }
            } else {
                return
            }
        } else {
            spelling = word.name
        }
        guard !word.flags.contains(.void) else { return }
        out.append("</")
        out.append(spelling)
        out.append(UInt8(ascii: ">"))
    }

    // MARK: Start tags

    private mutating func takeStart() {
        let start = index
        index = start + 1
        while index < html.endIndex, Self.isNameByte(html[index]) || html[index] == 0x2E { index += 1 }
        let nameEnd = index
        let close = endOfTag(from: index)
        guard close < html.count else {
            // A tag that never ends is text.
            text("&lt;")
            index = start + 1
            return
        }
        let isSelfClosing = html[close] == UInt8(ascii: ">") && html[close - 1] == UInt8(ascii: "/")
        // Directly after the name, so that it stands for an element without attributes in HTML too.
        let isWhole = isSelfClosing && (isXHTML || html[nameEnd..<(close - 1)].allSatisfy(ASCII.isBlank))
        index = html[close] == UInt8(ascii: ">") ? close + 1 : close
        let word = HTMLVocabulary.word(html, (start + 1)..<nameEnd)
        writeStart(word, nameEnd..<close)
        if isWhole, let word { writeEnd(word) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        ASCII.isAlphanumeric(byte) || byte == 0x2D || byte == 0x5F || byte == 0x3A
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
        let html = html
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

    private mutating func writeStart(_ word: HTMLVocabulary.Word?, _ inner: Range<Int>) {
        guard let word else { return }
        let flags = word.flags
        var allowed: HTMLVocabulary.Flags = [.attribute, .style]
        var isForeign = false
        var space: StaticString?
        if !flags.contains(.element) || svgDepth > 0 {
            if flags.contains(.harmful) { harmfulDepth += 1 }
            let isSVG = word.spelling.isSame("svg")
            if isSVG || word.spelling.isSame("math"), let known = namespace(of: inner, isSVG) {
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
        out.append(UInt8(ascii: "<"))
        out.append(isForeign ? word.spelling : word.name)
        if !inner.isEmpty || space != nil { writeAttributes(inner, allowed, space) }
        out.append(flags.contains(.void) ? " />" : ">")
    }

    /// The namespace of an SVG or MathML element: said, or in HTML understood. Nil if another is said.
    private mutating func namespace(of inner: Range<Int>, _ isSVG: Bool) -> StaticString? {
        let wanted: StaticString = isSVG ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1998/Math/MathML"
        var said: Range<Int>?
        var place = inner.lowerBound
        while let (name, value) = nextAttribute(&place, inner.upperBound) {
            if html[name].isSame("xmlns") { said = value }
        }
        guard let said, !said.isEmpty else { return wanted }
        return html[said].isSame(wanted) ? wanted : nil
    }

    private static let xmlns = ByteSpan.immortal(Array("xmlns".utf8))
    private static let xmlnsXlink = ByteSpan.immortal(Array("xmlns:xlink".utf8))

    private mutating func writeAttributes(_ inner: Range<Int>, _ allowed: HTMLVocabulary.Flags, _ space: StaticString?)
    {
        if !attributes.isEmpty { attributes.removeAll(keepingCapacity: true) }
        values.removeAll()
        var isXlinkUsed = false
        var place = inner.lowerBound
        while let (name, value) = nextAttribute(&place, inner.upperBound) {
            guard attributes.count < 64 else { break }
            if html[name].starts(with: "xlink:") { isXlinkUsed = true }
            guard let word = HTMLVocabulary.word(html, name), !word.flags.isDisjoint(with: allowed) else { continue }
            keep(word, value, allowed)
        }
        if let space { add(Self.xmlns, space) }
        if isXlinkUsed, svgDepth > 0 || mathDepth > 0 { add(Self.xmlnsXlink, "http://www.w3.org/1999/xlink") }
        for attribute in attributes { write(attribute) }
    }

    /// Keeps an attribute with a value that does no harm; of several with one name the last.
    private mutating func keep(_ word: HTMLVocabulary.Word, _ value: Range<Int>, _ allowed: HTMLVocabulary.Flags) {
        let spelling = allowed == .svgAttribute ? word.spelling : word.name
        let isStyle = word.flags.contains(.style) && allowed.contains(.style)
        let isWord = word.spelling.isSame("rel") || word.spelling.isSame("type")
        let raw = html[value]
        let isAddress = word.flags.contains(.address) && !URIReference.isWhole(raw)
        // Nearly all values stay as they are.
        guard isStyle || isWord || isAddress || ByteSearch.first("&#3", in: raw, from: raw.startIndex) != nil else {
            return insert(Attribute(spelling: spelling, value: value, isChanged: false))
        }
        var clean = Self.withQuotes(raw)
        if isStyle {
            clean = StyleSanitizer.clean(clean, isSVG: svgDepth > 0)
            if clean.isEmpty { return }
        } else if word.flags.contains(.address) {
            clean = Self.address(clean, base)
        } else if isWord {
            clean = clean.map(ASCII.lowercased)
        }
        let start = values.count
        values.append(contentsOf: clean)
        insert(Attribute(spelling: spelling, value: start..<values.count, isChanged: true))
    }

    private mutating func add(_ name: ByteSpan, _ value: StaticString) {
        guard !attributes.contains(where: { $0.spelling.isSame(name) }) else { return }
        let start = values.count
        values.append(value)
        insert(Attribute(spelling: name, value: start..<values.count, isChanged: true))
    }

    /// In the order of their names, each once.
    private mutating func insert(_ attribute: Attribute) {
        var place = attributes.count
        while place > 0 {
            let before = attributes[place - 1].spelling
            if before.isSame(attribute.spelling) {
                attributes[place - 1] = attribute
                return
            }
            if before.lexicographicallyPrecedes(attribute.spelling) { break }
            place -= 1
        }
        if place == attributes.count { attributes.append(attribute) } else { attributes.insert(attribute, at: place) }
    }

    /// An address is resolved, and emptied if following it would do harm.
    private static func address(_ value: [UInt8], _ base: [UInt8]) -> [UInt8] {
        if URIReference.isWhole(value) { return value }
        let trimmed = FeedBytes.trimmed(value)
        var decoded: [UInt8] = []
        Entities.decode(trimmed[...], into: &decoded)
        decoded.removeAll { $0 < 0x20 }
        if URIReference.safe(decoded).isEmpty { return [] }
        return base.isEmpty ? value : URIReference.join(base, trimmed)
    }

    private mutating func write(_ attribute: Attribute) {
        out.append(0x20)
        out.append(attribute.spelling)
        out.append("=\"")
        // Safe: `values` does not change while this is written.
        let value = attribute.isChanged ? unsafe values.view[attribute.value] : html[attribute.value]
        var start = value.startIndex
        while true {
            let place = ByteSearch.firstMark(in: value, from: start)
            out.append(value[start..<place])
            guard place < value.endIndex else { break }
            switch value[place] {
            case UInt8(ascii: "<"): out.append("&lt;")
            case UInt8(ascii: ">"): out.append("&gt;")
            case UInt8(ascii: "\""): out.append("&quot;")
            default: out.append(Self.isReference(value, place) ? "&" : "&amp;")
            }
            start = place + 1
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func isReference(_ value: ByteSpan, _ start: Int) -> Bool {
        var end = start + 1
        while end < value.endIndex, end <= start + 32, ASCII.isAlphanumeric(value[end]) || value[end] == 0x23 {
            end += 1
        }
        return end > start + 1 && end < value.endIndex && value[end] == UInt8(ascii: ";")
    }

    /// The next attribute of a tag as the old readers took them: with any quotes or none, a bare name being its own value.
    private func nextAttribute(_ place: inout Int, _ end: Int) -> (name: Range<Int>, value: Range<Int>)? {
        while place < end, !ASCII.isLetter(html[place]), html[place] != 0x5F { place += 1 }
        guard place < end else { return nil }
        let start = place
        while place < end, Self.isNameByte(html[place]) || html[place] == 0x2E { place += 1 }
        let name = start..<place
        skipBlanks(&place, end)
        guard place < end, html[place] == UInt8(ascii: "=") else {
            place = name.upperBound
            return (name, name)
        }
        place += 1
        skipBlanks(&place, end)
        return (name, value(&place, end))
    }

    private func skipBlanks(_ place: inout Int, _ end: Int) {
        while place < end, ASCII.isBlank(html[place]) { place += 1 }
    }

    private func value(_ place: inout Int, _ end: Int) -> Range<Int> {
        guard place < end else { return end..<end }
        let quote = html[place]
        if quote == 0x22 || quote == 0x27 {
            let close = ByteSearch.first(quote, in: html[..<end], from: place + 1)
            if close < end {
                let start = place + 1
                place = close + 1
                return start..<close
            }
        }
        let start = place
        while place < end, !ASCII.isBlank(html[place]) { place += 1 }
        // The "/" of "/>" is not the value's.
        let isSlash = place == end && place > start && html[place - 1] == UInt8(ascii: "/")
        return start..<(isSlash ? place - 1 : place)
    }

    /// Quotation marks written as numbers are marks again.
    private static func withQuotes(_ value: ByteSpan) -> [UInt8] {
        var out: [UInt8] = []
        var index = value.startIndex
        while index < value.endIndex {
            if ByteSearch.matches("&#39;", in: value, at: index) {
                out.append(0x27)
                index += 5
            } else if ByteSearch.matches("&#34;", in: value, at: index) {
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
