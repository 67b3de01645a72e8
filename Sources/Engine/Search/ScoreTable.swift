import Synchronization

// Scores of one snapshot made ready for hot loops: a look-up and a multiplication instead of a division.

/// Shares of a term's weight by frequency and length code. Immutable.
///
/// `@unchecked`: the memory is written before the object is shared.
@safe final class ScoreTable: @unchecked Sendable {
    let relevance: Relevance
    private let memory: UnsafeMutablePointer<UInt32>
    private let norms: UnsafeMutablePointer<UInt64>

    init(_ relevance: Relevance) {
        self.relevance = relevance
        unsafe memory = .allocate(capacity: (Shares.frequencyCount + 1) * 256)
        unsafe norms = .allocate(capacity: 256)
        for code in 0..<256 {
            unsafe norms[code] = relevance.norms[code]
            for frequency in 0...Shares.frequencyCount {
                unsafe memory[frequency << 8 | code] = Relevance.share(
                    frequency: frequency == 0 ? Relevance.frequencyLimit : UInt32(frequency),
                    norm: relevance.norms[code])
            }
        }
    }

    deinit {
        unsafe memory.deallocate()
        unsafe norms.deallocate()
    }

    /// The table as loops take it: a copy of it needs no look at the object. Not to outlive it.
    @safe struct Shares {
        /// 256 length codes for each frequency of 1...`frequencyCount`; row 0 is that of no bound: the most any frequency can get.
        fileprivate let rows: UnsafePointer<UInt32>
        fileprivate let norms: UnsafePointer<UInt64>
        /// A frequent word stands more often in a long article, but seldom more often than this.
        fileprivate static let frequencyCount = 64

        /// In 2^-32.
        @inline(__always)
        func share(frequency: UInt32, lengthCode: Int) -> UInt64 {
            guard frequency <= UInt32(Self.frequencyCount) else {
                return unsafe UInt64(Relevance.share(frequency: frequency, norm: norms[lengthCode]))
            }
            return unsafe UInt64(rows[Int(frequency) << 8 | lengthCode])
        }
    }

    @inline(__always)
    var shares: Shares { unsafe Shares(rows: UnsafePointer(memory), norms: UnsafePointer(norms)) }

    /// In 2^-32.
    @inline(__always)
    func share(frequency: UInt32, lengthCode: Int) -> UInt64 {
        shares.share(frequency: frequency, lengthCode: lengthCode)
    }

    /// The most a document of the block can get; reached if the impacts are exact.
    @inline(__always)
    func bound(_ impacts: Impacts) -> UInt64 {
        var best: UInt64 = 0
        for index in 0..<Impacts.pairCount {
            let frequency = impacts.frequency(index)
            let isAny = frequency == Impacts.frequencyLimit && !impacts.isExact
            best = max(best, share(frequency: isAny ? 0 : frequency, lengthCode: impacts.lengthCode(index)))
        }
        return best
    }

    /// The most any document can get, in 2^-32.
    static let wholeShare = UInt64(1) << 32

    /// What a share of `weight` is, in 2^-16.
    @inline(__always)
    static func part(weight: UInt64, share: UInt64) -> Int64 {
        // weight < 2^32 and share <= 2^32.
        Int64(truncatingIfNeeded: (weight &* share) >> 32)
    }
}
