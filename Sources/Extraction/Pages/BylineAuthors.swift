import News

/// Chooses the authors among what the data, the meta elements and the page's own byline say.
struct BylineAuthors {
    var names: [String] = []

    private let site: [String]

    init(
        _ fields: MetadataFields, _ article: JSONLDArticle, _ finder: BylineFinder, siteName: String?, address: String?
    ) {
        let host = address.flatMap { WebAddress($0)?.host }
        site = [siteName, article.publisher, host].compactMap { $0.map(Byline.key) }.filter { !$0.isEmpty }
        let data = article.authors.flatMap { $0.isOrganization ? [$0.name] : Byline.names(in: $0.name) }
        let meta = Self.declared(fields)
        // "Example staff reporter" is an answer; "Example" alone may only be whose page it is.
        if let found = [data, meta].first(where: { $0.contains { !isSite($0) } }) {
            names = unique(withoutSite(found))
            return
        }
        let said = data.isEmpty ? meta : data
        let page =
            said.isEmpty
            ? finder.names { !$0.isEmpty }
            : finder.names { $0.contains { Byline.isFullName($0) && Byline.hasCapitals($0) && !isSite($0) } }
        names = unique(page.isEmpty ? said : page)
    }

    private static func declared(_ fields: MetadataFields) -> [String] {
        for name in [
            "article:author", "og:article:author", "author", "parsely-author", "sailthru.author", "dc.creator",
            "dcterms.creator",
            "dc.contributor.author", "byl", "byline", "og:author", "authors",
        ] {
            let found = fields.all(name).prefix(20).flatMap { Byline.names(in: $0) }.filter { !isNumber($0) }
            if !found.isEmpty { return found }
        }
        for name in fields.names where speaksOfAuthor(name) {
            let found = fields.all(name).prefix(20).flatMap { Byline.names(in: $0) }.filter { !isNumber($0) }
            if found.contains(where: Byline.isFullName) { return found }
        }
        return []
    }

    /// Own vocabularies: "example:author", "example_authors".
    private static func speaksOfAuthor(_ name: String) -> Bool {
        let last = name.split(whereSeparator: { ":._-".contains($0) }).last ?? ""
        return ["author", "authors", "autor", "autoren", "byline", "auteur"].contains(last)
            && !name.hasPrefix("twitter")
            && !name.hasPrefix("comment")
    }

    private static func isNumber(_ text: String) -> Bool { text.utf8.allSatisfy { ASCII.isDigit($0) || $0 == 0x20 } }

    private func isSite(_ name: String) -> Bool {
        let key = Byline.key(name)
        return key.isEmpty
            || site.contains {
                $0 == key || (key.utf8.count > 3 && $0.contains(key)) || ($0.utf8.count > 4 && key.contains($0))
            }
    }

    private func withoutSite(_ names: [String]) -> [String] {
        // "MDR Saxony" beside a person is a desk, "example.com" is the site's address.
        names.filter { name in !(isSite(name) && name.contains(".") && !name.contains(" ")) }
    }

    private func unique(_ names: [String]) -> [String] {
        var out: [String] = []
        for name in names where !out.contains(where: { Byline.isSame($0, name) }) { out.append(name) }
        return out
    }
}
