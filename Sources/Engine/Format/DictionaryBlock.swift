/// Looks for terms in a block of the dictionary, in place: no term is put together on the way. Of several terms one after the other, if
/// they ascend, goes on where the last one was found or would stand. Valid as long as the bytes and the terms looked for.
///
/// Most terms are sought in vain, in one segment after the other, so two walks: one looks at terms alone, and only if it finds the
/// one sought another adds up how long the lists before its own are.
@safe struct DictionaryBlock {
    /// Behind the entry read last.
    private var cursor: RawCursor
    private var leftCount: Int
    private var hasPositions = false
    /// The term looked for last, and how many bytes the entry read last has in common with it.
    private var term = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    private var common = 0
    /// How the entry read last compares with `term`; smaller before the first.
    private var order = Order.smaller
    /// Where the entry read last starts, and of its bytes those that the one before it has not, and how many it shares with that.
    private var entryStart = 0
    private var tail = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    private var shared = 0

    /// Behind the entries whose lists are added up.
    private var sums: RawCursor
    private var postingsEnd: UInt64
    private var positionsEnd: UInt64
    private var hasPositionsInSums = false
    private let documentCount: UInt32
    /// Of the term found last.
    private var entry = TermEntry()

    private enum Order {
        case smaller
        case equal
        case larger
    }

    /// - Parameters:
    ///   - bytes: checked.
    ///   - postings: where those of the block's first term start; likewise `positions`.
    init(
        _ bytes: UnsafeRawBufferPointer, termCount: Int, postings: UInt64, positions: UInt64, documentCount: UInt32
    ) {
        cursor = unsafe RawCursor(bytes)
        sums = cursor
        leftCount = termCount
        postingsEnd = postings
        positionsEnd = positions
        self.documentCount = documentCount
    }

    /// Whether `term` can be found from here on.
    @inline(__always)
    func isAhead(_ term: UnsafeRawBufferPointer) -> Bool { unsafe !term.lexicographicallyPrecedes(self.term) }

    /// The entry of `term`; nil if it is not in the block.
    ///
    /// - Parameter term: not before the last one.
    mutating func find(_ term: UnsafeRawBufferPointer) throws(RawError) -> TermEntry? {
        unsafe look(for: term)
        if order == .smaller, leftCount > 0 { try scan() }
        guard order == .equal else { return nil }
        if sums.offset <= entryStart { try readEntry() }
        return entry
    }

    /// Reads terms until one is not smaller than the one looked for.
    private mutating func scan() throws(RawError) {
        // In locals while they change, so that they stay in registers.
        var cursor = self.cursor
        var (common, leftCount, hasPositions) = (self.common, self.leftCount, self.hasPositions)
        var order = self.order
        while order == .smaller, leftCount > 0 {
            let start = cursor.offset
            let (shared, tail) = try unsafe Self.nextTerm(&cursor, &hasPositions)
            leftCount &-= 1
            // Smaller where it has more in common with the term before than that has with `term`.
            if shared > common { continue }
            (entryStart, self.shared) = (start, shared)
            unsafe self.tail = unsafe tail
            if shared < common {
                // It differs from the term before where that was still equal to `term`: it is larger.
                common = shared
                order = .larger
            } else {
                (common, order) = unsafe Self.compare(tail, with: term, from: common, shared: shared)
            }
        }
        self.cursor = cursor
        (self.common, self.leftCount, self.hasPositions) = (common, leftCount, hasPositions)
        self.order = order
    }

    /// Adds up the lists before the entry found, and reads it.
    private mutating func readEntry() throws(RawError) {
        var sums = self.sums
        var (postingsEnd, positionsEnd) = (self.postingsEnd, self.positionsEnd)
        var hasPositions = hasPositionsInSums
        while true {
            let isFound = sums.offset == entryStart
            let (shared, rest) = try Self.lengths(&sums)
            let tail = try unsafe sums.raw(rest)
            if shared == 0 { hasPositions = try unsafe Self.hasPositions(tail, sums) }
            if isFound { break }
            try Self.skipEntry(&sums, hasPositions: hasPositions, &postingsEnd, &positionsEnd)
        }
        entry = try Self.entry(&sums, hasPositions: hasPositions, &postingsEnd, &positionsEnd, documentCount)
        self.sums = sums
        (self.postingsEnd, self.positionsEnd) = (postingsEnd, positionsEnd)
        hasPositionsInSums = hasPositions
    }

    /// Reads how many bytes an entry's term shares with the one before, and the others; passes over what stands behind them.
    @inline(__always)
    private static func nextTerm(
        _ cursor: inout RawCursor, _ hasPositions: inout Bool
    ) throws(RawError) -> (shared: Int, tail: UnsafeRawBufferPointer) {
        let left = cursor.remaining
        if left >= 2 {
            let start = unsafe cursor.unread
            let head = unsafe UInt16(littleEndian: start.loadUnaligned(as: UInt16.self))
            let (shared, rest) = (Int(head & 0xFF), Int(head >> 8))
            // As nearly always: both lengths are below 128, the field is that of the term before, the numbers have eight bytes at most.
            if head & 0x8080 == 0, shared > 0, left >= rest &+ 10 {
                let word = unsafe UInt64(
                    littleEndian: start.loadUnaligned(fromByteOffset: rest &+ 2, as: UInt64.self))
                // A bit for the last byte of each number.
                var ends = ~word & 0x8080_8080_8080_8080
                ends &= ends &- 1
                if hasPositions {
                    ends &= ends &- 1
                    ends &= ends &- 1
                }
                if ends != 0 {
                    cursor.pass(rest &+ 3 &+ ends.trailingZeroBitCount &>> 3)
                    return unsafe (shared, UnsafeRawBufferPointer(start: start + 2, count: rest))
                }
            }
        }
        let (shared, rest) = try Self.lengths(&cursor)
        let tail = try unsafe cursor.raw(rest)
        if shared == 0 { hasPositions = try unsafe Self.hasPositions(tail, cursor) }
        for _ in 0..<(hasPositions ? 4 : 2) { _ = try cursor.varint() }
        return unsafe (shared, tail)
    }

