import ByteCoding

/// Writes articles in document order: a frame each in overlays, blocks of several in cells.
///
/// The blocks of a cell depend on nothing but the records in their order, so that every way to a cell gives the same bytes.
final class ArticleStoreWriter {
    let articles = OutputBuffer(capacityBytes: 1 << 16)
    let index = OutputBuffer()
    private let blocks: Blocks
    private let compressor: ZstdCompressor
    private var raw: [UInt8] = []
    private var rawDocumentCount = 0

    enum Blocks {
        case onePerArticle
        case severalArticles
    }

    init(_ blocks: Blocks, compressor: ZstdCompressor) {
        self.blocks = blocks
        self.compressor = compressor
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
            rawDocumentCount += 1
            if raw.count >= SegmentFormat.articleBlockBytes { cut() }
        }
    }

    func finish() {
        if rawDocumentCount > 0 { cut() }
    }

    private func cut() {
        write(compressor.compress(raw), documentCount: rawDocumentCount)
        raw.removeAll(keepingCapacity: true)
        rawDocumentCount = 0
    }

    private func write(_ frame: [UInt8], documentCount: Int) {
        articles.raw(frame)
        index.varint(documentCount)
        index.varint(frame.count)
    }
}
