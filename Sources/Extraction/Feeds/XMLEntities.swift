import News

/// References in XML text, and the entities that a document declares itself.
///
/// Only entities are taken whose value is plain text or one character: no entity stands inside another, so nothing can
/// multiply; and all values put in together may not be longer than the document (`budget`).
struct XMLEntities {
    struct Broken {
        let what: String
        let offset: Int
    }

    private static let maxEntities = 64
    private static let maxValueBytes = 1024

    private var declared: [(name: [UInt8], value: [UInt8])] = []
    private var putBytes = 0
    private let maxPutBytes: Int

    /// - Parameter documentBytes: the size of the whole document, which what is put in may not exceed.
    init(documentBytes: Int) { maxPutBytes = documentBytes + Self.maxValueBytes }

    // MARK: Text

    /// Appends text with its references decoded and its line ends made LF.
    ///
    /// - Parameters:
    ///   - escaping: "&", "<" and ">" are written as references: the text goes into markup.
    ///   - isLiteral: there are no references (CDATA).
    ///   - isAttribute: white space becomes blanks.
    /// - Returns: the first reference that is none.
    mutating func append(
        _ bytes: ByteSpan, to out: inout ByteSink, escaping: Bool, isLiteral: Bool, isAttribute: Bool
    ) -> Broken? {
        var broken: Broken?
        var index = bytes.startIndex
        while true {
            let special = ByteSearch.first(UInt8(ascii: "&"), or: 0x0D, in: bytes, from: index)
            Self.append(bytes[index..<special], to: &out, escaping: escaping, isAttribute: isAttribute)
            guard special < bytes.endIndex else { return broken }
            index = special + 1
            if bytes[special] == 0x0D {
                // The LF that follows stands for both.
                let isPair = index < bytes.endIndex && bytes[index] == 0x0A
                if !isPair { out.append(isAttribute ? 0x20 : 0x0A) }
            } else if isLiteral {
                Self.append(bytes[special..<index], to: &out, escaping: escaping, isAttribute: false)
            } else if let end = appendReference(bytes, special, to: &out, escaping) {
                index = end
            } else {
                if broken == nil { broken = Broken(what: "'&' that begins no known reference", offset: special) }
                Self.append(bytes[special..<index], to: &out, escaping: escaping, isAttribute: false)
            }
        }
    }

    private static func append(_ piece: ByteSpan, to out: inout ByteSink, escaping: Bool, isAttribute: Bool) {
        guard escaping || isAttribute else { return out.append(piece) }
        for byte in piece {
            if isAttribute, byte == 0x09 || byte == 0x0A { out.append(0x20) } else { append(byte, to: &out, escaping) }
        }
    }

    private static func append(_ byte: UInt8, to out: inout ByteSink, _ escaping: Bool) {
        switch byte {
        case UInt8(ascii: "&") where escaping: out.append("&amp;")
        case UInt8(ascii: "<") where escaping: out.append("&lt;")
        case UInt8(ascii: ">") where escaping: out.append("&gt;")
        default: out.append(byte)
        }
    }

    /// - Returns: where the reference at an ampersand ends, or nil if it is none.
    private mutating func appendReference(
        _ bytes: ByteSpan, _ start: Int, to out: inout ByteSink, _ escaping: Bool
    ) -> Int? {
        guard start + 2 < bytes.endIndex else { return nil }
        if let (byte, length) = Self.predefined(bytes, start) {
            Self.append(byte, to: &out, escaping)
            return start + length
        }
        if !declared.isEmpty, let value = declaredValue(bytes, start) {
            putBytes += value.text.count
            guard putBytes <= maxPutBytes else { return nil }
            for byte in value.text { Self.append(byte, to: &out, escaping) }
            return value.end
        }
        guard let (scalar, next) = Entities.reference(bytes, at: start), bytes[next - 1] == UInt8(ascii: ";") else {
            return nil
        }
        // HTML 4 names its angle brackets otherwise than HTML 5, and so do the DTDs of feeds.
        let value: Unicode.Scalar =
            switch scalar {
            case "\u{27E8}" where bytes[start + 1] == UInt8(ascii: "l"): "\u{2329}"
            case "\u{27E9}" where bytes[start + 1] == UInt8(ascii: "r"): "\u{232A}"
            default: scalar
            }
        if value.value < 0x80 { Self.append(UInt8(value.value), to: &out, escaping) } else { out.append(value) }
        return next
    }

