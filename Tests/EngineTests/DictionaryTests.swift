import ByteCoding
import News
import Storage
import Testing

@testable import Engine

/// Blocks of terms: what builders make of odd terms, and what readers make of blocks that nobody should have written.
@Suite("dictionary") struct DictionaryTests {
    private func sample(_ number: Int, _ body: String, language: String? = nil) -> Sample {
        var article = Article()
        article.url = "https://news.example/\(number)"
        article.body = body
        article.language = language
        return Sample(article, key: ArticleKey(canonicalURL: article.url!))
    }

    @Test("the next term that shares little is found as by looking at one after the other", arguments: 1...32)
    func firstSharing(count: Int) throws {
        var random = SplitMix64(seed: UInt64(count))
        for round in 0..<20 {
            let limit = [3, 12, 130, 255][round % 4]
            let shared = (0..<count).map { $0 == 0 ? 0 : UInt8.random(in: 0...UInt8(limit), using: &random) }
            // One byte each; behind them nothing, or something.
            let behind = [UInt8](repeating: 0xFF, count: round % 2 == 0 ? 0 : 20)
            let bytes =
                [UInt8(count)] + shared + (1...count).map { UInt8($0) } + [UInt8](repeating: 0x61, count: count)
                + behind
            try unsafe bytes.withUnsafeBytes { bytes in
                var cursor = unsafe RawCursor(bytes)
                let terms = try BlockTerms(&cursor, count: count)
                #expect(cursor.remaining == behind.count)
                for common in [0, 1, 2, 5, 11, 126, 127, 128, 200, 255, 256] {
                    for start in 0...count {
                        let expected = (start..<count).first { shared[$0] <= common } ?? count
                        #expect(terms.firstSharing(atMost: common, from: start) == expected)
                    }
                }
                #expect(try unsafe terms.tail(count - 1).count == 1)
            }
        }
    }

    @Test("terms that share up to all they can, and blocks whose terms take more than 255 bytes, are found")
    func longTerms() throws {
        var words: [String] = []
        for shared in [0, 1, 7, 8, 9, 60, 63, 64, 126, 127, 128, 129, 250] {
            for letter in "bcdefg" { words.append(String(repeating: "q", count: shared) + String(letter)) }
        }
        for count in 1...40 { words.append(String(repeating: "z", count: 6 * count)) }
        var random = SplitMix64(seed: 3)
        let samples = (0..<30).map { number in
            sample(
                number, words.filter { _ in random.next() % 3 == 0 }.shuffled(using: &random).joined(separator: " "),
                language: ["en", "de", nil][number % 3])
        }
        let segment = try open(try build(samples))
        try expectEqual(segment, NaiveIndex(samples))
        let source = MemoryByteSource()
        let halves = [samples[..<15], samples[15...]]
        let references = try halves.map { source.put(try build(Array($0))) }
        let merged = try SegmentMerger(settings: Settings(), source: source)
            .merge(try SegmentReader.open(references, source: source))
        #expect(try #require(merged).bytes == build(samples).bytes)
    }

    @Test(
        "blocks of terms that occur once, of none that does, and of both, where fields with and without positions meet")
    func singles() throws {
        for count in [1, 2, 31, 32, 33, 64, 65] {
            let once = sample(1, (0..<count).map { "once\($0)" }.joined(separator: " "), language: "en")
            let twice = (2...3).map {
                sample($0, (0..<count).map { "twice\($0)" }.joined(separator: " "), language: "fr")
            }
            let several = sample(4, (0..<count).map { "several\($0) several\($0)" }.joined(separator: " "))
            for samples in [[once], twice, [several], [once] + twice, [once, several] + twice] {
                try expectEqual(try open(try build(samples)), NaiveIndex(samples))
            }
        }
    }

