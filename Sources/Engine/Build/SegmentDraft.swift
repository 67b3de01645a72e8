import ByteCoding
package import News
package import Storage

/// What a worker's machine asks of the engine, whoever drives it: articles go into one builder, their keys are looked up
/// in a snapshot, a segment with the kills of that look-up comes out.
///
/// Guarantees
/// 1. A kill's correction is made from the record that the look-up found, not from what the caller says of it.
/// 2. After `use`, `discard` and `seal` it is empty.
///
/// Confined to one thread.
package final class SegmentDraft {
    package private(set) var settings = Settings()
    private let memoryBudgetBytes: Int
    private let decompressor = ZstdDecompressor()
    private var builder: SegmentBuilder
    /// The snapshot of the last look-up and what it found: the losers of the kills that follow.
    private var lookedUp: (snapshot: SnapshotKeys, found: [ArticleKey: LiveVersion])?

    static let losersPerRound = 256

    /// - Parameter memoryBudgetBytes: the builder's; nothing is refused beyond it, sealing is the machine's decision.
    package init(memoryBudgetBytes: Int) {
        self.memoryBudgetBytes = memoryBudgetBytes
        builder = SegmentBuilder(settings: settings, memoryBudgetBytes: memoryBudgetBytes)
    }

    package func use(_ settings: Settings) {
        self.settings = settings
        discard()
    }

    package func discard() {
        builder = SegmentBuilder(settings: settings, memoryBudgetBytes: memoryBudgetBytes)
        lookedUp = nil
    }

    /// Whether the articles so far want to be sealed. Looked at after each, a budget is exceeded by one at most.
    package var isOverBudget: Bool { builder.isOverBudget }

    /// Puts an article in as the next ordinal.
    package func index(_ article: LoggedArticle) throws {
        let record = try decompressor.decompress(article.frame, atMost: Limits.recordBytes)
        guard record.count == Int(article.recordBytes) else {
            throw EngineError(
                .corrupt, "the record of \(article.key.hex) has \(record.count) bytes, \(article.recordBytes) expected")
        }
        _ = try builder.add(key: article.key, version: article.version, record: record, frame: article.frame)
    }

    /// The live version of each key.
    package func lookUp(_ keys: [ArticleKey], in snapshot: SnapshotKeys) throws -> [LiveVersion?] {
        let live = try snapshot.lookup(keys)
        var found: [ArticleKey: LiveVersion] = [:]
        for version in live { if let version { found[version.key] = version } }
        lookedUp = (snapshot, found)
        return live
    }

    /// - Parameter kills: of what the last look-up found.
    /// - Throws: `.mismatch` for a kill of anything else; what the source throws when a loser's record is read.
    package func seal(dropped: [Int], kills: [Kill]) throws -> BuiltSegment {
        for ordinal in dropped { builder.drop(ordinal) }
        var losers: [KilledDocument] = []
        // Some at a time: on an object store each round waits once, however much it reads.
        for start in stride(from: 0, to: kills.count, by: Self.losersPerRound) {
            let round = kills[start..<min(start + Self.losersPerRound, kills.count)]
            let found = try round.map { kill in
                guard let live = lookedUp?.found[kill.key], live.version == kill.version else {
                    throw EngineError(.mismatch, "the loser \(kill.key.hex) was not looked up")
                }
                return live
            }
            guard let snapshot = lookedUp?.snapshot else { break }
            for (kill, record) in zip(round, try snapshot.records(found)) {
                losers.append(KilledDocument(kill: kill, record: record))
            }
        }
        lookedUp = nil
        return try builder.seal(kills: losers)
    }
}
