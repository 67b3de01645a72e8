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

    /// The beginning of a key, if it is long enough to mean one; else nil.
    package var keyPrefix: KeyPrefix? { key == nil ? KeyPrefix(text) : nil }

    /// The same, or the address of the one article whose key begins with the text.
    ///
    /// - Parameter further: keys of articles that are not live.
    /// - Throws: `Failure` `.notFound` if there is none, `.badRequest` if there are several.
    package func resolved(
        in snapshot: OpenSnapshot, further: (KeyPrefix) throws -> Set<ArticleKey> = { _ in [] }
    ) throws -> ArticleAddress {
        guard let prefix = keyPrefix else { return self }
        var keys = Set(try snapshot.reader.liveKeys(withHalfIn: prefix.halves).filter(prefix.contains))
        keys.formUnion(try further(prefix))
        guard let key = keys.first else {
            throw Failure(
                .notFound, "no article of generation \(snapshot.generation.number) has a key that begins with \(text)")
        }
        guard keys.count == 1 else {
            let shown = keys.sorted().prefix(5).map(\.hex).joined(separator: ", ")
            throw Failure(
                .badRequest, "\(keys.count) keys begin with \(text): \(shown)\(keys.count > 5 ? ", …" : "")",
                hint: "give more digits")
        }
        return ArticleAddress(key.hex)
    }

    /// - Throws: `Failure` `.badRequest` if the text names no article.
    package func requireKey() throws(Failure) -> ArticleKey {
        guard let key else {
            if keyPrefix != nil {
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

/// The first 8 to 31 hexadecimal digits of a key.
package struct KeyPrefix: Equatable, Sendable {
    private let first: ArticleKey
    private let last: ArticleKey

    static let digitCount = 8

    package init?(_ text: String) {
        let text = text.lowercased()
        guard (Self.digitCount..<32).contains(text.utf8.count) else { return nil }
        let missing = 32 - text.utf8.count
        guard let first = ArticleKey(hex: text + String(repeating: "0", count: missing)),
            let last = ArticleKey(hex: text + String(repeating: "f", count: missing))
        else { return nil }
        self.first = first
        self.last = last
    }

    package func contains(_ key: ArticleKey) -> Bool { first <= key && key <= last }

    var halves: ClosedRange<UInt64> { first.high...last.high }
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
    /// - Throws: `Failure` `.notFound` if no version of the article is live, with the address of a copy if one is.
    package func article(at address: ArticleAddress) throws -> FoundArticle {
        let key = try address.requireKey()
        guard let live = try reader.lookup(keys: [key])[0] else {
            let copy = try copies(of: address).first.map { "; but there is \($0)" } ?? ""
            throw Failure(
                .notFound, "no article of key \(key.hex) is live in generation \(generation.number)\(copy)",
                hint: "coranto why \(key.hex) tells what became of it")
        }
        let record = try reader.segments[live.segment].records([live.ordinal])[0]
        return FoundArticle(
            key: key, version: live.version, article: try SearchAnswer.article(record, key), record: record)
    }

    /// Addresses of live articles that are other forms of the given one: by http, for phones, by AMP and the like.
    package func copies(of address: ArticleAddress) throws -> [String] {
        guard address.canonicalURL != nil else { return [] }
        let others = CopyURL.others(of: address.text)
        let live = try reader.lookup(keys: others.map { ArticleKey(canonicalURL: $0) })
        return zip(others, live).filter { $0.1 != nil }.map(\.0)
    }
}
