import News

// A word's documents in one segment, for search. A hot file: the cursor is a plain struct that lies in raw memory, so that
// walking it counts no references; what it points to is kept by the search that made it.

/// A place in a posting list. Starts before the first document: call `advance` first.
@safe struct TermCursor {
    /// What `document` is after the last one.
    static let end = UInt32.max

    /// Documents of the segment with the word.
    let documentFrequency: Int
    let blockCount: Int
    /// Current document; `end` after the last.
    private(set) var document: UInt32 = 0

    private let segment: Unmanaged<SegmentReader>
    private let layout: PostingsLayout?
    private let postings: PagedBytes?
    private let positions: PagedBytes?
    private let entryOccurrences: Int
    private let singlePosition: UInt32
    private let hasPositions: Bool
    private let listStart: UInt64
    private let positionsStart: UInt64

    private let documents: UnsafeMutablePointer<UInt32>
    private let frequencies: UnsafeMutablePointer<UInt32>
    private let chunk: UnsafeMutablePointer<UInt32>

    /// Block that is decoded; -1 before the first, `blockCount` at the end.
    private var block = -1
    private var index = 0
    private var countInBlock = 0
    private var lastInBlock: UInt32 = 0
    private var frequenciesAt = 0
    private var hasFrequencies = false
    /// Block that `boundBlock(reaching:)` came to.
    private var boundBlock = 0
    /// Block of `bound`; -1 for none.
    private var blockOfBound = -1
    private var bound: UInt64 = 0

    // The chunk of positions that is decoded: its number in the block, -1 for none; where the block's positions and the next
    // chunk start in the list's; positions of the block, and of its documents before `countedIndex`.
    private var chunkNumber = -1
    private var positionsAt = 0
    private var nextChunkAt = 0
    private var positionsEnd = 0
    private var positionCount = -1
    private var countedIndex = 0
    private var countedPositions = 0

    /// - Parameters:
    ///   - postings: of `entry`, kept by the caller as long as the cursor; nil if they are empty.
    ///   - positions: likewise; nil if they are not needed.
    ///   - memory: a slot of the search's scratch.
    init(
        _ entry: TermEntry, of segment: SegmentReader, postings: PagedBytes?, positions: PagedBytes?,
        memory: UnsafeMutablePointer<UInt32>
    ) throws(EngineError) {
        unsafe self.segment = Unmanaged.passUnretained(segment)
        documentFrequency = Int(entry.documentFrequency)
        self.postings = postings
        self.positions = positions
        entryOccurrences = Int(clamping: entry.occurrenceCount)
        singlePosition = entry.singlePosition
        hasPositions = entry.hasPositions
        listStart = entry.postings.lowerBound
        positionsStart = entry.positions.lowerBound
        unsafe documents = unsafe memory
        unsafe frequencies = unsafe memory + SegmentFormat.blockCount + SearchScratch.padding
        unsafe chunk = unsafe memory + 2 * SegmentFormat.blockCount + SearchScratch.padding
        guard entry.documentFrequency > 1 else {
            layout = nil
            blockCount = 1
            unsafe documents[0] = entry.singleDocument
            for place in 1...SearchScratch.padding { unsafe documents[place] = Self.end }
            unsafe frequencies[0] = hasPositions ? UInt32(clamping: entry.occurrenceCount) : 1
            return
        }
        let bytes = unsafe postings?.unchecked ?? UnsafeRawBufferPointer(start: nil, count: 0)
        let layout = try segment.decoding(.postings, at: listStart) { () throws(RawError) in
            try unsafe PostingsLayout(bytes, entry: entry, documentCount: segment.footer.documentCount)
        }
        self.layout = layout
        blockCount = layout.blockCount
        try postings?.check(0..<layout.skipBytes)
    }

    // MARK: Documents

