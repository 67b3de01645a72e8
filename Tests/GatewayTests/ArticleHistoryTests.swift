import Engine
import Gateway
import HostIO
import News
import Storage
import Testing

@Suite("article history") struct ArticleHistoryTests {
    private func history(_ text: String, _ store: SampleStore) throws -> ArticleHistory {
        let holder = try SnapshotHolder(store.bucket)
        try holder.refresh()
        return try ArticleHistory(of: ArticleAddress(text), in: holder.newest, holder.loader)
    }

    @Test("each arrival is told with what became of it")
    func fates() throws {
        let store = SampleStore()
        let first = SampleStore.article(1, headline: "Talks begin", body: "Ministers met.")
        let second = SampleStore.article(1, headline: "Talks end", body: "Ministers left.", revision: 1)
        let third = SampleStore.article(1, headline: "Talks resume", body: "Again.", revision: 2)
        try store.publish([first, SampleStore.article(2, headline: "Other", body: "Text.")])
        try store.publish([second, second, first])
        store.log([third.entry], lane: .bulk)
        let told = try history("https://news.example/1#part", store)
        #expect(told.live?.version == second.version && told.isWhole)
        #expect(
            told.events.compactMap(\.fate) == [
                .superseded(by: second.version), .live, .duplicate, .duplicate,
                .pending(watermark: store.manifest.watermarks[0]),
            ])
        #expect(told.events.last?.lane == .bulk)
        #expect(told.text.contains("pending"))
    }

    @Test("who asks for another form of an article's address is told the one that is live")
    func copies() throws {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Talks begin", body: "Ministers met.")])
        let holder = try SnapshotHolder(store.bucket)
        try holder.refresh()
        for form in ["http://www.news.example/1", "https://m.news.example/1/amp?ref=front", "https://news.example/1/"] {
            let failure = #expect(throws: Failure.self) {
                try holder.newest.article(at: ArticleAddress(form))
            }
            #expect(
                failure?.code == .notFound
                    && failure?.message.hasSuffix("; but there is https://news.example/1") ?? false)
        }
        #expect(
            try holder.newest.article(at: ArticleAddress("https://news.example/1#part")).article.headline
                == "Talks begin")
        for none in ["https://news.example/other", String(repeating: "a", count: 32)] {
            let failure = #expect(throws: Failure.self) { try holder.newest.article(at: ArticleAddress(none)) }
            #expect(failure?.message.contains("but there is") == false)
        }
    }

    @Test("a rejected input is found by its place")
    func rejections() throws {
        let store = SampleStore()
        let rejection = Rejection(
            reason: .empty, source: "The Courier", place: "news.ndjson:17", detail: "neither headline nor body")
        try store.publish([SampleStore.article(1, headline: "A", body: "B")], rejections: [rejection])
        for name in ["news.ndjson:17", "news.ndjson"] {
            let told = try history(name, store)
            #expect(told.events.map(\.fate) == [.rejected(.empty)])
        }
        #expect(try history("news.ndjson:1", store).events.isEmpty)
    }

    @Test("what came in an object of the log that was emptied is told as before, without its text")
    func emptied() throws {
        let store = SampleStore()
        let other = SampleStore.article(2, headline: "Other", body: "Text.")
        let gone = SampleStore.article(1, headline: "Scandal", body: "What was said.")
        try store.publish([gone, other])
        try store.publish([other], retract: [gone.key])
        let names = ["https://news.example/1", "https://news.example/2"]
        let before = try names.map { try history($0, store) }
        #expect(try before[1].versions().count == 2)
        let log = ObjectName.log(Term(1), 1)
        let stub = try LogObject(decoding: store.bytes(log)).erased
        _ = store.bucket.perform(.put(name: log, bytes: stub.encoded))
        for (name, known) in zip(names, before) {
            let told = try history(name, store)
            #expect(told.text == known.text)
            #expect(told.events.map(\.fate) == known.events.map(\.fate) && told.horizon == known.horizon)
        }
        #expect(try history(names[0], store).versions().isEmpty)
        #expect(try history(names[1], store).versions().count == 1)
    }

    @Test("objects behind the end of a term are void")
    func ends() throws {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "A", body: "B")])
        store.log([SampleStore.article(3, headline: "Late", body: "Void").entry])
        let term = TermObject(term: Term(2), instance: Instance(5), address: "")
        let first = LogObject(
            term: Term(2), number: 0, instance: Instance(5), acceptedAt: Timestamp(seconds: 1_600_000_000),
            ends: [LogObject.TermEnd(term: Term(1), objectCount: 2)])
        _ = store.bucket.perform(.create(name: ObjectName.term(Term(2)), bytes: term.encoded))
        #expect(try history("https://news.example/3", store).events.count == 1)
        _ = store.bucket.perform(.create(name: first.name, bytes: first.encoded))
        #expect(try history("https://news.example/3", store).events.isEmpty)
        #expect(try history("https://news.example/1", store).events.count == 1)
    }
}
