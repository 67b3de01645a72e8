import ByteCoding
import Logging
import News
import Storage
import Synchronization
import Testing

@testable import HostIO
@testable import Roles

/// A bucket that can be away.
private final class LeavingBucket: Bucket {
    let inner = MemoryBucket()
    let isAway = Mutex(false)
    var location: String { "s3://harbour/news" }

    func perform(_ operation: BucketOperation) -> BucketResult {
        guard isAway.withLock({ $0 }) else { return inner.perform(operation) }
        return .failed(BucketFailure(.passing, name: operation.name, message: "nobody answers"))
    }
}

@Suite struct FeedListReaderTests {
    private let bucket = LeavingBucket()
    private let lines = KeepingHandler.Lines()

    private func put(_ number: UInt64, feeds: [String]) {
        var state = ClusterState()
        for url in feeds { state.feeds[url] = FeedChange(operation: .add, url: url, intervalSeconds: nil) }
        let bytes = state.encoded(.feeds)
        let named = Manifest.Named(digest: SHA256.hash(of: bytes), attempt: Attempt(term: Term(1), number: number))
        _ = bucket.inner.perform(.put(name: named.name(in: "state"), bytes: bytes))
        var manifest = Manifest(settings: Settings(), sharding: Sharding(shardCount: 1, secret: 1))
        manifest.generation = Generation(number)
        manifest.state = [.feeds: named]
        _ = bucket.inner.perform(.put(name: manifest.name, bytes: manifest.encoded))
    }

    @Test("a store that is away is told once, by its name, and the list is there again when it is")
    func away() async {
        let reader = FeedListReader(
            bucket, logger: Logger(label: "test", factory: { [lines] _ in KeepingHandler(lines: lines) }))
        func read(after known: Generation?) async -> FeedList? {
            await withCheckedContinuation { done in reader.read(after: known) { done.resume(returning: $0) } }
        }
        let empty = await read(after: nil)
        #expect(empty == nil)

        put(1, feeds: ["http://harbour.example/feed"])
        let first = await read(after: nil)
        #expect(first?.generation == Generation(1) && first?.feeds.keys.sorted() == ["http://harbour.example/feed"])
        let known = await read(after: Generation(1))
        #expect(known == nil && lines.texts.withLock { $0.isEmpty })

        bucket.isAway.withLock { $0 = true }
        put(2, feeds: ["http://harbour.example/feed", "http://mole.example/feed"])
        for _ in 0..<3 {
            let away = await read(after: Generation(1))
            #expect(away == nil)
        }
        let told = lines.texts.withLock { $0 }
        #expect(told.count == 1 && told.first?.hasPrefix("warning the store fails") ?? false)
        #expect(told.first?.contains("nobody answers store=s3://harbour/news") ?? false)

        bucket.isAway.withLock { $0 = false }
        let second = await read(after: Generation(1))
        #expect(second?.generation == Generation(2) && second?.feeds.count == 2)
        #expect(lines.texts.withLock { $0 }.dropFirst() == ["notice the list of feeds can be read again"])
    }
}
