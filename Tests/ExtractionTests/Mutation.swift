import ByteCoding

/// The bytes with one to four small changes: a byte replaced, doubled, dropped, or a stretch repeated.
func mutated(_ bytes: [UInt8], using random: inout SplitMix64) -> [UInt8] {
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
