import News

// A query tree made ready for any segment: terms looked up once, leaves numbered, what cannot be answered refused.

/// What a query needs of the dictionaries, and how its parts combine.
struct QueryPlan: Sendable {
    indirect enum Node: Equatable, Sendable {
        case all
        case none
        case leaf(Int)
        case and([Node])
        case or([Node])
        case not(Node)
        /// Index into `ranges`.
        case dates(Int)
        /// Index into `keys`.
        case key(Int)
    }

    enum Leaf: Equatable, Sendable {
        /// Index into `terms`.
        case term(Int)
        /// Index into `expansions`.
        case expansion(Int)
        /// Indices into `terms`, at least two, and how many other places may stand between them in all.
        case phrase([Int], slop: Int)
        /// Any other condition on where words stand.
        case places(PlaceNode)
        /// Any of very many words.
        case bag([BagWord])
    }

    struct BagWord: Hashable, Sendable {
        /// Index into `terms`.
        var term: Int
        /// In 2^-16; nil if it does not score.
        var boost: UInt32?
        /// How often it stands there: each time counts for the score.
        var count: Int64 = 1
    }

    enum PlaceWord: Equatable, Sendable {
        /// Index into `terms`.
        case term(Int)
        /// Index into `expansions`.
        case expansion(Int)
    }

    /// A condition on the places of words of one field.
    indirect enum PlaceNode: Equatable, Sendable {
        case word(PlaceWord)
        /// Words in order, each with its place behind the first if nothing else is between, and how many other places may be.
        case phrase([PlacedWord], slop: Int)
        case any([PlaceNode])
        case near(PlaceNode, PlaceNode, distance: Int)
    }

    struct PlacedWord: Equatable, Sendable {
        var word: PlaceWord
        var offset: Int
    }

    struct Expansion: Equatable, Sendable {
        var field: IndexField
        var pattern: TermPattern
        var offset: Int
        var needsPositions = false
    }

    /// A leaf that counts for the score.
    struct Scored: Equatable, Sendable {
        var leaf: Int
        /// In 2^-16.
        var boost: UInt32
    }

    /// The languages of the snapshot whose words are reduced to stems. A term of the plan has a key for articles of none of them,
    /// which comes first, and one for each of them: no article is in the lists of two.
    let languages: [StemLanguage?]
    /// For each term of the plan the keys by language; of a field without stems only the first.
    private(set) var terms: [[[UInt8]]] = []
    /// Whether each term's live frequency is needed.
    private(set) var isScoredTerm: [Bool] = []
    /// Whether each term's positions are.
    private(set) var needsPositions: [Bool] = []
    private(set) var expansions: [Expansion] = []
    /// One for each place in the query.
    private(set) var leaves: [Leaf] = []
    private(set) var scored: [Scored] = []
    private(set) var ranges: [DateRange] = []
    private(set) var keys: [ArticleKey] = []
    private(set) var root: Node = .all
    /// Most that nodes are nested.
    private(set) var depth = 0

    private struct Word: Hashable {
        var key: [UInt8]
        var isExact: Bool
    }

    private struct ExpansionKey: Hashable {
        var field: IndexField
        var pattern: TermPattern
    }

    private var termIndex: [Word: Int] = [:]
    private var expansionIndex: [ExpansionKey: Int] = [:]
    private var rangeIndex: [DateRange: Int] = [:]
    private var keyIndex: [ArticleKey: Int] = [:]

    /// Each is looked up in each segment, all of them in one round.
    static let rangeCount = 256
    static let keyCount = 4096

    private static let unit: UInt32 = 1 << 16

    /// - Parameter stems: of the snapshot.
    /// - Throws: `QueryError` with code `.unsupported` for what this version cannot answer.
    init(_ query: QueryNode, stems: StemLanguages) throws(QueryError) {
        languages = [nil] + stems.all
        root = try node(query, boost: Self.unit, isPositive: true, depth: 1)
    }

    private mutating func node(
        _ query: QueryNode, boost: UInt32, isPositive: Bool, depth: Int
    ) throws(QueryError) -> Node {
        self.depth = max(self.depth, depth)
        switch query {
        case .all: return .all
        case .word(let word): return leaf(word, boost: boost, isPositive: isPositive)
        case .phrase(let phrase): return leaf(phrase, boost: boost, isPositive: isPositive)
        case .and(let nodes):
            return .and(try children(nodes, boost: boost, isPositive: isPositive, depth: depth))
        case .or(let nodes), .any(let nodes):
            var nodes = nodes
            let bag = takeBag(&nodes, boost: boost, isPositive: isPositive)
            let rest = try children(nodes, boost: boost, isPositive: isPositive, depth: depth)
            return .or((bag.map { [$0] } ?? []) + rest)
        case .not(let inner):
            return .not(try node(inner, boost: boost, isPositive: false, depth: depth + 1))
        case .dates(let range): return range.isEmpty ? .none : .dates(try index(of: range))
        case .key(let key): return .key(try index(of: key))
        case .boost(let inner, let weight, _):
            return try node(inner, boost: Self.product(boost, weight), isPositive: isPositive, depth: depth)
        case .near:
            let isScored = isPositive && query.places?.isScored ?? false
            return leaf(.places(try places(query, isScored: isScored)), boost: boost, isScored: isScored)
        case .derived(let field, _, let offset): throw Self.unsupported("\(field):", offset)
        }
    }

