// What the best documents of a block can score at most (docs/segment-format.md, section 6): pairs of frequency and length that
// no other document of the block beats in both. How long an average document is belongs to the snapshot, so one pair alone
// could not be chosen when the segment is written (Ding and Suel, "Faster top-k document retrieval using block-max indexes", 2011; pairs
// as in Lucene's impacts).

/// Up to four pairs, eight bytes: frequency and length code of each; unused ones repeat the last.
package struct Impacts: Equatable, Sendable {
    package static let pairCount = 4
    /// A flag byte and the pairs.
    static let byteCount = 1 + 2 * pairCount
    /// A frequency of this means "or more", but where all pairs are exact.
    package static let frequencyLimit: UInt32 = 255

    /// Frequency in the low, length code in the high half of each 16 bits; frequencies descend.
    package var pairs: UInt64
    /// Whether each pair is that of a document, so that its score is reached and not only a bound.
    package var isExact: Bool

    @inline(__always)
    package func frequency(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: pairs >> UInt64(16 &* index)) & 0xFF }

    @inline(__always)
    package func lengthCode(_ index: Int) -> Int { Int(truncatingIfNeeded: pairs >> UInt64(16 &* index &+ 8)) & 0xFF }
}

/// Gathers the impacts of one block after the other. Confined to one thread.
@safe final class ImpactCollector {
    /// For each frequency the smallest length code of a document that has it, `none` where there is no document.
    private let least = ScratchArray<UInt16>(repeating: none, count: Int(Impacts.frequencyLimit) + 1)
    private var highest: UInt32 = 0
    /// By descending frequency and descending length: frequency << 8 | length code.
    private let pairs = ScratchArray<UInt16>(count: Int(Impacts.frequencyLimit) + 1)

    private static let none: UInt16 = 0x100

    /// Without a branch: what the next document is like cannot be guessed.
    @inline(__always)
    func add(frequency: UInt32, lengthCode: UInt8) {
        highest = max(highest, frequency)
        // In bounds: there is one for each frequency up to the limit.
        let place = unsafe least.base + Int(min(frequency, Impacts.frequencyLimit))
        unsafe place.pointee = min(place.pointee, UInt16(lengthCode))
    }

    /// Of what was added since the last call; where there are too many pairs, the two that differ least become one that covers both.
    func finish() -> Impacts {
        let front = unsafe pairs.base
        var isExact = highest <= Impacts.frequencyLimit
        var count = 0
        var shortest = Self.none
        for frequency in (0...Int(min(highest, Impacts.frequencyLimit))).reversed() {
            let code = unsafe least.base[frequency]
            unsafe least.base[frequency] = Self.none
            // Else one with a higher frequency is no longer.
            guard code < shortest else { continue }
            shortest = code
            unsafe front[count] = UInt16(frequency) << 8 | code
            count += 1
        }
        highest = 0
        precondition(count > 0, "a block has documents")
        while count > Impacts.pairCount {
            isExact = false
            var best = 0
            var smallest = Int.max
            for index in 0..<(count - 1) {
                let (upper, lower) = unsafe (front[index], front[index + 1])
                let difference = Int(upper >> 8) - Int(lower >> 8) + Int(upper & 0xFF) - Int(lower & 0xFF)
                if difference < smallest {
                    smallest = difference
                    best = index
                }
            }
            unsafe front[best] = front[best] & 0xFF00 | front[best + 1] & 0xFF
            for index in (best + 1)..<(count - 1) { unsafe front[index] = front[index + 1] }
            count -= 1
        }
        var pairs: UInt64 = 0
        for index in (0..<Impacts.pairCount).reversed() {
            let pair = unsafe front[min(index, count - 1)]
            pairs = pairs << 16 | UInt64(pair >> 8 | pair << 8)
        }
        return Impacts(pairs: pairs, isExact: isExact)
    }
}
