import News

/// The JSON-LD of one page as a flat tree: nodes in the order they stand, a node's descendants right behind it.
///
/// Read forgivingly, because pages are: comments and CDATA marks, missing and trailing commas, raw line feeds and bare
/// quotation marks in strings, several values in one block, a block cut short. What is right JSON is read as JSON.
///
/// Invariants
/// 1. Linear in the bytes given: every byte is looked at a bounded number of times.
/// 2. At most `maxNodes` nodes and `maxBytes` bytes are kept; what lies deeper than `maxDepth` is passed over.
/// 3. No recursion.
struct JSONLDTree {
    enum Kind: UInt8 { case object, array, string, word }

    struct Node {
        var kind: Kind
        var hasEscapes = false
        /// The object or array this stands in; -1 at the top.
        var parent: Int32
        /// The first node that is no descendant.
        var end: Int32
        /// The member's name in `bytes`; empty in arrays.
        var key: Range<Int32>
        /// The string without its quotation marks, or the word.
        var value: Range<Int32>
    }

    static let maxNodes = 60_000
    static let maxBytes = 4 << 20
    static let maxDepth = 48

    private(set) var bytes: [UInt8] = []
    private(set) var nodes: [Node] = []
    /// Open objects and arrays.
    private var open: [Int32] = []
    /// Objects and arrays open beyond `maxDepth`.
    private var buried = 0
    private var pendingKey: Range<Int32>?
    private var index = 0

    /// Adds the values of one script element.
    mutating func append(_ block: some Collection<UInt8>) {
        guard block.count <= Self.maxBytes - bytes.count else { return }
        index = bytes.count
        bytes.append(contentsOf: block)
        while skipBlanks(), nodes.count < Self.maxNodes { step() }
        while let last = open.popLast() { nodes[Int(last)].end = Int32(nodes.count) }
        buried = 0
        pendingKey = nil
    }

    // MARK: Reading

    private mutating func step() {
        switch bytes[index] {
        case UInt8(ascii: "{"): begin(.object)
        case UInt8(ascii: "["): begin(.array)
        case UInt8(ascii: "}"): finish(.object)
        case UInt8(ascii: "]"): finish(.array)
        case UInt8(ascii: "\""): string()
        default: word()
        }
    }

    private var isInObject: Bool { open.last.map { nodes[Int($0)].kind == .object } ?? false }

    private mutating func begin(_ kind: Kind) {
        index += 1
        guard buried == 0, open.count < Self.maxDepth else {
            buried += 1
            return
        }
        add(kind, value: 0..<0)
        open.append(Int32(nodes.count - 1))
    }

    private mutating func finish(_ kind: Kind) {
        index += 1
        guard buried == 0 else {
            buried -= 1
            return
        }
        pendingKey = nil
        // A bracket of the wrong kind closes what it can: the nearest that fits, with all inside it.
        guard let fit = open.lastIndex(where: { nodes[Int($0)].kind == kind }) else { return }
        while open.count > fit, let last = open.popLast() { nodes[Int(last)].end = Int32(nodes.count) }
    }

    private mutating func add(_ kind: Kind, value: Range<Int32>, hasEscapes: Bool = false) {
        let key = pendingKey ?? 0..<0
        pendingKey = nil
        nodes.append(
            Node(
                kind: kind, hasEscapes: hasEscapes, parent: open.last ?? -1, end: Int32(nodes.count + 1), key: key,
                value: value))
    }

