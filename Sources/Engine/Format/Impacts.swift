// What the best documents of a block can score at most (docs/segment-format.md, section 6): pairs of frequency and length that
// no other document of the block beats in both. How long an average document is belongs to the snapshot, so one pair alone
// could not be chosen when the segment is written (Ding and Suel, "Faster top-k document retrieval using block-max indexes", 2011; pairs
// as in Lucene's impacts).

/// Up to four pairs, eight bytes: frequency and length code of each; unused ones repeat the last.
package struct Impacts: Equatable, Sendable {
    package static let pairCount = 4
    /// A flag byte and the pairs.
    static let byteCount = 1 + 2 * pairCount
    /// A frequency of this means "or more".
    static let frequencyLimit: UInt32 = 255

    /// Frequency in the low, length code in the high half of each 16 bits; frequencies descend.
    package var pairs: UInt64
    /// Whether each pair is that of a document, so that its score is reached and not only a bound.
    package var isExact: Bool

    @inline(__always)
    package func frequency(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: pairs >> UInt64(16 &* index)) & 0xFF }

    @inline(__always)
    package func lengthCode(_ index: Int) -> Int { Int(truncatingIfNeeded: pairs >> UInt64(16 &* index &+ 8)) & 0xFF }

    /// Whether a document with these can score no more than a pair.
    package func covers(frequency: UInt32, lengthCode: UInt8) -> Bool {
        (0..<Self.pairCount).contains {
            (self.frequency($0) == Self.frequencyLimit || self.frequency($0) >= frequency)
                && self.lengthCode($0) <= lengthCode
        }
    }
}

/// Gathers the impacts of one block. Confined to one thread.
@safe final class ImpactCollector {
    /// By descending frequency and descending length: frequency << 8 | length code.
    private let front = UnsafeMutablePointer<UInt16>.allocate(capacity: SegmentFormat.blockCount + 1)
    private var count = 0
    private var isExact = true

    deinit { unsafe front.deallocate() }

    func clear() {
        count = 0
        isExact = true
    }

    @inline(__always)
    func add(frequency: UInt32, lengthCode: UInt8) {
        if frequency > Impacts.frequencyLimit { isExact = false }
        let clipped = UInt16(truncatingIfNeeded: min(frequency, Impacts.frequencyLimit))
        var place = 0
        while place < count, unsafe front[place] >> 8 > clipped { place &+= 1 }
        let code = UInt16(lengthCode)
        if place > 0, unsafe front[place &- 1] & 0xFF <= code { return }
        if place < count, unsafe front[place] >> 8 == clipped, unsafe front[place] & 0xFF <= code { return }
        insert(clipped << 8 | code, at: place)
    }

    private func insert(_ pair: UInt16, at place: Int) {
        // Those behind have no larger frequency: what is not shorter is beaten.
        var end = place
        while end < count, unsafe front[end] & 0xFF >= pair & 0xFF { end += 1 }
        if end == place {
            var index = count
            while index > place {
                unsafe front[index] = front[index - 1]
                index -= 1
            }
            count += 1
        } else {
            for index in end..<count { unsafe front[place + 1 + index - end] = front[index] }
            count -= end - place - 1
        }
        unsafe front[place] = pair
    }

    /// What was added; where there are too many pairs, the two that differ least become one that covers both.
    func finish() -> Impacts {
        precondition(count > 0, "a block has documents")
        while count > Impacts.pairCount {
            isExact = false
            var best = 0
            var least = Int.max
            for index in 0..<(count - 1) {
                let (upper, lower) = unsafe (front[index], front[index + 1])
                let difference = Int(upper >> 8) - Int(lower >> 8) + Int(upper & 0xFF) - Int(lower & 0xFF)
                if difference < least {
                    least = difference
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
