import ByteCoding
import Gateway
import HostIO
import News
import Roles
import Storage
import Testing

@Suite struct UpgradeTests {
    private static let gone = SampleStore.article(3, headline: "Scandal", body: "What was said of a minister.")

    /// Three generations, with a superseded and a retracted article.
    private func makeStore() throws -> SampleStore {
        let store = SampleStore()
        try store.publish([
            SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna."), Self.gone,
        ])
        try store.publish([
            SampleStore.article(1, headline: "Talks end", body: "Ministers left Vienna.", revision: 1),
            SampleStore.article(4, headline: "Harbour reopens", body: "Ships returned at dawn."),
        ])
        try store.publish([], retract: [Self.gone.key])
        return store
    }

    private func holder(_ store: SampleStore) throws -> WriterTerm {
        let loader = SnapshotLoader(store.bucket)
        return try WriterTerm(after: WriterTerm.watch(loader).newest, instance: Instance(5), loader: loader)
    }

    @discardableResult
    private func upgrade(
        _ store: SampleStore, to settings: (Settings) -> Settings = { $0.renewed }
    ) throws -> UpgradeReport {
        let loader = SnapshotLoader(store.bucket)
        return try #require(try SnapshotUpgrade(loader, to: settings)).run(
            holder: holder(store), now: Timestamp(seconds: 1_600_000_000)
        ) { _, _ in }
    }

    /// Made by a version without stems.
    private func older(_ settings: Settings) -> Settings {
        var older = settings
        older.analyzerVersion = 1
        return older
    }

    private func newest(_ store: SampleStore) throws -> LoadedManifest {
        try #require(try SnapshotLoader(store.bucket).newest())
    }

    @Test(
        "the articles, counts, state and positions stay, and the cells are those of a store that was made by these rules"
    )
    func upgraded() throws {
        let store = try makeStore()
        let made = store.manifest
        try upgrade(store, to: older)
        let before = try newest(store).manifest
        #expect(before.settings.analyzerVersion == 1 && before.generation == made.generation.next)

        let report = try upgrade(store)
        let after = try newest(store)
        #expect(after.manifest.generation == report.committed && report.committed == before.generation.next)
        #expect(after.manifest.settings == Settings() && after.manifest.overlays.isEmpty)
        #expect(after.manifest.setDigest == made.setDigest && after.manifest.sums == made.sums)
        #expect(after.manifest.ledgerTail == made.ledgerTail && after.manifest.sharding == made.sharding)
        #expect(
            report.articleCount == 2 && report.text.contains("analyzer_version 1 -> \(Settings().analyzerVersion)"),
            "\(report.text)")
        let loader = SnapshotLoader(store.bucket)
        let state = try loader.state(of: after.manifest)
        #expect(state.retractions[Self.gone.key] != nil && state.feeds.count == 1)
        var verifier = StoreVerifier(store.bucket)
        #expect(try verifier.run().findings == [])

        let fresh = try makeStore()
        try fresh.merge(into: .cells)
        #expect(after.cells.map(\.identity) == fresh.segments.map(\.identity))
    }

    @Test("a store of other rules cannot be searched, its articles can be read, and the message says what to do")
    func refused() throws {
        let store = try makeStore()
        try upgrade(store, to: older)
        let error = #expect(throws: StoreError.self) { try SnapshotHolder(store.bucket).refresh() }
        #expect(error?.code == .unsupported && error?.description.contains("coranto snapshot upgrade") == true)
        let loaded = try newest(store)
        #expect(loaded.cells.reduce(0) { $0 + $1.documentCount } == 2)
    }

    @Test("what was acknowledged and is not published yet stays in the log, to be indexed by who reigns next")
    func pending() throws {
        let store = try makeStore()
        let waiting = store.log([
            SampleStore.article(5, headline: "Late", body: "It came after the snapshot.").entry
        ])
        try upgrade(store, to: older)
        try upgrade(store)
        let manifest = try newest(store).manifest
        #expect(manifest.coveredTo < waiting.endPosition && manifest.ends.first?.objectCount == waiting.number + 1)
        var verifier = StoreVerifier(store.bucket)
        #expect(try verifier.run().findings == [])
    }

    @Test("whoever lost its term while it wrote publishes nothing")
    func overtaken() throws {
        let store = try makeStore()
        try upgrade(store, to: older)
        let before = try newest(store).manifest
        let loader = SnapshotLoader(store.bucket)
        let slow = try holder(store)
        _ = try holder(store)
        #expect(throws: Failure.self) {
            try #require(try SnapshotUpgrade(loader)).run(holder: slow, now: Timestamp(seconds: 1_600_000_000)) {
                _, _ in
            }
        }
        #expect(try newest(store).manifest == before)
    }

    @Test("a log with a hole behind the snapshot is not passed over")
    func hole() throws {
        let store = try makeStore()
        let lost = store.log([SampleStore.article(5, headline: "Late", body: "It came after.").entry])
        store.log([SampleStore.article(6, headline: "Later", body: "It came last.").entry])
        _ = store.bucket.perform(.delete(name: lost.name))
        #expect(throws: Failure.self) { try upgrade(store, to: older) }
        #expect(try newest(store).manifest == store.manifest)
    }

    @Test("what is of these rules, or of a newer version's, is left alone")
    func nothingToDo() throws {
        let store = try makeStore()
        let loader = SnapshotLoader(store.bucket)
        #expect(try SnapshotUpgrade(loader) == nil)
        try upgrade(store) {
            var later = $0
            later.analyzerVersion += 1
            return later
        }
        let failure = #expect(throws: Failure.self) { try SnapshotUpgrade(loader) }
        #expect(failure?.description.contains("newer version") == true)
    }
}
