package import News

/// What a page says of its article besides the text.
package struct PageMetadata: Equatable, Sendable {
    /// The headline, without the site's name.
    package var title: String?
    /// Names of people; an agency or the paper itself where nobody else is named.
    package var authors: [String] = []
    package var published: PublishedTime?
    package var updated: PublishedTime?
    /// "de", "pt-BR": as the page says, else as its text reads.
    package var language: String?
    /// Absolute.
    package var canonicalURL: String?
    package var ampURL: String?
    package var siteName: String?
    package var description: String?
    package var section: String?
    package var tags: [String] = []
    /// Absolute.
    package var image: String?
    /// The article's text as its JSON-LD has it, in paragraphs.
    var statedText: [String] = []

    package init() {}

    /// - Parameter url: where the page was fetched from, if that is known.
    package init(_ tree: HTMLTree, url: String? = nil) {
        let fields = MetadataFields(tree)
        let own = CanonicalLink.choose([fields.canonical, fields.first("og:url")], page: url)
        let article = JSONLDArticle(fields.data, addresses: [url, own].compactMap(\.self))
        let address = url ?? own ?? article.url
        canonicalURL = CanonicalLink.choose([fields.canonical, fields.first("og:url"), article.url], page: url)
        ampURL = CanonicalLink.absolute(fields.amp, page: address)
        siteName =
            fields.first("og:site_name", "application-name", "al:ios:app_name", "apple-mobile-web-app-title")
            ?? article.publisher
        title = Self.title(fields, article, tree, siteName: siteName, address: address)
        let region = MetadataRegion(tree, fields, title: title)
        let dates = PageDate(article, fields, tree, region, url: url ?? canonicalURL)
        published = dates.published
        updated = dates.updated
        authors =
            BylineAuthors(
                fields, article, BylineFinder(tree: tree, region: region), siteName: siteName, address: address
            ).names
        let sample = Self.sample(tree)
        if let declared = Self.language(fields, article) {
            language = LanguageGuess.certain(of: sample, declared: declared) ?? declared
        } else {
            language = LanguageGuess.language(of: sample)
        }
        description =
            fields.first("og:description", "description", "twitter:description", "dc.description")
            ?? article.description
        section =
            fields.first("article:section", "og:article:section", "parsely-section", "cxenseparse:section")
            ?? article.section
        tags = Self.tags(fields, article)
        statedText = article.body
        image = CanonicalLink.absolute(
            fields.first("og:image", "og:image:url", "twitter:image", "twitter:image:src") ?? article.image,
            page: address)
    }

    private static func title(
        _ fields: MetadataFields, _ article: JSONLDArticle, _ tree: HTMLTree, siteName: String?, address: String?
    ) -> String? {
        MetadataTitle(
            data: article.headline ?? (article.isArticle ? article.name : nil),
            openGraph: fields.first("og:title"), card: fields.first("twitter:title"), document: fields.title,
            headings: texts(of: fields.headings, tree), lesserHeadings: texts(of: fields.lesserHeadings, tree),
            siteName: fields.first("og:site_name") ?? siteName, host: address.flatMap { WebAddress($0)?.host } ?? "",
            isArticle: article.isNews || fields.first("og:type")?.lowercased() == "article"
        ).choose()
    }

    private static func texts(of nodes: [HTMLTree.Node], _ tree: HTMLTree) -> [String] {
        nodes.compactMap { tree.shortText(of: $0, maxBytes: 600) }.filter { !$0.isEmpty }
    }

    // MARK: Language

    private static func language(_ fields: MetadataFields, _ article: JSONLDArticle) -> String? {
        for said in [
            fields.languageOfRoot, article.language, fields.first("content-language"),
            fields.first("og:locale", "dc.language", "dcterms.language", "language"),
        ] {
            if let said, let tag = LanguageTag.normalised(said) { return tag }
        }
        return nil
    }

    /// Enough of the page's running text to tell its language by; where paragraphs are no elements, any longer text.
    private static func sample(_ tree: HTMLTree) -> String {
        var out: [UInt8] = []
        var loose: [UInt8] = []
        var node = tree.body ?? HTMLTree.root
        while node < tree.count, out.count < sampleBytes {
            if tree.tag(node) == .text {
                let text = tree.textBytes(node).prefix(sampleBytes)
                guard text.count > 40, !isSilent(tree.tag(tree.parent(of: node))) else {
                    node += 1
                    continue
                }
                if isInParagraph(node, tree) {
                    out += text + [0x20]
                } else if loose.count < sampleBytes {
                    loose += text + [0x20]
                }
            }
            node += 1
        }
        return String(decoding: out.count > 300 ? out : out + loose, as: UTF8.self)
    }

    private static let sampleBytes = 2_500

    private static func isSilent(_ tag: HTMLTag) -> Bool {
        tag == .script || tag == .style || tag == .noscript || tag == .template || tag == .textarea
    }

    private static func isInParagraph(_ node: HTMLTree.Node, _ tree: HTMLTree) -> Bool {
        let parent = tree.parent(of: node)
        return tree.tag(parent) == .p || tree.tag(tree.parent(of: parent)) == .p
    }

    // MARK: Tags

    private static let maxTags = 64

    private static func tags(_ fields: MetadataFields, _ article: JSONLDArticle) -> [String] {
        var out: [String] = []
        var seen: Set<String> = []
        let said = fields.all("article:tag") + fields.all("og:article:tag")
        let lists = said.isEmpty ? [] : said
        let fallback =
            article.keywords.isEmpty
            ? fields.all("news_keywords") + fields.all("keywords") + fields.all("parsely-tags") : []
        for tag in lists.flatMap({ MetadataFields.list($0, maxCount: maxTags) }) + article.keywords
            + fallback.flatMap({ MetadataFields.list($0, maxCount: maxTags) })
        where out.count < maxTags && tag.utf8.count <= 200 && seen.insert(tag.lowercased()).inserted { out.append(tag) }
        return out
    }
}
