/// Why a query cannot be answered.
package struct QueryError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The text is no query.
        case syntax
        /// A query that this version understands but cannot answer.
        case unsupported
        /// It asks for more than the limits allow.
        case limit
        /// A cursor that belongs to another query, order or snapshot.
        case cursor
    }

    package var code: Code
    /// What is wrong, with the value seen.
    package var message: String
    /// What would have been right, if that can be said.
    package var expected: String?
    /// Place in the query text: characters (Unicode scalars) before it. Nil if no place is to blame.
    package var offset: Int?

    package init(_ code: Code, _ message: String, expected: String? = nil, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.expected = expected
        self.offset = offset
    }

    package var description: String {
        message + (expected.map { "; expected \($0)" } ?? "") + (offset.map { " (at character \($0))" } ?? "")
    }

    /// The line of the query with a caret below the place, for a terminal: of a long one what is around it.
    package func pointing(into query: String) -> String {
        guard let offset else { return description }
        let scalars = Array(query.unicodeScalars)
        let at = min(max(offset, 0), scalars.count)
        let first = scalars[..<at].lastIndex(of: "\n").map { $0 + 1 } ?? 0
        let last = scalars[at...].firstIndex(of: "\n") ?? scalars.count
        let shown = max(first, at - Self.shownBefore)..<min(last, at + Self.shownBehind)
        let text = String(String.UnicodeScalarView(scalars[shown].map { $0.value < 0x20 ? " " : $0 }))
        let (before, behind) = (shown.lowerBound > first ? "… " : "", shown.upperBound < last ? " …" : "")
        let lineNumber = scalars[..<at].count { $0 == "\n" } + 1
        let place = last - first < scalars.count ? "line \(lineNumber), character \(at - first + 1):\n" : ""
        let blanks = String(repeating: " ", count: before.count + at - shown.lowerBound)
        return "\(place)\(before)\(text)\(behind)\n\(blanks)^ \(message)" + (expected.map { "; expected \($0)" } ?? "")
    }

    private static let shownBefore = 100
    private static let shownBehind = 60
}
