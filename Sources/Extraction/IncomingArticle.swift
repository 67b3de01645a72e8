package import News

/// An article read from a line, file or feed, ready to be sent.
package struct IncomingArticle: Equatable, Sendable {
    package var article: Article
    /// As the line gave it (`export` does), else by `ArticleIdentity`.
    package var key: ArticleKey
    /// Of `record`; never taken from the line, because it is a function of the record.
    package var version: Version
    /// The canonical record.
    package var record: [UInt8]
    package var notes: ReadNotes

    package init(article: Article, key: ArticleKey, notes: ReadNotes = ReadNotes()) {
        self.article = article
        self.key = key
        self.notes = notes
        record = CanonicalRecord.encode(article)
        version = CanonicalRecord.version(of: article, record: record)
    }
}

/// What was odd about an input that still became an article. Nothing of it is lost: see `extra`.
package struct ReadNotes: Equatable, Sendable {
    /// Dates that could not be read; kept in `extra`.
    package var unreadDates = 0
    /// Known names whose value had another type; kept in `extra`.
    package var misfits = 0
    /// `url` is there but no absolute http(s) URL; kept as text.
    package var urlIsText = false
    /// The line gave a version that its record does not have: it was edited after the export.
    package var versionDiffers = false

    package init() {}
}

/// What became of one input.
package enum ReadOutcome: Equatable, Sendable {
    case article(IncomingArticle)
    /// `detail` is for people: what was seen, and where.
    case rejected(RejectionReason, detail: String)

    /// Holds a finished article against the limits every way of reading shares.
    package static func checked(_ article: Article, key: ArticleKey, notes: ReadNotes = ReadNotes()) -> ReadOutcome {
        guard !article.isEmpty else { return .rejected(.empty, detail: "neither headline nor body") }
        let incoming = IncomingArticle(article: article, key: key, notes: notes)
        guard incoming.record.count <= Limits.recordBytes else {
            return .rejected(
                .tooLarge,
                detail: "the record has \(incoming.record.count) bytes, at most \(Limits.recordBytes) are allowed")
        }
        return .article(incoming)
    }
}
