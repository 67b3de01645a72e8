import News

/// What a page's meta and link elements say, and its JSON-LD, gathered in one walk.
///
/// Bounded: at most `maxFields` fields of `maxValueBytes` each are kept; later ones are passed over.
struct MetadataFields {
    static let maxFields = 2_000
    static let maxValueBytes = 8_192

    /// Values by name in small letters ("og:title", "article:author"), in the page's order.
    private var values: [String: [String]] = [:]
    /// The names in the order in which they first stand.
    private(set) var names: [String] = []
    private var count = 0
    private(set) var data = JSONLDTree()
    private(set) var title: String?
    private(set) var canonical: String?
    private(set) var amp: String?
    private(set) var languageOfRoot: String?
    /// The elements that may be the headline, of the first level and of the next three.
    private(set) var headings: [HTMLTree.Node] = []
    private(set) var lesserHeadings: [HTMLTree.Node] = []
    /// The value of the article's datePublished where it is a property of an element of the body.
    private(set) var published: String?
    private(set) var baseAddress: String?

    private static let maxHeadings = 24
    private static let maxLesserHeadings = 200

    init(_ tree: HTMLTree) {
        languageOfRoot = tree.attribute(.lang, of: HTMLTree.root) ?? tree.attribute(.xmlLang, of: HTMLTree.root)
        var node = HTMLTree.root
        while node < tree.count {
            switch tree.tag(node) {
            case .meta: addMeta(node, tree)
            case .link: addLink(node, tree)
            case .base: baseAddress = baseAddress ?? tree.attribute(.href, of: node)
            case .script: addScript(node, tree)
            case .title where title == nil && !isInPicture(node, tree): title = Self.filled(tree.text(of: node))
            case .h1 where headings.count < Self.maxHeadings: headings.append(node)
            case .h2, .h3, .h4:
                if lesserHeadings.count < Self.maxLesserHeadings { lesserHeadings.append(node) }
            case .body where languageOfRoot == nil: languageOfRoot = tree.attribute(.lang, of: node)
            case .text: break
            default: addProperty(node, tree)
            }
            node += 1
        }
    }

    /// The first value of the first of these names that has one.
    func first(_ names: String...) -> String? {
        for name in names {
            if let value = values[name]?.first { return value }
        }
        return nil
    }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// A list as one text: "economy, trade; ports".
    static func list(_ text: String, maxCount: Int) -> [String] {
        text.split(whereSeparator: { $0 == "," || $0 == ";" || $0 == "|" || $0 == "、" }).prefix(maxCount)
            .map { TextSpace.trimmed(String($0)) }.filter { !$0.isEmpty }
    }

    static func filled(_ text: String) -> String? {
        let text = TextSpace.collapsed(text)
        return text.isEmpty ? nil : text
    }

    // MARK: The walk

    private mutating func addMeta(_ node: HTMLTree.Node, _ tree: HTMLTree) {
        guard count < Self.maxFields, let content = tree.value(.content, of: node), content.count <= Self.maxValueBytes,
            let value = Self.filled(HTMLText.line(String(decoding: content, as: UTF8.self)))
        else { return }
        // One element may be several vocabularies' at once.
        for key in [HTMLAttribute.name, .property, .itemprop, .httpEquiv] {
            guard let name = tree.value(key, of: node), !name.isEmpty, name.count <= 128 else { continue }
            // Microdata inside another thing (a film, a publisher) is not the page's.
            if key == .itemprop, tree.body.map({ node > $0 }) ?? false, !MetadataScope.isOfArticle(node, tree) {
                continue
            }
            for part in name.split(whereSeparator: ASCII.isBlank) {
                add(String(decoding: part.map(ASCII.lowercased), as: UTF8.self), value)
            }
        }
    }

    private mutating func addProperty(_ node: HTMLTree.Node, _ tree: HTMLTree) {
        guard published == nil, let name = tree.value(.itemprop, of: node) ?? tree.value(.property, of: node) else {
            return
        }
        let ending = Array("datePublished".utf8)
        guard name.suffix(ending.count).elementsEqual(ending), MetadataScope.isOfArticle(node, tree) else { return }
        published =
            tree.attribute(.content, of: node) ?? tree.attribute(.datetime, of: node)
            ?? tree.shortText(of: node, maxBytes: 120)
    }

    private mutating func add(_ name: String, _ value: String) {
        count += 1
        if values[name] == nil { names.append(name) }
        values[name, default: []].append(value)
    }

    private mutating func addLink(_ node: HTMLTree.Node, _ tree: HTMLTree) {
        guard let rel = tree.value(.rel, of: node), let href = tree.attribute(.href, of: node) else { return }
        for word in rel.split(whereSeparator: ASCII.isBlank) {
            let word = word.map(ASCII.lowercased)
            if word.elementsEqual("canonical".utf8) { canonical = canonical ?? href }
            if word.elementsEqual("amphtml".utf8) { amp = amp ?? href }
        }
    }

    private mutating func addScript(_ node: HTMLTree.Node, _ tree: HTMLTree) {
        guard let type = tree.value(.type, of: node) else { return }
        let lower = type.prefix(64).map(ASCII.lowercased)
        guard HTMLTokenizer.firstRange(of: Array("ld+json".utf8), in: lower[...]) != nil else { return }
        data.append(tree.scriptBytes(node))
    }

    /// Drawings have titles, too.
    private func isInPicture(_ node: HTMLTree.Node, _ tree: HTMLTree) -> Bool {
        tree.ancestors(of: node).contains { tree.tag($0) == .svg }
    }
}

/// Whose property a microdata or RDFa property is.
enum MetadataScope {
    /// Whether the nearest thing around a node is the article or the page, or nothing is named.
    static func isOfArticle(_ node: HTMLTree.Node, _ tree: HTMLTree) -> Bool {
        for outer in tree.ancestors(of: node)
        where tree.value(.itemscope, of: outer) != nil || tree.value(.itemtype, of: outer) != nil {
            guard let type = tree.value(.itemtype, of: outer) else { continue }
            return ["Article", "Posting", "Page", "Report", "CreativeWork", "Review", "VideoObject"].contains {
                ending in
                type.suffix(ending.utf8.count).elementsEqual(ending.utf8)
            }
        }
        return true
    }
}
