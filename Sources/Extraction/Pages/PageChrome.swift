/// What of a page is cut by the names around it, and what the rest weighs.
///
/// Names are trusted only as far as they make sense: an element or a sort of elements that holds most of the page's
/// running text is no sidebar, whatever it is called ("page-with-sidebar").
struct PageChrome {
    /// For each block, why it is cut, or nil.
    private(set) var reasons: [PageHint?]
    /// Sums of weights up to a block; blocks that are cut weigh nothing.
    private(set) var weights: [Int] = [0]

    private let tree: HTMLTree
    private let page: PageBlocks

    init(_ tree: HTMLTree, _ page: PageBlocks) {
        self.tree = tree
        self.page = page
        reasons = Array(repeating: nil, count: page.blocks.count)
        judgeHints()
        judgeTeasers()
        judgeRepetitions()
        sumWeights()
    }

    /// What the blocks that are not cut weigh inside a node.
    func weight(of node: HTMLTree.Node) -> Int {
        let range = page.blocks(in: node)
        return weights[range.upperBound] - weights[range.lowerBound]
    }

    private mutating func judgeHints() {
        let total = page.weight(of: page.blocks.indices)
        var ofKind = [Int](repeating: 0, count: 256)
        var isActive = [Bool](repeating: false, count: page.hinted.count)
        for (index, element) in page.hinted.enumerated() where element.hint.isChrome {
            let inside = page.weight(of: element.blocks)
            isActive[index] = inside * 100 <= total * Self.share(of: element.hint)
            if isActive[index], !isInside(element.hint, element.parent) {
                ofKind[Int(element.hint.rawValue)] += inside
            }
        }
        var cut: [PageHint?] = []
        for (index, element) in page.hinted.enumerated() {
            let isTrusted = ofKind[Int(element.hint.rawValue)] * 100 <= total * Self.shareOfKind(element.hint)
            if element.parent >= 0, let outer = cut[element.parent] {
                cut.append(outer)
            } else {
                cut.append(isActive[index] && isTrusted ? element.hint : nil)
            }
        }
        for (index, block) in page.blocks.enumerated() where block.hint >= 0 { reasons[index] = cut[block.hint] }
    }

    private func isInside(_ hint: PageHint, _ start: Int) -> Bool {
        var index = start
        while index >= 0 {
            if page.hinted[index].hint == hint { return true }
            index = page.hinted[index].parent
        }
        return false
    }

    private mutating func judgeTeasers() {
        let ranges = PageTeasers(tree, page).ranges
        let total = page.weight(of: page.blocks.indices)
        let inside = ranges.reduce(0) { $0 + page.weight(of: $1) }
        guard inside * 100 <= total * 75 else { return }
        for range in ranges {
            for index in range where reasons[index] == nil { reasons[index] = .related }
        }
    }

    /// An element that holds more of the page's text, in per cent, is no such thing, whatever it is called.
    private static func share(of hint: PageHint) -> Int {
        switch hint {
        case .comments: 85
        case .hidden: 50
        case .aside: 70
        default: 40
        }
    }

    /// If all elements of a sort hold more, the page's author means something else by that name.
    private static func shareOfKind(_ hint: PageHint) -> Int {
        switch hint {
        case .comments, .related: 90
        case .hidden, .share, .promotion, .navigation: 50
        case .aside: 75
        default: 40
        }
    }

    /// Of lines that stand there twice the first counts; lines that stand there more often are none of the author's.
    private mutating func judgeRepetitions() {
        var places: [UInt64: [Int]] = [:]
        for (index, block) in page.blocks.enumerated() where reasons[index] == nil && isProse(block) {
            places[HashedNames.hash(page.text[block.text]), default: []].append(index)
        }
        var again: [Int] = []
        var weight = 0
        for (_, same) in places where same.count > 1 {
            let cut = same.dropFirst(same.count > 2 ? 0 : 1)
            again += cut
            weight += cut.count * page.blocks[same[0]].weight
        }
        // Else the page repeats itself.
        guard weight * 100 <= page.weight(of: page.blocks.indices) * 65 else { return }
        for index in again { reasons[index] = .repeated }
    }

    private func isProse(_ block: PageBlock) -> Bool {
        switch block.role {
        case .paragraph, .quote: block.letterCount >= 25
        default: false
        }
    }

    private mutating func sumWeights() {
        for (index, block) in page.blocks.enumerated() {
            weights.append(weights[index] + (reasons[index] == nil ? block.weight : 0))
        }
    }
}