    /// Moves to the first document that is not before `target`, or to `end`. Never moves back.
    @inline(__always)
    @discardableResult
    mutating func advance(to target: UInt32) throws(EngineError) -> UInt32 {
        if block < 0 || target > lastInBlock {
            guard try enterBlock(reaching: target) else { return Self.end }
        } else if document >= target {
            return document
        }
        // The block reaches the target, so this ends within it. Where among the last four cannot be guessed, so they are counted.
        var at = index
        while unsafe documents[at &+ 3] < target { at &+= 4 }
        let first = unsafe documents[at] < target ? 1 : 0
        let second = unsafe documents[at &+ 1] < target ? 1 : 0
        let third = unsafe documents[at &+ 2] < target ? 1 : 0
        at &+= first &+ second &+ third
        index = at
        document = unsafe documents[at]
        return document
    }

    /// Moves to the next document, or to `end`.
    @inline(__always)
    @discardableResult
    mutating func next() throws(EngineError) -> UInt32 {
        if index &+ 1 < countInBlock {
            index &+= 1
            document = unsafe documents[index]
            return document
        }
        return try advance(to: document == Self.end ? Self.end : document &+ 1)
    }

    @inline(never)
    private mutating func enterBlock(reaching target: UInt32) throws(EngineError) -> Bool {
        guard block < blockCount else { return false }
        var wanted = max(block, 0)
        if blockCount > 1 {
            wanted = layout!.block(reaching: target, from: wanted)
        } else if block == 0 {
            wanted = 1
        }
        if wanted < blockCount { try load(wanted) }
        // A list of one block shows where it ends only now.
        guard wanted < blockCount, lastInBlock >= target else {
            block = blockCount
            document = Self.end
            index = 0
            countInBlock = 0
            lastInBlock = Self.end
            return false
        }
        return true
    }

    private mutating func load(_ wanted: Int) throws(EngineError) {
        block = wanted
        index = 0
        chunkNumber = -1
        positionCount = -1
        countedIndex = 0
        countedPositions = 0
        guard let layout else {
            countInBlock = 1
            lastInBlock = unsafe documents[0]
            document = lastInBlock
            hasFrequencies = true
            return
        }
        guard let postings else {
            throw located(.malformed(what: "an empty list", offset: 0), .postings, listStart)
        }
        hasFrequencies = !hasPositions
        countInBlock = layout.countInBlock(wanted)
        do throws(RawError) {
            let range = try layout.blockRange(wanted)
            do throws(EngineError) { try postings.check(range) } catch { throw .damaged(error) }
            frequenciesAt = try unsafe layout.decodeDocuments(wanted, into: documents)
        } catch {
            throw located(error, .postings, listStart)
        }
        lastInBlock = unsafe documents[countInBlock &- 1]
        for place in 0..<SearchScratch.padding { unsafe documents[countInBlock &+ place] = Self.end }
        document = unsafe documents[0]
    }

    private func located(_ error: RawError, _ section: SectionKind, _ start: UInt64) -> EngineError {
        unsafe segment.takeUnretainedValue().located(error, section, start)
    }

    // MARK: Frequencies

    /// How often the word stands in the current document; 1 for fields without positions.
    @inline(__always)
    mutating func frequency() throws(EngineError) -> UInt32 {
        if !hasFrequencies { try loadFrequencies() }
        return unsafe hasPositions ? frequencies[index] : 1
    }

    private mutating func loadFrequencies() throws(EngineError) {
        do throws(RawError) {
            try unsafe layout!.decodeFrequencies(block, at: frequenciesAt, into: frequencies)
        } catch {
            throw located(error, .postings, listStart)
        }
        hasFrequencies = true
    }

    // MARK: Whole blocks

    /// Documents of a block, ascending, and how often the word stands in each.
    typealias Rest = (documents: UnsafePointer<UInt32>, frequencies: UnsafePointer<UInt32>, count: Int)

    /// The decoded block, from the current document on.
    @inline(__always)
    mutating func rest() throws(EngineError) -> Rest {
        if !hasFrequencies { try loadFrequencies() }
        return unsafe (
            UnsafePointer(documents + index), UnsafePointer(frequencies + index), countInBlock &- index
        )
    }

    /// The ordinals of the decoded block from the current document on.
    @inline(__always)
    var documentsInBlock: UnsafeBufferPointer<UInt32> {
        unsafe UnsafeBufferPointer(start: documents + index, count: countInBlock &- index)
    }

    // MARK: Marks

