import News

/// RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0, CDF: one pass of `XMLReader`, elements told by what they mean (`FeedRole`)
/// whatever the format, since feeds mix them freely.
///
/// Names and rules of the record are those of feedparser, the field's standard, where they do no harm.
///
/// Invariants
/// 1. `open` is what takes text, innermost last; all their texts lie in `text`, one behind the other.
/// 2. While `content` is set, elements inside are its markup and mean nothing else.
struct XMLFeedReader: ~Copyable {
    /// Where a field goes.
    enum Scope: Int { case feed, image, textInput, source, entry }

    /// An element whose text is collected.
    struct Open {
        let key: FeedKey
        /// The text becomes a field; else only the one who asked gets it.
        let isField: Bool
        let start: Int
    }

    /// Base address and language from some depth on.
    private struct Frame {
        let depth: Int
        let base: [UInt8]
        let language: [UInt8]?
    }

    var xml: XMLReader
    let options: FeedOptions
    var version = "" {
        didSet {
            isAtom = version.hasPrefix("atom")
            isAtom10 = version == "atom10"
        }
    }
    private(set) var isAtom = false
    private(set) var isAtom10 = false
    var namespaces: [(prefix: [UInt8], uri: [UInt8])] = []
    var scopes = [FeedFields](repeating: FeedFields(capacity: 0), count: 5)
    var entries: [FeedFields] = []
    var articles: [FeedEntry] = []

    var open: [Open] = []
    var text = ByteSink(capacity: 4096)
    var sanitizer = HTMLSanitizer()
    var content: FeedContent?
    var base: [UInt8]
    /// With "-" for "_".
    var language: [UInt8]?
    private var frames: [Frame] = []

    // Where in the feed the reader is.
    var isInFeed = false
    var isInEntry = false
    var isInSource = false
    var isInImage = false
    var isInTextInput = false
    var isInAuthor = false
    var isInContributor = false
    var isInPublisher = false
    var hasImage = false

    // Of the entry.
    var entryStart = 0
    var entryDepth = 0
    var hasContent = false
    var isGuidLink = false
    /// The depth of the title that was taken: deeper ones are not the entry's.
    var titleDepth = -1
    var lastTime: (text: [UInt8], instant: Timestamp?) = ([], nil)
    var fieldDepths: [(key: FeedKey, depth: Int)] = []
    /// A second summary is content.
    var isSummaryContent = false
    var hasChaptersOpen = false
    var geometry = FeedWord.none
    var draft = EntryDraft()
    var mediaDepth: Int?
    var extensions: ExtensionTree?

    init(_ bytes: ByteSpan, base: [UInt8], language: [UInt8]?, options: FeedOptions) {
        xml = XMLReader(bytes)
        self.options = options
        self.base = base
        self.language = language.map(Self.tag)
        if options.wantsExtensions { extensions = ExtensionTree() }
    }

    // MARK: Pass

    /// Reads all. The root element has been looked at by who calls.
    mutating func read() {
        if let language { scopes[Scope.feed.rawValue][.language] = .text(language) }
        loop: while true {
            switch xml.next() {
            case .start: start()
            case .end: end()
            case .text:
                if !open.isEmpty { appendText() }
                if extensions?.isOpen ?? false { extensions?.take(&xml) }
            case .over: break loop
            }
        }
        if isInEntry { endEntry() }
        if let extensions, !extensions.ofFeed.isEmpty { scopes[0][.extensions] = .extensions(extensions.ofFeed) }
        if hasImage { scopes[0][.image] = .object(scopes[Scope.image.rawValue]) }
        if !scopes[Scope.textInput.rawValue].isEmpty {
            scopes[0][.textinput] = .object(scopes[Scope.textInput.rawValue])
        }
    }

    private mutating func appendText() {
        xml.appendText(to: &text, escaping: content?.isXHTML ?? false)
    }

    private mutating func start() {
        enter()
        if content != nil {
            startMarkup()
            return
        }
        let role = FeedRole(xml.space, xml.word)
        if xml.space == .plain { leaveEmptyFrames() }
        if extensions != nil { startExtension() }
        if let role { start(role) } else { startOther() }
    }

    private mutating func end() {
        if let depth = content?.depth, xml.depth > depth {
            endMarkup()
            leave()
            return
        }
        if let role = FeedRole(xml.space, xml.word) { end(role) } else { pop(key()) }
        if extensions != nil { endExtension() }
        leave()
    }

    /// An image or text input without an end would swallow the feed.
    private mutating func leaveEmptyFrames() {
        switch xml.word {
        case .title, .link, .description: break
        case .name: isInImage = false
        case .url, .href, .width, .height: isInTextInput = false
        default:
            isInImage = false
            isInTextInput = false
        }
    }

    private mutating func startExtension() {
        let prefix = xml.prefix == 0 ? [] : shownPrefix
        extensions?.start(&xml, prefix: prefix)
    }

    private mutating func endExtension() { extensions?.end(depth: xml.depth, isInEntry: isInEntry) }

