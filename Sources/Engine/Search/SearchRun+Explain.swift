import News

// How a question is understood and answered, for people: the tree, each word with its articles and weight, and the way that is taken.
extension SearchRun {
    func explanation() throws -> String {
        var expanded = [[[UInt8]: Int]](repeating: [:], count: plan.expansions.count)
        let lookup = try QueryLookup(prepared, place: nil, source: source, stop: scratch.stop) {
            number, word, entry in
            expanded[number][word, default: 0] += Int(entry.documentFrequency)
        }
        let searches = try searches(SearchContext(prepared, lookup, scratch))
        let expansionCounts = plan.expansions.indices.map { number in
            searches.reduce(0) { $0 + $1.expansionCounts[number] }
        }
        var lines = [
            "query: \(request.query)",
            "articles: \(snapshot.liveDocumentCount), words: \(snapshot.liveTokenCount), segments: \(snapshot.segments.count)",
        ]
        var documentCounts = [Int](repeating: 0, count: plan.terms.count)
        for (index, segment) in lookup.segments.enumerated() {
            let terms = try segment.terms ?? QueryLookup.terms(of: prepared, in: snapshot.segments[index])
            for (index, entry) in terms.entries.enumerated() {
                documentCounts[terms.term(index)] += Int(entry.documentFrequency)
            }
        }
        for (term, keys) in plan.terms.enumerated() {
            let documents = documentCounts[term]
            let live = plan.isScoredTerm[term] ? ", live \(lookup.liveFrequencies[term])" : ""
            lines.append("word \(Self.name(of: keys)): documents \(documents)\(live)")
        }
        for (number, expansion) in plan.expansions.enumerated() {
            let words = expanded[number].sorted {
                $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
            }
            lines.append(
                "word \(expansion.pattern): live \(expansionCounts[number]), \(words.count) words"
                    + (words.isEmpty ? "" : ": ")
                    + words.map { "\(String(decoding: $0.key, as: UTF8.self)) \($0.value)" }.joined(separator: ", "))
        }
        let weighted = weights(lookup.liveFrequencies, expansionCounts)
        for weight in weighted {
            lines.append("scores \(name(of: weight.leaf)): \(worth(of: weight))")
        }
        lines += way()
        for (index, segment) in lookup.segments.enumerated() where !plan.ranges.isEmpty {
            let documents = segment.ranges.map { "\($0.lowerBound)..<\($0.upperBound)" }.joined(separator: " and ")
            lines.append("segment \(index): documents \(documents) of \(snapshot.segments[index].footer.documentCount)")
        }
        lines += try parts(weighted, searches)
        return lines.joined(separator: "\n")
    }

    /// What the score of each hit is made of.
    private func parts(_ weighted: [SegmentSearch.LeafWeight], _ searches: [SegmentSearch]) throws -> [String] {
        guard !weighted.isEmpty, request.limitCount > 0 else { return [] }
        let hits = try prepared.run().hits
        var lines = hits.map { "hit \($0.key.hex): \($0.score)/65536 = " }
        for search in searches {
            let own = hits.indices.filter { hits[$0].segment == search.index }
                .sorted { hits[$0].ordinal < hits[$1].ordinal }
            for (hit, parts) in zip(own, try search.parts(weighted, of: own.map { hits[$0].ordinal })) {
                lines[hit] += zip(weighted, parts).filter { $0.1 != 0 }
                    .map { "\(shortName(of: $0.0.leaf)) \($0.1)" }.joined(separator: " + ")
            }
        }
        return lines
    }

    // MARK: The way

