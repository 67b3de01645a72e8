import Gateway
import HostIO
import News
import Roles
import Storage
import Testing

@Suite("the log as far as it is kept") struct KeptLogTests {
    private func told(_ bucket: any Bucket) throws -> [String] {
        let loader = SnapshotLoader(bucket)
        let log = try KeptLog(loader, newest: try loader.newest())
        var names: [String] = []
        try log.forEachObject { names.append($0.name) }
        return names
    }

    private static let stray = SampleStore.article(7, headline: "Void", body: "Never acknowledged.")

    /// Two objects of term 1, then reigns that left nothing but the last.
    private func store(reigns: Int, forgets: Bool) throws -> SampleStore {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna.")])
        store.reign(reigns, forgets: forgets)
        store.log([SampleStore.article(2, headline: "Later", body: "Not published yet.").entry])
        return store
    }

    @Test("terms that left nothing cost nothing", arguments: [false, true])
    func manyTerms(forgets: Bool) throws {
        let store = try store(reigns: 500, forgets: forgets)
        let bucket = CountingBucket(store.bucket)
        let expected = [(Term(1), 0), (Term(1), 1), (Term(501), 0), (Term(501), 1)]
        #expect(try told(bucket) == expected.map { ObjectName.log($0, UInt64($1)) })
        let counts = bucket.counts
        #expect(counts.lists <= 4, "of manifests, and two or three of the log")
        #expect(counts.rounds < 30)
    }

    @Test("every term with objects is told, however many there are and however few LISTs it takes")
    func manyNames() throws {
        let store = try store(reigns: 1, forgets: false)
        for _ in 0..<600 {
            store.log([])
            store.log([])
            store.reign(1)
        }
        let bucket = CountingBucket(store.bucket)
        guard case .names(let names) = store.bucket.perform(.list(prefix: "log/", after: nil, limit: 10_000)) else {
            return
        }
        #expect(names.count > 1800)
        #expect(try told(bucket) == names)
        #expect(bucket.counts.lists <= 4)
    }

    @Test("an object of a term whose end the manifest tells no longer does not count")
    func forgotten() throws {
        let store = try store(reigns: 4, forgets: true)
        let expected = try told(store.bucket)
        for number in [UInt64(1), 2, 5] { store.stray(Term(3), number, [Self.stray.entry]) }
        #expect(try told(store.bucket) == expected)
        var verifier = StoreVerifier(store.bucket)
        #expect(try verifier.run().findings == [])
    }

    @Test("while a successor has not recorded where the log ends, it is told as far as it goes")
    func takeOver() throws {
        let store = try store(reigns: 2, forgets: true)
        let before = try told(store.bucket)
        let next = TermObject(term: Term(4), instance: Instance(11), address: "").encoded
        _ = store.bucket.perform(.put(name: ObjectName.term(Term(4)), bytes: next))
        let object = store.log([Self.stray.entry])
        #expect(object.term == Term(3))
        #expect(try told(store.bucket) == before + [object.name])
        // Once it has, what lies behind is void.
        let first = LogObject(
            term: Term(4), number: 0, instance: Instance(11), acceptedAt: Timestamp(milliseconds: 0),
            ends: [.init(term: Term(1), objectCount: 2), .init(term: Term(3), objectCount: 2)])
        _ = store.bucket.perform(.put(name: first.name, bytes: first.encoded))
        #expect(try told(store.bucket) == before + [first.name])
    }
}
