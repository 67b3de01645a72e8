import ByteCoding
import Engine
import Gateway
import HostIO
import News
import Roles
import Storage
import Testing

/// Sound objects under the wrong names, and objects that are gone: an error, never an answer.
@Suite("exchanged and missing objects") struct ExchangedObjectTests {
    private func store() throws -> SampleStore {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Talks begin", body: "Ministers met.")])
        try store.publish([SampleStore.article(2, headline: "Harbour reopens", body: "Ships returned.")])
        try store.publish([SampleStore.article(3, headline: "Bridge closed", body: "For repairs.")])
        return store
    }

    private func exchange(_ one: String, _ other: String, in store: SampleStore) {
        let (first, second) = (store.bytes(one), store.bytes(other))
        _ = store.bucket.perform(.put(name: one, bytes: second))
        _ = store.bucket.perform(.put(name: other, bytes: first))
    }

    private func history(in store: SampleStore) throws -> ArticleHistory {
        let holder = try SnapshotHolder(store.bucket)
        try holder.refresh()
        return try ArticleHistory(of: ArticleAddress("https://news.example/1"), in: holder.newest, holder.loader)
    }

    private func failure(_ body: () throws -> Void) -> Failure? {
        do {
            try body()
            return nil
        } catch { return Failure(error) }
    }

    @Test("a query on exchanged manifests ends with an error, and does not look for a newer one for ever")
    func manifests() throws {
        let store = try store()
        exchange(ObjectName.manifest(Generation(3)), ObjectName.manifest(Generation(1)), in: store)
        let failure = failure { _ = try SnapshotHolder(store.bucket).refresh() }
        #expect(failure?.exitStatus == 4)
        #expect(failure?.message.contains(ObjectName.manifest(Generation(3))) == true)
    }

    @Test("a query on exchanged segments ends with an error")
    func segments() throws {
        let store = try store()
        let names = store.names.filter { $0.hasPrefix("segments/") }
        exchange(names[0], names[1], in: store)
        #expect(failure { _ = try SnapshotHolder(store.bucket).refresh() }?.exitStatus == 4)
    }

    @Test("a segment that is named and gone is corruption of the store, not a passing failure")
    func missingSegment() throws {
        let store = try store()
        let name = try #require(store.names.first { $0.hasPrefix("segments/") })
        _ = store.bucket.perform(.delete(name: name))
        let failure = failure { _ = try SnapshotHolder(store.bucket).refresh() }
        #expect(failure?.exitStatus == 4)
        #expect(failure?.message.contains(name) == true)
    }

    @Test(
        "a kill without a loser: a gateway does not take the snapshot, one question ends with an error, verify names it"
    )
    func killWithoutLoser() throws {
        let store = try store()
        let holder = try SnapshotHolder(store.bucket)
        try holder.refresh()
        let sound = holder.newest.generation
        try store.publishKill(of: SampleStore.article(2, headline: "Harbour", body: "Never there."))
        let unsound = store.manifest.generation
        #expect(failure { try holder.refresh() }?.exitStatus == 4)
        #expect(holder.newest.generation == sound)
        let question = try SnapshotHolder(store.bucket)
        try question.refresh(isForOneQuestion: true)
        #expect(question.newest.generation == unsound)
        let request = SearchRequest(query: try QueryParser.parse("talks"))
        #expect(failure { _ = try question.newest.searcher.search(request) }?.exitStatus == 4)
        // Also when it is no longer the newest.
        for generation in [unsound, unsound.next] {
            if generation != unsound {
                try store.publish([SampleStore.article(4, headline: "Road opened", body: "At last.")])
            }
            var verifier = StoreVerifier(store.bucket)
            let findings = try verifier.run().findings
            #expect(
                findings.contains { $0.object == ObjectName.manifest(unsound) || $0.message.contains("has no loser") })
        }
    }

    @Test("state under another state's name is refused")
    func state() throws {
        let store = try store()
        let loader = SnapshotLoader(store.bucket)
        var other = ClusterState()
        other.apply(.feed(FeedChange(operation: .add, url: "https://news.example/other", intervalSeconds: 60)))
        let name = try #require(store.manifest.state[.feeds]).name(in: "state")
        _ = store.bucket.perform(.put(name: name, bytes: other.encoded(.feeds)))
        #expect(failure { _ = try loader.state(of: store.manifest) }?.exitStatus == 4)
    }

    @Test("a history on exchanged log objects is an error, not another history")
    func log() throws {
        let store = try store()
        exchange(ObjectName.log(Term(1), 1), ObjectName.log(Term(1), 2), in: store)
        #expect(failure { _ = try history(in: store) }?.exitStatus == 4)
    }

    @Test("a history with a hole in the log is an error, wherever the hole is", arguments: [UInt64(2), 3])
    func hole(_ number: UInt64) throws {
        let store = try store()
        #expect(try history(in: store).events.count == 1)
        _ = store.bucket.perform(.delete(name: ObjectName.log(Term(1), number)))
        #expect(failure { _ = try history(in: store) }?.exitStatus == 4)
    }

    @Test("a history is told from what is kept when older objects were collected")
    func collected() throws {
        let store = try store()
        for number in UInt64(0)...1 { _ = store.bucket.perform(.delete(name: ObjectName.log(Term(1), number))) }
        let told = try history(in: store)
        #expect(told.events.isEmpty && !told.isWhole)
    }
}
