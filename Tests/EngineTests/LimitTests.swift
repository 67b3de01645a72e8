import ByteCoding
import Engine
import Glibc
import News
import Storage
import Testing

/// Numbers at the edges of their widths (docs/segment-format.md, section 8).
@Suite("limits") struct LimitTests {
    private func article(_ number: Int, body: String, extra: String? = nil) -> Sample {
        var article = Article()
        article.url = "https://news.example/\(number)"
        article.headline = "deep"
        article.body = body
        article.extra = extra
        return Sample(article, key: ArticleKey(canonicalURL: article.url!))
    }

    private func search(_ text: String, _ searcher: Searcher, limit: Int = 10) throws -> SearchResults {
        try searcher.search(SearchRequest(query: try QueryParser.parse(text), limitCount: limit))
    }

    @Test("an article of 200 KB, a million equal words, and 10,000 members of extra go in and come out again")
    func largeArticles() throws {
        var random = SplitMix64(seed: 1)
        let long = (0..<30_000).map { _ in "w\(random.next() % 10_000)" }.joined(separator: " ")
        let members = (0..<10_000).map { "\"field\(String($0 + 10_000))\":\"\($0)\"" }.joined(separator: ",")
        let samples = [
            article(1, body: long + " lastword"), article(2, body: String(repeating: "again ", count: 1_000_000)),
            article(3, body: "short", extra: "{\(members)}"), article(4, body: "again short"),
        ]
        #expect(long.utf8.count > 150_000 && samples[1].record.count < Limits.recordBytes)
        let source = MemoryByteSource()
        let overlays = try samples.map { try build([$0]) }
        let merged = try #require(
            try SegmentMerger(settings: Settings(), source: source).merge(
                SegmentReader.open(overlays.map { source.put($0) }, source: source)))
        #expect(merged.bytes == (try build(samples)).bytes)
        for segments in [overlays, [merged]] {
            let references = segments.map { source.put($0) }
            #expect(try SnapshotVerifier(references, source: source).run().findings == [])
            let searcher = Searcher(try SnapshotReader.open(references, source: source))
            for (text, number) in [("lastword", 1), ("\"again again again\"", 2), ("again^2 again", 2)] {
                let found = try search(text, searcher)
                #expect(found.hits.first?.key == samples[number - 1].key, "\(text)")
            }
            #expect(try search("again", searcher).total == 2)
            for (number, sample) in samples.enumerated() {
                let query = try QueryParser.parse("key:\(sample.key.hex)")
                let (_, records) = try searcher.searchReading(SearchRequest(query: query))
                #expect(records == [sample.record], "article \(number + 1)")
            }
        }
    }

    @Test(
        "a word with a star may stand for 65,536 words of a snapshot, in however many segments each stands",
        arguments: [false, true])
    func expansions(isMapped: Bool) throws {
        func words(_ range: Range<Int>) -> String { range.map { "star\($0)" }.joined(separator: " ") }
        func snapshot(_ bodies: [String]) throws -> Searcher {
            let source = MemoryByteSource(isMapped: isMapped)
            let references = try bodies.enumerated().map { source.put(try build([article($0, body: $1)])) }
            return Searcher(try SnapshotReader.open(references, source: source))
        }
        #expect(try search("star*", snapshot([words(0..<40_000), words(5..<65_536)])).total == 2)
        let many = try snapshot([words(0..<40_000), words(0..<10), words(30_000..<65_537)])
        let error = #expect(throws: QueryError.self) { try search("star*", many) }
        #expect(error?.description.contains("more than 65536 words") == true)
    }

    @Test("of different ranges of dates and keys there may be many in a query, and of equal ones any number")
    func rangesAndKeys() throws {
        let sample = article(1, body: "word")
        let source = MemoryByteSource()
        let searcher = Searcher(try SnapshotReader.open([source.put(try build([sample]))], source: source))
        #expect(try search(String(repeating: "-date:2016 ", count: 20_000), searcher).total == 1)
        #expect(try search(String(repeating: "key:\(sample.key.hex) ", count: 20_000), searcher).total == 1)
        let days = (1...257).map { "date:\(1600 + $0)" }
        #expect(try search(days.dropLast().joined(separator: " OR "), searcher).total == 0)
        let dates = #expect(throws: QueryError.self) { try search(days.joined(separator: " OR "), searcher) }
        #expect(dates?.description.contains("256 different ranges") == true)
        let keys = (1...4097).map { "key:" + ArticleKey(high: UInt64($0), low: 1).hex }
        #expect(try search(keys.dropLast().joined(separator: " OR "), searcher).total == 0)
        let many = #expect(throws: QueryError.self) { try search(keys.joined(separator: " OR "), searcher) }
        #expect(many?.description.contains("4096 different keys") == true)
    }

    /// More than are held at once of all segments (`QueryLookup.heldEntryCount`).
    @Test("four thousand words in each of seventeen segments are answered as in one", arguments: [false, true])
    func wordsOfManySegments(isMapped: Bool) throws {
        let words = (0..<4_000).map { "n\($0)" }
        let samples = (0..<17).map { number in
            article(number, body: (words + Array(repeating: "n\(number)", count: number)).joined(separator: " "))
        }
        let source = MemoryByteSource(isMapped: isMapped)
        let many = Searcher(try SnapshotReader.open(samples.map { source.put(try build([$0])) }, source: source))
        let one = Searcher(try SnapshotReader.open([source.put(try build(samples))], source: source))
        let all = words.joined(separator: " ")
        for text in [all, "any(\(all))", "any(\(all)) date:2016", "-(\(all)) OR n7"] {
            var request = SearchRequest(query: try QueryParser.parse(text))
            for facets in [[], [SearchRequest.Facet.language]] {
                request.facets = facets
                let (left, right) = try (many.search(request), one.search(request))
                #expect(left.total == right.total && left.hits.map(\.key) == right.hits.map(\.key))
                #expect(left.hits.map(\.score) == right.hits.map(\.score) && left.facets == right.facets)
            }
        }
        // Each time a word stands there counts.
        func scores(_ words: [String]) throws -> [ArticleKey: Int64] {
            let found = try search("any(\(words.joined(separator: " ")))", many, limit: 20)
            return Dictionary(uniqueKeysWithValues: found.hits.map { ($0.key, $0.score) })
        }
        let (once, part) = try (scores(words), scores(Array(words.prefix(2_000))))
        #expect(try scores(words + words.prefix(2_000)) == once.merging(part, uniquingKeysWith: +) && once.count == 17)
    }

    @Test("sections beyond four gigabytes are read where they lie, mapped or by ranges", arguments: [false, true])
    func sparse(isMapped: Bool) throws {
        let samples = (1...6).map { article($0, body: "word\($0) everywhere") }
        let segment = try build(samples)
        let order = samples.sorted { $0.orderKey < $1.orderKey }
        // The texts of the first two documents become three gigabytes of zeros each, that of the third a few pages of them.
        let holes: [UInt64] = [3 << 30, 3 << 30, 8192]
        let frames = segment.section(.articles)
        var index = ByteReader(segment.section(.articleIndex))
        var lengths: [UInt64] = []
        while !index.isAtEnd {
            #expect(try index.varint() == 1)
            lengths.append(try index.varint())
        }
        var rewritten = ByteWriter()
        for (number, length) in lengths.enumerated() {
            rewritten.varint(1)
            rewritten.varint(number < holes.count ? holes[number] : length)
        }
        let kept = Array(frames[Int(lengths[..<holes.count].reduce(0, +))...])
        let object = Reassembly(
            segment,
            replacing: [
                .articles: .init(zeros: holes.reduce(0, +), bytes: kept), .articleIndex: .init(bytes: rewritten.bytes),
            ])
        let source = SparseSource(object, isMapped: isMapped)
        #expect(object.sizeBytes > 6 << 30)
        let reader = try SegmentReader.open(objectName: "sparse", sizeBytes: object.sizeBytes, source: source)
        let searcher = Searcher(try SnapshotReader(segments: [reader], source: source))
        for sample in order[holes.count...] {
            let body = try #require(sample.article.body)
            let query = try QueryParser.parse("\"\(body)\"")
            let (found, records) = try searcher.searchReading(SearchRequest(query: query))
            #expect(found.hits.map(\.key) == [sample.key] && records == [sample.record])
        }
        #expect(try search("everywhere", searcher).total == 6)
        // What is in the hole is no text, and that is told with its place.
        do {
            _ = try reader.records([2])
            Issue.record("zeros were read as a text")
        } catch let error as EngineError {
            #expect(error.code == .corrupt && error.section == "articles" && error.offset ?? 0 >= 6 << 30, "\(error)")
        }
    }

    @Test("more than 2^32 positions of a word are walked, and a merge that would hold them is refused")
    func manyPositions() throws {
        let documentCount = 4097
        let perDocument = 1 << 20
        let samples = (1...documentCount).map { number in
            var article = Article()
            article.url = "https://news.example/\(number)"
            article.body = "deep deep"
            return Sample(article, key: ArticleKey(canonicalURL: article.url!))
        }
        let segment = try build(samples)
        #expect(segment.footer.termCount == 1)
        // Every document has the word a million times at position 0, but for the last: there 127 follow one another.
        var postings: [UInt8] = []
        var positions = UInt64(0)
        let blockCount = (documentCount + 127) / 128
        var (lasts, postingEnds, positionEnds, impacts, blocks) = (
            [UInt8](), [UInt8](), [UInt8](), [UInt8](), [UInt8]()
        )
        for block in 0..<blockCount {
            let count = min(128, documentCount - block * 128)
            blocks.append(0)  // consecutive ordinals
            blocks.append(20)  // frequency - 1 in 20 bits
            blocks += ones(count: count, width: 20)
            positions += UInt64(count * perDocument / 128) + (block == blockCount - 1 ? 16 : 0)
            lasts += littleEndian(UInt32(block * 128 + count - 1))
            postingEnds += littleEndian(UInt32(blocks.count))
            positionEnds += littleEndian(UInt32(positions))
            impacts += [1] + [UInt8](repeating: 0xFF, count: 1) + [2] + [0xFF, 2, 0xFF, 2, 0xFF, 2]
        }
        postings = lasts + postingEnds + positionEnds + impacts + blocks
        var dictionary = ByteWriter()
        let term: [UInt8] = [0] + Array("deep".utf8)
        // One term: its length, 0 shared bytes, its end, its bytes; it occurs more than once.
        dictionary.varint(UInt64(term.count))
        dictionary.raw([0, UInt8(term.count)] + term + [0])
        dictionary.varint(UInt64(documentCount))
        dictionary.varint(UInt64(postings.count))
        dictionary.varint(UInt64(documentCount * (perDocument - 1)))
        dictionary.varint(positions)
        var dictionaryIndex = ByteWriter()
        dictionaryIndex.varint(UInt64(term.count))
        dictionaryIndex.raw(term)
        dictionaryIndex.varint(UInt64(dictionary.bytes.count))
        dictionaryIndex.varint(UInt64(postings.count))
        dictionaryIndex.varint(positions)
        let lastChunk: [UInt8] = [1] + [UInt8](repeating: 0xFF, count: 16)
        let object = Reassembly(
            segment,
            replacing: [
                .postings: .init(bytes: postings), .positions: .init(zeros: positions - 17, bytes: lastChunk),
                .dictionary: .init(bytes: dictionary.bytes), .dictionaryIndex: .init(bytes: dictionaryIndex.bytes),
            ])
        let source = SparseSource(object, isMapped: true)
        let reader = try SegmentReader.open(objectName: "sparse", sizeBytes: object.sizeBytes, source: source)
        let entry = try #require(try reader.lookup([term])[0])
        #expect(entry.occurrenceCount == UInt64(documentCount * perDocument) && entry.occurrenceCount > 1 << 32)
        let searcher = Searcher(try SnapshotReader(segments: [reader], source: source))
        #expect(try search("=deep", searcher).total == documentCount)
        let last = samples.max { $0.orderKey < $1.orderKey }!
        let list = try PostingList(reader, entry, needsPositions: true)
        while try list.next() != UInt32(documentCount - 1) {}
        #expect(try list.positions().count == perDocument)
        let found = try search("=\"deep deep\" key:\(last.key.hex)", searcher)
        #expect(found.hits.map(\.key) == [last.key] && found.hits[0].score > 0)
        do {
            _ = try SegmentMerger(settings: Settings(), source: source).merge([reader])
            Issue.record("a merge held 2^32 positions")
        } catch let error as EngineError {
            #expect(error.code == .limit, "\(error)")
        }
    }

    private func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    }

    /// Numbers with all of `width` bits set, packed.
    private func ones(count: Int, width: Int) -> [UInt8] {
        let bits = count * width
        var bytes = [UInt8](repeating: 0xFF, count: bits / 8)
        if bits % 8 > 0 { bytes.append(UInt8((1 << (bits % 8)) - 1)) }
        return bytes
    }
}

