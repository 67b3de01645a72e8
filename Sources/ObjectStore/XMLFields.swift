import News

/// The texts of an XML document's elements, by their path: all that answers of S3 servers need.
///
/// Not a general parser: elements with attributes (which are passed over), texts with the five named entities and
/// numbers, comments, declarations and CDATA. No DTD: a document with one is refused. Depth, number and length are bounded.
struct XMLFields {
    struct Field: Equatable {
        /// Names without their prefix, joined by "/", from the root on.
        var path: String
        var text: String
    }

    struct Malformed: Error {
        var offset: Int
    }

    static let depthLimitCount = 16
    static let fieldLimitCount = 20_000

    /// Elements in the order of their ends; those that hold elements have the texts around them joined.
    private(set) var fields: [Field] = []

    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) throws(Malformed) {
        self.bytes = bytes
        try read()
    }

    /// The first text at a path.
    func text(_ path: String) -> String? { fields.first { $0.path == path }?.text }

    private var malformed: Malformed { Malformed(offset: index) }

    private mutating func read() throws(Malformed) {
        var names: [String] = []
        var texts: [[UInt8]] = []
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "<") else {
                let text = try readText()
                if texts.isEmpty {
                    guard text.allSatisfy(ASCII.isBlank) else { throw malformed }
                } else {
                    texts[texts.count - 1] += text
                }
                continue
            }
            if try skip("<!--", "-->") != nil { continue }
            if try skip("<?", "?>") != nil { continue }
            if let inner = try skip("<![CDATA[", "]]>") {
                guard !texts.isEmpty else { throw malformed }
                texts[texts.count - 1] += bytes[inner]
                continue
            }
            let tag = try readTag()
            if tag.isEnd {
                guard let name = names.last, name == tag.name else { throw malformed }
                try add(names, texts.removeLast())
                names.removeLast()
            } else {
                guard names.count < Self.depthLimitCount, !(names.isEmpty && !fields.isEmpty) else { throw malformed }
                names.append(tag.name)
                if tag.isEmpty {
                    try add(names, [])
                    names.removeLast()
                } else {
                    texts.append([])
                }
            }
        }
        guard names.isEmpty, !fields.isEmpty else { throw malformed }
    }

    private mutating func add(_ names: [String], _ text: [UInt8]) throws(Malformed) {
        guard fields.count < Self.fieldLimitCount else { throw malformed }
        fields.append(Field(path: names.joined(separator: "/"), text: String(decoding: text, as: UTF8.self)))
    }

    /// Passes over what begins and ends so.
    ///
    /// - Returns: the range between; nil if it does not begin here.
    private mutating func skip(_ start: String, _ end: String) throws(Malformed) -> Range<Int>? {
        guard bytes[index...].starts(with: start.utf8) else { return nil }
        let from = index + start.utf8.count
        var place = from
        while place < bytes.count {
            if bytes[place...].starts(with: end.utf8) {
                index = place + end.utf8.count
                return from..<place
            }
            place += 1
        }
        throw malformed
    }

    private mutating func readTag() throws(Malformed) -> (name: String, isEnd: Bool, isEmpty: Bool) {
        var place = index + 1
        var quote: UInt8?
        while place < bytes.count, quote != nil || bytes[place] != UInt8(ascii: ">") {
            let byte = bytes[place]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "<") {
                throw malformed
            }
            place += 1
        }
        guard place < bytes.count else { throw malformed }
        var inner = bytes[(index + 1)..<place]
        let isEnd = inner.first == UInt8(ascii: "/")
        if isEnd { inner.removeFirst() }
        let isEmpty = !isEnd && inner.last == UInt8(ascii: "/")
        if isEmpty { inner.removeLast() }
        var name = inner.prefix { !ASCII.isBlank($0) }
        if let colon = name.lastIndex(of: UInt8(ascii: ":")) { name = name[(colon + 1)...] }
        let isName = name.allSatisfy { ASCII.isAlphanumeric($0) || "._-".utf8.contains($0) || $0 >= 0x80 }
        guard !name.isEmpty, isName else { throw malformed }
        index = place + 1
        return (String(decoding: name, as: UTF8.self), isEnd, isEmpty)
    }

    private mutating func readText() throws(Malformed) -> [UInt8] {
        var out: [UInt8] = []
        while index < bytes.count, bytes[index] != UInt8(ascii: "<") {
            if bytes[index] == UInt8(ascii: "&") {
                out += try readEntity()
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return out
    }

    private mutating func readEntity() throws(Malformed) -> [UInt8] {
        guard let end = bytes[index...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { throw malformed }
        let name = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
        let scalar: Unicode.Scalar?
        switch name {
        case "amp": scalar = "&"
        case "lt": scalar = "<"
        case "gt": scalar = ">"
        case "quot": scalar = "\""
        case "apos": scalar = "'"
        default:
            guard name.hasPrefix("#") else { throw malformed }
            let isHex = name.hasPrefix("#x") || name.hasPrefix("#X")
            scalar = UInt32(name.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10).flatMap(Unicode.Scalar.init)
        }
        guard let scalar else { throw malformed }
        index = end + 1
        return Array(String(Character(scalar)).utf8)
    }
}
