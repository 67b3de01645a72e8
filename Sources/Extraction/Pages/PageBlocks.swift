import News

/// A page's text cut into blocks, in one pass over its tree.
struct PageBlocks {
    private(set) var text: [UInt8] = []
    private(set) var blocks: [PageBlock] = []
    private(set) var hinted: [HintedElement] = []
    /// For each node the number of blocks that ended before it: the blocks of a subtree are a range.
    private(set) var firstBlock: [Int32] = []

    /// Sums of weights up to a block.
    private(set) var weightSums: [Int] = [0]

    private let tree: HTMLTree
    private var stack: [Open] = []
    private var current = Current()

    private struct Open {
        var end: HTMLTree.Node
        var block: HTMLTree.Node
        var role: PageRole
        var isInLink: Bool
        var isBlock: Bool
        var hint: Int
        var hintIsOwn: Bool
    }

    private struct Current {
        var start = 0
        var letters = 0
        var links = 0
        var sentences = 0
        var commas = 0
        var digits = 0
        var breaks = 0
        var isBlankPending = false
    }

    init(_ tree: HTMLTree) {
        self.tree = tree
        text.reserveCapacity(tree.count * 12)
        firstBlock = Array(repeating: 0, count: tree.count + 1)
        read()
    }

    func blocks(in node: HTMLTree.Node) -> Range<Int> {
        Int(firstBlock[Int(node)])..<Int(firstBlock[Int(tree.end(of: node))])
    }

    /// Whatever is cut.
    func weight(of range: Range<Int>) -> Int { weightSums[range.upperBound] - weightSums[range.lowerBound] }

    func string(_ block: PageBlock) -> String { String(decoding: text[block.text], as: UTF8.self) }

    // MARK: The pass

    private mutating func read() {
        let root = tree.body ?? HTMLTree.root
        stack = [
            Open(
                end: tree.end(of: root), block: root, role: .paragraph, isInLink: false, isBlock: true, hint: -1,
                hintIsOwn: false)
        ]
        var node = root + 1
        while node < tree.end(of: root) {
            close(before: node)
            firstBlock[Int(node)] = Int32(truncatingIfNeeded: blocks.count)
            let next = enter(node)
            if next > node + 1 {
                for inner in (node + 1)..<next { firstBlock[Int(inner)] = Int32(truncatingIfNeeded: blocks.count) }
            }
            node = next
        }
        close(before: .max)
        for index in Int(node)...tree.count { firstBlock[index] = Int32(truncatingIfNeeded: blocks.count) }
    }

    /// - Returns: the node to go on with.
    private mutating func enter(_ node: HTMLTree.Node) -> HTMLTree.Node {
        let tag = tree.tag(node)
        switch tag {
        case .text:
            append(tree.textBytes(node), isLink: stack[stack.count - 1].isInLink)
            return node + 1
        case .br:
            current.breaks += 1
            if current.breaks >= 2 { endBlock() } else { current.isBlankPending = true }
            return node + 1
        case .script, .style, .noscript, .iframe, .noembed, .noframes, .svg, .math, .object, .embed, .select, .datalist,
            .audio, .video, .canvas, .textarea, .title, .map, .frameset, .button, .input, .template, .head:
            return tree.end(of: node)
        default: break
        }
        if tag.isVoid {
            if tag.isBlock { endBlock() }
            return node + 1
        }
        open(node, tag)
        return node + 1
    }

    private mutating func open(_ node: HTMLTree.Node, _ tag: HTMLTag) {
        let outer = stack[stack.count - 1]
        var inner = outer
        inner.end = tree.end(of: node)
        inner.isBlock = tag.isBlock
        inner.hintIsOwn = false
        if tag.isBlock {
            endBlock()
            inner.block = node
            firstBlock[Int(node)] = Int32(truncatingIfNeeded: blocks.count)
        }
        inner.role = role(tag, in: outer.role)
        if tag == .a, tree.value(.href, of: node) != nil { inner.isInLink = true }
        let hint = PageElement.hint(of: node, in: tree)
        if hint != .none {
            inner.hint = hinted.count
            inner.hintIsOwn = true
            hinted.append(
                HintedElement(node: node, hint: hint, parent: outer.hint, blocks: blocks.count..<blocks.count))
        }
        stack.append(inner)
    }

