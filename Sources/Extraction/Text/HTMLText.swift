/// HTML to plain text: paragraphs separated by one empty line, each on one line.
enum HTMLText {
    /// Whether text has tags or references; if not, it is plain.
    static func looksLikeMarkup(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if previous == 0x3C, byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte == 0x2F || byte == 0x21 {
                return true
            }
            if previous == 0x26, byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte == 0x23 { return true }
            previous = byte
        }
        return false
    }

    /// The text of a fragment: what feeds have in descriptions and content.
    static func plain(_ html: String) -> String {
        guard looksLikeMarkup(html) else { return plainText(html) }
        var tokenizer = HTMLTokenizer(Array(html.utf8)[...])
        var paragraphs = ParagraphBuilder()
        var hidden = 0
        while let token = tokenizer.next() {
            switch token {
            case .text(let bytes): if hidden == 0 { paragraphs.append(bytes) }
            case .start(let name, _, let isSelfClosing):
                if hiddenElements.contains(name), !isSelfClosing { hidden += 1 }
                if breaks(name) { paragraphs.end() }
            case .end(let name):
                if hiddenElements.contains(name) { hidden = max(0, hidden - 1) }
                if breaks(name) { paragraphs.end() }
            }
        }
        return paragraphs.finish()
    }

    /// One line: what feeds have in titles.
    static func line(_ html: String) -> String {
        TextSpace.collapsed(looksLikeMarkup(html) ? plain(html).replacing("\n\n", with: " ") : html)
    }

    /// Text that has no markup: lines are kept, empty lines separate paragraphs.
    private static func plainText(_ text: String) -> String {
        var paragraphs: [[String]] = [[]]
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0.isNewline }) {
            let collapsed = TextSpace.collapsed(String(line))
            if !collapsed.isEmpty {
                paragraphs[paragraphs.count - 1].append(collapsed)
            } else if paragraphs.last?.isEmpty == false {
                paragraphs.append([])
            }
        }
        return paragraphs.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    static let hiddenElements: Set<String> = [
        "script", "style", "noscript", "template", "svg", "iframe", "select", "object", "head",
    ]

    static func breaks(_ name: String) -> Bool { blockElements.contains(name) }

    private static let blockElements: Set<String> = [
        "address", "article", "aside", "blockquote", "body", "br", "button", "center", "dd", "div", "dl", "dt",
        "fieldset",
        "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend",
        "li",
        "main", "nav", "ol", "option", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "title",
        "tr",
        "ul",
    ]
}

/// Collects text into paragraphs, white space collapsed.
struct ParagraphBuilder {
    private(set) var paragraphs: [String] = []
    private var current: [UInt8] = []

    mutating func append(_ bytes: [UInt8]) { current.append(contentsOf: bytes) }

    /// Ends the paragraph, if it has any text.
    mutating func end() {
        guard !current.isEmpty else { return }
        let text = TextSpace.collapsed(String(decoding: current, as: UTF8.self))
        current.removeAll(keepingCapacity: true)
        if !text.isEmpty { paragraphs.append(text) }
    }

    mutating func finish() -> String {
        end()
        return paragraphs.joined(separator: "\n\n")
    }
}
