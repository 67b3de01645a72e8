import News

/// Puts tokens into a tree, as the HTML standard's tree construction does where it matters for real pages.
///
/// Kept: the head and body that are implied, end tags that are implied (p, li, dd, dt, option, tr, td, th, headings, a,
/// button), scopes beyond which an end tag does not reach, void elements, raw text. Approximated: formatting elements
/// that overlap blocks stay open until the block ends and are not opened again; text that stands wrongly in a table
/// stays there; frames and the modes of select are left out.
///
/// Every step takes constant time but for pops, which are paid for by pushes: for each tag the stack knows its topmost
/// open element, so that scopes are compared by depth and never searched. (Elements of unknown names are searched for
/// among at most `maxDepth` open ones.)
struct HTMLTreeBuilder {
    /// As browsers have it. Deeper elements become leaves of the last one, and their end tags are passed over.
    static let maxDepth = 512
    /// What comes after so many nodes is left out. The largest real pages have a third of it; it bounds memory and time.
    static let maxNodes = 300_000

    private struct Open {
        var node: HTMLTree.Node
        var tag: HTMLTag
        /// Depth of the element of the same tag below this one, or -1.
        var previous: Int
        /// Of the special elements below this one, and of those that end the search for a list item.
        var previousSpecial: Int
        var previousListEnd: Int
        /// Of an element of unknown name.
        var nameHash: UInt64 = 0
        /// A formatting element whose end tag came while a block was open inside: it ends with that block.
        var isEnding = false
    }

    private(set) var tokens: HTMLTokens
    private(set) var records: [HTMLTree.Record] = []
    private(set) var head: HTMLTree.Node?
    private(set) var body: HTMLTree.Node?
    private var stack: [Open] = []
    private var topmost = [Int](repeating: -1, count: 256)
    private var special = -1
    private var listEnd = -1
    /// How many elements of unknown names are open, by the low bits of their hashes: most end tags without a start need
    /// no search.
    private var unknownCounts = [UInt16](repeating: 0, count: 1 << 12)
    private var overflowCount = 0
    private var sawHTML = false
    private var sawBody = false

    init(_ page: [UInt8]) {
        tokens = HTMLTokens(page)
        records.reserveCapacity(min(page.count / 24, Self.maxNodes))
    }

    mutating func build() {
        push(.html, ByteRange.empty, attributes: 0..<0)
        while records.count < Self.maxNodes, let token = tokens.next() {
            switch token.kind {
            case .text: text(token)
            case .start: start(token)
            case .end: end(token)
            }
        }
        pop(to: 0)
    }

    // MARK: Nodes

    private mutating func add(_ tag: HTMLTag, _ range: ByteRange, attributes: Range<Int>) -> HTMLTree.Node {
        let node = HTMLTree.Node(truncatingIfNeeded: records.count)
        records.append(
            HTMLTree.Record(
                tag: tag, parent: stack.last?.node ?? 0, end: node + 1, range: range,
                firstAttribute: UInt32(truncatingIfNeeded: attributes.lowerBound),
                attributeCount: UInt16(truncatingIfNeeded: attributes.count)))
        return node
    }

    private mutating func push(_ tag: HTMLTag, _ range: ByteRange, attributes: Range<Int>) {
        let node = add(tag, range, attributes: attributes)
        guard stack.count < Self.maxDepth else {
            overflowCount += 1
            return
        }
        let slot = Int(tag.rawValue)
        stack.append(
            Open(
                node: node, tag: tag, previous: topmost[slot], previousSpecial: special, previousListEnd: listEnd,
                nameHash: tag == .other ? HashedNames.hash(tokens.buffer[range.indices]) : 0))
        topmost[slot] = stack.count - 1
        if tag.isSpecial {
            special = stack.count - 1
            if tag != .address, tag != .div, tag != .p { listEnd = stack.count - 1 }
        }
        if tag == .other { unknownCounts[Self.bucket(stack[stack.count - 1].nameHash)] += 1 }
        if tag == .svg || tag == .math { tokens.isForeign = true }
    }

