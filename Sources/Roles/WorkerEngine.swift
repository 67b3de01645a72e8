import Cluster
import Engine
import News
import Storage

/// What a worker's machine asks of the engine, against the newest snapshot of a bucket. Confined to one thread.
final class WorkerEngine {
    private let loader: SnapshotLoader
    private let draft = SegmentDraft(memoryBudgetBytes: 512 << 20)

    init(_ bucket: any Bucket) { loader = SnapshotLoader(bucket, for: .keys) }

    var settings: Settings { draft.settings }

    func use(_ settings: Settings) { draft.use(settings) }

    func discard() { draft.discard() }

    func index(_ article: LoggedArticle) throws {
        Step.dieOf(article.key)
        try draft.index(article)
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
        let left = own.notIncluded(in: loaded?.manifest)
        let references = (loaded?.segments ?? []) + left.map(\.segment)
        loader.forget(except: references)
        let snapshot = try loader.open(references, settingsHash: draft.settings.hash)
        let found = try draft.lookUp(keys, in: snapshot).map {
            $0.map { Worker.Found(version: $0.version, orderTime: $0.orderTime, source: $0.source ?? "") }
        }
        return (found, generation, left)
    }

    func build(dropped: [Int], kills: [Kill]) throws -> BuiltSegment { try draft.seal(dropped: dropped, kills: kills) }
}
