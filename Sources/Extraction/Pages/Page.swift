package import News

/// A saved page, read: what it says of its article, the article's text, and what was cut from around it.
package struct Page: Sendable {
    package var metadata: PageMetadata
    package var paragraphs: [PageParagraph]
    package var removed: [RemovedText]

    /// - Parameters:
    ///   - bytes: in any encoding.
    ///   - url: where the page was fetched from, if that is known.
    ///   - contentType: of the HTTP response, if there was one.
    package init(_ bytes: ArraySlice<UInt8>, url: String? = nil, contentType: String? = nil) {
        let tree = HTMLTree(bytes, contentType: contentType)
        metadata = PageMetadata(tree, url: url)
        let text = PageText(tree, title: metadata.title)
        paragraphs = text.paragraphs
        removed = text.removed
        takeStatedText()
    }

    /// Pages that are filled by scripts have no text but what their JSON-LD states.
    private mutating func takeStatedText() {
        let stated = metadata.statedText.reduce(0) { $0 + $1.utf8.count }
        let found = paragraphs.reduce(0) { $0 + $1.text.utf8.count }
        guard stated >= Self.statedBytes, found < stated / Self.statedFactor else { return }
        paragraphs = metadata.statedText.map { PageParagraph(role: .paragraph, text: $0) }
    }

    /// A shorter statement is a summary, and so is a text that is not so many times as long as what stands on the page.
    private static let statedBytes = 400
    private static let statedFactor = 3

    /// Paragraphs with an empty line between.
    package var text: String { paragraphs.map(\.text).joined(separator: "\n\n") }

    /// The page as an article, without identity.
    package var article: Article {
        var article = Article()
        if let title = metadata.title {
            let (slugs, headline) = WireSlug.split(title)
            article.slugs = slugs
            article.headline = headline
        }
        let body = text
        article.body = body.isEmpty ? nil : body
        article.summary = metadata.description
        article.authors = metadata.authors
        article.by = metadata.authors.isEmpty ? nil : metadata.authors.joined(separator: ", ")
        article.published = metadata.published
        article.updated = metadata.updated?.at
        article.language = metadata.language.map(ArticleReader.languageTag).flatMap { $0.isEmpty ? nil : $0 }
        article.canonicalURL = metadata.canonicalURL
        article.source = metadata.siteName
        article.section = metadata.section
        article.subjects = metadata.tags
        article.media = captions.map { Article.Media(url: nil, caption: $0, credit: nil) }
        article.removed = removed.filter { $0.reason != .caption && $0.reason != .title }.map(\.text)
        return article
    }

    private var captions: [String] {
        var seen: Set<String> = []
        return removed.filter { $0.reason == .caption && seen.insert($0.text).inserted }.map(\.text)
    }
}