    @Test(
        "look-ups in hostile dictionaries find an entry, nothing, or an error; never a trap", arguments: [false, true])
    func hostile(isMapped: Bool) throws {
        let samples = [
            sample(1, "tide tables high tide tides", language: "en"), sample(2, "tidy table low tide", language: "en"),
        ]
        let segment = try build(samples)
        let terms = NaiveIndex(samples).postings.keys.sorted { $0.lexicographicallyPrecedes($1) }
        let source = MemoryByteSource(isMapped: isMapped)
        let dictionary = segment.footer.section(.dictionary)
        let keys = TermKeys([terms])
        var (found, errors) = (0, 0)
        for offset in Int(dictionary.offset)..<Int(dictionary.offset + dictionary.length) {
            for byte: UInt8 in [0x00, 0x01, 0x05, 0x7F, 0x80, 0xFF] {
                var bytes = segment.bytes
                bytes[offset] = byte
                if offset % 3 == 0, offset + 1 < Int(dictionary.offset + dictionary.length) { bytes[offset + 1] = byte }
                Resealing.repair(&bytes, segment.footer)
                source.put(bytes, as: "hostile")
                do {
                    let reader = try SegmentReader.open(
                        objectName: "hostile", sizeBytes: UInt64(bytes.count), source: source)
                    for part in [terms, terms.reversed()] {
                        do { found += try reader.lookup(part).count { $0 != nil } } catch is EngineError { errors += 1 }
                    }
                    guard isMapped else { continue }
                    do {
                        try reader.forEachMappedEntry(of: keys, 0, where: { _ in true }) { _, _ in found += 1 }
                    } catch { errors += 1 }
                } catch is EngineError { errors += 1 }
            }
        }
        #expect(found > 1000 && errors > 100)
    }

    @Test("a block that could be said in fewer bits, or does not begin as the index says, is damage")
    func notCanonical() throws {
        let segment = try build([SpecificationTests.example])
        let dictionary = Int(segment.footer.section(.dictionary).offset)
        // See the worked example of docs/segment-format.md: a bit behind the last position, the first term's bytes.
        #expect(segment.bytes[dictionary + 48] == 0x40 && segment.bytes[dictionary + 51] == 0)
        let source = MemoryByteSource()
        for (place, byte) in [(51, UInt8(0xE0)), (17, 0x67)] {
            var bytes = segment.bytes
            bytes[dictionary + place] = byte
            Resealing.repair(&bytes, segment.footer)
            source.put(bytes, as: "changed")
            let reader = try SegmentReader.open(objectName: "changed", sizeBytes: UInt64(bytes.count), source: source)
            var verifier = SegmentVerifier(reader)
            #expect(try !verifier.run().isEmpty, "byte \(place)")
        }
    }

    @Test("a word with stars in few and in more articles counts and scores as the word, without those that are dead")
    func starsAndKills() throws {
        for count in [32, 33, 70] {
            var samples = (0..<count).map { sample($0, "each number\($0)") }
            samples[5] = sample(5, "each alone number5")
            let source = MemoryByteSource()
            for killed in [[], [5], [7]] {
                var references = [source.put(try build(samples))]
                if !killed.isEmpty {
                    references.append(source.put(try build([], kills: killed.map { samples[$0].killed })))
                }
                let searcher = Searcher(try SnapshotReader.open(references, source: source))
                for (starred, plain) in [("alon*", "alone"), ("eac*", "each"), ("alon* eac*", "alone each")] {
                    func found(_ text: String) throws -> SearchResults {
                        try searcher.search(SearchRequest(query: QueryParser.parse(text), limitCount: 100))
                    }
                    let (expected, results) = (try found(plain), try found(starred))
                    #expect(results.total == expected.total && results.hits == expected.hits, "\(starred) of \(count)")
                    #expect(expected.total == (plain == "each" ? count - killed.count : killed == [5] ? 0 : 1))
                }
            }
        }
    }

    @Test("words that nearly all articles have score nothing, and passing them over is told")
    func worthless() throws {
        let source = MemoryByteSource(isMapped: true)
        let samples = (0..<1200).map { sample($0, "this that") }
        let searcher = Searcher(try SnapshotReader.open([source.put(try build(samples))], source: source))
        let results = try searcher.search(
            SearchRequest(query: QueryParser.parse("this OR that"), limitCount: 10, countExact: false))
        #expect(results.hits.count == 10 && (!results.isExact || results.total == samples.count))
    }
}
