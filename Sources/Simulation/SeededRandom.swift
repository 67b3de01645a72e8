/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same on every machine.
package struct SeededRandom: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in `range`; the bias of the modulus is far below what any test sees.
    package mutating func int(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// True `perMille` times in a thousand.
    package mutating func chance(_ perMille: Int) -> Bool { int(0...999) < perMille }

    package mutating func pick<Element>(_ items: [Element]) -> Element { items[int(0...(items.count - 1))] }
}
