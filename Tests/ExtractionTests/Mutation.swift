/// SplitMix64 (Steele, Lea, Flood, 2014): seeded randomness for tests.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The bytes with one to four small changes: a byte replaced, doubled, dropped, or a stretch repeated.
func mutated(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
    var out = bytes
    for _ in 0...Int.random(in: 0..<4, using: &random) {
        guard !out.isEmpty else { break }
        let place = Int.random(in: 0..<out.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: out[place] = UInt8.random(in: 0...255, using: &random)
        case 1: out.insert(out[Int.random(in: 0..<out.count, using: &random)], at: place)
        case 2: out.remove(at: place)
        default:
            let end = min(out.count, place + Int.random(in: 0..<24, using: &random))
            out.insert(contentsOf: out[place..<end], at: Int.random(in: 0..<out.count, using: &random))
        }
    }
    return out
}
