import Engine
import Foundation
import News
import Testing

/// Holds the examples of docs/query-language.md against the code.
@Suite("Query language page")
struct QuerySpecificationTests {
    private func page() throws -> String {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/query-language.md")
        return try String(contentsOf: path, encoding: .utf8)
    }

    @Test("the example of an error is what the parser says")
    func error() throws {
        let query = "trade published:2016-13"
        do {
            _ = try QueryParser.parse(query)
            Issue.record("no error")
        } catch {
            let shown = error.pointing(into: query).split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
            #expect(try page().contains(shown))
        }
    }

    @Test("the example of scores is what the search says")
    func scores() throws {
        func sample(_ headline: String, _ body: String) -> Sample {
            var article = Article()
            article.headline = headline
            article.body = body
            return Sample(article, key: ArticleKey(rawInput: Array(headline.utf8)))
        }
        var fixture = SearchFixture(articles: 0, segments: 1, seed: 0)
        fixture.segments = [([sample("High tide", "Tide tables: high."), sample("Low water", "The tide is low.")], [])]
        let searcher = Searcher(try fixture.snapshot().0)
        let request = SearchRequest(query: try QueryParser.parse("tide"))
        let scores = try searcher.search(request).hits.map(\.score)
        let relevance = Relevance(articleCount: 2, wordCount: 11)
        let idf = relevance.inverseFrequency(articles: 2)
        let weight = Relevance.weight(inverseFrequency: idf, boost: 65_536)
        #expect(
            try page().contains(
                """
                    idf(tide) = \(idf)    weight = \(weight)
                    A: f = 2, norm = \(relevance.norms[5]), score = \(scores[0])
                    B: f = 1, norm = \(relevance.norms[6]), score = \(scores[1])
                """))
        #expect(try searcher.explain(request).contains("scores tide: idf \(idf)/65536, at most \(weight)/65536"))
    }

    @Test("the limits are those of the code")
    func limits() throws {
        let page = try page()
        #expect(QueryParser.textBytes == 1 << 20 && QueryParser.wordCount == 65_536 && QueryParser.depth == 64)
        #expect(QueryParser.patternCount == 1024 && QueryParser.placedWordCount == 1024 && QueryParser.distance == 99)
        #expect(page.contains("1 MiB of text, and 65,536 words, of these 1,024 with stars or `~`"))
        #expect(page.contains("1,024 words and 99 other places in a phrase or NEAR;\n- 64 levels"))
        #expect(Analysis.termBytes == 253 && page.contains("1 to 253 bytes of UTF-8"))
    }
}
