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
            ("electing -running", [1]), ("any(electing kind)", [0, 1, 3]), ("NOT elected", [2, 3, 4, 5]),
            ("lang:en election", [0, 1]),
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
}
