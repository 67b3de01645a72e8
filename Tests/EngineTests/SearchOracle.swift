import ByteCoding
import Engine
import News
import Storage

/// Answers queries as one would by reading every article: no index, no segments. Shares with the engine the tokenizer, the
/// tree of a query and the arithmetic of one part of a score.
struct SearchOracle {
    struct Document {
        let sample: Sample
        let terms: [[UInt8]: [UInt32]]
        let length: Int

        /// Positions of a word, in any of its forms unless it must be exact; nil if it is not there.
        func positions(_ field: IndexField, _ word: [UInt8], isExact: Bool) -> [UInt32]? {
            let stems = field.hasStems ? sample.article.language.flatMap { StemLanguage(tag: $0.utf8) } : nil
            return terms[field.key(word, in: stems, isExact: isExact)]
        }
    }

    /// Live articles, newest first.
    let documents: [Document]
    let relevance: Relevance
    private let vocabulary: [[UInt8]]

    init(_ live: [Sample]) {
        documents = live.sorted { $0.orderKey < $1.orderKey }.map {
            let terms = NaiveIndex.terms(of: $0.article)
            return Document(sample: $0, terms: terms.terms, length: terms.length)
        }
        relevance = Relevance(
            articleCount: UInt64(documents.count), wordCount: documents.reduce(0) { $0 + UInt64($1.length) })
        var vocabulary: Set<[UInt8]> = []
        for document in documents { vocabulary.formUnion(document.terms.keys) }
        self.vocabulary = Array(vocabulary)
    }

    struct Answer: Equatable {
        let key: ArticleKey
        let score: Int64
    }

    /// All hits, in order.
    func answers(_ query: QueryNode, sort: SearchRequest.Sort) -> [Answer] {
        Self.sorted(answers(query), by: sort)
    }

    /// Newest first.
    func answers(_ query: QueryNode) -> [Answer] {
        let leaves = scored(query, boost: 1 << 16).map { leaf in
            (
                frequencies: frequencies(leaf.node),
                weight: Relevance.weight(inverseFrequency: inverseFrequency(leaf.node), boost: leaf.boost)
            )
        }
        let matching = matches(query)
        var found: [Answer] = []
        for (index, document) in documents.enumerated() where matching[index] {
            let norm = relevance.norms[Int(LengthCode.code(of: document.length))]
            var score: Int64 = 0
            for leaf in leaves where leaf.frequencies[index] > 0 {
                score += Relevance.part(weight: leaf.weight, frequency: UInt32(leaf.frequencies[index]), norm: norm)
            }
            found.append(Answer(key: document.sample.key, score: score))
        }
        return found
    }

    static func sorted(_ found: [Answer], by sort: SearchRequest.Sort) -> [Answer] {
        switch sort {
        case .newest: return found
        case .oldest: return found.reversed()
        case .score:
            return found.enumerated().sorted {
                $0.element.score != $1.element.score ? $0.element.score > $1.element.score : $0.offset < $1.offset
            }.map(\.element)
        }
    }

    /// For each document.
    private func matches(_ query: QueryNode) -> [Bool] {
        switch query {
        case .all: return documents.map { _ in true }
        case .word, .phrase: return frequencies(query).map { $0 > 0 }
        case .and(let nodes):
            let all = nodes.map(matches)
            return documents.indices.map { index in all.allSatisfy { $0[index] } }
        case .or(let nodes), .any(let nodes):
            let all = nodes.map(matches)
            return documents.indices.map { index in all.contains { $0[index] } }
        case .not(let node): return matches(node).map { !$0 }
        case .boost(let node, _, _): return matches(node)
        case .key(let key): return documents.map { $0.sample.key == key }
        case .dates(let range):
            return documents.map { document in
                guard let time = document.sample.article.orderTime else { return false }
                return (range.from.map { time >= $0 } ?? true) && (range.to.map { time < $0 } ?? true)
            }
        case .near: return frequencies(query).map { $0 > 0 }
        case .derived: return documents.map { _ in false }
        }
    }

    private func scored(_ query: QueryNode, boost: UInt32) -> [(node: QueryNode, boost: UInt32)] {
        switch query {
        case .word(let word): word.field == .text || word.field == .headline ? [(query, boost)] : []
        case .phrase(let phrase): phrase.field == .text || phrase.field == .headline ? [(query, boost)] : []
        case .near(let left, _, _, _): Self.field(of: left).isScored ? [(query, boost)] : []
        case .and(let nodes), .or(let nodes), .any(let nodes): nodes.flatMap { scored($0, boost: boost) }
        case .boost(let node, let weight, _):
            scored(node, boost: UInt32(max(UInt64(boost) * UInt64(weight) / 65_536, 1)))
        default: []
        }
    }

