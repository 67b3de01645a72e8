package import ByteCoding
package import News

/// Current values folded from the log's control entries. Each kind of them is an object `state/<sha256>.<attempt>` of its own,
/// named by the manifest, so that a change of one does not write the others again.
package struct ClusterState: Equatable, Sendable {
    /// What a state object holds. Further kinds are reserved in docs/manifest-format.md.
    package enum Kind: UInt8, Sendable, CaseIterable, Comparable {
        case retractions = 1
        case feeds = 2

        package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
    }

    static let magic = Array("CRNTSTA0".utf8)

    package var retractions: [ArticleKey: Retraction] = [:]
    /// By URL.
    package var feeds: [String: FeedChange] = [:]

    package init() {}

    package mutating func apply(_ entry: LogEntry) {
        switch entry {
        case .retraction(let retraction):
            if retractions[retraction.key] == nil { retractions[retraction.key] = retraction }
        case .feed(let change): feeds[change.url] = change.operation == .add ? change : nil
        case .article, .rejection: break
        }
    }

    private func entries(_ kind: Kind) -> [LogEntry] {
        switch kind {
        case .retractions: retractions.sorted { $0.key < $1.key }.map { .retraction($0.value) }
        case .feeds: feeds.sorted { $0.key < $1.key }.map { .feed($0.value) }
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
            guard entry.stateKind == kind else { throw .badValue(what: "entry of another kind", offset: start) }
            apply(entry)
        }
        try reader.requireEnd()
        return kind
    }
}

extension LogEntry {
    /// The state it changes; nil if it is no control entry.
    package var stateKind: ClusterState.Kind? {
        switch self {
        case .retraction: .retractions
        case .feed: .feeds
        case .article, .rejection: nil
        }
    }
}
