package import ByteCoding
package import Engine
package import News
import Roles
import Storage

/// A page of hits with what is shown of each, and what was counted.
package struct SearchAnswer: Sendable {
    package struct Hit: Sendable {
        package var key: ArticleKey
        /// In 2^-16.
        package var score: Int64
        /// What is shown of it: headline, source, URL, when it was published.
        package var article: Article
        package var snippet: Excerpt
        /// Places of the query's words in the headline, as byte offsets of its UTF-8.
        package var headlineMatches: [Range<Int>]
    }

    /// A stretch of text with the places that matched.
    package struct Excerpt: Equatable, Sendable {
        package var text = ""
        /// Byte offsets in the UTF-8 of `text`, ascending, apart from one another.
        package var matches: [Range<Int>] = []

        package init() {}

        /// "…" stands where the article goes on.
        package init(_ snippet: Snippet) {
            let mark = "…"
            let bytes = Array(snippet.text.utf8)
            let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x0A }
            let start = bytes.firstIndex { !isBlank($0) } ?? 0
            let end = (bytes.lastIndex { !isBlank($0) } ?? -1) + 1
            text =
                (snippet.isCutBefore ? mark : "") + String(decoding: bytes[start..<max(start, end)], as: UTF8.self)
                + (snippet.isCutAfter ? mark : "")
            let shift = (snippet.isCutBefore ? mark.utf8.count : 0) - start
            matches = snippet.matches.map { ($0.lowerBound + shift)..<($0.upperBound + shift) }
        }
    }

    package var question: SearchQuestion
    package var generation: Generation
    package var setDigest: Digest256
    package var results: SearchResults
    package var hits: [Hit]
    /// How the query was understood, if that was asked.
    package var explanation: String?
    package var tookMicroseconds: Int

    /// Answers a question. Reads from the store: never on an event loop.
    ///
    /// - Throws: `QueryError`, `Failure`, `EngineError` or what the store throws.
    /// - Parameter stop: by which it can be ended while it is looked for.
    package init(to question: SearchQuestion, from snapshot: OpenSnapshot, stop: SearchStop? = nil) throws {
        let clock = ContinuousClock()
        let start = clock.now
        var request = try question.request()
        request.stop = stop
        let searcher = snapshot.searcher
        let highlighter = Highlighter(request.query)
        var hits: [Hit] = []
        let results = try searcher.search(request) { hit, record in
            try stop?.check()
            let whole = try Self.article(record, hit.key)
            let snippet = highlighter.snippet(of: whole).map(Excerpt.init) ?? Excerpt()
            let article = Self.shown(whole)
            hits.append(
                Hit(
                    key: hit.key, score: hit.score, article: article, snippet: snippet,
                    headlineMatches: highlighter.headlineMatches(of: article)))
        }
        self.question = question
        generation = snapshot.generation
        setDigest = snapshot.loaded?.manifest.setDigest ?? .zero
        self.results = results
        self.hits = hits
        explanation = question.isExplained ? try searcher.explain(request) : nil
        let took = clock.now - start
        tookMicroseconds = Int(took / .microseconds(1))
    }

    /// Bytes of what is shown of a headline, a source and the like: a page of hits must not be without bound. The article tells all.
    static let shownBytes = 2048

    private static func shown(_ article: Article) -> Article {
        var shown = Article()
        shown.headline = article.headline.map { Self.shown($0) }
        shown.source = article.source.map { Self.shown($0) }
        shown.url = article.url.flatMap { $0.utf8.count > 4 * shownBytes ? nil : $0 }
        shown.published = article.published
        return shown
    }

    private static func shown(_ text: String) -> String {
        guard text.utf8.count > shownBytes else { return text }
        let end = text.unicodeScalars.index(before: text.utf8.index(text.startIndex, offsetBy: shownBytes))
        return text[..<end] + "…"
    }

    static func article(_ record: [UInt8], _ key: ArticleKey) throws(EngineError) -> Article {
        do throws(CodingError) { return try CanonicalRecord.decode(record) } catch {
            throw EngineError(.corrupt, "the record of \(key.hex) is not canonical: \(error)")
        }
    }
}
