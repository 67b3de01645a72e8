import ByteCoding

/// What the simulator draws from its seed; the same on every machine.
package struct SeededRandom: Sendable {
    private var source: SplitMix64

    package init(seed: UInt64) { source = SplitMix64(seed: seed) }

    package mutating func next() -> UInt64 { source.next() }

    /// Uniform in `range`; the bias of the modulus is far below what any test sees.
    package mutating func int(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// True `perMille` times in a thousand.
    package mutating func chance(_ perMille: Int) -> Bool { int(0...999) < perMille }

    package mutating func pick<Element>(_ items: [Element]) -> Element { items[int(0...(items.count - 1))] }
}