    /// Takes the string at `index`, as a name or as a value.
    private mutating func string() {
        let start = index + 1
        var hasEscapes = false
        let isName = isInObject && pendingKey == nil
        var place = start
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "\\") {
                hasEscapes = true
                place += 2
            } else if bytes[place] == UInt8(ascii: "\""), closes(place, isName: isName) {
                break
            } else {
                place += 1
            }
        }
        let end = min(place, bytes.count)
        index = min(place + 1, bytes.count)
        let range = Int32(start)..<Int32(max(start, end))
        guard buried == 0 else { return }
        if isName {
            pendingKey = range
        } else {
            add(.string, value: range, hasEscapes: hasEscapes)
        }
    }

    /// Whether the quotation mark at `place` ends a string: behind it stands what may follow one.
    private func closes(_ place: Int, isName: Bool) -> Bool {
        guard let next = ink(after: place) else { return true }
        switch bytes[next] {
        case UInt8(ascii: ":"): return isName
        case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ";"), UInt8(ascii: "<"): return !isName
        case UInt8(ascii: ","):
            guard !isName, let further = ink(after: next) else { return !isName }
            switch bytes[further] {
            case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "}"), UInt8(ascii: "]"):
                return true
            case UInt8(ascii: "-"), 0x30...0x39: return !isInObject
            case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return !isInObject
            case UInt8(ascii: ","), UInt8(ascii: "/"): return true
            default: return false
            }
        case UInt8(ascii: "\""):
            // A forgotten comma: the next member stands on a line of its own.
            return !isName && bytes[place..<next].contains(0x0A)
        default: return false
        }
    }

    /// The next byte that is no blank.
    private func ink(after place: Int) -> Int? {
        var next = place + 1
        while next < bytes.count, ASCII.isBlank(bytes[next]) { next += 1 }
        return next < bytes.count ? next : nil
    }

    /// A number, true, false, null, or whatever stands bare.
    private mutating func word() {
        let start = index
        while index < bytes.count, !isDelimiter(bytes[index]) { index += 1 }
        guard index > start else {
            index += 1
            return
        }
        let range = Int32(start)..<Int32(index)
        guard buried == 0, !open.isEmpty else { return }
        if isInObject, pendingKey == nil {
            if let next = ink(after: index - 1), bytes[next] == UInt8(ascii: ":") { pendingKey = range }
        } else {
            add(.word, value: range)
        }
    }

    private func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["),
            UInt8(ascii: "]"), UInt8(ascii: "\""), UInt8(ascii: ";"):
            true
        default: ASCII.isBlank(byte)
        }
    }

    /// Passes over blanks, separators, comments and the marks that hide scripts.
    /// - Returns: false at the end.
    private mutating func skipBlanks() -> Bool {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: ";"): index += 1
            case UInt8(ascii: "/") where starts("/*"): skip(past: "*/")
            case UInt8(ascii: "/") where starts("//"): skipLine()
            case UInt8(ascii: "<") where starts("<!--"): index += 4
            case UInt8(ascii: "<") where starts("<![CDATA["): index += 9
            case UInt8(ascii: "-") where starts("-->"): index += 3
            case UInt8(ascii: "]") where starts("]]>"): index += 3
            case let byte where ASCII.isBlank(byte) || byte == 0: index += 1
            default: return true
            }
        }
        return false
    }

    private func starts(_ text: StaticString) -> Bool {
        bytes[index...].starts(with: String(describing: text).utf8)
    }

    private mutating func skipLine() {
        while index < bytes.count, bytes[index] != 0x0A {
            // "//<![CDATA[ {…": on the same line as the data.
            if starts("<![CDATA[") {
                index += 9
                return
            }
            index += 1
        }
    }

    private mutating func skip(past text: StaticString) {
        while index < bytes.count, !starts(text) { index += 1 }
        index = min(bytes.count, index + text.utf8CodeUnitCount)
    }
}

// MARK: What it says

extension JSONLDTree {
    /// The nodes right inside a node, in order.
    func children(of node: Int32) -> [Int32] {
        var out: [Int32] = []
        var child = node + 1
        while child < nodes[Int(node)].end {
            out.append(child)
            child = nodes[Int(child)].end
        }
        return out
    }

    /// The first member of that name.
    func member(_ name: StaticString, of node: Int32) -> Int32? {
        guard nodes[Int(node)].kind == .object else { return nil }
        var child = node + 1
        while child < nodes[Int(node)].end {
            if isKey(child, name) { return child }
            child = nodes[Int(child)].end
        }
        return nil
    }

