import News

/// Reads XML as feeds have it: byte by byte, one forward pass, repairing what is broken and remembering the first repair.
///
/// Deliberately absent: entities of a DTD. They are never expanded, so no document can grow while it is read; a DOCTYPE is
/// passed over. Names of HTML's entities are decoded, because feeds use them undeclared.
///
/// Invariants
/// 1. Each byte is passed over once (comments and text are searched forward only), so time is linear.
/// 2. `start` and `end` events are balanced: a missing end is made up, an end without a start is dropped.
struct XMLPullReader {
    struct Attribute: Equatable {
        /// Namespace URI, "" for none.
        let space: String
        let name: String
        let value: String
    }

    enum Event {
        case start(space: String, name: String, attributes: [Attribute])
        case end
        /// Text with references decoded; may come in several pieces.
        case text([UInt8])
    }

    private struct Element {
        let qualifiedName: String
        /// Length of `bindings` before this element.
        let bindingCount: Int
    }

    static let maxDepth = 256
    static let maxAttributes = 256

    private let bytes: ArraySlice<UInt8>
    private(set) var index: Int
    /// Where the last event began.
    private(set) var eventStart: Int
    /// The first thing that was not as it should be.
    private(set) var repair: String?
    private var stack: [Element] = []
    private var bindings: [(prefix: String, uri: String)] = [("xml", XMLSpace.xml)]
    private var isClosing = false
    private var closesToMake = 0
    private var hasRoot = false

