package import ByteCoding
package import News

/// Current values folded from the log's control entries. Each kind of them is an object `state/<sha256>.<attempt>` of its own,
/// named by the manifest, so that a change of one does not write the others again.
package struct ClusterState: Equatable, Sendable {
    /// What a state object holds. Further kinds are reserved in docs/manifest-format.md.
    package enum Kind: UInt8, Sendable, CaseIterable, Comparable {
        case retractions = 1
        case feeds = 2
        case deadLetters = 5
        case erasures = 6

        package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
    }

    static let magic = Array("CRNTSTA0".utf8)

    package var retractions: [ArticleKey: Retraction] = [:]
    /// By URL.
    package var feeds: [String: FeedChange] = [:]
    package var deadLetters: [DeadLetter.ID: DeadLetter] = [:]
    /// Retractions whose text may still stand in the log or in a kept generation.
    package var erasures: [ArticleKey: Retraction] = [:]

    package init() {}

    /// - Returns: which kinds of state are other than before.
    @discardableResult
    package mutating func apply(_ entry: LogEntry) -> Set<Kind> {
        switch entry {
        case .retraction(let retraction):
            var changed: Set<Kind> = []
            if retractions[retraction.key] == nil {
                retractions[retraction.key] = retraction
                erasures[retraction.key] = retraction
                changed = [.retractions, .erasures]
            }
            // What is retracted is forgotten here too.
            for id in deadLetters.keys where id.key == retraction.key && forget(id) { changed.insert(.deadLetters) }
            return changed
        case .feed(let change):
            let new = change.operation == .add ? change : nil
            guard feeds[change.url] != new else { return [] }
            feeds[change.url] = new
            return [.feeds]
        case .deadLetter(let letter):
            guard deadLetters[letter.id] == nil else { return [] }
            deadLetters[letter.id] = letter
            // Its key may have been retracted while it was tried.
            if retractions[letter.article.key] != nil { deadLetters[letter.id]!.article.frame = [] }
            return [.deadLetters]
        case .retried(let article):
            let id = DeadLetter.ID(key: article.key, version: article.version)
            return deadLetters.removeValue(forKey: id) == nil ? [] : [.deadLetters]
        case .dropped(let id): return forget(id) ? [.deadLetters] : []
        case .erased(let key): return erasures.removeValue(forKey: key) == nil ? [] : [.erasures]
        case .article, .rejection: return []
        }
    }

    /// Takes the text from a dead letter.
    private mutating func forget(_ id: DeadLetter.ID) -> Bool {
        guard deadLetters[id]?.isTextThere ?? false else { return false }
        deadLetters[id]!.article.frame = []
        return true
    }

    private func entries(_ kind: Kind) -> [LogEntry] {
        switch kind {
        case .retractions: retractions.sorted { $0.key < $1.key }.map { .retraction($0.value) }
        case .feeds: feeds.sorted { $0.key < $1.key }.map { .feed($0.value) }
        case .deadLetters: deadLetters.sorted { $0.key < $1.key }.map { .deadLetter($0.value) }
        case .erasures: erasures.sorted { $0.key < $1.key }.map { .retraction($0.value) }
        }
    }

    /// The object of one kind.
    package func encoded(_ kind: Kind) -> [UInt8] {
        let entries = entries(kind)
        var out = ByteWriter()
        out.raw(Self.magic)
        out.fixed(kind.rawValue)
        out.varint(entries.count)
        for entry in entries { entry.encode(to: &out) }
        out.checksum()
        return out.bytes
    }

    /// Takes in one object.
    ///
    /// - Returns: its kind.
    @discardableResult
    package mutating func add(decoding bytes: [UInt8]) throws(CodingError) -> Kind {
        var reader = ByteReader(try ByteReader.checked(bytes, what: "state object"))
        guard try reader.raw(8).elementsEqual(Self.magic) else { throw .badValue(what: "state magic", offset: 0) }
        guard let kind = Kind(rawValue: try reader.fixed()) else { throw .badValue(what: "state kind", offset: 8) }
        for _ in 0..<(try reader.count("state entries", atMost: reader.remaining)) {
            let start = reader.offset
            let entry = try LogEntry(decoding: &reader)
            guard entry.isState(kind) else { throw .badValue(what: "entry of another kind", offset: start) }
            switch (kind, entry) {
            case (.retractions, .retraction(let retraction)): retractions[retraction.key] = retraction
            case (.erasures, .retraction(let retraction)): erasures[retraction.key] = retraction
            default: apply(entry)
            }
        }
        try reader.requireEnd()
        return kind
    }
}

extension LogEntry {
    /// Whether it stands in a state object of this kind.
    fileprivate func isState(_ kind: ClusterState.Kind) -> Bool {
        switch self {
        case .retraction: kind == .retractions || kind == .erasures
        case .feed: kind == .feeds
        case .deadLetter: kind == .deadLetters
        case .article, .rejection, .retried, .dropped, .erased: false
        }
    }
}
