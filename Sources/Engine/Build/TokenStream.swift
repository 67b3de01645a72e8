import ByteCoding

// The terms of documents as one flat stream of numbers: four bytes a token and nothing else while documents come in. Posting
// lists are made by a counting sort when the segment is sealed, which is 1.5 times faster than growing a list for each
// term (measured with the prototype), and dropped documents cost nothing.
//
// An entry below 2^31 is the number of a term, standing one position after the entry before; an entry with the top bit set
// says the position of the next term. Each document starts at position 0.

@safe struct TokenStream {
    static let positionMark: UInt32 = 1 << 31

    let entries = OutputBuffer(capacityBytes: 1 << 14)
    let terms = TermTable()
    private var recordTerms = RecordTerms()

    /// Memory held, and needed when sorted: a token takes four bytes, and in lists up to twelve; with stems a term
    /// has up to two more, and their lists are made one after the other and written. Held against what a process takes by `coranto-bench budget`.
    func sizeBytes(hasStems: Bool) -> Int {
        hasStems ? terms.sizeBytes * 4 + entries.count * 9 : terms.sizeBytes * 3 + entries.count * 6
    }

    var count: Int { entries.count / 4 }

    /// Appends the terms of one document.
    ///
    /// - Returns: its length in terms of the text field, and its columns.
    /// - Throws: `CodingError` if the record is not canonical; the stream then ends with what came before the damage,
    ///   which belongs to no document.
    mutating func append(_ record: [UInt8]) throws(CodingError) -> (length: Int, columns: RecordTerms.Columns) {
        let entries = entries
        let terms = terms
        var expected: UInt32 = 0
        var length = 0
        defer { terms.flush(to: entries) }
        let columns = try unsafe recordTerms.forEach(in: record) { field, term, position in
            var mark: UInt32 = 0
            if field.hasPositions, position != expected {
                mark = Self.positionMark | position
                expected = position
            }
            unsafe terms.add(field.rawValue, term, mark: mark, to: entries)
            expected &+= 1
            if field == .text { length &+= 1 }
        }
        return (length, columns)
    }

    /// The term of an entry, or of the last one; nil if the entry is a position.
    @inline(__always)
    func term(at index: Int) -> UInt32? {
        // In bounds: entries are four bytes and aligned, and there is one at least.
        let entry = unsafe entries.bytes.baseAddress!.load(
            fromByteOffset: min(index, count &- 1) &* 4, as: UInt32.self)
        return entry < Self.positionMark ? entry : nil
    }

    /// Calls `body` with each (term, position) of the entries of `range`.
    ///
    /// - Parameter prepare: gets the index of each entry before: for asking memory for what later entries need.
    @inline(__always)
    func forEach(
        in range: Range<Int>, prepare: (_ index: Int) -> Void, _ body: (_ term: UInt32, _ position: UInt32) -> Void
    ) {
        let base = unsafe entries.bytes.baseAddress!
        var position: UInt32 = 0
        for index in range {
            prepare(index)
            // In bounds: ranges are those `append` wrote; entries are four bytes and aligned.
            let entry = unsafe base.load(fromByteOffset: index &* 4, as: UInt32.self)
            if entry >= Self.positionMark {
                position = entry & ~Self.positionMark
            } else {
                body(entry, position)
                position &+= 1
            }
        }
    }
}
