/// The terms of a block (docs/segment-format.md, section 5): how many bytes each shares with the one before, and the bytes it has
/// besides. The lengths lie together, so that those of eight terms are looked at by one load. Valid as long as the bytes.
@safe struct BlockTerms {
    let count: Int
    /// A byte for each term, then where its own bytes end, one or two for each, then these bytes.
    private let base: UnsafeRawPointer
    /// From `base` on, to the end of the block.
    private let readableCount: Int
    private let endBytes: Int
    private let tailsStart: Int
    /// Of `base` in the block.
    private let start: Int

    /// Of a block without terms.
    init() {
        count = 0
        unsafe base = UnsafeRawPointer(bitPattern: 16)!
        readableCount = 0
        endBytes = 1
        tailsStart = 0
        start = 0
    }

    private static let maxOwnBytes = SegmentFormat.termsPerBlock * (IndexField.maxTermBytes + 1)

    /// - Parameter cursor: at the start of a block; then behind its terms.
    @inline(__always)
    init(_ cursor: inout RawCursor, count: Int) throws(RawError) {
        let tailBytes = try cursor.count("bytes of terms", atMost: min(cursor.remaining, Self.maxOwnBytes))
        self.count = count
        endBytes = tailBytes > Int(UInt8.max) ? 2 : 1
        tailsStart = count &* (1 &+ endBytes)
        readableCount = cursor.remaining
        start = cursor.offset
        unsafe base = try unsafe cursor.raw(tailsStart &+ tailBytes).baseAddress!
        guard count == 0 || shared(0) == 0, end(count &- 1) == tailBytes else {
            throw .malformed(what: "first or last term of a block", offset: start)
        }
    }

    /// Where the bytes of a term start in the block, for messages.
    func offset(of index: Int) -> Int { start + tailsStart + min(end(index - 1), end(count - 1)) }

    /// Bytes that a term has in common with the one before.
    @inline(__always)
    func shared(_ index: Int) -> Int {
        // In bounds, as in `end`: below `count`, whose bytes `init` has seen.
        unsafe Int(base.load(fromByteOffset: index, as: UInt8.self))
    }

    /// Where the bytes of a term end; 0 before the first.
    @inline(__always)
    private func end(_ index: Int) -> Int {
        guard index >= 0 else { return 0 }
        if endBytes == 1 { return unsafe Int(base.load(fromByteOffset: count &+ index, as: UInt8.self)) }
        let end = unsafe base.loadUnaligned(fromByteOffset: count &+ 2 &* index, as: UInt16.self)
        return Int(UInt16(littleEndian: end))
    }

    /// The bytes of a term that it has not in common with the one before.
    @inline(__always)
    func tail(_ index: Int) throws(RawError) -> UnsafeRawBufferPointer {
        let (start, end) = (end(index &- 1), end(index))
        guard start <= end, end <= self.end(count &- 1) else {
            throw .malformed(what: "end of the bytes of term \(index)", offset: offset(of: index))
        }
        return unsafe UnsafeRawBufferPointer(start: base + tailsStart + start, count: end &- start)
    }

    /// The first term from `start` on that shares at most `common` bytes with the one before it; `count` if none does.
    @inline(__always)
    func firstSharing(atMost common: Int, from start: Int) -> Int {
        var index = start
        if common < 0x7F {
            let least = 0x0101_0101_0101_0101 &* UInt64(truncatingIfNeeded: common &+ 1)
            // In bounds: eight bytes from `index` on.
            while index < count, index &+ 8 <= readableCount {
                let word = unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                // The high bit of each byte that is smaller; above the first of them a bit may be wrong.
                let smaller = (word &- least) & ~word & 0x8080_8080_8080_8080
                if smaller != 0 { return min(index &+ smaller.trailingZeroBitCount &>> 3, count) }
                index &+= 8
            }
        }
        while index < count, shared(index) > common { index &+= 1 }
        return min(index, count)
    }
}
