/// Whether bytes are UTF-8, as the Unicode standard's table 3-7 says. Faster than the standard library where nearly all are
/// ASCII, as in feeds and pages. `JSONScanner` makes strings unchecked of what this takes for valid.
enum UTF8Check {
    static func isValid(_ bytes: ByteSpan) -> Bool {
        var place = bytes.startIndex
        while true {
            place = ByteSearch.firstBeyondASCII(in: bytes, from: place)
            guard place < bytes.endIndex else { return true }
            // Others of its kind follow, where the script is not Latin.
            repeat {
                let length = length(bytes, place)
                if length == 0 { return false }
                place &+= length
            } while place < bytes.endIndex && bytes[place] >= 0x80
        }
    }

    /// Of the sequence at a place, which begins beyond ASCII; 0 if it is none.
    @inline(__always)
    private static func length(_ bytes: ByteSpan, _ place: Int) -> Int {
        let first = bytes[place]
        let left = bytes.endIndex &- place
        func follows(_ offset: Int) -> Bool { bytes[place &+ offset] & 0xC0 == 0x80 }
        switch first {
        case 0xC2...0xDF: return left >= 2 && follows(1) ? 2 : 0
        case 0xE0...0xEF:
            guard left >= 3, follows(1), follows(2) else { return 0 }
            // No longer than need be, and no surrogates.
            let second = bytes[place &+ 1]
            return first == 0xE0 && second < 0xA0 || first == 0xED && second >= 0xA0 ? 0 : 3
        case 0xF0...0xF4:
            guard left >= 4, follows(1), follows(2), follows(3) else { return 0 }
            // No longer than need be, and nothing beyond U+10FFFF.
            let second = bytes[place &+ 1]
            return first == 0xF0 && second < 0x90 || first == 0xF4 && second >= 0x90 ? 0 : 4
        default: return 0
        }
    }
}
