/// Searches in bytes, forward only.
enum ByteSearch {
    /// The place of the first such byte from a place on, or the end.
    static func first(_ byte: UInt8, in bytes: [UInt8], from start: Int) -> Int {
        // Safe: bytes are plain integers, and the array outlives the span.
        let words = unsafe bytes.span.bytes
        let count = words.byteCount
        let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
        var index = start
        while index &+ 8 <= count {
            // Safe: bounds are checked, and any eight bytes are an integer.
            let word = unsafe words.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let match = zeroBytes(word ^ pattern)
            if match != 0 { return index &+ match.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count, bytes[index] != byte { index &+= 1 }
        return index
    }

    /// The first "&", CR or (for attributes) other control byte of a range, or its end.
    static func firstSpecial(in bytes: [UInt8], _ range: Range<Int>) -> Int {
        // Safe: bytes are plain integers, and the array outlives the span.
        let words = unsafe bytes.span.bytes
        var index = range.lowerBound
        while index &+ 8 <= range.upperBound {
            // Safe: bounds are checked, and any eight bytes are an integer.
            let word = unsafe words.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let match =
                zeroBytes(word ^ 0x2626_2626_2626_2626) | zeroBytes(word ^ 0x0D0D_0D0D_0D0D_0D0D)
            if match != 0 { return index &+ match.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < range.upperBound, bytes[index] != UInt8(ascii: "&"), bytes[index] != 0x0D { index &+= 1 }
        return index
    }

    /// The first of either byte from a place on, or the end.
    static func first(_ one: UInt8, or other: UInt8, in bytes: [UInt8], from start: Int) -> Int {
        // Safe: bytes are plain integers, and the array outlives the span.
        let words = unsafe bytes.span.bytes
        let count = words.byteCount
        let pattern = UInt64(one) &* 0x0101_0101_0101_0101
        let second = UInt64(other) &* 0x0101_0101_0101_0101
        var index = start
        while index &+ 8 <= count {
            // Safe: bounds are checked, and any eight bytes are an integer.
            let word = unsafe words.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let match = zeroBytes(word ^ pattern) | zeroBytes(word ^ second)
            if match != 0 { return index &+ match.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count, bytes[index] != one, bytes[index] != other { index &+= 1 }
        return index
    }

    /// The first byte of a slice from a place on that JSON must escape: a quotation mark, a backslash, a control character.
    static func firstToEscape(in bytes: ArraySlice<UInt8>, from start: Int) -> Int {
        // Safe: bytes are plain integers, and the slice outlives the span.
        let words = unsafe bytes.span.bytes
        let offset = bytes.startIndex
        var index = start
        while index &+ 8 <= bytes.endIndex {
            // Safe: bounds are checked, and any eight bytes are an integer.
            let word = unsafe words.unsafeLoadUnaligned(fromByteOffset: index &- offset, as: UInt64.self)
            // Below 0x20: the high bit is set by the subtraction and was not there before.
            let control = (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080
            let match = control | zeroBytes(word ^ 0x2222_2222_2222_2222) | zeroBytes(word ^ 0x5C5C_5C5C_5C5C_5C5C)
            if match != 0 { return index &+ match.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < bytes.endIndex, bytes[index] >= 0x20, bytes[index] != 0x22, bytes[index] != 0x5C { index &+= 1 }
        return index
    }

    /// The first byte beyond ASCII from a place on, or the end.
    static func firstBeyondASCII(in bytes: [UInt8], from start: Int) -> Int {
        // Safe: bytes are plain integers, and the array outlives the span.
        let words = unsafe bytes.span.bytes
        let count = words.byteCount
        var index = start
        while index &+ 8 <= count {
            // Safe: bounds are checked, and any eight bytes are an integer.
            let word = unsafe words.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let match = word & 0x8080_8080_8080_8080
            if match != 0 { return index &+ match.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count, bytes[index] < 0x80 { index &+= 1 }
        return index
    }

    /// The high bit of each byte that is zero; bits above the lowest such byte may be false alarms.
    private static func zeroBytes(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }

    static func matches(_ wanted: StaticString, in bytes: [UInt8], at start: Int) -> Bool {
        let count = wanted.utf8CodeUnitCount
        guard start >= 0, start + count <= bytes.count else { return false }
        // Safe: a static string's bytes live for ever and number `count`.
        return wanted.withUTF8Buffer { wanted in
            var offset = 0
            while offset < count {
                let isSame = unsafe bytes[start + offset] == wanted[offset]
                if !isSame { return false }
                offset += 1
            }
            return true
        }
    }

    /// The first place of a text from a place on, or nil.
    static func first(_ wanted: StaticString, in bytes: [UInt8], from start: Int) -> Int? {
        let head = wanted.withUTF8Buffer { unsafe $0[0] }
        var place = start
        while true {
            place = first(head, in: bytes, from: place)
            if place >= bytes.count { return nil }
            if matches(wanted, in: bytes, at: place) { return place }
            place += 1
        }
    }
}
