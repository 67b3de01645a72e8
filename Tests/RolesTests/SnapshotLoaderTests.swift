import ByteCoding
import Engine
import HostIO
import News
import Roles
import Storage
import Synchronization
import Testing

/// A bucket that tells what was asked of it.
private final class WatchedBucket: Bucket {
    let inner = MemoryBucket()
    let asked = Mutex<[String]>([])
    var location: String { inner.location }

    func perform(_ operation: BucketOperation) -> BucketResult {
        asked.withLock { $0.append(operation.name) }
        return inner.perform(operation)
    }

    func takeAsked() -> [String] {
        asked.withLock { asked in
            defer { asked = [] }
            return asked
        }
    }
}

@Suite struct SnapshotLoaderTests {
    private let bucket = WatchedBucket()
    private let clock = ManualClock()

    private final class ManualClock: Sendable {
        let milliseconds = Mutex<Int64>(1_000_000)
    }

    private var loader: SnapshotLoader {
        SnapshotLoader(bucket, milliseconds: { [clock] in clock.milliseconds.withLock { $0 } })
    }

    private func sleep(_ milliseconds: Int64) { clock.milliseconds.withLock { $0 += milliseconds } }

    private func put(_ number: UInt64, pages: [Manifest.Named] = [], kept: [UInt64] = []) {
        var manifest = Manifest(settings: Settings(), sharding: Sharding(shardCount: 1, secret: 1))
        manifest.generation = Generation(number)
        manifest.pages = pages
        manifest.writtenAt = Timestamp(seconds: Int64(number))
        manifest.kept = KeptGenerations(
            kept.map { number in
                let at = Timestamp(seconds: Int64(number))
                return .init(first: Generation(number), last: Generation(number), firstAt: at, lastAt: at)
            })
        _ = bucket.inner.perform(.put(name: manifest.name, bytes: manifest.encoded))
    }

    private func remove(_ number: UInt64) {
        _ = bucket.inner.perform(.delete(name: ObjectName.manifest(Generation(number))))
    }

    /// A page of one cell.
    private func page(_ seed: UInt8) -> Manifest.Named {
        let place = OrderKey(time: Timestamp(seconds: Int64(seed)), key: ArticleKey(source: "s", guid: "\(seed)"))
        let cell = SegmentReference(
            identity: SHA256.hash(of: [seed]), attempt: Attempt(term: Term(1), number: 1), kind: .cell, sizeBytes: 100,
            documentCount: 1, killCount: 0, recordBytes: 1, digest: .zero, span: OrderSpan(first: place, last: place))
        let bytes = ManifestPage(cells: [cell]).encoded
        let named = Manifest.Named(digest: SHA256.hash(of: bytes), attempt: Attempt(term: Term(1), number: 2))
        _ = bucket.inner.perform(.put(name: named.name(in: "pages"), bytes: bytes))
        return named
    }

