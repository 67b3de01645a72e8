package import News

/// Seeded articles of realistic lengths: 4 to 12 paragraphs of some sixty words, words by Zipf's law from a vocabulary of 40,000.
/// For comparing one build with another; text compresses and repeats unlike real news, so absolute numbers come from corpora.
package struct CorpusMaker {
    private var state: UInt64
    private let words: [String]

    package init(seed: UInt64) {
        state = seed
        var maker = Self.Generator(state: 0xC0FF_EE00)
        let syllables = ["ka", "ro", "men", "ti", "sul", "a", "ber", "no", "ing", "e", "lar", "vo", "st", "pre", "dun", "mi"]
        words = (0..<40_000).map { index in
            // Frequent words are short.
            let count = 1 + (index > 60 ? 1 : 0) + (index > 2000 ? 1 : 0) + Int(maker.next() % 2)
            return (0..<count).map { _ in syllables[Int(maker.next() % UInt64(syllables.count))] }.joined()
        }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    private struct Generator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private mutating func next(_ limit: Int) -> Int {
        var generator = Generator(state: state)
        defer { state = generator.state }
        return Int(generator.next() % UInt64(limit))
    }

    /// A rank by Zipf's law, near enough: each doubling of the rank is about as likely as the one before.
    private mutating func word() -> String {
        let octave = next(16)
        return words[min(words.count - 1, (1 << octave) - 1 + next(1 << octave))]
    }

    private mutating func sentence(_ count: Int) -> String {
        let text = (0..<count).map { _ in word() }.joined(separator: " ")
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    package mutating func article(_ number: Int) -> Article {
        var article = Article()
        article.url = "https://corpus.example/\(number)"
        article.source = "Source \(next(40))"
        article.language = "en"
        article.headline = sentence(6 + next(6))
        article.body = (0..<(4 + next(9))).map { _ in
            (0..<4).map { _ in sentence(10 + next(12)) + "." }.joined(separator: " ")
        }.joined(separator: "\n\n")
        return article
    }
}
