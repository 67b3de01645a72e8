// Very many words any of which may be there: lists of names and subjects that are asked again and again. One list after the other
// is read through and added to what each document has so far, so that memory depends on the documents and not on the words.
// A hot file: bits and scores are the bag's own.

/// What has one of many words, of one segment, gathered before it is asked for. Confined to one search.
@safe
final class WordBag: WindowLeaf {
    /// From how many alternatives on they are gathered.
    static let leastCount = 256

    private let documentCount: Int
    /// A bit for each document; whole windows.
    private let bits: UnsafeMutablePointer<UInt64>
    private let bitWords: Int
    /// The score of each document; nil if none is wanted.
    private let scores: UnsafeMutablePointer<Int64>?
    private var count = 0

    init(documentCount: UInt32, isScoring: Bool) {
        self.documentCount = Int(documentCount)
        bitWords = (Int(documentCount) / Int(Window.documentCount) + 1) * Window.wordCount
        unsafe bits = .allocate(capacity: bitWords)
        unsafe bits.initialize(repeating: 0, count: bitWords)
        unsafe scores = isScoring ? .allocate(capacity: Int(documentCount)) : nil
        unsafe scores?.initialize(repeating: 0, count: Int(documentCount))
    }

    deinit {
        unsafe bits.deallocate()
        unsafe scores?.deallocate()
    }

    /// Adds the documents of a list.
    ///
    /// - Parameters:
    ///   - weight: of the word; nil if it does not score.
    ///   - times: how often the word counts.
    ///   - lengths: codes of all documents, checked.
    func add(
        _ cursor: inout TermCursor, weight: UInt64?, times: Int64, lengths: UnsafeRawBufferPointer?, table: ScoreTable
    ) throws {
        let shares = table.shares
        var document = try cursor.advance(to: 0)
        while document != TermCursor.end {
            let (documents, frequencies, blockCount) = try unsafe cursor.rest()
            for index in 0..<blockCount {
                // Ordinals of a list are below the segment's count: decoding checks it.
                let at = unsafe Int(documents[index])
                unsafe bits[at >> 6] |= 1 &<< UInt64(truncatingIfNeeded: at & 63)
                if let weight, let scores = unsafe scores, let lengths = unsafe lengths {
                    let share = unsafe shares.share(frequency: frequencies[index], lengthCode: Int(lengths[at]))
                    unsafe scores[at] &+= ScoreTable.part(weight: weight, share: share) &* times
                }
            }
            document = unsafe try cursor.advance(to: documents[blockCount &- 1] &+ 1)
        }
    }

    /// To be called when all lists were added.
    func finish() {
        count = 0
        for word in 0..<bitWords { count += unsafe bits[word].nonzeroBitCount }
    }

    override var cost: Int { count }

    override func next(from document: UInt32) -> UInt32 {
        guard document < UInt32(documentCount) else { return TermCursor.end }
        var word = Int(document >> 6)
        var rest = unsafe bits[word] & (.max &<< UInt64(document & 63))
        while rest == 0 {
            word += 1
            guard word < bitWords else { return TermCursor.end }
            rest = unsafe bits[word]
        }
        return UInt32(word << 6 | rest.trailingZeroBitCount)
    }

    override func mark(
        _ window: Window, within: UnsafePointer<UInt64>, _ out: UnsafeMutablePointer<UInt64>
    ) {
        // A window begins at a multiple of 64, but not of its own length.
        let first = Int(window.lower >> 6)
        for word in 0..<min(Window.wordCount, bitWords - first) { unsafe out[word] |= bits[first + word] }
    }

    /// The words have weights of their own, which are in what was gathered.
    override func score(_ window: Window, _ matched: UnsafePointer<UInt64>, into leaf: LeafScores) {
        guard let scores = unsafe scores else { return }
        unsafe window.forEach(in: matched) { document in
            unsafe leaf.sums[Int(document &- window.lower)] &+= scores[Int(document)]
            return true
        }
    }
}
