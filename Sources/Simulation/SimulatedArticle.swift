import ByteCoding
import News
import Storage

/// Articles of few words, so that every query finds something. An article is a function of three small numbers: equal
/// numbers are the same article sent again, others another key or another version.
enum SimulatedArticle {
    static let keyCount = 80
    /// Sightings of an article: the number decides when it was first seen, or that nobody saw.
    static let sightingCount = 41
    static let textCount = 4
    /// Of articles that end whoever indexes them: later than all others, so that nothing else is live of their keys once
    /// they are cured.
    static let poisonSighting = sightingCount + 3
    static let vocabulary = ["storm", "court", "strike", "budget", "harbour", "election", "bridge", "flood", "museum"]
    private static let sources = ["paper", "agency", nil]
    private static let languages = ["en", nil]

    static func url(_ number: Int) -> String { "https://pool.example/\(number)" }
    static func key(_ number: Int) -> ArticleKey { ArticleKey(canonicalURL: url(number)) }

    static func make(_ number: Int, sighting: Int, text: Int) -> Article {
        var random = SeededRandom(seed: UInt64((number * sightingCount + sighting) * textCount + text))
        var article = Article()
        article.url = url(number)
        article.headline = words(1...4, &random)
        article.body = words(2...30, &random)
        if random.chance(250) { article.summary = words(1...5, &random) }
        article.source = random.pick(sources)
        article.language = random.pick(languages)
        // Every fifth is undated: neither seen nor published at a known time.
        guard sighting % 5 != 0 else { return article }
        article.firstSeen = Timestamp(seconds: 1_600_000_000 + Int64(sighting))
        if sighting % 3 != 0 {
            // Different versions of a key lie in different cells.
            let at = Timestamp(seconds: 1_590_000_000 + Int64(sighting * 37 % 11 * 100_000 + number % 7 * 3000))
            article.published = PublishedTime(at: at, precision: .second, from: "field")
        }
        return article
    }

    private static func words(_ count: ClosedRange<Int>, _ random: inout SeededRandom) -> String {
        (0..<random.int(count)).map { _ in
            // The smaller of two: the first words are frequent, the last are rare.
            vocabulary[min(random.int(0...(vocabulary.count - 1)), random.int(0...(vocabulary.count - 1)))]
        }.joined(separator: " ")
    }
}

/// Articles as they stand in the log, each made once for all the worlds of a process.
///
/// Confined to one thread.
package final class ArticlePool {
    private struct ID: Hashable {
        var number: Int
        var sighting: Int
        var text: Int
    }

    private let compressor = ZstdCompressor(level: Int(Settings().zstdLevel))
    private var known: [ID: LoggedArticle] = [:]

    package init() {}

    func article(_ number: Int, sighting: Int, text: Int) -> LoggedArticle {
        let id = ID(number: number, sighting: sighting, text: text)
        if let article = known[id] { return article }
        let article = logged(SimulatedArticle.make(number, sighting: sighting, text: text))
        known[id] = article
        return article
    }

    func logged(_ article: Article) -> LoggedArticle {
        let record = CanonicalRecord.encode(article)
        return LoggedArticle(
            key: ArticleKey(canonicalURL: article.url!), version: CanonicalRecord.version(of: article, record: record),
            orderTime: article.orderTime, source: article.source ?? "", recordBytes: UInt32(record.count),
            frame: compressor.compress(record))
    }
}
