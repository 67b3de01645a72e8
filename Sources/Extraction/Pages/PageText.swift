/// A stretch of an article's text.
package struct PageParagraph: Sendable, Equatable {
    package var role: PageRole
    package var text: String
}

/// What stood inside the article and is no part of it.
package struct RemovedText: Sendable, Equatable {
    package var text: String
    package var reason: CutReason
}

/// Finds the article's text among the blocks of a page.
///
/// 1. Blocks that read like sentences weigh what they are long, unless the names around them say otherwise.
/// 2. The article's container is the deepest element that holds nearly all of the weight.
/// 3. In and just before the container, each block is kept or cut with a reason.
struct PageText {
    let page: PageBlocks
    let chrome: PageChrome
    let choice: PageChoice

    /// - Parameter title: as the page's metadata have it.
    init(_ tree: HTMLTree, title: String?) {
        page = PageBlocks(tree)
        chrome = PageChrome(tree, page)
        let container = PageContainer(tree, page, chrome).find()
        choice = PageChoice(tree, page, chrome, container: container, title: title ?? "")
    }

    var paragraphs: [PageParagraph] {
        choice.entries.filter { $0.cut == nil }.map { entry in
            let block = page.blocks[entry.block]
            let role = entry.block < choice.inside.lowerBound ? .standfirst : block.role
            return PageParagraph(role: role, text: page.string(block))
        }
    }

    var removed: [RemovedText] {
        choice.entries.compactMap { entry in
            entry.cut.map { RemovedText(text: page.string(page.blocks[entry.block]), reason: $0) }
        }
    }
}
