import ByteCoding
import Gateway
import HostIO
import News
import Roles
import Storage
import Synchronization
import Testing

@Suite struct BackupTests {
    private let copy = MemoryBucket()

    private func store() throws -> SampleStore {
        let store = SampleStore()
        try store.publish([
            SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna."),
            SampleStore.article(2, headline: "Harbour reopens", body: "Ships returned at dawn."),
        ])
        try store.publish([SampleStore.article(1, headline: "Talks end", body: "Ministers left.", revision: 1)])
        return store
    }

    private func names(_ bucket: any Bucket) -> [String] {
        guard case .names(let names) = bucket.perform(.list(prefix: "", after: nil, limit: 1000)) else { return [] }
        return names
    }

    private func expectSound(_ store: SampleStore, live: Int) throws {
        var verifier = StoreVerifier(copy)
        let report = try verifier.run()
        #expect(report.findings == [])
        #expect(report.generation == store.manifest.generation && report.liveDocumentCount == live)
    }

    @Test("a copy is a sound store of the same snapshot and log; again only what is new is copied")
    func copies() throws {
        let store = try store()
        let tail = store.log([SampleStore.article(9, headline: "Later", body: "Not published yet.").entry])
        var backup = StoreBackup(from: store.bucket, to: copy)
        let first = try backup.run()
        #expect(first.generation == Generation(2) && first.setDigest == store.manifest.setDigest)
        #expect(names(copy) == store.names && first.copiedCount == store.names.count && first.presentCount == 0)
        #expect(names(copy).contains(tail.name))
        try expectSound(store, live: 2)
        try store.merge(into: .cells)
        backup = StoreBackup(from: store.bucket, to: copy)
        let second = try backup.run()
        #expect(second.copiedCount == store.names.count - first.copiedCount)
        #expect(names(copy) == store.names)
        try expectSound(store, live: 2)
        backup = StoreBackup(from: store.bucket, to: copy)
        #expect(try backup.run().copiedCount == 0)
    }

    @Test("terms that are in the copy cost nothing, others a round for many")
    func manyTerms() throws {
        let store = try store()
        store.reign(300)
        let (source, target) = (CountingBucket(store.bucket), CountingBucket(copy))
        var backup = StoreBackup(from: source, to: target)
        _ = try backup.run()
        try expectSound(store, live: 2)
        #expect(source.counts.rounds < 60)
        store.reign(1)
        backup = StoreBackup(from: source, to: target)
        let before = (source.counts.asked.count, target.counts.asked.count)
        let report = try backup.run()
        let asked = [source.counts.asked.dropFirst(before.0), target.counts.asked.dropFirst(before.1)]
            .map { names in names.filter { $0.hasPrefix("terms/") } }
        #expect(report.copiedCount == 4, "a term, the first object of its log, state, a manifest")
        // The last of the copy and the new one are read, and later ones looked for.
        #expect(asked[0].count == 3 && asked[1] == [ObjectName.term(Term(301))], "\(asked)")
        try expectSound(store, live: 2)
    }

    @Test("manifests that are collected while others are copied are in the copy")
    func collectedMeanwhile() throws {
        let store = try store()
        let (bucket, name) = (store.bucket, ObjectName.manifest(Generation(1)))
        let source = CountingBucket(bucket) { asked in
            if asked.hasPrefix("segments/") { _ = bucket.perform(.delete(name: name)) }
        }
        var backup = StoreBackup(from: source, to: copy)
        _ = try backup.run()
        #expect(!store.names.contains(name) && names(copy).contains(name))
        try expectSound(store, live: 2)
    }

    @Test("manifests that are there already are compared many at once, and one that differs is written again")
    func differingManifest() throws {
        let store = try store()
        for number in 3..<200 { try store.publish([SampleStore.article(number, headline: "More", body: "Words.")]) }
        var backup = StoreBackup(from: store.bucket, to: copy)
        _ = try backup.run()
        let name = ObjectName.manifest(Generation(7))
        let bytes = store.bytes(name)
        _ = copy.perform(.put(name: name, bytes: Array(bytes.dropLast())))
        let target = CountingBucket(copy)
        backup = StoreBackup(from: store.bucket, to: target)
        #expect(try backup.run().copiedCount == 1)
        #expect(copy.perform(.get(name: name, range: nil)) == .bytes(bytes))
        #expect(target.counts.asked.count { $0.hasPrefix("manifests/") } == 199)
        #expect(target.counts.rounds - target.counts.asked.count { $0.hasPrefix("log/") } < 20)
    }

    @Test("what the store keeps no longer goes from the copy when it is asked for")
    func prunes() throws {
        let store = try store()
        let stray = "segments/\(String(repeating: "0", count: 64)).1-77"
        _ = copy.perform(.create(name: stray, bytes: [1]))
        var backup = StoreBackup(from: store.bucket, to: copy)
        #expect(try backup.run().prunedCount == 0)
        #expect(names(copy).contains(stray))
        backup = StoreBackup(from: store.bucket, to: copy)
        #expect(try backup.run(prunes: true).prunedCount == 1)
        #expect(names(copy) == store.names)
    }