    private static func field(of node: QueryNode) -> IndexField {
        switch node {
        case .word(let word): word.field
        case .phrase(let phrase): phrase.field
        case .or(let nodes), .any(let nodes): field(of: nodes[0])
        case .near(let left, _, _, _): field(of: left)
        default: .text
        }
    }

    private func inverseFrequency(_ leaf: QueryNode) -> UInt64 {
        switch leaf {
        case .near(let left, let right, _, _): return inverseFrequency(left) + inverseFrequency(right)
        case .or(let nodes), .any(let nodes): return nodes.map(inverseFrequency).min() ?? 0
        case .phrase(let phrase):
            return phrase.patterns.filter { $0 != .prefix([]) }.reduce(0) { sum, pattern in
                sum + inverseFrequency(Self.word(pattern, of: phrase))
            }
        default: return relevance.inverseFrequency(articles: UInt64(frequencies(leaf).count { $0 > 0 }))
        }
    }

    private static func word(_ pattern: TermPattern, of phrase: QueryPhrase) -> QueryNode {
        .word(QueryWord(field: phrase.field, pattern: pattern, isExact: phrase.isExact, offset: 0))
    }

    /// How often a word, a phrase or NEAR is in each document.
    private func frequencies(_ leaf: QueryNode) -> [Int] {
        if case .word(let word) = leaf, !word.field.hasPositions {
            let keys = keys(of: word)
            return documents.map { document in document.terms.keys.contains { keys.contains($0) } ? 1 : 0 }
        }
        return stretches(leaf).map { Set($0.map(\.lowerBound)).count }
    }

    /// Keys of the dictionary that a word stands for where only words as they are count.
    private func keys(of word: QueryWord) -> Set<[UInt8]> {
        // A star stands for letters of words as they are: keys of stems end in an odd number.
        Set(
            vocabulary.filter { key in
                let bare = TermKey.withoutTail(key)
                return key[0] == word.field.rawValue && (bare.count == key.count || key.last! % 2 == 0)
                    && Self.matches(word.pattern, bare.dropFirst())
            })
    }

    /// In each document the stretches from the first to the last word, by trying all ways.
    private func stretches(_ node: QueryNode) -> [[ClosedRange<UInt32>]] {
        switch node {
        case .word(let word):
            if case .term(let bytes) = word.pattern {
                return documents.map { document in
                    (document.positions(word.field, bytes, isExact: word.isExact) ?? []).map { $0...$0 }
                }
            }
            let keys = keys(of: word)
            return documents.map { document in
                keys.flatMap { document.terms[$0] ?? [] }.sorted().map { $0...$0 }
            }
        case .phrase(let phrase):
            let words = phrase.patterns.enumerated().filter { $0.element != .prefix([]) }
            let places = words.map { stretches(Self.word($0.element, of: phrase)) }
            return documents.indices.map { document in
                places[0][document].compactMap { start in
                    // The least place that the last word can have, by trying all.
                    func least(_ word: Int, after place: UInt32) -> UInt32? {
                        if word == words.count { return place }
                        let step = UInt32(words[word].offset - words[word - 1].offset)
                        return places[word][document].filter { $0.lowerBound >= place + step }
                            .compactMap { least(word + 1, after: $0.lowerBound) }.min()
                    }
                    guard let end = least(1, after: start.lowerBound) else { return nil }
                    let more = Int(end - start.lowerBound) - (words.last!.offset - words[0].offset)
                    return more <= phrase.slop ? start.lowerBound...end : nil
                }
            }
        case .or(let nodes), .any(let nodes):
            let all = nodes.map(stretches)
            return documents.indices.map { document in all.flatMap { $0[document] } }
        case .near(let left, let right, let distance, _):
            let (first, second) = (stretches(left), stretches(right))
            return documents.indices.map { document in
                var hulls: Set<ClosedRange<UInt32>> = []
                for one in first[document] {
                    for other in second[document] where !one.overlaps(other) {
                        let (before, behind) = one.upperBound < other.lowerBound ? (one, other) : (other, one)
                        guard behind.lowerBound - before.upperBound <= UInt32(distance) else { continue }
                        hulls.insert(before.lowerBound...behind.upperBound)
                    }
                }
                return hulls.filter { hull in
                    !hulls.contains {
                        $0 != hull && $0.lowerBound >= hull.lowerBound && $0.upperBound <= hull.upperBound
                    }
                }
            }
        default: return documents.map { _ in [] }
        }
    }

