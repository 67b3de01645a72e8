// Front-coded blocks of sorted terms, and their sparse index: shared by the dictionary and the corrections
// (docs/segment-format.md, section 5).
//
// Invariant: terms come in strictly ascending byte order.

final class TermBlockWriter {
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

    init(blocks: OutputBuffer, companions: [OutputBuffer]) {
        self.blocks = blocks
        self.companions = companions
        starts = companions.map(\.count)
    }

    /// Writes the term's bytes; the caller then writes its entry to `blocks`.
    func begin(_ term: UnsafeBufferPointer<UInt8>) {
        var shared = 0
        if termCount % SegmentFormat.termsPerBlock == 0 {
            closeBlock()
            first = unsafe Array(term)
        } else {
            let limit = min(previousCount, term.count)
            // In bounds: below both counts.
            while shared < limit, unsafe previous.base[shared] == term[shared] { shared += 1 }
            unsafe precondition(
                shared < term.count && (shared == previousCount || previous.base[shared] < term[shared]),
                "terms must be strictly ascending")
        }
        precondition(term.count <= IndexField.maxTermBytes + 1, "a term of \(term.count) bytes")
        let rest = term.count - shared
        blocks.varint(shared)
        blocks.varint(rest)
        // In bounds: `previous` has room for any term.
        let source = unsafe term.baseAddress! + shared
        unsafe blocks.append(byteCount: rest) { unsafe copyShort(source, to: $0, byteCount: rest) }
        unsafe copyShort(source, to: previous.base + shared, byteCount: rest)
        previousCount = term.count
        termCount += 1
    }

    /// Call once after the last term.
    func closeBlock() {
        guard blocks.count > blockStart else { return }
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
