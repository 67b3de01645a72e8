import ByteCoding
import Engine
import News
import Storage

/// An article with all that indexing it needs.
struct Sample: Equatable {
    let article: Article
    let key: ArticleKey
    let version: Version
    let record: [UInt8]

    init(_ article: Article, key: ArticleKey) {
        self.article = article
        self.key = key
        record = CanonicalRecord.encode(article)
        version = CanonicalRecord.version(of: article, record: record)
    }

    var orderKey: OrderKey { OrderKey(time: article.orderTime, key: key) }
    var kill: Kill { Kill(key: key, version: version, orderTime: article.orderTime) }
    var killed: KilledDocument { KilledDocument(kill: kill, record: record) }
}

enum SampleArticles {
    private static let sources = ["Reuters", "Xinhua", "The Courier", "Le Messager", "dpa"]
    private static let languages = ["en", "fr", "pt-BR", "zh"]
    private static let captions = ["ministers meet in brussels", "the harbour at night", "file photo"]

    /// Words of one stem, words that are their own, and one whose stem is another word with another stem.
    private static let forms = [
        "calm", "calms", "walk", "calmly", "walked", "election", "walking", "accident", "elections", "accidental",
        "elect",
    ]

    /// Words with frequencies that fall as in text: few are in nearly every article, many in one.
    private static func word(_ generator: inout SplitMix64) -> String {
        let rank = Int(
            Double(1 << Int.random(in: 0...11, using: &generator)) * Double.random(in: 1..<2, using: &generator))
        if rank > 20, rank % 7 == 3 { return forms[rank / 7 % forms.count] }
        return rank % 17 == 0 ? "constitutionally\(rank)" : "w\(rank)"
    }

    private static func text(_ count: Int, _ generator: inout SplitMix64) -> String {
        (0..<count).map { _ in word(&generator) }.joined(separator: " ")
    }

    /// - Parameter number: decides the key.
    static func make(_ number: Int, revision: Int = 0, _ generator: inout SplitMix64) -> Sample {
        var article = Article()
        article.url = "https://news.example/\(number)"
        article.headline = text(Int.random(in: 1...9, using: &generator), &generator)
        if Bool.random(using: &generator) {
            article.summary = text(Int.random(in: 1...20, using: &generator), &generator)
        }
        if number % 11 != 0 { article.body = text(Int.random(in: 1...120, using: &generator), &generator) }
        if number % 5 == 0 {
            article.media = [Article.Media(url: nil, caption: captions.randomElement(using: &generator), credit: "AFP")]
        }
        article.source = number % 13 == 0 ? nil : sources.randomElement(using: &generator)
        article.language = languages.randomElement(using: &generator)
        article.section = number % 3 == 0 ? "World News" : nil
        article.by = number % 4 == 0 ? "Ann Example" : nil
        article.authors = number % 8 == 0 ? ["Ann Example", "Bo Writer"] : []
        article.subjects = number % 6 == 0 ? ["politics", "trade talks"] : []
        article.slugs = number % 7 == 0 ? ["LEAD"] : []
        // Few distinct times, so that the key must decide; every ninth is undated.
        if number % 9 != 0 {
            let day = Int64.random(in: 0..<40, using: &generator)
            article.published = PublishedTime(
                at: Timestamp(seconds: 1_450_000_000 + day * 86_400), precision: .day, from: "field")
        }
        article.extractorVersion = UInt32(revision)
        return Sample(article, key: ArticleKey(canonicalURL: article.url!))
    }

    static func many(_ count: Int, seed: UInt64) -> [Sample] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { make($0, &generator) }
    }
}

/// The index as a reader of the specification would write it in an afternoon: dictionaries of everything.
struct NaiveIndex {
    /// Term to ordinal to positions (empty for fields without).
    private(set) var postings: [[UInt8]: [Int: [UInt32]]] = [:]
    private(set) var lengths: [Int] = []
    /// In segment order.
    let samples: [Sample]

