// Which words are within a few changes of another: the rows of the table of distances are kept for each character of the word
// looked at, so that the next word of a sorted list begins where it differs, and whole stretches are passed over.

/// Compares words with one word, by changes of characters (Unicode scalars): one is inserted, left out or another, or two
/// neighbours are exchanged, no character being changed twice (optimal string alignment).
struct EditDistance {
    private let word: [UInt32]
    private let limit: UInt8
    /// The characters taken so far.
    private var text: [UInt32] = []
    /// For each length of `text` from none on, the distances to the word's beginnings, at most `limit + 1`.
    private var rows: [UInt8]
    /// How many characters can be taken before none that follow lead to a match; nil as long as some do.
    private var deadLength: Int?

    private var width: Int { word.count + 1 }

    /// - Parameter limit: most changes, 1 or 2.
    init(to word: some Collection<UInt8>, limit: Int) {
        self.word = Self.scalars(word)
        self.limit = UInt8(limit)
        rows = (0...self.word.count).map { UInt8(min($0, limit + 1)) }
    }

    /// Whether a word is within the limit.
    mutating func matches(_ other: some Collection<UInt8>) -> Bool {
        move(to: Self.scalars(other))
        return deadLength == nil && rows[rows.count - 1] <= limit
    }

    /// Whether any word that begins so can be within the limit.
    mutating func canMatch(prefix: some Collection<UInt8>) -> Bool {
        move(to: Self.scalars(prefix))
        return deadLength == nil
    }

    private mutating func move(to other: [UInt32]) {
        var common = 0
        while common < text.count, common < other.count, text[common] == other[common] { common += 1 }
        if let deadLength, common >= deadLength { return }
        deadLength = nil
        text.removeLast(text.count - common)
        rows.removeLast(rows.count - (common + 1) * width)
        for scalar in other[common...] where deadLength == nil { take(scalar) }
    }

    private mutating func take(_ scalar: UInt32) {
        let before = text.count * width
        let twoBefore = before - width
        let last = text.last
        text.append(scalar)
        var least = min(rows[before] + 1, limit + 1)
        rows.append(least)
        for place in 1..<max(width, 1) {
            var value = min(rows[before + place], rows[rows.count - 1]) + 1
            value = min(value, rows[before + place - 1] + (word[place - 1] == scalar ? 0 : 1))
            if place > 1, twoBefore >= 0, word[place - 1] == last, word[place - 2] == scalar {
                value = min(value, rows[twoBefore + place - 2] + 1)
            }
            value = min(value, limit + 1)
            least = min(least, value)
            rows.append(value)
        }
        if least > limit { deadLength = text.count }
    }

    /// The characters of UTF-8; a character cut off at the end is left out. Bytes that are none give other numbers.
    private static func scalars(_ bytes: some Collection<UInt8>) -> [UInt32] {
        var scalars: [UInt32] = []
        var missing = 0
        var value: UInt32 = 0
        for byte in bytes {
            if byte & 0xC0 == 0x80, missing > 0 {
                value = value << 6 | UInt32(byte & 0x3F)
                missing -= 1
            } else {
                missing = byte < 0xC0 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3
                value = UInt32(missing == 0 ? byte : byte & (0x3F >> UInt8(missing)))
            }
            if missing == 0 { scalars.append(value) }
        }
        return scalars
    }
}
