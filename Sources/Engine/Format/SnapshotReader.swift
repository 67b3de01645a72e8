package import ByteCoding
package import News
package import Storage
import Synchronization

/// The live article of a key.
package struct LiveVersion: Equatable, Sendable {
    package let key: ArticleKey
    package let version: Version
    package let orderTime: Timestamp?
    package let source: String?
    /// Index among the segments of the snapshot, and ordinal there.
    package let segment: Int
    package let ordinal: UInt32

    func inSegment(_ index: Int) -> LiveVersion {
        LiveVersion(
            key: key, version: version, orderTime: orderTime, source: source, segment: index, ordinal: ordinal)
    }
}

/// What a manifest makes queryable: open segments, and which of their documents are dead.
///
/// Invariants
/// 1. All segments have the same settings hash.
/// 2. Every kill has exactly one loser among the documents, and no document is killed twice; so counts over live
///    documents are exact sums. Footers tell them; whether it is so is seen when the dead are looked for: at opening where
///    all segments are mapped, else in the first round of the first question, so that opening needs none for it.
package final class SnapshotReader: Sendable {
    package let segments: [SegmentReader]
    package let source: any ByteSource
    package let liveDocumentCount: Int
    /// Sum of the lengths of the live documents.
    package let liveTokenCount: UInt64
    /// Whether all segments lie where they can be read in place.
    let isMapped: Bool
    /// Indices of the segments, those whose first document is newer first: where the newest are sought, the first ones leave
    /// little to the others.
    let newestFirst: [Int]
    /// Of the articles of all segments.
    package var stemLanguages: StemLanguages {
        segments.reduce(into: StemLanguages()) { $0.formUnion($1.footer.stemLanguages) }
    }
    /// The dead that opening knows of, and those that were found later.
    private let known: [DocumentSet]?
    private let found = Mutex<[DocumentSet]?>(nil)
    private let scores = Mutex<ScoreTable?>(nil)

    /// Made when it is first asked for.
    var scoreTable: ScoreTable {
        scores.withLock { scores in
            if let scores { return scores }
            let made = ScoreTable(
                Relevance(articleCount: UInt64(liveDocumentCount), wordCount: liveTokenCount))
            scores = made
            return made
        }
    }

    /// Opens with two rounds for footers and open areas.
    ///
    /// - Parameter settingsHash: what the segments must be made with; nil takes the first segment's.
    /// - Throws: `EngineError`: `.mismatch` if segments do not belong together, or if all are mapped and a kill has no loser.
    package static func open(
        _ references: [SegmentReference], settingsHash: Digest256? = nil, source: any ByteSource
    ) throws -> SnapshotReader {
        try SnapshotReader(
            segments: SegmentReader.open(references, source: source), settingsHash: settingsHash, source: source)
    }

    /// For segments opened before, as a cache keeps them.
    package init(segments: [SegmentReader], settingsHash: Digest256? = nil, source: any ByteSource) throws {
        if let expected = settingsHash ?? segments.first?.footer.settingsHash {
            for segment in segments { try segment.requireSettings(expected) }
        }
        self.segments = segments
        self.source = source
        isMapped = segments.allSatisfy(\.isMapped)
        newestFirst = Self.newestFirst(segments)
        let isFoundLater = !isMapped && segments.contains { !$0.kills.isEmpty }
        known = isFoundLater ? nil : try Self.dead(Liveness(of: segments, source: source))
        let counts = segments.map { ($0.documentCount - Int($0.footer.killCount)) }
        liveDocumentCount = counts.reduce(0, +)
        liveTokenCount = segments.reduce(0) { $0 &+ $1.footer.tokenCount &- $1.footer.killedTokenCount }
        guard liveDocumentCount >= 0, liveTokenCount <= UInt64(Int64.max) else {
            throw EngineError(
                .mismatch, "more was killed than there is: \(liveDocumentCount) documents, \(liveTokenCount) terms")
        }
    }

    private static func newestFirst(_ segments: [SegmentReader]) -> [Int] {
        segments.indices.sorted { left, right in
            switch (segments[left].documentIndex.first, segments[right].documentIndex.first) {
            case (let left?, let right?) where left != right: left < right
            case (_?, nil): true
            case (nil, _?): false
            default: left < right
            }
        }
    }

    /// Sum of the digests of all segments: the set digest of the live articles.
    package var digest: Digest256 { segments.reduce(.zero) { $0 &+ $1.footer.digest } }

    // MARK: The dead

    /// For each segment its dead documents. Looks for them, by one round, if nothing did so before.
    ///
    /// - Throws: `EngineError`: `.mismatch` if a kill has no loser or more than one; or what the source throws.
    package var dead: [DocumentSet] {
        get throws {
            var round = ReadRound()
            let killed = killed(&round)
            return try dead(killed, killed == nil ? [] : round.run(source))
        }
    }

    /// Adds to a round what tells the dead, if they are not known yet.
    func killed(_ round: inout ReadRound) -> KillLocator? {
        guard known == nil, found.withLock({ $0 == nil }) else { return nil }
        return KillLocator(segments, &round)
    }

    /// - Parameters:
    ///   - killed: what `killed` gave: nil if the dead are known.
    ///   - slices: of the round.
    func dead(_ killed: KillLocator?, _ slices: [SectionSlice]) throws -> [DocumentSet] {
        if let known { return known }
        guard let killed else { return found.withLock { $0! } }
        let dead = try Self.dead(Liveness(of: segments, killed.matches(slices)))
        found.withLock { $0 = dead }
        return dead
    }

    private static func dead(_ liveness: Liveness) throws -> [DocumentSet] {
        if let first = liveness.findings.first { throw first }
        return liveness.dead
    }

    // MARK: Terms

    /// A term over the whole snapshot.
    package struct TermStatistics: Equatable, Sendable {
        /// Live documents with the term, exact.
        package var liveDocumentFrequency: Int
        /// For each segment its entry, dead documents included.
        package var entries: [TermEntry?]
    }

    /// Looks terms up in all segments, with their corrections, in one round.
    ///
    /// - Parameter terms: keys as `IndexField.key` makes them.
    package func lookup(terms: [[UInt8]]) throws -> [TermStatistics] {
        var round = ReadRound()
        let dictionary = TermLookup(terms, in: segments, \.dictionaryIndex, .dictionary, &round)
        let killed = TermLookup(terms, in: segments, \.correctionIndex, .corrections, &round)
        let slices = try round.run(source)
        let entries = try dictionary.entries(slices)
        var corrections = [Int](repeating: 0, count: terms.count)
        for segment in segments.indices {
            try killed.forEachCorrection(slices, of: segment) { term, count in corrections[term] += count }
        }
        return try terms.indices.map { term in
            let sum = entries.reduce(0) { $0 + Int($1[term]?.documentFrequency ?? 0) } - corrections[term]
            guard sum >= 0 else {
                throw EngineError(.mismatch, "corrections of a term exceed its documents by \(-sum)")
            }
            return TermStatistics(liveDocumentFrequency: sum, entries: entries.map { $0[term] })
        }
    }

    // MARK: Keys

    /// The live version of each key, or nil. Two rounds, one more if the dead are not known yet, and more where they would read
    /// many megabytes.
    ///
    /// - Parameter keys: in any order.
    /// - Throws: `.mismatch` if a key is live twice.
    package func lookup(keys: [ArticleKey]) throws -> [LiveVersion?] {
        let dead = try dead
        let candidates = try KeyMatches.candidates(of: keys, in: segments, source: source)
            .filter { !dead[$0.segment].contains($0.ordinal) }
        var live: [LiveVersion?] = keys.map { _ in nil }
        for (key, found) in try KeyMatches.confirm(candidates, of: keys, in: segments, source: source) {
            guard live[key] == nil else {
                throw KeyMatches.liveTwice(found.key, in: segments[found.segment].objectName)
            }
            live[key] = found
        }
        return live
    }

    /// Live keys whose first half is one of `halves`, ascending.
    ///
    /// - Complexity: one piece of each segment's key run; what is found, and a round for it; one more if the dead are not known yet.
    package func liveKeys(withHalfIn halves: ClosedRange<UInt64>) throws -> [ArticleKey] {
        let dead = try dead
        var keys: [ArticleKey] = []
        for (index, segment) in segments.enumerated() {
            let ordinals = try segment.documents(withKeyHalfIn: halves).filter { !dead[index].contains($0) }
            if !ordinals.isEmpty { keys += try segment.identities(ordinals).map(\.key) }
        }
        return keys.sorted()
    }

    /// Canonical record of the live article of a key, or nil.
    package func record(_ key: ArticleKey) throws -> [UInt8]? {
        guard let live = try lookup(keys: [key])[0] else { return nil }
        return try segments[live.segment].records([live.ordinal])[0]
    }
}
