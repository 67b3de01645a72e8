import News

/// Why a stretch of text was cut.
package enum CutReason: String, Sendable {
    case comments, navigation, share, related, promotion, byline, caption, embed, teaser, hidden, aside, other
    /// It stands there again.
    case repeated
    /// It repeats the headline.
    case title
    /// It has neither letter nor digit.
    case empty
    /// It is a link and no sentence.
    case links
    /// It stands before the text and is no standfirst.
    case head
    /// It stands after the text and is no sentence.
    case tail
}

/// Keeps or cuts each block in the article's container, and those between the headline and the container.
struct PageChoice {
    struct Entry {
        var block: Int
        var cut: CutReason?
    }

    private(set) var entries: [Entry] = []
    /// The blocks of the container; earlier ones stand between it and the headline.
    let inside: Range<Int>

    private let tree: HTMLTree
    private let page: PageBlocks
    private let chrome: PageChrome
    private let title: [UInt8]

    /// - Parameter title: as the page's metadata have it, or empty.
    init(_ tree: HTMLTree, _ page: PageBlocks, _ chrome: PageChrome, container: HTMLTree.Node, title: String) {
        self.tree = tree
        self.page = page
        self.chrome = chrome
        self.title = Self.squeezed(title)
        inside = page.blocks(in: container)
        choose()
        cutListsOfLinks()
        cutHeadingsOfCutText()
        cutTail()
    }

    // MARK: One by one

    private mutating func choose() {
        let headline = headline()
        let first = firstParagraph(after: headline)
        let start = headline.map { min($0 + 1, inside.lowerBound) } ?? inside.lowerBound
        for index in start..<inside.upperBound {
            guard index < first else {
                entries.append(Entry(block: index, cut: cut(index)))
                continue
            }
            // The beginning of an article is called a teaser on its own page, too.
            var cut = cut(index)
            if cut == .teaser, headline != nil { cut = nil }
            if cut == nil, !belongs(index, before: first, headline: headline) { cut = .head }
            entries.append(Entry(block: index, cut: cut))
        }
    }

    /// Where the text begins; a page without any paragraph may be one short line.
    private func firstParagraph(after headline: Int?) -> Int {
        if let first = inside.first(where: { chrome.reasons[$0] == nil && page.blocks[$0].weight > 0 }) { return first }
        return inside.first { index in
            let block = page.blocks[index]
            return chrome.reasons[index] == nil && block.role != .heading
                && block.letterCount >= (tree.tag(block.node) == .p ? 4 : 16)
                && block.linkShare < 0.5 && headline.map { index > $0 } ?? true
        } ?? inside.upperBound
    }

    /// The line that repeats the page's title, else the last h1 before the text.
    private func headline() -> Int? {
        let weights = chrome.weights
        let limit = weights[inside.lowerBound] + (weights[inside.upperBound] - weights[inside.lowerBound]) / 8
        var best: Int?
        for index in 0..<inside.upperBound {
            guard weights[index] <= limit else { break }
            guard page.blocks[index].role == .heading else { continue }
            if repeatsTitle(index) { return index }
            if tree.tag(page.blocks[index].node) == .h1, chrome.reasons[index] == nil { best = index }
        }
        return best
    }

    /// Whether a heading is the title, or the title without a site's name.
    private func repeatsTitle(_ index: Int) -> Bool {
        let block = page.blocks[index]
        guard block.letterCount >= 8, block.text.count <= 4 * title.count else { return false }
        let own = Self.squeezed(page.string(block))
        return title.starts(with: own) && own.count * 2 > title.count
    }

    private func isTitle(_ block: PageBlock) -> Bool {
        guard !title.isEmpty, block.text.count >= title.count, block.text.count <= 4 * title.count else { return false }
        return Self.squeezed(page.string(block)) == title
    }

    /// Why a block is cut wherever it stands.
    private func cut(_ index: Int) -> CutReason? {
        let block = page.blocks[index]
        if let hint = chrome.reasons[index] { return hint.reason }
        if block.role == .caption || isCaption(block) { return .caption }
        if block.letterCount == 0 { return .empty }
        if let hint = PageLine.reason(page.text[block.text], letterCount: block.letterCount) { return hint.reason }
        if isTitle(block) { return .title }
        let isLink = block.linkShare > 0.8 && (block.sentenceCount < 2 || block.role != .paragraph)
        return isLink && !isHeadingOfText(index) ? .links : nil
    }