    private var shownPrefix: [UInt8] {
        xml.space == .plain || xml.space == .foreign
            ? Array(xml.names.name(xml.prefix)) : Array(xml.space.key.utf8)
    }

    // MARK: Base, language, namespaces

    private mutating func enter() {
        for binding in xml.newBindings { take(binding) }
        guard xml.attributes.contains(where: { $0.name == FeedWord.base.rawValue || $0.name == FeedWord.lang.rawValue })
        else { return }
        let outer = Frame(depth: xml.depth, base: base, language: language)
        var isNew = false
        if let reference = scoped(.base), !reference.isEmpty {
            let joined = URIReference.join(base, reference)
            let safe = base.isEmpty ? joined : URIReference.safe(joined)
            if !safe.isEmpty { base = safe }
            isNew = true
        }
        if let said = scoped(.lang) {
            language = said.isEmpty ? nil : Self.tag(said)
            isNew = true
            if let language, xml.word == .feed || xml.word == .rss || xml.word == .rdf {
                scopes[0][.language] = .text(language)
            }
        }
        if isNew { frames.append(outer) }
    }

    private mutating func leave() {
        guard !frames.isEmpty, frames[frames.count - 1].depth == xml.depth else { return }
        let frame = frames.removeLast()
        base = frame.base
        language = frame.language
    }

    /// "xml:base", or plain "base" as old feeds have it.
    private mutating func scoped(_ word: FeedWord) -> [UInt8]? {
        for attribute in xml.attributes where attribute.name == word.rawValue {
            if attribute.prefix == 0 || xml.names.name(attribute.prefix).elementsEqual("xml".utf8) {
                return xml.value(of: attribute)
            }
        }
        return nil
    }

    private mutating func take(_ binding: XMLReader.Binding) {
        guard !binding.uri.isEmpty else { return }
        let lower = binding.uri.map(ASCII.lowercased)
        if version.isEmpty {
            if binding.prefix == 0, lower.elementsEqual("http://my.netscape.com/rdf/simple/0.9/".utf8) {
                version = "rss090"
            } else if lower.elementsEqual("http://purl.org/rss/1.0/".utf8) {
                version = "rss10"
            } else if lower.elementsEqual("http://www.w3.org/2005/atom".utf8) {
                version = "atom10"
            }
        }
        let prefix = binding.space == .foreign ? Array(xml.names.name(binding.prefix)) : Array(binding.space.key.utf8)
        guard !namespaces.contains(where: { $0.prefix == prefix }), namespaces.count < 256 else { return }
        namespaces.append((prefix, binding.uri))
    }

    // MARK: Where things go

    var scope: Scope {
        if isInSource { return .source }
        if isInImage, hasImage { return .image }
        if isInTextInput { return .textInput }
        return isInEntry ? .entry : .feed
    }

    var context: Int { scope.rawValue }

    /// The key of the element at hand: its vocabulary's prefix and its name.
    func key() -> FeedKey { FeedKey(prefix: prefix(xml.space, xml.prefix), name: xml.name) }

    private func prefix(_ space: FeedSpace, _ written: NameTable.ID) -> NameTable.ID {
        switch space {
        case .plain: 0
        case .foreign: written
        default: Self.prefixes[Int(space.rawValue)] ?? written
        }
    }

    /// Numbers of the usual prefixes in every table of names, which begins with the known words.
    private static let prefixes: [NameTable.ID?] = FeedSpace.allCases.map {
        ByteSpan.of(Array($0.key.utf8)) { NameTable.known.known($0) }
    }

    /// "en_GB" is "en-GB".
    static func tag(_ language: [UInt8]) -> [UInt8] { language.map { $0 == 0x5F ? 0x2D : $0 } }

    // MARK: Attributes

    /// All attributes as an object.
    mutating func attributes() -> FeedFields {
        var fields = FeedFields(capacity: xml.attributes.count + 2)
        for attribute in xml.attributes {
            var value = xml.value(of: attribute)
            let isName = attribute.prefix == 0
            if isName, attribute.name == FeedWord.rel.rawValue || attribute.name == FeedWord.type.rawValue {
                for place in value.indices { value[place] = ASCII.lowercased(value[place]) }
            }
            let key = FeedKey(prefix: attribute.prefix, name: attribute.name, isAttribute: true)
            fields[isName ? FeedKey(name: attribute.name) : key] = .text(value)
        }
        return fields
    }

    /// All attributes; what stands as "url" or "uri" becomes "href".
    mutating func linkAttributes() -> FeedFields {
        var fields = attributes()
        for word in [FeedWord.url, .uri, .href] {
            guard let address = fields.text(word), !address.isEmpty else { continue }
            fields[.url] = nil
            fields[.uri] = nil
            fields[.href] = .text(address)
            break
        }
        return fields
    }

    mutating func rdfResource() -> [UInt8]? {
        for attribute in xml.attributes where attribute.name == FeedWord.resource.rawValue {
            return xml.value(of: attribute)
        }
        return nil
    }
}
