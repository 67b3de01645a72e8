import News

/// A text of a feed that may be markup, and what is known of it.
struct FeedContent {
    /// The types that mean something here; feeds name others, too.
    enum Kind {
        case plain, html, xhtml, other

        /// Of a media type in small letters.
        init(_ type: ByteSpan) {
            self = type.isSame("text/plain") ? .plain : type.isSame("text/html") ? .html : Self.xhtmlOrOther(type)
        }

        private static func xhtmlOrOther(_ type: ByteSpan) -> Kind {
            type.isSame("application/xhtml+xml") ? .xhtml : .other
        }

        fileprivate var type: [UInt8] { Self.types[self == .plain ? 0 : self == .html ? 1 : 2] }

        private static let types = ["text/plain", "text/html", "application/xhtml+xml"].map { Array($0.utf8) }
    }

    private(set) var type: [UInt8]
    private(set) var kind: Kind
    var language: [UInt8]?
    var base: [UInt8]
    var isBase64: Bool
    var source: [UInt8]?
    var depth: Int

    /// - Parameters:
    ///   - said: the type that the element names, in any case and as Atom shortens it; nil if it names none.
    ///   - usual: what it is then.
    init(said: [UInt8]?, usual: Kind, mode: [UInt8]?, language: [UInt8]?, base: [UInt8], depth: Int) {
        (type, kind) = (usual.type, usual)
        if let said {
            type = Self.mediaType(said.map(ASCII.lowercased))
            kind = ByteSpan.of(type) { Kind($0) }
        }
        isBase64 = mode?.elementsEqual("base64".utf8) ?? false
        if kind == .other, !isBase64 {
            isBase64 =
                !(type.starts(with: "text/".utf8) || type.suffix(4).elementsEqual("+xml".utf8)
                || type.suffix(4).elementsEqual("/xml".utf8))
        }
        self.language = language
        self.base = base
        self.depth = depth
    }

    mutating func become(_ kind: Kind) {
        self.kind = kind
        type = kind.type
    }

    /// Elements inside are markup that stands as it is.
    var isXHTML: Bool { kind == .xhtml }
    var isXML: Bool { kind == .xhtml || kind == .other && type.suffix(3).elementsEqual("xml".utf8) }
    /// People can read it.
    var isText: Bool { kind != .other || type.starts(with: "text/".utf8) }

    private static func mediaType(_ type: [UInt8]) -> [UInt8] {
        switch String(decoding: type.prefix(8), as: UTF8.self) {
        case "text", "plain": Kind.plain.type
        case "html": Kind.html.type
        case "xhtml": Kind.xhtml.type
        default: type
        }
    }
}
