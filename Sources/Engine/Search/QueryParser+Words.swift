import News

// Words, phrases and fields of the query language.
extension QueryParser {
    private static let fieldNames: [(name: String, field: IndexField)] = [
        ("headline", .headline), ("title", .headline), ("by", .by), ("author", .by), ("source", .source),
        ("agency", .agency), ("lang", .language), ("language", .language), ("located", .located),
        ("section", .section), ("subject", .subject), ("slug", .slug), ("quote", .quote), ("speaker", .speaker),
        ("text", .text),
    ]
    private static let derivedNames = ["story"]
    private static let otherNames = ["published", "date", "key"] + derivedNames

    // MARK: Fields

    /// `name:value`, if that is what stands here; nil for a plain word.
    mutating func fieldTerm() throws(QueryError) -> QueryNode? {
        let start = at
        var end = at
        while end < scalars.count, ("a"..."z").contains(scalars[end]) || scalars[end] == "_" { end += 1 }
        guard end > start, end < scalars.count, scalars[end] == ":" else { return nil }
        let name = text(start..<end)
        let known = Self.fieldNames.first { $0.name == name }?.field
        let isOther = Self.otherNames.contains(name)
        if known == nil, !isOther {
            // "see: this" and "http://…" are text.
            guard end + 1 < scalars.count, !isBlank(end + 1), scalars[end + 1] != "/" else { return nil }
            let names = Self.fieldNames.map(\.name) + ["published", "key"] + Self.derivedNames
            throw QueryError(
                .syntax, "no field \"\(name)\"",
                expected: "one of \(names.joined(separator: ", ")), or quotes around text with a colon", offset: start)
        }
        at = end + 1
        skipBlanks()
        guard !isAtEnd, peek != ")" else {
            throw QueryError(.syntax, "\(name): without a value", expected: "a value", offset: at)
        }
        if let known { return try fieldValue(known, name: name) }
        if name == "key" { return try keyValue() }
        if Self.derivedNames.contains(name) {
            return .derived(field: name, value: try fieldValue(.text, name: name), offset: start)
        }
        return try dateValue()
    }

    /// The name of a field that stands here with a colon and a value behind it.
    private func fieldName() -> String? {
        var end = at
        while end < scalars.count, ("a"..."z").contains(scalars[end]) { end += 1 }
        guard end > at, end + 1 < scalars.count, scalars[end] == ":", !isBlank(end + 1) else { return nil }
        let name = text(at..<end)
        return Self.fieldNames.contains { $0.name == name } || Self.otherNames.contains(name) ? name : nil
    }

    private mutating func fieldValue(_ field: IndexField, name: String) throws(QueryError) -> QueryNode {
        let start = at
        if let sign = peek, sign == "-" || sign == "!", startsNegated(at + 1) {
            throw QueryError(
                .syntax, "a \"\(sign)\" behind \(name):", expected: "-\(name): and then the word", offset: start)
        }
        if let inner = fieldName() {
            throw QueryError(
                .syntax, "\(inner): behind \(name):", expected: "one field, or quotes around text with a colon",
                offset: start)
        }
        guard let node = try fieldOperand(field) else {
            throw QueryError(.syntax, "\(name): without a word", expected: "a word, a phrase or a group", offset: start)
        }
        return node
    }

    private mutating func keyValue() throws(QueryError) -> QueryNode {
        let start = at
        let hex = take { !$0.properties.isWhitespace && $0 != ")" && $0 != "(" }
        guard let key = ArticleKey(hex: hex.lowercased()) else {
            throw QueryError(.syntax, "bad key \"\(hex)\"", expected: "32 hexadecimal digits", offset: start)
        }
        return .key(key)
    }

    private mutating func dateValue() throws(QueryError) -> QueryNode {
        let start = at
        let value = take { !$0.properties.isWhitespace && $0 != ")" && $0 != "(" && $0 != "^" && !Self.isQuote($0) }
        return .dates(try DateRange(parsing: value, offset: start, zoneOffsetMinutes: options.zoneOffsetMinutes))
    }

    // MARK: Phrases

