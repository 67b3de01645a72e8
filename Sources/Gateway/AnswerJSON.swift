import ByteCoding
import Engine
package import Extraction
import News

/// Writes answers as the JSON of `coranto query --format json` and `/v1/search`: the same bytes by either way.
package enum AnswerJSON {
    package static func write(_ answer: SearchAnswer) -> [UInt8] {
        var out = JSONObjectWriter(reservingBytes: 1024 + answer.hits.count * 1024)
        out.member("generation", encoded: "\(answer.generation.number)")
        out.member("set_digest", answer.setDigest.hex)
        out.member("took_ms", encoded: "\(Double(answer.tookMicroseconds) / 1000)")
        out.member("total") { total in
            total.member("value", encoded: "\(answer.results.total)")
            total.member("exact", encoded: "\(answer.results.isExact)")
        }
        out.member("hits", encoded: array(answer.hits.map { hit($0) }))
        out.member("facets") { facets in
            for facet in answer.question.facets {
                facets.member(facet.name, encoded: array((answer.results.facets[facet]?.values ?? []).map(value)))
            }
        }
        if answer.question.facetLimitCount != nil {
            out.member("facets_left") { left in
                for (facet, counts) in cut(answer) {
                    left.member(facet.name) { member in
                        member.member("values", encoded: "\(counts.leftValueCount)")
                        member.member("count", encoded: "\(counts.leftArticleCount)")
                    }
                }
            }
        }
        out.member(
            "histogram", encoded: array(answer.results.histogram.map { bucket($0, answer.question.zoneOffsetMinutes) }))
        if answer.question.histogram != nil { out.member("undated", encoded: "\(answer.results.undatedCount)") }
        if let explanation = answer.explanation { out.member("explanation", explanation) }
        out.member("work") { work in
            work.member("rounds", encoded: "\(answer.results.work.roundCount)")
            work.member("requests", encoded: "\(answer.results.work.requestCount)")
            work.member("bytes", encoded: "\(answer.results.work.requestBytes)")
            work.member("windows", encoded: "\(answer.results.work.windowCount)")
        }
        if let next = answer.results.next {
            out.member("next", next)
        } else {
            out.member("next", encoded: "null")
        }
        return out.finish()
    }

    /// One hit, as in `hits` and as a line of `--format ndjson`.
    package static func hit(_ hit: SearchAnswer.Hit) -> [UInt8] {
        var out = JSONObjectWriter(reservingBytes: 1024)
        out.member("key", hit.key.hex)
        out.member(orNull: "url", hit.article.url)
        out.member(orNull: "headline", hit.article.headline)
        out.member("headline_highlights", encoded: ranges(hit.headlineMatches))
        out.member(orNull: "source", hit.article.source)
        out.member(
            orNull: "published",
            hit.article.published.map { ArticleJSON.time($0.at, offsetMinutes: $0.offsetMinutes) })
        out.member(orNull: "published_precision", hit.article.published?.precision.name)
        out.member("score", encoded: score(hit.score))
        out.required("snippet", hit.snippet.text)
        out.member("highlights", encoded: ranges(hit.snippet.matches))
        // Of the derived layer of copies and stories, which a snapshot need not have.
        out.member("copies", encoded: "null")
        out.member("story", encoded: "null")
        return out.finish()
    }

    package static func failure(_ failure: Failure) -> [UInt8] {
        var out = JSONObjectWriter()
        out.member("error") { error in
            error.member("code", failure.code.rawValue)
            error.required("message", failure.message)
            error.member("hint", failure.hint)
            if let offset = failure.offset { error.member("offset", encoded: "\(offset)") }
        }
        return out.finish()
    }

    /// Fixed point in 2^-16 as a number that reads back exactly.
    package static func score(_ score: Int64) -> String { "\(Double(score) / 65536)" }

    /// Facets that have more values than are told.
    private static func cut(_ answer: SearchAnswer) -> [(SearchRequest.Facet, SearchResults.FacetCounts)] {
        answer.question.facets.compactMap { facet in answer.results.facets[facet].map { (facet, $0) } }
            .filter { $0.1.leftValueCount > 0 }
    }

    private static func value(_ value: SearchResults.FacetValue) -> [UInt8] {
        var out = JSONObjectWriter()
        out.member(orNull: "value", value.name)
        out.member("count", encoded: "\(value.count)")
        return out.finish()
    }

    private static func bucket(_ bucket: SearchResults.Bucket, _ zoneOffsetMinutes: Int) -> [UInt8] {
        var out = JSONObjectWriter()
        out.member("start", ArticleJSON.time(bucket.start, offsetMinutes: Int16(clamping: zoneOffsetMinutes)))
        out.member("count", encoded: "\(bucket.count)")
        return out.finish()
    }

    private static func ranges(_ ranges: [Range<Int>]) -> String {
        "[" + ranges.map { "[\($0.lowerBound),\($0.upperBound)]" }.joined(separator: ",") + "]"
    }

    package static func array(_ items: [[UInt8]]) -> String {
        "[" + items.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",") + "]"
    }
}

extension JSONObjectWriter {
    /// Absent texts are written as null: for answers, whose members are always there.
    package mutating func member(orNull name: StaticString, _ text: String?) {
        if let text { required(name, text) } else { member(name, encoded: "null") }
    }
}