    /// By the definition, over the whole table.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var table = [[Int]](repeating: [Int](repeating: 0, count: right.count + 1), count: left.count + 1)
        for a in 0...left.count {
            for b in 0...right.count {
                if a == 0 || b == 0 {
                    table[a][b] = a + b
                    continue
                }
                var value = min(table[a - 1][b], table[a][b - 1]) + 1
                value = min(value, table[a - 1][b - 1] + (left[a - 1] == right[b - 1] ? 0 : 1))
                if a > 1, b > 1, left[a - 1] == right[b - 2], left[a - 2] == right[b - 1] {
                    value = min(value, table[a - 2][b - 2] + 1)
                }
                table[a][b] = value
            }
        }
        return table[left.count][right.count]
    }

    /// By recursion over strings, unlike the engine's scan.
    private static func matches(_ pattern: TermPattern, _ term: ArraySlice<UInt8>) -> Bool {
        func glob(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
            guard let first = pattern.first else { return text.isEmpty }
            if first == UInt8(ascii: "*") {
                return glob(pattern.dropFirst(), text) || !text.isEmpty && glob(pattern, text.dropFirst())
            }
            return text.first == first && glob(pattern.dropFirst(), text.dropFirst())
        }
        if case .fuzzy(let bytes, let limit) = pattern {
            func scalars(_ bytes: some Sequence<UInt8>) -> [Unicode.Scalar] {
                Array(String(decoding: Array(bytes), as: UTF8.self).unicodeScalars)
            }
            // The difference of lengths is the least that they can be apart.
            let (one, other) = (scalars(bytes), scalars(term))
            return abs(one.count - other.count) <= limit && distance(one, other) <= limit
        }
        return glob(Array(pattern.description.utf8)[...], term)
    }
}

/// Articles of few words, so that random queries find something; some in several versions, some retracted.
struct SearchFixture {
    var live: [Sample] = []
    var segments: [(samples: [Sample], kills: [KilledDocument])]

    static let words =
        ["alpha", "beta", "gamma", "delta", "epsilon", "alphabet", "betray", "gambit", "deal", "zeta"]
        + (0..<30).map { "word\($0)" }

    static func text(_ range: ClosedRange<Int>, _ random: inout SplitMix64) -> String {
        let count = Int.random(in: range, using: &random)
        return (0..<count).map { _ in
            // Squaring makes the first words frequent.
            let place = Double.random(in: 0..<1, using: &random)
            return words[Int(place * place * Double(words.count))]
        }.joined(separator: " ")
    }

    /// Some of the words that articles are made of.
    func words(_ count: Int, _ random: inout SplitMix64) -> String { Self.text(count...count, &random) }

    static func article(_ number: Int, revision: Int, words: ClosedRange<Int>, _ random: inout SplitMix64)
        -> Sample
    {
        var article = Article()
        article.url = "https://example.org/\(number)"
        article.headline = text(1...5, &random)
        article.body = text(words, &random)
        if number % 4 == 0 { article.summary = text(1...6, &random) }
        if number % 6 == 0 { article.media = [.init(url: nil, caption: text(1...4, &random), credit: nil)] }
        article.source = ["The Times", "Le Monde", "Reuters", nil][Int.random(in: 0..<4, using: &random)]
        article.language = ["en", "pt-br", "pt-pt", nil][Int.random(in: 0..<4, using: &random)]
        article.section = ["World", "World News", nil][Int.random(in: 0..<3, using: &random)]
        article.by = number % 3 == 0 ? "Jane Doe" : "John Smith"
        if number % 5 == 0 {
            article.quotes = (0...(number % 3)).map { place in
                Article.Quote(text: text(1...8, &random), speaker: ["Ann Poole", "Jane Doe", nil][place])
            }
        }
        if number % 7 != 0 {
            let hours = Int64.random(in: 0..<2400, using: &random)
            let at = Timestamp(seconds: 1_451_606_400 + hours / 12 * 12 * 3600)
            article.published = PublishedTime(at: at, precision: .minute, from: "field")
        }
        article.extractorVersion = UInt32(revision)
        return Sample(article, key: ArticleKey(canonicalURL: article.url!))
    }

    init(articles: Int, segments count: Int, words: ClosedRange<Int> = 3...40, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        segments = Array(repeating: ([], []), count: count)
        for number in 0..<articles {
            var home = Int.random(in: 0..<count, using: &random)
            var current = Self.article(number, revision: 0, words: words, &random)
            segments[home].samples.append(current)
            var isLive = true
            for revision in 1...3 where count > 1 && Int.random(in: 0..<4, using: &random) == 0 && isLive {
                let next = (home + Int.random(in: 1..<count, using: &random)) % count
                segments[next].kills.append(current.killed)
                isLive = Int.random(in: 0..<4, using: &random) != 0
                home = next
                if isLive {
                    current = Self.article(number, revision: revision, words: words, &random)
                    segments[next].samples.append(current)
                }
            }
            if isLive { live.append(current) }
        }
    }