    private func way() -> [String] {
        guard request.limitCount > 0 else { return ["counts: \(counting)"] }
        let filters = prepared.shape.map { $0.filters.isEmpty ? "" : ", within what does not score" } ?? ""
        let what =
            switch prepared.shape {
            case nil: "looks at every match, in windows of \(Window.documentCount) documents"
            case .some where request.sort == .newest: "walks from the newest on, until enough match\(filters)"
            case .some(let shape) where shape.kind == .any:
                "any of \(shape.terms.count) words, by MaxScore in windows\(filters)"
            case .some(let shape) where shape.terms.count == 1 && shape.isOfWords:
                "the blocks of one list that can bring a hit\(filters)"
            case .some(let shape) where shape.isOfWords:
                "the rarest of \(shape.terms.count) words, the others asked where blocks can bring a hit\(filters)"
            case .some(let shape):
                "all \(shape.terms.count) words, the rarest first, where blocks can bring a hit; then their places\(filters)"
            }
        return ["hits: \(what)"] + (request.countExact ? ["counts: \(counting)"] : [])
    }

    private var counting: String {
        if prepared.knownTerm != nil { return "what the dictionaries say" }
        if !request.facets.isEmpty || request.histogram != nil { return "every match, with its values" }
        let isOfLists =
            isInPlace && (prepared.shape ?? RankedShape(plan)).map { $0.isOfWords && $0.isFilteredByDatesOnly } == true
        return isOfLists ? "the words' lists, as bits" : "every match"
    }

    // MARK: Names

    private func worth(of weight: SegmentSearch.LeafWeight) -> String {
        if case .bag = plan.leaves[weight.leaf] { return "each as the articles with it are rare" }
        return "idf \(weight.inverseFrequency)/65536, at most \(weight.weight)/65536"
    }

    private func name(of leaf: Int) -> String {
        switch plan.leaves[leaf] {
        case .bag(let words): "any of \(words.count) words"
        case .term(let term): Self.name(of: plan.terms[term])
        case .expansion(let number): plan.expansions[number].pattern.description
        case .phrase(let terms, _): "\"" + terms.map { Self.name(of: plan.terms[$0]) }.joined(separator: " ") + "\""
        case .places(let node): name(of: node)
        }
    }

    /// Without what words stand for by language.
    private func shortName(of leaf: Int) -> String {
        func word(_ term: Int) -> String { Self.name(of: Array(plan.terms[term].prefix(1))) }
        return switch plan.leaves[leaf] {
        case .term(let term): word(term)
        case .phrase(let terms, _): "\"" + terms.map(word).joined(separator: " ") + "\""
        case .bag, .expansion, .places: name(of: leaf)
        }
    }

    private func name(of node: QueryPlan.PlaceNode) -> String {
        func name(_ word: QueryPlan.PlaceWord) -> String {
            switch word {
            case .term(let term): Self.name(of: plan.terms[term])
            case .expansion(let number): plan.expansions[number].pattern.description
            }
        }
        return switch node {
        case .word(let word): name(word)
        case .phrase(let words, let slop):
            "\""
                + words.enumerated().map { number, word in
                    let gap = number == 0 ? 0 : word.offset - words[number - 1].offset - 1
                    return String(repeating: "* ", count: gap) + name(word.word)
                }.joined(separator: " ") + "\"" + (slop == 0 ? "" : "~\(slop)")
        case .any(let nodes): "any(" + nodes.map { self.name(of: $0) }.joined(separator: " ") + ")"
        case .near(let left, let right, let distance):
            "(\(self.name(of: left)) NEAR/\(distance) \(self.name(of: right)))"
        }
    }

    /// The word, and what it is looked for as in articles whose words are reduced to stems.
    private static func name(of keys: [[UInt8]]) -> String {
        let word = String(decoding: keys[0].dropFirst(), as: UTF8.self)
        let forms = keys.dropFirst().compactMap { key in
            TermKey.language(of: key).map { language in
                let form = String(decoding: TermKey.withoutTail(key).dropFirst(), as: UTF8.self)
                return (TermKey.isStem(key) ? "" : "=") + "\(language.code):\(form)"
            }
        }
        let text = forms.isEmpty ? word : "\(word) (\(forms.joined(separator: " ")))"
        guard let field = keys[0].first.flatMap(IndexField.init(rawValue:)), field != .text else { return text }
        return "\(field.queryName):\(text)"
    }
}
