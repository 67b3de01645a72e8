import ByteCoding

/// Sparse index of front-coded term blocks: the first term of each and where it and its companions lie.
package struct TermBlockIndex: Sendable {
    /// First terms, one after the other; block b has `keyEnds[b - 1]..<keyEnds[b]`.
    private var keys: [UInt8] = []
    private var keyEnds: [UInt32] = []
    /// The first eight bytes of each, big-endian, zeros behind a shorter one: decides most comparisons.
    private var prefixes: [UInt64] = []
    /// Start of each block in its section, and the end of the last.
    private(set) var blockStarts: [UInt64] = [0]
    /// For each companion section the same.
    private(set) var companionStarts: [[UInt64]]

    package var blockCount: Int { keyEnds.count }

    /// - Parameters:
    ///   - blockBytes: length of the section of the blocks, which they must fill.
    ///   - companionBytes: likewise for the companions.
    init(decoding bytes: [UInt8], termCount: Int, blockBytes: UInt64, companionBytes: [UInt64]) throws(CodingError) {
        companionStarts = companionBytes.map { _ in [0] }
        var reader = ByteReader(bytes)
        let blockCount = (termCount + SegmentFormat.termsPerBlock - 1) / SegmentFormat.termsPerBlock
        guard blockCount <= bytes.count / 3 else { throw .badValue(what: "term count \(termCount)", offset: 0) }
        keyEnds.reserveCapacity(blockCount)
        prefixes.reserveCapacity(blockCount)
        for block in 0..<blockCount {
            let start = reader.offset
            let key = try reader.lengthPrefixed(atMost: IndexField.maxTermBytes + 1)
            guard key.count >= 2, block == 0 || self.key(block - 1).lexicographicallyPrecedes(key) else {
                throw .badValue(what: "first term of block \(block)", offset: start)
            }
            keys.append(contentsOf: key)
            keyEnds.append(UInt32(keys.count))
            prefixes.append(Self.prefix(key))
            try Self.advance(&blockStarts, by: &reader, limit: blockBytes)
            guard blockStarts[block] < blockStarts[block + 1] else {
                throw .badValue(what: "block \(block) without bytes", offset: start)
            }
            for place in companionStarts.indices {
                try Self.advance(&companionStarts[place], by: &reader, limit: companionBytes[place])
            }
        }
        try reader.requireEnd()
        guard blockStarts.last == blockBytes, companionStarts.map({ $0[$0.count - 1] }) == companionBytes else {
            throw .badValue(what: "sum of block lengths", offset: reader.offset)
        }
    }

    private static func advance(
        _ starts: inout [UInt64], by reader: inout ByteReader, limit: UInt64
    ) throws(CodingError) {
        let offset = reader.offset
        let length = try reader.varint()
        let start = starts[starts.count - 1]
        guard length <= limit - start else { throw .badValue(what: "block length \(length)", offset: offset) }
        starts.append(start + length)
    }

    func key(_ block: Int) -> ArraySlice<UInt8> {
        keys[(block == 0 ? 0 : Int(keyEnds[block - 1]))..<Int(keyEnds[block])]
    }

    /// What the first terms of a block and of the next have in common, and so all of its terms; nothing for the last block.
    func commonWithNext(_ block: Int) -> ArraySlice<UInt8> {
        guard block + 1 < blockCount else { return [] }
        let (this, next) = (key(block), key(block + 1))
        var count = 0
        while count < this.count, count < next.count, this[this.startIndex + count] == next[next.startIndex + count] {
            count += 1
        }
        return this.prefix(count)
    }

    func blockRange(_ block: Int) -> Range<UInt64> { blockStarts[block]..<blockStarts[block + 1] }

    /// Where what belongs to a block's terms lies in a companion section.
    func companionRange(_ companion: Int, _ block: Int) -> Range<UInt64> {
        companionStarts[companion][block]..<companionStarts[companion][block + 1]
    }

    /// The first eight bytes, big-endian, zeros behind a shorter term.
    @inline(__always)
    static func prefix(_ term: some Collection<UInt8>) -> UInt64 {
        var value: UInt64 = 0
        var count = 0
        for byte in term {
            value = value << 8 | UInt64(byte)
            count += 1
            if count == 8 { return value }
        }
        return value << UInt64(8 * (8 - count))
    }

    /// The block that holds `term` if any does: the last whose first term is not larger.
    func block(of term: [UInt8]) -> Int? {
        unsafe term.withUnsafeBytes { unsafe block(of: TermKeys.Key(bytes: $0, prefix: Self.prefix(term))) }
    }

    func block(of term: TermKeys.Key) -> Int? {
        let prefix = term.prefix
        var low = 0
        var high = blockCount
        while low < high {
            let middle = (low &+ high) >> 1
            let other = prefixes[middle]
            let isBefore = other != prefix ? prefix < other : isBefore(term, middle)
            if isBefore { high = middle } else { low = middle &+ 1 }
        }
        return low == 0 ? nil : low - 1
    }

    /// Whether `term`, which is not before `block`, belongs into a later one.
    @inline(__always)
    func isBehind(_ block: Int, _ term: TermKeys.Key) -> Bool {
        guard block + 1 < blockCount else { return false }
        let other = prefixes[block + 1]
        return other != term.prefix ? other < term.prefix : !isBefore(term, block + 1)
    }

    /// Whether `term` is before the first of a block.
    private func isBefore(_ term: TermKeys.Key, _ block: Int) -> Bool {
        let range = (block == 0 ? 0 : Int(keyEnds[block - 1]))..<Int(keyEnds[block])
        return unsafe keys.withUnsafeBytes { keys in
            unsafe term.bytes.lexicographicallyPrecedes(UnsafeRawBufferPointer(rebasing: keys[range]))
        }
    }

    /// Terms in `block`.
    func termsInBlock(_ block: Int, of termCount: Int) -> Int {
        min(SegmentFormat.termsPerBlock, termCount - block * SegmentFormat.termsPerBlock)
    }
}
