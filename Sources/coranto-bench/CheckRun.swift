import ByteCoding
import Engine
import Foundation
import News
import Storage

/// Random queries over real articles: is what is found by passing documents over what looking at all of them finds?
struct CheckRun {
    let folder: String
    let queryCount: Int
    let seed: UInt64

    func run() throws {
        let files = try MappedFiles(folder)
        let snapshot = try SnapshotReader(
            segments: SegmentReader.open(files.objects, source: files), source: files)
        let searcher = Searcher(snapshot)
        var random = SplitMix64(seed: seed)
        let words = try vocabulary(snapshot, &random)
        var (passedOver, hits) = (0, 0)
        for number in 0..<queryCount {
            let query = query(words, snapshot, &random)
            for sort in [SearchRequest.Sort.score, .newest] {
                var request = SearchRequest(
                    query: query, sort: sort, limitCount: Int.random(in: 1...30, using: &random), countExact: false)
                let fast = try searcher.search(request)
                request.isExhaustive = true
                request.countExact = true
                let whole = try searcher.search(request)
                guard fast.hits == whole.hits, fast.next == whole.next,
                    fast.isExact ? fast.total == whole.total : fast.total <= whole.total
                else {
                    print(
                        "coranto-bench: query \(number), \(query), \(sort), limit \(request.limitCount): answers differ"
                    )
                    exit(1)
                }
                request.isExhaustive = false
                let both = try searcher.search(request)
                request.limitCount = 0
                let counted = try searcher.search(request)
                guard both.hits == whole.hits, both.next == whole.next, both.isExact, counted.isExact,
                    both.total == whole.total, counted.total == whole.total
                else {
                    print("coranto-bench: query \(number), \(query), \(sort): answers with counts differ")
                    exit(1)
                }
                if !fast.isExact { passedOver += 1 }
                hits += fast.hits.count
            }
        }
        report([
            ("what", "\"check\""), ("queries", "\(queryCount)"), ("segments", "\(snapshot.segments.count)"),
            ("passed_over", "\(passedOver)"), ("hits", "\(hits)"), ("different", "0"),
        ])
    }

    /// Words of all frequencies: by rank as in text.
    private func vocabulary(_ snapshot: SnapshotReader, _ random: inout SplitMix64) throws -> [[UInt8]] {
        var found: [(word: [UInt8], frequency: UInt32)] = []
        try unsafe snapshot.segments[0].forEachTerm(from: [IndexField.text.rawValue, 0]) { term, entry in
            guard unsafe term[0] == IndexField.text.rawValue else { return false }
            // In any form it is a word, if also one that nobody would ask for.
            let word = unsafe TermKey.withoutTail(term).dropFirst()
            if entry.documentFrequency > 2 { unsafe found.append((Array(word), entry.documentFrequency)) }
            return true
        }
        found.sort {
            $0.frequency != $1.frequency ? $0.frequency > $1.frequency : $0.word.lexicographicallyPrecedes($1.word)
        }
        return found.prefix(60_000).map(\.word)
    }

    private func query(
        _ words: [[UInt8]], _ snapshot: SnapshotReader, _ random: inout SplitMix64
    ) -> QueryNode {
        func pattern() -> TermPattern {
            let place = Double.random(in: 0..<1, using: &random)
            return .term(words[Int(place * place * place * Double(words.count))])
        }
        func word(_ field: IndexField = .text) -> QueryNode {
            .word(QueryWord(field: field, pattern: pattern(), isExact: Bool.random(using: &random), offset: 0))
        }
        func scored() -> QueryNode {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                return .phrase(
                    QueryPhrase(
                        field: .text, patterns: [pattern(), pattern()], slop: 0, isExact: Bool.random(using: &random),
                        offset: 0))
            case 1: return word(.headline)
            case 2: return .boost(word(), weight: UInt32.random(in: 1...(8 << 16), using: &random), offset: 0)
            default: return word()
            }
        }
        let count = Int.random(in: 1...5, using: &random)
        var parts: [QueryNode]
        if Bool.random(using: &random) {
            parts = (0..<count).map { _ in scored() }
        } else {
            parts = [.or((0..<count).map { _ in word() })]
        }
        if Int.random(in: 0..<3, using: &random) == 0, let span = snapshot.segments[0].footer.span,
            let newest = span.first.time
        {
            let to = newest.milliseconds - Int64.random(in: 0..<40 * 365 * 86_400_000, using: &random)
            parts.append(
                .dates(
                    DateRange(
                        from: Timestamp(milliseconds: to - Int64.random(in: 0..<5 * 365 * 86_400_000, using: &random)),
                        to: Timestamp(milliseconds: to))))
        }
        if Int.random(in: 0..<4, using: &random) == 0 { parts.append(.not(word())) }
        if Int.random(in: 0..<6, using: &random) == 0 {
            parts.append(
                .word(QueryWord(field: .language, pattern: .term(Array("en".utf8)), isExact: true, offset: 0)))
        }
        return parts.count == 1 ? parts[0] : .and(parts)
    }
}