    private mutating func index(of range: DateRange) throws(QueryError) -> Int {
        if let known = rangeIndex[range] { return known }
        guard ranges.count < Self.rangeCount else {
            throw QueryError(.limit, "more than \(Self.rangeCount) different ranges of dates")
        }
        rangeIndex[range] = ranges.count
        ranges.append(range)
        return ranges.count - 1
    }

    private mutating func index(of key: ArticleKey) throws(QueryError) -> Int {
        if let known = keyIndex[key] { return known }
        guard keys.count < Self.keyCount else { throw QueryError(.limit, "more than \(Self.keyCount) different keys") }
        keyIndex[key] = keys.count
        keys.append(key)
        return keys.count - 1
    }

    private mutating func children(
        _ nodes: [QueryNode], boost: UInt32, isPositive: Bool, depth: Int
    ) throws(QueryError) -> [Node] {
        var children: [Node] = []
        for inner in nodes {
            children.append(try node(inner, boost: boost, isPositive: isPositive, depth: depth + 1))
        }
        return children
    }

    private static func unsupported(_ what: String, _ offset: Int) -> QueryError {
        QueryError(.unsupported, "\(what) is not answered by this version", offset: offset)
    }

    /// Takes plain words out of alternatives, if they are very many.
    private mutating func takeBag(_ nodes: inout [QueryNode], boost: UInt32, isPositive: Bool) -> Node? {
        guard nodes.count >= WordBag.leastCount else { return nil }
        let isPlain = nodes.map { $0.plainTerm != nil }
        guard isPlain.count(where: { $0 }) >= WordBag.leastCount else { return nil }
        var words: [BagWord] = []
        var places: [BagWord: Int] = [:]
        for (word, weight) in nodes.compactMap(\.plainTerm) {
            guard case .term(let bytes) = word.pattern else { continue }
            let isScored = isPositive && word.field.isScored
            let one = BagWord(
                term: term(word.field, bytes, isExact: word.isExact, isScored: isScored),
                boost: isScored ? Self.product(boost, weight) : nil)
            if let place = places[one] {
                words[place].count += 1
            } else {
                places[one] = words.count
                words.append(one)
            }
        }
        nodes = nodes.indices.filter { !isPlain[$0] }.map { nodes[$0] }
        return leaf(.bag(words), boost: boost, isScored: words.contains { $0.boost != nil })
    }

    private static func product(_ boost: UInt32, _ weight: UInt32) -> UInt32 {
        UInt32(clamping: max((UInt64(boost) * UInt64(weight)) >> 16, 1))
    }

    private mutating func leaf(_ leaf: Leaf, boost: UInt32, isScored: Bool) -> Node {
        leaves.append(leaf)
        if isScored { scored.append(Scored(leaf: leaves.count - 1, boost: boost)) }
        return .leaf(leaves.count - 1)
    }

    private mutating func leaf(_ word: QueryWord, boost: UInt32, isPositive: Bool) -> Node {
        let isScored = isPositive && word.field.isScored
        switch placeWord(word.pattern, word.field, isExact: word.isExact, isScored: isScored, offset: word.offset) {
        case .term(let term): return leaf(.term(term), boost: boost, isScored: isScored)
        case .expansion(let number): return leaf(.expansion(number), boost: boost, isScored: isScored)
        }
    }

    private mutating func leaf(_ phrase: QueryPhrase, boost: UInt32, isPositive: Bool) -> Node {
        let isScored = isPositive && phrase.field.isScored
        let (words, isPlain) = placedWords(phrase, isScored: isScored)
        let terms = words.compactMap { if case .term(let term) = $0.word { term } else { nil } }
        return isPlain
            ? leaf(.phrase(terms, slop: phrase.slop), boost: boost, isScored: isScored)
            : leaf(.places(.phrase(words, slop: phrase.slop)), boost: boost, isScored: isScored)
    }

    // MARK: Places

    private mutating func places(_ query: QueryNode, isScored: Bool) throws(QueryError) -> PlaceNode {
        switch query {
        case .word(let word):
            let placed = placeWord(
                word.pattern, word.field, isExact: word.isExact, isScored: isScored, offset: word.offset)
            need(positionsOf: placed)
            return .word(placed)
        case .phrase(let phrase):
            return .phrase(placedWords(phrase, isScored: isScored).words, slop: phrase.slop)
        case .or(let nodes), .any(let nodes):
            var parts: [PlaceNode] = []
            for node in nodes { parts.append(try places(node, isScored: isScored)) }
            return .any(parts)
        case .near(let left, let right, let distance, _):
            return .near(
                try places(left, isScored: isScored), try places(right, isScored: isScored), distance: distance)
        case .all, .and, .not, .dates, .key, .boost, .derived:
            throw QueryError(.syntax, "NEAR between \(query)", expected: "words or phrases of one field")
        }
    }

