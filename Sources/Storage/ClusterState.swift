package import ByteCoding
package import News

/// Current values folded from the log's control entries: an object `state/<sha256>.<attempt>`, named by the manifest.
package struct ClusterState: Equatable, Sendable {
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

    package var encoded: [UInt8] {
        var out = ByteWriter()
        out.raw(Self.magic)
        out.varint(retractions.count)
        for (_, retraction) in retractions.sorted(by: { $0.key < $1.key }) {
            LogEntry.retraction(retraction).encode(to: &out)
        }
        out.varint(feeds.count)
        for (_, feed) in feeds.sorted(by: { $0.key < $1.key }) { LogEntry.feed(feed).encode(to: &out) }
        out.checksum()
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CodingError) {
        var reader = ByteReader(try ByteReader.checked(bytes, what: "state object"))
        guard try reader.raw(8).elementsEqual(Self.magic) else { throw .badValue(what: "state magic", offset: 0) }
        for _ in 0..<2 {
            for _ in 0..<(try reader.count("state entries", atMost: reader.remaining)) {
                apply(try LogEntry(decoding: &reader))
            }
        }
        try reader.requireEnd()
    }
}
