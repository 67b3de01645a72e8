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
    }

    struct Expansion: Equatable, Sendable {
        var field: IndexField
        var pattern: TermPattern
        var offset: Int
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

    private var termIndex: [Word: Int] = [:]

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
        case .word(let word): return try leaf(word, boost: boost, isPositive: isPositive)
        case .phrase(let phrase): return try leaf(phrase, boost: boost, isPositive: isPositive)
        case .and(let nodes):
            return .and(try children(nodes, boost: boost, isPositive: isPositive, depth: depth))
        case .or(let nodes), .any(let nodes):
            return .or(try children(nodes, boost: boost, isPositive: isPositive, depth: depth))
        case .not(let inner):
            return .not(try node(inner, boost: boost, isPositive: false, depth: depth + 1))
        case .dates(let range):
            ranges.append(range)
            return range.isEmpty ? .none : .dates(ranges.count - 1)
        case .key(let key):
            keys.append(key)
            return .key(keys.count - 1)
        case .boost(let inner, let weight, _):
            let product = (UInt64(boost) * UInt64(weight)) >> 16
            return try node(
                inner, boost: UInt32(clamping: max(product, 1)), isPositive: isPositive, depth: depth)
        case .near(_, _, _, let offset): throw Self.unsupported("NEAR", offset)
        case .derived(let field, _, let offset): throw Self.unsupported("\(field):", offset)
        }
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

    private mutating func leaf(_ word: QueryWord, boost: UInt32, isPositive: Bool) throws(QueryError) -> Node {
        let isScored = isPositive && word.field.isScored
        switch word.pattern {
        case .term(let bytes):
            leaves.append(.term(term(word.field, bytes, isExact: word.isExact, isScored: isScored)))
        case .prefix, .wildcard:
            expansions.append(Expansion(field: word.field, pattern: word.pattern, offset: word.offset))
            leaves.append(.expansion(expansions.count - 1))
        case .fuzzy(_, let distance): throw Self.unsupported("~\(distance) after a word", word.offset)
        }
        if isScored { scored.append(Scored(leaf: leaves.count - 1, boost: boost)) }
        return .leaf(leaves.count - 1)
    }

    private mutating func leaf(_ phrase: QueryPhrase, boost: UInt32, isPositive: Bool) throws(QueryError) -> Node {
        let isScored = isPositive && phrase.field.isScored
        var words: [Int] = []
        for pattern in phrase.patterns {
            guard case .term(let bytes) = pattern else {
                throw Self.unsupported("a star inside a phrase", phrase.offset)
            }
            words.append(term(phrase.field, bytes, isExact: phrase.isExact, isScored: isScored))
            needsPositions[words[words.count - 1]] = true
        }
        leaves.append(.phrase(words, slop: phrase.slop))
        if isScored { scored.append(Scored(leaf: leaves.count - 1, boost: boost)) }
        return .leaf(leaves.count - 1)
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

extension TermPattern {
    /// The bytes every matching term begins with.
    var literalPrefix: [UInt8] {
        switch self {
        case .term(let bytes), .prefix(let bytes): bytes
        case .wildcard(let parts): parts.first ?? []
        case .fuzzy: []
        }
    }

    /// Whether a term is one that a word with stars stands for.
    func matches(_ term: some BidirectionalCollection<UInt8>) -> Bool {
        switch self {
        case .term(let bytes): return term.elementsEqual(bytes)
        case .prefix(let bytes): return term.starts(with: bytes)
        case .fuzzy: return false
        case .wildcard(let parts):
            guard let first = parts.first, let last = parts.last, parts.count > 1 else { return false }
            let bytes = Array(term)
            guard bytes.count >= first.count + last.count, bytes.starts(with: first),
                bytes[(bytes.count - last.count)...].elementsEqual(last)
            else { return false }
            // Each middle part at its first place behind the one before.
            var at = first.count
            let end = bytes.count - last.count
            for part in parts.dropFirst().dropLast() {
                while true {
                    guard at + part.count <= end else { return false }
                    if bytes[at..<(at + part.count)].elementsEqual(part) { break }
                    at += 1
                }
                at += part.count
            }
            return true
        }
    }
}
