import ByteCoding
import Engine
import Foundation
import News
import Storage
import Testing

@Suite("Search")
struct SearchTests {
    /// Holds what the engine says to a query against what reading every article says.
    func check(_ text: String, _ searchers: [Searcher], _ oracle: SearchOracle, limit: Int) throws {
        let query = try QueryParser.parse(text)
        let answers = oracle.answers(query)
        for sort in SearchRequest.Sort.allCases {
            let expected = SearchOracle.sorted(answers, by: sort)
            for searcher in searchers {
                let results = try searcher.search(SearchRequest(query: query, sort: sort, limitCount: limit))
                let found = results.hits.map { SearchOracle.Answer(key: $0.key, score: $0.score) }
                #expect(results.total == expected.count && results.isExact, "\(text) (\(sort))")
                #expect(found == Array(expected.prefix(limit)), "\(text) (\(sort))")
                #expect((results.next != nil) == (expected.count > limit && limit > 0), "\(text) (\(sort))")
                #expect(results.work.roundCount <= 3)
            }
        }
    }

    @Test("answers, order, scores and counts are those of reading every article", arguments: 1...8)
    func oracle(segments: Int) throws {
        let fixture = SearchFixture(articles: 110, segments: segments, seed: UInt64(segments))
        let searchers = try fixture.searchers()
        let oracle = SearchOracle(fixture.live)
        var random = SplitMix64(seed: UInt64(100 + segments))
        for _ in 0..<45 {
            try check(fixture.query(&random), searchers, oracle, limit: Int.random(in: 0...30, using: &random))
        }
    }

    /// Of an index and a query, both random; CORANTO_PAIRS names another number.
    static let pairCount = ProcessInfo.processInfo.environment["CORANTO_PAIRS"].flatMap { Int($0) } ?? 320

    @Test("small indexes of all shapes answer as reading every article does", arguments: 0..<pairCount / 20)
    func pairs(number: Int) throws {
        var random = SplitMix64(seed: UInt64(20_000 + number))
        let fixture = SearchFixture(
            articles: Int.random(in: 1...40, using: &random), segments: Int.random(in: 1...8, using: &random),
            words: 1...Int.random(in: 1...60, using: &random), seed: random.next())
        guard !fixture.live.isEmpty else { return }
        let searchers = try fixture.searchers()
        let oracle = SearchOracle(fixture.live)
        for _ in 0..<20 {
            try check(fixture.query(&random), searchers, oracle, limit: Int.random(in: 0...12, using: &random))
        }
    }

    @Test("lists of many blocks and windows answer alike")
    func manyWindows() throws {
        let fixture = SearchFixture(articles: 4500, segments: 2, words: 1...2, seed: 77)
        let searchers = try fixture.searchers()
        let oracle = SearchOracle(fixture.live)
        var random = SplitMix64(seed: 78)
        for _ in 0..<8 { try check(fixture.query(&random), searchers, oracle, limit: 20) }
    }

    @Test("very many alternatives answer alike, below a negation, with boosts and beside phrases", arguments: [1, 3])
    func bags(segments: Int) throws {
        let fixture = SearchFixture(articles: 90, segments: segments, words: 1...8, seed: UInt64(60 + segments))
        let searchers = try fixture.searchers()
        let oracle = SearchOracle(fixture.live)
        var random = SplitMix64(seed: 62)
        func words(_ separator: String) -> String {
            (0..<300).map { number in
                // Most are nowhere; the others stand there more than once.
                let word = number % 30 == 0 ? fixture.words(1, &random) : "absent\(number)"
                return number % 60 == 0 ? word + "^2.5" : word
            }.joined(separator: separator)
        }
        for text in [
            "any(\(words(" ")))", words(" OR "), "beta -(\(words(" OR ")))",
            "(\(words(" OR ")) OR \"alpha beta\" OR gam*)",
            "(\(words(" OR ")))^3 beta published:2016", "any(by:doe \(words(" ")) headline:alpha)",
            "by:any(\(words(" ")) jane)", "\(words(" OR ")) OR any(\(words(" ")))", "NOT any(\(words(" ")))",
        ] { try check(text, searchers, oracle, limit: 12) }
    }

