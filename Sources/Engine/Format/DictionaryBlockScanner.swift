/// Walks the entries of one block of the dictionary.
final class DictionaryBlockScanner {
    let key = TermKeyBuffer()
    private(set) var entry = TermEntry()
    private var cursor = unsafe RawCursor(UnsafeRawBufferPointer(start: nil, count: 0))
    private var leftCount = 0
    private var postingsEnd: UInt64 = 0
    private var positionsEnd: UInt64 = 0
    private var documentCount: UInt32 = 0

    /// - Parameter bytes: of the block; kept alive by the caller until the last `next`.
    func load(
        _ bytes: UnsafeRawBufferPointer, termCount: Int, postingsStart: UInt64, positionsStart: UInt64,
        documentCount: UInt32
    ) {
        cursor = unsafe RawCursor(bytes)
        leftCount = termCount
        postingsEnd = postingsStart
        positionsEnd = positionsStart
        self.documentCount = documentCount
        key.clear()
    }

    /// Moves to the next term; false after the last.
    func next() throws(RawError) -> Bool {
        guard leftCount > 0 else {
            guard cursor.isAtEnd else { throw .malformed(what: "end of block", offset: cursor.offset) }
            return false
        }
        leftCount -= 1
        try key.read(&cursor)
        guard let field = unsafe IndexField(rawValue: key.bytes[0]) else {
            throw .malformed(what: unsafe "field \(key.bytes[0])", offset: cursor.offset)
        }
        var read = TermEntry()
        read.hasPositions = field.hasPositions
        let df = try cursor.count("document frequency", atMost: Int(documentCount))
        guard df > 0 else { throw .malformed(what: "document frequency 0", offset: cursor.offset) }
        read.documentFrequency = UInt32(df)
        if df == 1 {
            read.singleDocument = UInt32(try cursor.count("document", atMost: Int(documentCount) - 1))
            read.postings = postingsEnd..<postingsEnd
        } else {
            let length = UInt64(try cursor.count("postings length", atMost: Int(UInt32.max)))
            read.postings = postingsEnd..<(postingsEnd + length)
            postingsEnd += length
        }
        read.occurrenceCount = UInt64(df)
        read.positions = positionsEnd..<positionsEnd
        if read.hasPositions {
            read.occurrenceCount += UInt64(try cursor.count("occurrences", atMost: 1 << 48))
            if read.occurrenceCount == 1 {
                read.singlePosition = UInt32(try cursor.count("position", atMost: Int(UInt32.max)))
            } else {
                let length = UInt64(try cursor.count("positions length", atMost: Int(UInt32.max)))
                read.positions = positionsEnd..<(positionsEnd + length)
                positionsEnd += length
            }
        }
        entry = read
        return true
    }
}
