import News

/// When a page's article was first published, and when it was changed: what the page says in its many places, the most
/// deliberate first.
///
/// A date of change never stands for the publication while any place tells that one; years of copyright never do.
struct PageDate {
    var published: PublishedTime?
    var updated: PublishedTime?

    /// - Parameters:
    ///   - article: of the page's JSON-LD.
    ///   - url: the page's address.
    init(_ article: JSONLDArticle, _ fields: MetadataFields, _ tree: HTMLTree, _ region: MetadataRegion, url: String?) {
        var finder = PageDateFinder(tree: tree, region: region)
        finder.look()
        let said = Self.parse(article.published, "json-ld")
        let created = Self.parse(article.created, "json-ld")
        let choices: [PublishedTime?] = [
            article.isArticle ? said : nil, Self.declared(fields), Self.parse(fields.published, "microdata"), said,
            article.isArticle ? created : nil, finder.labelled, Self.declaredLoosely(fields), finder.near,
            url.flatMap(PageDateAddress.day), finder.before, created,
            finder.far,
        ]
        published = choices.lazy.compactMap(\.self).first.map { PageDateAddress.localised($0, url: url) }
        updated = Self.parse(article.updated, "json-ld") ?? Self.declaredChange(fields) ?? finder.changed
        // Better the day of the last change than none.
        published = published ?? updated
    }

    static func parse(_ text: String?, _ from: String) -> PublishedTime? {
        guard let text, let time = DateText.parse(text, from: from), isUsable(time) else { return nil }
        return time
    }

    /// Pages are of the web's time, but speak of older papers, too. No clock is asked: what is wrong by days is the
    /// order time's business.
    static func isUsable(_ time: PublishedTime) -> Bool {
        guard time.precision.rawValue >= PublishedTime.Precision.day.rawValue else { return false }
        let year = CivilTime(secondsSinceEpoch: time.at.milliseconds / 1000).year
        return (1800...2100).contains(year)
    }

    // MARK: Meta elements

    private static let names = [
        "article:published_time", "og:article:published_time", "og:published_time", "article:published", "og:pubdate",
        "datepublished", "parsely-pub-date", "sailthru.date", "dc.date.issued", "dcterms.issued", "dcterms.created",
        "dc.date.created", "dc.created", "date.created", "article.published", "publish-date", "pubdate", "publishdate",
    ]

    private static func declared(_ fields: MetadataFields) -> PublishedTime? {
        for name in names {
            for value in fields.all(name).prefix(3) {
                if let time = parse(value, "meta") { return time }
            }
        }
        // Own vocabularies: "example:publishtime", "content:publishdate".
        for name in fields.names where speaksOfPublication(name) {
            if let value = fields.first(name), let time = parse(value, "meta") { return time }
        }
        return nil
    }

    private static func speaksOfPublication(_ name: String) -> Bool {
        (name.contains("publi") || name.contains("pubdate") || name.contains("pub_date") || name.contains("posted"))
            && !name.contains("modif") && !name.contains("updat") && !name.contains("expir")
            && !name.contains("unpubli")
            && !name.contains("publisher")
    }

    /// Names that may mean the page's last building.
    private static func declaredLoosely(_ fields: MetadataFields) -> PublishedTime? {
        for name in [
            "date", "dc.date", "dcterms.date", "dcterms.available", "datecreated", "date.available", "article.created",
            "created",
        ] {
            if let time = parse(fields.first(name), "meta") { return time }
        }
        return nil
    }

    private static func declaredChange(_ fields: MetadataFields) -> PublishedTime? {
        for name in [
            "article:modified_time", "og:updated_time", "og:article:modified_time", "datemodified", "last-modified",
            "dcterms.modified", "dc.date.modified", "article:modified", "date.modified", "lastmod", "revised",
        ] {
            if let time = parse(fields.first(name), "meta") { return time }
        }
        return nil
    }
}