    /// How many bytes an entry's term shares with the one before, and how many it has besides.
    @inline(__always)
    private static func lengths(_ cursor: inout RawCursor) throws(RawError) -> (shared: Int, rest: Int) {
        if let word = cursor.nextWord, word & 0x8080 == 0 {
            cursor.pass(2)
            return (Int(truncatingIfNeeded: word & 0xFF), Int(truncatingIfNeeded: word >> 8 & 0xFF))
        }
        let shared = try cursor.count("shared bytes", atMost: Int(UInt8.max))
        return (shared, try cursor.count("term bytes", atMost: Int(UInt8.max)))
    }

    /// Whether the field that a term begins with has positions.
    @inline(__always)
    private static func hasPositions(_ term: UnsafeRawBufferPointer, _ cursor: RawCursor) throws(RawError) -> Bool {
        guard let first = unsafe term.first, let field = IndexField(rawValue: first) else {
            throw .malformed(what: "field of a term", offset: cursor.offset)
        }
        return field.hasPositions
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

    /// Passes over what stands behind the bytes of a term, and adds up how long the lists are. Lengths are less than 2^32, so that sums of a block's do not wrap.
    @inline(__always)
    private static func skipEntry(
        _ cursor: inout RawCursor, hasPositions: Bool, _ postingsEnd: inout UInt64, _ positionsEnd: inout UInt64
    ) throws(RawError) {
        if hasPositions, let word = cursor.nextWord {
            // A bit for the last byte of each number.
            var ends = ~word & 0x8080_8080_8080_8080
            let first = ends.trailingZeroBitCount
            ends &= ends &- 1
            let second = ends.trailingZeroBitCount
            ends &= ends &- 1
            let third = ends.trailingZeroBitCount
            ends &= ends &- 1
            let fourth = ends.trailingZeroBitCount
            if fourth < 64, second &- first <= 32, fourth &- third <= 32 {
                let isSingle = word & 0xFF == 1
                if !isSingle { postingsEnd &+= number(word, behind: first, to: second) }
                // One occurrence: no more than documents.
                if !isSingle || word &>> UInt64(truncatingIfNeeded: second &+ 1) & 0xFF != 0 {
                    positionsEnd &+= number(word, behind: third, to: fourth)
                }
                return cursor.pass(fourth &>> 3 &+ 1)
            }
        }
        let documents = try cursor.varint()
        let postings = try cursor.count("postings length", atMost: Int(UInt32.max))
        if documents != 1 { postingsEnd &+= UInt64(postings) }
        guard hasPositions else { return }
        let more = try cursor.varint()
        let positions = try cursor.count("positions length", atMost: Int(UInt32.max))
        if documents != 1 || more != 0 { positionsEnd &+= UInt64(positions) }
    }

    /// The number whose bytes lie behind bit `before` and end with bit `last`, both the highest of a byte; of at most four bytes.
    @inline(__always)
    private static func number(_ word: UInt64, behind before: Int, to last: Int) -> UInt64 {
        let bytes = word &>> UInt64(truncatingIfNeeded: before &+ 1)
        let own = bytes & UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- (last &- before))
        return own & 0x7F | own >> 1 & 0x3F80 | own >> 2 & 0x1F_C000 | own >> 3 & 0xFE0_0000
    }

    /// What stands behind the bytes of a term.
    ///
    /// - Parameter postingsEnd: of the term before, then of this one; likewise `positionsEnd`.
    @inline(__always)
    static func entry(
        _ cursor: inout RawCursor, hasPositions: Bool, _ postingsEnd: inout UInt64, _ positionsEnd: inout UInt64,
        _ documentCount: UInt32
    ) throws(RawError) -> TermEntry {
        var read = TermEntry()
        read.hasPositions = hasPositions
        let df = try cursor.count("document frequency", atMost: Int(documentCount))
        guard df > 0 else { throw .malformed(what: "document frequency 0", offset: cursor.offset) }
        read.documentFrequency = UInt32(truncatingIfNeeded: df)
        if df == 1 {
            read.singleDocument = UInt32(
                truncatingIfNeeded: try cursor.count("document", atMost: Int(documentCount) - 1))
            read.postings = postingsEnd..<postingsEnd
        } else {
            let length = UInt64(try cursor.count("postings length", atMost: Int(UInt32.max)))
            read.postings = postingsEnd..<(postingsEnd &+ length)
            postingsEnd &+= length
        }
        read.occurrenceCount = UInt64(df)
        read.positions = positionsEnd..<positionsEnd
        guard hasPositions else { return read }
        read.occurrenceCount &+= UInt64(try cursor.count("occurrences", atMost: 1 << 48))
        if read.occurrenceCount == 1 {
            read.singlePosition = UInt32(truncatingIfNeeded: try cursor.count("position", atMost: Int(Int32.max)))
        } else {
            let length = UInt64(try cursor.count("positions length", atMost: Int(UInt32.max)))
            read.positions = positionsEnd..<(positionsEnd &+ length)
            positionsEnd &+= length
        }
        return read
    }
}
