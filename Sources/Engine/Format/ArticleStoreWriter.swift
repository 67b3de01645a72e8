import ByteCoding

/// Writes articles in document order: a frame each in overlays, blocks of several in cells.
///
/// The blocks of a cell, and the dictionary that they share, depend on nothing but the records in their order, so that every way
/// to a cell gives the same bytes.
///
/// Holds the records of a cell until it is finished: the dictionary is made from all of them.
final class ArticleStoreWriter {
    /// The segment up to the end of its articles: header, blocks.
    private var bytes: [UInt8]
    let index = OutputBuffer()
    /// One frame; empty if the blocks have no dictionary.
    let dictionary = OutputBuffer()
    private let blocks: Blocks
    private let compressor: ZstdCompressor
    private let level: Int
    /// Records of a cell, each after its length.
    private var raw = ByteWriter()
    /// Where in `raw` each ends.
    private var ends: [Int] = []

    enum Blocks {
        case onePerArticle
        case severalArticles
    }

    /// - Parameters:
    ///   - header: what stands before the articles.
    ///   - recordBytes: of all `articleCount` articles.
    ///   - level: of the compressor.
    init(
        _ blocks: Blocks, behind header: [UInt8], articleCount: Int, recordBytes: Int, compressor: ZstdCompressor,
        level: Int
    ) {
        self.blocks = blocks
        self.compressor = compressor
        self.level = level
        bytes = header
        // What inputs say of their records is not believed further than this; beyond, room grows with what is there.
        let expected = min(recordBytes + 4 * articleCount, 1 << 30)
        // Of the whole segment: an index takes about as much as compression saves, with stems a quarter more.
        bytes.reserveCapacity(expected / 4 * 5 + 4096)
        guard blocks == .severalArticles else { return }
        raw = ByteWriter(reservingBytes: expected)
        ends.reserveCapacity(articleCount)
    }

    /// Header and articles, with room for the rest of the segment; they are not kept here.
    func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// An article as the frame of its record, where each has one.
    func add(frame: UnsafeRawBufferPointer) {
        precondition(blocks == .onePerArticle)
        unsafe bytes.append(contentsOf: frame)
        index.varint(1)
        index.varint(frame.count)
    }

    func add(record: [UInt8]) {
        switch blocks {
        case .onePerArticle: write(compressor.compress(record), documentCount: 1)
        case .severalArticles:
            raw.lengthPrefixed(record)
            ends.append(raw.count)
        }
    }

    func finish() {
        guard !ends.isEmpty else { return }
        let shared = trained()
        if let shared { dictionary.raw(compressor.compress(shared.bytes)) }
        let raw = self.raw.bytes
        var start = 0
        var first = 0
        for (number, end) in ends.enumerated()
        where end - start >= SegmentFormat.articleBlockBytes || number == ends.count - 1 {
            write(compressor.compress(raw[start..<end], with: shared), documentCount: number + 1 - first)
            start = end
            first = number + 1
        }
        self.raw = ByteWriter()
        ends = []
    }

    private func trained() -> ZstdDictionary? {
        let raw = self.raw.bytes
        let capacity = min(SegmentFormat.articleDictionaryBytes, raw.count / SegmentFormat.articleDictionaryShare)
        guard capacity >= SegmentFormat.leastArticleDictionaryBytes else { return nil }
        let count = min(ends.count, SegmentFormat.dictionarySampleCount)
        let samples = (0..<count).map { number in
            let record = number * ends.count / count
            return raw[(record == 0 ? 0 : ends[record - 1])..<ends[record]].prefix(SegmentFormat.dictionarySampleBytes)
        }
        guard let bytes = ZstdDictionary.train(samples, capacityBytes: capacity, level: level) else { return nil }
        do throws(ZstdError) { return try ZstdDictionary(bytes, compressingAt: level) } catch {
            preconditionFailure("zstd does not take the dictionary that it has made: \(error)")
        }
    }

    private func write(_ frame: [UInt8], documentCount: Int) {
        bytes += frame
        index.varint(documentCount)
        index.varint(frame.count)
    }
}
