import News

/// An entry, and the page that it leads to.
extension FeedEntry {
    /// Grows with each of the two that make such an article, and is larger than that of an entry alone: with its page an article
    /// replaces what stands there without.
    private static let completedVersion = FeedParser.extractorVersion + 100 * HTMLArticle.extractorVersion

    /// Takes from the page what the feed does not say, and its text if that is longer than what the feed has. The feed's own word on
    /// headline, people and times stands: it is made for programs. Address and key stay the feed's, too.
    package func completed(by page: Page) -> FeedEntry {
        let found = page.article
        let toldBytes = max(article.body?.utf8.count ?? 0, article.summary?.utf8.count ?? 0)
        guard let body = found.body, body.utf8.count > toldBytes else { return self }
        var completed = self
        // What the feed had for want of a text is its summary.
        if completed.article.summary == nil { completed.article.summary = article.body ?? found.summary }
        completed.article.body = body
        completed.article.removed = found.removed
        completed.article.canonicalURL = found.canonicalURL
        completed.article.headline = article.headline ?? found.headline
        if article.by == nil { (completed.article.by, completed.article.authors) = (found.by, found.authors) }
        completed.article.published = article.published ?? found.published
        completed.article.updated = article.updated ?? found.updated
        completed.article.section = article.section ?? found.section
        if article.subjects.isEmpty { completed.article.subjects = found.subjects }
        if article.media.isEmpty { completed.article.media = found.media }
        // A page tells its language by more words.
        completed.article.language = found.language ?? article.language
        completed.article.extractorVersion = Self.completedVersion
        return completed
    }
}