    init(_ samples: [Sample]) {
        self.samples = samples.sorted {
            $0.orderKey == $1.orderKey ? $0.version < $1.version : $0.orderKey < $1.orderKey
        }
        for (ordinal, sample) in self.samples.enumerated() {
            let terms = Self.terms(of: sample.article)
            for (term, positions) in terms.terms { postings[term, default: [:]][ordinal] = positions }
            lengths.append(terms.length)
        }
    }

    /// Whether a term is a stem whose postings are those of the word with its letters: they stand once, under the word.
    func sharesList(_ term: [UInt8]) -> Bool {
        guard TermKey.isStem(term), let language = TermKey.language(of: term) else { return false }
        return postings[term] == postings[TermKey.withoutTail(term) + TermKey.tail(language, isStem: false)]
    }

    static func terms(of article: Article) -> (terms: [[UInt8]: [UInt32]], length: Int) {
        var terms: [[UInt8]: [UInt32]] = [:]
        var length = 0
        var tokenizer = Tokenizer()
        let stems = article.language.flatMap { StemLanguage(tag: $0.utf8) }
        func add(_ field: IndexField, _ texts: [String?]) {
            var base = 0
            for text in texts {
                let tokens = tokenizer.terms(of: text ?? "")
                for (position, token) in tokens.enumerated() {
                    var keys = [field.key(token)]
                    if let stems, field.hasStems {
                        keys = [true, false].map { field.key(token, in: stems, isExact: $0) }
                    }
                    for key in keys { terms[key, default: []].append(UInt32(base + position)) }
                }
                if !tokens.isEmpty { base += tokens.count + 100 }
                if field == .text { length += tokens.count }
            }
        }
        func addWhole(_ field: IndexField, _ text: String?) {
            let joined = Array(tokenizer.terms(of: text ?? "").joined(separator: [0x20]))
            if !joined.isEmpty { terms[field.key(joined)] = [] }
        }
        add(.text, [article.headline, article.summary, article.body] + article.media.map(\.caption))
        add(.headline, [article.headline])
        add(.by, [article.by] + article.authors)
        add(.source, [article.source])
        add(.agency, [article.agency])
        add(.located, [article.located])
        add(.section, [article.section])
        add(.subject, article.subjects)
        add(.quote, article.quotes.map(\.text))
        add(.speaker, article.quotes.map(\.speaker))
        add(.slug, article.slugs)
        addWhole(.sourceName, article.source)
        addWhole(.sectionName, article.section)
        if let language = article.language?.lowercased() {
            terms[IndexField.language.key(language.utf8)] = []
            if let hyphen = language.firstIndex(of: "-") {
                terms[IndexField.language.key(language[..<hyphen].utf8)] = []
            }
        }
        return (terms, length)
    }
}

func build(
    _ samples: [Sample], kills: [KilledDocument] = [], settings: Settings = Settings()
) throws -> BuiltSegment {
    let builder = SegmentBuilder(settings: settings, memoryBudgetBytes: 1 << 30)
    for sample in samples {
        _ = try builder.add(key: sample.key, version: sample.version, record: sample.record, frame: nil)
    }
    return try builder.seal(kills: kills)
}

extension MemoryByteSource {
    /// Stores a segment under its own name.
    func put(_ segment: BuiltSegment, attempt: UInt64 = 1) -> SegmentReference {
        let reference = segment.reference(attempt: Attempt(term: Term(1), number: attempt))
        put(segment.bytes, as: reference.objectName)
        return reference
    }
}

func open(_ segment: BuiltSegment) throws -> SegmentReader {
    let source = MemoryByteSource()
    return try SegmentReader.open([source.put(segment)], source: source)[0]
}

extension Searcher {
    /// An answer with the records of its hits.
    func searchReading(_ request: SearchRequest) throws -> (results: SearchResults, records: [[UInt8]]) {
        var records: [[UInt8]] = []
        let results = try search(request) { _, record in records.append(record) }
        return (results, records)
    }
}