    /// At most the first document from `target` on, exact but for blocks of bits; `end` if there is none. For a cursor that
    /// is asked nothing else but `mark`; targets must not descend.
    mutating func lowerBound(from target: UInt32) throws(EngineError) -> UInt32 {
        guard blockCount > 1 else { return try advance(to: target) }
        let reached = boundBlock(reaching: target)
        guard reached < blockCount else { return Self.end }
        guard try unsafe bits(ofBlock: reached) != nil else { return try advance(to: target) }
        return max(target, layout!.documentBefore(reached) &+ 1)
    }

    /// Sets the bits of its documents in the window, and some behind its end. Windows must not descend.
    mutating func mark(_ window: Window, _ marked: UnsafeMutablePointer<UInt64>) throws(EngineError) {
        var target = window.lower
        while target < window.upper {
            if blockCount > 1 {
                let reached = boundBlock(reaching: target)
                guard reached < blockCount else { return }
                if let bits = try unsafe bits(ofBlock: reached) {
                    let first = layout!.documentBefore(reached) &+ 1
                    unsafe BitBlock.union(
                        bits, at: Int(first) &- Int(window.lower), into: marked, wordCount: Window.wordCount)
                    target = layout!.lastDocument(reached) &+ 1
                    continue
                }
            }
            guard try advance(to: target) < window.upper else { return }
            let documents = unsafe documentsInBlock
            if lastInBlock < window.upper {
                unsafe window.set(documents, in: marked)
            } else {
                for index in 0..<documents.count {
                    let document = unsafe documents[index]
                    if document >= window.upper { break }
                    unsafe window.set(document, in: marked)
                }
            }
            target = lastInBlock &+ 1
        }
    }

    /// Of a block of a list of several; nil if it is not one of bits.
    @inline(__always)
    private func bits(ofBlock block: Int) throws(EngineError) -> UnsafeRawBufferPointer? {
        do throws(RawError) {
            let range = try layout!.blockRange(block)
            do throws(EngineError) { try postings!.check(range) } catch { throw .damaged(error) }
            return try unsafe layout!.bits(block, in: range)
        } catch {
            throw located(error, .postings, listStart)
        }
    }

    // MARK: Bounds

    var isBeforeFirst: Bool { block < 0 }

    /// Whether `advance` came to the end.
    var isAtEnd: Bool { block == blockCount }

    /// Whether there is more to know of blocks than that they may hold the best.
    @inline(__always)
    var hasBounds: Bool { blockCount > 1 && hasPositions }

    /// The block that holds the first document that is not before `target`, without decoding it; the block count if the list
    /// ends before. Targets must not descend. Of a list of several blocks.
    @inline(__always)
    mutating func boundBlock(reaching target: UInt32) -> Int {
        if boundBlock < blockCount, layout!.lastDocument(boundBlock) < target {
            boundBlock = layout!.block(reaching: target, from: boundBlock)
        }
        return boundBlock
    }

    /// Of a list of several blocks.
    @inline(__always)
    func lastDocument(ofBlock block: Int) -> UInt32 { layout!.lastDocument(block) }

    /// Of a list with bounds.
    @inline(__always)
    func impacts(ofBlock block: Int) -> Impacts { layout!.impacts(block) }

    /// The most a document of the block can get, in 2^-32. Of a list with bounds, and always by the same table.
    @inline(__always)
    mutating func bound(ofBlock block: Int, by table: ScoreTable) -> UInt64 {
        if block != blockOfBound {
            blockOfBound = block
            bound = table.bound(impacts(ofBlock: block))
        }
        return bound
    }

    // MARK: Positions

    /// Puts the positions of the current document into `out`, ascending.
    mutating func positions(into out: PlaceBuffer) throws(EngineError) {
        guard hasPositions else { return out.count = 0 }
        guard entryOccurrences > 1 else { return unsafe out.begin(1)[0] = singlePosition }
        var at = try firstPlace()
        // No more than the block's positions, of which there are no more than its bytes can hold; a record has no more words than bytes.
        var left = unsafe Int(frequencies[index])
        guard left <= Limits.recordBytes else {
            throw unsafe segment.takeUnretainedValue().corrupt(.postings, listStart, "\(left) times in one article")
        }
        var target = unsafe out.begin(left)
        var position: UInt32 = 0
        while left > 0 {
            let run = try unsafe run(at, left)
            for place in unsafe 0..<run.count {
                unsafe position &+= run.differences[place]
                unsafe target[place] = position
            }
            unsafe target += run.count
            unsafe at &+= run.count
            unsafe left &-= run.count
        }
    }