    mutating func phrase(field: IndexField, isExact: Bool) throws(QueryError) -> QueryNode? {
        let start = at
        at += 1
        let begin = at
        while at < scalars.count, !isQuote(at) { at += 1 }
        guard !isAtEnd else { throw QueryError(.syntax, "a quote is not closed", expected: "\"", offset: start) }
        let end = at
        at += 1
        if begin + 1 < end, scalars[begin] == "=", !isBlank(begin + 1) {
            throw QueryError(
                .syntax, "a \"=\" inside a phrase", expected: "\"=\" before the quote, as in =\"a b\"", offset: begin)
        }
        if let tilde = (begin..<end).first(where: { $0 > begin && isFuzzy($0, before: end) }) {
            throw QueryError(
                .unsupported, "\"~\" inside a phrase", expected: "NEAR/1 between single words, as in a~ NEAR/1 b",
                offset: tilde)
        }
        var patterns = try patterns(begin..<end, field: field, isPhrase: true)
        // What may be any word needs words on both sides.
        while patterns.last == .anyWord { patterns.removeLast() }
        patterns = Array(patterns.drop { $0 == .anyWord })
        if !isExact, field.hasPositions { try open(&patterns, at: start) }
        var slop = 0
        if peek == "~" {
            let tilde = at
            at += 1
            let digits = take { $0.isDigit }
            guard let number = Int(digits), number <= Self.distance, isWordEnd(at) else {
                throw QueryError(
                    .syntax, "bad slop of a phrase", expected: "a number up to \(Self.distance), as in \"a b\"~5",
                    offset: tilde)
            }
            slop = number
        }
        // So that a phrase never passes from one part of a text to the next.
        let gaps = patterns.count { $0 == .anyWord }
        guard slop + gaps <= Self.distance else {
            throw QueryError(
                .limit, "\(slop + gaps) other places in a phrase", expected: "at most \(Self.distance)", offset: start)
        }
        try require(placedWords: patterns.count - gaps, at: start)
        return node(of: patterns, field: field, slop: slop, isExact: isExact, offset: start)
    }

    // MARK: Words

    mutating func word(field: IndexField, isExact: Bool) throws(QueryError) -> QueryNode? {
        let start = at
        while !isWordEnd(at), !isFuzzyMark(at) { at += 1 }
        if at == start, !isAtEnd, peek != "(", peek != ")", peek != "^", !isFuzzyMark(at) { at += 1 }
        var patterns = try patterns(start..<at, field: field)
        if isFuzzyMark(at) {
            let tilde = at
            at += 1
            let digits = take { $0.isDigit }
            guard let distance = digits.isEmpty ? 1 : Int(digits), (1...2).contains(distance) else {
                throw QueryError(.syntax, "bad distance \"\(digits)\"", expected: "~1 or ~2", offset: tilde)
            }
            guard patterns.count == 1, case .term(let bytes) = patterns[0] else {
                throw QueryError(
                    .syntax, "\"~\" after what is not one word", expected: "a word before \"~\"", offset: tilde)
            }
            patterns[0] = .fuzzy(bytes, distance: distance)
            try note(patterns: patterns, at: start)
        } else if !isExact, field.hasPositions {
            try open(&patterns, at: start)
        }
        return node(of: patterns, field: field, slop: 0, isExact: isExact, offset: start)
    }

    /// Of a script without blanks runs are indexed as pairs: a single character at an end of what is looked for is found in any pair that
    /// goes on there, and one alone in any pair.
    private mutating func open(_ patterns: inout [TermPattern], at offset: Int) throws(QueryError) {
        func single(_ pattern: TermPattern?) -> [UInt8]? {
            guard case .term(let bytes)? = pattern, Tokenizer.isUnpaired(bytes) else { return nil }
            return bytes
        }
        let opened: [TermPattern]
        switch (single(patterns.first), single(patterns.last)) {
        case (let only?, _) where patterns.count == 1:
            patterns[0] = .wildcard([[], only, []])
            opened = patterns
        case (let first, let last):
            if let first { patterns[0] = .wildcard([[], first]) }
            if let last { patterns[patterns.count - 1] = .prefix(last) }
            opened = (first == nil ? [] : [patterns[0]]) + (last == nil ? [] : [patterns[patterns.count - 1]])
        }
        try note(patterns: opened, at: offset)
    }

    /// A tilde that ends a word, with or without a digit.
    private func isFuzzyMark(_ index: Int) -> Bool {
        guard index < scalars.count, scalars[index] == "~" else { return false }
        var end = index + 1
        while end < scalars.count, scalars[end].isDigit { end += 1 }
        return isWordEnd(end)
    }

    /// Whether a tilde inside a phrase is meant so: between numbers it says from where to where.
    private func isFuzzy(_ index: Int, before end: Int) -> Bool {
        guard scalars[index] == "~", scalars[index - 1].properties.isAlphabetic else { return false }
        let isNumbered = index + 1 < end && (scalars[index + 1] == "1" || scalars[index + 1] == "2")
        let behind = index + (isNumbered ? 2 : 1)
        return behind == end || isBlank(behind)
    }

    private func node(
        of patterns: [TermPattern], field: IndexField, slop: Int, isExact: Bool, offset: Int
    ) -> QueryNode? {
        if patterns.isEmpty { return nil }
        if patterns.count == 1 {
            return .word(QueryWord(field: field, pattern: patterns[0], isExact: isExact, offset: offset))
        }
        return .phrase(QueryPhrase(field: field, patterns: patterns, slop: slop, isExact: isExact, offset: offset))
    }

