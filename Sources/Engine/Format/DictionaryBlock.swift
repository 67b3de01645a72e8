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
        while order == .smaller, leftCount > 0 {
            leftCount &-= 1
            shared = try cursor.count("shared bytes", atMost: length)
            let rest = try cursor.count("term bytes", atMost: IndexField.maxTermBytes + 1 - shared)
            unsafe tail = try cursor.raw(rest)
            guard rest > 0 else { throw .malformed(what: "order of terms", offset: cursor.offset) }
            if shared == 0 {
                guard let named = unsafe IndexField(rawValue: tail[0]) else {
                    throw .malformed(what: unsafe "field \(tail[0])", offset: cursor.offset)
                }
                field = named
            }
            length = shared &+ rest
            if shared < common {
                // It differs from the term before where that was still equal to `term`: it is larger.
                common = shared
                order = .larger
            } else if shared == common {
                compareTail()
            }
            entry = try Self.entry(
                &cursor, hasPositions: field?.hasPositions ?? false, &postingsEnd, &positionsEnd, documentCount)
        }
        return order == .equal ? entry : nil
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
        var index = common &- shared
        let count = unsafe tail.count
        while index < count, common < term.count, unsafe tail[index] == term[common] {
            index &+= 1
            common &+= 1
        }
        if index == count {
            order = common == term.count ? .equal : .smaller
        } else {
            order = common == term.count || (unsafe tail[index] > term[common]) ? .larger : .smaller
        }
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
            read.singlePosition = UInt32(truncatingIfNeeded: try cursor.count("position", atMost: Int(UInt32.max)))
        } else {
            let length = UInt64(try cursor.count("positions length", atMost: Int(UInt32.max)))
            read.positions = positionsEnd..<(positionsEnd &+ length)
            positionsEnd &+= length
        }
        return read
    }
}