    /// Whether the word stands at two positions in the current document: two are sought at the price of one.
    mutating func stands(at first: UInt32, _ second: UInt32) throws(EngineError) -> (Bool, Bool) {
        guard hasPositions else { return (false, false) }
        guard entryOccurrences > 1 else { return (singlePosition == first, singlePosition == second) }
        let last = max(first, second)
        var at = try firstPlace()
        var left = unsafe Int(frequencies[index])
        var position: UInt32 = 0
        var (hasFirst, hasSecond) = (false, false)
        repeat {
            let run = try unsafe run(at, left)
            for place in unsafe 0..<run.count {
                unsafe position &+= run.differences[place]
                hasFirst = hasFirst || position == first
                hasSecond = hasSecond || position == second
            }
            unsafe at &+= run.count
            unsafe left &-= run.count
        } while left > 0 && position < last
        return (hasFirst, hasSecond)
    }

    /// Where the current document's positions begin among those of its block. Of a word with several.
    @inline(__always)
    private mutating func firstPlace() throws(EngineError) -> Int {
        if !hasFrequencies { try loadFrequencies() }
        if positionCount < 0 { try beginPositions() }
        var counted = countedPositions
        for place in countedIndex..<max(index, countedIndex) { unsafe counted &+= Int(frequencies[place]) }
        countedIndex = max(index, countedIndex)
        countedPositions = counted
        return counted
    }

    /// Position differences of the block from `place` on: at most `most`, and no more than its chunk has.
    @inline(__always)
    private mutating func run(
        _ place: Int, _ most: Int
    ) throws(EngineError) -> (differences: UnsafePointer<UInt32>, count: Int) {
        let number = place / SegmentFormat.blockCount
        if number != chunkNumber { try loadChunk(number) }
        let offset = place % SegmentFormat.blockCount
        return unsafe (UnsafePointer(chunk + offset), min(most, SegmentFormat.blockCount &- offset))
    }

    private mutating func beginPositions() throws(EngineError) {
        // They were asked for if the plan needs them: then the dictionary says that there are none.
        guard let positions else {
            throw unsafe segment.takeUnretainedValue().corrupt(
                .positions, positionsStart, "no positions of \(entryOccurrences) occurrences")
        }
        var range = 0..<positions.count
        if let layout {
            do throws(RawError) { range = try layout.positionsRange(block) } catch {
                throw located(error, .postings, listStart)
            }
        }
        try positions.check(range)
        positionsAt = range.lowerBound
        nextChunkAt = range.lowerBound
        positionsEnd = range.upperBound
        positionCount = 0
        for place in 0..<countInBlock { unsafe positionCount &+= Int(frequencies[place]) }
        guard positionCount <= PostingsLayout.positionLimit(bytes: range.count) else {
            throw unsafe segment.takeUnretainedValue().corrupt(
                .positions, positionsStart, "\(positionCount) positions in \(range.count) bytes")
        }
    }

    private mutating func loadChunk(_ wanted: Int) throws(EngineError) {
        // A word that stands twice in a phrase is asked twice for the same document.
        if wanted < chunkNumber {
            nextChunkAt = positionsAt
            chunkNumber = -1
        }
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: positions!.unchecked[nextChunkAt..<positionsEnd])
        var cursor = unsafe RawCursor(bytes)
        do throws(RawError) {
            var number = chunkNumber + 1
            while number < wanted {
                try PackedBlock.skipPatched(&cursor, count: SegmentFormat.blockCount)
                number += 1
            }
            let count = min(SegmentFormat.blockCount, positionCount - wanted * SegmentFormat.blockCount)
            try unsafe PackedBlock.unpackPatched(&cursor, count: count, into: chunk)
        } catch {
            throw located(error, .positions, positionsStart + UInt64(nextChunkAt))
        }
        nextChunkAt += cursor.offset
        chunkNumber = wanted
    }
}
