import News

/// A saved page as an article.
package enum HTMLArticle {
    /// 2: metadata and text from a tree, docs/pages.md. 3: the text that JSON-LD states, where the page has none.
    package static let extractorVersion: UInt32 = 3

    /// - Parameters:
    ///   - url: where the page was fetched from, if that is known.
    ///   - fileName: kept in `extra.file`.
    package static func read(_ bytes: ArraySlice<UInt8>, fileName: String?, url: String? = nil) -> ReadOutcome {
        guard bytes.count <= Limits.inputBytes else {
            return .rejected(
                .tooLarge, detail: "the page has \(bytes.count) bytes, at most \(Limits.inputBytes) are allowed")
        }
        var article = Page(bytes, url: url).article
        article.url = url
        article.extra = fileName.map(FileExtra.json)
        article.extractorVersion = extractorVersion
        return .checked(article, key: ArticleIdentity.key(of: article, rawInput: bytes))
    }
}

/// `{"file": name}`, in the canonical form of extra fields.
enum FileExtra {
    static func json(_ fileName: String) -> String {
        var members = CanonicalJSON.Members()
        var name: [UInt8] = []
        CanonicalJSON.appendString(fileName.utf8, to: &name)
        members.add("file".utf8, encoded: name)
        return String(decoding: members.encoded, as: UTF8.self)
    }
}
