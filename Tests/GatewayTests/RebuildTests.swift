import Gateway
import HostIO
import News
import Roles
import Storage
import Testing

@Suite struct RebuildTests {
    private func rebuild(_ store: SampleStore) throws -> RebuildReport {
        let loader = SnapshotLoader(store.bucket)
        let holder = try WriterTerm(after: store.term, instance: Instance(5), loader: loader)
        var rebuild = SnapshotRebuild(
            loader, holder: holder, now: Timestamp(seconds: 1_600_000_000),
            empty: Manifest(settings: Settings(), sharding: Sharding(shardCount: 2, secret: 9)))
        return try rebuild.run { _ in }
    }

    /// An older generation whose log was emptied since knows nothing of what else was in it.
    @Test("an older generation is not taken if the log behind it was emptied", arguments: [false, true])
    func erasedLog(isErased: Bool) throws {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna.")])
        let gone = SampleStore.article(3, headline: "Scandal", body: "What was said of a minister.")
        let both = [gone, SampleStore.article(4, headline: "Harbour reopens", body: "Ships returned at dawn.")]
        try store.publish(both)
        try store.publish([], retract: [gone.key])
        let log = ObjectName.log(Term(1), 2)
        if isErased {
            let stub = try LogObject(decoding: store.bytes(log)).erased
            _ = store.bucket.perform(.put(name: log, bytes: stub.encoded))
        }
        // Lost: all but the first generation.
        for number in [2, 3] {
            _ = store.bucket.perform(.delete(name: ObjectName.manifest(Generation(UInt64(number)))))
        }
        let report = try rebuild(store)
        guard isErased else {
            #expect(report.way == .generation(Generation(1)))
            return
        }
        #expect(report.way == .anew)
        // The second article lives in its segment, the first too; the retracted one nowhere.
        #expect(report.foundCount == 2 && report.copiedFromSegments == 1, "\(report.text)")
    }

    @Test("a retraction that stood in an object of the log that was emptied since is known to a rebuild")
    func retractionInEmptied() throws {
        let store = SampleStore()
        let first = SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna.")
        let second = SampleStore.article(3, headline: "Scandal", body: "What was said of a minister.")
        let third = SampleStore.article(4, headline: "Harbour reopens", body: "Ships returned at dawn.")
        try store.publish([first, third])
        try store.publish([second], retract: [first.key])
        try store.publish([], retract: [second.key])
        let log = ObjectName.log(Term(1), 2)
        let stub = try LogObject(decoding: store.bytes(log)).erased
        _ = store.bucket.perform(.put(name: log, bytes: stub.encoded))
        for name in store.names where name.hasPrefix("manifests/") || name.hasPrefix("state/") {
            _ = store.bucket.perform(.delete(name: name))
        }
        let report = try rebuild(store)
        // Only the third is left; both others are in segments still.
        #expect(report.way == .anew && report.foundCount == 1, "\(report.text)")
    }

    /// Loses all objects that begin so, and makes a manifest again.
    private func rebuildAnew(
        _ store: SampleStore, without prefix: String
    ) throws -> (report: RebuildReport, manifest: Manifest) {
        for name in store.names where name.hasPrefix(prefix) { _ = store.bucket.perform(.delete(name: name)) }
        let report = try rebuild(store)
        #expect(report.way == .anew)
        let manifest = try #require(try SnapshotLoader(store.bucket).newest()).manifest
        #expect(manifest.generation == report.committed)
        var verifier = StoreVerifier(store.bucket)
        #expect(try verifier.run().findings == [])
        return (report, manifest)
    }