    @Test("a text that was erased from the log leaves the copy too")
    func erased() throws {
        let store = try store()
        var backup = StoreBackup(from: store.bucket, to: copy)
        _ = try backup.run()
        let name = ObjectName.log(Term(1), 1)
        let stub = try LogObject(decoding: store.bytes(name)).erased
        let whole = store.bytes(name)
        _ = store.bucket.perform(.put(name: name, bytes: stub.encoded))
        // Before the newer manifest is there the older one may need the whole object.
        try store.publish([SampleStore.article(5, headline: "Later", body: "Words.")])
        let breaking = BreakingBucket(writes: 0, over: copy)
        backup = StoreBackup(from: store.bucket, to: breaking)
        #expect(throws: BucketFailure.self) { try backup.run() }
        #expect(copy.perform(.get(name: name, range: nil)) == .bytes(whole))
        backup = StoreBackup(from: store.bucket, to: copy)
        _ = try backup.run()
        #expect(copy.perform(.get(name: name, range: nil)) == .bytes(stub.encoded))
    }

    @Test("a log object that was emptied behind the manifest that is copied is never taken for the log")
    func emptiedMeanwhile() throws {
        let store = try store()
        let article = SampleStore.article(9, headline: "Later", body: "Words.")
        let object = store.log([article.entry])
        _ = store.bucket.perform(.put(name: object.name, bytes: object.erased.encoded))
        var backup = StoreBackup(from: store.bucket, to: copy)
        #expect(throws: Failure.self) { try backup.run() }
        #expect(!names(copy).contains { $0.hasPrefix("manifests/") })
        // With the manifest that had to be there before it was emptied.
        try store.publish([article])
        backup = StoreBackup(from: store.bucket, to: copy)
        _ = try backup.run()
        try expectSound(store, live: 3)
    }

    @Test("a copy that breaks off anywhere leaves nothing or a whole store")
    func breaks() throws {
        let store = try store()
        var isWhole = false
        for limit in 0..<100 where !isWhole {
            let target = BreakingBucket(writes: limit)
            var backup = StoreBackup(from: store.bucket, to: target)
            do {
                _ = try backup.run()
                isWhole = true
            } catch is BucketFailure {}
            // That nothing is there is told in another way.
            guard !names(target.inner).isEmpty else { continue }
            var verifier = StoreVerifier(target.inner)
            let findings = try verifier.run().findings
            // A log without any manifest is told: it is no store yet.
            let hasManifest = names(target.inner).contains { $0.hasPrefix("manifests/") }
            if hasManifest { #expect(findings == [], "after \(limit) objects") }
        }
        #expect(isWhole)
    }

    @Test(
        "a damaged or missing object is told by name, and nothing of it is copied",
        arguments: ["segments/", "log/", "state/", "terms/", "manifests/"])
    func damage(_ folder: String) throws {
        for isMissing in [false, true] {
            let store = try store()
            let name = try #require(store.names.last { $0.hasPrefix(folder) })
            var bytes = store.bytes(name)
            bytes[bytes.count / 2] ^= 1
            _ = store.bucket.perform(isMissing ? .delete(name: name) : .put(name: name, bytes: bytes))
            let target = MemoryBucket()
            var backup = StoreBackup(from: store.bucket, to: target)
            do {
                _ = try backup.run()
                Issue.record("\(name) was copied")
            } catch {
                #expect("\(error)".contains(name), "\(error)")
            }
            #expect(!names(target).contains(name))
        }
    }

    @Test("a store in use, another store's copy and an older store are refused")
    func refusals() throws {
        let store = try store()
        var backup = StoreBackup(from: store.bucket, to: copy)
        _ = try backup.run()
        func refusal(_ source: any Bucket, _ target: any Bucket) -> String {
            var backup = StoreBackup(from: source, to: target)
            do {
                _ = try backup.run()
                return "none"
            } catch { return "\(error)" }
        }
        let older = SampleStore()
        try older.publish([SampleStore.article(1, headline: "Talks", body: "Begin.")])
        #expect(refusal(older.bucket, copy).contains("generation 2"))
        _ = older.bucket.perform(
            .put(
                name: ObjectName.term(Term(1)),
                bytes: TermObject(term: Term(1), instance: Instance(77), address: "").encoded))
        #expect(refusal(older.bucket, copy).contains("another store"))
        _ = copy.perform(
            .put(
                name: ObjectName.heartbeat(Term(1)),
                bytes: Heartbeat(counter: 1, address: "", hasEnded: false).encoded))
        #expect(refusal(store.bucket, copy).contains("in use"))
        #expect(refusal(MemoryBucket(), MemoryBucket()).contains("no snapshot"))
    }
}

/// Takes so many objects, and then none.
private final class BreakingBucket: Bucket {
    let inner: MemoryBucket
    let location = "breaking"
    private let left: Mutex<Int>

    init(writes: Int, over inner: MemoryBucket = MemoryBucket()) {
        left = Mutex(writes)
        self.inner = inner
    }

    func perform(_ operation: BucketOperation) -> BucketResult {
        if case .create(let name, _) = operation {
            let isLeft = left.withLock { left in
                left -= 1
                return left >= 0
            }
            if !isLeft { return .failed(BucketFailure(.full, name: name, message: "no space left")) }
        }
        return inner.perform(operation)
    }
}
