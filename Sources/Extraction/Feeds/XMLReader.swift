import News

/// Reads XML as feeds have it: byte by byte, one forward pass, repairing what is broken and remembering the first repair.
///
/// A token is told by its kind; its parts lie in the reader until the next call, so nothing is allocated for it.
///
/// Deliberately absent: entities that stand for more than a few letters (`XMLEntities`), external ones, validation.
///
/// Invariants
/// 1. Each byte is passed over a bounded number of times (searches go forward only), so time is linear.
/// 2. `start` and `end` are balanced: a missing end is made up, an end without a start is dropped.
/// 3. At most `maxDepth` elements are open; what lies deeper is read as if its tags were not there.
struct XMLReader: ~Copyable {
    enum Token { case start, end, text, over }

    struct Attribute {
        var prefix: NameTable.ID
        var name: NameTable.ID
        /// As written, with capitals.
        var range: Range<Int>
        var value: Range<Int>
        /// Holds references or white space other than blanks.
        var needsDecoding: Bool
    }

    private struct OpenElement {
        let range: Range<Int>
        let prefix: NameTable.ID
        let name: NameTable.ID
        let space: FeedSpace
        let bindingCount: Int
    }

    struct Binding {
        let prefix: NameTable.ID
        let space: FeedSpace
        let uri: [UInt8]
    }

    static let maxDepth = 256
    static let maxAttributes = 256
    private static let maxBindings = 1024

    let bytes: ByteSpan
    var names = NameTable.known
    private(set) var index = 0
    /// Where the last token began.
    private(set) var tokenStart = 0
    /// The first thing that was not as it should be.
    private(set) var repair: String?
    private var entities: XMLEntities
    /// Values of attributes while they are decoded.
    private var scratch = ByteSink()

    // The element of the last start or end.
    private(set) var space = FeedSpace.plain
    private(set) var prefix: NameTable.ID = 0
    private(set) var name: NameTable.ID = 0
    /// Its name as written, prefix included.
    private(set) var nameRange = 0..<0
    private(set) var attributes: [Attribute] = []
    /// The declarations of the last start.
    private(set) var newBindings: [Binding] = []
    /// Of the last text, references not decoded.
    private(set) var textRange = 0..<0
    private(set) var textIsLiteral = false

    private var stack: [OpenElement] = []
    private var bindings: [Binding] = []
    private var isEmptyElement = false
    private var endsToMake = 0
    private(set) var hasRoot = false
    private(set) var doctype: Range<Int>?

    /// - Parameter bytes: UTF-8, from the place 0 on; held by who calls for as long as the reader is used.
    init(_ bytes: ByteSpan) {
        self.bytes = bytes
        entities = XMLEntities(documentBytes: bytes.count)
        stack.reserveCapacity(32)
        attributes.reserveCapacity(16)
    }

    /// Elements that are open, the one of the last `start` or `end` included.
    private(set) var depth = 0

    var word: FeedWord { FeedWord(rawValue: name) ?? .none }

    mutating func note(_ what: String) {
        if repair == nil { repair = "\(what) at offset \(index)" }
    }

    mutating func next() -> Token {
        if isEmptyElement {
            isEmptyElement = false
            return pop()
        }
        if endsToMake > 0 {
            endsToMake -= 1
            return pop()
        }
        while index < bytes.count {
            tokenStart = index
            guard bytes[index] == UInt8(ascii: "<") else {
                if takeText() { return .text }
                continue
            }
            let following = index + 1 < bytes.count ? bytes[index + 1] : 0
            switch following {
            case UInt8(ascii: "/"): if takeEnd() { return pop() }
            case UInt8(ascii: "!"): if takeDeclaration() { return .text }
            case UInt8(ascii: "?"): skip(past: "?>", from: 2, what: "processing instruction without an end")
            case let byte where Self.beginsName(byte): if takeStart() { return .start }
            default: if takeText() { return .text }
            }
        }
        tokenStart = index
        if !stack.isEmpty {
            note("\(stack.count) elements without an end")
            return pop()
        }
        if !hasRoot { note("no element") }
        return .over
    }

    private mutating func pop() -> Token {
        depth = stack.count
        let element = stack.removeLast()
        (space, prefix, name, nameRange) = (element.space, element.prefix, element.name, element.range)
        if bindings.count > element.bindingCount { bindings.removeSubrange(element.bindingCount...) }
        return .end
    }

    // MARK: Text

    /// Text up to the next markup; a "<" at `index` is text. White space outside the root is nothing.
    private mutating func takeText() -> Bool {
        let start = index
        if bytes[index] == UInt8(ascii: "<") {
            note("'<' that begins nothing")
            index += 1
        }
        index = ByteSearch.first(UInt8(ascii: "<"), in: bytes, from: index)
        textRange = start..<index
        textIsLiteral = false
        guard stack.isEmpty else { return true }
        if !bytes[textRange].allSatisfy(ASCII.isBlank) { note("text outside the root element") }
        return false
    }

