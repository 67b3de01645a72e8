package import ByteCoding
package import News

/// Current values folded from the log's control entries. Each kind of them is an object `state/<sha256>.<attempt>` of its own,
/// named by the manifest, so that a change of one does not write the others again.
package struct ClusterState: Equatable, Sendable {
    /// What a state object holds. Further kinds are reserved in docs/manifest-format.md.
    package enum Kind: UInt8, Sendable, CaseIterable, Comparable {
        case retractions = 1
        case feeds = 2
        case retention = 3
        case deadLetters = 5
        case erasures = 6

        package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
    }

    static let magic = Array("CRNTSTA0".utf8)

    package var retractions: [ArticleKey: Retraction] = [:]
    /// By URL.
    package var feeds: [String: FeedChange] = [:]
    package var deadLetters: [DeadLetter.ID: DeadLetter] = [:]
    package var retention = RetentionRules()
    /// What was retracted or expired, and whose text may still stand in the log or in a kept generation.
    package var erasures: [ArticleKey: Erasure] = [:]

    package enum Erasure: Equatable, Sendable {
        case retraction(Retraction)
        case expiration(Expiration)

        /// The largest version that is to go.
        package var through: Version {
            switch self {
            case .retraction: .largest
            case .expiration(let expiration): expiration.through
            }
        }

        package var expiration: Expiration? {
            if case .expiration(let expiration) = self { expiration } else { nil }
        }
    }

    package init() {}

    /// The expiration that stands of a version: none of these may come back before all of it is erased.
    package func expiration(of key: ArticleKey, _ version: Version) -> Expiration? {
        guard let standing = erasures[key]?.expiration, version <= standing.through else { return nil }
        return standing
    }

    /// - Parameter position: of the entry.
    /// - Returns: which kinds of state are other than before.
    @discardableResult
    package mutating func apply(_ entry: LogEntry, at position: Position = .start) -> Set<Kind> {
        switch entry {
        case .retraction(let retraction):
            var changed: Set<Kind> = []
            if retractions[retraction.key] == nil {
                retractions[retraction.key] = retraction
                erasures[retraction.key] = .retraction(retraction)
                changed = [.retractions, .erasures]
            }
            // What is retracted is forgotten here too.
            for id in deadLetters.keys where id.key == retraction.key && forget(id) { changed.insert(.deadLetters) }
            return changed
        case .feed(let change):
            let new = change.operation == .remove ? nil : change
            guard feeds[change.url] != new else { return [] }
            feeds[change.url] = new
            return [.feeds]
        case .horizon(let rule): return retention.set(rule) ? [.retention] : []
        case .deadLetter(let letter):
            guard deadLetters[letter.id] == nil else { return [] }
            deadLetters[letter.id] = letter
            // Its key may have been retracted while it was tried.
            if retractions[letter.article.key] != nil
                || expiration(of: letter.article.key, letter.article.version) != nil
            {
                deadLetters[letter.id]!.article.frame = []
            }
            return [.deadLetters]
        case .retried(let article):
            let id = DeadLetter.ID(key: article.key, version: article.version)
            return deadLetters.removeValue(forKey: id) == nil ? [] : [.deadLetters]
        case .dropped(let id): return forget(id) ? [.deadLetters] : []
        case .erased(let bound):
            // What was retracted meanwhile is more than was erased.
            guard let standing = erasures[bound.key], standing.through <= bound.through else { return [] }
            erasures[bound.key] = nil
            return [.erasures]
        case .expired(var expiration):
            guard retractions[expiration.key] == nil else { return [] }
            var changed: Set<Kind> = [.erasures]
            expiration.position = position
            if let standing = erasures[expiration.key] {
                expiration.through = max(expiration.through, standing.through)
            }
            erasures[expiration.key] = .expiration(expiration)
            for id in deadLetters.keys
            where id.key == expiration.key && id.version <= expiration.through && forget(id) {
                changed.insert(.deadLetters)
            }
            return changed
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
        case .retention: retention.sorted.map { .horizon($0) }
        case .erasures:
            erasures.sorted { $0.key < $1.key }.map {
                switch $0.value {
                case .retraction(let retraction): .retraction(retraction)
                case .expiration(let expiration): .expired(expiration)
                }
            }
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
        var reader = try ByteReader(bytes, magic: Self.magic, what: "state object")
        guard let kind = Kind(rawValue: try reader.fixed()) else { throw .badValue(what: "state kind", offset: 8) }
        for _ in 0..<(try reader.count("state entries", atMost: reader.remaining)) {
            let start = reader.offset
            let entry = try LogEntry(decoding: &reader)
            guard entry.isState(kind) else { throw .badValue(what: "entry of another kind", offset: start) }
            switch (kind, entry) {
            case (.retractions, .retraction(let retraction)): retractions[retraction.key] = retraction
            case (.erasures, .retraction(let retraction)): erasures[retraction.key] = .retraction(retraction)
            case (.erasures, .expired(let expiration)): erasures[expiration.key] = .expiration(expiration)
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
        case .horizon: kind == .retention
        case .deadLetter: kind == .deadLetters
        case .expired: kind == .erasures
        case .article, .rejection, .retried, .dropped, .erased: false
        }
    }
}
