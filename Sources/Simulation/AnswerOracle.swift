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

    /// What the questions need of an article, read once.
    struct Document: Sendable {
        let place: OrderKey
        let source: String?
        let wordCount: Int
        /// How often it has what each question scores, and each word of that.
        let leafCounts: [[Int]]
        let holdsWords: [[[Bool]]]
        let isAboutElection: Bool

        init(key: ArticleKey, _ article: Article) {
            place = OrderKey(time: article.orderTime, key: key)
            source = article.source
            // A phrase stays within a field.
            let fields = [article.headline, article.summary, article.body].map {
                ($0 ?? "").split(separator: " ").map(String.init)
            }
            func count(_ leaf: [String]) -> Int {
                fields.reduce(0) { sum, words in sum + words.indices.count { words[$0...].starts(with: leaf) } }
            }
            wordCount = fields.joined().count
            leafCounts = AnswerOracle.questions.map { $0.leaves.map(count) }
            holdsWords = AnswerOracle.questions.map { $0.leaves.map { $0.map { count([$0]) > 0 } } }
            isAboutElection = count(["election"]) > 0
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
            leaves[0] && !document.isAboutElection && document.source == "agency"
        },
    ]

    /// Newest first.
    private let documents: [Document]
    private let relevance: Relevance

    init(_ live: [Document]) {
        documents = live.sorted { $0.place < $1.place }
        relevance = Relevance(
            articleCount: UInt64(documents.count), wordCount: documents.reduce(0) { $0 + UInt64($1.wordCount) })
    }

    func answers(_ number: Int) -> [Answer] {
        let question = Self.questions[number]
        // A phrase is as telling as its words together.
        var weights: [UInt64] = []
        for leaf in question.leaves.indices {
            var inverse: UInt64 = 0
            for word in question.leaves[leaf].indices {
                let count = documents.count { $0.holdsWords[number][leaf][word] }
                inverse += relevance.inverseFrequency(articles: UInt64(count))
            }
            weights.append(Relevance.weight(inverseFrequency: inverse, boost: 1 << 16))
        }
        var found: [Answer] = []
        for document in documents {
            let counts = document.leafCounts[number]
            guard question.matches(counts.map { $0 > 0 }, document) else { continue }
            let norm = relevance.norms[Int(LengthCode.code(of: document.wordCount))]
            var score: Int64 = 0
            for (count, weight) in zip(counts, weights) where count > 0 {
                score += Relevance.part(weight: weight, frequency: UInt32(count), norm: norm)
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
        for (number, question) in Self.questions.enumerated() {
            let request = SearchRequest(
                query: try QueryParser.parse(question.text), sort: question.sort, limitCount: SimulatedArticle.keyCount)
            let results = try searcher.search(request)
            let hits = results.hits.map { Answer(key: $0.key, score: $0.score) }
            let expected = answers(number)
            guard hits == expected, results.total == expected.count, results.isExact else {
                throw Violation(
                    property: "answers are a function of the live articles",
                    detail: "\(place): \(question.text) finds \(results.total), \(expected.count) expected")
            }
        }
    }
}
