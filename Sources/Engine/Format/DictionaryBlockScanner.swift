/// Walks the entries of one block of the dictionary.
final class DictionaryBlockScanner {
    let key = TermKeyBuffer()
    private(set) var entry = TermEntry()
    private var cursor = unsafe RawCursor(UnsafeRawBufferPointer(start: nil, count: 0))
    /// Keeps the bytes that the cursor reads.
    private var slice: SectionSlice?
    private var leftCount = 0
    private var postingsEnd: UInt64 = 0
    private var positionsEnd: UInt64 = 0
    private var documentCount: UInt32 = 0

    /// - Parameter part: of the slice, where the block is.
    func load(
        _ slice: SectionSlice, _ part: Range<Int>, termCount: Int, postingsStart: UInt64, positionsStart: UInt64,
        documentCount: UInt32
    ) throws(EngineError) {
        cursor = try slice.cursor(part)
        self.slice = slice
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
        // In locals while they change: of a class each change would be looked after.
        var cursor = self.cursor
        var (postingsEnd, positionsEnd) = (self.postingsEnd, self.positionsEnd)
        try key.read(&cursor)
        guard let field = unsafe IndexField(rawValue: key.bytes[0]) else {
            throw .malformed(what: unsafe "field \(key.bytes[0])", offset: cursor.offset)
        }
        entry = try DictionaryBlock.entry(
            &cursor, hasPositions: field.hasPositions, &postingsEnd, &positionsEnd, documentCount)
        self.cursor = cursor
        (self.postingsEnd, self.positionsEnd) = (postingsEnd, positionsEnd)
        return true
    }
}
