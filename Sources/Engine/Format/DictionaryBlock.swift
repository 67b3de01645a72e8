/// Looks for one term in a block of the dictionary, in place: no term is put together on the way.
enum DictionaryBlock {
    /// The entry of `term`; nil if it is not in the block.
    ///
    /// - Parameters:
    ///   - bytes: checked.
    ///   - postings: where those of the block's first term start; likewise `positions`.
    static func find(
        _ term: [UInt8], in bytes: UnsafeRawBufferPointer, termCount: Int, postings: UInt64,
        positions: UInt64, documentCount: UInt32
    ) throws(RawError) -> TermEntry? {
        var cursor = unsafe RawCursor(bytes)
        var (postingsEnd, positionsEnd) = (postings, positions)
        // How many bytes the term before has in common with `term`, than which it is smaller.
        var common = 0
        var length = 0
        var field: IndexField?
        for _ in 0..<termCount {
            let shared = try cursor.count("shared bytes", atMost: length)
            let rest = try cursor.count("term bytes", atMost: IndexField.maxTermBytes + 1 - shared)
            let tail = try unsafe cursor.raw(rest)
            guard rest > 0 else { throw .malformed(what: "order of terms", offset: cursor.offset) }
            if shared == 0 {
                guard let named = unsafe IndexField(rawValue: tail[0]) else {
                    throw .malformed(what: unsafe "field \(tail[0])", offset: cursor.offset)
                }
                field = named
            }
            length = shared &+ rest
            // It differs from the term before where that was still equal to `term`: it is larger.
            if shared < common { return nil }
            var isFound = false
            if shared == common {
                var index = 0
                while index < rest, common < term.count, unsafe tail[index] == term[common] {
                    index &+= 1
                    common &+= 1
                }
                if index == rest {
                    isFound = common == term.count
                } else if common == term.count {
                    return nil
                } else if unsafe tail[index] > term[common] {
                    return nil
                }
            }
            let entry = try entry(
                &cursor, hasPositions: field?.hasPositions ?? false, &postingsEnd, &positionsEnd, documentCount)
            if isFound { return entry }
        }
        return nil
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
