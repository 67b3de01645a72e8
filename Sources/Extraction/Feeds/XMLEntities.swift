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

    // MARK: Text

    /// Appends text with its references decoded and its line ends made LF.
    ///
    /// - Parameters:
    ///   - escaping: "&", "<" and ">" are written as references: the text goes into markup.
    ///   - isLiteral: there are no references (CDATA).
    ///   - isAttribute: white space becomes blanks.
    /// - Returns: the first reference that is none.
    mutating func append(
        _ bytes: [UInt8], _ range: Range<Int>, to out: inout [UInt8], escaping: Bool, isLiteral: Bool,
        isAttribute: Bool
    ) -> Broken? {
        var broken: Broken?
        var index = range.lowerBound
        while true {
            let special = ByteSearch.firstSpecial(in: bytes, index..<range.upperBound)
            Self.append(bytes[index..<special], to: &out, escaping: escaping, isAttribute: isAttribute)
            guard special < range.upperBound else { return broken }
            index = special + 1
            if bytes[special] == 0x0D {
                // The LF that follows stands for both.
                let isPair = index < range.upperBound && bytes[index] == 0x0A
                if !isPair { out.append(isAttribute ? 0x20 : 0x0A) }
            } else if isLiteral {
                Self.append(bytes[special..<index], to: &out, escaping: escaping, isAttribute: false)
            } else if let end = appendReference(bytes, special, range.upperBound, to: &out, escaping) {
                index = end
            } else {
                if broken == nil { broken = Broken(what: "'&' that begins no known reference", offset: special) }
                Self.append(bytes[special..<index], to: &out, escaping: escaping, isAttribute: false)
            }
        }
    }

    private static func append(
        _ piece: ArraySlice<UInt8>, to out: inout [UInt8], escaping: Bool, isAttribute: Bool
    ) {
        guard escaping || isAttribute else {
            out.append(contentsOf: piece)
            return
        }
        for byte in piece {
            switch byte {
            case UInt8(ascii: "&") where escaping: out.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<") where escaping: out.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">") where escaping: out.append(contentsOf: "&gt;".utf8)
            case 0x09 where isAttribute, 0x0A where isAttribute: out.append(0x20)
            default: out.append(byte)
            }
        }
    }

    /// - Returns: where the reference at an ampersand ends, or nil if it is none.
    private mutating func appendReference(
        _ bytes: [UInt8], _ start: Int, _ end: Int, to out: inout [UInt8], _ escaping: Bool
    ) -> Int? {
        guard start + 2 < end else { return nil }
        if let (byte, length) = Self.predefined(bytes, start, end) {
            Self.append([byte], to: &out, escaping: escaping, isAttribute: false)
            return start + length
        }
        if let value = declaredValue(bytes, start, end) {
            putBytes += value.text.count
            guard putBytes <= bytes.count + Self.maxValueBytes else { return nil }
            Self.append(value.text[...], to: &out, escaping: escaping, isAttribute: false)
            return value.end
        }
        guard let (scalar, next) = Entities.reference(bytes[..<end], at: start), bytes[next - 1] == UInt8(ascii: ";")
        else { return nil }
        // HTML 4 names its angle brackets otherwise than HTML 5, and so do the DTDs of feeds.
        let value: Unicode.Scalar =
            switch scalar {
            case "\u{27E8}" where bytes[start + 1] == UInt8(ascii: "l"): "\u{2329}"
            case "\u{27E9}" where bytes[start + 1] == UInt8(ascii: "r"): "\u{232A}"
            default: scalar
            }
        if value.value < 0x80 {
            Self.append([UInt8(value.value)], to: &out, escaping: escaping, isAttribute: false)
        } else {
            Entities.append(value, to: &out)
        }
        return next
    }

    /// The five of XML, which are nearly all there are.
    private static func predefined(_ bytes: [UInt8], _ start: Int, _ end: Int) -> (UInt8, Int)? {
        switch bytes[start + 1] {
        case UInt8(ascii: "l") where start + 3 < end && bytes[start + 2] == UInt8(ascii: "t"):
            return bytes[start + 3] == UInt8(ascii: ";") ? (UInt8(ascii: "<"), 4) : nil
        case UInt8(ascii: "g") where start + 3 < end && bytes[start + 2] == UInt8(ascii: "t"):
            return bytes[start + 3] == UInt8(ascii: ";") ? (UInt8(ascii: ">"), 4) : nil
        case UInt8(ascii: "a"):
            if ByteSearch.matches("&amp;", in: bytes, at: start), start + 5 <= end { return (UInt8(ascii: "&"), 5) }
            if ByteSearch.matches("&apos;", in: bytes, at: start), start + 6 <= end { return (UInt8(ascii: "'"), 6) }
            return nil
        case UInt8(ascii: "q"):
            return ByteSearch.matches("&quot;", in: bytes, at: start) && start + 6 <= end
                ? (UInt8(ascii: "\""), 6) : nil
        default: return nil
        }
    }

    private func declaredValue(_ bytes: [UInt8], _ start: Int, _ end: Int) -> (text: [UInt8], end: Int)? {
        for (name, text) in declared {
            let close = start + 1 + name.count
            if close < end, bytes[close] == UInt8(ascii: ";"), bytes[(start + 1)..<close].elementsEqual(name) {
                return (text, close + 1)
            }
        }
        return nil
    }

    // MARK: DOCTYPE

    /// Passes over "<!…>" with its internal subset, quoted texts and comments in it included, and takes its entities.
    ///
    /// - Returns: what is broken.
    mutating func skipDoctype(_ bytes: [UInt8], _ index: inout Int) -> String? {
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

    private mutating func takeEntity(_ bytes: [UInt8], from start: Int) {
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
    private static func plainValue(_ value: ArraySlice<UInt8>) -> [UInt8]? {
        guard let ampersand = value.firstIndex(of: UInt8(ascii: "&")) else { return Array(value) }
        guard ampersand == value.startIndex, value.dropFirst().first == UInt8(ascii: "#"),
            let (scalar, end) = Entities.reference(value, at: ampersand), end == value.endIndex
        else { return nil }
        var out: [UInt8] = []
        Entities.append(scalar, to: &out)
        return out
    }
}
