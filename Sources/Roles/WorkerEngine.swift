import ByteCoding
import Cluster
import Engine
import News
import Storage

/// What a worker's machine asks of the engine: one builder, look-ups in the newest snapshot. Confined to one thread.
final class WorkerEngine {
    private let loader: SnapshotLoader
    private let decompressor = ZstdDecompressor()
    private var settings = Settings()
    private var builder: SegmentBuilder
    /// The snapshot of the last look-up and what it found: the losers of the kills that follow.
    private var lookedUp: (snapshot: SnapshotReader, found: [ArticleKey: LiveVersion])?

    /// The builder's own estimate never refuses; sealing is the machine's decision.
    static let memoryBudgetBytes = 512 << 20

    init(_ bucket: any Bucket) {
        loader = SnapshotLoader(bucket)
        builder = SegmentBuilder(settings: settings, memoryBudgetBytes: Self.memoryBudgetBytes)
    }

    func use(_ settings: Settings) {
        self.settings = settings
        discard()
    }

    func discard() {
        builder = SegmentBuilder(settings: settings, memoryBudgetBytes: Self.memoryBudgetBytes)
        lookedUp = nil
    }

    func index(_ article: LoggedArticle) throws {
        let record = try decompressor.decompress(article.frame, atMost: Limits.recordBytes)
        guard record.count == Int(article.recordBytes) else {
            throw EngineError(
                .corrupt, "the record of \(article.key.hex) has \(record.count) bytes, \(article.recordBytes) expected")
        }
        _ = try builder.add(key: article.key, version: article.version, record: record, frame: article.frame)
    }

    /// The live version of each key in the newest snapshot and the own segments it does not include.
    func lookUp(
        _ keys: [ArticleKey], atLeast: Generation, own: [Worker.Own]
    ) throws -> (found: [Worker.Found?], generation: Generation, notIncluded: [Worker.Own]) {
        let loaded = try loader.newest()
        let generation = loaded?.manifest.generation ?? .none
        guard generation >= atLeast else {
            throw EngineError(
                .io, "the store shows generation \(generation.number), but \(atLeast.number) was published")
        }
        let left = loaded.map { loaded in own.filter { !$0.isIncluded(in: loaded.manifest) } } ?? own
        let references = (loaded?.segments ?? []) + left.map(\.segment)
        loader.forget(except: references)
        let snapshot = try loader.open(references, settingsHash: settings.hash)
        let live = try snapshot.lookup(keys: keys)
        var found: [ArticleKey: LiveVersion] = [:]
        for version in live { if let version { found[version.key] = version } }
        lookedUp = (snapshot, found)
        return (
            live.map { $0.map { Worker.Found(version: $0.version, orderTime: $0.orderTime, source: $0.source ?? "") } },
            generation, left
        )
    }

    func build(dropped: [Int], kills: [Kill]) throws -> BuiltSegment {
        for ordinal in dropped { builder.drop(ordinal) }
        var losers: [KilledDocument] = []
        for kill in kills {
            guard let (snapshot, found) = lookedUp, let live = found[kill.key], live.version == kill.version else {
                throw EngineError(.mismatch, "the loser \(kill.key.hex) was not looked up")
            }
            let records = try snapshot.segments[live.segment].records([live.ordinal])
            losers.append(KilledDocument(kill: kill, record: records[0]))
        }
        lookedUp = nil
        return try builder.seal(kills: losers)
    }
}