    @Test("sixty thousand words are answered")
    func manyWords() throws {
        let fixture = SearchFixture(articles: 60, segments: 2, seed: 63)
        let searcher = Searcher(try fixture.snapshot().0)
        let words = (0..<60_000).map { $0 == 40_000 ? "gamma" : "subject\($0)" }
        let found = try searcher.search(SearchRequest(query: try QueryParser.parse(words.joined(separator: " OR "))))
        let one = try searcher.search(SearchRequest(query: try QueryParser.parse("gamma")))
        #expect(found.total == one.total && found.hits == one.hits && !one.hits.isEmpty)
    }

    @Test("what is passed over changes no answer", arguments: [1, 8], [false, true])
    func passedOver(segments: Int, isMapped: Bool) throws {
        let fixture = SearchFixture(articles: 5000, segments: segments, words: 1...30, seed: UInt64(170 + segments))
        let (snapshot, _) = try fixture.snapshot(isMapped: isMapped)
        let searcher = Searcher(snapshot)
        var random = SplitMix64(seed: UInt64(180 + segments))
        var passedOverCount = 0
        for _ in 0..<150 {
            let text = fixture.query(&random)
            for sort in [SearchRequest.Sort.score, .newest] {
                var request = SearchRequest(
                    query: try QueryParser.parse(text), sort: sort, limitCount: Int.random(in: 1...20, using: &random),
                    countExact: false)
                let fast = try searcher.search(request)
                request.isExhaustive = true
                request.countExact = true
                let whole = try searcher.search(request)
                #expect(fast.hits == whole.hits && fast.next == whole.next, "\(text) (\(sort))")
                #expect(fast.isExact ? fast.total == whole.total : fast.total <= whole.total, "\(text) (\(sort))")
                if !fast.isExact { passedOverCount += 1 }
                request.isExhaustive = false
                let both = try searcher.search(request)
                #expect(both.hits == whole.hits && both.next == whole.next, "\(text) (\(sort)), counted too")
                #expect(both.isExact && both.total == whole.total, "\(text) (\(sort)), counted too")
                let counted = try searcher.search(SearchRequest(query: request.query, sort: sort, limitCount: 0))
                #expect(counted.isExact && counted.total == whole.total, "\(text) (\(sort)), counted alone")
                // The page behind it.
                guard let next = whole.next else { continue }
                request.after = next
                request.isExhaustive = true
                let after = try searcher.search(request)
                request.isExhaustive = false
                request.countExact = false
                #expect(try searcher.search(request).hits == after.hits, "\(text) (\(sort)), second page")
            }
        }
        #expect(passedOverCount > 60)
    }

    @Test("what impacts tell of a word that stands very often is not taken for more than it is", arguments: 254...257)
    func frequencyLimit(count: Int) throws {
        var fixture = SearchFixture(articles: 0, segments: 1, seed: 0)
        let samples = (0..<2400).map { number in
            var article = Article()
            article.url = "https://often.example/\(number)"
            article.body = String(repeating: "x ", count: 40)
            // Else it weighs nothing.
            guard number % 4 == 0 else { return Sample(article, key: ArticleKey(canonicalURL: article.url!)) }
            // Often in few, which are long; best is a short one.
            let (often, others) = number % 600 == 40 ? (count, 30_000) : number == 2000 ? (3, 1) : (1, 40)
            article.body = String(repeating: "w ", count: often) + String(repeating: "x ", count: others)
            return Sample(article, key: ArticleKey(canonicalURL: article.url!))
        }
        fixture.segments = [(samples, [])]
        let searcher = Searcher(try fixture.snapshot(isMapped: true).0)
        for text in ["w", "w OR y", "w OR x"] {
            var request = SearchRequest(query: try QueryParser.parse(text), limitCount: 1, countExact: false)
            let fast = try searcher.search(request)
            request.isExhaustive = true
            let whole = try searcher.search(request)
            #expect(fast.hits == whole.hits && fast.next == whole.next && whole.hits.count == 1, "\(text)")
        }
    }

