package import News

// The parts of a segment by which others are found, for people who look into one (`segment dump`).

/// A block of the dictionary, of the corrections, or of articles, as its index has it.
package struct IndexBlock: Equatable, Sendable {
    /// Key of its first term; nil for articles.
    package var firstTerm: [UInt8]?
    /// Its documents; nil for terms.
    package var documents: Range<Int>?
    package var bytes: Range<UInt64>
    /// What belongs to its terms in `postings` and `positions`; none of articles and corrections.
    package var companions: [Range<UInt64>]
}

/// A block of a posting list of several.
package struct PostingBlock: Equatable, Sendable {
    package var documentCount: Int
    package var lastDocument: UInt32
    /// Whether documents are a bit each, else differences in lanes.
    package var isBits: Bool
    /// In the list's postings.
    package var bytes: Range<Int>
    /// Nil where nothing is known of scores.
    package var impacts: Impacts?
}

extension SegmentReader {
    package var dictionaryBlocks: [IndexBlock] { Self.blocks(of: dictionaryIndex) }
    package var correctionBlocks: [IndexBlock] { Self.blocks(of: correctionIndex) }

    package var articleBlocks: [IndexBlock] {
        let index = articleIndex
        return (0..<index.blockCount).map { block in
            IndexBlock(
                firstTerm: nil, documents: Int(index.firstDocuments[block])..<Int(index.firstDocuments[block + 1]),
                bytes: index.range(block), companions: [])
        }
    }

    private static func blocks(of index: TermBlockIndex) -> [IndexBlock] {
        (0..<index.blockCount).map { block in
            IndexBlock(
                firstTerm: Array(index.key(block)), documents: nil, bytes: index.blockRange(block),
                companions: index.companionStarts.indices.map { index.companionRange($0, block) })
        }
    }

    /// Place in the order of every so many documents.
    package var orderSamples: (every: Int, places: [OrderKey]) { (SegmentFormat.documentsPerIndexEntry, documentIndex) }

    /// First half of every so many keys of the run.
    package var keySamples: (every: Int, halves: [UInt64]) { (SegmentFormat.keysPerIndexEntry, keyIndex) }

    /// The blocks of a list; none where it has no more than one, of which nothing is said beforehand.
    ///
    /// - Throws: `EngineError`, or what the source throws.
    package func postingBlocks(of entry: TermEntry) throws -> [PostingBlock] {
        guard entry.documentFrequency > SegmentFormat.blockCount else { return [] }
        var round = ReadRound()
        round.add(self, .postings, entry.postings)
        let slice = try round.run(source)[0]
        return try unsafe slice.withBytes { bytes throws(EngineError) in
            try decoding(.postings, at: entry.postings.lowerBound) { () throws(RawError) in
                let layout = try unsafe PostingsLayout(bytes, entry: entry, documentCount: footer.documentCount)
                var blocks: [PostingBlock] = []
                for block in 0..<layout.blockCount {
                    let range = try layout.blockRange(block)
                    blocks.append(
                        PostingBlock(
                            documentCount: layout.countInBlock(block), lastDocument: layout.lastDocument(block),
                            isBits: try unsafe layout.bits(block, in: range) != nil, bytes: range,
                            impacts: entry.hasPositions ? layout.impacts(block) : nil))
                }
                return blocks
            }
        }
    }
}
