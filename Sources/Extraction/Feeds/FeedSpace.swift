import News

/// Vocabularies that feeds are written in, whatever prefix a document gives them.
enum FeedSpace: UInt8, CaseIterable {
    /// The formats' own elements: RSS, RDF's RSS, Atom, CDF, and no namespace at all.
    case plain
    /// A namespace that is not known here: elements keep the document's prefix.
    case foreign
    case xml, rdf, dc, dcterms, content, media, itunes, georss, geo, gml, psc, cc, creativecommons, admin, xhtml
    case feedburner, xlink, mathml, svg, thr, wfw, slash, sy, taxo, news, images, videos, googleplay, podcast

    /// Of the prefix by which a record's keys name it.
    var key: String {
        switch self {
        case .plain, .foreign: ""
        case .images: "image"
        case .videos: "video"
        default: "\(self)"
        }
    }

    /// - Parameter uri: as declared; case and a slash at the end do not count.
    init(uri: ArraySlice<UInt8>) {
        var name = uri.map(ASCII.lowercased)
        while name.last == UInt8(ascii: "/") { name.removeLast() }
        self = Self.byURI[name] ?? (Self.isUserland(name) ? .plain : .foreign)
    }

    /// What a prefix means that a document forgot to declare.
    init(undeclared prefix: ArraySlice<UInt8>) {
        self = Self.byPrefix[Array(prefix)] ?? .foreign
    }

    /// RSS 2.0 has been given namespaces, never the same twice.
    private static func isUserland(_ name: [UInt8]) -> Bool {
        name.starts(with: "http://backend.userland.com/rss".utf8)
            && !name.starts(with: "http://backend.userland.com/rss/".utf8) || name.isEmpty
    }

    private static let byPrefix: [[UInt8]: FeedSpace] = Dictionary(
        uniqueKeysWithValues: (allCases.dropFirst(2).map { (Array($0.key.utf8), $0) } + [
            (Array("atom".utf8), plain), (Array("a10".utf8), plain), (Array("rss".utf8), plain),
        ]))

    private static let byURI: [[UInt8]: FeedSpace] = {
        var table: [[UInt8]: FeedSpace] = [:]
        for (space, uris) in list {
            for uri in uris.split(separator: " ") { table[Array(uri.utf8)] = space }
        }
        return table
    }()

    /// In small letters, without the slash at the end.
    private static let list: [(FeedSpace, String)] = [
        (
            .plain,
            """
            http://www.w3.org/2005/atom http://purl.org/atom/ns# http://purl.org/rss/1.0 http://purl.org/net/rss1.1# \
            http://my.netscape.com/rdf/simple/0.9 http://channel.netscape.com/rdf/simple/0.9 \
            http://blogs.law.harvard.edu/tech/rss http://cyber.law.harvard.edu/rss http://purl.org/rss/1.0/modules/rss091# \
            http://example.com/newformat# http://example.com/necho http://purl.org/echo uri/of/echo/namespace# \
            http://purl.org/pie http://www.sitemaps.org/schemas/sitemap/0.9 http://www.google.com/schemas/sitemap/0.84 \
            http://www.google.com/schemas/sitemap/0.9 https://www.sitemaps.org/schemas/sitemap/0.9
            """
        ),
        (.xml, "http://www.w3.org/xml/1998/namespace"),
        (.rdf, "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
        (.dc, "http://purl.org/dc/elements/1.1 http://purl.org/dc/elements/1.0"),
        (.dcterms, "http://purl.org/dc/terms"),
        (.content, "http://purl.org/rss/1.0/modules/content"),
        (.media, "http://search.yahoo.com/mrss https://search.yahoo.com/mrss http://search.yahoo.com/mrss/rss"),
        (
            .itunes,
            "http://www.itunes.com/dtds/podcast-1.0.dtd http://example.com/dtds/podcast-1.0.dtd https://www.itunes.com/dtds/podcast-1.0.dtd"
        ),
        (.georss, "http://www.georss.org/georss"),
        (.geo, "http://www.w3.org/2003/01/geo/wgs84_pos#"),
        (.gml, "http://www.opengis.net/gml"),
        (.psc, "http://podlove.org/simple-chapters"),
        (.cc, "http://creativecommons.org/ns#license http://web.resource.org/cc http://creativecommons.org/ns#"),
        (
            .creativecommons,
            "http://cyber.law.harvard.edu/rss/creativecommonsrssmodule.html http://backend.userland.com/creativecommonsrssmodule"
        ),
        (.admin, "http://webns.net/mvcb"),
        (.xhtml, "http://www.w3.org/1999/xhtml"),
        (.feedburner, "http://rssnamespace.org/feedburner/ext/1.0"),
        (.xlink, "http://www.w3.org/1999/xlink"),
        (.mathml, "http://www.w3.org/1998/math/mathml"),
        (.svg, "http://www.w3.org/2000/svg"),
        (.thr, "http://purl.org/rss/1.0/modules/threading http://purl.org/syndication/thread/1.0"),
        (.wfw, "http://wellformedweb.org/commentapi"),
        (.slash, "http://purl.org/rss/1.0/modules/slash"),
        (.sy, "http://purl.org/rss/1.0/modules/syndication"),
        (.taxo, "http://purl.org/rss/1.0/modules/taxonomy"),
        (.news, "http://www.google.com/schemas/sitemap-news/0.9 https://www.google.com/schemas/sitemap-news/0.9"),
        (.images, "http://www.google.com/schemas/sitemap-image/1.1 https://www.google.com/schemas/sitemap-image/1.1"),
        (.videos, "http://www.google.com/schemas/sitemap-video/1.1 https://www.google.com/schemas/sitemap-video/1.1"),
        (.googleplay, "http://www.google.com/schemas/play-podcasts/1.0"),
        (.podcast, "https://podcastindex.org/namespace/1.0"),
    ]
}
