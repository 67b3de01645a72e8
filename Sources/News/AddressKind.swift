/// What an address tells about the page behind it before it is fetched.
package enum AddressKind {
    // MARK: Home pages

    /// Whether an address is of a site's or of one of its editions' home page, and so of no article.
    package static func isHomePage(_ text: String) -> Bool {
        guard let address = WebAddress(text) else { return false }
        let segments = address.path.utf8.split(separator: UInt8(ascii: "/")).map {
            String(decoding: $0.map(ASCII.lowercased), as: UTF8.self)
        }
        switch segments.count {
        case 0: return true
        case 1: return isEdition(segments[0]) || homeNames.contains(segments[0])
        case 2: return isEdition(segments[0]) && homeNames.contains(segments[1])
        default: return false
        }
    }

    /// "es", "en-us", "pt_br", "zh-hans".
    private static func isEdition(_ segment: String) -> Bool {
        let parts = segment.utf8.split(omittingEmptySubsequences: false) {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        guard parts.count <= 2, parts.allSatisfy({ $0.allSatisfy(ASCII.isLetter) }), parts[0].count == 2 else {
            return false
        }
        return parts.count == 1 || (2...4).contains(parts[1].count)
    }

    private static let homeNames: Set<String> = [
        "global", "intl", "international", "home", "homepage", "frontpage", "start", "startseite", "portada", "accueil",
        "main",
        "index.html", "index.htm", "index.php", "index.asp", "index.aspx", "index.jsp", "default.asp", "default.aspx",
        "default.html", "home.html", "home.htm", "home.php", "home.aspx",
    ]

    // MARK: Navigation

    /// Whether an address is of a page that lists others (numbered pages, tags, categories, authors, archives).
    package static func isNavigation(_ text: String) -> Bool {
        guard let address = WebAddress(text) else { return false }
        if let query = address.query, query.split(separator: "&").contains(where: isPageNumber) { return true }
        let segments = address.path.utf8.split(separator: UInt8(ascii: "/")).map { $0.map(ASCII.lowercased) }
        for (index, segment) in segments.enumerated() {
            let name = String(decoding: segment, as: UTF8.self)
            let next = index + 1 < segments.count ? segments[index + 1] : nil
            if pageNames.contains(name), let next, next.count <= 6, next.allSatisfy(ASCII.isDigit) { return true }
            // What follows is the list's name, and then at most a page's number.
            if listNames.contains(name), segments.count - index <= 2 || isNumbered(segments[(index + 2)...]) {
                return true
            }
        }
        return false
    }

    private static func isNumbered(_ segments: ArraySlice<[UInt8]>) -> Bool {
        segments.allSatisfy { $0.allSatisfy(ASCII.isDigit) || pageNames.contains(String(decoding: $0, as: UTF8.self)) }
    }

    private static func isPageNumber(_ parameter: Substring) -> Bool {
        let name = TrackingParameters.name(of: parameter)
        let value = parameter.utf8.drop { $0 != UInt8(ascii: "=") }.dropFirst()
        return (pageNames.contains(name) || name == "p") && (1...6).contains(value.count)
            && value.allSatisfy(ASCII.isDigit)
    }

    private static let pageNames: Set<String> = [
        "page", "pages", "paged", "pg", "pagenum", "seite", "pagina", "página", "pagine", "sida", "side", "strona",
        "stranica",
        "sayfa", "oldal", "sivu", "trang", "halaman", "str",
    ]
    private static let listNames: Set<String> = [
        "tag", "tags", "category", "categories", "categoria", "categorias", "categorie", "kategorie", "kategoria",
        "kategori",
        "topic", "topics", "thema", "themen", "tema", "temas", "author", "authors", "autor", "autoren", "autores",
        "auteur",
        "archive", "archives", "archiv", "archivo", "search", "suche", "buscar", "recherche", "rss", "feed", "feeds",
    ]

    // MARK: Shortened addresses

    /// Whether an address is likely to be one that a shortening service made: what it leads to is known only by asking.
    package static func isShortened(_ text: String) -> Bool {
        guard let address = WebAddress(text), address.query == nil else { return false }
        let segments = address.path.utf8.split(separator: UInt8(ascii: "/"))
        let host = CopyURL.withoutWWW(address.host)
        if services.contains(host) { return segments.count == 1 }
        return segments.count == 1 && isShort(host) && isCode(segments[0])
    }

    /// A name of two labels, five letters and a country's two at most: "abc.de".
    private static func isShort(_ host: String) -> Bool {
        let labels = host.utf8.split(separator: UInt8(ascii: "."))
        return labels.count == 2 && labels[0].count <= 5 && labels[1].count == 2
    }

    /// Letters and digits that are no word: digits among letters, or capitals behind small letters.
    private static func isCode(_ segment: Substring.UTF8View) -> Bool {
        guard (4...10).contains(segment.count), segment.allSatisfy(ASCII.isAlphanumeric) else { return false }
        let hasLetters = segment.contains(where: ASCII.isLetter)
        let hasSmall = segment.contains { ASCII.isLetter($0) && !ASCII.isUpper($0) }
        let hasCapitals = segment.dropFirst().contains(where: ASCII.isUpper)
        return hasLetters && (segment.contains(where: ASCII.isDigit) || (hasSmall && hasCapitals))
    }

    /// Services for everybody.
    private static let services: Set<String> = [
        "adf.ly", "bit.do", "bit.ly", "bitly.com", "bl.ink", "buff.ly", "cli.re", "cutt.ly", "dlvr.it", "eepurl.com",
        "fb.me", "flip.it", "goo.gl", "ht.ly", "ift.tt", "is.gd", "j.mp", "lnkd.in", "ow.ly", "po.st", "rb.gy",
        "rebrand.ly", "shar.es", "shorturl.at", "snip.ly", "t.co", "t.ly", "tiny.cc", "tinyurl.com", "trib.al", "tw.gs",
        "url.ie", "v.gd", "wp.me", "x.co", "youtu.be",
    ]
}

/// The domain by which a publisher is counted.
package enum SourceDomain {
    /// The registrable domain of an address's host, or the host; of a page that a cache keeps, the host that the cache names.
    ///
    /// - Returns: nil if `text` is no http(s) address.
    package static func of(_ text: String) -> String? {
        guard let address = WebAddress(text) else { return nil }
        return AMPCache.origin(of: address)?.host ?? RegistrableDomain.orHost(address.host)
    }
}