    private mutating func pop() {
        let open = stack.removeLast()
        records[Int(open.node)].end = HTMLTree.Node(truncatingIfNeeded: records.count)
        topmost[Int(open.tag.rawValue)] = open.previous
        special = open.previousSpecial
        listEnd = open.previousListEnd
        if open.tag == .other { unknownCounts[Self.bucket(open.nameHash)] -= 1 }
        if open.tag == .svg || open.tag == .math { tokens.isForeign = isOpen(.svg) || isOpen(.math) }
    }

    private static func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: (hash ^ hash >> 32) & 0xFFF) }

    /// Closes everything from a depth upwards.
    private mutating func pop(to depth: Int) {
        overflowCount = 0
        while stack.count > depth { pop() }
        while let last = stack.last, last.isEnding { pop() }
    }

    private func isOpen(_ tag: HTMLTag) -> Bool { topmost[Int(tag.rawValue)] >= 0 }

    /// The depth of an open element, if none of those that bound its scope was opened later.
    private func depth(of tag: HTMLTag, within bounds: HTMLTag...) -> Int? {
        let depth = topmost[Int(tag.rawValue)]
        guard depth >= 0 else { return nil }
        for bound in bounds where topmost[Int(bound.rawValue)] > depth { return nil }
        return depth
    }

    private func depthInScope(_ tag: HTMLTag) -> Int? {
        depth(of: tag, within: .table, .td, .th, .caption, .template, .applet, .marquee, .object)
    }

    private func depthInButtonScope(_ tag: HTMLTag) -> Int? {
        depth(of: tag, within: .button, .table, .td, .th, .caption, .template, .applet, .marquee, .object)
    }

    // MARK: Text

    private mutating func text(_ token: HTMLTokens.Token) {
        let isRaw = stack.last.map { $0.tag.isRaw } ?? false
        if body == nil, !isRaw {
            guard tokens.buffer[token.range.indices].contains(where: { !ASCII.isBlank($0) }) else { return }
            openBody()
        }
        _ = add(.text, token.range, attributes: 0..<0)
    }

    // MARK: Start tags

    private mutating func start(_ token: HTMLTokens.Token) {
        switch token.tag {
        case .html:
            if !sawHTML { take(token, for: HTMLTree.root) }
            sawHTML = true
            return
        case .head:
            if head == nil, body == nil { openHead(token) }
            return
        case .body:
            openBody()
            if !sawBody, let body { take(token, for: body) }
            sawBody = true
            return
        default: break
        }
        if body == nil {
            if token.tag.belongsToHead {
                if head == nil { openHead(nil) }
            } else {
                openBody()
            }
        }
        closeImplied(before: token.tag)
        let isLeaf = token.tag.isVoid || (token.isSelfClosing && tokens.isForeign)
        if isLeaf {
            _ = add(token.tag, token.range, attributes: token.attributes)
        } else {
            push(token.tag, token.range, attributes: token.attributes)
        }
    }

    /// Gives an element that was opened before its tag came the attributes of that tag.
    private mutating func take(_ token: HTMLTokens.Token, for node: HTMLTree.Node) {
        records[Int(node)].firstAttribute = UInt32(truncatingIfNeeded: token.attributes.lowerBound)
        records[Int(node)].attributeCount = UInt16(truncatingIfNeeded: token.attributes.count)
    }

    private mutating func openHead(_ token: HTMLTokens.Token?) {
        head = HTMLTree.Node(truncatingIfNeeded: records.count)
        push(.head, token?.range ?? .empty, attributes: token?.attributes ?? 0..<0)
    }

    private mutating func openBody() {
        guard body == nil else { return }
        pop(to: 1)
        body = HTMLTree.Node(truncatingIfNeeded: records.count)
        push(.body, .empty, attributes: 0..<0)
    }

    private mutating func closeImplied(before tag: HTMLTag) {
        switch tag {
        case .li:
            if let depth = itemDepth([.li]) { pop(to: depth) }
        case .dd, .dt:
            if let depth = itemDepth([.dd, .dt]) { pop(to: depth) }
        case .option, .optgroup:
            if stack.last?.tag == .option { pop(to: stack.count - 1) }
            if tag == .optgroup, stack.last?.tag == .optgroup { pop(to: stack.count - 1) }
        case .a: closeLink()
        case .button:
            if let depth = depthInScope(.button) { pop(to: depth) }
        case .tr: closeTable([.tr, .td, .th, .caption])
        case .td, .th: closeTable([.td, .th, .caption])
        case .tbody, .thead, .tfoot: closeTable([.tbody, .thead, .tfoot, .tr, .td, .th, .caption])
        case .rt, .rp:
            if stack.last?.tag == .rt || stack.last?.tag == .rp { pop(to: stack.count - 1) }
        default: break
        }
        guard tag.endsParagraph else { return }
        if let depth = depthInButtonScope(.p) { pop(to: depth) }
        if tag.isHeading, let last = stack.last, last.tag.isHeading { pop(to: stack.count - 1) }
    }

    /// The depth of the lowest of the open list items that a new one ends.
    private func itemDepth(_ tags: [HTMLTag]) -> Int? {
        for tag in tags {
            let depth = topmost[Int(tag.rawValue)]
            // The item is itself one of those that end the search.
            if depth >= 0, depth >= listEnd { return depth }
        }
        return nil
    }

    private mutating func closeLink() {
        let depth = topmost[Int(HTMLTag.a.rawValue)]
        guard depth >= 0, depthInScope(.a) != nil else { return }
        if depth > special { pop(to: depth) } else { stack[depth].isEnding = true }
    }

    /// Closes those of the parts of a table that are open in the innermost one.
    private mutating func closeTable(_ tags: [HTMLTag]) {
        let table = max(topmost[Int(HTMLTag.table.rawValue)], topmost[Int(HTMLTag.template.rawValue)])
        var lowest = Int.max
        for tag in tags {
            let depth = topmost[Int(tag.rawValue)]
            if depth > table { lowest = min(lowest, depth) }
        }
        if lowest != Int.max, table >= 0 { pop(to: lowest) }
    }

    // MARK: End tags

    private mutating func end(_ token: HTMLTokens.Token) {
        if overflowCount > 0 {
            overflowCount -= 1
            return
        }
        switch token.tag {
        case .html, .body, .head: break
        case .p:
            if let depth = depthInButtonScope(.p) { pop(to: depth) }
        case .br:
            if body != nil { _ = add(.br, token.range, attributes: 0..<0) }
        case .h1, .h2, .h3, .h4, .h5, .h6: endHeading()
        case .table, .tbody, .thead, .tfoot, .tr, .td, .th, .caption:
            if let depth = depth(of: token.tag, within: .table, .template), depth >= 0 { pop(to: depth) }
        case .li:
            if let depth = depthInScope(.li),
                depth > max(topmost[Int(HTMLTag.ul.rawValue)], topmost[Int(HTMLTag.ol.rawValue)])
            {
                pop(to: depth)
            }
        case .other: endUnknown(token)
        default:
            if token.tag.isFormatting {
                endFormatting(token.tag)
            } else if token.tag.isSpecial {
                if let depth = depthInScope(token.tag) { pop(to: depth) }
            } else if topmost[Int(token.tag.rawValue)] > special {
                pop(to: topmost[Int(token.tag.rawValue)])
            }
        }
    }

    private mutating func endHeading() {
        var highest = -1
        for tag in [HTMLTag.h1, .h2, .h3, .h4, .h5, .h6] {
            if let depth = depthInScope(tag) { highest = max(highest, depth) }
        }
        if highest >= 0 { pop(to: highest) }
    }

    private mutating func endFormatting(_ tag: HTMLTag) {
        guard let depth = depthInScope(tag) else { return }
        if depth > special { pop(to: depth) } else { stack[depth].isEnding = true }
    }

    private mutating func endUnknown(_ token: HTMLTokens.Token) {
        let hash = HashedNames.hash(tokens.buffer[token.range.indices])
        guard unknownCounts[Self.bucket(hash)] > 0 else { return }
        var depth = topmost[Int(HTMLTag.other.rawValue)]
        while depth > special {
            if stack[depth].nameHash == hash {
                pop(to: depth)
                return
            }
            depth = stack[depth].previous
        }
    }
}
