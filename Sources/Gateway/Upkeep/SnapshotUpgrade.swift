// Makes the newest snapshot again by the rules of this program (docs/manifest-format.md, section 8).
//
// Guarantees
// 1. Nothing becomes visible before the last write, the manifest; a crash before it leaves objects that nothing names.
// 2. The articles, the set digest, all counts, state and log positions stay. The cells are those of `snapshot compact` of a store that
//    was made by these rules.
// 3. Kept generations are given up: this program can neither be asked by their rules nor erase from their segments.

package import ByteCoding
import Engine
import Extraction
package import News
package import Roles
import Storage

/// What an upgrade changed.
package struct UpgradeReport: Sendable {
    package let from: Settings
    package let to: Settings
    package let committed: Generation
    package let articleCount: Int64
    package let cellCount: Int
    package let setDigest: Digest256
    /// Generations that were kept, and the one before.
    package let givenUpCount: Int

    package var text: String {
        """
        generation \(committed.number): \(articleCount) articles in \(cellCount) cells, set digest \(setDigest.hex)
        \(changes.joined(separator: ", "))
        \(givenUpCount) older generations are given up; what they alone named goes with a collection a day from now

        """
    }

    package var json: [UInt8] {
        var out = JSONObjectWriter()
        out.member("generation", encoded: "\(committed.number)")
        out.member("articles", encoded: "\(articleCount)")
        out.member("cells", encoded: "\(cellCount)")
        out.member("set_digest", setDigest.hex)
        out.member("given_up", encoded: "\(givenUpCount)")
        out.member("changes", changes)
        return out.finish()
    }

    private var changes: [String] {
        zip(from.named, to.named).filter { $0.value != $1.value }.map { "\($0.name) \($0.value) -> \($1.value)" }
    }
}

package struct SnapshotUpgrade {
    private let loader: SnapshotLoader
    private let loaded: LoadedManifest
    private let settings: Settings

    /// What building a segment may take.
    private static let memoryBudgetBytes = 256 << 20

    /// nil if the newest snapshot is of these settings.
    ///
    /// - Parameters:
    ///   - loader: of any rules.
    ///   - settings: what to make of those of a snapshot.
    /// - Throws: `Failure` if there is no snapshot, or a newer version of the program made it.
    package init?(_ loader: SnapshotLoader, to settings: (Settings) -> Settings = { $0.renewed }) throws {
        guard let loaded = try loader.newest() else { throw Failure(.notFound, "the store has no snapshot yet") }
        let old = loaded.manifest.settings
        let new = settings(old)
        guard old != new else { return nil }
        guard old.analyzerVersion <= max(new.analyzerVersion, Settings().analyzerVersion) else {
            throw Failure(
                .failed,
                "analyzer version is \(old.analyzerVersion) in the bucket's settings, \(new.analyzerVersion) here: a newer version of "
                    + "coranto made it", hint: "use that one")
        }
        self.loader = loader
        self.loaded = loaded
        self.settings = new
    }

    /// - Parameters:
    ///   - holder: of a term that began after the snapshot was loaded, while no coordinator was at work.
    ///   - progress: told how many articles of how many are done.
    /// - Throws: `Failure` if the log is damaged or somebody published meanwhile; `EngineError`; what the store throws.
    package func run(
        holder: WriterTerm, now: Timestamp, progress: (Int64, Int64) -> Void
    ) throws -> UpgradeReport {
        let old = loaded.manifest
        guard try loader.newest()?.manifest.generation == old.generation else {
            throw Failure(.failed, "another snapshot was published meanwhile", hint: "run it again")
        }
        let log = try RebuildLog(
            before: holder.term, names: logNames(), isDamaged: { _ in false }, erased: [], known: old,
            reached: old.watermarks + [old.foldedTo], loader: loader)
        guard log.isWhole(from: old.coveredTo) else {
            throw Failure(
                .corrupt, "the log behind generation \(old.generation.number) is not whole",
                hint: "run snapshot verify and snapshot rebuild with the version of coranto that wrote it")
        }
        var writer = ManifestWriter(holder: holder, now: now)
        try writer.begin(ends: log.ends)
        var cells: [SegmentReference] = []
        let total = old.sums[.published]
        var done: Int64 = 0
        try Reindexer(loader.open(loaded), settings: settings, memoryBudgetBytes: Self.memoryBudgetBytes).run { built in
            let cell = built.reference(attempt: writer.attempt())
            try holder.create(cell.objectName, built.bytes)
            cells.append(cell)
            done += Int64(cell.documentCount)
            progress(done, total)
        }
        guard done == total, cells.reduce(Digest256.zero, { $0 &+ $1.digest }) == old.setDigest else {
            throw Failure(
                .corrupt,
                "generation \(old.generation.number) has \(total) articles of set digest \(old.setDigest.hex); \(done) were found",
                hint: "run: coranto snapshot verify")
        }
        var manifest = old
        manifest.settings = settings
        manifest.overlays = []
        manifest.pages = try writer.writePages(cells)
        manifest.kept = KeptGenerations()
        if old.coveredTo >= log.endPosition { writer.stand(&manifest) }
        manifest = try writer.commit(manifest, after: old.generation, ends: log.ends)
        return UpgradeReport(
            from: old.settings, to: settings, committed: manifest.generation, articleCount: done,
            cellCount: cells.count, setDigest: manifest.setDigest, givenUpCount: old.kept.count + 1)
    }

    private func logNames() throws -> [String] {
        var names: [String] = []
        while case .names(let page) = try loader.perform(.list(prefix: "log/", after: names.last, limit: 1000)),
            !page.isEmpty
        { names += page }
        return names.filter { !ObjectName.isForeign($0) }
    }
}
