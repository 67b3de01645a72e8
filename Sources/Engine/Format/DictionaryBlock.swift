/// Looks for terms in a block of the dictionary, in place: no term is put together on the way. Of several terms one after the other, if
/// they ascend, goes on where the last one was found or would stand. Valid as long as the bytes.
@safe struct DictionaryBlock {
    private var cursor: RawCursor
    private var leftCount: Int
    private var postingsEnd: UInt64
    private var positionsEnd: UInt64
    private let documentCount: UInt32
    private var field: IndexField?
    /// The term looked for last, and how many bytes the entry read last has in common with it.
    private var term: [UInt8] = []
    private var common = 0
    /// How the entry read last compares with `term`; smaller before the first.
    private var order = Order.smaller
    private var entry = TermEntry()
    /// Whether the cursor is behind the entry of the term read last, which then is `entry`; true before the first.
    private var isEntryRead = true
    private var length = 0
    /// Of the entry's bytes those that the one before it has not, and how many it shares with that.
    private var tail = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    private var shared = 0

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
        leftCount = termCount
        postingsEnd = postings
        positionsEnd = positions
        self.documentCount = documentCount
    }

    /// Whether `term` can be found from here on.
    func isAhead(_ term: [UInt8]) -> Bool { !term.lexicographicallyPrecedes(self.term) }

    /// The entry of `term`; nil if it is not in the block.
    ///
    /// - Parameter term: not before the last one.
    mutating func find(_ term: [UInt8]) throws(RawError) -> TermEntry? {
        look(for: term)
        if order == .smaller, leftCount > 0 { try scan() }
        guard order == .equal else { return nil }
        if !isEntryRead {
            isEntryRead = true
            entry = try Self.entry(
                &cursor, hasPositions: field?.hasPositions ?? false, &postingsEnd, &positionsEnd, documentCount)
        }
        return entry
    }

    /// Reads terms until one is not smaller than the one looked for. What stands behind the bytes of a term is passed over unless it
    /// is asked for.
    private mutating func scan() throws(RawError) {
        // In locals while they change, so that they stay in registers.
        var cursor = self.cursor
        var (length, common, shared, leftCount) = (self.length, self.common, self.shared, self.leftCount)
        var (postingsEnd, positionsEnd) = (self.postingsEnd, self.positionsEnd)
        var (hasPositions, isEntryRead) = (field?.hasPositions ?? false, self.isEntryRead)
        var order = self.order
        while order == .smaller, leftCount > 0 {
            if !isEntryRead {
                try Self.skipEntry(&cursor, hasPositions: hasPositions, &postingsEnd, &positionsEnd)
            }
            isEntryRead = false
            leftCount &-= 1
            let rest: Int
            // Both below 128, as nearly always.
            if let word = cursor.nextWord, word & 0x8080 == 0 {
                (shared, rest) = (Int(truncatingIfNeeded: word & 0xFF), Int(truncatingIfNeeded: word >> 8 & 0xFF))
                cursor.pass(2)
            } else {
                shared = try cursor.count("shared bytes", atMost: Int(UInt8.max))
                rest = try cursor.count("term bytes", atMost: Int(UInt8.max))
            }
            guard shared <= length, rest > 0, shared &+ rest <= IndexField.maxTermBytes + 1 else {
                throw .malformed(what: "order of terms", offset: cursor.offset)
            }
            let tail = try unsafe cursor.raw(rest)
            if shared == 0 {
                guard let named = unsafe IndexField(rawValue: tail[0]) else {
                    throw .malformed(what: unsafe "field \(tail[0])", offset: cursor.offset)
                }
                field = named
                hasPositions = named.hasPositions
            }
            length = shared &+ rest
            // Smaller where it has more in common with the term before than that has with `term`.
            if shared > common { continue }
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
        (self.length, self.common, self.shared, self.leftCount) = (length, common, shared, leftCount)
        (self.postingsEnd, self.positionsEnd) = (postingsEnd, positionsEnd)
        self.isEntryRead = isEntryRead
        self.order = order
    }

    /// Compares the entry read last with another term, which is not before the last one.
    private mutating func look(for next: [UInt8]) {
        var same = 0
        while same < term.count, same < next.count, term[same] == next[same] { same &+= 1 }
        let isAnother = same < next.count || same < term.count
        term = next
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
        _ tail: UnsafeRawBufferPointer, with term: [UInt8], from start: Int, shared: Int
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

    /// Passes over what stands behind the bytes of a term. Lengths are less than 2^32, so that sums of a block's do not wrap.
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
