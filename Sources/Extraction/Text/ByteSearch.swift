/// Searches in bytes, forward only.
enum ByteSearch {
    /// The place of the first such byte from a place on, or the end.
    static func first(_ byte: UInt8, in bytes: ByteSpan, from start: Int) -> Int {
        first(in: bytes, from: start, byte, byte, byte, byte, under: 0)
    }

    /// The first of either byte from a place on, or the end.
    static func first(_ one: UInt8, or other: UInt8, in bytes: ByteSpan, from start: Int) -> Int {
        first(in: bytes, from: start, one, other, other, other, under: 0)
    }

    /// The first byte that JSON must escape: a quotation mark, a backslash, a control character; or the end.
    static func firstToEscape(in bytes: ByteSpan, from start: Int) -> Int {
        first(in: bytes, from: start, 0x22, 0x5C, 0x5C, 0x5C, under: 0x20)
    }

    /// The first byte that an attribute's value cannot hold as it is: a quotation mark, "&", "<" or ">"; or the end.
    static func firstMark(in bytes: ByteSpan, from start: Int) -> Int {
        first(in: bytes, from: start, 0x22, 0x26, 0x3C, 0x3E, under: 0)
    }

    /// The first byte of an attribute's value that is not as it stands: "&" or a control character; or the end.
    static func firstToDecode(in bytes: ByteSpan, from start: Int) -> Int {
        first(in: bytes, from: start, 0x26, 0x26, 0x26, 0x26, under: 0x20)
    }

    /// The first byte beyond ASCII from a place on, or the end.
    static func firstBeyondASCII(in bytes: ByteSpan, from start: Int) -> Int {
        var place = start
        while place &+ 16 <= bytes.endIndex,
            (bytes.word(at: place) | bytes.word(at: place &+ 8)) & 0x8080_8080_8080_8080 == 0
        { place &+= 16 }
        while place &+ 8 <= bytes.endIndex {
            let high = bytes.word(at: place) & 0x8080_8080_8080_8080
            if high != 0 { return place &+ high.littleEndian.trailingZeroBitCount / 8 }
            place &+= 8
        }
        while place < bytes.endIndex, bytes[place] < 0x80 { place &+= 1 }
        return place
    }

    @inline(__always)
    private static func first(
        in bytes: ByteSpan, from start: Int, _ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, under: UInt8
    ) -> Int {
        var place = start
        while place &+ 16 <= bytes.endIndex {
            let found = bytes.matches(at: place, a, b, c, d, under: under)
            if found != 0 { return place &+ found.trailingZeroBitCount }
            place &+= 16
        }
        guard place < bytes.endIndex else { return place }
        let found = bytes.matches(from: place, a, b, c, d, under: under)
        return found == 0 ? bytes.endIndex : place &+ found.trailingZeroBitCount
    }

    // MARK: Texts

    @inline(__always)
    static func matches(_ wanted: StaticString, in bytes: ByteSpan, at start: Int) -> Bool {
        let count = wanted.utf8CodeUnitCount
        guard start >= bytes.startIndex, start &+ count <= bytes.endIndex else { return false }
        var offset = 0
        while offset < count {
            // Safe: a static string's bytes live for ever and number `count`.
            if unsafe bytes[start &+ offset] != wanted.utf8Start[offset] { return false }
            offset &+= 1
        }
        return true
    }

    /// The first place of a text from a place on, or nil.
    static func first(_ wanted: StaticString, in bytes: ByteSpan, from start: Int) -> Int? {
        // Safe: no text that is sought is empty.
        let head = unsafe wanted.utf8Start[0]
        var place = start
        while true {
            place = first(head, in: bytes, from: place)
            if place >= bytes.endIndex { return nil }
            if matches(wanted, in: bytes, at: place) { return place }
            place += 1
        }
    }

    // MARK: Arrays

    static func first(_ byte: UInt8, in bytes: [UInt8], from start: Int) -> Int {
        ByteSpan.of(bytes) { first(byte, in: $0, from: start) }
    }

    static func first(_ one: UInt8, or other: UInt8, in bytes: [UInt8], from start: Int) -> Int {
        ByteSpan.of(bytes) { first(one, or: other, in: $0, from: start) }
    }

    static func firstBeyondASCII(in bytes: [UInt8], from start: Int) -> Int {
        ByteSpan.of(bytes) { firstBeyondASCII(in: $0, from: start) }
    }

    static func matches(_ wanted: StaticString, in bytes: [UInt8], at start: Int) -> Bool {
        ByteSpan.of(bytes) { matches(wanted, in: $0, at: start) }
    }

    static func first(_ wanted: StaticString, in bytes: [UInt8], from start: Int) -> Int? {
        ByteSpan.of(bytes) { first(wanted, in: $0, from: start) }
    }
}