    @Test("an empty bucket has no newest, and one that is there is found by one list")
    func first() throws {
        let loader = loader
        #expect(try loader.newest() == nil)
        put(3)
        _ = bucket.takeAsked()
        #expect(try loader.newest()?.manifest.generation == Generation(3))
        #expect(
            bucket.takeAsked() == [
                "manifests/", ObjectName.manifest(Generation(3)), ObjectName.manifest(Generation(4)),
            ])
        // Then by a look at the next number.
        #expect(try loader.newest()?.manifest.generation == Generation(3))
        #expect(bucket.takeAsked() == [ObjectName.manifest(Generation(4))])
        put(4)
        put(5)
        #expect(try loader.newest()?.manifest.generation == Generation(5))
    }

    @Test("who slept while the next number came and went finds the newest all the same")
    func slept() throws {
        let loader = loader
        put(3)
        #expect(try loader.newest()?.manifest.generation == Generation(3))
        // 3 stands for its hour, 4 was thinned out.
        put(6)
        sleep(7_200_000)
        #expect(try loader.newest()?.manifest.generation == Generation(6))
    }

    @Test("looking again and again does not keep a belief alive")
    func looking() throws {
        let loader = loader
        put(3)
        _ = try loader.newest()
        put(6)
        for _ in 0..<5 {
            sleep(3000)
            _ = try loader.newest()
        }
        #expect(try loader.newest()?.manifest.generation == Generation(6))
    }

    @Test("who knows that there is a newer one lists at once")
    func known() throws {
        let loader = loader
        put(3)
        _ = try loader.newest()
        // 4 and 5 are kept no more.
        put(6)
        #expect(try loader.newest()?.manifest.generation == Generation(3))
        #expect(try loader.newest(atLeast: Generation(5))?.manifest.generation == Generation(6))
        #expect(try loader.newest()?.manifest.generation == Generation(6))
        // What is said to be there and is not is for the caller to tell.
        #expect(try loader.newest(atLeast: Generation(9))?.manifest.generation == Generation(6))
    }

    @Test("a page that stays is read once")
    func pages() throws {
        let loader = loader
        let first = page(1)
        let second = page(2)
        put(3, pages: [first])
        #expect(try loader.newest()?.cells.count == 1)
        put(4, pages: [first, second])
        _ = bucket.takeAsked()
        let loaded = try #require(try loader.newest())
        #expect(loaded.cells.map(\.identity) == [1, 2].map { SHA256.hash(of: [UInt8($0)]) })
        #expect(bucket.takeAsked().filter { $0.hasPrefix("pages/") } == [second.name(in: "pages")])
    }

    @Test("a store that is empty or older than it was is away, whatever is asked; a list that lags is not")
    func away() throws {
        let loader = loader
        put(3)
        put(4, kept: [3])
        #expect(try loader.newest()?.manifest.generation == Generation(4))
        // Another disk is mounted there, or none.
        for others: [UInt64] in [[], [2]] {
            for number: UInt64 in [3, 4] { remove(number) }
            for number in others { put(number) }
            let asked = #expect(throws: BucketFailure.self) { try loader.manifest(Generation(3)) }
            #expect(asked?.kind == .passing)
            #expect(throws: BucketFailure.self) { try loader.manifest(asOf: Timestamp(seconds: 3)) }
            sleep(20_000)
            #expect(throws: BucketFailure.self) { try loader.newest() }
            for number in others { remove(number) }
            put(3)
            put(4, kept: [3])
        }
        #expect(try loader.newest()?.manifest.generation == Generation(4))
        #expect(try loader.manifest(Generation(3))?.manifest.generation == Generation(3))
        // Collected, and the newest keeps it no longer.
        remove(3)
        put(5)
        #expect(try loader.manifest(Generation(3)) == nil)
    }

    @Test("a manifest of a newer format is no damage: what writes there is to be used")
    func newerFormat() throws {
        var manifest = Manifest(settings: Settings(), sharding: Sharding(shardCount: 1, secret: 1))
        manifest.generation = Generation(1)
        var out = ByteWriter()
        out.raw(Array("CRNTMAN1".utf8) + manifest.encoded.dropFirst(8).dropLast(4))
        out.checksum()
        _ = bucket.inner.perform(.put(name: manifest.name, bytes: out.bytes))
        let error = #expect(throws: StoreError.self) { try loader.newest() }
        #expect(error?.code == .unsupported && error?.hint == "use the version of coranto that writes here")
        #expect(error?.message == "format version 1 of manifest; this program reads version 0")
    }

    @Test("how the store failed is told as it was")
    func failureKind() throws {
        let loader = SnapshotLoader(AwayBucket())
        #expect(throws: AwayBucket.failure) { try loader.newest() }
        #expect(throws: AwayBucket.failure) { try loader.bytes("pages/x") }
    }

    private final class AwayBucket: Bucket {
        static let failure = BucketFailure(.passing, name: "manifests/", message: "no answer")
        let location = "away"
        func perform(_ operation: BucketOperation) -> BucketResult { .failed(Self.failure) }
    }

    @Test("what a list names first and is always gone is told")
    func gone() throws {
        bucket.asked.withLock { $0 = [] }
        let ghost = GhostBucket()
        #expect(throws: StoreError.self) { try SnapshotLoader(ghost).newest() }
    }

    /// Lists what is not there.
    private final class GhostBucket: Bucket {
        let location = "ghost"
        func perform(_ operation: BucketOperation) -> BucketResult {
            if case .list = operation { return .names([ObjectName.manifest(Generation(3))]) }
            return .missing
        }
    }

    @Test("of cells opened for keys only so many are held, of overlays all; those held are not read again")
    func heldCells() throws {
        let attempt = Attempt(term: Term(1), number: 1)
        func segment(_ number: Int) throws -> BuiltSegment {
            var article = Article()
            article.guid = "\(number)"
            article.source = "s"
            article.headline = "headline \(number)"
            let record = CanonicalRecord.encode(article)
            let draft = SegmentDraft(memoryBudgetBytes: 1 << 20)
            try draft.index(
                LoggedArticle(
                    key: ArticleKey(source: "s", guid: "\(number)"),
                    version: CanonicalRecord.version(of: article, record: record),
                    orderTime: article.orderTime, source: "s", recordBytes: UInt32(record.count),
                    frame: ZstdCompressor(level: ZstdCompressor.frameLevel).compress(record)))
            return try draft.seal(dropped: [], kills: [])
        }
        func put(_ built: BuiltSegment) -> SegmentReference {
            let reference = built.reference(attempt: attempt)
            _ = bucket.inner.perform(.put(name: reference.objectName, bytes: built.bytes))
            return reference
        }
        let overlays = try (0..<3).map { put(try segment($0)) }
        var cells: [SegmentReference] = []
        for overlay in overlays {
            try SegmentMerger(settings: Settings(), source: BucketByteSource(bucket)).run([overlay], as: .cells) {
                cells.append(put($0))
            }
        }
        let size = try SegmentReader.open([cells[0]], for: .keys, source: BucketByteSource(bucket))[0].heldBytes
        func readAgain(_ keyBytes: Int?, _ purpose: SegmentReader.Purpose, _ references: [SegmentReference]) throws
            -> Int
        {
            let loader = SnapshotLoader(bucket, for: purpose, keyBytes: keyBytes)
            _ = try loader.readers(references)
            _ = bucket.takeAsked()
            #expect(try loader.readers(references).map(\.objectName) == references.map(\.objectName))
            return Set(bucket.takeAsked()).count
        }
        #expect(try readAgain(0, .keys, overlays) == 0)
        #expect(try readAgain(0, .keys, overlays + cells) == 3)
        #expect(try readAgain(2 * size + size / 2, .keys, cells + overlays) == 1)
        #expect(try readAgain(nil, .keys, cells + overlays) == 0)
        #expect(try readAgain(0, .search, cells) == 0)
    }
}
