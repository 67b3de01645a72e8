package import Engine
package import News

/// A question to a store as people ask it: the options of `coranto query` and the parameters of `/v1/search`.
package struct SearchQuestion: Sendable {
    /// Which snapshot is asked.
    package enum Moment: Equatable, Sendable {
        case generation(Generation)
        /// The last snapshot written until then.
        case time(Timestamp)
    }

    package var text = ""
    package var matching = QueryParser.Matching.all
    package var limitCount = 10
    package var after: String?
    package var sort = SearchRequest.Sort.score
    package var zoneOffsetMinutes = 0
    package var facets: [SearchRequest.Facet] = []
    /// Most values of a facet; nil for all.
    package var facetLimitCount: Int?
    package var histogram: SearchRequest.Interval?
    package var asOf: Moment?
    package var isExplained = false

    /// Most hits of one page of an answer; larger results are read page by page.
    package static let limitCount = 1000

    package init() {}

    /// The request and the tree it asks for.
    ///
    /// - Throws: `QueryError` that points at the character.
    package func request() throws(QueryError) -> SearchRequest {
        guard (0...Self.limitCount).contains(limitCount) else {
            throw QueryError(.limit, "limit is \(limitCount)", expected: "0 to \(Self.limitCount)")
        }
        let query = try QueryParser.parse(
            text, options: QueryParser.Options(matching: matching, zoneOffsetMinutes: zoneOffsetMinutes))
        return SearchRequest(
            query: query, sort: sort, limitCount: limitCount, after: after, facets: facets,
            facetLimitCount: facetLimitCount, histogram: histogram, zoneOffsetMinutes: zoneOffsetMinutes)
    }
}

// MARK: Values as text

extension SearchQuestion {
    package mutating func setMatching(_ value: String) throws(Failure) {
        matching = try Self.choice(value, of: "match", ["all": .all, "any": .any])
    }

    package mutating func setSort(_ value: String) throws(Failure) {
        sort = try Self.choice(value, of: "sort", ["newest": .newest, "oldest": .oldest, "score": .score])
    }

    package mutating func setHistogram(_ value: String) throws(Failure) {
        histogram = try Self.choice(value, of: "histogram", ["day": .day, "month": .month, "week": .week])
    }

    package mutating func addFacet(_ value: String) throws(Failure) {
        let facet = try Self.choice(
            value, of: "facet",
            ["lang": SearchRequest.Facet.language, "language": .language, "section": .section, "source": .source])
        if !facets.contains(facet) { facets.append(facet) }
    }

    package mutating func setFacetLimit(_ value: String) throws(Failure) {
        guard let count = Int(value), (1...1_000_000).contains(count) else {
            throw Failure(
                .badRequest, "facet limit is \"\(value)\"",
                hint: "expected a number from 1 to 1000000; without it all are told")
        }
        facetLimitCount = count
    }

    package mutating func setLimit(_ value: String) throws(Failure) {
        guard let count = Int(value) else {
            throw Failure(.badRequest, "limit is \"\(value)\"", hint: "expected a number from 0 to \(Self.limitCount)")
        }
        limitCount = count
    }

    /// "Z", "UTC" or ±HH:MM. Names of zones would need a table of their changes, and are refused rather than guessed.
    package mutating func setZone(_ value: String) throws(Failure) {
        if ["Z", "z", "UTC", "utc"].contains(value) { return zoneOffsetMinutes = 0 }
        let text = Array(value.utf8)
        let isSigned = text.first == UInt8(ascii: "+") || text.first == UInt8(ascii: "-")
        let digits = text.dropFirst().filter { $0 != UInt8(ascii: ":") }.map { Int($0) - 48 }
        let hasForm =
            isSigned && digits.count == 4 && digits.allSatisfy { (0...9).contains($0) }
            && (text.count == 5 || (text.count == 6 && text[3] == UInt8(ascii: ":")))
        guard hasForm, digits[0] * 10 + digits[1] <= 23, digits[2] <= 5 else {
            throw Failure(
                .badRequest, "zone is \"\(value)\"", hint: "expected an offset such as +01:00, -0530 or UTC")
        }
        let minutes = (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3]
        zoneOffsetMinutes = text[0] == UInt8(ascii: "-") ? -minutes : minutes
    }

    /// A generation, or a date: the end of the day, month or minute it names.
    package mutating func setAsOf(_ value: String) throws(Failure) {
        if let number = UInt64(value) { return asOf = .generation(Generation(number)) }
        do throws(QueryError) {
            let range = try DateRange(parsing: value, offset: 0, zoneOffsetMinutes: zoneOffsetMinutes)
            guard range.from != nil, let end = range.to else {
                throw QueryError(.syntax, "\"\(value)\" is a range", expected: "a generation or one date")
            }
            asOf = .time(Timestamp(milliseconds: end.milliseconds - 1))
        } catch {
            throw Failure(
                .badRequest, "as-of is \"\(value)\"", hint: "expected a generation or a date such as 2026-01-20T10:30Z")
        }
    }

    private static func choice<Value>(
        _ value: String, of name: String, _ choices: KeyValuePairs<String, Value>
    ) throws(Failure) -> Value {
        for (text, choice) in choices where text == value { return choice }
        throw Failure(
            .badRequest, "\(name) is \"\(value)\"", hint: "expected \(choices.map(\.key).joined(separator: ", "))")
    }
}

extension SearchRequest.Facet {
    /// As it is named in questions and answers.
    package var name: StaticString {
        switch self {
        case .source: "source"
        case .language: "language"
        case .section: "section"
        }
    }
}
