import ByteCoding
import News
import Storage

/// The articles of the log by key and version, read from their frames as they come.
struct LoggedTexts {
    private var articles: [DocumentID: Article] = [:]
    private var objectCount = 0
    private let decompressor = ZstdDecompressor()

    /// Reads what came since the last call.
    mutating func read(_ log: [LogObject]) throws {
        for object in log[objectCount...] {
            for case .article(let logged) in object.batches.flatMap(\.entries) {
                let id = DocumentID(key: logged.key, version: logged.version)
                guard articles[id] == nil else { continue }
                articles[id] = try CanonicalRecord.decode(
                    decompressor.decompress(logged.frame, atMost: Limits.recordBytes))
            }
        }
        objectCount = log.count
    }

    /// - Throws: `Violation` if the log read so far has no such article: all that is live comes from the log.
    func article(_ id: DocumentID) throws(Violation) -> Article {
        guard let article = articles[id] else {
            throw Violation(property: "what is live is in the log", detail: id.key.hex)
        }
        return article
    }
}
