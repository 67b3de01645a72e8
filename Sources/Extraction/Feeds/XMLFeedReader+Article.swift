import News

/// What an entry gives to its article, beside the record: there captions and second summaries must not be taken for text.
extension XMLFeedReader {
    /// An entry's address is its article's as the feed gives it; the feed's own is only shown, and is resolved.
    var keepsAddresses: Bool { options.isRaw && (isInEntry || !options.wantsArticles) }

    /// What articles need to know of the feed.
    var articleFeed: ParsedFeed.Frame {
        let feed = scopes[Scope.feed.rawValue]
        return ParsedFeed.Frame(
            title: feed.text(.title).flatMap { EntryDraft.line(String(decoding: $0, as: UTF8.self)) },
            language: feed.text(.language).map { String(decoding: $0, as: UTF8.self) })
    }

    /// - Parameter kind: what the text is; Atom's plain text is written as markup, which all others may be.
    mutating func takeText(_ word: FeedWord, _ value: [UInt8]?, _ kind: FeedContent.Kind?) {
        guard options.wantsArticles, isInEntry, !isInSource, let value else { return }
        var text = String(decoding: value, as: UTF8.self)
        if isAtom10, kind == .plain, HTMLText.looksLikeMarkup(text) {
            text = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        }
        if draft.language == nil, let language { draft.language = String(decoding: language, as: UTF8.self) }
        switch word {
        case .title: draft.title = draft.title ?? text
        case .summary: draft.summary = draft.summary ?? text
        default: draft.content = draft.content ?? text
        }
    }

    /// A text inside a medium is its caption or credit.
    mutating func takeMediaText(_ value: [UInt8]?, isCredit: Bool = false) {
        guard options.wantsArticles, isInEntry, !isInSource, let value else { return }
        guard mediaDepth != nil else {
            // Without a medium it says something about the entry, if nothing better does.
            if !isCredit, draft.spareSummary == nil { draft.spareSummary = String(decoding: value, as: UTF8.self) }
            return
        }
        guard let last = draft.media.indices.last else { return }
        let line = EntryDraft.line(String(decoding: value, as: UTF8.self))
        if isCredit {
            draft.media[last].credit = draft.media[last].credit ?? line
        } else {
            draft.media[last].caption = draft.media[last].caption ?? line
        }
    }

    mutating func takeLink(_ address: [UInt8], relation: [UInt8], type: [UInt8]) {
        guard isInEntry, !isInSource, !isInImage else { return }
        let text = EntryDraft.present(String(decoding: address, as: UTF8.self))
        switch String(decoding: relation.prefix(16), as: UTF8.self) {
        case "alternate", "":
            // Of several, the one for people.
            if draft.link == nil || type.elementsEqual("text/html".utf8) { draft.link = text ?? draft.link }
        case "enclosure": takePicture(address, type.isEmpty ? Array("file".utf8) : type)
        default: break
        }
    }

    mutating func takePicture(_ address: [UInt8]?, _ type: [UInt8]?) {
        guard isInEntry, !isInSource, let address, type?.starts(with: "image".utf8) ?? true,
            let url = EntryDraft.present(String(decoding: address, as: UTF8.self)), draft.media.count < 64,
            !draft.media.contains(where: { $0.url == url })
        else { return }
        draft.media.append(Article.Media(url: url, caption: nil, credit: nil))
    }

    mutating func takeAuthor(_ value: [UInt8]?) {
        guard options.wantsArticles, isInEntry, !isInSource else { return }
        let detail = scopes[Scope.entry.rawValue].list(.authors).last
        guard let name = detail?.text(.name) ?? detail?.text(.email) ?? value else { return }
        let line = HTMLText.line(String(decoding: name, as: UTF8.self))
        if !line.isEmpty, !draft.authors.contains(line), draft.authors.count < 256 { draft.authors.append(line) }
    }
}
