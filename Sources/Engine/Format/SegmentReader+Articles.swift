import ByteCoding
import News
import Storage

// Articles of a segment, by document ordinal.

extension SegmentReader {
    /// Canonical records of documents, in the order asked for; one round.
    package func records(_ ordinals: [UInt32]) throws -> [[UInt8]] {
        try Self.records(ordinals.map { (self, $0) }, source: source)
    }

    /// Canonical records of documents of several segments, in the order asked for; one round, and one before for segments that
    /// were opened for keys.
    package static func records(
        _ wants: [(segment: SegmentReader, ordinal: UInt32)], source: any ByteSource
    ) throws -> [[UInt8]] {
        var records: [[UInt8]] = []
        records.reserveCapacity(wants.count)
        try forEachRecord(wants, source: source) { records.append($1) }
        return records
    }

    /// Calls `body` with each of `records`, and its number, so that one is held at a time: packed they are smaller by far.
    static func forEachRecord(
        _ wants: [(segment: SegmentReader, ordinal: UInt32)], source: any ByteSource,
        _ body: (Int, [UInt8]) throws -> Void
    ) throws {
        let indexes = try articleIndexes(of: wants.map(\.segment), source: source)
        var round = ReadRound()
        for (want, index) in zip(wants, indexes) {
            precondition(want.ordinal < want.segment.footer.documentCount)
            round.add(want.segment, .articles, index.range(index.block(of: want.ordinal)))
        }
        var dictionaries = ArticleDictionaries()
        for want in wants { dictionaries.add(want.segment, to: &round) }
        let slices = try round.run(source)
        try dictionaries.take(slices)
        let decompressor = ZstdDecompressor()
        for (number, want) in wants.enumerated() {
            let record = try want.segment.record(
                want.ordinal, inBlock: indexes[number].block(of: want.ordinal),
                try want.segment.decompress(slices[number], decompressor, dictionaries[want.segment]), indexes[number])
            try body(number, record)
        }
    }

    /// For each of the segments its index of articles: read where it is not held.
    private static func articleIndexes(
        of segments: [SegmentReader], source: any ByteSource
    ) throws -> [ArticleIndex] {
        var round = ReadRound()
        var slots: [ObjectIdentifier: Int] = [:]
        for segment in segments where !segment.holdsIndexes && slots[ObjectIdentifier(segment)] == nil {
            let whole = 0..<segment.footer.section(.articleIndex).length
            slots[ObjectIdentifier(segment)] = round.add(segment, .articleIndex, whole)
        }
        let slices = try round.run(source)
        var read: [ObjectIdentifier: ArticleIndex] = [:]
        return try segments.map { segment in
            let name = ObjectIdentifier(segment)
            guard let slot = slots[name] else { return segment.articleIndex }
            if let known = read[name] { return known }
            let bytes = try slices[slot].copy()
            do throws(CodingError) {
                let index = try ArticleIndex(decoding: bytes, of: segment.footer)
                read[name] = index
                return index
            } catch {
                throw segment.corrupt(.articleIndex, UInt64(error.offset), error.description)
            }
        }
    }

    /// Where in section `articles` the block lies that holds a document.
    func articleRange(of ordinal: UInt32) -> Range<UInt64> { articleIndex.range(articleIndex.block(of: ordinal)) }

    /// - Parameter slice: of `articleRange(of:)`.
    func record(
        _ ordinal: UInt32, from slice: SectionSlice, _ decompressor: ZstdDecompressor, _ dictionary: ZstdDictionary?
    ) throws(EngineError) -> [UInt8] {
        try record(
            ordinal, inBlock: articleIndex.block(of: ordinal), try decompress(slice, decompressor, dictionary),
            articleIndex)
    }

    private func decompress(
        _ slice: SectionSlice, _ decompressor: ZstdDecompressor, _ dictionary: ZstdDictionary?
    ) throws(EngineError) -> [UInt8] {
        try unsafe slice.withBytes { bytes throws(EngineError) in
            try unsafe decompress(bytes, at: slice.range.lowerBound, decompressor, dictionary)
        }
    }

    /// - Parameters:
    ///   - start: of the block in section `articles`.
    ///   - dictionary: of the segment, if it has one.
    func decompress(
        _ block: UnsafeRawBufferPointer, at start: UInt64, _ decompressor: ZstdDecompressor,
        _ dictionary: ZstdDictionary?
    ) throws(EngineError) -> [UInt8] {
        // A block starts another record while it is shorter than `articleBlockBytes`.
        let limit = Limits.recordBytes + SegmentFormat.articleBlockBytes + 16
        do throws(ZstdError) {
            return try unsafe decompressor.decompress(block, atMost: limit, with: dictionary)
        } catch {
            throw corrupt(.articles, start, error.description)
        }
    }

    /// Cuts one record out of the raw bytes of its block.
    ///
    /// - Parameter index: of the segment.
    func record(
        _ ordinal: UInt32, inBlock block: Int, _ raw: [UInt8], _ index: ArticleIndex
    ) throws(EngineError) -> [UInt8] {
        if footer.kind == .overlay { return raw }
        let start = index.range(block).lowerBound
        do throws(CodingError) {
            var reader = ByteReader(raw)
            for _ in index.firstDocuments[block]..<ordinal { _ = try reader.lengthPrefixed() }
            return Array(try reader.lengthPrefixed())
        } catch {
            throw corrupt(.articles, start, "in the block's raw bytes: \(error.description)")
        }
    }
}
