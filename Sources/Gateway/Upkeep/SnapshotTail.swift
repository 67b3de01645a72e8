import ByteCoding
import Extraction
package import News
package import Roles
import Storage

/// What changed from generation to generation, as lines of JSON, in order.
///
/// Guarantees
/// 1. Each generation that is still kept is one step; generations that are not kept are told together with the next one
///    that is, and `onGap` is called. Merges and compactions change no article, so they give no line.
/// 2. Every line says in `resume` from which generation to go on after it: the one before its own, until the last line of a
///    generation, which says its own. Whoever goes on there misses nothing and sees at most one step again.
/// 3. The changes of a step add up to the difference of the set digests, or it fails.
///
/// Memory: the open segments of two generations, however many it passes, and what `SnapshotDiff` holds.
package final class SnapshotTail {
    /// Up to here everything was told.
    package private(set) var generation: Generation
    private let loader: SnapshotLoader
    private let hasArticles: Bool
    private var last: LoadedManifest?

    /// - Parameters:
    ///   - start: the generation whose successors are told; 0 is the empty snapshot, nil the newest.
    ///   - hasArticles: whether lines hold the whole article.
    /// - Throws: `Failure` `.gone` if it is not kept: what changed since cannot be known.
    package init(_ loader: SnapshotLoader, from start: Generation?, hasArticles: Bool) throws {
        self.loader = loader
        self.hasArticles = hasArticles
        let newest = try loader.newest()
        generation = start ?? newest?.manifest.generation ?? .none
        guard generation != .none else { return }
        let top = newest?.manifest.generation ?? .none
        guard generation <= top else {
            throw Failure(.notFound, "generation \(generation.number) is not there yet; the newest is \(top.number)")
        }
        last = generation == top ? newest : try loader.manifest(generation)
        guard last == nil else { return }
        let next = newest?.manifest.kept.runs.first { $0.last > generation }.map { max($0.first, generation.next) }
        let first = (next ?? top).number
        throw Failure(
            .gone,
            "generation \(generation.number) is not kept any more, so what changed since it cannot be told exactly",
            hint: "take generation \(first) whole with: coranto snapshot export --as-of \(first), and go on with: "
                + "coranto tail --from \(first)")
    }

    /// Tells everything up to the newest generation.
    ///
    /// - Parameters:
    ///   - onGap: told of generations between the two that are not kept.
    ///   - write: takes a line with its end.
    package func advance(
        onGap: (_ after: Generation, _ to: Generation) -> Void, write: ([UInt8]) throws -> Void
    ) throws {
        guard let newest = try loader.newest(), newest.manifest.generation > generation else { return }
        let top = newest.manifest.generation
        for next in newest.manifest.kept.generations where next > generation {
            // Collected meanwhile: told with the next.
            guard let loaded = try loader.manifest(next) else { continue }
            try step(to: loaded, onGap, write)
        }
        guard top > generation else { return }
        try step(to: newest, onGap, write)
    }

    private func step(
        to next: LoadedManifest, _ onGap: (Generation, Generation) -> Void, _ write: ([UInt8]) throws -> Void
    ) throws {
        let since = generation
        let own = next.manifest.generation
        if own != since.next { onGap(since, own) }
        var diff = SnapshotDiff(from: .init(last, loader), to: .init(next, loader))
        var held: SnapshotChange?
        try diff.run(readsArticles: true) { changes in
            for change in changes {
                if let held { try write(line(held, since, own, resume: since)) }
                held = change
            }
        }
        if let held { try write(line(held, since, own, resume: own)) }
        last = next
        generation = own
        // What only those before it named is not asked for again.
        loader.forget(except: next.segments)
    }

    private func line(
        _ change: SnapshotChange, _ since: Generation, _ own: Generation, resume: Generation
    ) -> [UInt8] {
        var out = JSONObjectWriter()
        out.member("generation", encoded: "\(own.number)")
        out.member("since", encoded: "\(since.number)")
        out.member("resume", encoded: "\(resume.number)")
        change.write(to: &out, isWhole: hasArticles)
        return out.finish() + [0x0A]
    }

    /// The last line: where to go on, also if nothing changed.
    package var end: [UInt8] {
        var out = JSONObjectWriter()
        out.member("generation", encoded: "\(generation.number)")
        out.member("resume", encoded: "\(generation.number)")
        out.member("change", "end")
        out.member("set_digest", last?.manifest.setDigest.hex)
        return out.finish() + [0x0A]
    }
}
