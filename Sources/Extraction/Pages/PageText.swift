import News

/// A stretch of an article's text, or of what was cut from around it.
package struct PageParagraph: Sendable, Equatable {
    package var role: PageRole
    package var text: String
}

/// What stood inside the article and is no part of it.
package struct RemovedText: Sendable, Equatable {
    package var text: String
    package var reason: String
}

/// Finds the article's text among the blocks of a page.
///
/// 1. Blocks that read like sentences weigh what they are long; the names of elements around them may take that away,
///    unless these hold most of the page's text (a wrapper called "page-with-sidebar" is no sidebar).
/// 2. The article's container is the deepest element that holds nearly all of the weight.
/// 3. In and just before the container, each block is kept or cut with a reason.
struct PageText {
    private(set) var paragraphs: [PageParagraph] = []
    private(set) var removed: [RemovedText] = []
    package var debug: [(kept: Bool, reason: String, block: Int)] = []

    private let tree: HTMLTree
    private let page: PageBlocks
    /// Why a block is cut by the names around it, or nil.
    private var reasons: [PageHint?]
    /// Sums of weights up to a block; blocks that are cut weigh nothing.
    private var weights: [Int] = []

    /// - Parameter title: as the page's metadata have it.
    init(_ tree: HTMLTree, title: String?, description: String?) {
        self.tree = tree
        page = PageBlocks(tree)
        reasons = Array(repeating: nil, count: page.blocks.count)
        judgeHints()
        sumWeights()
        let container = PageContainer(tree, page, weights).find()
        collect(in: container, title: title ?? "", description: description ?? "")
    }

    // MARK: Hints

