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

    /// The query with a caret below the place, for a terminal.
    package func pointing(into query: String) -> String {
        guard let offset else { return description }
        let line = String(String.UnicodeScalarView(query.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
        return "\(line)\n\(String(repeating: " ", count: offset))^ \(message)"
            + (expected.map { "; expected \($0)" } ?? "")
    }
}
