import News

/// The part of a page where its article speaks of itself: which nodes may tell who wrote it and when.
///
/// One walk over the body in document order. Comments, teasers, side columns, navigation and footers are passed over,
/// unless the headline stands inside them.
struct MetadataRegion {
    struct Mark {
        var node: HTMLTree.Node
        var marks: MetadataMarks
    }

    /// Small elements with a hint, in document order.
    private(set) var marked: [Mark] = []
    /// Short blocks near the headline without a hint, in document order.
    private(set) var blocks: [HTMLTree.Node] = []
    let headline: HTMLTree.Node?

    private static let maxMarked = 400
    private static let maxBlocks = 120
    /// A byline or date with its wrappers is small.
    private static let maxDescendants: HTMLTree.Node = 80
    /// Nodes before and after the headline in which a block without a hint may count.
    private static let reach: HTMLTree.Node = 400

    init(_ tree: HTMLTree, _ fields: MetadataFields, title: String?) {
        headline = Self.headline(tree, fields, title: title)
        guard let body = tree.body else { return }
        var node = body + 1
        let stop = tree.end(of: body)
        while node < stop, marked.count < Self.maxMarked {
            let tag = tree.tag(node)
            if tag == .text || Self.isSilent(tag) {
                node = tag == .text ? node + 1 : tree.end(of: node)
                continue
            }
            let marks = MetadataMarks(tree, node)
            if isForeign(node, tag, marks, tree) {
                node = tree.end(of: node)
                continue
            }
            take(node, tag, marks, tree)
            node += 1
        }
    }

    private mutating func take(_ node: HTMLTree.Node, _ tag: HTMLTag, _ marks: MetadataMarks, _ tree: HTMLTree) {
        let size = tree.end(of: node) - node
        guard size <= Self.maxDescendants else { return }
        var marks = marks
        if tag == .time { marks.insert(.date) }
        if tag == .a, let href = tree.value(.href, of: node), Self.leadsToAuthor(href) { marks.insert(.byline) }
        if !marks.isDisjoint(with: [.byline, .date, .published, .updated]) {
            marked.append(Mark(node: node, marks: marks))
        } else if tag.isBlock, size <= 40, blocks.count < Self.maxBlocks, isNear(node) {
            blocks.append(node)
        }
    }

    private func isNear(_ node: HTMLTree.Node) -> Bool {
        guard let headline else { return node < Self.reach }
        return node >= headline - Self.reach / 4 && node <= headline + Self.reach
    }

    /// Whether an element is about something else than this article.
    private func isForeign(_ node: HTMLTree.Node, _ tag: HTMLTag, _ marks: MetadataMarks, _ tree: HTMLTree) -> Bool {
        if let headline, tree.contains(node, headline) { return false }
        switch tag {
        case .nav, .form, .select, .figure, .figcaption, .blockquote: return true
        // An article's own may be its byline; a page's is large.
        case .footer, .aside: if tree.end(of: node) - node > Self.maxDescendants { return true }
        case .header:
            // Of the page, not of the article.
            if let headline, tree.end(of: node) <= headline, !isInArticle(node, tree) { return true }
        default: break
        }
        if marks.contains(.comment) { return true }
        let isSmall = tree.end(of: node) - node <= Self.maxDescendants
        if marks.contains(.picture), isSmall { return true }
        // Small things with a second hint are what that hint says: "date-more", "author-links".
        return marks.contains(.other) && !(isSmall && !marks.isDisjoint(with: [.byline, .date, .published]))
    }

    private func isInArticle(_ node: HTMLTree.Node, _ tree: HTMLTree) -> Bool {
        tree.ancestors(of: node).contains { tree.tag($0) == .article || tree.tag($0) == .main }
    }

    private static func isSilent(_ tag: HTMLTag) -> Bool {
        switch tag {
        case .script, .style, .noscript, .template, .iframe, .svg, .textarea: true
        default: false
        }
    }

    /// Links to pages about authors: "/author/jane-doe", "/autoren/…".
    private static func leadsToAuthor(_ href: ArraySlice<UInt8>) -> Bool {
        href.prefix(300).split(separator: UInt8(ascii: "/")).contains { part in
            authorPaths.contains { $0.elementsEqual(part) }
        }
    }

    private static let authorPaths: [[UInt8]] = [
        "author", "authors", "autor", "autoren", "autores", "auteur", "auteurs", "autore", "autori", "byline",
        "reporter",
        "reporters", "profile", "profiles", "people", "staff", "journalist", "journalists", "firmas", "redaktion",
        "autorzy",
    ].map { Array($0.utf8) }

    /// The heading that says the title or a part of it, of whatever level; else the first.
    private static func headline(_ tree: HTMLTree, _ fields: MetadataFields, title: String?) -> HTMLTree.Node? {
        let key = title.map(MetadataTitle.key) ?? ""
        var contained: HTMLTree.Node?
        for node in fields.headings + fields.lesserHeadings {
            guard let text = tree.shortText(of: node, maxBytes: 1_000) else { continue }
            let said = MetadataTitle.key(text)
            if said == key { return node }
            let isPart = key.contains(said) || (key.utf8.count > 12 && said.contains(key))
            if contained == nil, said.utf8.count > 12, isPart { contained = node }
        }
        return contained ?? fields.headings.first
    }
}

extension HTMLTree {
    /// The text of a node if it is at most that long; nil otherwise. Reads no more than it may.
    ///
    /// - Parameter mark: what stands between blocks.
    func shortText(of node: Node, maxBytes: Int, between mark: StaticString = " ") -> String? {
        var out: [UInt8] = []
        var next = node
        let stop = end(of: node)
        while next < stop {
            let tag = tag(next)
            switch tag {
            case .text:
                let bytes = textBytes(next)
                // White space between tags is long at times; words are not.
                guard bytes.count <= 8 * maxBytes, out.count <= 4 * maxBytes else { return nil }
                if bytes.count > 64 {
                    out.append(contentsOf: TextSpace.collapsedBytes(bytes))
                } else {
                    out.append(contentsOf: bytes)
                }
            case .script, .style, .noscript, .template, .iframe, .svg, .button:
                if next != node {
                    next = end(of: next)
                    continue
                }
            default:
                if next != node, tag.isBlock || tag == .br { out.append(contentsOf: String(describing: mark).utf8) }
            }
            next += 1
        }
        let text = TextSpace.collapsed(String(decoding: out, as: UTF8.self))
        return text.utf8.count <= maxBytes ? text : nil
    }
}

extension TextSpace {
    /// With each run of ASCII blanks as one blank.
    static func collapsedBytes(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        for byte in bytes {
            if ASCII.isBlank(byte) {
                if out.last != 0x20 { out.append(0x20) }
            } else {
                out.append(byte)
            }
        }
        return out
    }
}
