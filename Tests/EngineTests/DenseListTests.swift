import ByteCoding
import Engine
import News
import Storage
import Testing

/// Words that stand in so many articles that the blocks of their lists are bits (docs/segment-format.md, section 6).
@Suite("dense lists")
struct DenseListTests {
    /// More than one window of a search, and no whole number of anything.
    private static let count = 9001

    /// Of each word the articles, by age: number 0 is the newest, so numbers are ordinals.
    private static let words: [(name: String, holds: @Sendable (Int) -> Bool)] = {
        func random(_ seed: UInt64, _ share: Double) -> [Bool] {
            var generator = SplitMix64(seed: seed)
            return (0..<count).map { _ in Double.random(in: 0..<1, using: &generator) < share }
        }
        let (half, third, tenth, most) = (random(1, 0.5), random(2, 0.33), random(3, 0.1), random(4, 0.97))
        return [
            ("half", { half[$0] }), ("third", { third[$0] }), ("tenth", { tenth[$0] }), ("most", { most[$0] }),
            ("each", { _ in true }), ("even", { $0 % 2 == 0 }), ("odd", { $0 % 2 == 1 }),
            // Blocks of bits beside packed ones; bits that end with a byte, begin one before a window, and lie alike.
            ("bursts", { $0 / 700 % 2 == 0 ? half[$0] : $0 % 350 == 0 }),
            ("eights", { $0 % 1024 < 256 && $0 % 2 == 0 }), ("late", { $0 >= 4095 && third[$0] }),
            ("aligned", { $0 >= 64 && $0 % 2 == 1 }), ("seldom", { $0 % 997 == 3 }),
        ]
    }()

    private static let samples: [Sample] = (0..<count).map { number in
        var article = Article()
        article.url = "https://news.example/\(number)"
        article.body = words.filter { $0.holds(number) }.map(\.name).joined(separator: " ")
        article.published = PublishedTime(
            at: Timestamp(seconds: 1_600_000_000 - Int64(number) * 60), precision: .second, from: "field")
        return Sample(article, key: ArticleKey(canonicalURL: article.url!))
    }

    private static func ordinals(_ name: String) -> Set<Int> {
        Set((0..<count).filter(words.first { $0.name == name }!.holds))
    }

    private static func postings(_ segment: BuiltSegment, _ name: String) throws -> (
        place: Range<Int>, entry: TermEntry
    ) {
        let found = try open(segment).lookup([IndexField.text.key(Array(name.utf8))])
        let entry = try #require(found[0])
        let start = Int(segment.footer.section(.postings).offset)
        return (start + Int(entry.postings.lowerBound)..<start + Int(entry.postings.upperBound), entry)
    }

