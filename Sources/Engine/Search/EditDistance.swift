// Which words are within a few changes of another: the rows of the table of distances are kept for each character of the word
// looked at, so that the next word of a sorted list begins where it differs, and whole stretches are passed over.

/// Compares words with one word, by changes of characters (Unicode scalars): one is inserted, left out or another, or two
/// neighbours are exchanged, no character being changed twice (optimal string alignment).
struct EditDistance {
    private let word: [UInt32]
    private let limit: UInt8
    /// The characters taken so far, as bytes and as numbers, and where in the bytes each ends.
    private var bytes: [UInt8] = []
    private var text: [UInt32] = []
    private var ends: [Int] = []
    /// For each length of `text` from none on, the distances to the word's beginnings, at most `limit + 1`.
    private var rows: [UInt8]
    /// Whether nothing that begins with the characters taken can match: then no more of a word were taken.
    private var isDead = false

    private var width: Int { word.count + 1 }

    /// - Parameter limit: most changes, 1 or 2.
    init(to word: some Collection<UInt8>, limit: Int) {
        let bytes = Array(word)
        self.word = unsafe bytes.withUnsafeBufferPointer { text in
            var scalars: [UInt32] = []
            var at = 0
            while let (scalar, size) = unsafe Self.scalar(of: text, at: at) {
                scalars.append(scalar)
                at += size
            }
            return scalars
        }
        self.limit = UInt8(limit)
        rows = (0...self.word.count).map { UInt8(min($0, limit + 1)) }
    }

    /// Whether a word is within the limit.
    mutating func matches(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe move(to: other)
        return !isDead && rows[rows.count - 1] <= limit
    }

    /// Whether any word that begins so can be within the limit.
    mutating func canMatch(prefix: ArraySlice<UInt8>) -> Bool {
        unsafe prefix.withUnsafeBufferPointer { unsafe move(to: $0) }
        return !isDead
    }

    /// How many bytes of the word asked about last were read: if it cannot match, all that begin with these cannot.
    var readCount: Int { bytes.count }

    /// The same if they cannot, else nil.
    var deadCount: Int? { isDead ? bytes.count : nil }

    private mutating func move(to other: UnsafeBufferPointer<UInt8>) {
        var common = 0
        while common < bytes.count, common < other.count, unsafe bytes[common] == other[common] { common += 1 }
        // Most words of a sorted list go on from a beginning that led nowhere before.
        if isDead, common == bytes.count { return }
        isDead = false
        while let last = ends.last, last > common {
            ends.removeLast()
            text.removeLast()
        }
        bytes.removeLast(bytes.count - (ends.last ?? 0))
        rows.removeLast(rows.count - (ends.count + 1) * width)
        while !isDead, let (scalar, size) = unsafe Self.scalar(of: other, at: bytes.count) {
            for _ in 0..<size { unsafe bytes.append(other[bytes.count]) }
            ends.append(bytes.count)
            take(scalar)
        }
    }

    private mutating func take(_ scalar: UInt32) {
        let before = text.count * width
        let twoBefore = before - width
        let last = text.last
        text.append(scalar)
        let beyond = limit + 1
        let start = rows.count
        rows.append(contentsOf: repeatElement(beyond, count: width))
        // Beginnings that are longer or shorter by more than the limit are beyond it.
        let first = max(text.count - Int(limit), 0)
        let end = min(text.count + Int(limit), width - 1)
        var least = beyond
        if first <= end {
            for place in first...end {
                var value = rows[before + place] + 1
                if place > 0 {
                    value = min(value, rows[start + place - 1] + 1)
                    value = min(value, rows[before + place - 1] + (word[place - 1] == scalar ? 0 : 1))
                    if place > 1, twoBefore >= 0, word[place - 1] == last, word[place - 2] == scalar {
                        value = min(value, rows[twoBefore + place - 2] + 1)
                    }
                }
                value = min(value, beyond)
                least = min(least, value)
                rows[start + place] = value
            }
        }
        isDead = least > limit
    }

    /// The character of UTF-8 at a place, and how many bytes it has; nil at the end, and where one is cut off there. Bytes that are
    /// none give other numbers.
    private static func scalar(of bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> (UInt32, size: Int)? {
        guard start < bytes.count else { return nil }
        let first = unsafe bytes[start]
        let size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        guard start + size <= bytes.count else { return nil }
        var value = UInt32(size == 1 ? first : first & (0x7F >> UInt8(size)))
        for place in start + 1..<start + size { value = unsafe value << 6 | UInt32(bytes[place] & 0x3F) }
        return (value, size)
    }
}
