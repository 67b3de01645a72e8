/// Finds the element that holds the article.
struct PageContainer {
    private let tree: HTMLTree
    private let page: PageBlocks
    private let chrome: PageChrome

    init(_ tree: HTMLTree, _ page: PageBlocks, _ chrome: PageChrome) {
        self.tree = tree
        self.page = page
        self.chrome = chrome
    }

    /// A child that holds so many hundredths of its parent's text holds the article.
    private static let share = 80

    func find() -> HTMLTree.Node {
        var node = tree.body ?? HTMLTree.root
        while true {
            if let child = heaviestChild(of: node),
                chrome.weight(of: child) * 100 >= chrome.weight(of: node) * Self.share
            {
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

    /// The outermost element inside that is called the article's text and holds most of the weight, unless more of the
    /// weight stands in others of that name: articles may come in parts.
    private func namedContainer(in node: HTMLTree.Node) -> HTMLTree.Node? {
        var best: HTMLTree.Node?
        var named = 0
        var end = HTMLTree.root
        for element in page.hinted where element.hint == .content && element.node > node && element.node >= end {
            guard tree.contains(node, element.node) else { break }
            let inner = chrome.weight(of: element.node)
            guard inner > 0 else { continue }
            named += inner
            end = tree.end(of: element.node)
            if inner * 100 >= chrome.weight(of: node) * Self.namedShare { best = element.node }
        }
        guard let best, chrome.weight(of: best) * 100 >= named * 90 else { return nil }
        return best
    }

    /// The same for an element that is called the article.
    private static let namedShare = 55

    private func isContainer(_ tag: HTMLTag) -> Bool {
        switch tag {
        case .p, .li, .span, .a, .b, .strong, .em, .i, .font, .h1, .h2, .h3, .h4, .h5, .h6, .td: false
        default: true
        }
    }

    private func heaviestChild(of node: HTMLTree.Node) -> HTMLTree.Node? {
        var best: HTMLTree.Node?
        var most = 0
        for child in tree.children(of: node) {
            let weight = chrome.weight(of: child)
            if weight > most {
                most = weight
                best = child
            }
        }
        return best
    }
}
