// Walks the documents of one term in one segment, block by block; frequencies and positions are decoded only when asked for.

/// Decoded values of one block. Confined to the cursor that made it.
@safe private final class BlockBuffer {
    let documents = UnsafeMutablePointer<UInt32>.allocate(capacity: SegmentFormat.blockCount)
    let frequencies = UnsafeMutablePointer<UInt32>.allocate(capacity: SegmentFormat.blockCount)
    /// Position differences of the block.
    private(set) var positions = UnsafeMutablePointer<UInt32>.allocate(capacity: 1024)
    private var positionCapacity = 1024

    func reservePositions(_ count: Int) {
        guard count > positionCapacity else { return }
        unsafe positions.deallocate()
        positionCapacity = count
        unsafe positions = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
    }

    deinit {
        unsafe documents.deallocate()
        unsafe frequencies.deallocate()
        unsafe positions.deallocate()
    }
}

/// A position in a posting list. Starts before the first document: call `next` or `seek` first.
package struct PostingsCursor {
    /// What `document` is after the last one.
    package static let end = UInt32.max

    package let segment: SegmentReader
    package let entry: TermEntry
    /// Current document; `end` after the last, and before the first `next` or `seek`.
    package private(set) var document = Self.end

    private var postings: SectionSlice
    private var positionBytes: SectionSlice
    private let layout: PostingsLayout?
    private let buffer = BlockBuffer()
    /// Block that is decoded; -1 before the first.
    private var block = -1
    private var countInBlock = 0
    private var indexInBlock = 0
    private var frequenciesAt = 0
    private var hasFrequencies = false
    private var hasBlockPositions = false

    /// - Parameters:
    ///   - postings: slice of section `postings` for `entry`.
    ///   - positions: slice of section `positions`, or an empty one if positions are not needed.
    package init(
        _ segment: SegmentReader, _ entry: TermEntry, postings: SectionSlice, positions: SectionSlice
    ) throws(EngineError) {
        self.segment = segment
        self.entry = entry
        self.postings = postings
        positionBytes = positions
        guard entry.documentFrequency > 1 else {
            layout = nil
            return
        }
        let bytes = unsafe postings.unchecked
        layout = try segment.decoding(.postings, at: postings.range.lowerBound) { () throws(RawError) in
            try unsafe PostingsLayout(bytes, entry: entry, documentCount: segment.footer.documentCount)
        }
        try self.postings.check(0..<layout!.skipBytes)
    }

    package var documentFrequency: Int { Int(entry.documentFrequency) }

    /// Moves to the next document, or to `end`.
    @inline(__always)
    package mutating func next() throws(EngineError) -> UInt32 {
        if indexInBlock &+ 1 < countInBlock, block >= 0, document != Self.end {
            indexInBlock &+= 1
            document = unsafe buffer.documents[indexInBlock]
            return document
        }
        return try nextBlock()
    }

    private mutating func nextBlock() throws(EngineError) -> UInt32 {
        guard let layout else { return nextSingle() }
        guard block + 1 < layout.blockCount else {
            block = layout.blockCount
            document = Self.end
            return document
        }
        try load(block + 1)
        return document
    }

    private mutating func nextSingle() -> UInt32 {
        document = block < 0 ? entry.singleDocument : Self.end
        block = block < 0 ? 0 : 1
        countInBlock = 0
        return document
    }

    /// Moves to the first document that is not before `target`, or to `end`. Never moves back.
    package mutating func seek(_ target: UInt32) throws(EngineError) -> UInt32 {
        if document != Self.end, document >= target { return document }
        guard let layout else {
            if block < 0 { _ = nextSingle() }
            if document != Self.end, document < target { _ = nextSingle() }
            return document
        }
        guard block < layout.blockCount else { return Self.end }
        if layout.blockCount > 1 {
            let wanted = layout.block(reaching: target, from: max(block, 0))
            guard wanted < layout.blockCount else {
                block = layout.blockCount
                document = Self.end
                return document
            }
            if wanted != block { try load(wanted) }
        } else if block < 0 {
            try load(0)
        }
        while indexInBlock < countInBlock, unsafe buffer.documents[indexInBlock] < target { indexInBlock += 1 }
        if indexInBlock == countInBlock {
            block = layout.blockCount
            document = Self.end
        } else {
            document = unsafe buffer.documents[indexInBlock]
        }
        return document
    }

    private mutating func load(_ wanted: Int) throws(EngineError) {
        let layout = layout!
        let start = postings.range.lowerBound
        let buffer = buffer
        let range = try segment.decoding(.postings, at: start) { () throws(RawError) in try layout.blockRange(wanted) }
        try postings.check(range)
        frequenciesAt = try segment.decoding(.postings, at: start) { () throws(RawError) in
            try unsafe layout.decodeDocuments(wanted, into: buffer.documents)
        }
        hasFrequencies = false
        hasBlockPositions = false
        block = wanted
        countInBlock = layout.countInBlock(wanted)
        indexInBlock = 0
        document = unsafe buffer.documents[0]
    }

    // MARK: Frequency and positions of the current document

    /// How often the term stands in the current document; 1 for fields without positions.
    package mutating func frequency() throws(EngineError) -> UInt32 {
        guard entry.hasPositions else { return 1 }
        guard layout != nil else { return UInt32(clamping: entry.occurrenceCount) }
        try loadFrequencies()
        return unsafe buffer.frequencies[indexInBlock]
    }

    private mutating func loadFrequencies() throws(EngineError) {
        guard !hasFrequencies, let layout else { return }
        let (block, start, buffer) = (block, frequenciesAt, buffer)
        try segment.decoding(.postings, at: postings.range.lowerBound) { () throws(RawError) in
            try unsafe layout.decodeFrequencies(block, at: start, into: buffer.frequencies)
        }
        hasFrequencies = true
    }

    /// Replaces `out` by the positions of the current document, ascending.
    package mutating func positions(into out: inout [UInt32]) throws(EngineError) {
        out.removeAll(keepingCapacity: true)
        guard entry.hasPositions else { return }
        guard entry.occurrenceCount > 1 else { return out.append(entry.singlePosition) }
        try loadPositions()
        var first = 0
        var count = Int(clamping: entry.occurrenceCount)
        if layout != nil {
            for index in 0..<indexInBlock { unsafe first += Int(buffer.frequencies[index]) }
            count = unsafe Int(buffer.frequencies[indexInBlock])
        }
        var position: UInt32 = 0
        for index in first..<(first + count) {
            unsafe position &+= buffer.positions[index]
            out.append(position)
        }
    }

    private mutating func loadPositions() throws(EngineError) {
        guard !hasBlockPositions else { return }
        try loadFrequencies()
        var range = 0..<Int(entry.positions.upperBound - entry.positions.lowerBound)
        var count = Int(clamping: entry.occurrenceCount)
        if let layout {
            let block = block
            range = try segment.decoding(.postings, at: postings.range.lowerBound) { () throws(RawError) in
                try layout.positionsRange(block)
            }
            count = 0
            for index in 0..<countInBlock { unsafe count += Int(buffer.frequencies[index]) }
        }
        precondition(positionBytes.range == entry.positions, "positions were not asked for when the cursor was made")
        guard count <= PostingsLayout.positionLimit(bytes: range.count) else {
            throw segment.corrupt(.positions, entry.positions.lowerBound, "\(count) positions in \(range.count) bytes")
        }
        try positionBytes.check(range)
        let buffer = buffer
        buffer.reservePositions(count)
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: positionBytes.unchecked[range])
        try segment.decoding(.positions, at: entry.positions.lowerBound + UInt64(range.lowerBound)) {
            () throws(RawError) in
            try unsafe PostingsLayout.decodePositions(bytes, count: count, into: buffer.positions)
        }
        hasBlockPositions = true
    }

    // MARK: Bounds for skipping

    /// What is known of a block of documents without decoding it.
    package struct BlockBound: Equatable, Sendable {
        /// Last document of the block.
        package let lastDocument: UInt32
        package let impacts: Impacts
    }

    /// The bound of the first block that reaches `target`; nil if the list ends before. Does not move the cursor. Of a list
    /// with positions and several blocks.
    package func bound(reaching target: UInt32) -> BlockBound? {
        guard let layout, layout.blockCount > 1, entry.hasPositions else {
            preconditionFailure("a list of one block or without positions has no bounds")
        }
        let wanted = layout.block(reaching: target, from: max(block, 0))
        guard wanted < layout.blockCount else { return nil }
        return BlockBound(lastDocument: layout.lastDocument(wanted), impacts: layout.impacts(wanted))
    }
}
