package import News

/// What a query asks, as a tree (docs/query-language.md). Offsets count characters (Unicode scalars) of the query text.
package indirect enum QueryNode: Equatable, Sendable {
    /// Every live article.
    case all
    case word(QueryWord)
    case phrase(QueryPhrase)
    /// Both within `distance` words of each other, in either order.
    case near(QueryNode, QueryNode, distance: Int, offset: Int)
    case and([QueryNode])
    case or([QueryNode])
    /// A bag of words: matches as `or`, but says that more matches mean more.
    case any([QueryNode])
    case not(QueryNode)
    /// By order time; undated articles are in no range.
    case dates(DateRange)
    case key(ArticleKey)
    /// `weight` in 2^-16.
    case boost(QueryNode, weight: UInt32, offset: Int)
    /// A field of the derived layer: story.
    case derived(field: String, value: QueryNode?, offset: Int)
}

extension IndexField {
    /// As a query names it; the text needs no name.
    package var queryName: String {
        switch self {
        case .text: "text"
        case .headline: "headline"
        case .by: "by"
        case .source: "source"
        case .agency: "agency"
        case .language: "lang"
        case .located: "located"
        case .section: "section"
        case .subject: "subject"
        case .slug: "slug"
        case .sourceName: "source:="
        case .sectionName: "section:="
        case .quote: "quote"
        case .speaker: "speaker"
        }
    }

    /// Whether its one term is the whole value.
    package var isWholeValue: Bool { self == .sourceName || self == .sectionName }

    /// What stands before a word of this field.
    package var queryPrefix: String { self == .text ? "" : queryName + (isWholeValue ? "" : ":") }

    /// Whether words of this field count for the score.
    package var isScored: Bool { self == .text || self == .headline }
}

/// Which terms of the dictionary a word stands for. Bytes are folded text without the field.
package enum TermPattern: Hashable, Sendable {
    case term([UInt8])
    case prefix([UInt8])
    /// Literal parts with any run of characters between two of them; an empty first or last part leaves that end open.
    case wildcard([[UInt8]])
    /// Terms within `distance` (1 or 2) insertions, deletions, substitutions or transpositions.
    case fuzzy([UInt8], distance: Int)

    var isFuzzy: Bool { if case .fuzzy = self { true } else { false } }
}

package struct QueryWord: Equatable, Sendable {
    package var field: IndexField
    package var pattern: TermPattern
    /// Written with "=": never a stem or synonym.
    package var isExact: Bool
    package var offset: Int

    package init(field: IndexField, pattern: TermPattern, isExact: Bool, offset: Int) {
        self.field = field
        self.pattern = pattern
        self.isExact = isExact
        self.offset = offset
    }
}

/// Words one after the other; at most `slop` other places between them in all.
package struct QueryPhrase: Equatable, Sendable {
    package var field: IndexField
    package var patterns: [TermPattern]
    package var slop: Int
    package var isExact: Bool
    package var offset: Int

    package init(field: IndexField, patterns: [TermPattern], slop: Int, isExact: Bool, offset: Int) {
        self.field = field
        self.patterns = patterns
        self.slop = slop
        self.isExact = isExact
        self.offset = offset
    }
}

/// Instants from `from` on, before `to`; nil is open.
package struct DateRange: Hashable, Sendable {
    package var from: Timestamp?
    package var to: Timestamp?

    package init(from: Timestamp?, to: Timestamp?) {
        self.from = from
        self.to = to
    }

    package var isEmpty: Bool {
        guard let from, let to else { return false }
        return from >= to
    }
}

extension QueryNode: CustomStringConvertible {
    /// One canonical way to write the tree, for `explain` and tests; every group in parentheses.
    package var description: String {
        func group(_ name: String, _ nodes: [QueryNode]) -> String {
            "\(name)(" + nodes.map(\.description).joined(separator: " ") + ")"
        }
        switch self {
        case .all: return "*"
        case .word(let word): return word.description
        case .phrase(let phrase): return phrase.description
        case .near(let left, let right, let distance, _): return "near/\(distance)(\(left) \(right))"
        case .and(let nodes): return group("and", nodes)
        case .or(let nodes): return group("or", nodes)
        case .any(let nodes): return group("any", nodes)
        case .not(let node): return "not(\(node))"
        case .dates(let range):
            return
                "dates(\(range.from.map { "\($0.milliseconds)" } ?? "")..\(range.to.map { "\($0.milliseconds)" } ?? ""))"
        case .key(let key): return "key:\(key.hex)"
        case .boost(let node, let weight, _): return "boost(\(node) \(weight))"
        case .derived(let field, let value, _): return "\(field):\(value?.description ?? "")"
        }
    }
}

extension TermPattern: CustomStringConvertible {
    package var description: String {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        return switch self {
        case .term(let bytes): text(bytes)
        case .prefix(let bytes): text(bytes) + "*"
        case .wildcard(let parts): parts.map(text).joined(separator: "*")
        case .fuzzy(let bytes, let distance): text(bytes) + "~\(distance)"
        }
    }
}

extension QueryWord: CustomStringConvertible {
    package var description: String {
        field.queryPrefix + (isExact && !field.isWholeValue ? "=" : "") + pattern.description
    }
}

extension QueryPhrase: CustomStringConvertible {
    package var description: String {
        field.queryPrefix + (isExact && !field.isWholeValue ? "=" : "") + "\""
            + patterns.map(\.description).joined(separator: " ") + "\"" + (slop == 0 ? "" : "~\(slop)")
    }
}