    /// - Parameter bytes: UTF-8.
    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
        eventStart = index
    }

    var depth: Int { stack.count }

    private mutating func note(_ what: String) {
        if repair == nil { repair = "\(what) at offset \(index - bytes.startIndex)" }
    }

    mutating func next() -> Event? {
        eventStart = index
        if isClosing {
            isClosing = false
            return pop()
        }
        if closesToMake > 0 {
            closesToMake -= 1
            return pop()
        }
        while index < bytes.endIndex {
            eventStart = index
            guard bytes[index] == UInt8(ascii: "<") else {
                if let text = text() { return text }
                continue
            }
            let following = index + 1 < bytes.endIndex ? bytes[index + 1] : 0
            switch following {
            case UInt8(ascii: "/"):
                if let event = endTag() { return event }
            case UInt8(ascii: "!"):
                if let event = declaration() { return event }
            case UInt8(ascii: "?"): skip(past: "?>", what: "processing instruction without an end")
            case let byte where Self.beginsName(byte): return startTag()
            default:
                if let text = text() { return text }
            }
        }
        if !stack.isEmpty {
            note("\(stack.count) elements without an end")
            return pop()
        }
        if !hasRoot { note("no element") }
        return nil
    }

    private mutating func pop() -> Event {
        let element = stack.removeLast()
        bindings.removeSubrange(element.bindingCount...)
        return .end
    }

    // MARK: Text

    /// Text up to the next markup; a "<" at `index` is text. White space outside the root is nothing.
    private mutating func text() -> Event? {
        let start = index
        if bytes[index] == UInt8(ascii: "<") {
            note("'<' that begins nothing")
            index += 1
        }
        index = bytes[index...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.endIndex
        let raw = bytes[start..<index]
        if stack.isEmpty {
            if !raw.allSatisfy(ASCII.isBlank) { note("text outside the root element") }
            return nil
        }
        return .text(decoded(raw))
    }

    private mutating func decoded(_ raw: ArraySlice<UInt8>) -> [UInt8] {
        guard raw.contains(UInt8(ascii: "&")) else { return Array(raw) }
        var out: [UInt8] = []
        out.reserveCapacity(raw.count)
        Entities.decode(raw, into: &out)
        if repair == nil, hasLooseAmpersand(raw) { note("'&' that begins no known reference") }
        return out
    }

    private func hasLooseAmpersand(_ raw: ArraySlice<UInt8>) -> Bool {
        var place = raw.startIndex
        while let ampersand = raw[place...].firstIndex(of: UInt8(ascii: "&")) {
            let name = raw[(ampersand + 1)...].prefix { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "#") }
            let isPredefined = ["amp", "lt", "gt", "quot", "apos"].contains(String(decoding: name, as: UTF8.self))
            let isNumber = name.first == UInt8(ascii: "#") && name.count > 1
            guard isPredefined || isNumber, name.endIndex < raw.endIndex, raw[name.endIndex] == UInt8(ascii: ";") else {
                return true
            }
            place = name.endIndex
        }
        return false
    }

    // MARK: Declarations

    private mutating func declaration() -> Event? {
        let rest = bytes[index...]
        if rest.starts(with: "<!--".utf8) {
            index += 2
            skip(past: "-->", from: 2, what: "comment without an end")
            return nil
        }
        if rest.starts(with: "<![CDATA[".utf8) {
            let start = index + 9
            let end = HTMLTokenizer.firstRange(of: Array("]]>".utf8), in: bytes[start...])
            if end == nil { note("CDATA without an end") }
            index = end.map { $0 + 3 } ?? bytes.endIndex
            let raw = bytes[start..<(end ?? bytes.endIndex)]
            return stack.isEmpty || raw.isEmpty ? nil : .text(Array(raw))
        }
        skipDoctype()
        return nil
    }

    /// Passes over a DOCTYPE with its internal subset, quoted texts and comments in it included.
    private mutating func skipDoctype() {
        var brackets = 0
        index += 2
        while index < bytes.endIndex {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "["): brackets += 1
            case UInt8(ascii: "]"): brackets = max(0, brackets - 1)
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                index = bytes[(index + 1)...].firstIndex(of: byte) ?? bytes.endIndex - 1
            case UInt8(ascii: "<") where bytes[index...].starts(with: "<!--".utf8):
                skip(past: "-->", from: 4, what: "comment without an end")
                continue
            case UInt8(ascii: ">") where brackets == 0:
                index += 1
                return
            default: break
            }
            index += 1
        }
        note("DOCTYPE without an end")
    }

    private mutating func skip(past wanted: String, from offset: Int = 0, what: String) {
        let start = min(index + offset, bytes.endIndex)
        guard let found = HTMLTokenizer.firstRange(of: Array(wanted.utf8), in: bytes[start...]) else {
            note(what)
            index = bytes.endIndex
            return
        }
        index = found + wanted.utf8.count
    }

    // MARK: Tags

    private static func beginsName(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || byte == 0x5F || byte == 0x3A || byte >= 0x80
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        ASCII.isBlank(byte) || byte == 0x2F || byte == 0x3E || byte == 0x3D || byte == 0x3C
    }

    private mutating func name() -> String {
        let start = index
        while index < bytes.endIndex, !Self.endsName(bytes[index]) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func skipBlanks() {
        while index < bytes.endIndex, ASCII.isBlank(bytes[index]) { index += 1 }
    }

    private mutating func startTag() -> Event {
        index += 1
        let qualifiedName = name()
        var raw: [(String, String)] = []
        let bindingCount = bindings.count
        var isEmpty = false
        while true {
            skipBlanks()
            guard index < bytes.endIndex else {
                note("tag without an end")
                break
            }
            let byte = bytes[index]
            if byte == UInt8(ascii: ">") {
                index += 1
                break
            }
            if byte == UInt8(ascii: "/") {
                index += 1
                if index < bytes.endIndex, bytes[index] == UInt8(ascii: ">") {
                    index += 1
                    isEmpty = true
                    break
                }
                continue
            }
            if byte == UInt8(ascii: "<") {
                note("'<' inside a tag")
                break
            }
            guard let (name, value) = attribute() else { continue }
            if name == "xmlns" {
                bindings.append(("", value))
            } else if name.hasPrefix("xmlns:") {
                bindings.append((String(name.dropFirst(6)), value))
            } else if raw.count < Self.maxAttributes {
                raw.append((name, value))
            }
        }
        if hasRoot && stack.isEmpty { note("a second root element") }
        hasRoot = true
        let attributes = raw.map { name, value in
            let (space, local) = resolve(name, isAttribute: true)
            return Attribute(space: space, name: local, value: value)
        }
        let (space, local) = resolve(qualifiedName, isAttribute: false)
        if stack.count == Self.maxDepth {
            // Too deep to follow: the text inside is read as this depth's.
            note("more than \(Self.maxDepth) levels")
            bindings.removeSubrange(bindingCount...)
            return .text([])
        }
        stack.append(Element(qualifiedName: qualifiedName, bindingCount: bindingCount))
        isClosing = isEmpty
        return .start(space: space, name: local, attributes: attributes)
    }

    private mutating func attribute() -> (String, String)? {
        let start = index
        let name = name()
        if index == start {
            note("stray character in a tag")
            index += 1
            return nil
        }
        skipBlanks()
        guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "=") else {
            note("attribute without a value")
            return (name, "")
        }
        index += 1
        skipBlanks()
        guard index < bytes.endIndex else { return (name, "") }
        let quote = bytes[index]
        if quote == 0x22 || quote == 0x27 {
            let end = bytes[(index + 1)...].firstIndex(of: quote)
            if end == nil { note("attribute without its closing quotation mark") }
            let value = bytes[(index + 1)..<(end ?? bytes.endIndex)]
            index = end.map { $0 + 1 } ?? bytes.endIndex
            return (name, String(decoding: decoded(value), as: UTF8.self))
        }
        note("attribute without quotation marks")
        let valueStart = index
        while index < bytes.endIndex, !ASCII.isBlank(bytes[index]), bytes[index] != 0x3E { index += 1 }
        return (name, String(decoding: decoded(bytes[valueStart..<index]), as: UTF8.self))
    }

    private mutating func endTag() -> Event? {
        index += 2
        let qualifiedName = name()
        while index < bytes.endIndex, bytes[index] != 0x3E, bytes[index] != 0x3C { index += 1 }
        if index < bytes.endIndex, bytes[index] == 0x3E { index += 1 }
        guard let place = stack.lastIndex(where: { $0.qualifiedName == qualifiedName }) else {
            note("end of \(qualifiedName.prefix(40)), which is not open")
            return nil
        }
        if place < stack.count - 1 {
            note("end of \(qualifiedName.prefix(40)) inside \(stack[stack.count - 1].qualifiedName.prefix(40))")
            closesToMake = stack.count - 1 - place
        }
        return pop()
    }

    // MARK: Namespaces

    private mutating func resolve(_ name: String, isAttribute: Bool) -> (String, String) {
        guard let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            if isAttribute { return ("", name) }
            return (bindings.last { $0.prefix.isEmpty }?.uri ?? "", name)
        }
        let prefix = String(name[..<colon])
        let local = String(name[name.utf8.index(after: colon)...])
        if let bound = bindings.last(where: { $0.prefix == prefix }) { return (bound.uri, local) }
        note("prefix \(prefix.prefix(20)), which is not declared")
        return (XMLSpace.usual[prefix.lowercased()] ?? prefix, local)
    }
}