    /// A heading that is a link, with a paragraph beside it.
    private func isHeadingOfText(_ index: Int) -> Bool {
        guard page.blocks[index].role == .heading, index + 1 < page.blocks.count else { return false }
        return chrome.reasons[index + 1] == nil && page.blocks[index + 1].weight > 0 && areNeighbours(index, index + 1)
    }

    /// A caption, a credit, or a short text inside what is called a picture.
    private func isCaption(_ block: PageBlock) -> Bool {
        guard block.role != .heading else { return false }
        var index = block.hint
        while index >= 0 {
            let element = page.hinted[index]
            switch element.hint {
            case .caption: return page.weight(of: element.blocks) < Self.maxCaptionWeight
            case .media: return page.weight(of: element.blocks) < Self.maxMediaWeight
            case .content: return false
            default: index = element.parent
            }
        }
        return false
    }

    /// What holds more is called so by mistake: captions may be long, what else stands at a picture is short.
    private static let maxCaptionWeight = 1200
    private static let maxMediaWeight = 500

    // MARK: Before the text

    /// Whether a line before the first paragraph belongs to the text.
    private func belongs(_ index: Int, before first: Int, headline: Int?) -> Bool {
        if let headline, index <= headline { return false }
        let isHeadingOfFirst =
            index >= inside.lowerBound && index + 1 == first && page.blocks[index].role == .heading
        return isHeadingOfFirst || isStandfirst(index)
            || (first < inside.upperBound && isSentence(index, beside: first))
    }

    private func isStandfirst(_ index: Int) -> Bool {
        let block = page.blocks[index]
        if block.hint >= 0, page.hinted[block.hint].hint == .standfirst { return block.letterCount >= 20 }
        // A line with date and time.
        if block.letterCount <= 110, block.digitCount >= 6 { return false }
        if block.role == .heading { return block.letterCount >= 50 }
        return block.weight > 0 && (block.sentenceCount > 0 ? block.letterCount >= 40 : block.letterCount >= 70)
    }

    /// A short sentence among the paragraphs.
    private func isSentence(_ index: Int, beside first: Int) -> Bool {
        let block = page.blocks[index]
        return tree.tag(block.node) == .p && block.sentenceCount > 0 && block.letterCount >= 16
            && areNeighbours(index, first)
    }

    private func areNeighbours(_ one: Int, _ other: Int) -> Bool {
        tree.parent(of: page.blocks[one].node) == tree.parent(of: page.blocks[other].node)
    }

    // MARK: Together

    /// Lists that are mostly links.
    private mutating func cutListsOfLinks() {
        var place = 0
        while place < entries.count {
            let block = page.blocks[entries[place].block]
            guard block.role == .item, entries[place].cut == nil else {
                place += 1
                continue
            }
            let list = tree.parent(of: block.node)
            let start = place
            var letters = 0
            var links = 0
            repeat {
                letters += page.blocks[entries[place].block].letterCount
                links += page.blocks[entries[place].block].linkLetterCount
                place += 1
            } while place < entries.count && tree.contains(list, page.blocks[entries[place].block].node)
            guard links * 10 > letters * 6 else { continue }
            for index in start..<place where entries[index].cut == nil { entries[index].cut = .links }
        }
    }

    private mutating func cutHeadingsOfCutText() {
        for place in entries.indices.dropLast().reversed() where entries[place].cut == nil {
            guard page.blocks[entries[place].block].role == .heading, let next = entries[place + 1].cut else {
                continue
            }
            if next == .links || next == .related { entries[place].cut = next }
        }
    }

    /// After the last paragraph only what stands beside it stays, and lists inside the same element with their headings.
    private mutating func cutTail() {
        guard let last = entries.lastIndex(where: { $0.cut == nil && page.blocks[$0.block].weight > 0 }) else { return }
        let home = tree.parent(of: page.blocks[entries[last].block].node)
        for place in entries.indices[(last + 1)...].reversed() where entries[place].cut == nil {
            let block = page.blocks[entries[place].block]
            let isInside = tree.contains(home, block.node)
            let stays =
                switch block.role {
                case .heading: isInside && place + 1 < entries.count && entries[place + 1].cut == nil
                case .item: isInside && block.linkShare < 0.5
                default: block.sentenceCount > 0 || tree.parent(of: block.node) == home
                }
            if !stays { entries[place].cut = .tail }
        }
    }

    /// Letters and digits alone, in small letters, to compare titles.
    static func squeezed(_ text: String) -> [UInt8] {
        text.lowercased().utf8.filter { ASCII.isAlphanumeric($0) || $0 >= 0x80 }
    }
}
