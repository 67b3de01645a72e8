/// Why bytes are not JSON. The offset counts from the start of the line.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    package let message: String
    package let offset: Int

    package var description: String { "\(message) at offset \(offset)" }
}

/// A string in JSON text, not yet unescaped: the bytes between its quotation marks.
struct JSONText: Equatable {
    let range: Range<Int>
    let hasEscapes: Bool
}

/// Where a value lies and what it is. Objects and arrays are checked, but not taken apart.
struct JSONValue: Equatable {
    enum Kind: Equatable { case string(JSONText), number, bool, null, array, object }
    let kind: Kind
    let range: Range<Int>
}

/// Reads JSON (RFC 8259, UTF-8 only) strictly: one forward pass over bytes, nothing kept but offsets.
///
/// Invariants
/// 1. `index` never leaves `bytes`' range; every read is checked.
/// 2. Structure deeper than `maxDepth` is refused, so that the recursion is bounded.
/// 3. The bytes are valid UTF-8: `init(validating:)` has seen to that once, so strings are taken out unchecked.
struct JSONScanner {
    static let maxDepth = 64

    let bytes: ArraySlice<UInt8>
    private(set) var index: Int
    /// Where the line begins that errors count from.
    private let origin: Int

    /// Of nothing.
    init() {
        bytes = []
        index = 0
        origin = 0
    }

