import ByteCoding
import Gateway
import HostIO
import News
import Roles
import Storage
import Synchronization
import Testing

/// A store that was written by a cluster of its own for each ingest: a term each.
@Suite struct ManyTermsTests {
    private static let termCount: UInt64 = 300

    /// A bucket that counts what is asked of it.
    private final class CountingBucket: Bucket {
        let inner = MemoryBucket()
        let count = Mutex<Int>(0)
        var location: String { inner.location }

        func perform(_ operation: BucketOperation) -> BucketResult {
            count.withLock { $0 += 1 }
            return inner.perform(operation)
        }

        func takeCount() -> Int {
            count.withLock { count in
                defer { count = 0 }
                return count
            }
        }
    }

    /// The logs of the last terms but one are collected but for what a zombie wrote later; the manifest is of the last.
    private func store() -> CountingBucket {
        let bucket = CountingBucket()
        func put(_ name: String, _ bytes: [UInt8]) { _ = bucket.inner.perform(.create(name: name, bytes: bytes)) }
        func log(_ term: UInt64, _ number: UInt64, ends: [LogObject.TermEnd] = []) {
            let object = LogObject(
                term: Term(term), number: number, instance: Instance(term), acceptedAt: Timestamp(seconds: 1),
                ends: ends)
            put(object.name, object.encoded)
        }
        for term in 1...Self.termCount {
            put(
                ObjectName.term(Term(term)),
                TermObject(term: Term(term), instance: Instance(term), address: "").encoded)
        }
        let end = LogObject.TermEnd(term: Term(Self.termCount - 1), objectCount: 3)
        for number in UInt64(0)...2 { log(Self.termCount - 1, number) }
        log(17, 5)
        log(Self.termCount, 0, ends: [end])
        log(Self.termCount, 1)
        var manifest = Manifest(settings: Settings(), sharding: Sharding(shardCount: 1, secret: 1))
        manifest.generation = Generation(9)
        manifest.term = Term(Self.termCount)
        manifest.ends = [end]
        put(manifest.name, manifest.encoded)
        return bucket
    }

    @Test(
        "the log is read without a look at terms that have none left, and what a forgotten term has counts for nothing")
    func log() throws {
        let bucket = store()
        let loader = SnapshotLoader(bucket)
        let newest = try loader.newest()
        _ = bucket.takeCount()
        var names: [String] = []
        try KeptLog(loader, newest: newest).forEachObject { names.append($0.name) }
        let before = Term(Self.termCount - 1)
        #expect(
            names == (0...2).map { ObjectName.log(before, $0) }
                + (0...1).map { ObjectName.log(Term(Self.termCount), $0) })
        #expect(bucket.takeCount() < 50)
    }

    @Test("a store of many terms is sound without the ends of those that are forgotten")
    func verify() throws {
        var verifier = StoreVerifier(store())
        #expect(try verifier.run().findings == [])
    }

    @Test("a second backup asks little of the terms that the first copied")
    func backup() throws {
        let bucket = store()
        let copy = CountingBucket()
        var first = StoreBackup(from: bucket, to: copy)
        _ = try first.run()
        _ = (bucket.takeCount(), copy.takeCount())
        var second = StoreBackup(from: bucket, to: copy)
        let report = try second.run()
        #expect(report.copiedCount == 0 && report.presentCount > Int(Self.termCount))
        #expect(bucket.takeCount() + copy.takeCount() < 60)
        var verifier = StoreVerifier(copy)
        #expect(try verifier.run().findings == [])
    }
}
