/// Which key an article has: the first that exists of three (docs/identity.md).
package enum ArticleIdentity {
    /// - Parameters:
    ///   - article: its `url`, `source` and `guid` count, in the form the feed or file gave them.
    ///   - rawInput: the line or file the article was read from; decides when the fields do not.
    package static func key(of article: Article, rawInput: some Sequence<UInt8>) -> ArticleKey {
        key(of: article, canonicalURL: article.url.flatMap(CanonicalURL.canonicalise), rawInput: rawInput)
    }

    /// - Parameter canonicalURL: `CanonicalURL` of the article's `url`; nil if it has none.
    package static func key(
        of article: Article, canonicalURL: String?, rawInput: some Sequence<UInt8>
    ) -> ArticleKey {
        if let canonicalURL { return ArticleKey(canonicalURL: canonicalURL) }
        if let source = article.source, let guid = article.guid, !source.isEmpty, !guid.isEmpty {
            return ArticleKey(source: source, guid: guid)
        }
        return ArticleKey(rawInput: rawInput)
    }
}
