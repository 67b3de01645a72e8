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
        while let child = heaviestChild(of: node) {
            let inner = weight(of: child)
            guard inner > 0, inner * 100 >= weight(of: node) * Self.share else { break }
            node = child
        }
        // A single paragraph is no container.
        while node != HTMLTree.root, !isContainer(tree.tag(node)) { node = tree.parent(of: node) }
        return node
    }

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
