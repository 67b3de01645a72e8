/// Finds the element that holds the article.
struct PageContainer {
    private let tree: HTMLTree
    private let page: PageBlocks
    private let weights: [Int]

    init(_ tree: HTMLTree, _ page: PageBlocks, _ weights: [Int]) {
        self.tree = tree
        self.page = page
        self.weights = weights
    }

    /// A child that holds so many hundredths of its parent's text holds the article.
    private static let share = 80

    func find() -> HTMLTree.Node {
        var node = tree.body ?? HTMLTree.root
        while true {
            if let child = heaviestChild(of: node), weight(of: child) * 100 >= weight(of: node) * Self.share {
                node = child
            } else if let named = namedContainer(in: node) {
                node = named
            } else {
                break
            }
        }
        // A single paragraph is no container.
        while node != HTMLTree.root, !isContainer(tree.tag(node)) { node = tree.parent(of: node) }
        return node
    }

    /// The outermost element inside that is called the article's text and holds most of the weight.
    private func namedContainer(in node: HTMLTree.Node) -> HTMLTree.Node? {
        for element in page.hinted where element.hint == .content && element.node > node {
            guard tree.contains(node, element.node) else { break }
            let inner = weight(of: element.node)
            if inner > 0, inner * 100 >= weight(of: node) * Self.namedShare { return element.node }
        }
        return nil
    }

    /// The same for an element that is called the article.
    private static let namedShare = 55

    private func isContainer(_ tag: HTMLTag) -> Bool {
        switch tag {
        case .p, .li, .span, .a, .b, .strong, .em, .i, .font, .h1, .h2, .h3, .h4, .h5, .h6, .td: false
        default: true
        }
    }

    private func weight(of node: HTMLTree.Node) -> Int {
        let range = page.blocks(in: node)
        return weights[range.upperBound] - weights[range.lowerBound]
    }

    private func heaviestChild(of node: HTMLTree.Node) -> HTMLTree.Node? {
        var best: HTMLTree.Node?
        var most = 0
        for child in tree.children(of: node) {
            let weight = weight(of: child)
            if weight > most {
                most = weight
                best = child
            }
        }
        return best
    }
}