    private mutating func close(before node: HTMLTree.Node) {
        while let top = stack.last, top.end <= node {
            if top.isBlock { endBlock() }
            if top.hintIsOwn {
                let start = hinted[top.hint].blocks.lowerBound
                hinted[top.hint].blocks = start..<max(start, blocks.count)
            }
            if stack.count == 1 { return }
            stack.removeLast()
        }
    }

    private func role(_ tag: HTMLTag, in outer: PageRole) -> PageRole {
        switch tag {
        case .h1, .h2, .h3, .h4, .h5, .h6: .heading
        case .figcaption, .caption: .caption
        case .li, .dt, .dd: outer == .caption ? outer : .item
        case .blockquote: outer == .caption ? outer : .quote
        case .pre: .preformatted
        case .td, .th: outer == .caption ? outer : .cell
        default: outer
        }
    }

    // MARK: Text

    private mutating func append(_ bytes: ArraySlice<UInt8>, isLink: Bool) {
        var index = bytes.startIndex
        let end = bytes.endIndex
        while index < end {
            let byte = bytes[index]
            if byte <= 0x20 {
                current.isBlankPending = true
                index += 1
                continue
            }
            if byte == 0xC2, index + 1 < end, bytes[index + 1] == 0xA0 {
                current.isBlankPending = true
                index += 2
                continue
            }
            let isZeroWidth = byte == 0xE2 && index + 2 < end && bytes[index + 1] == 0x80 && bytes[index + 2] == 0x8B
            let isMark = byte == 0xEF && index + 2 < end && bytes[index + 1] == 0xBB && bytes[index + 2] == 0xBF
            if isZeroWidth || isMark {
                index += 3
                continue
            }
            if current.isBlankPending, text.count > current.start { text.append(0x20) }
            current.isBlankPending = false
            current.breaks = 0
            count(bytes, at: index, isLink: isLink)
            text.append(byte)
            index += 1
            // The rest of the scalar.
            while index < end, bytes[index] & 0xC0 == 0x80 {
                text.append(bytes[index])
                index += 1
            }
        }
    }

    private mutating func count(_ bytes: ArraySlice<UInt8>, at index: Int, isLink: Bool) {
        let byte = bytes[index]
        var letters = 0
        switch byte {
        case 0x30...0x39:
            letters = 1
            current.digits += 1
        case 0x41...0x5A, 0x61...0x7A: letters = 1
        case 0x2E, 0x21, 0x3F: current.sentences += 1
        case 0x2C: current.commas += 1
        case 0xC3...0xDF, 0xF0...0xF4: letters = 1
        // Devanagari to Georgian, then the scripts of East Asia; punctuation of both.
        case 0xE0, 0xE1: letters = 1
        case 0xE3 where index + 2 < bytes.endIndex && bytes[index + 1] == 0x80:
            if bytes[index + 2] == 0x82 { current.sentences += 1 }
            if bytes[index + 2] == 0x81 { current.commas += 1 }
        case 0xEF where index + 2 < bytes.endIndex && bytes[index + 1] == 0xBC:
            if bytes[index + 2] == 0x8C { current.commas += 1 }
            if bytes[index + 2] == 0x81 || bytes[index + 2] == 0x9F { current.sentences += 1 }
        case 0xE3...0xED: letters = 3
        default: break
        }
        current.letters += letters
        if isLink { current.links += letters }
    }

    private mutating func endBlock() {
        defer { current = Current(start: text.count) }
        guard text.count > current.start, let top = stack.last else { return }
        blocks.append(
            PageBlock(
                node: top.block, role: top.role, text: current.start..<text.count, letterCount: current.letters,
                linkLetterCount: current.links, sentenceCount: current.sentences, commaCount: current.commas,
                digitCount: current.digits,
                hint: top.hint))
        weightSums.append(weightSums[weightSums.count - 1] + blocks[blocks.count - 1].weight)
    }
}