/// A segment with other sections: zeros, then bytes. Its checksums are right.
private struct Reassembly {
    struct Content {
        var zeros: UInt64 = 0
        var bytes: [UInt8]
    }

    /// What is not zero, by offset.
    private(set) var parts: [(offset: UInt64, bytes: [UInt8])] = []
    private(set) var sizeBytes: UInt64 = 0

    init(_ segment: BuiltSegment, replacing contents: [SectionKind: Content]) {
        var table = ByteWriter()
        var end: UInt64 = 0
        var openAreaOffset: UInt64 = 0
        for section in segment.footer.sections {
            let content = contents[section.kind] ?? Content(bytes: segment.section(section.kind))
            let length = content.zeros + UInt64(content.bytes.count)
            if section.kind == .kills { openAreaOffset = end }
            parts.append((end + content.zeros, content.bytes))
            table.fixed(section.kind.rawValue)
            table.fixed(section.pageShift)
            table.fixed(end)
            table.fixed(length)
            let pageBytes = UInt64(1) << UInt64(section.pageShift)
            let zeroPage = CRC32C.checksum(of: [UInt8](repeating: 0, count: Int(pageBytes)))
            var page: UInt64 = 0
            while page * pageBytes < length {
                let (start, stop) = (page * pageBytes, min((page + 1) * pageBytes, length))
                if stop <= content.zeros, stop - start == pageBytes {
                    table.fixed(zeroPage)
                } else {
                    let zeros = Int(max(content.zeros, start) - start)
                    let from = start + UInt64(zeros) - content.zeros
                    let held = content.bytes[Int(from)..<Int(from + stop - start - UInt64(zeros))]
                    table.fixed(CRC32C.checksum(of: [UInt8](repeating: 0, count: zeros) + held))
                }
                page += 1
            }
            end += length
        }
        let old = Int(segment.footer.sections.last!.offset + segment.footer.sections.last!.length)
        let footer = segment.bytes[old..<(old + 116 + (segment.footer.span == nil ? 0 : 48))] + table.bytes
        var tail = ByteWriter()
        tail.fixed(openAreaOffset)
        tail.fixed(end)
        tail.fixed(UInt32(footer.count))
        tail.fixed(CRC32C.checksum(of: footer))
        tail.raw(segment.bytes[(segment.bytes.count - 16)..<(segment.bytes.count - 12)])
        tail.fixed(CRC32C.checksum(of: tail.bytes))
        tail.raw(segment.bytes.suffix(8))
        parts.append((end, footer + tail.bytes))
        sizeBytes = end + UInt64(footer.count + tail.bytes.count)
    }
}

