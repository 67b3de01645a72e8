import News

// Query text to tree, by recursive descent over docs/query-language.md. Pure: the same text and options give the same
// tree or the same error; any text gives one of the two.

/// Parses the query language.
package struct QueryParser {
    /// What adjacent plain words mean.
    package enum Matching: Sendable {
        case all
        case any
    }

    package struct Options: Sendable {
        package var matching: Matching
        /// Minutes east of UTC in which days begin.
        package var zoneOffsetMinutes: Int

        package init(matching: Matching = .all, zoneOffsetMinutes: Int = 0) {
            self.matching = matching
            self.zoneOffsetMinutes = zoneOffsetMinutes
        }
    }

    /// Longest query in bytes; the largest Boolean queries of media monitoring have some sixty thousand words.
    package static let textBytes = 1 << 20
    /// Most words, phrase words included.
    package static let wordCount = 65_536
    /// Most words of one phrase, and of what stands on both sides of NEAR.
    package static let placedWordCount = 1024
    /// Most words with stars, or spelt nearly so.
    package static let patternCount = 1024
    /// Most stars in one word.
    static let starCount = 64
    /// Farthest that words can be asked to be from one another: less than what lies between headline, summary, body and captions.
    package static let distance = IndexField.gapPositions - 1
    /// Deepest nesting of groups and negations; bounds recursion.
    package static let depth = 64

    /// - Throws: `QueryError` that points at the character. An empty text is every article.
    package static func parse(_ text: String, options: Options = Options()) throws(QueryError) -> QueryNode {
        guard text.utf8.count <= textBytes else {
            throw QueryError(.limit, "the query has \(text.utf8.count) bytes", expected: "at most \(textBytes)")
        }
        var parser = QueryParser(scalars: Array(text.unicodeScalars), options: options)
        return try parser.query()
    }

    let scalars: [Unicode.Scalar]
    let options: Options
    var at = 0
    var tokenizer = Tokenizer()
    private var words = 0
    private var patternsUsed = 0
    private var nesting = 0

    private init(scalars: [Unicode.Scalar], options: Options) {
        self.scalars = scalars
        self.options = options
    }

    // MARK: Operators

    private mutating func query() throws(QueryError) -> QueryNode {
        skipBlanks()
        guard !isAtEnd else { return .all }
        let start = at
        let node = try or(field: .text, isTop: true)
        if !isAtEnd {
            throw QueryError(.syntax, "\")\" without \"(\"", expected: "a word or the end", offset: at)
        }
        guard let node else { throw nothing(at: start) }
        return node
    }

    private func nothing(before name: String, at offset: Int) -> QueryError {
        QueryError(.syntax, "nothing before \(name)", expected: "a word, a phrase or a field", offset: offset)
    }

    /// What is compared place by place must not be without bound.
    func require(placedWords count: Int, at offset: Int) throws(QueryError) {
        guard count <= Self.placedWordCount else {
            throw QueryError(
                .limit, "\(count) words in one phrase or NEAR", expected: "at most \(Self.placedWordCount)",
                offset: offset)
        }
    }

    private func nothing(at offset: Int) -> QueryError {
        QueryError(.syntax, "nothing to search for", expected: "a word, a phrase or a field", offset: offset)
    }

    /// - Returns: nil if there are only characters that are no words.
    private mutating func or(field: IndexField, isTop: Bool = false) throws(QueryError) -> QueryNode? {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.depth else {
            throw QueryError(.limit, "nested deeper than \(Self.depth) levels", offset: at)
        }
        var branches: [QueryNode] = []
        while true {
            skipBlanks()
            let start = at
            guard let branch = try and(field: field, isTop: isTop) else {
                if branches.isEmpty, !isOperator("OR") { return nil }
                throw nothing(at: start)
            }
            branches.append(branch)
            skipBlanks()
            guard takeOperator("OR") else { break }
        }
        return branches.count == 1 ? branches[0] : .or(branches)
    }

    private mutating func and(field: IndexField, isTop: Bool) throws(QueryError) -> QueryNode? {
        var nodes: [QueryNode] = []
        var bag: [QueryNode] = []  // plain words that only stand side by side
        var isExplicit = false
        let isAny = isTop && options.matching == .any
        while true {
            skipBlanks()
            if isAtEnd || peek == ")" || isOperator("OR") {
                if isExplicit {
                    throw QueryError(.syntax, "nothing after AND", expected: "a word, a phrase or a field", offset: at)
                }
                break
            }
            if isOperator("AND") { throw nothing(before: "AND", at: at) }
            let node = try near(field: field)
            skipBlanks()
            let wasExplicit = isExplicit
            isExplicit = takeOperator("AND")
            guard let node else {
                if isExplicit || wasExplicit { throw nothing(at: at) }
                continue
            }
            if isAny, !isExplicit, !wasExplicit, node.isPlain { bag.append(node) } else { nodes.append(node) }
        }
        if bag.count == 1 { nodes.insert(bag[0], at: 0) } else if !bag.isEmpty { nodes.insert(.any(bag), at: 0) }
        return nodes.isEmpty ? nil : nodes.count == 1 ? nodes[0] : .and(nodes)
    }

    private mutating func near(field: IndexField) throws(QueryError) -> QueryNode? {
        let start = at
        if isNear { throw nothing(before: "NEAR", at: start) }
        let wordsBefore = words
        guard var left = try unary(field: field) else { return nil }
        var count = 0
        while true {
            skipBlanks()
            let operatorOffset = at
            guard let distance = try takeNear() else { return left }
            count += 1
            guard count <= Self.depth else {
                throw QueryError(
                    .limit, "too many NEAR in a row", expected: "at most \(Self.depth)", offset: operatorOffset)
            }
            skipBlanks()
            let rightOffset = at
            guard !isAtEnd, let right = try unary(field: field) else { throw nothing(at: rightOffset) }
            for (node, offset) in [(left, start), (right, rightOffset)] where !node.hasPlaces {
                throw QueryError(
                    .syntax, "NEAR between \(node)", expected: "words or phrases of one field", offset: offset)
            }
            left = .near(left, right, distance: distance, offset: operatorOffset)
            guard left.places != nil else {
                throw QueryError(
                    .syntax, "NEAR between two fields", expected: "words or phrases of one field", offset: rightOffset)
            }
            try require(placedWords: words - wordsBefore, at: start)
        }
    }

    private mutating func unary(field: IndexField) throws(QueryError) -> QueryNode? {
        skipBlanks()
        let start = at
        var isNegated = false
        if takeOperator("NOT") {
            isNegated = true
        } else if peek == "-", at + 1 < scalars.count, !isBlank(at + 1), scalars[at + 1] != "-" {
            at += 1
            isNegated = true
        }
        if !isNegated, peek == "-", let word = scalars[at...].firstIndex(where: { $0 != "-" }), startsNegated(word) {
            throw QueryError(
                .syntax, "several \"-\" before a word", expected: "one \"-\" before what must not be there",
                offset: start)
        }
        if !isNegated, peek == "!", startsNegated(at + 1) {
            throw QueryError(
                .syntax, "a \"!\" before a word", expected: "\"-\" or NOT before what must not be there", offset: start)
        }
        guard isNegated else { return try boosted(field: field) }
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.depth else {
            throw QueryError(.limit, "nested deeper than \(Self.depth) levels", offset: at)
        }
        skipBlanks()
        guard !isAtEnd, peek != ")", !isOperator("OR"), !isOperator("AND"), let node = try unary(field: field) else {
            throw QueryError(.syntax, "nothing to exclude", expected: "a word, a phrase or a field", offset: start)
        }
        return .not(node)
    }

    /// Whether a word, a phrase or a group stands here, so that a sign before it is meant for it.
    func startsNegated(_ index: Int) -> Bool {
        guard index < scalars.count else { return false }
        return scalars[index].properties.isAlphabetic || scalars[index] == "(" || scalars[index] == "="
            || isQuote(index)
    }

    private mutating func boosted(field: IndexField) throws(QueryError) -> QueryNode? {
        let node = try primary(field: field)
        guard peek == "^" else { return node }
        let start = at
        at += 1
        let text = take { $0.isDigit || $0 == "." }
        guard let node else { throw nothing(at: start) }
        guard let weight = Self.weight(text) else {
            throw QueryError(
                .syntax, "bad boost \"\(text)\"", expected: "a number from 0.001 to 1000, as in word^2", offset: start)
        }
        return .boost(node, weight: weight, offset: start)
    }

    /// A decimal with at most three places, in 2^-16.
    private static func weight(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts[0].count <= 4, let whole = UInt32(parts[0]) else { return nil }
        var thousandths = whole * 1000
        if parts.count == 2 {
            #if PLANTED_FUZZ_QUERY
                guard let digits = UInt32(parts[1]) else { return nil }
            #else
                guard (1...3).contains(parts[1].count), let digits = UInt32(parts[1]) else { return nil }
            #endif
            thousandths += digits * [100, 10, 1][parts[1].count - 1]
        }
        guard (1...1_000_000).contains(thousandths) else { return nil }
        return UInt32((UInt64(thousandths) << 16) / 1000)
    }

    private mutating func primary(field: IndexField) throws(QueryError) -> QueryNode? {
        switch peek {
        case "(":
            return try group(after: at, field: field)
        case ")":
            throw QueryError(.syntax, "\")\" without \"(\"", expected: "a word", offset: at)
        case "^":
            throw QueryError(.syntax, "a boost of nothing", expected: "a word before \"^\"", offset: at)
        case "*" where isWordEnd(at + 1) && field == .text:
            at += 1
            return .all
        default: break
        }
        if let node = try marked(field: field) { return node }
        if let node = try fieldTerm() { return node }
        return try word(field: field, isExact: false)
    }

    /// What its first character tells apart from a plain word: a phrase, an exact word or phrase, any(…).
    private mutating func marked(field: IndexField) throws(QueryError) -> QueryNode? {
        if !isAtEnd, isQuote(at) { return try phrase(field: field, isExact: false) }
        if peek == "=", at + 1 < scalars.count {
            at += 1
            if peek == "(" || peek == "=" || startsAny() {
                throw QueryError(
                    .syntax, "a \"=\" before what is no word", expected: "\"=\" directly before a word or a quote",
                    offset: at - 1)
            }
            if isQuote(at) { return try phrase(field: field.whole, isExact: true) }
            return try word(field: field.whole, isExact: true)
        }
        if startsAny() {
            at += 3
            return try anyGroup(field: field)
        }
        return nil
    }

    /// What follows `name:`.
    mutating func fieldOperand(_ field: IndexField) throws(QueryError) -> QueryNode? {
        if peek == "(" { return try group(after: at, field: field) }
        if let node = try marked(field: field) { return node }
        return try word(field: field, isExact: false)
    }

    private mutating func group(after start: Int, field: IndexField) throws(QueryError) -> QueryNode {
        at += 1
        guard let node = try or(field: field) else {
            if isAtEnd { throw QueryError(.syntax, "\"(\" is not closed", expected: "\")\"", offset: start) }
            throw nothing(at: at)
        }
        guard peek == ")" else { throw QueryError(.syntax, "\"(\" is not closed", expected: "\")\"", offset: start) }
        at += 1
        return node
    }

    private func startsAny() -> Bool {
        at + 3 < scalars.count && scalars[at] == "a" && scalars[at + 1] == "n" && scalars[at + 2] == "y"
            && scalars[at + 3] == "("
    }

    /// `(` items `)`, after `any`.
    private mutating func anyGroup(field: IndexField) throws(QueryError) -> QueryNode {
        let start = at
        at += 1
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.depth else {
            throw QueryError(.limit, "nested deeper than \(Self.depth) levels", offset: at)
        }
        var items: [QueryNode] = []
        while true {
            skipBlanks()
            guard let next = peek else {
                throw QueryError(.syntax, "\"any(\" is not closed", expected: "\")\"", offset: start)
            }
            if next == ")" { break }
            for name in ["OR", "AND", "NOT"] where isOperator(name) {
                throw QueryError(.syntax, "\(name) inside any(…)", expected: "words and phrases", offset: at)
            }
            if isNear {
                throw QueryError(.syntax, "NEAR inside any(…)", expected: "words and phrases", offset: at)
            }
            let begin = at
            guard let item = try unary(field: field) else { continue }
            if case .not = item {
                throw QueryError(.syntax, "a negation inside any(…)", expected: "words and phrases", offset: begin)
            }
            items.append(item)
        }
        guard !items.isEmpty else { throw nothing(at: at) }
        at += 1
        return items.count == 1 ? items[0] : .any(items)
    }

    // MARK: Words

    /// Counts words against the limit.
    mutating func note(words count: Int, at offset: Int) throws(QueryError) {
        words += count
        guard words <= Self.wordCount else {
            throw QueryError(.limit, "more than \(Self.wordCount) words", offset: offset)
        }
    }

    /// Counts words with stars, and those spelt nearly so, against the limit.
    mutating func note(patterns: [TermPattern], at offset: Int) throws(QueryError) {
        patternsUsed += patterns.count { if case .term = $0 { false } else { $0 != .anyWord } }
        guard patternsUsed <= Self.patternCount else {
            throw QueryError(
                .limit, "too many words with stars or \"~\", or single ideographs",
                expected: "at most \(Self.patternCount)", offset: offset)
        }
    }

    var isAtEnd: Bool { at >= scalars.count }
    var peek: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    func isBlank(_ index: Int) -> Bool { scalars[index].properties.isWhitespace }

    mutating func skipBlanks() {
        while at < scalars.count, isBlank(at) { at += 1 }
    }

    /// Whether a word cannot go on at `index`.
    func isWordEnd(_ index: Int) -> Bool {
        guard index < scalars.count else { return true }
        let scalar = scalars[index]
        return isBlank(index) || scalar == "(" || scalar == ")" || scalar == "^" || isQuote(index)
    }

    /// Whether a quotation mark that begins or ends a phrase stands here: not the sign of a Hebrew acronym, which stands before its last
    /// letters.
    func isQuote(_ index: Int) -> Bool {
        guard Self.isQuote(scalars[index]) else { return false }
        guard scalars[index] == "\"", index > 0, Self.isHebrew(scalars[index - 1]) else { return true }
        let behind = scalars[(index + 1)...]
        let letters = behind.prefix(4).prefix(while: Self.isHebrew).count
        guard (1...3).contains(letters) else { return true }
        return behind.dropFirst(letters).first.map { $0 == "\"" || $0.properties.isAlphabetic } ?? false
    }

    private static func isHebrew(_ scalar: Unicode.Scalar) -> Bool { ("\u{5D0}"..."\u{5EA}").contains(scalar) }

    static func isQuote(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\"" || scalar == "\u{201C}" || scalar == "\u{201D}" || scalar == "\u{201E}"
    }

    mutating func take(while isTaken: (Unicode.Scalar) -> Bool) -> String {
        let start = at
        while at < scalars.count, isTaken(scalars[at]) { at += 1 }
        return text(start..<at)
    }

    func text(_ range: Range<Int>) -> String {
        String(String.UnicodeScalarView(scalars[range]))
    }

    private func isOperator(_ name: String) -> Bool {
        let end = at + name.unicodeScalars.count
        guard end <= scalars.count, scalars[at..<end].elementsEqual(name.unicodeScalars) else { return false }
        return end == scalars.count || isBlank(end) || scalars[end] == "(" || scalars[end] == ")"
            || isQuote(end)
    }

    private mutating func takeOperator(_ name: String) -> Bool {
        guard isOperator(name) else { return false }
        at += name.unicodeScalars.count
        return true
    }

    /// Whether `NEAR/` stands here.
    private var isNear: Bool {
        at + 5 <= scalars.count && scalars[at..<at + 5].elementsEqual("NEAR/".unicodeScalars)
    }

    /// `NEAR/n`.
    private mutating func takeNear() throws(QueryError) -> Int? {
        let start = at
        if isOperator("NEAR") {
            throw QueryError(.syntax, "NEAR without a distance", expected: "NEAR/5", offset: start)
        }
        guard isNear else { return nil }
        at += 5
        let digits = take { $0.isDigit }
        guard let distance = Int(digits), (1...Self.distance).contains(distance), isWordEnd(at) else {
            throw QueryError(
                .syntax, "bad distance of NEAR", expected: "a number from 1 to \(Self.distance), as in NEAR/5",
                offset: start + 5)
        }
        return distance
    }
}

extension Unicode.Scalar {
    var isDigit: Bool { ("0"..."9").contains(self) }
}

extension IndexField {
    /// The field that holds whole values, where there is one.
    var whole: IndexField {
        switch self {
        case .source: .sourceName
        case .section: .sectionName
        default: self
        }
    }
}

extension QueryNode {
    /// A word or phrase of the text: what `--match any` makes a bag of.
    var isPlain: Bool {
        switch self {
        case .word(let word): word.field == .text
        case .phrase(let phrase): phrase.field == .text
        case .boost(let node, _, _): node.isPlain
        default: false
        }
    }

    /// Whether its matches have places in a text.
    var hasPlaces: Bool { places != nil }

    /// The field of the text.
    var places: IndexField? {
        switch self {
        case .word(let word): return word.field.hasPositions ? word.field : nil
        case .phrase(let phrase): return phrase.field
        case .or(let nodes), .any(let nodes):
            guard let first = nodes.first?.places, nodes.allSatisfy({ $0.places == first }) else { return nil }
            return first
        case .near(let left, let right, _, _):
            guard let field = left.places, right.places == field else { return nil }
            return field
        default: return nil
        }
    }
}
