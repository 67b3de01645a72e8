import News
package import Storage

/// Finds what is behind a horizon of retention in segments, dead or not: keys, and of each the largest version found.
///
/// Documents stand in the order, newest first, so only the end of a segment is read.
package struct HorizonSearch {
    private let rules: RetentionRules
    private let limitCount: Int

    /// - Parameter limitCount: keys after which it stops.
    package init(rules: RetentionRules, limitCount: Int) {
        self.rules = rules
        self.limitCount = limitCount
    }

    /// - Parameters:
    ///   - names: of segments, looked through in this order.
    ///   - perform: the store's, of several operations at once.
    /// - Returns: by ascending key. Fewer than the limit: that is all of it.
    /// - Throws: `EngineError`, also `.missing` for a segment that is gone: what it held would be passed over; `BucketFailure`.
    package func run(
        _ names: [String], source: any ByteSource, perform: ([BucketOperation]) -> [BucketResult]
    ) throws -> [Expiration] {
        var found: [ArticleKey: Expiration] = [:]
        for start in stride(from: 0, to: names.count, by: NamedSegments.countAtOnce) where found.count < limitCount {
            let piece = names[start..<min(start + NamedSegments.countAtOnce, names.count)]
            for (name, segment) in zip(piece, try NamedSegments.open(piece, source: source, perform: perform))
            where found.count < limitCount {
                guard let segment else { throw EngineError(.missing, "the segment is gone", object: name) }
                try collect(segment, into: &found)
            }
        }
        return found.values.sorted { $0.key < $1.key }
    }

    private func collect(_ segment: SegmentReader, into found: inout [ArticleKey: Expiration]) throws {
        // From the oldest on, so that a round takes the ends of few segments away whole.
        let behind = try documents(of: segment)
        for end in stride(from: behind.upperBound, to: behind.lowerBound, by: -Self.pieceCount) {
            let range = max(behind.lowerBound, end - Self.pieceCount)..<end
            let horizons = try Self.horizons(of: segment, range, rules)
            guard horizons.contains(where: { $0 != nil }) else { continue }
            for (horizon, identity) in zip(horizons, try segment.identities(range)).reversed() {
                guard let horizon else { continue }
                if let known = found[identity.key] {
                    if known.through >= identity.version { continue }
                } else if found.count >= limitCount {
                    return
                }
                found[identity.key] = Expiration(
                    key: identity.key, through: identity.version, horizon: horizon.time)
            }
        }
    }

    static let pieceCount = 4096

    /// Documents that may be behind a horizon, by their time alone.
    private func documents(of segment: SegmentReader) throws -> Range<Int> {
        let latest = Self.sources(of: segment).compactMap { rules.rule(of: $0)?.time }.max() ?? 0
        if latest == RetentionHorizon.allTime { return 0..<segment.documentCount }
        guard latest > RetentionHorizon.foreverTime, let newest = Timestamp(sortable: latest - 1) else {
            return segment.documentCount..<segment.documentCount
        }
        let first = try segment.firstDocument(notBefore: OrderKey(time: newest, key: ArticleKey(high: 0, low: 0)))
        return first..<segment.documentCount
    }

    /// By code; what has no source has code 0. As the log and the ledger name them.
    private static func sources(of segment: SegmentReader) -> [String] {
        [""]
            + segment.names(.source).names.map {
                String(decoding: $0, as: UTF8.self).prefix(utf8Bytes: Limits.labelBytes)
            }
    }

    /// Which horizon each document of `range` is behind.
    package static func horizons(
        of segment: SegmentReader, _ range: Range<Int>, _ rules: RetentionRules
    ) throws -> [RetentionHorizon?] {
        let sources = sources(of: segment)
        let times = try segment.timeBits(range)
        let codes = try segment.codes(.source, range)
        return zip(times, codes).map { bits, code in rules.horizon(before: ~bits, of: sources[Int(code)]) }
    }
}