    private mutating func judgeHints() {
        let sums = page.weightSums
        let total = sums[sums.count - 1]
        var ofKind = [Int](repeating: 0, count: 256)
        var isActive = [Bool](repeating: false, count: page.hinted.count)
        for (index, element) in page.hinted.enumerated() where element.hint.isChrome {
            let inside = sums[element.blocks.upperBound] - sums[element.blocks.lowerBound]
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
        judgeTeasers(sums)
    }

    private func isInside(_ hint: PageHint, _ start: Int) -> Bool {
        var index = start
        while index >= 0 {
            if page.hinted[index].hint == hint { return true }
            index = page.hinted[index].parent
        }
        return false
    }

    private mutating func judgeTeasers(_ sums: [Int]) {
        let ranges = PageTeasers(tree, page).ranges
        let total = sums[sums.count - 1]
        let inside = ranges.reduce(0) { $0 + sums[$1.upperBound] - sums[$1.lowerBound] }
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

    private mutating func sumWeights() {
        weights = [0]
        for (index, block) in page.blocks.enumerated() {
            weights.append(weights[index] + (reasons[index] == nil ? block.weight : 0))
        }
    }

    // MARK: Choice

    private mutating func collect(in container: HTMLTree.Node, title: String, description: String) {
        let inside = page.blocks(in: container)
        let titles = [Self.squeezed(title)].filter { !$0.isEmpty }
        let headline = headline(before: inside, titles: titles)
        let start = headline.map { min($0 + 1, inside.lowerBound) } ?? inside.lowerBound
        let first = inside.first { reasons[$0] == nil && page.blocks[$0].weight > 0 } ?? inside.upperBound
        var kept: [(index: Int, reason: String?)] = []
        for index in start..<max(start, inside.upperBound) {
            let isHead = index < first
            var reason = reason(of: index, titles: titles, isOwnTeaser: isHead && headline != nil)
            if reason == nil, isHead {
                let isBefore = headline.map { index <= $0 } ?? false
                let isNear = index >= inside.lowerBound && index + 1 == first && page.blocks[index].role == .heading
                if isBefore || !(isStandfirst(index) || isNear) { reason = "head" }
            }
            kept.append((index, reason))
        }
        cutListsAndTheirHeadings(&kept)
        cutTailOf(&kept)
        for index in 0..<start { debug.append((false, reasons[index]?.reason ?? "outside", index)) }
        for (index, reason) in kept { debug.append((reason == nil, reason ?? "", index)) }
        for index in inside.upperBound..<page.blocks.count {
            debug.append((false, reasons[index]?.reason ?? "outside", index))
        }
        for (index, reason) in kept {
            let block = page.blocks[index]
            let text = page.string(block)
            if let reason {
                removed.append(RemovedText(text: text, reason: reason))
            } else {
                paragraphs.append(PageParagraph(role: index < inside.lowerBound ? .standfirst : block.role, text: text))
            }
        }
    }

    /// The line that repeats the page's title, else the last h1 before the text.
    private func headline(before inside: Range<Int>, titles: [[UInt8]]) -> Int? {
        let limit = weights[inside.lowerBound] + (weights[inside.upperBound] - weights[inside.lowerBound]) / 8
        var best: Int?
        for index in 0..<inside.upperBound {
            guard weights[index] <= limit else { break }
            let block = page.blocks[index]
            guard block.role == .heading else { continue }
            let isTop = tree.tag(block.node) == .h1
            let isTitle = matches(block, titles)
            if isTitle || (isTop && reasons[index] == nil) { best = index }
            if isTitle { break }
        }
        return best
    }

    private func matches(_ block: PageBlock, _ titles: [[UInt8]]) -> Bool {
        guard block.letterCount >= 8 else { return false }
        let own = Self.squeezed(page.string(block))
        return titles.contains {
            $0 == own || ($0.count > own.count && $0.starts(with: own) && own.count * 2 > $0.count)
        }
    }

    /// Whether a line between headline and text belongs to the text.
    private func isStandfirst(_ index: Int) -> Bool {
        let block = page.blocks[index]
        if block.hint >= 0, page.hinted[block.hint].hint == .standfirst { return block.letterCount >= 20 }
        // A line with a date, time or name.
        if block.letterCount <= 110, block.digitCount >= 6 { return false }
        if block.role == .heading { return block.letterCount >= 50 }
        return block.weight > 0 && (block.sentenceCount > 0 ? block.letterCount >= 40 : block.letterCount >= 70)
    }

    /// Why a block is cut wherever it stands.
    private func reason(of index: Int, titles: [[UInt8]], isOwnTeaser: Bool) -> String? {
        let block = page.blocks[index]
        if let hint = reasons[index] { return hint == .teaser && isOwnTeaser ? nil : hint.reason }
        if block.role == .caption || isCaption(block) { return "caption" }
        if block.letterCount == 0 { return "empty" }
        if let hint = PageLine.reason(page.text[block.text], letterCount: block.letterCount) { return hint.reason }
        if !titles.isEmpty, titles.contains(Self.squeezed(page.string(block))) { return "title" }
        if block.linkShare > 0.8, block.sentenceCount < 2 || block.role != .paragraph { return "links" }
        return nil
    }

    /// A caption, a credit, or a short text inside what is called a picture.
    private func isCaption(_ block: PageBlock) -> Bool {
        var hint = block.hint
        while hint >= 0 {
            let element = page.hinted[hint]
            if element.hint == .caption || element.hint == .media, block.role != .heading {
                let inside = page.weight(of: element.blocks)
                return inside < (element.hint == .caption ? 1200 : 500)
            }
            if element.hint == .content { return false }
            hint = element.parent
        }
        return false
    }

    /// A list that is mostly links, and a line above what was cut.
    private func cutListsAndTheirHeadings(_ kept: inout [(index: Int, reason: String?)]) {
        var place = 0
        while place < kept.count {
            guard page.blocks[kept[place].index].role == .item, kept[place].reason == nil else {
                place += 1
                continue
            }
            let list = tree.parent(of: page.blocks[kept[place].index].node)
            var end = place
            var letters = 0
            var links = 0
            while end < kept.count, tree.contains(list, page.blocks[kept[end].index].node) {
                letters += page.blocks[kept[end].index].letterCount
                links += page.blocks[kept[end].index].linkLetterCount
                end += 1
            }
            end = max(end, place + 1)
            if links * 10 > letters * 6 {
                for index in place..<end where kept[index].reason == nil { kept[index].reason = "links" }
            }
            place = end
        }
        for place in kept.indices.dropLast().reversed() where kept[place].reason == nil {
            guard page.blocks[kept[place].index].role == .heading, let next = kept[place + 1].reason else { continue }
            if next == "links" || next == PageHint.related.reason { kept[place].reason = next }
        }
    }

    private func cutTailOf(_ kept: inout [(index: Int, reason: String?)]) {
        guard let last = kept.lastIndex(where: { $0.reason == nil && page.blocks[$0.index].weight > 0 }) else { return }
        for place in (last + 1)..<kept.count where kept[place].reason == nil {
            let block = page.blocks[kept[place].index]
            let isBeside = tree.parent(of: block.node) == tree.parent(of: page.blocks[kept[last].index].node)
            if block.role == .heading || (block.sentenceCount == 0 && !isBeside) { kept[place].reason = "tail" }
        }
    }

    /// Letters and digits alone, in small letters, to compare titles.
    static func squeezed(_ text: String) -> [UInt8] {
        text.lowercased().utf8.filter { ASCII.isAlphanumeric($0) || $0 >= 0x80 }
    }
}

package func labPage(_ bytes: ArraySlice<UInt8>, debug: Bool) -> ([PageParagraph], [String], [String]) {
    let tree = HTMLTree(bytes)
    var title: String?
    for node in tree.nodes where tree.tag(node) == .meta {
        if tree.attribute("property", of: node) == "og:title" { title = tree.attribute("content", of: node) }
    }
    let text = PageText(tree, title: title, description: nil)
    return (text.paragraphs, debug ? text.debugLines(true) : [], debug ? text.debugLines(false) : [])
}

extension PageText {
    package func debugLines(_ kept: Bool) -> [String] {
        debug.filter { $0.kept == kept }.map { entry in
            let block = page.blocks[entry.block]
            var path: [String] = []
            var node = block.node
            for _ in 0..<5 where node != 0 {
                path.append(
                    tree.name(of: node) + "." + (tree.attribute("class", of: node) ?? "").prefix(40) + "#"
                        + (tree.attribute("id", of: node) ?? "").prefix(20))
                node = tree.parent(of: node)
            }
            return
                "\(kept ? "[\(block.role)]" : "(\(entry.reason))") \(page.string(block))  @@ \(path.joined(separator: " < "))"
        }
    }
}