    @Test("dense blocks are bits, others are not, and all are read as they were written")
    func written() throws {
        let segment = try build(Self.samples)
        let reader = try open(segment)
        var (bits, packed) = (0, 0)
        for word in Self.words {
            let (place, entry) = try Self.postings(segment, word.name)
            let list = try PostingList(reader, entry, needsPositions: true)
            for number in 0..<Self.count where word.holds(number) { #expect(try list.next() == UInt32(number)) }
            #expect(try list.next() == PostingList.end)
            // Last ordinals, ends of postings and positions, impacts: then the blocks, each with its width first.
            let ordinals = (0..<Self.count).filter(word.holds)
            let blocks = (ordinals.count + 127) / 128
            guard blocks > 1 else { continue }
            for block in 0..<blocks {
                let part = ordinals[block * 128..<min(block * 128 + 128, ordinals.count)]
                let before = block == 0 ? -1 : ordinals[block * 128 - 1]
                let differences = zip(part, [before] + part.dropLast()).map { $0 - $1 - 1 }
                let width = Int.bitWidth - differences.max()!.leadingZeroBitCount
                let isDense = part.count == 128 && (part.last! - before + 7) / 8 < 16 * (width + 1)
                isDense ? (bits += 1) : (packed += 1)
                let end = place.lowerBound + blocks * 4 + (block - 1) * 4
                let start = block == 0 ? 0 : (0..<4).reduce(0) { $0 | Int(segment.bytes[end + $1]) << (8 * $1) }
                let found = segment.bytes[place.lowerBound + blocks * 21 + start]
                #expect(Int(found) == (isDense ? 33 : width), "\(word.name), block \(block)")
            }
        }
        #expect(bits > 100 && packed > 100)
    }

    @Test("what has or has not dense words is what reading every article finds, in windows of all shapes")
    func searched() throws {
        let segment = try build(Self.samples)
        let source = MemoryByteSource()
        let searcher = Searcher(
            try SnapshotReader(segments: try SegmentReader.open([source.put(segment)], source: source), source: source))
        let keys = Self.samples.map(\.key)
        var generator = SplitMix64(seed: 9)
        for round in 0..<60 {
            func pick() -> String { Self.words.randomElement(using: &generator)!.name }
            let (first, second, third) = (pick(), pick(), pick())
            let (a, b, c) = (Self.ordinals(first), Self.ordinals(second), Self.ordinals(third))
            let from = Int.random(in: 0..<Self.count, using: &generator)
            let all = Set(0..<Self.count)
            let (text, expected): (String, Set<Int>) =
                switch round % 6 {
                case 0: ("\(first) \(second)", a.intersection(b))
                case 1: ("\(first) OR \(second)", a.union(b))
                case 2: ("\(first) -\(second)", a.subtracting(b))
                case 3: ("\(first) (\(second) OR \(third))", a.intersection(b.union(c)))
                case 4: ("each -(\(first) \(second) \(third))", all.subtracting(a.intersection(b).intersection(c)))
                default: ("\(first) \(second) -\(third)", a.intersection(b).subtracting(c))
                }
            let query = try QueryParser.parse(text)
            let counted = try searcher.search(SearchRequest(query: query, limitCount: 0))
            #expect(counted.total == expected.count, "\(text)")
            // Newest first from a place on: documents by their numbers, however windows begin.
            let wanted = expected.sorted()
            var page = try searcher.search(SearchRequest(query: query, sort: .newest, limitCount: 1 + from))
            #expect(page.hits.map(\.key) == wanted.prefix(1 + from).map { keys[$0] }, "\(text)")
            if let next = page.next {
                page = try searcher.search(SearchRequest(query: query, sort: .newest, limitCount: 40, after: next))
                #expect(page.hits.map(\.key) == wanted.dropFirst(1 + from).prefix(40).map { keys[$0] }, "\(text)")
            }
        }
    }

    @Test("a word with stars that stands for one word scores as that does in every window, and one for none not at all")
    func stars() throws {
        let segment = try build(Self.samples)
        let source = MemoryByteSource()
        let searcher = Searcher(
            try SnapshotReader(segments: try SegmentReader.open([source.put(segment)], source: source), source: source))
        func hits(_ text: String, _ sort: SearchRequest.Sort) throws -> (total: Int, hits: [SearchResults.Hit]) {
            let query = try QueryParser.parse(text)
            let results = try searcher.search(SearchRequest(query: query, sort: sort, limitCount: 5000))
            return (results.total, results.hits)
        }
        var generator = SplitMix64(seed: 10)
        var foundCount = 0
        for round in 0..<36 {
            func pick() -> String { Self.words.randomElement(using: &generator)!.name }
            let (first, second) = (pick(), pick())
            let (a, b) = ("\(first.dropLast())*", "\(second.dropLast())*")
            let (plain, starred) =
                switch round % 6 {
                case 0: ("\(first) \(second)", "\(a) \(b)")
                case 1: ("\(first) OR \(second)", "\(a) OR \(b)")
                case 2: ("\(first) -\(second)", "\(a) -\(b)")
                case 3: ("\(first) seldom", "\(a) seldom")
                case 4: ("late \(first)", "late \(a)")
                default: ("\(first) OR \(second)", "nothere* OR \(a) OR \(b)")
                }
            for sort in SearchRequest.Sort.allCases {
                let (expected, found) = (try hits(plain, sort), try hits(starred, sort))
                #expect(found.total == expected.total, "\(starred)")
                #expect(found.hits == expected.hits, "\(starred)")
                foundCount += found.hits.count
            }
        }
        #expect(foundCount > 100_000)
    }

    @Test("damaged bits with right checksums are an error where they are read, and never a trap")
    func hostile() throws {
        let segment = try build(Self.samples)
        let source = MemoryByteSource()
        let (place, entry) = try Self.postings(segment, "half")
        let blocks = (Int(entry.documentFrequency) + 127) / 128
        let (first, afterFirst) = (place.lowerBound + blocks * 21, place.lowerBound + blocks * 21 + 40)
        let queries = try ["half", "half third", "half OR late", "even -half"].map { try QueryParser.parse($0) }
        var (listErrors, searchErrors) = (0, 0)
        // Last ordinals (that of the last block is believed: where it is too small the list just ends), and the first block.
        for offset in Array(stride(from: place.lowerBound, to: place.lowerBound + blocks * 4 - 4, by: 5))
            + Array(first..<afterFirst)
        {
            for change: UInt8 in [0x01, 0x80, 0xFF] {
                var bytes = segment.bytes
                bytes[offset] ^= change
                Resealing.repair(&bytes, segment.footer)
                source.put(bytes, as: "hostile")
                let reader = try SegmentReader.open(
                    objectName: "hostile", sizeBytes: UInt64(bytes.count), source: source)
                do {
                    let list = try PostingList(reader, entry, needsPositions: true)
                    while try list.next() != PostingList.end { _ = try list.positions() }
                    // A bit is not moved by one flip; of eight, four may go and four come.
                    if change != 0xFF { Issue.record("byte \(offset - place.lowerBound) by \(change)") }
                } catch is EngineError { listErrors += 1 }
                let searcher = Searcher(try SnapshotReader(segments: [reader], source: source))
                for query in queries {
                    do { _ = try searcher.search(SearchRequest(query: query, limitCount: 3)) } catch is EngineError {
                        searchErrors += 1
                    }
                }
            }
        }
        #expect(listErrors > 100 && searchErrors > 100)
    }
}
