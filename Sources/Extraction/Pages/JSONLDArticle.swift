import News

/// What a page's JSON-LD says of its article: the fields of the object that is the page's own, not those of its teasers.
struct JSONLDArticle {
    struct Author: Equatable {
        var name: String
        var isOrganization: Bool
    }

    var headline: String?
    var alternativeHeadline: String?
    var name: String?
    var description: String?
    var authors: [Author] = []
    var published: String?
    var created: String?
    var updated: String?
    var language: String?
    var url: String?
    var section: String?
    var keywords: [String] = []
    var image: String?
    var publisher: String?
    /// Its text, as few pages have it here.
    var body: [String] = []
    /// Whether the object is an article, and not merely the page or a film on it.
    var isArticle = false
    var isNews = false

    /// Objects looked at as candidates; pages have a handful, hostile ones any number.
    private static let maxCandidates = 200
    private static let maxAuthors = 40
    private static let maxKeywords = 64

    /// - Parameter addresses: the page's own, to tell its article from others.
    init(_ tree: JSONLDTree, addresses: [String]) {
        let candidates = Self.candidates(tree, addresses: addresses)
        guard let best = candidates.max(by: { ($0.rank, -$0.node) < ($1.rank, -$1.node) }) else { return }
        isArticle = best.kind == .article
        isNews = Self.types(of: best.node, tree).contains { Self.hasSuffix($0, "NewsArticle") }
        read(best.node, tree)
        // A plug-in's own graph beside the newsroom's: it may fill what is missing, but not speak of another article.
        for other in candidates.sorted(by: { $0.node < $1.node }) where other.node != best.node && other.kind != .film {
            let says = tree.line("headline", of: other.node)
            if other.kind == .page || says == nil || says == headline { fill(from: other.node, tree) }
        }
    }

    // MARK: Which object

    private enum Kind: Int { case film = 0, page, article }

    private struct Candidate {
        var node: Int32
        var kind: Kind
        var rank: Int
    }

    private static func candidates(_ tree: JSONLDTree, addresses: [String]) -> [Candidate] {
        var out: [Candidate] = []
        var node: Int32 = 0
        while node < tree.nodes.count, out.count < maxCandidates {
            defer { node += 1 }
            guard tree.nodes[Int(node)].kind == .object, let kind = kind(of: node, tree), stands(node, tree) else {
                continue
            }
            var rank = kind.rawValue * 8
            if tree.member("headline", of: node) != nil { rank += 4 }
            if tree.member("datePublished", of: node) != nil { rank += 2 }
            if tree.member("author", of: node) != nil { rank += 1 }
            if isOf(node, tree, addresses: addresses) { rank += 3 }
            out.append(Candidate(node: node, kind: kind, rank: rank))
        }
        return out
    }

    /// Whether an object stands for the page itself: at the top, in a graph or a list at the top, or as the main thing of
    /// such an object. What hangs elsewhere (parts, mentions, lists of teasers, films) is another thing.
    private static func stands(_ node: Int32, _ tree: JSONLDTree) -> Bool {
        var place = node
        while place >= 0 {
            let own = tree.nodes[Int(place)]
            guard
                own.key.isEmpty || tree.isKey(place, "@graph") || tree.isKey(place, "mainEntity")
                    || tree.isKey(place, "mainEntityOfPage")
            else { return false }
            place = own.parent
        }
        return true
    }

    private static func isOf(_ node: Int32, _ tree: JSONLDTree, addresses: [String]) -> Bool {
        for name in ["url", "@id", "mainEntityOfPage"] as [StaticString] {
            guard let member = tree.member(name, of: node) else { continue }
            let says = tree.firstLine(member) ?? tree.line("@id", of: member)
            guard let says else { continue }
            if addresses.contains(where: { says == $0 || says.hasPrefix($0 + "#") }) { return true }
        }
        return false
    }

    private static func types(of node: Int32, _ tree: JSONLDTree) -> [String] {
        guard let type = tree.member("@type", of: node) else { return [] }
        if tree.nodes[Int(type)].kind == .array { return tree.children(of: type).prefix(8).compactMap(tree.line) }
        return tree.line(type).map { [$0] } ?? []
    }

    private static func kind(of node: Int32, _ tree: JSONLDTree) -> Kind? {
        var found: Kind?
        for type in types(of: node, tree) {
            let kind: Kind? =
                if articleEndings.contains(where: { hasSuffix(type, $0) }) {
                    .article
                } else if hasSuffix(type, "WebPage") || hasSuffix(type, "ItemPage") || hasSuffix(type, "AboutPage") {
                    .page
                } else if hasSuffix(type, "VideoObject") || hasSuffix(type, "AudioObject") || hasSuffix(type, "Episode")
                {
                    .film
                } else {
                    nil
                }
            if let kind, kind.rawValue > (found?.rawValue ?? -1) { found = kind }
        }
        return found
    }

    private static let articleEndings: [StaticString] = [
        "Article", "Posting", "Report", "Review", "CreativeWork", "Recipe", "Column",
    ]

