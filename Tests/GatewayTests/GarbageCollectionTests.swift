import ByteCoding
import Gateway
import HostIO
import News
import Roles
import Storage
import Synchronization
import Testing

@Suite struct GarbageCollectionTests {
    /// Stands where it is put, but for a millisecond each time it is read: nobody waits for it.
    private final class Clock: Sendable {
        private let now: Mutex<Moment>

        init(wall: Int64) { now = Mutex(Moment(milliseconds: 0, wall: Timestamp(seconds: wall))) }

        func pass(hours: Int64) {
            now.withLock { $0.wall = Timestamp(milliseconds: $0.wall.milliseconds + hours * 3_600_000) }
        }

        @Sendable func read() -> Moment {
            now.withLock { now in
                now.milliseconds += 1
                return now
            }
        }
    }

    private let orphan = "segments/\(String(repeating: "0", count: 64)).1-77"
    private let clock = Clock(wall: 1_500_000_000 + 40 * 86_400)

    /// Three generations of long ago, an orphan, and a coordinator that ended in order, or stands still.
    private func store(hasEnded: Bool = true) throws -> SampleStore {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna.")])
        try store.publish([SampleStore.article(1, headline: "Talks end", body: "Ministers left.", revision: 1)])
        try store.merge(into: .cells)
        let heartbeat = Heartbeat(counter: 3, address: "", hasEnded: hasEnded)
        for (name, bytes) in [(orphan, [1, 2, 3]), (ObjectName.heartbeat(Term(1)), heartbeat.encoded)] {
            #expect(store.bucket.perform(.put(name: name, bytes: bytes)) == .done)
        }
        return store
    }

    private func collection(_ store: SampleStore) -> GarbageCollection {
        GarbageCollection(SnapshotLoader(store.bucket), clock: clock.read)
    }

    private func expectSound(_ store: SampleStore, live: Int) throws {
        var verifier = StoreVerifier(store.bucket)
        let report = try verifier.run()
        // It is no segment.
        #expect(report.findings.filter { $0.object != orphan } == [] && report.liveDocumentCount == live)
    }

    @Test("what is told is what is done, now and after the grace time, and telling writes nothing")
    func tellsAndDoes() throws {
        let store = try store()
        let log = ["0", "1"].map { "log/0000000000000001/000000000000000\($0)" }
        for (hours, expected) in [(Int64(0), log), (25, [orphan])] {
            clock.pass(hours: hours)
            let before = store.names
            let told = try collection(store).tell()
            #expect(store.names == before)
            let going = Set(told.going.map(\.name))
            #expect(going.isSuperset(of: expected), "\(told.text)")
            let done = try collection(store).collect(instance: Instance(5))
            #expect(Set(done.going.map(\.name)) == going, "\(done.text)")
            #expect(
                Set(before).subtracting(store.names)
                    == going.union(before.filter { $0.hasPrefix("collection/") && !store.names.contains($0) }))
            try expectSound(store, live: 1)
        }
        #expect(!store.names.contains { $0.hasPrefix("segments/") && !store.segments.map(\.objectName).contains($0) })
        let nothing = try collection(store).tell()
        #expect(nothing.text.contains("would delete: "), "\(nothing.text)")
    }

    @Test("an orphan that waits is told with the time it goes; what a term that reigns wrote may be in use")
    func waits() throws {
        let ended = try collection(try store()).tell()
        let orphans = ended.staying.filter { $0.name == orphan }
        let until = Timestamp(milliseconds: clock.read().wall.milliseconds + 24 * 3_600_000)
        #expect(orphans.map(\.fate) == [.waits(until: until)] && orphans.map(\.sizeBytes) == [3])
        let alive = try store(hasEnded: false)
        #expect(try collection(alive).tell().staying.contains { $0.name == orphan && $0.fate == .unfinished })
        // But if it has recorded it as an orphan.
        var record = UnnamedObjects()
        _ = record.see(
            UnnamedObjects.mark(of: orphan), at: Timestamp(milliseconds: until.milliseconds - 48 * 3_600_000))
        #expect(alive.bucket.perform(.put(name: ObjectName.collection(Term(1)), bytes: record.encoded)) == .done)
        #expect(try collection(alive).tell().going.contains { $0.name == orphan })
    }

    @Test("a kept manifest that is damaged is named, and nothing is deleted")
    func damaged() throws {
        let store = SampleStore()
        for number in 1...3 {
            try store.publish([SampleStore.article(number, headline: "Talks \(number)", body: "Ministers met.")])
        }
        let clock = Clock(wall: 1_500_000_000 + 600)
        let name = ObjectName.manifest(Generation(2))
        let ended = Heartbeat(counter: 3, address: "", hasEnded: true).encoded
        #expect(store.bucket.perform(.put(name: ObjectName.heartbeat(Term(1)), bytes: ended)) == .done)
        #expect(store.bucket.perform(.put(name: name, bytes: [1, 2, 3])) == .done)
        let before = store.names
        let collection = GarbageCollection(SnapshotLoader(store.bucket), clock: clock.read)
        for attempt in [collection.tell, { try collection.collect(instance: Instance(5)) }] {
            let failure = #expect(throws: Failure.self) { try attempt() }
            #expect(failure?.code == .corrupt && failure?.message.contains(name) == true, "\(failure as Any)")
        }
        #expect(Set(store.names).isSuperset(of: before))
    }

    @Test("an overtaken collection deletes nothing more")
    func overtaken() throws {
        let store = try store()
        let bucket = Overtaking(store.bucket)
        let collection = GarbageCollection(SnapshotLoader(bucket), clock: clock.read)
        let failure = #expect(throws: Failure.self) { try collection.collect(instance: Instance(5)) }
        #expect(failure?.message.contains("has begun") == true, "\(failure as Any)")
        try expectSound(store, live: 1)
    }
}

/// Another begins term 3 as soon as something is to be deleted.
private struct Overtaking: Bucket {
    let bucket: MemoryBucket
    var location: String { bucket.location }

    init(_ bucket: MemoryBucket) { self.bucket = bucket }

    func perform(_ operation: BucketOperation) -> BucketResult {
        if case .list(let prefix, _, _) = operation, prefix == "manifests/",
            bucket.perform(.size(name: ObjectName.manifest(Generation(4)))) != .missing
        {
            let object = TermObject(term: Term(3), instance: Instance(8), address: "")
            _ = bucket.perform(.put(name: ObjectName.term(Term(3)), bytes: object.encoded))
        }
        if case .delete(let name) = operation {
            return .failed(BucketFailure(.lasting, name: name, message: "must not go"))
        }
        return bucket.perform(operation)
    }
}
