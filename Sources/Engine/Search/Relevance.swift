// BM25 in integers (docs/query-language.md, "Answers"): the same scores on every machine, for any cut of the same
// articles into segments, and in any order of adding.

/// What a snapshot's statistics make of a term in an article. All values in 2^-16.
package struct Relevance: Sendable {
    /// Live articles, and words of their texts.
    package let articleCount: UInt64
    package let wordCount: UInt64
    /// Part of the denominator that a length code adds: k1 · (1 - b + b · length / average).
    package let norms: [UInt64]

    /// Highest frequency told apart, so that no product passes 64 bits.
    package static let frequencyLimit: UInt32 = 65_535

    package init(articleCount: UInt64, wordCount: UInt64) {
        self.articleCount = articleCount
        self.wordCount = wordCount
        let words = UInt128(max(wordCount, 1))
        norms = LengthCode.lengths.map { length in
            // 1.2 · (0.25 + 0.75 · length · articles / words) = (3 · words + 9 · length · articles) / (10 · words)
            let norm = ((3 * words + 9 * UInt128(length) * UInt128(articleCount)) << 16) / (10 * words)
            return UInt64(clamping: min(max(norm, 1), 1 << 47))
        }
    }

    /// ln(1 + o²) / 2, at least 1 (2^-16), where o = (N - n + 0.5) / (n + 0.5) are the odds against a term. For most terms that is
    /// ln(o), the weight of Robertson and Sparck Jones; one in more than half of the articles, which tells next to nothing, keeps a
    /// little instead of counting against them.
    ///
    /// - Parameter articles: live articles with the term; more than there are count as all.
    package func inverseFrequency(articles: UInt64) -> UInt64 {
        let n = min(articles, articleCount)
        var (against, having) = (2 * (articleCount - n) + 1, 2 * n + 1)
        // So that the squares fit.
        let spare = 33 - min(against.leadingZeroBitCount, having.leadingZeroBitCount)
        if spare > 0 {
            against >>= UInt64(spare)
            having = max(having >> UInt64(spare), 1)
        }
        return max(Self.logarithm(against * against + having * having, having * having) / 2, 1)
    }

    /// The most that a term can add to a score.
    ///
    /// - Parameter boost: in 2^-16; 65536 for none.
    package static func weight(inverseFrequency: UInt64, boost: UInt32) -> UInt64 {
        let weight = UInt128(inverseFrequency) * 22 * UInt128(boost) / (10 << 16)
        return UInt64(min(max(weight, 1), UInt128(UInt32.max)))
    }

    /// Which part of its weight a term adds to the score of an article: f / (f + norm), in 2^-32, rounded down.
    @inline(__always)
    package static func share(frequency: UInt32, norm: UInt64) -> UInt32 {
        // frequency < 2^16 and norm > 0: the quotient stays below 2^32.
        let limited = UInt64(min(frequency, frequencyLimit))
        return UInt32(truncatingIfNeeded: (limited &<< 48) / (limited &<< 16 &+ norm))
    }

    /// What a term of `weight` adds to the score of an article.
    package static func part(weight: UInt64, frequency: UInt32, norm: UInt64) -> Int64 {
        // Both factors stay below 2^32.
        Int64(truncatingIfNeeded: (weight &* UInt64(share(frequency: frequency, norm: norm))) >> 32)
    }

    /// ln(a / b) in 2^-16, rounded down from 24 binary places of the logarithm to base 2.
    ///
    /// - Precondition: a ≥ b > 0.
    static func logarithm(_ a: UInt64, _ b: UInt64) -> UInt64 {
        precondition(a >= b && b > 0, "a logarithm of a fraction below one")
        let scaledA = a << UInt64(a.leadingZeroBitCount)
        let scaledB = b << UInt64(b.leadingZeroBitCount)
        var exponent = UInt64(b.leadingZeroBitCount - a.leadingZeroBitCount)
        // The mantissa in 1..<2, in 2^-63.
        var mantissa: UInt64
        if scaledA >= scaledB {
            mantissa = scaledB.dividingFullWidth((scaledA >> 1, scaledA << 63)).quotient
        } else {
            exponent -= 1
            mantissa = scaledB.dividingFullWidth((scaledA, 0)).quotient
        }
        var log2 = exponent
        for _ in 0..<24 {
            let square = mantissa.multipliedFullWidth(by: mantissa)
            // In 2^-126; at least two if the top bit is set.
            let isTwo = square.high >> 63 == 1
            log2 = log2 << 1 | (isTwo ? 1 : 0)
            mantissa = isTwo ? square.high : square.high << 1 | square.low >> 63
        }
        return (log2 * naturalLogarithmOf2) >> 32
    }

    /// ln 2 in 2^-24.
    private static let naturalLogarithmOf2: UInt64 = 11_629_080
}
