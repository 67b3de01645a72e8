import ByteCoding

/// Pauses between tries: doubled up to the longest, each with jitter of its upper half, so that many who lost the same coordinator do
/// not come back together.
struct Backoff: Sendable {
    private let firstMilliseconds: Int64
    private let longestMilliseconds: Int64
    private var nextMilliseconds: Int64
    private var random: SplitMix64

    /// - Parameter seed: of the jitter.
    init(firstMilliseconds: Int64, longestMilliseconds: Int64, seed: UInt64) {
        self.firstMilliseconds = firstMilliseconds
        self.longestMilliseconds = longestMilliseconds
        nextMilliseconds = firstMilliseconds
        random = SplitMix64(seed: seed)
    }

    /// Milliseconds to wait before the next try.
    mutating func next() -> Int64 {
        let pause = nextMilliseconds
        nextMilliseconds = min(pause * 2, longestMilliseconds)
        return pause - random.below(pause / 2 + 1)
    }

    /// It went well: the next pause is short again.
    mutating func reset() { nextMilliseconds = firstMilliseconds }
}