    init(validating bytes: ArraySlice<UInt8>) throws(JSONError) {
        self.bytes = bytes
        index = bytes.startIndex
        origin = index
        if ByteSpan.of(bytes, UTF8Check.isValid) { return }
        // Again, for the place.
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw JSONError(message: "invalid UTF-8", offset: error.byteOffsets.lowerBound)
        }
    }

    /// A scanner of a part of another's bytes.
    init(_ outer: JSONScanner, at range: Range<Int>) {
        bytes = outer.bytes[range]
        index = range.lowerBound
        origin = outer.origin
    }

    func error(_ message: String, at place: Int? = nil) -> JSONError {
        JSONError(message: message, offset: (place ?? index) - origin)
    }

    // MARK: Structure

    mutating func skipBlanks() {
        while index < bytes.endIndex {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    /// The next byte that is no blank, not consumed; nil at the end.
    mutating func peek() -> UInt8? {
        skipBlanks()
        return index < bytes.endIndex ? bytes[index] : nil
    }

    mutating func expect(_ byte: UInt8, _ what: String) throws(JSONError) {
        guard peek() == byte else { throw error("expected \(what)") }
        index += 1
    }

    mutating func requireEnd() throws(JSONError) {
        if peek() != nil { throw error("unexpected text after the value") }
    }

    /// Calls `body` with each member of an object; `body` must consume the value.
    mutating func forEachMember(
        _ body: (inout JSONScanner, JSONText) throws(JSONError) -> Void
    ) throws(JSONError) {
        try expect(UInt8(ascii: "{"), "an object")
        if peek() == UInt8(ascii: "}") {
            index += 1
            return
        }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw error("expected a member's name") }
            let name = try string()
            try expect(UInt8(ascii: ":"), "':'")
            try body(&self, name)
            switch peek() {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "}"):
                index += 1
                return
            default: throw error("expected ',' or '}'")
            }
        }
    }

    /// Calls `body` before each element of an array; `body` must consume it.
    mutating func forEachElement(_ body: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        try expect(UInt8(ascii: "["), "an array")
        if peek() == UInt8(ascii: "]") {
            index += 1
            return
        }
        while true {
            try body(&self)
            switch peek() {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "]"):
                index += 1
                return
            default: throw error("expected ',' or ']'")
            }
        }
    }

    /// Passes over one value of any kind.
    mutating func value(depth: Int = 0) throws(JSONError) -> JSONValue {
        guard let first = peek() else { throw error("expected a value") }
        let start = index
        switch first {
        case UInt8(ascii: "\""):
            let text = try string()
            return JSONValue(kind: .string(text), range: start..<index)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard depth < Self.maxDepth else { throw error("more than \(Self.maxDepth) levels") }
            if first == UInt8(ascii: "{") {
                try forEachMember { (scanner, _) throws(JSONError) in _ = try scanner.value(depth: depth + 1) }
                return JSONValue(kind: .object, range: start..<index)
            }
            try forEachElement { (scanner) throws(JSONError) in _ = try scanner.value(depth: depth + 1) }
            return JSONValue(kind: .array, range: start..<index)
        case UInt8(ascii: "t"):
            try word("true")
            return JSONValue(kind: .bool, range: start..<index)
        case UInt8(ascii: "f"):
            try word("false")
            return JSONValue(kind: .bool, range: start..<index)
        case UInt8(ascii: "n"):
            try word("null")
            return JSONValue(kind: .null, range: start..<index)
        default:
            try number()
            return JSONValue(kind: .number, range: start..<index)
        }
    }

    // MARK: Scalars

    private mutating func word(_ text: StaticString) throws(JSONError) {
        let wanted = String(describing: text)
        guard bytes[index...].starts(with: wanted.utf8) else { throw error("expected a value") }
        index += wanted.utf8.count
    }

    private mutating func number() throws(JSONError) {
        func digits(_ scanner: inout JSONScanner) throws(JSONError) {
            let start = scanner.index
            while scanner.index < scanner.bytes.endIndex, scanner.bytes[scanner.index] &- 0x30 <= 9 {
                scanner.index += 1
            }
            guard scanner.index > start else {
                throw scanner.error(start == first ? "expected a value" : "expected a digit")
            }
        }
        let first = index
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        if index < bytes.endIndex, bytes[index] == UInt8(ascii: "0") { index += 1 } else { try digits(&self) }
        if index < bytes.endIndex, bytes[index] == UInt8(ascii: ".") {
            index += 1
            try digits(&self)
        }
        if index < bytes.endIndex, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.endIndex, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            try digits(&self)
        }
    }

    /// Passes over a string whose opening quotation mark is at `index`.
    private mutating func string() throws(JSONError) -> JSONText {
        let opening = index
        var place = opening + 1
        var hasEscapes = false
        // One look at the bytes for the whole of it: each counts references.
        ByteSpan.of(bytes) { bytes in
            while true {
                place = ByteSearch.firstToEscape(in: bytes, from: place)
                guard place < bytes.endIndex, bytes[place] == UInt8(ascii: "\\"), place + 1 < bytes.endIndex else {
                    return
                }
                hasEscapes = true
                place += 2
            }
        }
        index = place
        guard place < bytes.endIndex, bytes[place] != UInt8(ascii: "\\") else {
            throw error("string without an end", at: opening)
        }
        guard bytes[place] == UInt8(ascii: "\"") else { throw error("control character in a string") }
        index = place + 1
        return JSONText(range: (opening + 1)..<place, hasEscapes: hasEscapes)
    }

    // MARK: Text

    /// The string itself. A lone surrogate escape becomes U+FFFD: it is valid JSON, but no text.
    func text(_ raw: JSONText) throws(JSONError) -> String {
        guard raw.hasEscapes else {
            let text = bytes[raw.range]
            return Self.string(text.span)
        }
        let text = try unescaped(raw).bytes
        return Self.string(text.span)
    }

    /// - Parameter text: valid UTF-8, as every string is by invariant 3: it begins and ends at an ASCII character, and what stands
    ///   for an escape is valid by itself.
    private static func string(_ text: Span<UInt8>) -> String { String(copying: unsafe UTF8Span(unchecked: text)) }

    /// The string with every CR LF as LF (docs/identity.md, "White space").
    func prose(_ raw: JSONText) throws(JSONError) -> String {
        // Only an escape can bring a carriage return into a string.
        guard raw.hasEscapes else { return try text(raw) }
        let (bytes, hasReturns) = try unescaped(raw)
        let lines = hasReturns ? TextSpace.unixLines(bytes) : bytes
        return Self.string(lines.span)
    }

    private func unescaped(_ raw: JSONText) throws(JSONError) -> (bytes: [UInt8], hasReturns: Bool) {
        var hasReturns = false
        var out: [UInt8] = []
        out.reserveCapacity(raw.range.count)
        let inner = bytes[raw.range]
        var index = inner.startIndex
        while index < inner.endIndex {
            let end = ByteSpan.of(inner) { ByteSearch.firstToEscape(in: $0, from: index) }
            // Safe: within the slice; by pointer, as appending a slice counts references, and runs are short.
            unsafe inner.withUnsafeBufferPointer {
                unsafe out.append(
                    contentsOf: UnsafeBufferPointer(rebasing: $0[(index - inner.startIndex)..<(end - inner.startIndex)])
                )
            }
            guard end < inner.endIndex else { break }
            // Only a backslash can stand here, with a byte behind it: `string()` has seen to that.
            index = end + 2
            switch inner[end + 1] {
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(inner[end + 1])
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "r"):
                hasReturns = true
                out.append(0x0D)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "u"):
                var unit = try codeUnit(inner, at: index)
                index += 4
                if unit & 0xFC00 == 0xD800, index + 5 < inner.endIndex, inner[index] == UInt8(ascii: "\\"),
                    inner[index + 1] == UInt8(ascii: "u")
                {
                    let low = try codeUnit(inner, at: index + 2)
                    if low & 0xFC00 == 0xDC00 {
                        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                        index += 6
                    }
                }
                hasReturns = hasReturns || unit == 0x0D
                let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
                out.append(contentsOf: String(Character(scalar)).utf8)
            default: throw error("unknown escape", at: end)
            }
        }
        return (out, hasReturns)
    }

    private func codeUnit(_ inner: ArraySlice<UInt8>, at start: Int) throws(JSONError) -> UInt32 {
        #if !PLANTED_FUZZ_JSON
            guard start + 4 <= inner.endIndex else { throw error("\\u needs four hexadecimal digits", at: start) }
        #endif
        var value: UInt32 = 0
        for place in start..<start + 4 {
            guard let digit = hexDigit(inner[place]) else {
                throw error("\\u needs four hexadecimal digits", at: start)
            }
            value = value << 4 | digit
        }
        return value
    }

    private func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x41 + 10)
        case 0x61...0x66: UInt32(byte - 0x61 + 10)
        default: nil
        }
    }
}