    /// The words of a stretch of the query, as the field would have indexed them.
    private mutating func patterns(
        _ range: Range<Int>, field: IndexField, isPhrase: Bool = false
    ) throws(QueryError) -> [TermPattern] {
        var patterns: [TermPattern] = []
        if !scalars[range].contains("*") {
            patterns = tokenizer.terms(of: text(range)).map { .term($0) }
        } else {
            // Pieces without blanks; each with or without stars.
            for piece in scalars[range].split(whereSeparator: { $0.properties.isWhitespace }) {
                let isStars = piece.allSatisfy { $0 == "*" }
                guard isStars || piece.count(where: { $0 == "*" }) <= Self.starCount else {
                    throw QueryError(
                        .limit, "too many stars in a word", expected: "at most \(Self.starCount)",
                        offset: range.lowerBound)
                }
                if isStars, !isPhrase { continue }
                patterns += isStars ? [.anyWord] : starred(String(String.UnicodeScalarView(piece)))
            }
        }
        try note(words: patterns.count, at: range.lowerBound)
        try note(patterns: patterns, at: range.lowerBound)
        guard field.hasPositions == false, !patterns.isEmpty else { return patterns }
        return [try whole(patterns, text: text(range), field: field, offset: range.lowerBound)]
    }

    /// One pattern for a field of whole values.
    private func whole(
        _ patterns: [TermPattern], text: String, field: IndexField, offset: Int
    ) throws(QueryError) -> TermPattern {
        if field == .language {
            // ASCII only, as the index does.
            let value = String(decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
            guard value.hasSuffix("*") || value.contains("*") else { return .term(Array(value.utf8)) }
            guard value.hasSuffix("*"), value.dropLast().contains("*") == false else {
                throw QueryError(.unsupported, "a wildcard inside a language", expected: "lang:pt*", offset: offset)
            }
            return .prefix(Array(value.dropLast().utf8))
        }
        var joined: [UInt8] = []
        for (index, pattern) in patterns.enumerated() {
            guard case .term(let bytes) = pattern else {
                throw QueryError(
                    .unsupported, "a wildcard in a whole value", expected: "the value as it is written", offset: offset)
            }
            if index > 0 { joined.append(UInt8(ascii: " ")) }
            joined += bytes
        }
        return .term(joined)
    }

    /// Patterns of a word that may have stars: the stars belong to the words they touch.
    private mutating func starred(_ text: String) -> [TermPattern] {
        // By scalars: a mark behind a star is no part of it.
        let scalars = text.unicodeScalars
        guard scalars.contains("*") else { return tokenizer.terms(of: text).map { .term($0) } }
        // Words between the stars; a star joins the last word before it to the first behind it.
        var patterns: [TermPattern] = []
        var open: [[UInt8]]?  // parts of the word that the last star left open
        for (index, part) in scalars.split(separator: "*", omittingEmptySubsequences: false).enumerated() {
            let terms = tokenizer.terms(of: String(part))
            var rest = terms[...]
            if index > 0 {
                var parts = open ?? [[]]
                if let first = rest.first, startsWithWord(part) {
                    parts.append(first)
                    rest = rest.dropFirst()
                } else {
                    parts.append([])
                }
                if part.isEmpty || (rest.isEmpty && startsWithWord(part)) {
                    open = parts
                    continue
                }
                if let pattern = Self.pattern(parts) { patterns.append(pattern) }
            }
            open = nil
            if let last = rest.last, endsWithWord(part) {
                patterns += rest.dropLast().map { .term($0) }
                open = [last]
            } else {
                patterns += rest.map { .term($0) }
            }
        }
        // The last part either was complete or is the open end of a pattern.
        if let parts = open {
            if parts.count == 1 {
                patterns.append(.term(parts[0]))
            } else if let pattern = Self.pattern(parts) {
                patterns.append(pattern)
            }
        }
        return patterns
    }

    private mutating func startsWithWord(_ part: Substring.UnicodeScalarView) -> Bool {
        isWord(part.first { !Tokenizer.isIgnored($0) })
    }

    private mutating func endsWithWord(_ part: Substring.UnicodeScalarView) -> Bool {
        isWord(part.last { !Tokenizer.isIgnored($0) })
    }

    private mutating func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.map { !tokenizer.terms(of: String(Character($0))).isEmpty } ?? false
    }

    private static func pattern(_ parts: [[UInt8]]) -> TermPattern? {
        var parts = parts
        // Neighbouring stars are one.
        var index = 1
        while index + 1 < parts.count {
            if parts[index].isEmpty { parts.remove(at: index) } else { index += 1 }
        }
        if parts.allSatisfy(\.isEmpty) { return nil }
        if parts.count == 2, parts[1].isEmpty { return .prefix(parts[0]) }
        return .wildcard(parts)
    }
}
