/// A posting list read by itself, with what it lies in: for checks. A search walks `TermCursor`s, which it keeps alive itself.
package final class PostingList {
    /// What `document` is after the last one.
    package static let end = TermCursor.end

    private let segment: SegmentReader
    private let slices: [SectionSlice]
    private let scratch = SearchScratch()
    private var cursor: TermCursor

    /// - Throws: `EngineError`, or what the segment's source throws.
    package init(_ segment: SegmentReader, _ entry: TermEntry, needsPositions: Bool = false) throws {
        self.segment = segment
        var round = ReadRound()
        round.add(segment, .postings, entry.postings)
        let positions = entry.positions
        round.add(segment, .positions, needsPositions ? positions : positions.lowerBound..<positions.lowerBound)
        slices = try round.run(segment.source)
        cursor = try unsafe TermCursor(
            entry, of: segment, postings: slices[0].paged, positions: slices[1].paged, memory: scratch.slot())
    }

    /// Starts before the first document.
    package var document: UInt32 { cursor.document }

    package func next() throws -> UInt32 {
        defer { withExtendedLifetime(self) {} }
        return try cursor.isBeforeFirst ? cursor.advance(to: 0) : cursor.next()
    }

    package func advance(to target: UInt32) throws -> UInt32 {
        defer { withExtendedLifetime(self) {} }
        return try cursor.advance(to: target)
    }

    package func frequency() throws -> UInt32 {
        defer { withExtendedLifetime(self) {} }
        return try cursor.frequency()
    }

    /// Positions of the current document, ascending.
    package func positions() throws -> [UInt32] {
        defer { withExtendedLifetime(self) {} }
        let positions = PlaceBuffer()
        try cursor.positions(into: positions)
        return positions.array
    }

    /// What is known of a block of documents without decoding it.
    package struct BlockBound: Equatable, Sendable {
        /// Last document of the block.
        package let lastDocument: UInt32
        package let impacts: Impacts
    }

    /// The bound of the first block that reaches `target`; nil if the list ends before. Targets must not descend. Of a list with
    /// positions and several blocks.
    package func bound(reaching target: UInt32) -> BlockBound? {
        precondition(cursor.hasBounds, "a list of one block or without positions has no bounds")
        defer { withExtendedLifetime(self) {} }
        let block = cursor.boundBlock(reaching: target)
        guard block < cursor.blockCount else { return nil }
        return BlockBound(lastDocument: cursor.lastDocument(ofBlock: block), impacts: cursor.impacts(ofBlock: block))
    }
}
