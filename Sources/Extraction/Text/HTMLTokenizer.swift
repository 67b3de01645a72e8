import News

/// Splits HTML into tags and text, tolerant of everything: whatever the bytes, each of them is passed over once.
///
/// Simpler than the standard's tokeniser: no tree, no error states. What is enough for paragraphs and metadata.
struct HTMLTokenizer {
    enum Token {
        /// Text with its references decoded.
        case text([UInt8])
        case start(name: String, attributes: [(name: String, value: String)], isSelfClosing: Bool)
        case end(name: String)
    }

    /// Text of these elements is not markup.
    private static let rawElements: Set<String> = [
        "script", "style", "textarea", "title", "noembed", "noframes", "xmp", "iframe",
    ]
    /// An element may not have more; the rest is passed over.
    private static let maxAttributes = 128

    private let bytes: ArraySlice<UInt8>
    private var index: Int
    private var rawElement: String?

    /// - Parameter bytes: UTF-8.
    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    mutating func next() -> Token? {
        while index < bytes.endIndex {
            if let name = rawElement {
                rawElement = nil
                let end = endOfRaw(name)
                let text = bytes[index..<end]
                index = end
                if !text.isEmpty {
                    if name == "title" || name == "textarea" { return .text(decoded(text)) }
                    return .text(Array(text))
                }
                continue
            }
            guard bytes[index] == UInt8(ascii: "<") else { return text() }
            let following = index + 1 < bytes.endIndex ? bytes[index + 1] : 0
            if ASCII.isLetter(following) { return startTag() }
            switch following {
            case UInt8(ascii: "/"):
                guard index + 2 < bytes.endIndex, ASCII.isLetter(bytes[index + 2]) else {
                    skip(past: UInt8(ascii: ">"))
                    continue
                }
                index += 2
                let name = tagName()
                skip(past: UInt8(ascii: ">"))
                return .end(name: name)
            case UInt8(ascii: "!"):
                if bytes[index...].starts(with: "<!--".utf8) {
                    skipComment()
                } else if bytes[index...].starts(with: "<![CDATA[".utf8) {
                    return cdata()
                } else {
                    skip(past: UInt8(ascii: ">"))
                }
            case UInt8(ascii: "?"): skip(past: UInt8(ascii: ">"))
            default: return text()
            }
        }
        return nil
    }

    // MARK: Text

    /// Up to the next "<" that can begin a tag; the one at `index`, if any, is text.
    private mutating func text() -> Token {
        let start = index
        index += 1
        while index < bytes.endIndex {
            guard let open = bytes[index...].firstIndex(of: UInt8(ascii: "<")) else {
                index = bytes.endIndex
                break
            }
            index = open
            let following = open + 1 < bytes.endIndex ? bytes[open + 1] : 0
            if ASCII.isLetter(following) || following == 0x2F || following == 0x21 || following == 0x3F { break }
            index += 1
        }
        return .text(decoded(bytes[start..<index]))
    }

    private func decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        Entities.decode(text, into: &out)
        return out
    }

    private mutating func cdata() -> Token {
        let start = index + 9
        let end = HTMLTokenizer.firstRange(of: Array("]]>".utf8), in: bytes[start...]) ?? bytes.endIndex
        index = min(end + 3, bytes.endIndex)
        return .text(Array(bytes[start..<end]))
    }

    private func endOfRaw(_ name: String) -> Int {
        let wanted = Array(name.utf8)
        var place = index
        while let open = bytes[place...].firstIndex(of: UInt8(ascii: "<")) {
            let rest = bytes[(open + 1)...]
            if rest.first == UInt8(ascii: "/"), rest.dropFirst().prefix(wanted.count).map(ASCII.lowercased) == wanted {
                return open
            }
            place = open + 1
        }
        return bytes.endIndex
    }

    private mutating func skipComment() {
        let start = index + 4
        // "<!-->" and "<!--->" are whole comments.
        if bytes[start...].starts(with: ">".utf8) || bytes[start...].starts(with: "->".utf8) {
            skip(past: UInt8(ascii: ">"))
            return
        }
        guard let end = Self.firstRange(of: Array("-->".utf8), in: bytes[min(start, bytes.endIndex)...]) else {
            index = bytes.endIndex
            return
        }
        index = end + 3
    }

    private mutating func skip(past byte: UInt8) {
        index = bytes[index...].firstIndex(of: byte).map { $0 + 1 } ?? bytes.endIndex
    }

    static func firstRange(of wanted: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var place = bytes.startIndex
        while let found = bytes[place...].firstIndex(of: wanted[0]) {
            if bytes[found...].starts(with: wanted) { return found }
            place = found + 1
        }
        return nil
    }

    // MARK: Tags

    private mutating func tagName() -> String {
        let start = index
        while index < bytes.endIndex, !ASCII.isBlank(bytes[index]), bytes[index] != 0x2F, bytes[index] != 0x3E {
            index += 1
        }
        return String(decoding: bytes[start..<index].map(ASCII.lowercased), as: UTF8.self)
    }

    private mutating func startTag() -> Token {
        index += 1
        let name = tagName()
        var attributes: [(name: String, value: String)] = []
        var isSelfClosing = false
        while index < bytes.endIndex {
            let byte = bytes[index]
            if ASCII.isBlank(byte) {
                index += 1
            } else if byte == UInt8(ascii: "/") {
                isSelfClosing = index + 1 < bytes.endIndex && bytes[index + 1] == UInt8(ascii: ">")
                index += 1
            } else if byte == UInt8(ascii: ">") {
                index += 1
                break
            } else {
                let attribute = attribute()
                if attributes.count < Self.maxAttributes { attributes.append(attribute) }
            }
        }
        if Self.rawElements.contains(name), !isSelfClosing { rawElement = name }
        return .start(name: name, attributes: attributes, isSelfClosing: isSelfClosing)
    }

    private mutating func attribute() -> (name: String, value: String) {
        let start = index
        index += 1
        while index < bytes.endIndex, !ASCII.isBlank(bytes[index]), !"=/>".utf8.contains(bytes[index]) { index += 1 }
        let name = String(decoding: bytes[start..<index].map(ASCII.lowercased), as: UTF8.self)
        skipBlanks()
        guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "=") else { return (name, "") }
        index += 1
        skipBlanks()
        guard index < bytes.endIndex else { return (name, "") }
        let quote = bytes[index]
        let value: ArraySlice<UInt8>
        if quote == 0x22 || quote == 0x27 {
            index += 1
            let end = bytes[index...].firstIndex(of: quote) ?? bytes.endIndex
            value = bytes[index..<end]
            index = min(end + 1, bytes.endIndex)
        } else {
            let start = index
            while index < bytes.endIndex, !ASCII.isBlank(bytes[index]), bytes[index] != 0x3E { index += 1 }
            value = bytes[start..<index]
        }
        return (name, String(decoding: decoded(value), as: UTF8.self))
    }

    private mutating func skipBlanks() {
        while index < bytes.endIndex, ASCII.isBlank(bytes[index]) { index += 1 }
    }
}
