import ByteCoding
import Extraction
package import News
import Storage

/// One arrival of an article with its text.
package struct ArrivedVersion: Sendable {
    package var receivedAt: Timestamp
    package var fate: ArticleHistory.Fate?
    package var version: Version
    package var article: Article
    private let key: ArticleKey

    fileprivate init(_ event: ArticleHistory.Event, _ logged: LoggedArticle, _ article: Article) {
        receivedAt = event.receivedAt
        fate = event.fate
        version = logged.version
        key = logged.key
        self.article = article
    }

    package var json: [UInt8] {
        var out = JSONObjectWriter()
        out.member("received_at", ArticleJSON.time(receivedAt))
        out.member("outcome", fate?.name)
        let article = ArticleJSON.write(article, key: key, version: version)
        out.member("article", encoded: String(decoding: article, as: UTF8.self))
        return out.finish()
    }

    package var text: String {
        "received \(AnswerText.time(receivedAt)) UTC, \(fate?.name ?? "") now\n" + ArticleText.write(article, key: key)
    }
}

extension ArticleHistory {
    /// The arrivals with their texts, the oldest first.
    ///
    /// - Throws: `Failure` `.corrupt` if a record of the log cannot be read.
    package func versions() throws(Failure) -> [ArrivedVersion] {
        let decompressor = ZstdDecompressor()
        var all: [ArrivedVersion] = []
        for event in events {
            guard case .article(let logged) = event.content, logged.isTextThere else { continue }
            do {
                let record = try decompressor.decompress(logged.frame, atMost: Int(logged.recordBytes))
                all.append(ArrivedVersion(event, logged, try CanonicalRecord.decode(record)))
            } catch {
                throw Failure(
                    .corrupt,
                    "\(ObjectName.log(event.position.term, event.position.number)): the record is not whole: \(error)"
                )
            }
        }
        return all
    }
}
