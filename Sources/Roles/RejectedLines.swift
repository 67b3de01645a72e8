import Extraction
package import News

/// Which lines of a payload a coordinator rejects, found again by reading it as the coordinator does: its answer tells only
/// how many.
package struct RejectedLines: Sendable {
    package struct Line: Equatable, Sendable {
        /// From 0, of the lines of the payload.
        package var index: Int
        package var reason: RejectionReason
        package var detail: String
    }

    package let lines: [Line]

    /// - Parameter payload: NDJSON without empty lines.
    package init(in payload: [UInt8]) {
        var reader = ArticleReader()
        var found: [Line] = []
        for (index, bytes) in payload.split(separator: UInt8(ascii: "\n")).enumerated() {
            switch reader.readPayloadLine(bytes) {
            case .rejected(let reason, let detail), .reject(_, _, _, let reason, let detail):
                found.append(Line(index: index, reason: reason, detail: detail))
            case .article, .retract, .feed: break
            }
        }
        lines = found
    }
}