    @Test("the cut into segments leaves no trace in the answers")
    func segmentation() throws {
        let fixture = SearchFixture(articles: 90, segments: 5, seed: 21)
        var whole = SearchFixture(articles: 0, segments: 1, seed: 0)
        whole.segments = [(fixture.live, [])]
        let many = Searcher(try fixture.snapshot().0)
        let one = Searcher(try whole.snapshot(isMapped: true).0)
        var random = SplitMix64(seed: 22)
        for _ in 0..<60 {
            let query = try QueryParser.parse(fixture.query(&random))
            for sort in SearchRequest.Sort.allCases {
                let request = SearchRequest(
                    query: query, sort: sort, limitCount: 7, facets: [.source, .language, .section], histogram: .week)
                let (left, leftRecords) = try many.searchReading(request)
                let (right, rightRecords) = try one.searchReading(request)
                #expect(left.hits.map(\.key) == right.hits.map(\.key))
                #expect(left.hits.map(\.score) == right.hits.map(\.score))
                #expect(left.total == right.total && left.next == right.next)
                #expect(left.facets == right.facets && left.histogram == right.histogram)
                #expect(left.undatedCount == right.undatedCount)
                #expect(leftRecords == rightRecords)
            }
        }
    }

    @Test("hits come with their records within three rounds", arguments: [1, 4], [false, true])
    func records(segments: Int, isMapped: Bool) throws {
        let fixture = SearchFixture(articles: 200, segments: segments, seed: 31)
        let (snapshot, _) = try fixture.snapshot(isMapped: isMapped)
        let searcher = Searcher(snapshot)
        var random = SplitMix64(seed: 32)
        for _ in 0..<30 {
            let query = try QueryParser.parse(fixture.query(&random))
            for sort in SearchRequest.Sort.allCases {
                for limit in [0, 1, 10, 300] {
                    let (results, records) = try searcher.searchReading(
                        SearchRequest(query: query, sort: sort, limitCount: limit))
                    #expect(results.work.roundCount <= 3)
                    let expected = try results.hits.map { hit in
                        try snapshot.segments[hit.segment].records([hit.ordinal])[0]
                    }
                    #expect(records == expected)
                }
            }
        }
    }

    @Test("large texts of articles that may be hits are not read before it is known which are")
    func largeRecords() throws {
        var random = SplitMix64(seed: 33)
        let source = MemoryByteSource()
        var samples: [Sample] = []
        for number in 0..<8 {
            var article = Article()
            article.url = "https://news.example/\(number)"
            article.headline = "large"
            let noise = (0..<50_000).map { _ in String(random.next() % 0xFFFF_FFFF) }.joined()
            article.extra = "{\"noise\":\"\(noise)\"}"
            samples.append(Sample(article, key: ArticleKey(canonicalURL: article.url!)))
        }
        let references = try (0..<4).map { source.put(try build(Array(samples[(2 * $0)..<(2 * $0 + 2)]))) }
        let searcher = Searcher(try SnapshotReader.open(references, source: source))
        samples.sort { $0.orderKey < $1.orderKey }
        // Two of each segment for one hit are too much, and for four hits not many.
        for (limit, rounds) in [(1, 4), (4, 3)] {
            let (found, records) = try searcher.searchReading(
                SearchRequest(query: try QueryParser.parse("large"), sort: .newest, limitCount: limit))
            #expect(records == samples.prefix(limit).map(\.record))
            #expect(found.work.roundCount == rounds)
        }
    }

