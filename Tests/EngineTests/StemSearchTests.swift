import ByteCoding
import Engine
import News
import Storage
import Testing

@Suite("words in other forms") struct StemSearchTests {
    private static let texts: [(language: String?, headline: String, body: String)] = [
        ("en", "Elections are held", "The parties were running in two regions."),
        ("en-GB", "The election", "A trade war with many wars behind it."),
        (nil, "Elections without a language", "Nobody runs."),
        ("de", "Die Kinder laufen", "Die Wahlen der Kinder."),
        ("fr", "Les \u{00E9}lections continuent", "Ils continuaient."),
        ("zh", "elections \u{4E2D}\u{56FD}\u{4EBA}", ""),
        ("en", "A calm sea", "An accident."),
        ("en", "Calmly ashore", "It was accidental."),
    ]

    private static func samples() -> [Sample] {
        texts.enumerated().map { number, text in
            var article = Article()
            article.url = "https://forms.example/\(number)"
            article.language = text.language
            article.headline = text.headline
            article.body = text.body
            return Sample(article, key: ArticleKey(canonicalURL: article.url!))
        }
    }

    /// Numbers of the articles that are found, for one segment and for one each.
    private static func found(_ query: String) throws -> Set<Int> {
        let samples = samples()
        var answers: [Set<Int>] = []
        for (parts, isMapped) in [[samples], samples.map { [$0] }].flatMap({ [($0, false), ($0, true)] }) {
            let source = MemoryByteSource(isMapped: isMapped)
            let references = try parts.enumerated().map { source.put(try build($1), attempt: UInt64($0)) }
            let searcher = Searcher(try SnapshotReader.open(references, source: source))
            for sort in SearchRequest.Sort.allCases {
                let results = try searcher.search(SearchRequest(query: try QueryParser.parse(query), sort: sort))
                answers.append(Set(results.hits.map { hit in samples.firstIndex { $0.key == hit.key }! }))
                #expect(results.total == results.hits.count && results.isExact)
            }
        }
        #expect(Set(answers).count == 1, "\(query): \(answers)")
        return answers[0]
    }

    @Test(
        "a word finds its other forms in articles whose language is known",
        arguments: [
            ("elections", [0, 1, 2, 4, 5]), ("election", [0, 1, 4]), ("elected", [0, 1]), ("=elections", [0, 2, 4, 5]),
            ("=election", [1]), ("headline:elected", [0, 1]), ("headline:=election", [1]), ("run", [0]),
            ("runs", [0, 2]),
            ("kind", [3]), ("wahl", [3]), ("=wahl", []), ("continuer", [4]), ("\"trade wars\"", [1]),
            ("=\"trade wars\"", []),
            ("\"elections are hold\"", []), ("\"election is held\"", []), ("election running", [0]),
            ("elect*", [0, 1, 2, 4, 5]),
            ("electing -running", [1]), ("any(electing kind)", [0, 1, 3]), ("NOT elected", [2, 3, 4, 5, 6, 7]),
            ("lang:en election", [0, 1]),
            // A stem with a list of its own and without; one that is a word with another stem.
            ("calm", [6, 7]), ("calms", [6, 7]), ("=calm", [6]), ("sea", [6]), ("seas", [6]), ("=seas", []),
            ("\"calms seas\"", [6]), ("accidental", [7]), ("accident", [6]),
        ])
    func forms(query: String, expected: [Int]) throws {
        #expect(try Self.found(query) == Set(expected))
    }

    @Test("other forms are highlighted, in the language of the article")
    func highlights() throws {
        let samples = Self.samples()
        let highlighter = Highlighter(try QueryParser.parse("electing run"))
        #expect(highlighter.headlineMatches(of: samples[0].article) == [0..<9])
        #expect(highlighter.headlineMatches(of: samples[2].article).isEmpty)
        #expect(highlighter.snippet(of: samples[0].article)?.matches == [17..<24])
        let exact = Highlighter(try QueryParser.parse("=election"))
        #expect(exact.headlineMatches(of: samples[0].article).isEmpty)
    }

    @Test("words of one letter count and are found, though the field byte of the text is zero as a tail is")
    func shortWords() throws {
        var article = Article()
        article.url = "https://forms.example/short"
        article.headline = "Plan a"
        article.body = "c e g"
        let sample = Sample(article, key: ArticleKey(canonicalURL: article.url!))
        let segment = try open(try build([sample]))
        #expect(segment.footer.tokenCount == 5 && segment.footer.stemLanguages.all.isEmpty)
        var verifier = SegmentVerifier(segment)
        #expect(try verifier.run().isEmpty)
        let searcher = Searcher(try SnapshotReader(segments: [segment], source: segment.source))
        for query in ["a", "*", "c*", "\"a\"", "e g"] {
            #expect(try searcher.search(SearchRequest(query: try QueryParser.parse(query))).total == 1, "\(query)")
        }
    }

    @Test("without stems in the settings a word is itself")
    func settings() throws {
        var settings = Settings()
        settings.analyzerVersion = 1
        let segment = try open(try build(Self.samples(), settings: settings))
        #expect(segment.footer.stemLanguages.all.isEmpty)
        let searcher = Searcher(try SnapshotReader(segments: [segment], source: segment.source))
        #expect(try searcher.search(SearchRequest(query: try QueryParser.parse("election"))).total == 1)
    }

