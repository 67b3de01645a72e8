package import News

/// The live articles of a snapshot in its order, each with its record, read front to back.
///
/// Memory is bounded by the segments that overlap: a piece of each.
package struct LiveArticles {
    package struct Item {
        package let key: ArticleKey
        /// Canonical record, as it is stored.
        package let record: [UInt8]
    }

    private let snapshot: SnapshotReader
    private var walk: OrderWalk
    private var streams: [Int: ArticleStream] = [:]
    private var last: OrderKey?

    package init(_ snapshot: SnapshotReader) throws {
        self.snapshot = snapshot
        walk = try OrderWalk(snapshot.segments, dead: snapshot.dead)
    }

    /// - Throws: `EngineError`, `.mismatch` for a key that is live twice at one place; or what the source throws.
    package mutating func next() throws -> Item? {
        guard let item = try walk.next() else { return nil }
        let segment = snapshot.segments[item.input]
        guard item.place != last else { throw KeyMatches.liveTwice(item.place.key, in: segment.objectName) }
        last = item.place
        let stream = try streams[item.input] ?? ArticleStream(segment)
        streams[item.input] = stream
        let record = try stream.record(UInt32(item.ordinal))
        if !walk.active.contains(item.input) { streams[item.input] = nil }
        return Item(key: item.place.key, record: record)
    }
}
