import Synchronization

/// Memory for the lists that one search walks, used again by the next: cursors are plain structs that point into it.
///
/// Confined to one search at a time.
@safe final class SearchScratch {
    /// What one cursor needs: a block of ordinals with `padding` behind, its frequencies, a chunk of positions.
    private static let slotWords = 3 * SegmentFormat.blockCount + padding
    static let padding = BitBlock.overrun
    private static let slotsPerSlab = 16

    private var slabs: [UnsafeMutablePointer<UInt32>] = unsafe []
    private var usedSlots = 0
    private var cursorCapacity = 16
    /// The cursors of a ranked search, and what it knows of each: of one segment after the other.
    private(set) var cursors = UnsafeMutablePointer<TermCursor>.allocate(capacity: 16)
    private(set) var order = UnsafeMutablePointer<Int>.allocate(capacity: 16)
    private(set) var leaves = UnsafeMutablePointer<Int>.allocate(capacity: 16)
    private(set) var distances = UnsafeMutablePointer<Int>.allocate(capacity: 16)
    private(set) var bounds = UnsafeMutablePointer<Int64>.allocate(capacity: 16)
    private(set) var sums = UnsafeMutablePointer<Int64>.allocate(capacity: 17)
    /// One for each document of a window; zero between uses.
    let scores = UnsafeMutablePointer<Int64>.allocate(capacity: Int(Window.documentCount))
    let bits = UnsafeMutablePointer<UInt64>.allocate(capacity: Window.wordCount)
    /// What one word adds to them.
    let part = UnsafeMutablePointer<UInt64>.allocate(capacity: Window.wordCount)
    /// Documents of a block that may be hits, and the most each can score.
    let candidates = UnsafeMutablePointer<UInt32>.allocate(capacity: SegmentFormat.blockCount)
    let mosts = UnsafeMutablePointer<Int64>.allocate(capacity: SegmentFormat.blockCount)
    private var frequencies: UnsafeMutablePointer<UInt32>?
    private var frequencyCapacity = 0
    private var entries = UnsafeMutablePointer<TermEntry?>.allocate(capacity: 64)
    private var entryCapacity = 64
    private var liveCounts = UnsafeMutablePointer<Int>.allocate(capacity: 16)
    private var liveCountCapacity = 16
    /// Places of the words of a phrase.
    let phrase = PhraseStarts()
    /// Of the search that uses it.
    var stop: SearchStop? { didSet { phrase.stop = stop } }

    init() {
        unsafe scores.initialize(repeating: 0, count: Int(Window.documentCount))
        unsafe bits.initialize(repeating: 0, count: Window.wordCount)
    }

    deinit {
        unsafe slabs.forEach { unsafe $0.deallocate() }
        releaseFrequencies()
        releaseCursors()
        unsafe entries.deallocate()
        unsafe liveCounts.deallocate()
        unsafe scores.deallocate()
        unsafe bits.deallocate()
        unsafe part.deallocate()
        unsafe candidates.deallocate()
        unsafe mosts.deallocate()
    }

    private func releaseCursors() {
        unsafe cursors.deallocate()
        unsafe order.deallocate()
        unsafe leaves.deallocate()
        unsafe distances.deallocate()
        unsafe bounds.deallocate()
        unsafe sums.deallocate()
    }

    /// Makes room for the cursors of `count` words. What was there is lost.
    func reserve(_ count: Int) {
        guard count > cursorCapacity else { return }
        releaseCursors()
        cursorCapacity = count
        unsafe cursors = .allocate(capacity: count)
        unsafe order = .allocate(capacity: count)
        unsafe leaves = .allocate(capacity: count)
        unsafe distances = .allocate(capacity: count)
        unsafe bounds = .allocate(capacity: count)
        unsafe sums = .allocate(capacity: count + 1)
    }

    /// Takes a word's cursor, for which room is reserved, as the next in the order.
    ///
    /// - Parameter count: of the words so far.
    func add(_ word: Int, _ cursor: TermCursor, to count: Int) {
        unsafe (cursors + word).initialize(to: cursor)
        unsafe order[count] = word
    }

