/// Looks for terms in a block of the dictionary, in place: no term is put together on the way. Of several terms one after the other, if
/// they ascend, goes on where the last one was found or would stand. Valid as long as the bytes and the terms looked for.
///
/// Most terms are sought in vain, in one segment after the other: what is said of a term is read only if it is there.
@safe struct DictionaryBlock {
    private let terms: BlockTerms
    private var entries: DictionaryEntries
    /// The term looked for last, and how many bytes the entry read last has in common with it.
    private var term = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    private var common = 0
    /// How the entry read last compares with `term`; smaller before the first.
    private var order = Order.smaller
    /// The entry read last: of its bytes those that the one before it has not, and how many it shares with that.
    private var index = -1
    private var tail = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    private var shared = 0
    /// A bit for each term of a field with positions, and for all behind the last one read if its field has.
    private var positioned: UInt32 = 0

    private enum Order {
        case smaller
        case equal
        case larger
    }

    /// A block without terms.
    init() {
        terms = BlockTerms()
        entries = DictionaryEntries()
    }

    /// - Parameters:
    ///   - bytes: checked.
    ///   - postings: where those of the block's first term start; likewise `positions`.
    @inline(__always)
    init(
        _ bytes: UnsafeRawBufferPointer, termCount: Int, postings: UInt64, positions: UInt64, documentCount: UInt32
    ) throws(RawError) {
        var cursor = unsafe RawCursor(bytes)
        terms = try BlockTerms(&cursor, count: termCount)
        entries = DictionaryEntries(
            cursor, termCount: termCount, postings: postings, positions: positions, documentCount: documentCount)
    }

    /// Whether `term` can be found from here on.
    @inline(__always)
    func isAhead(_ term: UnsafeRawBufferPointer) -> Bool { unsafe !term.lexicographicallyPrecedes(self.term) }

    /// The entry of `term`; nil if it is not in the block.
    ///
    /// - Parameter term: not before the last one.
    mutating func find(_ term: UnsafeRawBufferPointer) throws(RawError) -> TermEntry? {
        unsafe look(for: term)
        if order == .smaller { try scan() }
        guard order == .equal else { return nil }
        return try entries.entry(index, positioned: positioned)
    }

    /// Reads terms until one is not smaller than the one looked for.
    private mutating func scan() throws(RawError) {
        // In locals while they change, so that they stay in registers.
        var (index, common, order) = (self.index, self.common, self.order)
        while order == .smaller, index &+ 1 < terms.count {
            // Smaller are those that have more in common with the term before than that has with `term`.
            let next = terms.firstSharing(atMost: common, from: index &+ 1)
            guard next < terms.count else {
                index = terms.count
                break
            }
            index = next
            shared = terms.shared(index)
            unsafe tail = try unsafe terms.tail(index)
            if shared == 0 { try noteField(index) }
            if shared < common {
                // It differs from the term before where that was still equal to `term`: it is larger.
                common = shared
                order = .larger
            } else {
                (common, order) = unsafe Self.compare(tail, with: term, from: common, shared: shared)
            }
            self.index = index
        }
        (self.index, self.common, self.order) = (index, common, order)
    }

    /// - Parameter index: of the term that `tail` is all of.
    private mutating func noteField(_ index: Int) throws(RawError) {
        guard let first = unsafe tail.first, let field = IndexField(rawValue: first) else {
            throw .malformed(what: "field of term \(index)", offset: terms.offset(of: index))
        }
        let behind = UInt32.max &<< UInt32(truncatingIfNeeded: index)
        positioned = field.hasPositions ? positioned | behind : positioned & ~behind
    }

    /// Compares the entry read last with another term, which is not before the last one.
    @inline(__always)
    private mutating func look(for next: UnsafeRawBufferPointer) {
        let last = unsafe term
        var same = 0
        while same < last.count, same < next.count, unsafe last[same] == next[same] { same &+= 1 }
        let isAnother = same < next.count || same < last.count
        unsafe term = unsafe next
        guard isAnother else { return }
        switch order {
        case .smaller: common = min(common, same)
        case .equal:
            common = same
            order = .smaller
        case .larger:
            // Where it was larger than the last term it may be anything to this one.
            if same < common {
                common = same
                order = .smaller
            } else if same == common {
                compareTail()
            }
        }
    }

    /// Compares from `common` on, which is not before the tail.
    private mutating func compareTail() {
        (common, order) = unsafe Self.compare(tail, with: term, from: common, shared: shared)
    }

    @inline(__always)
    private static func compare(
        _ tail: UnsafeRawBufferPointer, with term: UnsafeRawBufferPointer, from start: Int, shared: Int
    ) -> (common: Int, Order) {
        var common = start
        var index = start &- shared
        let count = tail.count
        while index < count, common < term.count, unsafe tail[index] == term[common] {
            index &+= 1
            common &+= 1
        }
        if index == count { return (common, common == term.count ? .equal : .smaller) }
        return (common, common == term.count || (unsafe tail[index] > term[common]) ? .larger : .smaller)
    }
}
