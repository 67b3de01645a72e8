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

    /// - Precondition: the log read so far holds the version; all that is live comes from the log.
    subscript(id: DocumentID) -> Article { articles[id]! }
}