    @Test("merging and compacting leave no trace in the answers", arguments: [UInt64(1), 2, 3])
    func merging(seed: UInt64) throws {
        let fixture = SearchFixture(articles: 100, segments: 6, seed: 500 + seed)
        var settings = Settings()
        settings.cellTargetBytes = 4000
        let (first, source) = try fixture.snapshot(settings: settings)
        let oracle = SearchOracle(fixture.live)
        var random = SplitMix64(seed: 600 + seed)
        let merger = SegmentMerger(settings: settings, source: source)
        // Random groups are merged, until one segment is left; then all becomes cells.
        var snapshots = [first]
        var attempt: UInt64 = 100
        while let last = snapshots.last, last.segments.count > 1 {
            let shuffled = last.segments.shuffled(using: &random)
            let count = Int.random(in: 2...min(3, shuffled.count), using: &random)
            attempt += 1
            var references: [SegmentReader] = Array(shuffled.dropFirst(count))
            if let merged = try merger.merge(Array(shuffled.prefix(count))) {
                references.append(try SegmentReader.open([source.put(merged, attempt: attempt)], source: source)[0])
            }
            snapshots.append(try SnapshotReader(segments: references, source: source))
        }
        var cells: [SegmentReference] = []
        try merger.compact(first.segments) { cell in
            attempt += 1
            cells.append(source.put(cell, attempt: attempt))
        }
        #expect(cells.count > 2)
        snapshots.append(try SnapshotReader.open(cells, source: source))
        for _ in 0..<15 {
            let text = fixture.query(&random)
            try check(text, snapshots.map { Searcher($0) }, oracle, limit: 12)
        }
    }

    @Test("pages neither repeat nor skip")
    func paging() throws {
        let fixture = SearchFixture(articles: 120, segments: 4, seed: 31)
        let searcher = Searcher(try fixture.snapshot().0, generation: Generation(7))
        let oracle = SearchOracle(fixture.live)
        for text in ["*", "alpha", "any(alpha beta gamma)", "-alpha", "published:2016-02", "alpha OR lang:pt"] {
            let query = try QueryParser.parse(text)
            for sort in SearchRequest.Sort.allCases {
                var found: [SearchOracle.Answer] = []
                var cursor: String?
                repeat {
                    let page = try searcher.search(
                        SearchRequest(query: query, sort: sort, limitCount: 9, after: cursor))
                    found += page.hits.map { SearchOracle.Answer(key: $0.key, score: $0.score) }
                    cursor = page.next
                } while cursor != nil
                #expect(found == oracle.answers(query, sort: sort), "\(text) (\(sort))")
            }
        }
    }

