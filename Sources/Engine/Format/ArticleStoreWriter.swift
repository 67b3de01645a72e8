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
    private var raw: [UInt8] = []
    /// Where in `raw` each ends.
    private var ends: [Int] = []

    enum Blocks {
        case onePerArticle
        case severalArticles
    }

    /// - Parameters:
    ///   - header: what stands before the articles.
    ///   - expectedBytes: of the whole segment.
    ///   - level: of the compressor.
    init(_ blocks: Blocks, behind header: [UInt8], expectedBytes: Int, compressor: ZstdCompressor, level: Int) {
        self.blocks = blocks
        self.compressor = compressor
        self.level = level
        bytes = header
        bytes.reserveCapacity(expectedBytes)
    }

    /// Header and articles, with room for the rest of the segment; they are not kept here.
    func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// - Parameter frame: the record's own frame if there is one already; used as it is where each article has one.
    func add(record: @autoclosure () throws -> [UInt8], frame: [UInt8]?) rethrows {
        switch blocks {
        case .onePerArticle:
            try write(frame ?? compressor.compress(record()), documentCount: 1)
        case .severalArticles:
            let bytes = try record()
            var prefix = ByteWriter()
            prefix.varint(bytes.count)
            raw += prefix.bytes
            raw += bytes
            ends.append(raw.count)
        }
    }

    func finish() {
        guard !ends.isEmpty else { return }
        let shared = trained()
        if let shared { dictionary.raw(compressor.compress(shared.bytes)) }
        var start = 0
        var first = 0
        for (number, end) in ends.enumerated()
        where end - start >= SegmentFormat.articleBlockBytes || number == ends.count - 1 {
            write(compressor.compress(raw[start..<end], with: shared), documentCount: number + 1 - first)
            start = end
            first = number + 1
        }
        raw = []
        ends = []
    }

    private func trained() -> ZstdDictionary? {
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
