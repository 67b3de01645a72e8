import ByteCoding
package import News
import Storage

/// A document that is dead once the segment with its kill is published, and what it took to index it.
package struct KilledDocument: Sendable {
    package let kill: Kill
    /// Canonical record of the loser; its terms become the kill's correction.
    package let record: [UInt8]

    package init(kill: Kill, record: [UInt8]) {
        self.kill = kill
        self.record = record
    }
}

/// Articles on their way into one segment.
///
/// Guarantees
/// 1. The same documents give the same bytes, in whatever order they came and whatever was dropped between them.
/// 2. `sizeBytes` is an upper estimate of the memory held, with what sealing will take; the decision to seal depends on it.
/// 3. After `seal` it is empty and can be used again.
///
/// Confined to one thread.
package final class SegmentBuilder {
    private struct Document {
        var row: DocumentRow
        var terms: PostingsSorter.Document
        var frame: [UInt8]
    }

    package let memoryBudgetBytes: Int
    private let settings: Settings
    private let compressor: ZstdCompressor
    /// By builder ordinal; nil for dropped ones.
    private var documents: [Document?] = []
    private var stream = TokenStream()
    private var sources = NameCollector()
    private var languages = NameCollector()
    private var sections = NameCollector()
    private var frameBytes = 0

    /// Documents that were added and not dropped.
    package private(set) var documentCount = 0

    /// - Parameter memoryBudgetBytes: beyond this `isOverBudget` says to seal; nothing is refused.
    package init(settings: Settings, memoryBudgetBytes: Int) {
        self.settings = settings
        self.memoryBudgetBytes = memoryBudgetBytes
        compressor = ZstdCompressor(level: ZstdCompressor.frameLevel)
    }

    /// Upper estimate of the memory held, in bytes, sealing included: for each token its place in the stream and in the list of
    /// its word, twice the frames for the segment they end in.
    package var sizeBytes: Int {
        stream.sizeBytes(hasStems: settings.hasStems) + frameBytes * 2 + documents.count
            * (MemoryLayout<Document?>.stride + 256)
    }

    package var isOverBudget: Bool { sizeBytes > memoryBudgetBytes }

    /// Adds an article.
    ///
    /// - Parameters:
    ///   - record: its canonical record.
    ///   - frame: the record as one zstd frame as `ZstdCompressor.frameLevel` makes it, if there is one already.
    /// - Returns: its builder ordinal: 0, 1, 2 … since the last seal, in order of arrival.
    /// - Throws: `.corrupt` if the record is not canonical; `.limit` if no more fits. Nothing is added then.
    package func add(
        key: ArticleKey, version: Version, record: [UInt8], frame: [UInt8]?
    ) throws(EngineError) -> Int {
        guard record.count <= Limits.recordBytes else {
            throw EngineError(.limit, "a record of \(record.count) bytes; at most \(Limits.recordBytes) are allowed")
        }
        guard stream.count < 1 << 30, !stream.terms.isFull, documents.count < SegmentFormat.maxDocumentCount else {
            throw EngineError(.limit, "the builder is full", hint: "seal it first")
        }
        let start = stream.count
        do throws(CodingError) {
            let (length, columns) = try stream.append(record)
            let row = DocumentRow(
                key: key, version: version, timeBits: OrderKey(time: columns.orderTime, key: key).timeBits,
                lengthCode: LengthCode.code(of: length), recordBytes: UInt32(record.count),
                source: sources.code(of: columns.source), language: languages.code(of: columns.language),
                section: sections.code(of: columns.section))
            let frame = frame ?? compressor.compress(record)
            frameBytes += frame.count
            documents.append(
                Document(
                    row: row,
                    terms: PostingsSorter.Document(
                        tokens: start..<stream.count, language: settings.hasStems ? columns.stemLanguage : nil),
                    frame: frame))
        } catch {
            throw EngineError(.corrupt, "the canonical record of \(key.hex) cannot be read: \(error)")
        }
        documentCount += 1
        return documents.count - 1
    }

    /// Takes a document out again: it was superseded before the segment was sealed.
    package func drop(_ ordinal: Int) {
        precondition(documents[ordinal] != nil, "a document is dropped once")
        frameBytes -= documents[ordinal]!.frame.count
        documents[ordinal] = nil
        documentCount -= 1
    }

    /// Makes the segment of all documents that were not dropped, and empties the builder.
    ///
    /// - Parameter kills: in any order, each kill once.
    /// - Throws: `.corrupt` for a loser's record that is not canonical; `.mismatch` for a kill given twice. The builder then
    ///   is as it was.
    package func seal(kills: [KilledDocument]) throws(EngineError) -> BuiltSegment {
        let losers = kills.sorted { $0.kill < $1.kill }
        for (left, right) in zip(losers, losers.dropFirst()) where left.kill == right.kill {
            throw EngineError(.mismatch, "the kill of \(left.kill.key.hex) was given twice")
        }
        var corrections = Corrections(hasStems: settings.hasStems)
        try corrections.append(losers)
        let order = documents.indices.filter { documents[$0] != nil }
            .sorted { DocumentRow.isBefore(documents[$0]!.row, documents[$1]!.row) }
        var rows = order.map { documents[$0]!.row }
        let names = NameList.finalize([sources, languages, sections], &rows)
        let writer = try SegmentWriter(
            kind: .overlay, settings: settings, rows: rows, names: names, kills: corrections.rows,
            compressor: compressor)
        for ordinal in order {
            unsafe documents[ordinal]!.frame.withUnsafeBytes { unsafe writer.articles.add(frame: $0) }
        }
        let sorter = PostingsSorter(documents: order.map { documents[$0]!.terms }, stream: stream)
        try unsafe sorter.forEachList { (term, list) throws(EngineError) in try unsafe writer.add(term, list) }
        unsafe corrections.forEach { term, ordinals in unsafe writer.addCorrection(term, ordinals) }
        let segment = writer.finish()
        reset()
        return segment
    }

    private func reset() {
        documents = []
        documentCount = 0
        frameBytes = 0
        stream = TokenStream()
        sources = NameCollector()
        languages = NameCollector()
        sections = NameCollector()
    }
}
