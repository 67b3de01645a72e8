import News

/// What a block of the dictionary says of its terms (docs/segment-format.md, section 5): of those that occur once where, and how
/// long the lists of the others are. Where a list lies is the sum of those before it, so they are asked for in ascending order.
@safe struct DictionaryEntries {
    /// Before `open` at the start of the entries, then behind the last list read.
    private var lists: RawCursor
    private let termCount: Int
    private let documentCount: UInt32
    private var isOpen = false
    /// A bit for each term that occurs once.
    private var singles: UInt32 = 0
    private var documents = Packed()
    private var positions = Packed()

    private var postingsEnd: UInt64
    private var positionsEnd: UInt64
    /// Terms before this one are added up, and the one right before it has this entry if it has a list.
    private var nextIndex = 0
    private var last = TermEntry()
    /// Terms that occur once, of those that were read in order, and the bits of all of them.
    private var readSingleCount = 0
    private var readBits = (documents: UInt32(0), positions: UInt32(0))

    private struct Packed {
        var start = 0
        var width = 0
    }

    /// Of a block without terms.
    init() {
        self.init(
            unsafe RawCursor(UnsafeRawBufferPointer(start: nil, count: 0)), termCount: 0, postings: 0, positions: 0,
            documentCount: 0)
    }

    /// - Parameters:
    ///   - cursor: behind the terms of the block.
    ///   - postings: where those of the block's first term start; likewise `positions`.
    @inline(__always)
    init(_ cursor: RawCursor, termCount: Int, postings: UInt64, positions: UInt64, documentCount: UInt32) {
        lists = cursor
        self.termCount = termCount
        self.documentCount = documentCount
        postingsEnd = postings
        positionsEnd = positions
    }

    /// The entry of a term, which is not before the last one asked for.
    ///
    /// - Parameter positioned: a bit for each term, up to this one, of a field with positions.
    @inline(__always)
    mutating func entry(_ index: Int, positioned: UInt32) throws(RawError) -> TermEntry {
        if !isOpen { try open() }
        let bit = UInt32(1) &<< UInt32(truncatingIfNeeded: index)
        if singles & bit != 0 {
            return try single((singles & (bit &- 1)).nonzeroBitCount, hasPositions: positioned & bit != 0)
        }
        guard index >= nextIndex else { return last }
        // Lists before this one that are not added up yet.
        var left = ~singles & (bit &- 1) & (UInt32.max &<< UInt32(truncatingIfNeeded: nextIndex))
        var lists = self.lists
        while left != 0 {
            let lowest = left & (0 &- left)
            left ^= lowest
            try Self.skip(&lists, hasPositions: positioned & lowest != 0, &postingsEnd, &positionsEnd)
        }
        last = try Self.list(
            &lists, hasPositions: positioned & bit != 0, &postingsEnd, &positionsEnd, documentCount)
        self.lists = lists
        nextIndex = index &+ 1
        return last
    }

    /// The entry of a term, if all are asked for one after the other.
    @inline(__always)
    mutating func next(_ index: Int, hasPositions: Bool) throws(RawError) -> TermEntry {
        if !isOpen { try open() }
        guard singles &>> UInt32(truncatingIfNeeded: index) & 1 == 0 else {
            let entry = try single(readSingleCount, hasPositions: hasPositions)
            readSingleCount &+= 1
            readBits.documents |= entry.singleDocument
            readBits.positions |= entry.singlePosition
            return entry
        }
        return try Self.list(&lists, hasPositions: hasPositions, &postingsEnd, &positionsEnd, documentCount)
    }

    /// Once all terms were asked for by `next`: nothing is left, and the same could not be said in fewer bits.
    ///
    /// - Parameter postings: where those of the block's last term end; likewise `positions`.
    func requireEnd(postings: UInt64, positions: UInt64) throws(RawError) {
        guard lists.isAtEnd, postingsEnd == postings, positionsEnd == positions else {
            throw .malformed(what: "end of block", offset: lists.offset)
        }
        guard readSingleCount > 0 else { return }
        for (packed, bits) in [(documents, readBits.documents), (self.positions, readBits.positions)] {
            let bitCount = readSingleCount * packed.width
            let isEven = bitCount & 7 == 0
            guard packed.width == UInt32.bitWidth - bits.leadingZeroBitCount,
                isEven || lists.packed(0, width: 8, from: packed.start + bitCount / 8) >> UInt32(bitCount & 7) == 0
            else { throw .malformed(what: "bits of what occurs once", offset: packed.start) }
        }
    }

