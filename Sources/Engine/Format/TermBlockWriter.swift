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
    private var previous: [UInt8] = []

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
            first = Array(term)
        } else {
            let limit = min(previous.count, term.count)
            while shared < limit, previous[shared] == term[shared] { shared += 1 }
            precondition(
                shared < term.count && (shared == previous.count || previous[shared] < term[shared]),
                "terms must be strictly ascending")
        }
        blocks.varint(shared)
        blocks.varint(term.count - shared)
        blocks.raw(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(term)[shared...]))
        previous.removeAll(keepingCapacity: true)
        previous.append(contentsOf: term)
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