    @Test("a cursor of another query, order, generation or a damaged one is refused")
    func cursors() throws {
        let fixture = SearchFixture(articles: 40, segments: 2, seed: 41)
        let snapshot = try fixture.snapshot().0
        let searcher = Searcher(snapshot, generation: Generation(1))
        let query = try QueryParser.parse("alpha")
        let cursor = try #require(try searcher.search(SearchRequest(query: query, limitCount: 1)).next)
        func code(_ request: SearchRequest, _ searcher: Searcher) throws -> QueryError.Code? {
            do {
                _ = try searcher.search(request)
                return nil
            } catch let error as QueryError { return error.code }
        }
        #expect(try code(SearchRequest(query: query, after: cursor), searcher) == nil)
        #expect(try code(SearchRequest(query: query, sort: .newest, after: cursor), searcher) == .cursor)
        #expect(try code(SearchRequest(query: .all, after: cursor), searcher) == .cursor)
        #expect(
            try code(SearchRequest(query: query, after: cursor), Searcher(snapshot, generation: Generation(2)))
                == .cursor)
        var random = SplitMix64(seed: 5)
        for _ in 0..<300 {
            var bytes = Array(cursor.utf8)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 32...126, using: &random)
            let damaged = String(decoding: bytes, as: UTF8.self)
            if damaged.lowercased() == cursor { continue }
            #expect(try code(SearchRequest(query: query, after: damaged), searcher) == .cursor)
        }
        for text in ["", "00", "é", String(repeating: "0", count: 108)] {
            #expect(try code(SearchRequest(query: query, after: text), searcher) == .cursor)
        }
    }

    @Test("without an exact count newest-first stops early, with the same hits")
    func earlyExit() throws {
        let fixture = SearchFixture(articles: 4500, segments: 1, words: 1...1, seed: 51)
        let searcher = Searcher(try fixture.snapshot().0)
        // How many have a single word the dictionary tells.
        let query = try QueryParser.parse("alpha OR beta")
        let exact = try searcher.search(SearchRequest(query: query, sort: .newest))
        let fast = try searcher.search(SearchRequest(query: query, sort: .newest, countExact: false))
        #expect(fast.hits == exact.hits && fast.next == exact.next)
        #expect(!fast.isExact && fast.total < exact.total && fast.total > 10)
        #expect(fast.work.windowCount < exact.work.windowCount)
    }

    @Test("facets and histogram count the matching articles")
    func facets() throws {
        let fixture = SearchFixture(articles: 150, segments: 3, seed: 61)
        let searcher = Searcher(try fixture.snapshot().0)
        let oracle = SearchOracle(fixture.live)
        let query = try QueryParser.parse("any(alpha beta)")
        let matching = oracle.answers(query, sort: .newest).map { answer in
            fixture.live.first { $0.key == answer.key }!.article
        }
        let results = try searcher.search(
            SearchRequest(query: query, limitCount: 0, facets: [.source, .language, .section], histogram: .month))
        #expect(results.hits.isEmpty && results.next == nil && results.total == matching.count)
        for (facet, value) in [
            (SearchRequest.Facet.source, \Article.source), (.language, \.language), (.section, \.section),
        ] {
            let values = results.facets[facet]?.values ?? []
            #expect(values.reduce(0) { $0 + $1.count } == matching.count)
            for entry in values { #expect(entry.count == matching.count { $0[keyPath: value] == entry.name }) }
            #expect(values == values.sorted { $0.count > $1.count })
            // Cut only where that is asked for, and told.
            let cut = try searcher.search(
                SearchRequest(query: query, limitCount: 0, facets: [facet], facetLimitCount: 1))
            #expect(cut.facets[facet]?.values == Array(values.prefix(1)))
            #expect(cut.facets[facet]?.leftValueCount == values.count - 1)
            #expect(cut.facets[facet]?.leftArticleCount == matching.count - values[0].count)
        }
        #expect(results.undatedCount == matching.count { $0.orderTime == nil })
        #expect(results.histogram.reduce(0) { $0 + $1.count } + results.undatedCount == matching.count)
        for bucket in results.histogram {
            let civil = CivilTime(secondsSinceEpoch: bucket.start.milliseconds / 1000)
            #expect(civil.day == 1 && civil.hour == 0)
            let range = try QueryParser.parse("any(alpha beta) published:2016-0\(civil.month)")
            #expect(try searcher.search(SearchRequest(query: range)).total == bucket.count)
        }
    }

    /// Asks an index of articles that have these headlines; answers are their numbers.
    private func asking(_ headlines: [String], isMapped: Bool) throws -> (String) throws -> [UInt64] {
        var fixture = SearchFixture(articles: 0, segments: 1, seed: 1)
        fixture.segments[0].samples = headlines.enumerated().map {
            var article = Article()
            article.headline = $1
            return Sample(article, key: ArticleKey(high: 1, low: UInt64($0)))
        }
        let searcher = Searcher(try fixture.snapshot(isMapped: isMapped).0)
        return { text in
            try searcher.search(SearchRequest(query: try QueryParser.parse(text))).hits.map(\.key.low).sorted()
        }
    }

    @Test("one ideograph is found in runs of them, wherever it stands", arguments: [true, false])
    func ideograph(isMapped: Bool) throws {
        let found = try asking(["中国人民银行", "人", "日本人 abc", "人们", "东京ひと", "human"], isMapped: isMapped)
        #expect(try found("人") == [0, 1, 2, 3])
        #expect(try found("headline:人 -abc") == [0, 1, 3])
        #expect(try found("=人") == [1])
        #expect(try found("国人") == [0])
        #expect(try found("と") == [4])
        #expect(try found("any(人 と)") == [0, 1, 2, 3, 4])
    }

    @Test("a single character at an end of several words is found in runs that go on there", arguments: [true, false])
    func openEnds(isMapped: Bool) throws {
        let headlines = [
            "2023年", "在2023年度报告", "2023", "3个月", "第1次", "在第1", "A股上涨", "5 人", "5人民", "年2023", "서울은 한국의 수도", "집",
            "ไปกรุงเทพมหานครเมื่อวาน", "日2023日5日",
        ]
        let found = try asking(headlines, isMapped: isMapped)
        #expect(try found("2023年") == [0, 1])
        #expect(try found("=2023年") == [0])
        #expect(try found("3个") == [3])
        #expect(try found("第1") == [4, 5])
        #expect(try found("A股") == [6])
        #expect(try found("\"5 人\"") == [7, 8])
        #expect(try found("\"人\"") == [7, 8])
        // Between two others it is what it is.
        #expect(try found("2023日5") == [13])
        #expect(try found("headline:2023年 -在") == [0])
        // Runs of Hangul and Thai, from inside.
        #expect(try found("한국") == [10] && found("서울") == [10] && found("수도 집") == [])
        #expect(try found("집") == [11] && found("도") == [10])
        #expect(try found("กรุงเทพ") == [12] && found("เมื่อ") == [12] && found("กรุงไทย") == [])
    }

    @Test("a facet of many values tells them all")
    func manyValues() throws {
        var fixture = SearchFixture(articles: 0, segments: 1, seed: 1)
        fixture.segments[0].samples = (0..<60).map { number in
            var article = Article()
            article.headline = "alpha"
            article.source = "source \(number)"
            return Sample(article, key: ArticleKey(high: 1, low: UInt64(number)))
        }
        let searcher = Searcher(try fixture.snapshot().0)
        let results = try searcher.search(
            SearchRequest(query: try QueryParser.parse("alpha"), limitCount: 0, facets: [.source]))
        #expect(results.facets[.source]?.values.count == 60)
        #expect(results.facets[.source]?.leftValueCount == 0)
    }

    @Test("days, weeks and months begin in the zone asked for")
    func buckets() throws {
        var article = Article()
        article.headline = "alpha"
        // Sunday, 31 January 2016, 23:30 UTC.
        article.published = PublishedTime(at: Timestamp(seconds: 1_454_283_000), precision: .minute, from: "field")
        var fixture = SearchFixture(articles: 0, segments: 1, seed: 0)
        fixture.segments = [([Sample(article, key: ArticleKey(high: 1, low: 1))], [])]
        let searcher = Searcher(try fixture.snapshot().0)
        func start(_ interval: SearchRequest.Interval, _ zone: Int) throws -> Int64 {
            let request = SearchRequest(query: .all, histogram: interval, zoneOffsetMinutes: zone)
            return try #require(try searcher.search(request).histogram.first).start.milliseconds / 1000
        }
        #expect(try start(.day, 0) == 1_454_198_400)
        #expect(try start(.week, 0) == 1_453_680_000)  // Monday the 25th
        #expect(try start(.month, 0) == 1_451_606_400)
        #expect(try start(.day, 60) == 1_454_284_800 - 3600)
        #expect(try start(.week, 60) == 1_454_284_800 - 3600)  // Monday the 1st
        #expect(try start(.month, 60) == 1_454_284_800 - 3600)
    }

    @Test(
        "what this version cannot answer is refused with its place",
        arguments: [
            ("x story:y", 2), ("story:z", 0),
        ])
    func unsupported(text: String, offset: Int) throws {
        let searcher = Searcher(try SearchFixture(articles: 3, segments: 1, seed: 1).snapshot().0)
        let query = try QueryParser.parse(text)
        do {
            _ = try searcher.search(SearchRequest(query: query))
            Issue.record("answered \(text)")
        } catch let error as QueryError {
            #expect(error.code == .unsupported && error.offset == offset)
        }
    }

    @Test("words at some changes are found, of whatever script, and no others")
    func fuzzy() throws {
        let words = [
            "election", "elections", "eelction", "lection", "elektion", "elect", "straße", "москва", "мосвка", "ελλάδα",
        ]
        var fixture = SearchFixture(articles: 0, segments: 1, seed: 0)
        let samples = words.enumerated().map { number, word in
            var article = Article()
            article.body = word
            return Sample(article, key: ArticleKey(high: UInt64(number), low: 1))
        }
        fixture.segments = [(samples, [])]
        let searcher = Searcher(try fixture.snapshot().0)
        func found(_ text: String) throws -> [String] {
            let hits = try searcher.search(SearchRequest(query: try QueryParser.parse(text), limitCount: 100)).hits
            return hits.map { words[Int($0.key.high)] }.sorted()
        }
        #expect(try found("election~") == ["eelction", "elections", "elektion", "election", "lection"].sorted())
        #expect(try found("electoins~") == ["elections"])
        #expect(try found("electoins~2") == ["election", "elections"])
        #expect(try found("strase~") == ["straße"])
        #expect(try found("Москва~") == ["москва", "мосвка"].sorted())
        #expect(try found("Μλλάδα~") == ["ελλάδα"])
        #expect(try found("el~1") == [])
    }

    @Test("any text is answered or refused")
    func garbage() throws {
        let fixture = SearchFixture(articles: 30, segments: 2, seed: 91)
        let searcher = Searcher(try fixture.snapshot().0)
        var random = SplitMix64(seed: 92)
        let pieces = [
            "alpha", "beta*", "*", "any(", "(", ")", "\"", "~", "~3", "^", "^1000", "^0.001", "=", "-", "NOT ", " ",
            " OR ", "by:",
            "headline:", "published:", "0000", "9999", "..", ">", "<", "lang:", "source:=", "中", "slug:", "x", "\u{0}",
            "*a*",
        ]
        var answers = 0
        for _ in 0..<1500 {
            let text = (0..<Int.random(in: 1...9, using: &random)).map { _ in pieces.randomElement(using: &random)! }
                .joined()
            do {
                let query = try QueryParser.parse(text)
                let sort = SearchRequest.Sort.allCases.randomElement(using: &random)!
                _ = try searcher.search(SearchRequest(query: query, sort: sort, limitCount: 3, histogram: .month))
                answers += 1
            } catch is QueryError {}
        }
        #expect(answers > 200)
    }

    @Test("an empty snapshot answers everything with nothing")
    func empty() throws {
        let searcher = Searcher(try SnapshotReader(segments: [], source: MemoryByteSource()))
        for text in ["", "a", "-a", "a*", "published:2016", "key:00112233445566778899aabbccddeeff", "\"a b\""] {
            let results = try searcher.search(
                SearchRequest(query: try QueryParser.parse(text), facets: [.source], histogram: .day))
            #expect(results.total == 0 && results.hits.isEmpty && results.next == nil)
        }
    }

    @Test("explain names the tree and each word's live articles")
    func explain() throws {
        let fixture = SearchFixture(articles: 50, segments: 3, seed: 71)
        let searcher = Searcher(try fixture.snapshot().0)
        let query = try QueryParser.parse("alpha \"beta gamma\" be* -delta lang:pt")
        let text = try searcher.explain(SearchRequest(query: query))
        let live = SearchOracle(fixture.live).answers(try QueryParser.parse("alpha"), sort: .newest).count
        #expect(text.contains("query: and(alpha \"beta gamma\" be* not(delta) lang:pt)"))
        #expect(text.contains("word alpha (en:alpha pt:alpha): documents") && text.contains("live \(live)\n"))
        let near = try QueryParser.parse("by:(\"jane * * d*\" NEAR/2 doe) \"alpha * be*\"~1 =alpha NEAR/3 deal")
        #expect(try searcher.explain(SearchRequest(query: near)).contains(" * be*\"~1: idf "))
        // Each word that a star stands for, with its documents, and the way that is taken.
        let words = ["beta", "betray"].map { word in
            (word, fixture.segments.flatMap(\.samples).count { Self.words(of: $0.article).contains(word) })
        }.sorted { $0.1 > $1.1 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        #expect(text.contains("2 words: \(words)\n"))
        #expect(text.contains("hits: looks at every match") && text.contains("counts: every match"))
        let fast = try searcher.explain(SearchRequest(query: try QueryParser.parse("alpha beta published:2016-01")))
        #expect(fast.contains("hits: the rarest of 2 words, the others asked where blocks can bring a hit, within"))
        #expect(fast.contains("segment 2: documents "))
        // What the parts of each hit's score are worth together.
        for text in [
            "alpha beta", "any(alpha \"beta gamma\" be*)^2", "alpha NEAR/9 beta OR gam~", "alpha AND \"beta alpha\"~9",
        ] {
            for sort in [SearchRequest.Sort.score, .newest] {
                let request = SearchRequest(query: try QueryParser.parse(text), sort: sort)
                let hits = try searcher.search(request).hits
                let told = try searcher.explain(request).split(separator: "\n").filter { $0.hasPrefix("hit ") }
                #expect(!hits.isEmpty && told.count == hits.count)
                for (hit, line) in zip(hits, told) {
                    #expect(line.hasPrefix("hit \(hit.key.hex): \(hit.score)/65536 = "))
                    let parts = line.split(separator: " = ")[1].split(separator: " + ")
                    #expect(
                        parts.reduce(0) { $0 + (Int64($1.split(separator: " ").last!) ?? 0) } == hit.score, "\(line)")
                }
            }
        }
    }

    private static func words(of article: Article) -> Set<Substring> {
        let texts = [article.headline, article.summary, article.body] + article.media.map(\.caption)
        return Set(texts.compactMap { $0 }.flatMap { $0.split(separator: " ") })
    }

    @Test("any flipped byte is an error or changes nothing")
    func damage() throws {
        let fixture = SearchFixture(articles: 30, segments: 1, seed: 81)
        let built = try build(fixture.segments[0].samples)
        let healthy = MemoryByteSource()
        let reference = healthy.put(built)
        let queries = try ["alpha \"beta gamma\"", "a* -beta published:2016", "key:\(fixture.live[3].key.hex)"].map {
            try QueryParser.parse($0)
        }
        func answer(_ source: MemoryByteSource) throws -> [SearchResults] {
            let searcher = Searcher(try SnapshotReader.open([reference], source: source))
            return try queries.map {
                try searcher.search(SearchRequest(query: $0, facets: [.source], histogram: .day))
            }
        }
        let expected = try answer(healthy)
        var random = SplitMix64(seed: 82)
        var errors = 0
        for _ in 0..<150 {
            var bytes = built.bytes
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let source = MemoryByteSource()
            source.put(bytes, as: reference.objectName)
            do {
                #expect(try answer(source) == expected)
            } catch is EngineError { errors += 1 }
        }
        #expect(errors > 50)
    }
}

