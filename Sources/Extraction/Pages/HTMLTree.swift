import News

/// A page as a tree in flat arrays.
///
/// Invariants
/// 1. Nodes stand in document order, so the descendants of a node are the indices after it up to `end(of:)`.
/// 2. Node 0 is the html element; it always exists. A node's parent has a smaller index.
/// 3. Depth is at most `HTMLTreeBuilder.maxDepth`, so a walk may keep a stack.
/// 4. All texts, names and values are ranges of one buffer of UTF-8.
///
/// Pages of at most 2^31 - 1 nodes: `Limits.inputBytes` keeps far below.
package struct HTMLTree: Sendable {
    package typealias Node = Int32

    struct Record: Sendable {
        var tag: HTMLTag
        var parent: Node
        /// One past the last descendant.
        var end: Node
        /// The text of a text node, the name of an element.
        var range: ByteRange
        var firstAttribute: UInt32
        var attributeCount: UInt16
    }

    package static let root: Node = 0

    private let records: [Record]
    private let buffer: [UInt8]
    private let attributes: [HTMLTokens.Attribute]
    package let head: Node?
    package let body: Node?

    /// - Parameter page: UTF-8.
    package init(utf8 page: [UInt8]) {
        var builder = HTMLTreeBuilder(page)
        builder.build()
        records = builder.records
        buffer = builder.tokens.buffer
        attributes = builder.tokens.attributes
        head = builder.head
        body = builder.body
    }

    /// - Parameters:
    ///   - page: in any encoding.
    ///   - contentType: of the HTTP response, if there was one.
    package init(_ page: ArraySlice<UInt8>, contentType: String? = nil) {
        self.init(utf8: HTMLEncoding.decode(page, contentType: contentType))
    }

    // MARK: Nodes

    package var count: Int { records.count }
    package var nodes: Range<Node> { 0..<Node(truncatingIfNeeded: records.count) }

    package func tag(_ node: Node) -> HTMLTag { records[Int(node)].tag }
    /// The root is its own parent.
    package func parent(of node: Node) -> Node { records[Int(node)].parent }
    /// One past the last descendant; for a node without children the next index.
    package func end(of node: Node) -> Node { records[Int(node)].end }
    package func children(of node: Node) -> Children { Children(tree: self, index: node + 1, end: end(of: node)) }
    /// Whether the first node is the second or stands around it.
    package func contains(_ outer: Node, _ inner: Node) -> Bool { outer <= inner && inner < end(of: outer) }

    package func ancestors(of node: Node) -> Ancestors { Ancestors(tree: self, node: node) }

    /// The name in small letters: "div", "my-element"; "text" for text.
    package func name(of node: Node) -> String {
        let record = records[Int(node)]
        return record.tag == .other
            ? String(decoding: bytes(record.range), as: UTF8.self) : String(describing: record.tag)
    }

    package struct Children: Sequence, IteratorProtocol {
        let tree: HTMLTree
        var index: Node
        let end: Node

        package mutating func next() -> Node? {
            guard index < end else { return nil }
            defer { index = tree.end(of: index) }
            return index
        }
    }

    /// From the parent up to the root.
    package struct Ancestors: Sequence, IteratorProtocol {
        let tree: HTMLTree
        var node: Node

        package mutating func next() -> Node? {
            guard node != HTMLTree.root else { return nil }
            node = tree.parent(of: node)
            return node
        }
    }

    // MARK: Attributes

    package func bytes(_ range: ByteRange) -> ArraySlice<UInt8> { buffer[range.indices] }

    /// The value with its references decoded, or nil if there is no such attribute. Of two with one name the first counts.
    package func value(_ key: HTMLAttribute, of node: Node) -> ArraySlice<UInt8>? {
        let record = records[Int(node)]
        let first = Int(record.firstAttribute)
        for index in first..<first + Int(record.attributeCount) where attributes[index].key == key {
            return bytes(attributes[index].value)
        }
        return nil
    }

    package func attribute(_ key: HTMLAttribute, of node: Node) -> String? {
        value(key, of: node).map { String(decoding: $0, as: UTF8.self) }
    }

    /// By the name as pages write it, in small letters.
    package func attribute(_ name: String, of node: Node) -> String? {
        let key = HTMLAttribute.named(Array(name.utf8)[...])
        if key != .other { return attribute(key, of: node) }
        let record = records[Int(node)]
        let first = Int(record.firstAttribute)
        for index in first..<first + Int(record.attributeCount)
        where attributes[index].key == .other && bytes(attributes[index].name).elementsEqual(name.utf8) {
            return String(decoding: bytes(attributes[index].value), as: UTF8.self)
        }
        return nil
    }

    /// Names and values in the order of the page.
    package func attributes(of node: Node) -> [(name: String, value: String)] {
        let record = records[Int(node)]
        let first = Int(record.firstAttribute)
        return attributes[first..<first + Int(record.attributeCount)].map {
            (String(decoding: bytes($0.name), as: UTF8.self), String(decoding: bytes($0.value), as: UTF8.self))
        }
    }

    // MARK: Text

    /// A text node's bytes as they are; empty for elements.
    package func textBytes(_ node: Node) -> ArraySlice<UInt8> {
        let record = records[Int(node)]
        return record.tag == .text ? bytes(record.range) : []
    }

    /// The text inside a node on one line: white space collapsed, blocks apart, scripts and styles left out.
    package func text(of node: Node) -> String {
        var out: [UInt8] = []
        var next = node
        let stop = end(of: node)
        while next < stop {
            let tag = tag(next)
            switch tag {
            case .text: out.append(contentsOf: textBytes(next))
            case .script, .style, .noscript, .template, .iframe, .noembed, .noframes:
                if next != node {
                    next = end(of: next)
                    continue
                }
            default: if tag.isBlock || tag == .br { out.append(0x20) }
            }
            next += 1
        }
        return TextSpace.collapsed(String(decoding: out, as: UTF8.self))
    }

    /// What stands in a script, unchanged.
    package func scriptBytes(_ node: Node) -> ArraySlice<UInt8> {
        node + 1 < end(of: node) ? textBytes(node + 1) : []
    }
}