    /// The five of XML, which are nearly all there are.
    private static func predefined(_ bytes: ByteSpan, _ start: Int) -> (UInt8, Int)? {
        switch bytes[start + 1] {
        case UInt8(ascii: "l"): ByteSearch.matches("&lt;", in: bytes, at: start) ? (UInt8(ascii: "<"), 4) : nil
        case UInt8(ascii: "g"): ByteSearch.matches("&gt;", in: bytes, at: start) ? (UInt8(ascii: ">"), 4) : nil
        case UInt8(ascii: "a"):
            if ByteSearch.matches("&amp;", in: bytes, at: start) {
                (UInt8(ascii: "&"), 5)
            } else {
                ByteSearch.matches("&apos;", in: bytes, at: start) ? (UInt8(ascii: "'"), 6) : nil
            }
        case UInt8(ascii: "q"): ByteSearch.matches("&quot;", in: bytes, at: start) ? (UInt8(ascii: "\""), 6) : nil
        default: nil
        }
    }

    private func declaredValue(_ bytes: ByteSpan, _ start: Int) -> (text: [UInt8], end: Int)? {
        for (name, text) in declared {
            let close = start + 1 + name.count
            if close < bytes.endIndex, bytes[close] == UInt8(ascii: ";"),
                bytes[(start + 1)..<close].elementsEqual(name)
            {
                return (text, close + 1)
            }
        }
        return nil
    }

    // MARK: DOCTYPE

    /// Passes over "<!…>" with its internal subset, quoted texts and comments in it included, and takes its entities.
    ///
    /// - Returns: what is broken.
    mutating func skipDoctype(_ bytes: ByteSpan, _ index: inout Int) -> String? {
        var brackets = 0
        index += 2
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "["): brackets += 1
            case UInt8(ascii: "]"): brackets = max(0, brackets - 1)
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                index = min(ByteSearch.first(byte, in: bytes, from: index + 1), bytes.count - 1)
            case UInt8(ascii: "<"):
                if ByteSearch.matches("<!--", in: bytes, at: index) {
                    index = ByteSearch.first("-->", in: bytes, from: index + 4).map { $0 + 2 } ?? bytes.count
                } else if ByteSearch.matches("<!ENTITY", in: bytes, at: index) {
                    takeEntity(bytes, from: index + 8)
                }
            case UInt8(ascii: ">") where brackets == 0:
                index += 1
                return nil
            default: break
            }
            index += 1
        }
        index = bytes.count
        return "DOCTYPE without an end"
    }

    private mutating func takeEntity(_ bytes: ByteSpan, from start: Int) {
        guard declared.count < Self.maxEntities else { return }
        let rest = bytes[start...].prefix(NameTable.maxNameBytes + Self.maxValueBytes + 64)
            .drop(while: ASCII.isBlank)
        let name = rest.prefix { ASCII.isAlphanumeric($0) || $0 == 0x5F || $0 == 0x2D || $0 == 0x2E }
        let quoted = rest[name.endIndex...].drop(while: ASCII.isBlank)
        guard !name.isEmpty, name.count <= NameTable.maxNameBytes, let quote = quoted.first,
            quote == 0x22 || quote == 0x27, let end = quoted.dropFirst().firstIndex(of: quote)
        else { return }
        let value = quoted[(quoted.startIndex + 1)..<end]
        guard value.count <= Self.maxValueBytes, let text = Self.plainValue(value) else { return }
        declared.append((Array(name), text))
    }

    /// The text of a value that is plain or one number reference; nil for anything with more references.
    private static func plainValue(_ value: ByteSpan) -> [UInt8]? {
        guard let ampersand = value.firstIndex(of: UInt8(ascii: "&")) else { return Array(value) }
        guard ampersand == value.startIndex, value.dropFirst().first == UInt8(ascii: "#"),
            let (scalar, end) = Entities.reference(value, at: ampersand), end == value.endIndex
        else { return nil }
        var out: [UInt8] = []
        Entities.append(scalar, to: &out)
        return out
    }
}