    /// By ranges and in place: these are ways of their own through the search.
    func searchers() throws -> [Searcher] {
        try [false, true].map { Searcher(try snapshot(isMapped: $0).0) }
    }

    func snapshot(
        settings: Settings = Settings(), isMapped: Bool = false
    ) throws -> (SnapshotReader, MemoryByteSource) {
        let source = MemoryByteSource(isMapped: isMapped)
        let references = try segments.enumerated().map {
            source.put(try build($1.samples, kills: $1.kills, settings: settings), attempt: UInt64($0))
        }
        return (try SnapshotReader.open(references, source: source), source)
    }

    /// A random query in the query language.
    func query(_ random: inout SplitMix64, depth: Int = 0) -> String {
        func word() -> String {
            Self.words[Int.random(in: 0..<Self.words.count, using: &random) * Int.random(in: 1...2, using: &random) / 2]
        }
        func phrase() -> String {
            guard let sample = live.randomElement(using: &random) else { return word() }
            let text = (Bool.random(using: &random) ? sample.article.headline : sample.article.body) ?? ""
            let words = text.split(separator: " ")
            let start = Int.random(in: 0..<words.count, using: &random)
            return "\""
                + words[start..<min(start + Int.random(in: 1...3, using: &random), words.count)].joined(separator: " ")
                + "\""
        }
        func starred() -> String {
            ["alph*", "*eta", "w*1", "be*", "d*l", "word1*", "gam~", "*"].randomElement(using: &random)!
        }
        func places() -> String {
            let distance = Int.random(in: 1...6, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: return "\"\(word()) \(word())\"~\(distance)"
            case 1: return "\"\(word()) \(starred().replacing("~", with: ""))\""
            case 2: return "\"\(word()) * \(word())\"" + (Bool.random(using: &random) ? "~\(distance)" : "")
            case 3: return "\"\(starred().replacing("~", with: "")) \(word()) be*\"~\(distance)"
            case 4: return "\(word()) NEAR/\(distance) \(word())"
            case 5:
                return
                    "any(\(word()) \(phrase())) NEAR/\(distance) \(["be*", "alpha~", "gamma"].randomElement(using: &random)!)"
            case 6: return "\(word()) NEAR/\(distance) \(word()) NEAR/\(distance / 2 + 1) \(word())"
            default: return "headline:(\(word()) NEAR/\(distance) \(word()))"
            }
        }
        func date() -> String {
            let month = Int.random(in: 1...4, using: &random)
            let day = Int.random(in: 10...28, using: &random)
            return [
                "2016-0\(month)", "2016-0\(month)-\(day)", "..2016-0\(month)-\(day)", ">=2016-0\(month)",
                "<2016-0\(month)-\(day)",
                "2016-01-\(day)..2016-0\(month)", "2015", "2016..",
            ].randomElement(using: &random)!
        }
        func inner() -> String { query(&random, depth: depth + 1) }
        let kind = Int.random(in: 0..<(depth > 2 ? 11 : 18), using: &random)
        switch kind {
        case 0...3: return word()
        case 4: return phrase()
        case 5 where Bool.random(using: &random): return places()
        case 5:
            return ["headline:", "source:", "section:", "by:", "quote:", "speaker:"].randomElement(using: &random)! + [
                "alpha", "times", "world", "doe", "monde", "alph*",
            ].randomElement(using: &random)!
        case 6:
            return [
                "headline:" + phrase(), "quote:" + phrase(), "speaker:\"ann poole\"", "lang:pt", "lang:en",
                "source:=\"the times\"", "section:=world",
            ]
            .randomElement(using: &random)!
        case 7: return "published:" + date()
        case 8:
            return [
                "alpha*", "*eta", "w*1", "be*", "*a*", "word1*", "d*l", "zz*", "alphbet~", "wrod12~", "bta~2", "gamma~",
            ]
            .randomElement(using: &random)!
        case 9: return "any(\(word()) \(word()) \(phrase()))"
        case 10:
            return Int.random(in: 0..<6, using: &random) == 0
                ? "key:\((live.randomElement(using: &random)?.key ?? ArticleKey(high: 1, low: 2)).hex)"
                : word() + "^\(Int.random(in: 1...9, using: &random)).5"
        case 11...13: return "(\(inner()) \(inner()))"
        case 14: return "(\(inner()) OR \(inner()))"
        case 15: return "\(inner()) -\(word())"
        case 16: return "NOT (\(inner()))"
        default: return "any(\(word()) \(word()) \(word()) \(word())) \(inner())"
        }
    }
}
