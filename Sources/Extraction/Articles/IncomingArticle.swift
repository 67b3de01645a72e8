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
    /// Known names whose value had another type or was too long; kept in `extra`.
    package var misfits = 0
    /// `url` is there but no absolute http(s) URL; kept as text.
    package var urlIsText = false

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
        var article = article
        var notes = notes
        shorten(&article, &notes)
        let incoming = IncomingArticle(article: article, key: key, notes: notes)
        guard incoming.record.count <= Limits.recordBytes else {
            return .rejected(
                .tooLarge,
                detail: "the record has \(incoming.record.count) bytes, at most \(Limits.recordBytes) are allowed")
        }
        return .article(incoming)
    }

    /// Cuts names that are too long; the whole of them goes to `extra` under the field's own name.
    private static func shorten(_ article: inout Article, _ notes: inout ReadNotes) {
        var whole = CanonicalJSON.Members()
        for (name, field) in [
            ("source", \Article.source), ("section", \Article.section), ("language", \Article.language),
        ] {
            guard let text = article[keyPath: field], text.utf8.count > Limits.nameBytes else { continue }
            article[keyPath: field] = TextSpace.trimmed(text.prefix(utf8Bytes: Limits.nameBytes))
            var encoded: [UInt8] = []
            CanonicalJSON.appendString(text.utf8, to: &encoded)
            whole.add(name.utf8, encoded: encoded)
            notes.misfits += 1
        }
        guard !whole.isEmpty else { return }
        let extra = CanonicalJSON.merging(article.extra, whole)
        article.extra = String(decoding: extra, as: UTF8.self)
    }
}
