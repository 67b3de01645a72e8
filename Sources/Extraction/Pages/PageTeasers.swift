import News

/// Finds lists of teasers: neighbours of one make, each short and with a line that is nothing but a link.
struct PageTeasers {
    /// Of the blocks inside teaser lists; they follow one another and do not overlap.
    private(set) var ranges: [Range<Int>] = []

    private let tree: HTMLTree
    private let page: PageBlocks
    /// Sums up to a block.
    private var letters: [Int] = [0]
    private var linkLines: [Int] = [0]

    /// A teaser has no more letters.
    private static let maxLetters = 600
    /// Nor a paragraph with more.
    private static let maxTextLetters = 300
    /// A list has at least so many.
    private static let minCount = 3

    init(_ tree: HTMLTree, _ page: PageBlocks) {
        self.tree = tree
        self.page = page
        for block in page.blocks {
            letters.append(letters[letters.count - 1] + block.letterCount)
            let isLinkLine = block.letterCount >= 8 && block.linkShare > 0.8
            linkLines.append(linkLines[linkLines.count - 1] + (isLinkLine ? 1 : 0))
        }
        find()
    }

    private mutating func find() {
        var node = tree.body ?? HTMLTree.root
        while node < tree.end(of: HTMLTree.root) {
            if isParent(tree.tag(node)), case let found = teasers(in: node), !found.isEmpty {
                ranges += found
                node = tree.end(of: node)
            } else {
                node += 1
            }
        }
    }

    private func isParent(_ tag: HTMLTag) -> Bool {
        switch tag {
        case .div, .ul, .ol, .section, .main, .aside, .nav, .tr, .tbody, .table, .footer, .article, .dl, .other, .body:
            true
        default: false
        }
    }

    /// The blocks of a node's children that are teasers of one make, if most of its children are.
    private func teasers(in node: HTMLTree.Node) -> [Range<Int>] {
        let all = page.blocks(in: node)
        guard all.count >= Self.minCount * 2, linkLines[all.upperBound] - linkLines[all.lowerBound] >= Self.minCount
        else { return [] }
        var found: [Range<Int>] = []
        var make: (tag: HTMLTag, names: UInt64)?
        var others = 0
        for child in tree.children(of: node) {
            let inside = page.blocks(in: child)
            guard !inside.isEmpty, tree.tag(child) != .text else { continue }
            let own = (tag: tree.tag(child), names: HashedNames.hash(tree.value(.class, of: child)?.prefix(64) ?? []))
            if isTeaser(child, inside), make == nil || make! == own {
                make = own
                found.append(inside)
            } else {
                others += 1
            }
        }
        return found.count >= Self.minCount && found.count > others * 2 ? found : []
    }

    private func isTeaser(_ node: HTMLTree.Node, _ blocks: Range<Int>) -> Bool {
        switch tree.tag(node) {
        case .li, .div, .article, .section, .tr, .td, .a, .other: break
        default: return false
        }
        guard linkLines[blocks.upperBound] > linkLines[blocks.lowerBound],
            letters[blocks.upperBound] - letters[blocks.lowerBound] <= Self.maxLetters
        else { return false }
        var links = 0
        for index in blocks {
            if page.blocks[index].weight > Self.maxTextLetters { return false }
            links += page.blocks[index].linkLetterCount
        }
        return links * 6 >= letters[blocks.upperBound] - letters[blocks.lowerBound]
    }
}
