// Turns the sorted postings of a term into blocks (docs/segment-format.md, section 6).
//
// Confined to one thread: it owns two scratch blocks.

@safe final class PostingsEncoder {
    private let scratch = UnsafeMutablePointer<UInt32>.allocate(capacity: SegmentFormat.blockCount)

    deinit { scratch.deallocate() }

    /// One term's postings in memory owned by the caller.
    struct List {
        /// Strictly ascending ordinals.
        var documents: UnsafePointer<UInt32>
        /// At least 1 each; not read for fields without positions.
        var frequencies: UnsafePointer<UInt32>
        /// All positions, document by document, ascending in each.
        var positions: UnsafePointer<UInt32>
        var documentCount: Int
        /// Sum of the frequencies.
        var occurrenceCount: Int
        var hasPositions: Bool
    }

    /// Writes the entry of `list` to the dictionary and its blocks to the two sections.
    ///
    /// - Parameter lengthCodes: one for each document of the segment.
    func encode(
        _ list: List, lengthCodes: UnsafePointer<UInt8>, dictionary: OutputBuffer, postings: OutputBuffer,
        positions: OutputBuffer
    ) throws(EngineError) {
        let postingsStart = postings.count
        let positionsStart = positions.count
        if list.documentCount > 1 || list.occurrenceCount > 1 && list.hasPositions {
            encodeBlocks(list, lengthCodes: lengthCodes, postings: postings, positions: positions)
        }
        let postingsLength = postings.count - postingsStart
        let positionsLength = positions.count - positionsStart
        guard postingsLength <= Int(UInt32.max), positionsLength <= Int(UInt32.max) else {
            throw EngineError(.limit, "the postings of a term take \(postingsLength) + \(positionsLength) bytes")
        }
        dictionary.varint(list.documentCount)
        if list.documentCount == 1 {
            dictionary.varint(Int(list.documents[0]))
        } else {
            dictionary.varint(postingsLength)
        }
        guard list.hasPositions else { return }
        dictionary.varint(list.occurrenceCount - list.documentCount)
        if list.occurrenceCount == 1 {
            dictionary.varint(Int(list.positions[0]))
        } else {
            dictionary.varint(positionsLength)
        }
    }

    private func encodeBlocks(
        _ list: List, lengthCodes: UnsafePointer<UInt8>, postings: OutputBuffer, positions: OutputBuffer
    ) {
        let blockCount = (list.documentCount + SegmentFormat.blockCount - 1) / SegmentFormat.blockCount
        let skipStart = postings.count
        if blockCount > 1 { postings.zeros(blockCount * SegmentFormat.skipEntryBytes) }
        let blocksStart = postings.count
        let positionsStart = positions.count
        var before: UInt32 = .max  // -1: the first difference is the ordinal itself
        var nextPosition = 0
        for block in 0..<blockCount {
            let start = block * SegmentFormat.blockCount
            let count = min(SegmentFormat.blockCount, list.documentCount - start)
            if list.documentCount > 1 {
                encodeBlock(list, start, count, before: before, postings: postings)
            }
            before = list.documents[start + count - 1]
            var occurrences = 0
            var largest: UInt32 = 1
            if list.hasPositions {
                for index in start..<(start + count) {
                    occurrences += Int(list.frequencies[index])
                    largest = max(largest, list.frequencies[index])
                }
                encodePositions(list, start, count, from: nextPosition, occurrences, to: positions)
                nextPosition += occurrences
            }
            guard blockCount > 1 else { continue }
            var shortest: UInt8 = .max
            for index in start..<(start + count) { shortest = min(shortest, lengthCodes[Int(list.documents[index])]) }
            let entry = skipStart + block * SegmentFormat.skipEntryBytes
            postings.patch(before, at: entry)
            postings.patch(UInt32(truncatingIfNeeded: postings.count - blocksStart), at: entry + 4)
            postings.patch(UInt32(truncatingIfNeeded: positions.count - positionsStart), at: entry + 8)
            postings.patch(UInt16(min(largest, UInt32(SegmentFormat.unboundedFrequency))), at: entry + 12)
            postings.patch(shortest, at: entry + 14)
        }
    }

    private func encodeBlock(_ list: List, _ start: Int, _ count: Int, before: UInt32, postings: OutputBuffer) {
        var all: UInt32 = 0
        var last = before
        for index in 0..<count {
            let document = list.documents[start + index]
            let difference = document &- last &- 1
            scratch[index] = difference
            all |= difference
            last = document
        }
        let width = UInt32.bitWidth - all.leadingZeroBitCount
        postings.byte(UInt8(width))
        guard list.hasPositions else { return postings.pack(scratch, count: count, width: width) }
        var allFrequencies: UInt32 = 0
        for index in 0..<count { allFrequencies |= list.frequencies[start + index] &- 1 }
        let frequencyWidth = UInt32.bitWidth - allFrequencies.leadingZeroBitCount
        postings.byte(UInt8(frequencyWidth))
        postings.pack(scratch, count: count, width: width)
        for index in 0..<count { scratch[index] = list.frequencies[start + index] &- 1 }
        postings.pack(scratch, count: count, width: frequencyWidth)
    }

    private func encodePositions(
        _ list: List, _ start: Int, _ count: Int, from first: Int, _ occurrences: Int, to out: OutputBuffer
    ) {
        // A single posting with a single position stands in the dictionary.
        if list.occurrenceCount == 1 { return }
        var filled = 0
        var all: UInt32 = 0
        var next = first
        for index in start..<(start + count) {
            var before: UInt32 = 0
            for _ in 0..<list.frequencies[index] {
                let position = list.positions[next]
                let difference = position &- before
                scratch[filled] = difference
                all |= difference
                before = position
                next += 1
                filled += 1
                if filled == SegmentFormat.blockCount {
                    writeChunk(filled, all, to: out)
                    filled = 0
                    all = 0
                }
            }
        }
        if filled > 0 { writeChunk(filled, all, to: out) }
    }

    private func writeChunk(_ count: Int, _ all: UInt32, to out: OutputBuffer) {
        let width = UInt32.bitWidth - all.leadingZeroBitCount
        out.byte(UInt8(width))
        out.pack(scratch, count: count, width: width)
    }
}
