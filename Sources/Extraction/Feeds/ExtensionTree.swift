/// Elements of other vocabularies as they stand, for who wants more than the record knows: name, text, attributes, children.
struct ExtensionTree {
    struct Node {
        let prefix: [UInt8]
        let name: [UInt8]
        var attributes: [(name: [UInt8], value: [UInt8])]
        var text: [UInt8] = []
        var children: [Node] = []
        fileprivate let depth: Int
    }

    private static let maxNodes = 65_536

    private(set) var ofFeed: [Node] = []
    private var ofEntry: [Node] = []
    private var open: [Node] = []
    private var count = 0

    var isOpen: Bool { !open.isEmpty }

    /// - Parameter prefix: of the element's vocabulary; empty for the format's own, which begin no tree.
    mutating func start(_ xml: inout XMLReader, prefix: [UInt8]) {
        let isOwn = prefix.isEmpty || ["rss", "rdf", "content"].contains { prefix.elementsEqual($0.utf8) }
        guard isOpen || !isOwn, count < Self.maxNodes else { return }
        count += 1
        let written = xml.bytes[xml.nameRange]
        let name = written.firstIndex(of: UInt8(ascii: ":")).map { written[($0 + 1)...] } ?? written
        let attributes = xml.attributes.prefix(64).map { attribute in
            (xml.bytes[attribute.range].array, xml.value(of: attribute))
        }
        open.append(Node(prefix: prefix, name: Array(name), attributes: attributes, depth: xml.depth))
    }

    mutating func take(_ xml: inout XMLReader) {
        var text = ByteSink()
        xml.appendText(to: &text, escaping: false)
        open[open.count - 1].text += text.array
    }

    mutating func end(depth: Int, isInEntry: Bool) {
        guard let last = open.last, last.depth == depth else { return }
        open.removeLast()
        var node = last
        node.text = FeedBytes.trimmed(node.text)
        if !open.isEmpty {
            open[open.count - 1].children.append(node)
        } else if isInEntry {
            ofEntry.append(node)
        } else {
            ofFeed.append(node)
        }
    }

    mutating func takeEntry() -> [Node] {
        defer { ofEntry = [] }
        return ofEntry
    }
}
