import ByteCoding
import News
import Storage

/// The articles of the log by key and version, read from their frames when they are first asked for.
struct LoggedTexts {
    private var logged: [DocumentID: LoggedArticle] = [:]
    private var read: [DocumentID: AnswerOracle.Document] = [:]
    private var objectCount = 0
    private let decompressor = ZstdDecompressor()

    /// Takes in what came since the last call.
    mutating func take(_ log: [LogObject]) {
        for object in log[objectCount...] {
            for case .article(let article) in object.batches.flatMap(\.entries) {
                logged[DocumentID(key: article.key, version: article.version)] = article
            }
        }
        objectCount = log.count
    }

    /// Objects of the log are gone: what it holds is taken in anew.
    mutating func forget() {
        logged = [:]
        objectCount = 0
    }

    /// - Throws: `Violation` if the log taken in so far has no such article: all that is live comes from the log.
    mutating func document(_ id: DocumentID) throws -> AnswerOracle.Document {
        if let known = read[id] { return known }
        guard let article = logged[id] else {
            throw Violation(property: "what is live is in the log", detail: id.key.hex)
        }
        let document = AnswerOracle.Document(
            key: id.key,
            try CanonicalRecord.decode(decompressor.decompress(article.frame, atMost: Limits.recordBytes)))
        read[id] = document
        return document
    }
}