    @Test(
        "dead letters stay dead: none is copied, each is counted as one, whether it still has its text or was dropped")
    func deadLetters() throws {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna.")])
        let samples = (3...5).map { SampleStore.article($0, headline: "Poison \($0)", body: "It ended its worker.") }
        var letters: [DeadLetter] = []
        for sample in samples {
            let object = store.log([sample.entry])
            letters.append(
                DeadLetter(
                    position: Position(term: object.term, number: object.number, index: 0), hour: object.hour,
                    reason: "signal 11", article: try #require(sample.entry.loggedArticle)))
        }
        store.log(letters.map { .deadLetter($0) })
        // One stays, one is dropped, one was asked for again.
        store.log([.dropped(letters[1].id)])
        store.log([.retried(letters[2].article)])

        let (report, manifest) = try rebuildAnew(store, without: "manifests/")
        #expect(report.foundCount == 2 && report.copiedFromLog == 2, "the first, and the one that came again")
        let loader = SnapshotLoader(store.bucket)
        let state = try loader.state(of: manifest)
        #expect(Set(state.deadLetters.keys) == [letters[0].id, letters[1].id])
        #expect(state.deadLetters[letters[0].id]?.isTextThere == true)
        #expect(state.deadLetters[letters[1].id]?.isTextThere == false)
        #expect(manifest.sums[.deadLettered] == 2 && manifest.sums.received == 2)
    }

    @Test("what is left of a term whose end is not told any more is void to a rebuild")
    func forgottenTerm() throws {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna.")])
        store.reign(5, forgets: true)
        try store.publish([SampleStore.article(2, headline: "Harbour reopens", body: "Ships returned at dawn.")])
        try store.publish([SampleStore.article(4, headline: "Harvest", body: "It was good.")])
        store.stray(Term(3), 7, [SampleStore.article(3, headline: "Void", body: "Never acknowledged.").entry])
        _ = store.bucket.perform(.delete(name: ObjectName.log(store.term, 0)))
        _ = store.bucket.perform(.delete(name: store.manifest.name))
        #expect(try rebuild(store).way == .generation(Generation(3)))
        let manifest = try #require(try SnapshotLoader(store.bucket).newest()).manifest
        #expect(manifest.ends.map(\.term) == [Term(1), store.term])
    }

    @Test("a generation is not taken if the ends of the log behind it are not told any more")
    func forgottenEnds() throws {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna.")])
        try store.publish([SampleStore.article(2, headline: "Harbour reopens", body: "Ships returned at dawn.")])
        store.reign(5, forgets: true)
        for name in store.names where name.hasPrefix("log/\(String(repeating: "0", count: 15))1/") {
            _ = store.bucket.perform(.delete(name: name))
        }
        var manifest = store.manifest
        manifest.ends = []
        _ = store.bucket.perform(.put(name: manifest.name, bytes: manifest.encoded))
        let first = LogObject(
            term: store.term, number: 0, instance: Instance(9), acceptedAt: Timestamp(milliseconds: 0))
        _ = store.bucket.perform(.put(name: first.name, bytes: first.encoded))
        // Only the first generation is whole; the log that led on from it is collected.
        _ = store.bucket.perform(.delete(name: try #require(store.segments.last).objectName))
        let report = try rebuild(store)
        #expect(report.way == .anew && report.foundCount == 1, "\(report.text)")
    }

    @Test("pending articles that the log has no more are counted as lost, and an absent log is never whole")
    func lostPending() throws {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna.")])
        let coming = (2...4).map { SampleStore.article($0, headline: "Harbour \($0)", body: "Ships returned.") }
        let object = store.log(coming.map(\.entry))
        var manifest = store.manifest
        manifest.foldedTo = object.endPosition
        manifest.sums.received += 3
        _ = store.bucket.perform(.put(name: manifest.name, bytes: manifest.encoded))
        for name in store.names where name.hasPrefix("log/") { _ = store.bucket.perform(.delete(name: name)) }
        let report = try rebuild(store)
        #expect(report.knownReceived == 4 && report.knownPending == 3 && report.lostPending == 3)
        #expect(!report.hasLastLog && !report.text.contains("whole"), "\(report.text)")
        #expect(report.text.contains("counted 4 received, 3 of them pending: the log has 0 of these, 3 are lost"))
    }

    @Test("a ledger of thousands of rows is written as objects again, and says the same")
    func manyRows() throws {
        let store = SampleStore()
        let sources = 3000
        let samples = (0..<sources).map {
            SampleStore.article(
                $0, headline: "Talks \($0)", body: "They met.", source: "Paper \($0)", day: Int64($0 % 90))
        }
        try store.publish(samples)
        try store.publish([
            SampleStore.article(0, headline: "Talks end", body: "They left.", source: "Paper 0", revision: 1)
        ])
        let (report, manifest) = try rebuildAnew(store, without: "segments/")
        #expect(report.baseCount == 0 && report.copiedFromLog == Int64(sources))
        #expect(manifest.ledgerIndex != nil && manifest.ledgerTail.count == 0)
        let rows = try SnapshotLoader(store.bucket).ledger(of: manifest)
        let bySource = Dictionary(grouping: rows.sorted, by: \.key.source)
        for number in 0..<sources {
            let sums = bySource["Paper \(number)"]?.map(\.sums) ?? []
            #expect(sums.reduce(0) { $0 + $1[.published] } == 1, "of source \(number)")
            #expect(sums.reduce(0) { $0 + $1[.superseded] } == (number == 0 ? 1 : 0))
        }
        // What is copied counts as received anew, when a coordinator reads it.
        let all = rows.sorted.map(\.sums)
        #expect(all.reduce(0) { $0 + $1.pending } == 0)
        #expect(all.reduce(0) { $0 + $1[.published] } == 0)
    }
}