    /// Appends the last text, references decoded and line ends made LF.
    ///
    /// - Parameter escaping: whether what would be markup is written as references again.
    mutating func appendText(to out: inout ByteSink, escaping: Bool) {
        let broken = entities.append(
            bytes[textRange], to: &out, escaping: escaping, isLiteral: textIsLiteral, isAttribute: false)
        if let broken, repair == nil { repair = "\(broken.what) at offset \(broken.offset)" }
    }

    // MARK: Declarations

    private mutating func takeDeclaration() -> Bool {
        if ByteSearch.matches("<!--", in: bytes, at: index) {
            skip(past: "-->", from: 4, what: "comment without an end")
            return false
        }
        if ByteSearch.matches("<![CDATA[", in: bytes, at: index) {
            let start = index + 9
            let end = ByteSearch.first("]]>", in: bytes, from: start)
            if end == nil { note("CDATA without an end") }
            textRange = start..<(end ?? bytes.count)
            textIsLiteral = true
            index = end.map { $0 + 3 } ?? bytes.count
            return !stack.isEmpty
        }
        let start = index
        if let broken = entities.skipDoctype(bytes, &index) { note(broken) }
        if doctype == nil { doctype = start..<index }
        return false
    }

    private mutating func skip(past wanted: StaticString, from offset: Int, what: String) {
        guard let found = ByteSearch.first(wanted, in: bytes, from: min(index + offset, bytes.count)) else {
            note(what)
            index = bytes.count
            return
        }
        index = found + wanted.utf8CodeUnitCount
    }

    // MARK: Tags

    private static func beginsName(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || byte == 0x5F || byte == 0x3A || byte >= 0x80
    }

    /// White space, "/", "<", "=" and ">" end a name: a bit for each byte that does, none of which is a letter.
    private static func endsName(_ byte: UInt8) -> Bool { byte < 0x40 && nameEnds >> UInt64(byte) & 1 != 0 }

    private static let nameEnds: UInt64 = 0x7000_8001_FFFF_FFFF

    /// Passes over a name.
    ///
    /// - Returns: its place, and the place of its colon if that stands inside.
    private mutating func takeName() -> (Range<Int>, colon: Int?) {
        let bytes = bytes
        let start = index
        var place = start
        var colon = -1
        while place < bytes.endIndex {
            let byte = bytes[place]
            if Self.endsName(byte) { break }
            if byte == UInt8(ascii: ":"), colon < 0, place > start { colon = place }
            place &+= 1
        }
        index = place
        // A colon at either end is part of the name.
        return (start..<place, colon < 0 || colon &+ 1 == place ? nil : colon)
    }

    private mutating func ids(_ range: Range<Int>, _ colon: Int?) -> (prefix: NameTable.ID, name: NameTable.ID) {
        guard let colon else { return (0, names.id(bytes, range)) }
        return (names.id(bytes, range.lowerBound..<colon), names.id(bytes, (colon + 1)..<range.upperBound))
    }

    private mutating func skipBlanks() {
        let bytes = bytes
        var place = index
        while place < bytes.endIndex, ASCII.isBlank(bytes[place]) { place &+= 1 }
        index = place
    }

    /// - Returns: false where the element lies too deep to be told.
    private mutating func takeStart() -> Bool {
        index += 1
        let (range, colon) = takeName()
        let bindingCount = bindings.count
        if !attributes.isEmpty { attributes.removeAll(keepingCapacity: true) }
        if !newBindings.isEmpty { newBindings.removeAll(keepingCapacity: true) }
        isEmptyElement = takeAttributes()
        if hasRoot && stack.isEmpty { note("a second root element") }
        hasRoot = true
        (prefix, name) = ids(range, colon)
        nameRange = range
        space = resolve(prefix, hasPrefix: colon != nil)
        if stack.count == Self.maxDepth {
            note("more than \(Self.maxDepth) levels")
            bindings.removeSubrange(bindingCount...)
            isEmptyElement = false
            return false
        }
        stack.append(OpenElement(range: range, prefix: prefix, name: name, space: space, bindingCount: bindingCount))
        depth = stack.count
        return true
    }

    /// - Returns: whether the tag ends with "/>".
    private mutating func takeAttributes() -> Bool {
        while true {
            skipBlanks()
            guard index < bytes.count else {
                note("tag without an end")
                return false
            }
            switch bytes[index] {
            case UInt8(ascii: ">"):
                index += 1
                return false
            case UInt8(ascii: "/"):
                index += 1
                if index < bytes.count, bytes[index] == UInt8(ascii: ">") {
                    index += 1
                    return true
                }
                note("stray '/' in a tag")
            case UInt8(ascii: "<"):
                note("'<' inside a tag")
                return false
            default: takeAttribute()
            }
        }
    }

