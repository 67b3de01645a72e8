package import News

/// The feeds that a web page names, as its head announces them for feed readers ("autodiscovery"), and the addresses of its links
/// that look like feeds.
package enum FeedDiscovery {
    package struct Found: Equatable, Sendable {
        package enum Place: String, Sendable {
            /// Announced in a `link` element: the page's own word.
            case announced
            /// Only linked, with an address that looks like one.
            case linked
        }

        /// An absolute http(s) address.
        package var url: String
        package var title: String?
        /// The media type as announced.
        package var type: String?
        package var place: Place
        /// Of comments, not of articles.
        package var isOfComments: Bool

        package init(
            url: String, title: String? = nil, type: String? = nil, place: Place = .announced,
            isOfComments: Bool = false
        ) {
            self.url = url
            self.title = title
            self.type = type
            self.place = place
            self.isOfComments = isOfComments
        }
    }

    static let maxFeeds = 256

    /// Announced ones first, in the order of the page; those of comments last. Each address once.
    ///
    /// - Parameters:
    ///   - bytes: an HTML page in any encoding.
    ///   - url: where it was fetched from; only links to the same site count as feeds.
    package static func feeds(
        in bytes: ArraySlice<UInt8>, url: WebAddress, contentType: String? = nil
    ) -> [Found] {
        let tree = HTMLTree(bytes, contentType: contentType)
        let base = base(tree, url)
        let site = RegistrableDomain.of(url.host) ?? url.host
        var found: [Found] = []
        var seen: Set<String> = []
        for node in tree.nodes where found.count < maxFeeds {
            let candidate: Found?
            switch tree.tag(node) {
            case .link: candidate = announced(tree, node, base)
            case .a, .area: candidate = linked(tree, node, base, site)
            default: continue
            }
            if let candidate, seen.insert(candidate.url).inserted { found.append(candidate) }
        }
        let announced = found.filter { $0.place == .announced }
        let linked = found.filter { $0.place == .linked }
        return (announced + linked).filter { !$0.isOfComments } + (announced + linked).filter(\.isOfComments)
    }

    private static func base(_ tree: HTMLTree, _ url: WebAddress) -> WebAddress {
        for node in tree.nodes where tree.tag(node) == .base {
            guard let href = tree.attribute(.href, of: node) else { continue }
            return WebAddress(TextSpace.trimmed(href), base: url) ?? url
        }
        return url
    }

    private static func announced(_ tree: HTMLTree, _ node: HTMLTree.Node, _ base: WebAddress) -> Found? {
        guard let address = address(tree, node, base) else { return nil }
        let relations = words(tree.attribute(.rel, of: node))
        let type = tree.attribute(.type, of: node).map { mediaType($0) }
        let isFeedType = type.map(types.contains) ?? false
        guard relations.contains("feed") || relations.contains("alternate") && isFeedType else { return nil }
        return Found(
            url: address.href, title: title(tree.attribute(.title, of: node)), type: type, place: .announced,
            isOfComments: isOfComments(address, tree.attribute(.title, of: node)))
    }

    private static func linked(
        _ tree: HTMLTree, _ node: HTMLTree.Node, _ base: WebAddress, _ site: String
    ) -> Found? {
        guard let address = address(tree, node, base), looksLikeFeed(address),
            (RegistrableDomain.of(address.host) ?? address.host) == site
        else { return nil }
        let text = title(tree.text(of: node))
        return Found(
            url: address.href, title: text, type: nil, place: .linked, isOfComments: isOfComments(address, text))
    }

    private static func address(_ tree: HTMLTree, _ node: HTMLTree.Node, _ base: WebAddress) -> WebAddress? {
        guard var href = tree.attribute(.href, of: node).map({ TextSpace.trimmed($0) }), !href.isEmpty else {
            return nil
        }
        // "feed:https://…" and "feed://…" open a feed reader.
        if href.lowercased().hasPrefix("feed:") {
            href = String(href.dropFirst(5))
            if href.hasPrefix("//") { href = "http:" + href }
        }
        return WebAddress(href, base: base)
    }

    /// The types under which feeds are announced. Plain JSON and XML are announced for other things, too.
    private static let types: Set<String> = [
        "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json",
        "application/x.atom+xml", "application/x-atom+xml", "text/rss+xml", "text/rss",
    ]

    /// The last part of a path says so, or the one before "index.xml" and the like.
    private static func looksLikeFeed(_ address: WebAddress) -> Bool {
        let parts = address.path.lowercased().split(separator: "/")
        guard let last = parts.last else { return false }
        for end in [".rss", ".atom", ".rdf"] where last.hasSuffix(end) { return true }
        return names.contains(String(last))
    }

    private static let names: Set<String> = [
        "feed", "feeds", "rss", "rss2", "atom", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json", "rss.php",
        "feed.php", "rssfeed", "rss.aspx", "feed.aspx",
    ]

    private static func isOfComments(_ address: WebAddress, _ title: String?) -> Bool {
        address.path.lowercased().split(separator: "/").contains { $0 == "comments" }
            || (title?.lowercased().contains("comments") ?? false)
    }

    private static func title(_ text: String?) -> String? {
        let line = text.map { TextSpace.collapsed($0) } ?? ""
        return line.isEmpty ? nil : String(line.prefix(200))
    }

    private static func mediaType(_ text: String) -> String {
        TextSpace.trimmed(text.prefix { $0 != ";" }.lowercased())
    }

    private static func words(_ text: String?) -> Set<String> {
        Set((text ?? "").lowercased().split { $0 == " " || $0 == "\t" || $0 == "\n" }.map(String.init))
    }
}
