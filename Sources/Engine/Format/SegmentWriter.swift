package import ByteCoding
package import News
package import Storage

/// A finished segment in memory.
package struct BuiltSegment: Sendable {
    package let bytes: [UInt8]
    package let identity: Digest256
    package let footer: SegmentFooter

    /// What a report or manifest says of it, stored by `attempt`.
    package func reference(attempt: Attempt) -> SegmentReference {
        SegmentReference(
            identity: identity, attempt: attempt, kind: footer.kind, sizeBytes: UInt64(bytes.count),
            documentCount: footer.documentCount, killCount: footer.killCount, recordBytes: footer.recordBytes,
            digest: footer.digest, span: footer.span)
    }
}

/// Puts a segment together from parts that come in their final order; builder and merger both end here, so the same content
/// gives the same bytes by either way.
///
/// Invariants
/// 1. `rows` are sorted by `DocumentRow.isBefore`, terms come strictly ascending, kills are sorted.
/// 2. Articles are added in the order of `rows`, one for each.
///
/// Confined to one thread. Holds the whole segment in memory: callers bound it.
final class SegmentWriter {
    let articles: ArticleStoreWriter
    private let kind: SegmentReference.Kind
    private let settings: Settings
    private let rows: [DocumentRow]
    private let names: [NameList]
    private let kills: [KillRow]

    private let dictionary: TermBlockWriter<DictionaryEntryWriter>
    private let postings = OutputBuffer(capacityBytes: 1 << 16)
    private let positions = OutputBuffer(capacityBytes: 1 << 16)
    private let corrections = TermBlockWriter(CorrectionEntryWriter(), blocks: OutputBuffer(), companions: [])
    private let encoder: PostingsEncoder
    private var tokenCount: UInt64 = 0
    private var stemLanguages = StemLanguages()

    /// - Parameter names: of sources, languages and sections, as the codes in `rows` mean them.
    init(
        kind: SegmentReference.Kind, settings: Settings, rows: [DocumentRow], names: [NameList], kills: [KillRow],
        compressor: ZstdCompressor
    ) throws(EngineError) {
        guard rows.count <= SegmentFormat.maxDocumentCount else {
            throw EngineError(.limit, "\(rows.count) documents in one segment")
        }
        precondition(names.count == 3 && (kind == .overlay || kills.isEmpty))
        self.kind = kind
        self.settings = settings
        self.rows = rows
        self.names = names
        self.kills = kills
        let lengthCodes = ScratchArray<UInt8>(count: rows.count)
        for (ordinal, row) in rows.enumerated() { unsafe lengthCodes.base[ordinal] = row.lengthCode }
        dictionary = TermBlockWriter(
            DictionaryEntryWriter(), blocks: OutputBuffer(capacityBytes: 1 << 16), companions: [postings, positions])
        encoder = PostingsEncoder(
            lengthCodes: lengthCodes, entries: dictionary.entries, postings: postings, positions: positions)
        articles = ArticleStoreWriter(
            kind == .cell ? .severalArticles : .onePerArticle, behind: Self.header(kind), articleCount: rows.count,
            recordBytes: rows.reduce(0) { $0 + Int($1.recordBytes) }, compressor: compressor,
            level: Int(settings.zstdLevel))
    }

    /// Adds the next term, in ascending order.
    func add(_ term: UnsafeBufferPointer<UInt8>, _ list: PostingsEncoder.List) throws(EngineError) {
        unsafe dictionary.begin(term)
        try encoder.encode(list)
        if unsafe term[0] == IndexField.text.rawValue, unsafe !TermKey.isStem(term) {
            tokenCount += UInt64(list.occurrenceCount)
        }
        if let language = unsafe TermKey.language(of: term) { stemLanguages.insert(language) }
    }

    /// Adds the next term of the losers of kills, in ascending order.
    ///
    /// - Parameter ordinals: ascending, of `kills`.
    func addCorrection(_ term: UnsafeBufferPointer<UInt8>, _ ordinals: some Collection<UInt32>) {
        unsafe corrections.begin(term)
        corrections.entries.add(ordinals)
    }

    func finish() -> BuiltSegment {
        articles.finish()
        dictionary.closeBlock()
        corrections.closeBlock()
        var sections: [SectionKind: OutputBuffer] = [
            .articleIndex: articles.index, .articleDictionary: articles.dictionary,
            .postings: postings, .positions: positions,
            .dictionary: dictionary.blocks, .dictionaryIndex: dictionary.index, .corrections: corrections.blocks,
            .correctionIndex: corrections.index,
        ]
        addColumns(to: &sections)
        addKeys(to: &sections)
        sections[.kills] = killRows()
        sections[.names] = nameLists()
        return assemble(sections)
    }

    // MARK: Sections

    private static func header(_ kind: SegmentReference.Kind) -> [UInt8] {
        var out = ByteWriter()
        out.fixed(SegmentFormat.magic)
        out.fixed(SegmentFormat.version)
        return out.bytes + [kind.rawValue, 0, 0, 0]
    }