    private mutating func takeAttribute() {
        let (range, colon) = takeName()
        guard !range.isEmpty else {
            note("stray character in a tag")
            index += 1
            return
        }
        let (prefix, name) = ids(range, colon)
        skipBlanks()
        var value = index..<index
        if index < bytes.count, bytes[index] == UInt8(ascii: "=") {
            index += 1
            skipBlanks()
            value = takeValue()
        } else {
            note("attribute without a value")
        }
        let needsDecoding = ByteSearch.firstToDecode(in: bytes[value], from: value.lowerBound) < value.upperBound
        let attribute = Attribute(
            prefix: prefix, name: name, range: range, value: value, needsDecoding: needsDecoding)
        if prefix == FeedWord.xmlns.rawValue {
            bind(name, attribute)
        } else if prefix == 0, name == FeedWord.xmlns.rawValue {
            bind(0, attribute)
        } else if attributes.count < Self.maxAttributes {
            attributes.append(attribute)
        }
    }

    private mutating func takeValue() -> Range<Int> {
        #if !PLANTED_FUZZ_FEED
            guard index < bytes.count else { return index..<index }
        #endif
        let quote = bytes[index]
        if quote == 0x22 || quote == 0x27 {
            let start = index + 1
            var end = ByteSearch.first(quote, in: bytes, from: start)
            if end == bytes.count {
                note("attribute without its closing quotation mark")
                // Then it ends with its tag, so that not all that follows is lost.
                end = ByteSearch.first(UInt8(ascii: ">"), in: bytes, from: start)
                index = end
                return start..<end
            }
            index = end + 1
            return start..<end
        }
        note("attribute without quotation marks")
        let start = index
        while index < bytes.count, !ASCII.isBlank(bytes[index]), bytes[index] != 0x3E { index += 1 }
        return start..<index
    }

    private mutating func takeEnd() -> Bool {
        let start = index
        index += 2
        let (range, _) = takeName()
        while index < bytes.count, bytes[index] != 0x3E, bytes[index] != 0x3C { index += 1 }
        if index < bytes.count, bytes[index] == 0x3E { index += 1 } else { note("end tag without its end") }
        if let last = stack.last, isSame(last.range, range) { return true }
        guard let place = stack.lastIndex(where: { isSame($0.range, range) || isAlike($0.range, range) }) else {
            index = max(index, start + 2)
            note("end of \(shown(range)), which is not open")
            return false
        }
        if repair == nil { note("end of \(shown(range)) inside \(shown(stack[stack.count - 1].range))") }
        endsToMake = stack.count - 1 - place
        return true
    }

    private func isSame(_ one: Range<Int>, _ other: Range<Int>) -> Bool { bytes[one].isSame(bytes[other]) }

    private func isAlike(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        one.count == other.count
            && zip(bytes[one], bytes[other]).allSatisfy { ASCII.lowercased($0) == ASCII.lowercased($1) }
    }

    private func shown(_ range: Range<Int>) -> String { String(decoding: bytes[range].prefix(40), as: UTF8.self) }

    // MARK: Attributes and namespaces

    /// The value of an attribute, references decoded; nil if it is not there.
    mutating func attribute(_ word: FeedWord, prefix: NameTable.ID = 0) -> [UInt8]? {
        for found in attributes where found.name == word.rawValue && found.prefix == prefix { return value(of: found) }
        return nil
    }

    mutating func value(of attribute: Attribute) -> [UInt8] {
        guard attribute.needsDecoding else { return bytes[attribute.value].array }
        scratch.removeAll()
        let broken = entities.append(
            bytes[attribute.value], to: &scratch, escaping: false, isLiteral: false, isAttribute: true)
        if let broken, repair == nil { repair = "\(broken.what) at offset \(broken.offset)" }
        return scratch.array
    }

    private mutating func bind(_ prefix: NameTable.ID, _ attribute: Attribute) {
        guard bindings.count < Self.maxBindings else { return note("more than \(Self.maxBindings) namespaces") }
        let uri = value(of: attribute)
        let binding = Binding(prefix: prefix, space: FeedSpace(uri: uri[...]), uri: uri)
        bindings.append(binding)
        newBindings.append(binding)
    }

    /// The namespace a prefix is bound to here.
    mutating func resolve(_ prefix: NameTable.ID, hasPrefix: Bool) -> FeedSpace {
        var place = bindings.count
        while place > 0 {
            place -= 1
            if bindings[place].prefix == prefix { return bindings[place].space }
        }
        guard hasPrefix else { return .plain }
        let text = names.name(prefix)
        if text.elementsEqual("xml".utf8) { return .xml }
        note("prefix \(String(decoding: text.prefix(20), as: UTF8.self)), which is not declared")
        return FeedSpace(undeclared: text)
    }
}
