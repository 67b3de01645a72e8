import CBits

/// For each stem, by its number in the table, the numbers of its words.
@safe struct StemMembers {
    /// Empty for all other terms.
    private let ends: ScratchArray<UInt32>
    private let words: ScratchArray<UInt32>
    let isEmpty: Bool
    let largestCount: Int

    /// - Parameters:
    ///   - pairs: a stem and a word, as two numbers of 32 bits, each pair once.
    ///   - termCount: above all of them.
    init(_ pairs: OutputBuffer, termCount: Int) {
        let count = pairs.count / 8
        isEmpty = count == 0
        words = ScratchArray(count: count)
        ends = ScratchArray(repeating: 0, count: isEmpty ? 0 : termCount)
        guard !isEmpty else {
            largestCount = 0
            return
        }
        let (ends, words) = unsafe (self.ends.base, self.words.base)
        // In bounds: by the parameters' terms.
        func number(_ index: Int) -> Int {
            unsafe Int(pairs.bytes.load(fromByteOffset: index &* 4, as: UInt32.self))
        }
        for pair in 0..<count { unsafe ends[number(2 &* pair)] &+= 1 }
        var sum: UInt32 = 0
        var largest: UInt32 = 0
        for term in 0..<termCount {
            let here = unsafe ends[term]
            unsafe ends[term] = sum
            sum &+= here
            largest = max(largest, here)
        }
        for pair in 0..<count {
            let stem = number(2 &* pair)
            unsafe words[Int(ends[stem])] = UInt32(truncatingIfNeeded: number(2 &* pair &+ 1))
            unsafe ends[stem] &+= 1
        }
        largestCount = Int(largest)
    }

    /// - Parameter term: of the table.
    @inline(__always)
    func range(of term: Int) -> Range<Int> {
        guard !isEmpty else { return 0..<0 }
        return unsafe (term == 0 ? 0 : Int(ends.base[term &- 1]))..<Int(ends.base[term])
    }

    /// - Parameter index: in the range of a term.
    @inline(__always)
    subscript(_ index: Int) -> Int { unsafe Int(words.base[index]) }

    /// Asks memory for what `range` needs, and `prefetchWords`, some time after, for what the subscript does.
    @inline(__always)
    func prefetch(_ term: Int) {
        if !isEmpty { unsafe cbits_prefetch(ends.base + term) }
    }

    @inline(__always)
    func prefetchWords(_ term: Int) {
        if !isEmpty { unsafe cbits_prefetch(words.base + range(of: term).lowerBound) }
    }
}