    /// Whether a node is a member of that name; a vocabulary's prefix ("schema:", "http://schema.org/") does not count.
    func isKey(_ node: Int32, _ name: StaticString) -> Bool {
        let key = nodes[Int(node)].key
        let wanted = name.utf8CodeUnitCount
        guard key.count >= wanted else { return false }
        let start = Int(key.upperBound) - wanted
        guard bytes[start..<Int(key.upperBound)].elementsEqual(String(describing: name).utf8) else { return false }
        return key.count == wanted || bytes[start - 1] == UInt8(ascii: ":") || bytes[start - 1] == UInt8(ascii: "/")
    }

    /// A string or number as one line of text: escapes, references and tags resolved. Nil for anything else, and for nothing.
    func line(_ node: Int32) -> String? {
        let kind = nodes[Int(node)].kind
        guard kind == .string || kind == .word else { return nil }
        let text = HTMLText.line(raw(node))
        return text.isEmpty || (kind == .word && (text == "null" || text == "false")) ? nil : text
    }

    /// The first text of a node: itself, or the first of an array, or an object's "@value".
    func firstLine(_ node: Int32) -> String? {
        switch nodes[Int(node)].kind {
        case .string, .word: return line(node)
        case .array:
            for child in children(of: node).prefix(8) {
                if let text = line(child) { return text }
            }
            return nil
        case .object: return member("@value", of: node).flatMap(line)
        }
    }

    func line(_ name: StaticString, of node: Int32) -> String? { member(name, of: node).flatMap(firstLine) }

    /// A string as paragraphs: what stands on lines of its own, or in blocks of markup.
    func paragraphs(_ name: StaticString, of node: Int32) -> [String] {
        guard let member = member(name, of: node), nodes[Int(member)].kind == .string else { return [] }
        return HTMLText.plain(raw(member)).split(separator: "\n").map { TextSpace.trimmed(String($0)) }
            .filter { !$0.isEmpty }
    }

    private func raw(_ node: Int32) -> String {
        let value = nodes[Int(node)].value
        let inner = bytes[Int(value.lowerBound)..<Int(value.upperBound)]
        guard nodes[Int(node)].hasEscapes else { return String(decoding: inner, as: UTF8.self) }
        return String(decoding: Self.unescaped(inner), as: UTF8.self)
    }

    /// Unknown escapes stand for the letter behind the backslash.
    private static func unescaped(_ inner: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(inner.count)
        var index = inner.startIndex
        while index < inner.endIndex {
            guard inner[index] == UInt8(ascii: "\\"), index + 1 < inner.endIndex else {
                out.append(inner[index])
                index += 1
                continue
            }
            let letter = inner[index + 1]
            index += 2
            switch letter {
            case UInt8(ascii: "n"), UInt8(ascii: "r"): out.append(0x0A)
            case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "b"): out.append(0x20)
            case UInt8(ascii: "u"):
                guard let unit = codeUnit(inner, at: index) else { continue }
                index += 4
                var scalar = unit
                if unit & 0xFC00 == 0xD800, index + 1 < inner.endIndex, inner[index] == UInt8(ascii: "\\"),
                    inner[index + 1] == UInt8(ascii: "u"), let low = codeUnit(inner, at: index + 2),
                    low & 0xFC00 == 0xDC00
                {
                    scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                    index += 6
                }
                Entities.append(Unicode.Scalar(scalar) ?? "\u{FFFD}", to: &out)
            default: out.append(letter)
            }
        }
        return out
    }

    private static func codeUnit(_ inner: ArraySlice<UInt8>, at start: Int) -> UInt32? {
        guard start + 4 <= inner.endIndex else { return nil }
        var value: UInt32 = 0
        for byte in inner[start..<start + 4] {
            guard let digit = ASCII.hexValue(byte) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
