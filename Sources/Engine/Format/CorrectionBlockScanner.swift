/// Walks the entries of one block of the corrections.
final class CorrectionBlockScanner {
    let key = TermKeyBuffer()
    /// Kills whose losers have the term, ascending.
    private(set) var ordinals: [UInt32] = []
    private var cursor = unsafe RawCursor(UnsafeRawBufferPointer(start: nil, count: 0))
    /// Keeps the bytes that the cursor reads.
    private var slice: SectionSlice?
    private var termCount = 0
    private var killCount: UInt32 = 0
    /// Once `isOpen`.
    private var terms = BlockTerms()
    private var isOpen = false
    private var nextIndex = 0

    /// - Parameter part: of the slice, where the block is.
    func load(
        _ slice: SectionSlice, _ part: Range<Int>, termCount: Int, killCount: UInt32
    ) throws(EngineError) {
        cursor = try slice.cursor(part)
        self.slice = slice
        self.termCount = termCount
        self.killCount = killCount
        isOpen = false
        key.clear()
    }

    /// Moves to the next term; false after the last.
    func next() throws(RawError) -> Bool {
        if !isOpen {
            terms = try BlockTerms(&cursor, count: termCount)
            nextIndex = 0
            isOpen = true
        }
        guard nextIndex < terms.count else {
            guard cursor.isAtEnd else { throw .malformed(what: "end of block", offset: cursor.offset) }
            return false
        }
        try unsafe key.read(shared: terms.shared(nextIndex), terms.tail(nextIndex), at: terms.offset(of: nextIndex))
        nextIndex += 1
        let count = try cursor.count("kill count", atMost: min(Int(killCount), cursor.remaining))
        ordinals.removeAll(keepingCapacity: true)
        var ordinal = 0
        for index in 0..<count {
            let step = try cursor.count("kill", atMost: Int(killCount))
            guard index == 0 || step > 0, ordinal + step < Int(killCount) else {
                throw .malformed(what: "kill \(ordinal + step)", offset: cursor.offset)
            }
            ordinal += step
            ordinals.append(UInt32(ordinal))
        }
        return true
    }
}