    private static func hasSuffix(_ type: String, _ ending: StaticString) -> Bool {
        type.utf8.count >= ending.utf8CodeUnitCount
            && type.utf8.suffix(ending.utf8CodeUnitCount).elementsEqual(String(describing: ending).utf8)
    }

    // MARK: Its fields

    private mutating func read(_ node: Int32, _ tree: JSONLDTree) {
        headline = tree.line("headline", of: node)
        alternativeHeadline = tree.line("alternativeHeadline", of: node)
        body = tree.paragraphs("articleBody", of: node)
        fill(from: node, tree)
    }

    /// Takes the fields that are still missing.
    private mutating func fill(from node: Int32, _ tree: JSONLDTree) {
        name = name ?? tree.line("name", of: node)
        description = description ?? tree.line("description", of: node)
        published = published ?? tree.line("datePublished", of: node)
        created = created ?? tree.line("dateCreated", of: node) ?? tree.line("uploadDate", of: node)
        updated = updated ?? tree.line("dateModified", of: node)
        language = language ?? tree.line("inLanguage", of: node)
        section = section ?? tree.line("articleSection", of: node)
        url = url ?? tree.line("url", of: node) ?? tree.line("@id", of: node)
        if image == nil {
            image = ["image", "thumbnailUrl"].lazy.compactMap { Self.address(tree, $0, of: node) }.first
        }
        if publisher == nil { publisher = tree.member("publisher", of: node).flatMap { Self.author($0, tree)?.name } }
        if keywords.isEmpty { keywords = Self.keywords(node, tree) }
        if authors.isEmpty {
            for name in ["author", "creator"] as [StaticString] {
                guard let member = tree.member(name, of: node) else { continue }
                authors = Self.authors(member, tree)
                if !authors.isEmpty { break }
            }
        }
    }

    private static func authors(_ node: Int32, _ tree: JSONLDTree) -> [Author] {
        var out: [Author] = []
        // Arrays in arrays happen; deeper than the tree goes they cannot.
        var waiting = [node]
        var steps = 0
        while let next = waiting.popLast(), out.count < maxAuthors, steps < 4 * maxAuthors {
            steps += 1
            if tree.nodes[Int(next)].kind == .array {
                waiting.append(contentsOf: tree.children(of: next).prefix(maxAuthors).reversed())
            } else if let author = author(next, tree) {
                out.append(author)
            }
        }
        return out
    }

    /// A person or organisation: a string, an object with a name, or one that names another object of the page.
    private static func author(_ node: Int32, _ tree: JSONLDTree) -> Author? {
        if tree.nodes[Int(node)].kind != .object {
            return tree.firstLine(node).map { Author(name: $0, isOrganization: false) }
        }
        if let found = named(node, tree) { return found }
        guard let id = tree.line("@id", of: node), let other = object(id, in: tree, besides: node) else { return nil }
        return named(other, tree)
    }

    private static func named(_ node: Int32, _ tree: JSONLDTree) -> Author? {
        let isOrganization = types(of: node, tree).contains { hasSuffix($0, "Organization") }
        if let name = tree.line("name", of: node) { return Author(name: name, isOrganization: isOrganization) }
        let parts = [tree.line("givenName", of: node), tree.line("familyName", of: node)].compactMap(\.self)
        return parts.isEmpty ? nil : Author(name: parts.joined(separator: " "), isOrganization: false)
    }

    /// The object of that identity that says more than the identity.
    private static func object(_ id: String, in tree: JSONLDTree, besides node: Int32) -> Int32? {
        for index in tree.nodes.indices.prefix(JSONLDTree.maxNodes) where tree.nodes[index].kind == .string {
            let child = Int32(index)
            guard tree.nodes[index].parent != node, tree.nodes[index].value.count == id.utf8.count,
                tree.isKey(child, "@id"),
                tree.line(child) == id
            else { continue }
            let owner = tree.nodes[index].parent
            if owner >= 0, tree.member("name", of: owner) != nil { return owner }
        }
        return nil
    }

    private static func address(_ tree: JSONLDTree, _ name: StaticString, of node: Int32) -> String? {
        guard var member = tree.member(name, of: node) else { return nil }
        if tree.nodes[Int(member)].kind == .array, let first = tree.children(of: member).first { member = first }
        guard tree.nodes[Int(member)].kind == .object else { return tree.firstLine(member) }
        return tree.line("url", of: member) ?? tree.line("contentUrl", of: member) ?? tree.line("@id", of: member)
    }

    private static func keywords(_ node: Int32, _ tree: JSONLDTree) -> [String] {
        guard let member = tree.member("keywords", of: node) else { return [] }
        if tree.nodes[Int(member)].kind == .array {
            return tree.children(of: member).prefix(maxKeywords).compactMap {
                tree.firstLine($0) ?? tree.line("name", of: $0)
            }
        }
        return MetadataFields.list(tree.firstLine(member) ?? "", maxCount: maxKeywords)
    }
}
