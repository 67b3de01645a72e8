import Engine
import News

/// Answers a few questions about simulated articles as one would by reading every one of them. Shares with the engine the
/// arithmetic of one part of a score and nothing else: words are split at blanks, there is no index and no segment.
struct AnswerOracle {
    struct Question: Sendable {
        let text: String
        let sort: SearchRequest.Sort
        /// What scores: a word, or the words of a phrase.
        let leaves: [[String]]
        let matches: @Sendable (_ leaves: [Bool], _ document: Document) -> Bool
    }

    struct Document: Sendable {
        let place: OrderKey
        /// Words of each field; a phrase stays within one.
        let fields: [[String]]
        let source: String?

        func count(_ leaf: [String]) -> Int {
            fields.reduce(0) { sum, words in
                sum + words.indices.count { words[$0...].starts(with: leaf) }
            }
        }
    }

    struct Answer: Equatable {
        let key: ArticleKey
        let score: Int64
    }

    static let questions: [Question] = [
        Question(text: "", sort: .newest, leaves: []) { _, _ in true },
        Question(text: "storm", sort: .score, leaves: [["storm"]]) { leaves, _ in leaves[0] },
        Question(text: "harbour budget", sort: .score, leaves: [["harbour"], ["budget"]]) { leaves, _ in
            leaves[0] && leaves[1]
        },
        Question(text: "any(court bridge museum)", sort: .score, leaves: [["court"], ["bridge"], ["museum"]]) {
            leaves, _ in leaves.contains(true)
        },
        Question(text: "\"storm court\"", sort: .oldest, leaves: [["storm", "court"]]) { leaves, _ in leaves[0] },
        Question(text: "strike -election source:agency", sort: .newest, leaves: [["strike"]]) { leaves, document in
            leaves[0] && document.count(["election"]) == 0 && document.source == "agency"
        },
    ]

    /// Newest first.
    private let documents: [Document]
    private let relevance: Relevance

    init(_ live: [(key: ArticleKey, article: Article)]) {
        documents = live.map { key, article in
            Document(
                place: OrderKey(time: article.orderTime, key: key),
                fields: [article.headline, article.summary, article.body].map {
                    ($0 ?? "").split(separator: " ").map(String.init)
                }, source: article.source)
        }.sorted { $0.place < $1.place }
        relevance = Relevance(
            articleCount: UInt64(documents.count),
            wordCount: documents.reduce(0) { $0 + UInt64($1.fields.joined().count) })
    }

    func answers(_ question: Question) -> [Answer] {
        // A phrase is as telling as its words together.
        let weights = question.leaves.map { leaf in
            let inverse = leaf.reduce(0) { sum, word in
                sum + relevance.inverseFrequency(articles: UInt64(documents.count { $0.count([word]) > 0 }))
            }
            return Relevance.weight(inverseFrequency: inverse, boost: 1 << 16)
        }
        var found: [Answer] = []
        for document in documents {
            let counts = question.leaves.map(document.count)
            guard question.matches(counts.map { $0 > 0 }, document) else { continue }
            let norm = relevance.norms[Int(LengthCode.code(of: document.fields.joined().count))]
            let score = zip(counts, weights).reduce(Int64(0)) { sum, leaf in
                leaf.0 == 0
                    ? sum : sum + Relevance.part(weight: leaf.1, frequency: UInt32(leaf.0), norm: norm)
            }
            found.append(Answer(key: document.place.key, score: score))
        }
        switch question.sort {
        case .newest: return found
        case .oldest: return found.reversed()
        case .score:
            return found.enumerated().sorted {
                $0.element.score != $1.element.score ? $0.element.score > $1.element.score : $0.offset < $1.offset
            }.map(\.element)
        }
    }

    /// Asks a snapshot every question.
    ///
    /// - Throws: `Violation` if keys, order, scores or total differ from what reading every article gives.
    func check(_ snapshot: SnapshotReader, _ place: String) throws {
        let searcher = Searcher(snapshot)
        for question in Self.questions {
            let request = SearchRequest(
                query: try QueryParser.parse(question.text), sort: question.sort, limitCount: SimulatedArticle.keyCount)
            let results = try searcher.search(request)
            let hits = results.hits.map { Answer(key: $0.key, score: $0.score) }
            let expected = answers(question)
            guard hits == expected, results.total == expected.count, results.isExact else {
                throw Violation(
                    property: "answers are a function of the live articles",
                    detail: "\(place): \(question.text) finds \(results.total), \(expected.count) expected")
            }
        }
    }
}
