package import Engine
package import News
package import Roles
package import Storage
import Synchronization

/// A snapshot that can be asked, with the manifest that names it.
package struct OpenSnapshot: Sendable {
    /// Nil for the empty snapshot of a store that has none yet.
    package let loaded: LoadedManifest?
    package let reader: SnapshotReader

    package var generation: Generation { loaded?.manifest.generation ?? .none }
    package var searcher: Searcher { Searcher(reader, generation: generation) }
}

/// Holds the newest snapshot of a store, and finds older ones.
///
/// Guarantees
/// 1. The generation that `newest` gives never goes back.
/// 2. What a caller holds stays readable: a snapshot is only forgotten here, its readers and mappings live on with it.
/// Safe to use from several threads. `refresh` reads from the store: never on an event loop.
package final class SnapshotHolder: Sendable {
    package let loader: SnapshotLoader
    private let held: Mutex<OpenSnapshot>

    /// - Parameter cacheBytes: how much is kept of what questions read, on an object store.
    package init(_ bucket: any Bucket, rules: SnapshotLoader.Rules = .own, cacheBytes: Int = 0) throws {
        loader = SnapshotLoader(bucket, rules: rules, cache: .questions(cacheBytes))
        held = Mutex(OpenSnapshot(loaded: nil, reader: try SnapshotReader(segments: [], source: loader.source)))
    }

    package var newest: OpenSnapshot { held.withLock { $0 } }

    /// Looks for a newer manifest, and opens what it names.
    ///
    /// - Parameter isForOneQuestion: then which articles are dead is left to the question, which needs no round more for it.
    ///   Whoever answers many looks now, so that a snapshot with a kill that has no loser is not taken.
    /// - Returns: whether there was one. On an error the old snapshot stays.
    @discardableResult package func refresh(isForOneQuestion: Bool = false) throws -> Bool {
        let known = newest.generation
        guard let loaded = try loader.newest(), loaded.manifest.generation > known else { return false }
        let fresh = OpenSnapshot(loaded: loaded, reader: try loader.open(loaded))
        if !isForOneQuestion { _ = try fresh.reader.dead }
        held.withLock { held in
            if held.generation < fresh.generation { held = fresh }
        }
        loader.forget(except: loaded.segments)
        return true
    }

    /// The snapshot a question is about: of its `asOf`, else of its cursor, else the newest.
    package func snapshot(for question: SearchQuestion) throws -> OpenSnapshot {
        switch question.asOf {
        case .generation(let generation): return try snapshot(generation)
        case .time(let time):
            guard let loaded = try loader.manifest(asOf: time) else {
                throw Failure(
                    .gone, "no snapshot of that time is kept", hint: "coranto snapshot list shows those that are")
            }
            return try open(loaded)
        case nil:
            guard let after = question.after else { return newest }
            return try snapshot(SearchCursor(after).generation)
        }
    }

    /// - Throws: `Failure` `.gone` if the generation is not kept.
    package func snapshot(_ generation: Generation) throws -> OpenSnapshot {
        let newest = newest
        if newest.generation == generation { return newest }
        guard let loaded = try loader.manifest(generation) else {
            throw Failure(
                .gone, "generation \(generation.number) is not kept, or not there yet",
                hint: "the newest is \(newest.generation.number); coranto snapshot list shows those that are kept")
        }
        return try open(loaded)
    }

    private func open(_ loaded: LoadedManifest) throws -> OpenSnapshot {
        if loaded.manifest.generation == newest.generation { return newest }
        return OpenSnapshot(loaded: loaded, reader: try loader.open(loaded))
    }
}
