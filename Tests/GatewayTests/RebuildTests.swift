import Gateway
import HostIO
import News
import Roles
import Storage
import Testing

@Suite struct RebuildTests {
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
        let loader = SnapshotLoader(store.bucket)
        let holder = try WriterTerm(after: Term(1), instance: Instance(5), loader: loader)
        var rebuild = SnapshotRebuild(
            loader, holder: holder, now: Timestamp(seconds: 1_600_000_000),
            empty: Manifest(settings: Settings(), sharding: Sharding(shardCount: 2, secret: 9)))
        let report = try rebuild.run { _ in }
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
        let loader = SnapshotLoader(store.bucket)
        let holder = try WriterTerm(after: Term(1), instance: Instance(5), loader: loader)
        var rebuild = SnapshotRebuild(
            loader, holder: holder, now: Timestamp(seconds: 1_600_000_000),
            empty: Manifest(settings: Settings(), sharding: Sharding(shardCount: 2, secret: 9)))
        let report = try rebuild.run { _ in }
        // Only the third is left; both others are in segments still.
        #expect(report.way == .anew && report.foundCount == 1, "\(report.text)")
    }
}
