// Turns the sorted postings of a term into blocks (docs/segment-format.md, section 6).
//
// Confined to one thread: it owns a scratch block.

@safe final class PostingsEncoder {
    private let scratch = UnsafeMutablePointer<UInt32>.allocate(capacity: SegmentFormat.blockCount)
    private let impacts = ImpactCollector()
    private let lengthCodes: ScratchArray<UInt8>
    private let entries: DictionaryEntryWriter
    private let postings: OutputBuffer
    private let positions: OutputBuffer

    /// - Parameters:
    ///   - lengthCodes: one for each document of the segment.
    ///   - entries: gets what the dictionary says of terms.
    ///   - postings: gets their blocks; likewise `positions`.
    init(
        lengthCodes: ScratchArray<UInt8>, entries: DictionaryEntryWriter, postings: OutputBuffer,
        positions: OutputBuffer
    ) {
        self.lengthCodes = lengthCodes
        self.entries = entries
        self.postings = postings
        self.positions = positions
    }

    deinit { unsafe scratch.deallocate() }

    /// One term's postings in memory owned by the caller.
    @safe struct List {
        /// Strictly ascending ordinals.
        var documents: UnsafePointer<UInt32>
        /// At least 1 each; not read for fields without positions.
        var frequencies: UnsafePointer<UInt32>
        /// All positions, document by document, ascending in each: as they are stored, each but the first of a document as its
        /// difference to the one before.
        var positions: UnsafePointer<UInt32>
        var documentCount: Int
        /// Sum of the frequencies.
        var occurrenceCount: Int
        var hasPositions: Bool
    }

    /// Gives the entry of `list` to the dictionary and writes its blocks to the two sections.
    func encode(_ list: List) throws(EngineError) {
        if list.documentCount == 1, !list.hasPositions || list.occurrenceCount == 1 {
            return unsafe entries.addSingle(
                document: list.documents[0], position: list.hasPositions ? list.positions[0] : 0)
        }
        let postingsStart = postings.count
        let positionsStart = positions.count
        encodeBlocks(list)
        let postingsLength = postings.count - postingsStart
        let positionsLength = positions.count - positionsStart
        guard postingsLength <= Int(UInt32.max), positionsLength <= Int(UInt32.max) else {
            throw EngineError(.limit, "the postings of a term take \(postingsLength) + \(positionsLength) bytes")
        }
        entries.addList(
            documentCount: list.documentCount, document: unsafe list.documentCount == 1 ? list.documents[0] : nil,
            postingsLength: postingsLength, occurrenceCount: list.hasPositions ? list.occurrenceCount : nil,
            positionsLength: positionsLength)
    }

    private func encodeBlocks(_ list: List) {
        let blockCount = (list.documentCount + SegmentFormat.blockCount - 1) / SegmentFormat.blockCount
        let skipStart = postings.count
        if blockCount > 1 {
            postings.zeros(blockCount * PostingsLayout.skipBytes(hasPositions: list.hasPositions))
        }
        let blocksStart = postings.count
        let positionsStart = positions.count
        var before: UInt32 = .max  // -1: the first difference is the ordinal itself
        var nextPosition = 0
        for block in 0..<blockCount {
            let start = block * SegmentFormat.blockCount
            let count = min(SegmentFormat.blockCount, list.documentCount - start)
            if list.documentCount > 1 {
                encodeBlock(list, start, count, before: before, isOfSeveral: blockCount > 1)
            }
            before = unsafe list.documents[start + count - 1]
            if list.hasPositions {
                var occurrences = 0
                for index in start..<(start + count) { unsafe occurrences += Int(list.frequencies[index]) }
                encodePositions(list, from: nextPosition, occurrences)
                nextPosition += occurrences
            }
            guard blockCount > 1 else { continue }
            postings.patch(before, at: skipStart + 4 * block)
            postings.patch(
                UInt32(truncatingIfNeeded: postings.count - blocksStart), at: skipStart + 4 * (blockCount + block))
            guard list.hasPositions else { continue }
            postings.patch(
                UInt32(truncatingIfNeeded: positions.count - positionsStart),
                at: skipStart + 4 * (2 * blockCount + block))
            for index in start..<(start + count) {
                unsafe impacts.add(
                    frequency: list.frequencies[index], lengthCode: lengthCodes.base[Int(list.documents[index])])
            }
            let found = impacts.finish()
            let at = skipStart + 12 * blockCount + Impacts.byteCount * block
            postings.patch(UInt8(found.isExact ? 0 : 1), at: at)
            postings.patch(found.pairs, at: at + 1)
        }
    }

    private func encodeBlock(_ list: List, _ start: Int, _ count: Int, before: UInt32, isOfSeveral: Bool) {
        var all: UInt32 = 0
        var last = before
        for index in 0..<count {
            let document = unsafe list.documents[start + index]
            let difference = document &- last &- 1
            unsafe scratch[index] = difference
            all |= difference
            last = document
        }
        let width = UInt32.bitWidth - all.leadingZeroBitCount
        let bitCount = Int(last &- before)
        if isOfSeveral, PostingsLayout.takesBits(count: count, width: width, bitCount: bitCount) {
            postings.byte(UInt8(BitBlock.mark))
            unsafe BitBlock.encode(
                list.documents + start, count: count, before: before, bitCount: bitCount, to: postings)
        } else {
            postings.byte(UInt8(width))
            unsafe PackedBlock.pack(scratch, count: count, width: width, to: postings)
        }
        guard list.hasPositions else { return }
        for index in 0..<count { unsafe scratch[index] = list.frequencies[start + index] &- 1 }
        unsafe PackedBlock.packPatched(scratch, count: count, to: postings)
    }

    private func encodePositions(_ list: List, from first: Int, _ occurrences: Int) {
        var at = first
        while at < first + occurrences {
            let chunk = min(SegmentFormat.blockCount, first + occurrences - at)
            // Packing changes them, and a stem's list is made of its words' lists afterwards.
            unsafe scratch.update(from: list.positions + at, count: chunk)
            unsafe PackedBlock.packPatched(scratch, count: chunk, to: positions)
            at += chunk
        }
    }
}