/// Namespaces of feeds.
enum XMLSpace {
    static let xml = "http://www.w3.org/XML/1998/namespace"
    static let atom = "http://www.w3.org/2005/Atom"
    static let atom03 = "http://purl.org/atom/ns#"
    static let dc = "http://purl.org/dc/elements/1.1/"
    static let dcTerms = "http://purl.org/dc/terms/"
    static let content = "http://purl.org/rss/1.0/modules/content/"
    static let media = "http://search.yahoo.com/mrss/"
    static let rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    static let itunes = "http://www.itunes.com/dtds/podcast-1.0.dtd"

    /// Namespaces that RSS 0.9, 1.0, 2.0 and their forerunners have been given. Modules have others.
    static func isRSS(_ space: String) -> Bool {
        if space == "http://purl.org/rss/1.0/" || space == "http://purl.org/net/rss1.1#" { return true }
        return ["backend.userland.com", "blogs.law.harvard.edu", "cyber.law.harvard.edu", "netscape.com/rdf/simple"]
            .contains {
                space.contains($0)
            }
    }

    /// What prefixes mean that a feed forgot to declare.
    static let usual = [
        "atom": atom, "a10": atom, "dc": dc, "dcterms": dcTerms, "content": content, "media": media, "rdf": rdf,
        "itunes": itunes,
    ]
}