    /// The words of a phrase with their places; and whether they are plain words one after the other.
    private mutating func placedWords(
        _ phrase: QueryPhrase, isScored: Bool
    ) -> (words: [PlacedWord], isPlain: Bool) {
        var words: [PlacedWord] = []
        var isPlain = true
        for (place, pattern) in phrase.patterns.enumerated() {
            // A star alone is a place with any word.
            if pattern == .anyWord {
                isPlain = false
                continue
            }
            let word = placeWord(
                pattern, phrase.field, isExact: phrase.isExact, isScored: isScored, offset: phrase.offset)
            need(positionsOf: word)
            if case .expansion = word { isPlain = false }
            words.append(PlacedWord(word: word, offset: place))
        }
        return (words, isPlain)
    }

    private mutating func need(positionsOf word: PlaceWord) {
        switch word {
        case .term(let term): needsPositions[term] = true
        case .expansion(let number): expansions[number].needsPositions = true
        }
    }

    private mutating func placeWord(
        _ pattern: TermPattern, _ field: IndexField, isExact: Bool, isScored: Bool, offset: Int
    ) -> PlaceWord {
        if case .term(let bytes) = pattern { return .term(term(field, bytes, isExact: isExact, isScored: isScored)) }
        let key = ExpansionKey(field: field, pattern: pattern)
        if let known = expansionIndex[key] { return .expansion(known) }
        expansionIndex[key] = expansions.count
        expansions.append(Expansion(field: field, pattern: pattern, offset: offset))
        return .expansion(expansions.count - 1)
    }

    private mutating func term(_ field: IndexField, _ bytes: [UInt8], isExact: Bool, isScored: Bool) -> Int {
        // Where nothing is reduced to stems a word and its exact form are the same.
        let word = Word(key: field.key(bytes), isExact: isExact && field.hasStems && languages.count > 1)
        if let index = termIndex[word] {
            isScoredTerm[index] = isScoredTerm[index] || isScored
            return index
        }
        let languages = field.hasStems ? languages[...] : languages.prefix(1)
        terms.append(languages.map { field.key(bytes, in: $0, isExact: isExact) })
        isScoredTerm.append(isScored)
        needsPositions.append(false)
        termIndex[word] = terms.count - 1
        return terms.count - 1
    }
}

extension QueryNode {
    /// A word without stars, and its boost in 2^-16.
    fileprivate var plainTerm: (word: QueryWord, boost: UInt32)? {
        switch self {
        case .word(let word):
            if case .term = word.pattern { return (word, 1 << 16) }
            return nil
        case .boost(.word(let word), let weight, _):
            if case .term = word.pattern { return (word, weight) }
            return nil
        default: return nil
        }
    }
}

extension QueryPlan.Leaf {
    /// What its words are worth for the score; nothing of a bag, whose words score each by itself.
    func sum(_ value: (QueryPlan.PlaceWord) -> UInt64) -> UInt64 {
        switch self {
        case .term(let term): value(.term(term))
        case .expansion(let number): value(.expansion(number))
        case .phrase(let terms, _): terms.reduce(0) { $0 + value(.term($1)) }
        case .places(let node): node.sum(value)
        case .bag: 0
        }
    }
}

extension QueryPlan.PlaceNode {
    private var words: [QueryPlan.PlaceWord] {
        switch self {
        case .word(let word): [word]
        case .phrase(let words, _): words.map(\.word)
        case .any(let nodes): nodes.flatMap(\.words)
        case .near(let left, let right, _): left.words + right.words
        }
    }

    /// Each once, ascending.
    var expansions: [Int] {
        Set(words.compactMap { if case .expansion(let number) = $0 { number } else { nil } }).sorted()
    }

    /// What its words are worth for the score: of alternatives the least.
    func sum(_ value: (QueryPlan.PlaceWord) -> UInt64) -> UInt64 {
        switch self {
        case .word(let word): value(word)
        case .phrase(let words, _): words.reduce(0) { $0 + value($1.word) }
        case .any(let nodes): nodes.map { $0.sum(value) }.min() ?? 0
        case .near(let left, let right, _): left.sum(value) + right.sum(value)
        }
    }
}

extension TermPattern {
    /// Any one word: only inside a phrase.
    static let anyWord = TermPattern.prefix([])

    /// The bytes every matching term begins with.
    var literalPrefix: [UInt8] {
        switch self {
        case .term(let bytes), .prefix(let bytes): bytes
        case .wildcard(let parts): parts.first ?? []
        case .fuzzy: []
        }
    }
}
