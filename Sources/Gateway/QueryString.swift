/// Parameters behind the "?" of a request (application/x-www-form-urlencoded), in their order.
struct QueryString {
    private(set) var parameters: [(name: String, value: String)] = []

    /// Parameters of one request; a search has a dozen.
    static let parameterLimitCount = 64

    /// - Throws: `Failure` `.badRequest` if percent signs are not followed by two hexadecimal digits, or the bytes are
    ///   no UTF-8.
    init(_ text: String) throws(Failure) {
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            guard parameters.count < Self.parameterLimitCount else {
                throw Failure(.badRequest, "more than \(Self.parameterLimitCount) parameters")
            }
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            parameters.append((try Self.decoded(parts[0]), parts.count > 1 ? try Self.decoded(parts[1]) : ""))
        }
    }

    /// - Parameter plusIsBlank: in parameters, not in paths.
    static func decoded(_ raw: Substring.UTF8View, plusIsBlank: Bool = true) throws(Failure) -> String {
        var bytes: [UInt8] = []
        var rest = raw[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+") where plusIsBlank: bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    throw Failure(.badRequest, "a \"%\" is not followed by two hexadecimal digits")
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.badRequest, "a parameter is not UTF-8")
        }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init)
    }
}

extension SearchQuestion {
    /// The question of `/v1/search`.
    init(_ query: QueryString) throws(Failure) {
        self.init()
        // Days of the other values begin in this zone, wherever it stands.
        for (name, value) in query.parameters where name == "zone" { try setZone(value) }
        var seen: Set<String> = []
        for (name, value) in query.parameters {
            guard seen.insert(name).inserted || name == "facet" else {
                throw Failure(.badRequest, "\(name) is there twice")
            }
            switch name {
            case "zone": continue
            case "q": text = value
            case "match": try setMatching(value)
            case "limit": try setLimit(value)
            case "after": after = value
            case "sort": try setSort(value)
            case "facet": for field in value.split(separator: ",") { try addFacet(String(field)) }
            case "facet_limit": try setFacetLimit(value)
            case "histogram": try setHistogram(value)
            case "as_of": try setAsOf(value)
            case "explain": isExplained = value != "false" && value != "0"
            default:
                throw Failure(
                    .badRequest, "there is no parameter \"\(name)\"",
                    hint: "expected q, match, limit, after, sort, zone, facet, facet_limit, histogram, as_of or explain"
                )
            }
        }
    }
}