    private func addColumns(to sections: inout [SectionKind: OutputBuffer]) {
        let lengths = OutputBuffer(capacityBytes: rows.count)
        let times = OutputBuffer(capacityBytes: rows.count * 8)
        let documents = OutputBuffer(capacityBytes: rows.count * SegmentFormat.documentRowBytes)
        let recordSizes = OutputBuffer(capacityBytes: rows.count * 4)
        let codes = [OutputBuffer(), OutputBuffer(), OutputBuffer()]
        let index = OutputBuffer()
        let widths = names.map { NameList.codeBytes(nameCount: $0.names.count) }
        for (ordinal, row) in rows.enumerated() {
            lengths.byte(row.lengthCode)
            times.fixed(row.timeBits)
            documents.fixed(row.key.high.byteSwapped)
            documents.fixed(row.key.low.byteSwapped)
            documents.raw(row.version.bytes)
            recordSizes.fixed(row.recordBytes)
            for (number, column) in NameColumn.allCases.enumerated() {
                for place in 0..<widths[number] {
                    codes[number].byte(UInt8(truncatingIfNeeded: row[column] >> UInt32(8 * place)))
                }
            }
            if ordinal % SegmentFormat.documentsPerIndexEntry == 0 {
                index.fixed(row.timeBits)
                index.fixed(row.key.high.byteSwapped)
                index.fixed(row.key.low.byteSwapped)
            }
        }
        sections[.lengths] = lengths
        sections[.times] = times
        sections[.documents] = documents
        sections[.recordSizes] = recordSizes
        sections[.sources] = codes[0]
        sections[.languages] = codes[1]
        sections[.sections] = codes[2]
        sections[.documentIndex] = index
    }

    private func addKeys(to sections: inout [SectionKind: OutputBuffer]) {
        let run = OutputBuffer(capacityBytes: rows.count * SegmentFormat.keyRunRowBytes)
        let index = OutputBuffer()
        var filter = KeyFilter(keyCount: rows.count)
        var order = rows.indices.map { (high: rows[$0].key.high, ordinal: $0) }
        order.sort { left, right in
            if left.high != right.high { return left.high < right.high }
            let (first, second) = (rows[left.ordinal], rows[right.ordinal])
            return first.key == second.key ? first.version < second.version : first.key < second.key
        }
        for (rank, item) in order.enumerated() {
            let ordinal = item.ordinal
            let key = rows[ordinal].key
            run.fixed(key.high)
            run.fixed(UInt32(ordinal))
            if rank % SegmentFormat.keysPerIndexEntry == 0 { index.fixed(key.high) }
            filter.insert(key)
        }
        let filterBytes = OutputBuffer(capacityBytes: filter.words.count * 8)
        for word in filter.words { filterBytes.fixed(word) }
        sections[.keyRun] = run
        sections[.keyIndex] = index
        sections[.keyFilter] = filterBytes
    }

    private func killRows() -> OutputBuffer {
        let out = OutputBuffer()
        for row in kills {
            out.fixed(row.kill.key.high.byteSwapped)
            out.fixed(row.kill.key.low.byteSwapped)
            out.raw(row.kill.version.bytes)
            out.fixed(row.kill.orderKey.timeBits)
            out.fixed(row.tokenCount)
        }
        return out
    }

    private func nameLists() -> OutputBuffer {
        var text = ByteWriter()
        for list in names { list.encode(to: &text) }
        let out = OutputBuffer()
        out.raw(text.bytes)
        return out
    }

    // MARK: The whole

    private func assemble(_ sections: [SectionKind: OutputBuffer]) -> BuiltSegment {
        var entries: [SectionEntry] = []
        var bytes = articles.take()
        var start = 0
        for kind in SectionKind.allCases {
            // Header and articles are there already.
            if let section = sections[kind] { unsafe bytes.append(contentsOf: section.bytes) }
            let end = kind == .header ? SegmentFormat.headerBytes : bytes.count
            let checksums = unsafe bytes.withUnsafeBytes { bytes in
                unsafe PageChecksums.compute(
                    UnsafeRawBufferPointer(rebasing: bytes[start..<end]), pageShift: kind.pageShift)
            }
            entries.append(
                SectionEntry(
                    kind: kind, pageShift: kind.pageShift, offset: UInt64(start), length: UInt64(end - start),
                    pageChecksums: checksums))
            start = end
        }
        let footer = SegmentFooter(
            kind: kind, settingsHash: settings.hash, digest: digest(), documentCount: UInt32(rows.count),
            killCount: UInt32(kills.count), recordBytes: rows.reduce(0) { $0 + UInt64($1.recordBytes) },
            tokenCount: tokenCount, killedTokenCount: kills.reduce(0) { $0 + UInt64($1.tokenCount) },
            termCount: UInt32(dictionary.termCount), correctionTermCount: UInt32(corrections.termCount),
            stemLanguages: stemLanguages,
            span: rows.isEmpty ? nil : OrderSpan(first: rows[0].orderKey, last: rows[rows.count - 1].orderKey),
            sections: entries)
        let encoded = footer.encode()
        let tail = SegmentTail(
            openAreaOffset: footer.section(SectionKind.firstOfOpenArea).offset, footerOffset: UInt64(bytes.count),
            footerLength: UInt32(encoded.count), footerChecksum: CRC32C.checksum(of: encoded))
        bytes += encoded
        bytes += tail.encode()
        return BuiltSegment(bytes: bytes, identity: SHA256.hash(of: bytes), footer: footer)
    }

    private func digest() -> Digest256 {
        var sum = Digest256.zero
        for row in rows { sum = sum &+ row.version.digestTerm(of: row.key) }
        for row in kills { sum = sum &- row.kill.version.digestTerm(of: row.kill.key) }
        return sum
    }
}

/// CRC-32C of each page of a section.
enum PageChecksums {
    static func compute(_ bytes: UnsafeRawBufferPointer, pageShift: UInt8) -> [UInt32] {
        let page = 1 << Int(pageShift)
        return stride(from: 0, to: bytes.count, by: page).map { start in
            unsafe CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + page, bytes.count)]))
        }
    }
}
