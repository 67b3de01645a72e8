/// Walks the entries of one block of the dictionary.
final class DictionaryBlockScanner {
    let key = TermKeyBuffer()
    private(set) var entry = TermEntry()
    private var cursor = unsafe RawCursor(UnsafeRawBufferPointer(start: nil, count: 0))
    /// Keeps the bytes that are read.
    private var slice: SectionSlice?
    private var termCount = 0
    /// Where the lists of the block's terms lie.
    private var postings: Range<UInt64> = 0..<0
    private var positions: Range<UInt64> = 0..<0
    private var documentCount: UInt32 = 0
    /// Once `isOpen`.
    private var terms = BlockTerms()
    /// Unchecked: changed by `open` and `next` alone. Checked at each change, a search by prefix took 1.04 of the instructions.
    @exclusivity(unchecked) private var entries = DictionaryEntries()
    private var isOpen = false
    private var nextIndex = 0

    /// - Parameter part: of the slice, where the block is.
    func load(
        _ slice: SectionSlice, _ part: Range<Int>, termCount: Int, postings: Range<UInt64>, positions: Range<UInt64>,
        documentCount: UInt32
    ) throws(EngineError) {
        cursor = try slice.cursor(part)
        self.slice = slice
        self.termCount = termCount
        self.postings = postings
        self.positions = positions
        self.documentCount = documentCount
        isOpen = false
        key.clear()
    }

    private func open() throws(RawError) {
        terms = try BlockTerms(&cursor, count: termCount)
        unsafe entries = DictionaryEntries(
            cursor, termCount: termCount, postings: postings.lowerBound, positions: positions.lowerBound,
            documentCount: documentCount)
        nextIndex = 0
        isOpen = true
    }

    /// Moves to the next term; false after the last.
    func next() throws(RawError) -> Bool {
        if !isOpen { try open() }
        let index = nextIndex
        guard index < terms.count else {
            try unsafe entries.requireEnd(postings: postings.upperBound, positions: positions.upperBound)
            return false
        }
        nextIndex = index &+ 1
        try unsafe key.read(shared: terms.shared(index), terms.tail(index), at: terms.offset(of: index))
        guard let field = unsafe IndexField(rawValue: key.bytes[0]) else {
            throw .malformed(what: unsafe "field \(key.bytes[0])", offset: terms.offset(of: index))
        }
        entry = try unsafe entries.next(index, hasPositions: field.hasPositions)
        return true
    }
}