    private mutating func open() throws(RawError) {
        isOpen = true
        for place in 0..<((termCount &+ 7) &>> 3) {
            singles |= UInt32(try lists.byte()) &<< UInt32(truncatingIfNeeded: 8 &* place)
        }
        guard termCount == 32 || singles >> UInt32(termCount) == 0 else {
            throw .malformed(what: "bits of more terms than there are", offset: lists.offset)
        }
        let count = singles.nonzeroBitCount
        guard count > 0 else { return }
        documents.width = Int(try lists.byte())
        positions.width = Int(try lists.byte())
        guard documents.width < 32, positions.width < 32 else {
            throw .malformed(what: "width of what occurs once", offset: lists.offset)
        }
        documents.start = lists.offset
        try lists.skip((count &* documents.width &+ 7) &>> 3)
        positions.start = lists.offset
        try lists.skip((count &* positions.width &+ 7) &>> 3)
    }

    /// - Parameter rank: among the terms of the block that occur once.
    @inline(__always)
    private func single(_ rank: Int, hasPositions: Bool) throws(RawError) -> TermEntry {
        var entry = TermEntry()
        entry.documentFrequency = 1
        entry.occurrenceCount = 1
        entry.hasPositions = hasPositions
        entry.singleDocument = lists.packed(rank, width: documents.width, from: documents.start)
        entry.singlePosition = lists.packed(rank, width: positions.width, from: positions.start)
        guard entry.singleDocument < documentCount, hasPositions || entry.singlePosition == 0 else {
            throw .malformed(what: "document \(entry.singleDocument)", offset: documents.start)
        }
        return entry
    }

    /// What is said of a term that occurs more than once.
    ///
    /// - Parameter postingsEnd: of the term before, then of this one; likewise `positionsEnd`.
    @inline(__always)
    private static func list(
        _ cursor: inout RawCursor, hasPositions: Bool, _ postingsEnd: inout UInt64, _ positionsEnd: inout UInt64,
        _ documentCount: UInt32
    ) throws(RawError) -> TermEntry {
        var read = TermEntry()
        read.hasPositions = hasPositions
        let df = try cursor.count("document frequency", atMost: Int(documentCount))
        guard df > 1 || df == 1 && hasPositions else {
            throw .malformed(what: "document frequency \(df)", offset: cursor.offset)
        }
        read.documentFrequency = UInt32(truncatingIfNeeded: df)
        if df == 1 {
            read.singleDocument = UInt32(
                truncatingIfNeeded: try cursor.count("document", atMost: Int(documentCount) - 1))
            read.postings = postingsEnd..<postingsEnd
        } else {
            let length = UInt64(try cursor.count("postings length", atMost: Int(UInt32.max)))
            // At least the width of its first block: without bytes it would be taken for the list of one document.
            guard length > 0 else { throw .malformed(what: "postings length 0", offset: cursor.offset) }
            read.postings = postingsEnd..<(postingsEnd &+ length)
            postingsEnd &+= length
        }
        read.occurrenceCount = UInt64(df)
        read.positions = positionsEnd..<positionsEnd
        guard hasPositions else { return read }
        // A record has no more words than bytes; a document frequency is below 2^32.
        read.occurrenceCount &+= UInt64(try cursor.count("occurrences", atMost: df &* Limits.recordBytes))
        guard read.occurrenceCount > 1 else { throw .malformed(what: "occurrences 1", offset: cursor.offset) }
        let length = UInt64(try cursor.count("positions length", atMost: Int(UInt32.max)))
        read.positions = positionsEnd..<(positionsEnd &+ length)
        positionsEnd &+= length
        return read
    }

    /// Passes over what `list` reads. Lengths are less than 2^32, so that sums of a block's do not wrap.
    @inline(__always)
    private static func skip(
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
                // One document: its number stands where else the length of the postings does.
                if word & 0xFF != 1 { postingsEnd &+= number(word, behind: first, to: second) }
                positionsEnd &+= number(word, behind: third, to: fourth)
                return cursor.pass(fourth &>> 3 &+ 1)
            }
        }
        let documents = try cursor.varint()
        let postings = try cursor.count("postings length", atMost: Int(UInt32.max))
        if documents != 1 { postingsEnd &+= UInt64(postings) }
        guard hasPositions else { return }
        _ = try cursor.varint()
        positionsEnd &+= UInt64(try cursor.count("positions length", atMost: Int(UInt32.max)))
    }

    /// The number whose bytes lie behind bit `before` and end with bit `last`, both the highest of a byte; of at most four bytes.
    @inline(__always)
    private static func number(_ word: UInt64, behind before: Int, to last: Int) -> UInt64 {
        let bytes = word &>> UInt64(truncatingIfNeeded: before &+ 1)
        let own = bytes & UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- (last &- before))
        return own & 0x7F | own >> 1 & 0x3F80 | own >> 2 & 0x1F_C000 | own >> 3 & 0xFE0_0000
    }
}
