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
        blocksStart =
            blockCount > 1 ? blockCount * Self.skipBytes(hasPositions: entry.hasPositions) : 0
        guard blocksStart <= bytes.count else { throw .malformed(what: "postings length \(bytes.count)", offset: 0) }
    }

    /// What a block of a list of several takes before the blocks: last ordinal, ends, impacts, each in an array of its own.
    static func skipBytes(hasPositions: Bool) -> Int { hasPositions ? 12 + Impacts.byteCount : 8 }

    /// Bytes before the blocks, at the start of the list.
    var skipBytes: Int { blocksStart }

    func countInBlock(_ block: Int) -> Int {
        min(SegmentFormat.blockCount, documentFrequency - block * SegmentFormat.blockCount)
    }

    // In bounds: the arrays for `blockCount` blocks fill the first `blocksStart` bytes.
    @inline(__always)
    private func word(_ place: Int) -> UInt32 {
        unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }

    /// Last document of a block of a list of several.
    @inline(__always)
    func lastDocument(_ block: Int) -> UInt32 { word(block &* 4) }

    @inline(__always)
    private func postingsEnd(_ block: Int) -> Int { Int(word((blockCount &+ block) &* 4)) }

    @inline(__always)
    private func positionsEnd(_ block: Int) -> Int { Int(word((2 &* blockCount &+ block) &* 4)) }

    /// Of a block of a list of several with positions.
    @inline(__always)
    func impacts(_ block: Int) -> Impacts {
        let at = 12 &* blockCount &+ Impacts.byteCount &* block
        return unsafe Impacts(
            pairs: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at &+ 1, as: UInt64.self)),
            isExact: bytes.load(fromByteOffset: at, as: UInt8.self) == 0)
    }

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
    @inline(__always)
    func blockRange(_ block: Int) throws(RawError) -> Range<Int> {
        guard blockCount > 1 else { return unsafe 0..<bytes.count }
        let start = block == 0 ? 0 : postingsEnd(block &- 1)
        let end = postingsEnd(block)
        guard start <= end, unsafe end <= bytes.count &- blocksStart else {
            throw .malformed(what: "place of block \(block)", offset: (blockCount + block) * 4)
        }
        return (blocksStart &+ start)..<(blocksStart &+ end)
    }

    /// Where the positions of `block` lie in the list's positions.
    func positionsRange(_ block: Int) throws(RawError) -> Range<Int> {
        guard blockCount > 1 else { return 0..<positionsLength }
        let start = block == 0 ? 0 : positionsEnd(block - 1)
        let end = positionsEnd(block)
        guard start <= end, end <= positionsLength else {
            throw .malformed(what: "positions of block \(block)", offset: (2 * blockCount + block) * 4)
        }
        return start..<end
    }

    /// Words that `decodeDocuments` may write.
    static let documentRoom = SegmentFormat.blockCount + BitBlock.overrun

    /// Whether a block of a list of several is written as bits: a full one, where these take less than packed differences a
    /// bit wider would. What takes up to 15 bytes more that way is searched several times as fast (Lucene draws the same line).
    @inline(__always)
    static func takesBits(count: Int, width: Int, bitCount: Int) -> Bool {
        count == SegmentFormat.blockCount
            && (bitCount &+ 7) >> 3 < PackedBlock.byteCount(count: count, width: width &+ 1)
    }

    /// The ordinal before a block's first; all ones for none.
    @inline(__always)
    func documentBefore(_ block: Int) -> UInt32 { block == 0 ? .max : lastDocument(block &- 1) }

    /// The bits of a block that has them: the first is that of the ordinal behind `documentBefore`. Nil of any other.
    ///
    /// How many of them are set is for `decodeDocuments` to see.
    ///
    /// - Parameter range: `blockRange` of the block.
    @inline(__always)
    func bits(_ block: Int, in range: Range<Int>) throws(RawError) -> UnsafeRawBufferPointer? {
        guard blockCount > 1, !range.isEmpty, unsafe bytes[range.lowerBound] == UInt8(BitBlock.mark) else {
            return nil
        }
        let last = lastDocument(block)
        let bitCount = Int(last &- documentBefore(block))
        let start = range.lowerBound &+ 1
        let end = start &+ (bitCount &+ 7) >> 3
        // The last bit is that of the last document.
        guard last < documentCount, countInBlock(block) == SegmentFormat.blockCount, bitCount > 0,
            end <= range.upperBound,
            unsafe bytes[end &- 1] >> UInt8(truncatingIfNeeded: (bitCount &- 1) & 7) == 1
        else { throw .malformed(what: "bits of block \(block)", offset: range.lowerBound) }
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    /// Decodes the ordinals of `block` into `documents`, which has `documentRoom`.
    ///
    /// - Returns: where in the list the frequencies of the block start.
    func decodeDocuments(
        _ block: Int, into documents: UnsafeMutablePointer<UInt32>
    ) throws(RawError) -> Int {
        let range = try blockRange(block)
        let count = countInBlock(block)
        let before = documentBefore(block)
        if let bits = try unsafe bits(block, in: range) {
            guard unsafe BitBlock.decode(bits, count: count, before: before, into: documents) else {
                throw .malformed(what: "count of bits of block \(block)", offset: range.lowerBound)
            }
            return range.lowerBound &+ 1 &+ bits.count
        }
        var cursor = unsafe RawCursor(UnsafeRawBufferPointer(rebasing: bytes[range]))
        let width = Int(try cursor.byte())
        let last: UInt32
        if count == SegmentFormat.blockCount, width <= 24 {
            // `before` is below 2^31 or none, and so is the sum of 128 differences: nothing wraps, sums ascend.
            guard before == .max || before < documentCount else {
                throw .malformed(what: "ordinal before block \(block)", offset: range.lowerBound)
            }
            let packed = try unsafe cursor.raw(16 &* width)
            unsafe PackedBlock.unpackOrdinals(packed.baseAddress!, width: width, before: before, into: documents)
            last = unsafe documents[count &- 1]
        } else {
            guard width < 32 else { throw .malformed(what: "width of block \(block)", offset: range.lowerBound) }
            try unsafe PackedBlock.unpack(&cursor, count: count, width: width, into: documents)
            var next = UInt64(before &+ 1)
            for index in 0..<count {
                unsafe next &+= UInt64(documents[index])
                guard next < UInt64(documentCount) else {
                    throw .malformed(what: "ordinal in block \(block)", offset: range.lowerBound)
                }
                unsafe documents[index] = UInt32(truncatingIfNeeded: next)
                next &+= 1
            }
            last = UInt32(truncatingIfNeeded: next &- 1)
        }
        guard last < documentCount, blockCount == 1 || last == lastDocument(block) else {
            throw .malformed(what: "ordinal in block \(block)", offset: range.lowerBound)
        }
        return range.lowerBound &+ cursor.offset
    }

    /// - Parameter start: as `decodeDocuments` returned.
    func decodeFrequencies(
        _ block: Int, at start: Int, into frequencies: UnsafeMutablePointer<UInt32>
    ) throws(RawError) {
        let range = try blockRange(block)
        let count = countInBlock(block)
        guard start <= range.upperBound else { throw .malformed(what: "frequencies", offset: start) }
        var cursor = unsafe RawCursor(UnsafeRawBufferPointer(rebasing: bytes[start..<range.upperBound]))
        try unsafe PackedBlock.unpackPatched(&cursor, count: count, into: frequencies)
        guard cursor.isAtEnd else { throw .malformed(what: "end of block \(block)", offset: start) }
        // Below 2^31, as nothing in a block with exceptions is larger.
        for index in 0..<count { unsafe frequencies[index] &+= 1 }
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
            let chunk = min(SegmentFormat.blockCount, count &- done)
            try unsafe PackedBlock.unpackPatched(&cursor, count: chunk, into: out + done)
            done &+= chunk
        }
        guard cursor.isAtEnd else { throw .malformed(what: "end of positions", offset: cursor.offset) }
    }

    /// Most positions that `length` bytes can hold: a chunk of 128 takes at least one byte.
    static func positionLimit(bytes length: Int) -> Int { length * SegmentFormat.blockCount }
}
