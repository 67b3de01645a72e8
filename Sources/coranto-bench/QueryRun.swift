import Engine
import Foundation
import News
import Storage

/// Asks each query many times and tells the best time of each, by class.
struct QueryRun {
    private struct Query: Decodable {
        var `class`: String
        var type: String
        var terms: [String]
        /// Seconds since 1970: the first that counts, and the first that counts no more.
        var from: Int64?
        var to: Int64?
    }

    let folder: String
    let queries: String
    let ids: String?

    /// As often as the drivers of the others.
    private static let repeatCount = 20

    func run() throws {
        let files = try MappedFiles(folder)
        let snapshot = try SnapshotReader(
            segments: SegmentReader.open(files.objects, source: files), source: files)
        let searcher = Searcher(snapshot)
        report([
            ("what", "\"open\""), ("segments", "\(snapshot.segments.count)"), ("docs", "\(snapshot.liveDocumentCount)"),
        ])
        let lines = try String(contentsOfFile: queries, encoding: .utf8).split(separator: "\n")
        let asked = try lines.map { try JSONDecoder().decode(Query.self, from: Data($0.utf8)) }
        var answers = ""
        for what in ["query", "newest", "count"] {
            let requests = asked.map { query in
                SearchRequest(
                    query: Self.node(query), sort: what == "newest" ? .newest : .score,
                    limitCount: what == "count" ? 0 : 10, countExact: what == "count")
            }
            try measure(what, searcher, requests, asked, &answers)
        }
        if let ids { try answers.write(toFile: ids, atomically: false, encoding: .utf8) }
    }

    private static func node(_ query: Query) -> QueryNode {
        guard let from = query.from, let to = query.to else { return words(query) }
        return .and([words(query), .dates(DateRange(from: Timestamp(seconds: from), to: Timestamp(seconds: to)))])
    }

    private static func words(_ query: Query) -> QueryNode {
        let words = query.terms.map { term in
            QueryWord(field: .text, pattern: .term(Array(term.utf8)), isExact: true, offset: 0)
        }
        return switch query.type {
        case "prefix":
            .word(QueryWord(field: .text, pattern: .prefix(Array(query.terms[0].utf8)), isExact: true, offset: 0))
        case "term": .word(words[0])
        case "phrase":
            .phrase(QueryPhrase(field: .text, patterns: words.map(\.pattern), slop: 0, isExact: true, offset: 0))
        case "and": .and(words.map { .word($0) })
        default: .or(words.map { .word($0) })
        }
    }

    private func measure(
        _ what: String, _ searcher: Searcher, _ requests: [SearchRequest], _ asked: [Query], _ answers: inout String
    ) throws {
        // As the others' query objects, made before.
        let prepared = try requests.map { try searcher.prepare($0) }
        for _ in 0..<3 { for search in prepared { _ = try search.run() } }
        var best: [String: [Double]] = [:]
        var order: [String] = []
        for (number, search) in prepared.enumerated() {
            var least = UInt64.max
            var results: SearchResults?
            for _ in 0..<Self.repeatCount {
                let began = DispatchTime.now().uptimeNanoseconds
                results = try search.run()
                least = min(least, DispatchTime.now().uptimeNanoseconds - began)
            }
            let name = asked[number].class
            if best[name] == nil { order.append(name) }
            best[name, default: []].append(Double(least) / 1000)
            let top = results!.hits.map { "[\($0.ordinal), \($0.score)]" }.joined(separator: ", ")
            answers +=
                "{\"q\": \(number), \"what\": \"\(what)\", \"us\": \(Double(least) / 1000), \"total\": \(results!.total), \"top\": [\(top)]}\n"
        }
        for name in order {
            let times = best[name]!.sorted()
            report([
                ("what", "\"\(what)\""), ("cls", "\"\(name)\""), ("n", "\(times.count)"),
                ("p50_us", rounded(times[times.count / 2], 1)), ("p99_us", rounded(times[times.count - 1], 1)),
                ("mean_us", rounded(times.reduce(0, +) / Double(times.count), 1)),
            ])
        }
    }
}
