package import News

/// An article for reading in a terminal.
package enum ArticleText {
    package static func write(_ article: Article, key: ArticleKey) -> String {
        var out = ""
        func line(_ name: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            out += PlainText.padded(name + ":", columns: 12) + PlainText.line(value) + "\n"
        }
        out += PlainText.line(article.headline ?? "(no headline)") + "\n\n"
        line("key", key.hex)
        line("url", article.url)
        line("source", article.source)
        line("agency", article.agency)
        line("by", article.by ?? (article.authors.isEmpty ? nil : article.authors.joined(separator: ", ")))
        line("dateline", article.dateline)
        if let published = article.published {
            line("published", "\(AnswerText.time(published.at, published.precision)) UTC, from \(published.from)")
        }
        line("updated", article.updated.map { AnswerText.time($0) + " UTC" })
        line("fetched", article.firstSeen.map { AnswerText.time($0) + " UTC" })
        line("language", article.language)
        line("section", article.section)
        line("subjects", article.subjects.joined(separator: ", "))
        line("slugs", article.slugs.joined(separator: ", "))
        line("note", article.edNote)
        for text in [article.summary, article.body] {
            for paragraph in (text ?? "").split(separator: "\n") where !paragraph.isEmpty {
                out += "\n" + PlainText.line(String(paragraph)) + "\n"
            }
        }
        for item in article.media {
            line("\npicture", [item.caption, item.credit].compactMap { $0 }.joined(separator: " / "))
        }
        return out
    }
}
