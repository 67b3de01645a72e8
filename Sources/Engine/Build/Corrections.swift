import News

/// The losers of kills, inverted: for each term the kills whose losers have it.
struct Corrections {
    private(set) var rows: [KillRow] = []
    private var stream = TokenStream()
    private var documents: [PostingsSorter.Document] = []
    private let hasStems: Bool

    init(hasStems: Bool) { self.hasStems = hasStems }

    /// - Parameter losers: in ascending order of their kills, behind those that were appended before.
    mutating func append(_ losers: [KilledDocument]) throws(EngineError) {
        for loser in losers {
            let start = stream.count
            do {
                let (length, columns) = try stream.append(loser.record)
                rows.append(KillRow(kill: loser.kill, tokenCount: UInt32(length)))
                documents.append(
                    PostingsSorter.Document(
                        tokens: start..<stream.count, language: hasStems ? columns.stemLanguage : nil))
            } catch {
                throw EngineError(
                    .corrupt, "the canonical record of the loser \(loser.kill.key.hex) cannot be read: \(error)")
            }
        }
    }

    /// Calls `body` with each term, ascending, and the ordinals of the kills, ascending.
    func forEach(_ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt32>) -> Void) {
        do throws(EngineError) {
            try unsafe PostingsSorter(documents: documents, stream: stream, keepsAllStems: true).forEachList {
                (term, list) throws(EngineError) in
                unsafe body(term, UnsafeBufferPointer(start: list.documents, count: list.documentCount))
            }
        } catch {
            preconditionFailure("the body above throws nothing")
        }
    }
}