/// One object, mostly of pages that are nowhere.
///
/// `@unchecked`: written by `init` alone.
private final class SparseSource: ByteSource, @unchecked Sendable {
    private let view: ByteView
    private let isMapped: Bool

    @safe private final class Region: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer

        init(_ count: Int) {
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
            let base = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, flags, -1, 0)
            precondition(unsafe base != MAP_FAILED, "no address space of \(count) bytes")
            unsafe bytes = UnsafeMutableRawBufferPointer(start: base, count: count)
        }

        deinit { unsafe munmap(bytes.baseAddress!, bytes.count) }
    }

    init(_ object: Reassembly, isMapped: Bool) {
        let region = Region(Int(object.sizeBytes))
        for part in object.parts {
            let place = Int(part.offset)
            unsafe UnsafeMutableRawBufferPointer(rebasing: region.bytes[place..<(place + part.bytes.count)])
                .copyBytes(from: part.bytes)
        }
        view = unsafe ByteView(UnsafeRawBufferPointer(region.bytes), owner: region)
        self.isMapped = isMapped
    }

    func read(_ requests: [ByteRequest]) throws -> [ByteView] {
        requests.map { view.slice(Int($0.offset)..<min(Int($0.offset) + $0.length, view.count)) }
    }

    func mapped(_ object: String) -> ByteView? { isMapped ? view : nil }
}

extension BuiltSegment {
    fileprivate func section(_ kind: SectionKind) -> [UInt8] {
        let entry = footer.section(kind)
        return Array(bytes[Int(entry.offset)..<Int(entry.offset + entry.length)])
    }
}
