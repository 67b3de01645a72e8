// Where the blocks of one posting list lie, and how to decode one (docs/segment-format.md, section 6).
//
// Every place and width is checked before it is used; ordinals come out strictly ascending and below the document count.
// Valid as long as the bytes it was made from.

@safe struct PostingsLayout {
    let documentFrequency: Int
    let hasPositions: Bool
    let blockCount: Int
    private let bytes: UnsafeRawBufferPointer
    private let positionsLength: Int
    private let blocksStart: Int
    private let documentCount: UInt32

    init(
        _ bytes: UnsafeRawBufferPointer, entry: TermEntry, documentCount: UInt32
    ) throws(RawError) {
        unsafe self.bytes = unsafe bytes
        documentFrequency = Int(entry.documentFrequency)
        hasPositions = entry.hasPositions
        positionsLength = Int(entry.positions.upperBound - entry.positions.lowerBound)
        self.documentCount = documentCount
        blockCount = (documentFrequency + SegmentFormat.blockCount - 1) / SegmentFormat.blockCount
        blocksStart = blockCount > 1 ? blockCount * SegmentFormat.skipEntryBytes : 0
        guard blocksStart <= bytes.count else { throw .malformed(what: "postings length \(bytes.count)", offset: 0) }
    }

    /// Bytes of the skip entries, at the start of the list.
    var skipBytes: Int { blocksStart }

    func countInBlock(_ block: Int) -> Int {
        min(SegmentFormat.blockCount, documentFrequency - block * SegmentFormat.blockCount)
    }

    // In bounds: a block below `blockCount` has its skip entry in the first `blocksStart` bytes.
    @inline(__always)
    private func skip<Value: FixedWidthInteger & BitwiseCopyable>(_ block: Int, _ offset: Int, _: Value.Type) -> Value {
        unsafe Value(
            littleEndian: bytes.loadUnaligned(
                fromByteOffset: block * SegmentFormat.skipEntryBytes + offset, as: Value.self))
    }

    /// Last document of a block of a list of several.
    @inline(__always)
    func lastDocument(_ block: Int) -> UInt32 { skip(block, 0, UInt32.self) }
    func frequencyBound(_ block: Int) -> UInt16 { skip(block, 12, UInt16.self) }
    func lengthBound(_ block: Int) -> UInt8 { skip(block, 14, UInt8.self) }

    /// First block from `start` on whose last document is not before `target`; the block count if none is. Of a list of
    /// several blocks.
    ///
    /// - Complexity: O(log n) for a target n blocks ahead: galloping search (Bentley and Yao, 1976).
    @inline(__always)
    func block(reaching target: UInt32, from start: Int) -> Int {
        var low = start
        var step = 1
        while low &+ step <= blockCount, lastDocument(low &+ step &- 1) < target {
            low &+= step
            step &*= 2
        }
        var high = min(low &+ step, blockCount)
        while low < high {
            let middle = (low &+ high) / 2
            if lastDocument(middle) < target { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    /// Where `block` lies in the list's bytes.
    func blockRange(_ block: Int) throws(RawError) -> Range<Int> {
        guard blockCount > 1 else { return unsafe 0..<bytes.count }
        let start = block == 0 ? 0 : Int(skip(block - 1, 4, UInt32.self))
        let end = Int(skip(block, 4, UInt32.self))
        guard start <= end, unsafe end <= bytes.count - blocksStart else {
            throw .malformed(what: "place of block \(block)", offset: block * SegmentFormat.skipEntryBytes)
        }
        return (blocksStart + start)..<(blocksStart + end)
    }

    /// Where the positions of `block` lie in the list's positions.
    func positionsRange(_ block: Int) throws(RawError) -> Range<Int> {
        guard blockCount > 1 else { return 0..<positionsLength }
        let start = block == 0 ? 0 : Int(skip(block - 1, 8, UInt32.self))
        let end = Int(skip(block, 8, UInt32.self))
        guard start <= end, end <= positionsLength else {
            throw .malformed(what: "positions of block \(block)", offset: block * SegmentFormat.skipEntryBytes)
        }
        return start..<end
    }

    /// Decodes the ordinals of `block` into `documents`, which has room for a block.
    ///
    /// - Returns: where in the list the frequencies of the block start, and their width.
    func decodeDocuments(
        _ block: Int, into documents: UnsafeMutablePointer<UInt32>
    ) throws(RawError) -> (frequenciesAt: Int, frequencyWidth: Int) {
        let range = try blockRange(block)
        let count = countInBlock(block)
        var cursor = unsafe RawCursor(UnsafeRawBufferPointer(rebasing: bytes[range]))
        let width = Int(try cursor.byte())
        let frequencyWidth = hasPositions ? Int(try cursor.byte()) : 0
        try unsafe cursor.unpack(documents, count: count, width: width)
        // Sums in 64 bits cannot wrap: 128 differences below 2^32.
        var last: UInt64 = block == 0 ? 0 : UInt64(lastDocument(block - 1)) + 1
        for index in 0..<count {
            unsafe last &+= UInt64(documents[index])
            unsafe documents[index] = UInt32(truncatingIfNeeded: last)
            last &+= 1
        }
        guard last <= UInt64(documentCount), blockCount == 1 || last == UInt64(lastDocument(block)) + 1 else {
            throw .malformed(what: "ordinal in block \(block)", offset: range.lowerBound)
        }
        return (range.lowerBound + cursor.offset, frequencyWidth)
    }

    /// - Parameters: as `decodeDocuments` returned.
    func decodeFrequencies(
        _ block: Int, at start: Int, width: Int, into frequencies: UnsafeMutablePointer<UInt32>
    ) throws(RawError) {
        let range = try blockRange(block)
        let count = countInBlock(block)
        guard start <= range.upperBound else { throw .malformed(what: "frequencies", offset: start) }
        var cursor = unsafe RawCursor(UnsafeRawBufferPointer(rebasing: bytes[start..<range.upperBound]))
        try unsafe cursor.unpack(frequencies, count: count, width: width)
        guard cursor.isAtEnd else { throw .malformed(what: "end of block \(block)", offset: start) }
        for index in 0..<count {
            guard unsafe frequencies[index] < UInt32.max else { throw .malformed(what: "frequency", offset: start) }
            unsafe frequencies[index] += 1
        }
    }

    /// Decodes position differences of one block.
    ///
    /// - Parameters:
    ///   - positions: bytes of the block's positions.
    ///   - count: sum of the block's frequencies.
    ///   - out: has room for `count`.
    static func decodePositions(
        _ positions: UnsafeRawBufferPointer, count: Int, into out: UnsafeMutablePointer<UInt32>
    ) throws(RawError) {
        var cursor = unsafe RawCursor(positions)
        var done = 0
        while done < count {
            let chunk = min(SegmentFormat.blockCount, count - done)
            let width = Int(try cursor.byte())
            try unsafe cursor.unpack(out + done, count: chunk, width: width)
            done += chunk
        }
        guard cursor.isAtEnd else { throw .malformed(what: "end of positions", offset: cursor.offset) }
    }

    /// Most positions that `length` bytes can hold: a chunk of 128 takes at least one byte.
    static func positionLimit(bytes length: Int) -> Int { length * SegmentFormat.blockCount }
}