@Suite("Relevance")
struct RelevanceTests {
    @Test("the logarithm is that of mathematics")
    func logarithm() {
        let relevance = Relevance(articleCount: 1_000_000, wordCount: 1)
        // ln(1 + ((N - n + 0.5) / (n + 0.5))^2) / 2 · 65536, by a calculator.
        for (n, expected) in [
            (UInt64(0), 950839.4), (1, 878840.7), (10, 751312.9), (1000, 452608.4), (500_000, 22713.0),
            (1_000_000, 0.0),
        ] {
            #expect(abs(Double(relevance.inverseFrequency(articles: n)) - max(expected, 1)) < 1.5, "\(n)")
        }
        for count in [UInt64(0), 1, 2, 3, 1 << 31, 1 << 62] {
            let relevance = Relevance(articleCount: count, wordCount: count)
            #expect(relevance.inverseFrequency(articles: 0) >= relevance.inverseFrequency(articles: count))
        }
    }

    @Test("more occurrences score higher, longer articles lower, never above the weight")
    func monotony() {
        let relevance = Relevance(articleCount: 1000, wordCount: 300_000)
        let weight = Relevance.weight(inverseFrequency: relevance.inverseFrequency(articles: 10), boost: 65_536)
        for code in 1..<256 {
            #expect(relevance.norms[code] >= relevance.norms[code - 1])
            var last: Int64 = 0
            for frequency in [UInt32(1), 2, 3, 10, 1000, 65_535, .max] {
                let part = Relevance.part(weight: weight, frequency: frequency, norm: relevance.norms[code])
                #expect(part >= last && part <= Int64(weight))
                last = part
            }
        }
        #expect(Relevance.weight(inverseFrequency: .max, boost: .max) == UInt64(UInt32.max))
    }
}
