package import News

/// Bloom filter of the keys of a segment: ten bits and seven probes a key, 1 % false positives. Keys are already
/// hashes, so their halves serve as the two hash functions (Kirsch and Mitzenmacher, 2006).
package struct KeyFilter: Sendable {
    private static let bitsPerKey = 10
    private static let probeCount: UInt64 = 7

    private(set) var words: [UInt64]

    package var bitCount: Int { words.count * 64 }
    package var setBitCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    static func wordCount(keyCount: Int) -> Int { (keyCount * bitsPerKey + 63) / 64 }

    init(keyCount: Int) { words = Array(repeating: 0, count: Self.wordCount(keyCount: keyCount)) }

    init(words: [UInt64]) { self.words = words }

    mutating func insert(_ key: ArticleKey) {
        let size = UInt64(words.count * 64)
        for probe in 0..<Self.probeCount {
            let bit = Self.bit(key, probe, size)
            words[Int(bit >> 6)] |= 1 << (bit & 63)
        }
    }

    /// False means that the key is not there.
    package func mayContain(_ key: ArticleKey) -> Bool {
        guard !words.isEmpty else { return false }
        let size = UInt64(words.count * 64)
        for probe in 0..<Self.probeCount {
            let bit = Self.bit(key, probe, size)
            if words[Int(bit >> 6)] & (1 << (bit & 63)) == 0 { return false }
        }
        return true
    }

    private static func bit(_ key: ArticleKey, _ probe: UInt64, _ size: UInt64) -> UInt64 {
        (key.high &+ probe &* (key.low | 1)).multipliedFullWidth(by: size).high
    }
}