    /// Words of the text of English articles, as the dictionary has them: "+" behind a stem's.
    private static func dictionary(_ segment: SegmentReader) throws -> [String] {
        var found: [String] = []
        // Safe: the term is copied during the call.
        unsafe try segment.forEachTerm(from: [IndexField.text.rawValue]) { term, _ in
            guard unsafe term[0] == IndexField.text.rawValue else { return false }
            let word = unsafe String(decoding: TermKey.withoutTail(term).dropFirst(), as: UTF8.self)
            found.append(unsafe word + (TermKey.isStem(term) ? "+" : ""))
            return true
        }
        return found
    }

    @Test("a word that is its own stem and no other's has one list, whatever merges bring and take away")
    func ownStems() throws {
        // A word far behind its last place makes a block with exceptions.
        let often = String(repeating: "calm ", count: 20) + String(repeating: "x ", count: 300) + "calm"
        let texts = ["calm sea", "calmly", "accident", "accidental", often, "calm accidentally"]
        let samples = texts.enumerated().map { number, text in
            var article = Article()
            article.url = "https://forms.example/\(number)"
            article.language = "en"
            article.body = text
            return Sample(article, key: ArticleKey(canonicalURL: article.url!))
        }
        func make(_ numbers: [Int]) throws -> BuiltSegment { try build(numbers.map { samples[$0] }) }
        #expect(try Self.dictionary(open(make([0]))) == ["calm", "sea"])
        #expect(try Self.dictionary(open(make([1]))) == ["calm+", "calmly"])
        #expect(try Self.dictionary(open(make([0, 1]))) == ["calm", "calm+", "calmly", "sea"])
        // A word's stem is another word, whose stem is a third.
        #expect(try Self.dictionary(open(make([2]))) == ["accid+", "accident"])
        #expect(try Self.dictionary(open(make([2, 3]))) == ["accid+", "accident", "accident+", "accidental"])
        // Any cut in three, any order, with any article killed: what is made at once of those that are left.
        for cut in 0..<729 {
            let parts = (0..<6).map { number in (0..<number).reduce(cut) { part, _ in part / 3 } % 3 }
            let killed = cut % 7
            let source = MemoryByteSource()
            let references = try (0..<3).map { part in
                let kills = part == 2 && killed < 6 && parts[killed] != 2 ? [samples[killed].killed] : []
                let inside = parts.indices.filter { parts[$0] == part }.map { samples[$0] }
                return source.put(try build(inside, kills: kills), attempt: UInt64(part))
            }
            let inputs = try SegmentReader.open(references, source: source)
            let merged = try #require(try SegmentMerger(settings: Settings(), source: source).merge(inputs))
            let left = samples.indices.filter { $0 != killed || parts[killed] == 2 }
            #expect(try merged.bytes == make(left).bytes, "cut \(cut)")
            var verifier = SegmentVerifier(try open(merged))
            #expect(try verifier.run().isEmpty)
        }
    }

    @Test(
        "a stem without a list is found wherever its word stands in the dictionary's blocks", arguments: [true, false])
    func borders(isMapped: Bool) throws {
        for count in 0..<70 {
            var article = Article()
            article.url = "https://forms.example/"
            article.language = "en"
            // Two terms each, so that the last ones begin at every place of a block.
            article.body =
                (0..<count).map { "a\($0) calm" }.joined(separator: " ") + " calm" + (count % 2 == 0 ? " b" : "")
            let sample = Sample(article, key: ArticleKey(canonicalURL: article.url!))
            let source = MemoryByteSource(isMapped: isMapped)
            let segment = try SegmentReader.open([source.put(try build([sample]))], source: source)[0]
            let keys = [true, false].map { IndexField.text.key(Array("calm".utf8), in: .english, isExact: $0) }
            let entries = try segment.lookup(keys)
            #expect(entries[0] != nil && entries[0] == entries[1])
            let searcher = Searcher(try SnapshotReader(segments: [segment], source: source))
            for query in ["calms", "=calm", "\"b calms\" OR calming", "calm -calmed"] {
                let total = try searcher.search(SearchRequest(query: try QueryParser.parse(query))).total
                #expect(total == (query.contains("-") ? 0 : 1), "\(query) behind \(count)")
            }
        }
    }

    @Test("values that look like words and stems are neither")
    func zeros() throws {
        let samples = ["xx\u{0}0", "xx\u{0}1", "xx\u{0}0"].enumerated().map { number, language in
            var article = Article()
            article.url = "https://forms.example/\(number)"
            article.language = language
            article.body = "calm"
            return Sample(article, key: ArticleKey(canonicalURL: article.url!))
        }
        let source = MemoryByteSource()
        let references = try [[0], [1, 2]].enumerated().map { number, part in
            source.put(try build(part.map { samples[$0] }), attempt: UInt64(number))
        }
        let inputs = try SegmentReader.open(references, source: source)
        let merged = try #require(try SegmentMerger(settings: Settings(), source: source).merge(inputs))
        #expect(try merged.bytes == build(samples).bytes)
        try expectEqual(try open(merged), NaiveIndex(samples))
        var verifier = SegmentVerifier(try open(merged))
        #expect(try verifier.run().isEmpty)
    }
}