    /// Puts words in the order of their frequency, equal ones as they were.
    func sortRarestFirst(_ count: Int) {
        guard count <= Self.fewWordsCount else {
            var all = unsafe UnsafeMutableBufferPointer(start: order, count: count)
            return unsafe all.sort {
                let (left, right) = unsafe (cursors[$0].documentFrequency, cursors[$1].documentFrequency)
                return left != right ? left < right : $0 < $1
            }
        }
        for place in 1..<max(count, 1) {
            let word = unsafe order[place]
            let frequency = unsafe cursors[word].documentFrequency
            var at = place
            while at > 0, unsafe cursors[order[at &- 1]].documentFrequency > frequency {
                unsafe order[at] = order[at &- 1]
                at &-= 1
            }
            unsafe order[at] = word
        }
    }

    /// Up to so many are sorted by insertion.
    private static let fewWordsCount = 16

    func reset() { usedSlots = 0 }

    /// A number for each document of a segment: all zero, and to be left so.
    func frequencies(_ count: Int) -> UnsafeMutablePointer<UInt32> {
        if let frequencies = unsafe frequencies, count <= frequencyCapacity { return unsafe frequencies }
        releaseFrequencies()
        let made = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
        unsafe made.initialize(repeating: 0, count: count)
        unsafe frequencies = unsafe made
        frequencyCapacity = count
        return unsafe made
    }

    /// What segments' dictionaries say of terms: nil all.
    func entries(_ count: Int) -> UnsafeMutablePointer<TermEntry?> {
        if count > entryCapacity {
            unsafe entries.deallocate()
            unsafe entries = .allocate(capacity: count)
            entryCapacity = count
        }
        // Plain values: nothing that was there is to be released.
        unsafe entries.initialize(repeating: nil, count: count)
        return unsafe entries
    }

    /// Live documents of terms: zero all.
    func liveCounts(_ count: Int) -> UnsafeMutablePointer<Int> {
        if count > liveCountCapacity {
            unsafe liveCounts.deallocate()
            unsafe liveCounts = .allocate(capacity: count)
            liveCountCapacity = count
        }
        unsafe liveCounts.initialize(repeating: 0, count: count)
        return unsafe liveCounts
    }

    private func releaseFrequencies() {
        unsafe frequencies?.deallocate()
        unsafe frequencies = nil
        frequencyCapacity = 0
    }

    /// Calls `body`, and takes back the slots that it took: cursors over them must not be used any more.
    func withSlots<Result>(_ body: () throws -> Result) rethrows -> Result {
        let before = usedSlots
        defer { usedSlots = before }
        return try body()
    }

    /// Memory of one cursor, as long as it is not taken back.
    func slot() -> UnsafeMutablePointer<UInt32> {
        if unsafe usedSlots == slabs.count * Self.slotsPerSlab {
            unsafe slabs.append(.allocate(capacity: Self.slotWords * Self.slotsPerSlab))
        }
        defer { usedSlots += 1 }
        return unsafe slabs[usedSlots / Self.slotsPerSlab] + usedSlots % Self.slotsPerSlab * Self.slotWords
    }

    // MARK: Pool

    /// `@unchecked`: each is in the pool or with one search.
    private struct Pool: @unchecked Sendable {
        var free: [SearchScratch] = []
    }

    private static let pool = Mutex(Pool())
    private static let keptCount = 8
    /// A query of very many words must not keep its memory: a megabyte is.
    private static let keptSlabCount = 32
    private static let keptTermCount = 1024
    private static let keptEntryCount = 1 << 16
    private static let keptFrequencyCount = 1 << 18

    static func take() -> SearchScratch { pool.withLock { $0.free.popLast() } ?? SearchScratch() }

    static func give(_ scratch: SearchScratch) {
        scratch.reset()
        scratch.stop = nil
        guard unsafe scratch.slabs.count <= keptSlabCount, scratch.cursorCapacity <= keptTermCount,
            scratch.liveCountCapacity <= keptTermCount, scratch.entryCapacity <= keptEntryCount
        else { return }
        if scratch.frequencyCapacity > keptFrequencyCount { scratch.releaseFrequencies() }
        scratch.phrase.releaseMuch()
        // Nobody has it any more.
        nonisolated(unsafe) let one = scratch
        pool.withLock { pool in
            if pool.free.count < keptCount { unsafe pool.free.append(one) }
        }
    }
}
