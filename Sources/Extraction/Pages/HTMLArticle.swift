import News

/// A saved page as an article: metadata, headline and the paragraphs that look like one text.
///
/// Simple on purpose: paragraphs (`<p>`) inside `<article>` or `<main>` if there is such a thing, else of the whole
/// body, without navigation, asides and footers.
package enum HTMLArticle {
    package static let extractorVersion: UInt32 = 1

    /// - Parameters:
    ///   - url: where the page was fetched from, if that is known.
    ///   - fileName: kept in `extra.file`.
    package static func read(_ bytes: ArraySlice<UInt8>, fileName: String?, url: String? = nil) -> ReadOutcome {
        guard bytes.count <= Limits.inputBytes else {
            return .rejected(
                .tooLarge, detail: "the page has \(bytes.count) bytes, at most \(Limits.inputBytes) are allowed")
        }
        let decoded = Charset.decode(bytes, declared: [declaredCharset(bytes)])
        var page = Page()
        page.read(decoded.bytes)
        var article = page.article
        article.url = url
        article.extra = fileName.map(FileExtra.json)
        article.extractorVersion = extractorVersion
        return .checked(article, key: ArticleIdentity.key(of: article, rawInput: bytes))
    }

    /// `<meta charset="…">` or `<meta http-equiv … content="…; charset=…">` in the first bytes.
    private static func declaredCharset(_ bytes: ArraySlice<UInt8>) -> String? {
        let head = bytes.prefix(4096).map(ASCII.lowercased)
        guard let found = HTMLTokenizer.firstRange(of: Array("charset=".utf8), in: head[...]) else { return nil }
        let value = head[(found + 8)...].drop { $0 == 0x22 || $0 == 0x27 || $0 == 0x20 }
        let name = value.prefix { ASCII.isAlphanumeric($0) || "-_:.".utf8.contains($0) }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }
}

/// One pass over a page.
private struct Page {
    private var meta: [String: String] = [:]
    private var language: String?
    private var canonical: String?
    private var time: String?
    private var title = ParagraphBuilder()
    private var heading = ParagraphBuilder()
    private var everywhere = ParagraphBuilder()
    private var inArticle = ParagraphBuilder()
    private var captions: [String] = []

    private static let chrome: Set<String> = ["nav", "aside", "footer", "form", "button", "menu", "dialog"]

    mutating func read(_ bytes: [UInt8]) {
        var tokenizer = HTMLTokenizer(bytes[...])
        // How deep we are in elements of each sort; ends without starts never count below zero.
        var hidden = 0
        var chrome = 0
        var articles = 0
        var isInTitle = false
        var isInHeading = false
        var isInParagraph = false
        var caption: ParagraphBuilder?
        while let token = tokenizer.next() {
            switch token {
            case .start(let name, let attributes, let isSelfClosing):
                note(name, attributes)
                if isSelfClosing { continue }
                if HTMLText.hiddenElements.contains(name), name != "head" { hidden += 1 }
                if Self.chrome.contains(name) { chrome += 1 }
                switch name {
                case "article", "main": articles += 1
                case "title": isInTitle = title.paragraphs.isEmpty
                case "h1": isInHeading = heading.paragraphs.isEmpty
                case "figcaption": caption = ParagraphBuilder()
                case "p": isInParagraph = true
                default: break
                }
                if HTMLText.breaks(name) { endParagraphs() }
                if isInParagraph, name != "p", HTMLText.breaks(name), name != "br" { isInParagraph = false }
            case .end(let name):
                if HTMLText.hiddenElements.contains(name), name != "head" { hidden = max(0, hidden - 1) }
                if Self.chrome.contains(name) { chrome = max(0, chrome - 1) }
                if HTMLText.breaks(name) { endParagraphs() }
                switch name {
                case "article", "main": articles = max(0, articles - 1)
                case "title":
                    isInTitle = false
                    title.end()
                case "h1":
                    isInHeading = false
                    heading.end()
                case "figcaption":
                    if var done = caption, chrome == 0 {
                        let text = done.finish()
                        if !text.isEmpty { captions.append(text) }
                    }
                    caption = nil
                case "p": isInParagraph = false
                default: break
                }
            case .text(let text):
                if isInTitle {
                    title.append(text)
                } else if hidden > 0 || chrome > 0 {
                    continue
                } else if caption != nil {
                    caption?.append(text)
                } else if isInHeading {
                    heading.append(text)
                } else if isInParagraph {
                    everywhere.append(text)
                    if articles > 0 { inArticle.append(text) }
                }
            }
        }
        endParagraphs()
        title.end()
        heading.end()
    }

    private mutating func endParagraphs() {
        everywhere.end()
        inArticle.end()
    }

    private mutating func note(_ name: String, _ attributes: [(name: String, value: String)]) {
        func value(_ wanted: String) -> String? { attributes.first { $0.name == wanted }?.value }
        switch name {
        case "html": language = language ?? value("lang") ?? value("xml:lang")
        case "link": if value("rel")?.lowercased() == "canonical" { canonical = canonical ?? value("href") }
        case "time": time = time ?? value("datetime")
        case "meta":
            if let key = (value("property") ?? value("name") ?? value("itemprop"))?.lowercased(),
                let content = value("content"),
                meta[key] == nil
            {
                meta[key] = TextSpace.collapsed(content)
            }
        default: break
        }
    }

    var article: Article {
        var article = Article()
        func text(_ names: String...) -> String? { names.lazy.compactMap { meta[$0] }.first { !$0.isEmpty } }
        let title =
            text("og:title", "headline", "dc.title", "twitter:title") ?? heading.paragraphs.first
            ?? self.title.paragraphs.first
        if let title {
            let (slugs, headline) = WireSlug.split(title)
            article.slugs = slugs
            article.headline = headline
        }
        // A page whose article element holds next to nothing has its text elsewhere.
        let length = { (paragraphs: [String]) in paragraphs.reduce(0) { $0 + $1.utf8.count } }
        let isInArticle = length(inArticle.paragraphs) * 3 >= length(everywhere.paragraphs)
        let paragraphs = isInArticle && !inArticle.paragraphs.isEmpty ? inArticle.paragraphs : everywhere.paragraphs
        article.body = paragraphs.isEmpty ? nil : paragraphs.joined(separator: "\n\n")
        article.summary = text("og:description", "description", "dc.description")
        article.by = text("author", "article:author", "dc.creator", "parsely-author").flatMap {
            $0.contains("://") ? nil : $0
        }
        article.section = text("article:section")
        article.source = text("og:site_name", "application-name")
        article.language = (language ?? text("og:locale", "content-language")).map(ArticleReader.languageTag)
            .flatMap { $0.isEmpty ? nil : $0 }
        article.canonicalURL = canonical.map(TextSpace.trimmed).flatMap { $0.isEmpty ? nil : $0 }
        let published = text(
            "article:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "pubdate", "publishdate",
            "parsely-pub-date", "sailthru.date")
        article.published =
            published.flatMap { DateText.parse($0, from: "meta") } ?? time.flatMap { DateText.parse($0, from: "meta") }
        article.updated = text("article:modified_time", "datemodified", "og:updated_time", "last-modified")
            .flatMap { DateText.parse($0, from: "meta")?.at }
        article.media = captions.map { Article.Media(url: nil, caption: $0, credit: nil) }
        return article
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
