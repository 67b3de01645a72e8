/// Walks the terms of blocks of the dictionary for those that a word with stars or `~` stands for. Passes over terms that cannot be
/// among them, and reads what is said of a term only when asked.
@safe struct DictionaryWalk {
    /// The term that the walk stands at.
    let key = TermKeyBuffer()
    /// Keeps the bytes that are read.
    private var slice: SectionSlice?
    private var terms = BlockTerms()
    private var entries = DictionaryEntries()
    private var index = -1
    /// A bit for each term of a field with positions, and for all behind the last one read if its field has.
    private var positioned: UInt32 = 0

    /// Begins before the first term of a block.
    ///
    /// - Parameters:
    ///   - cursor: at the start of the block, checked, in `slice`.
    ///   - postings: where those of the block's first term start; likewise `positions`.
    mutating func load(
        _ cursor: RawCursor, of slice: SectionSlice, termCount: Int, postings: UInt64, positions: UInt64,
        documentCount: UInt32
    ) throws(RawError) {
        self.slice = slice
        var cursor = cursor
        terms = try BlockTerms(&cursor, count: termCount)
        entries = DictionaryEntries(
            cursor, termCount: termCount, postings: postings, positions: positions, documentCount: documentCount)
        index = -1
        positioned = 0
        key.clear()
    }

    /// Moves to the next term; false after the last.
    ///
    /// - Parameter common: passes over terms that have more than this many bytes in common with the one that the walk stands at.
    @inline(__always)
    mutating func next(sharingAtMost common: Int = .max) throws(RawError) -> Bool {
        // The first byte, the field's, is never passed over.
        index = terms.firstSharing(atMost: common, from: index &+ 1)
        guard index < terms.count else { return false }
        let shared = terms.shared(index)
        // What it shares with the term right before it, it shares with the one that the walk stood at, too.
        try unsafe key.read(shared: shared, terms.tail(index), at: terms.offset(of: index))
        if shared == 0 {
            guard let field = unsafe IndexField(rawValue: key.bytes[0]) else {
                throw .malformed(what: unsafe "field \(key.bytes[0])", offset: terms.offset(of: index))
            }
            let behind = UInt32.max &<< UInt32(truncatingIfNeeded: index)
            positioned = field.hasPositions ? positioned | behind : positioned & ~behind
        }
        return true
    }

    /// What the dictionary says of the term that the walk stands at.
    mutating func entry() throws(RawError) -> TermEntry { try entries.entry(index, positioned: positioned) }
}
