import Engine
package import News

/// How people name an article: by its key, or by its URL.
package struct ArticleAddress: Equatable, Sendable {
    package let text: String
    /// Nil if the text is neither a key nor an absolute http(s) URL.
    package let key: ArticleKey?
    package let canonicalURL: String?

    package init(_ text: String) {
        self.text = text
        if let key = ArticleKey(hex: text) {
            self.key = key
            canonicalURL = nil
        } else {
            canonicalURL = CanonicalURL.canonicalise(text)
            key = canonicalURL.map { ArticleKey(canonicalURL: $0) }
        }
    }

    /// - Throws: `Failure` `.badRequest` if the text names no article.
    package func requireKey() throws(Failure) -> ArticleKey {
        guard let key else {
            if (8..<32).contains(text.utf8.count), text.utf8.allSatisfy({ ASCII.hexValue($0) != nil }) {
                throw Failure(
                    .badRequest, "\"\(text)\" is only the beginning of a key",
                    hint: "coranto query --format keys prints whole keys")
            }
            throw Failure(
                .badRequest, "\"\(text)\" is neither a key nor a URL",
                hint: "expected 32 hexadecimal digits, or an absolute http(s) URL")
        }
        return key
    }
}

/// The live article of a key as a snapshot has it.
package struct FoundArticle: Sendable {
    package var key: ArticleKey
    package var version: Version
    package var article: Article
    /// The canonical record, as it is stored.
    package var record: [UInt8]
}

extension OpenSnapshot {
    /// - Throws: `Failure` `.notFound` if no version of the key is live.
    package func article(_ key: ArticleKey) throws -> FoundArticle {
        guard let live = try reader.lookup(keys: [key])[0] else {
            throw Failure(
                .notFound, "no article of key \(key.hex) is live in generation \(generation.number)",
                hint: "coranto why \(key.hex) tells what became of it")
        }
        let record = try reader.segments[live.segment].records([live.ordinal])[0]
        return FoundArticle(
            key: key, version: live.version, article: try SearchAnswer.article(record, key), record: record)
    }
}
