// Blocks of sorted terms with what is said of each, and their sparse index: shared by the dictionary and the corrections
// (docs/segment-format.md, section 5).

/// What a block says of its terms.
protocol TermBlockEntries: AnyObject {
    /// Writes what was gathered since the last block, and forgets it.
    func closeBlock(into blocks: OutputBuffer)
}

/// Invariant: terms come in strictly ascending byte order.
final class TermBlockWriter<Entries: TermBlockEntries> {
    let entries: Entries
    let blocks: OutputBuffer
    let index = OutputBuffer()
    private(set) var termCount = 0

    /// Sections whose growth belongs to the terms of a block; the index says by how much.
    private let companions: [OutputBuffer]
    private var starts: [Int]
    private var blockStart = 0
    private var first: [UInt8] = []
    private let previous = ScratchArray<UInt8>(count: IndexField.maxTermBytes + 1)
    private var previousCount = 0

    /// Of the open block: for each term how many bytes it shares, and where its own end; these bytes.
    private var openCount = 0
    private let shared = ScratchArray<UInt8>(count: SegmentFormat.termsPerBlock)
    private let ends = ScratchArray<UInt16>(count: SegmentFormat.termsPerBlock)
    private let tails = OutputBuffer()

    init(_ entries: Entries, blocks: OutputBuffer, companions: [OutputBuffer]) {
        self.entries = entries
        self.blocks = blocks
        self.companions = companions
        starts = companions.map(\.count)
    }

    /// Takes the next term; the caller then gives its entry to `entries`.
    func begin(_ term: UnsafeBufferPointer<UInt8>) {
        precondition(term.count <= IndexField.maxTermBytes + 1, "a term of \(term.count) bytes")
        var common = 0
        if openCount == SegmentFormat.termsPerBlock { closeBlock() }
        if openCount == 0 {
            unsafe precondition(
                compareBytes(UnsafeBufferPointer(start: previous.base, count: previousCount), term) < 0,
                "terms must be strictly ascending")
            first = unsafe Array(term)
        } else {
            let limit = min(previousCount, term.count)
            // In bounds: below both counts.
            while common < limit, unsafe previous.base[common] == term[common] { common += 1 }
            unsafe precondition(
                common < term.count && (common == previousCount || previous.base[common] < term[common]),
                "terms must be strictly ascending")
        }
        let rest = term.count - common
        // In bounds: `previous` has room for any term.
        let source = unsafe term.baseAddress! + common
        unsafe tails.append(byteCount: rest) { unsafe copyShort(source, to: $0, byteCount: rest) }
        unsafe copyShort(source, to: previous.base + common, byteCount: rest)
        previousCount = term.count
        // In bounds: fewer than a block has. No overflow: 32 terms of 256 bytes are 8 KiB, and of 256 bytes one differs.
        unsafe shared.base[openCount] = UInt8(common)
        unsafe ends.base[openCount] = UInt16(tails.count)
        openCount += 1
        termCount += 1
    }

    /// Call once after the last term.
    func closeBlock() {
        guard openCount > 0 else { return }
        blocks.varint(tails.count)
        unsafe blocks.raw(UnsafeRawBufferPointer(start: shared.base, count: openCount))
        for place in 0..<openCount {
            let end = unsafe ends.base[place]
            if tails.count > Int(UInt8.max) { blocks.fixed(end) } else { blocks.byte(UInt8(end)) }
        }
        unsafe blocks.raw(tails.bytes)
        entries.closeBlock(into: blocks)
        tails.removeAll()
        openCount = 0
        index.varint(first.count)
        index.raw(first)
        index.varint(blocks.count - blockStart)
        blockStart = blocks.count
        for (place, companion) in companions.enumerated() {
            index.varint(companion.count - starts[place])
            starts[place] = companion.count
        }
    }
}

/// Of the dictionary: documents and positions of terms that occur once are packed, numbers of the others follow one another.
final class DictionaryEntryWriter: TermBlockEntries {
    private let lists = OutputBuffer()
    private let documents = ScratchArray<UInt32>(count: SegmentFormat.termsPerBlock)
    private let positions = ScratchArray<UInt32>(count: SegmentFormat.termsPerBlock)
    private var singles: UInt32 = 0
    private var singleCount = 0
    private var count = 0

    /// A term that occurs once.
    ///
    /// - Parameter position: 0 where the field has none.
    func addSingle(document: UInt32, position: UInt32) {
        // In bounds: a block has no more.
        precondition(count < SegmentFormat.termsPerBlock)
        unsafe documents.base[singleCount] = document
        unsafe positions.base[singleCount] = position
        singles |= 1 << UInt32(count)
        singleCount += 1
        count += 1
    }

    /// A term that occurs more than once, or in several documents of a field without positions.
    ///
    /// - Parameters:
    ///   - document: of a single one its ordinal, else nil.
    ///   - occurrenceCount: nil where the field has no positions.
    func addList(
        documentCount: Int, document: UInt32?, postingsLength: Int, occurrenceCount: Int?, positionsLength: Int
    ) {
        precondition(count < SegmentFormat.termsPerBlock)
        lists.varint(documentCount)
        lists.varint(document.map { Int($0) } ?? postingsLength)
        if let occurrenceCount {
            lists.varint(occurrenceCount - documentCount)
            lists.varint(positionsLength)
        }
        count += 1
    }

    func closeBlock(into blocks: OutputBuffer) {
        for place in 0..<((count + 7) / 8) { blocks.byte(UInt8(truncatingIfNeeded: singles >> UInt32(8 * place))) }
        if singleCount > 0 {
            let widths = [documents, positions].map { values in
                UInt32.bitWidth - (0..<singleCount).reduce(0) { unsafe $0 | values.base[$1] }.leadingZeroBitCount
            }
            for width in widths { blocks.byte(UInt8(width)) }
            unsafe blocks.pack(documents.base, count: singleCount, width: widths[0])
            unsafe blocks.pack(positions.base, count: singleCount, width: widths[1])
        }
        unsafe blocks.raw(lists.bytes)
        lists.removeAll()
        (singles, singleCount, count) = (0, 0, 0)
    }
}

/// Of the corrections: for each term the losers that have it.
final class CorrectionEntryWriter: TermBlockEntries {
    private let lists = OutputBuffer()

    /// - Parameter ordinals: of kills, ascending.
    func add(_ ordinals: some Collection<UInt32>) {
        lists.varint(ordinals.count)
        var before: UInt32 = 0
        for ordinal in ordinals {
            lists.varint(UInt64(ordinal - before))
            before = ordinal
        }
    }

    func closeBlock(into blocks: OutputBuffer) {
        unsafe blocks.raw(lists.bytes)
        lists.removeAll()
    }
}
