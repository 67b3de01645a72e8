import ByteCoding
import Cluster
import News
import Storage
import Wire

func moment(_ milliseconds: Int64) -> Moment {
    Moment(milliseconds: milliseconds, wall: Timestamp(milliseconds: 1_700_000_000_000 + milliseconds))
}

func key(_ number: Int) -> ArticleKey { ArticleKey(source: "test", guid: "\(number)") }

func version(_ seconds: Int64) -> Version {
    let hash = SHA256.hash(of: [UInt8(truncatingIfNeeded: seconds)])
    return Version(firstSeen: Timestamp(seconds: seconds), extractorVersion: 0, contentHash: hash, recordHash: hash)
}

func article(_ number: Int, seen seconds: Int64 = 1, source: String = "paper", bytes: Int = 10) -> LogEntry {
    .article(logged(number, seen: seconds, source: source, bytes: bytes))
}

func logged(_ number: Int, seen seconds: Int64 = 1, source: String = "paper", bytes: Int = 10) -> LoggedArticle {
    LoggedArticle(
        key: key(number), version: version(seconds), orderTime: nil, source: source, recordBytes: UInt32(bytes),
        frame: [UInt8](repeating: 0, count: bytes))
}

func retraction(_ number: Int) -> LogEntry { .retraction(Retraction(key: key(number), url: "", reason: "r")) }

func emptyManifest(shardCount: UInt16 = 1) -> Manifest {
    Manifest(settings: Settings(), sharding: Sharding(shardCount: shardCount, secret: 1))
}

/// Object `number` of term 1 with one batch.
func object(_ number: UInt64, _ lane: Lane = .bulk, _ entries: [LogEntry]) -> LogObject {
    LogObject(
        term: Term(1), number: number, instance: Instance(1), acceptedAt: Timestamp(seconds: 3600),
        batches: [LogObject.Batch(client: "c", number: number, digest: .zero, lane: lane, entries: entries)])
}

func position(_ number: UInt64, _ index: UInt32 = 0) -> Position {
    Position(term: Term(1), number: number, index: index)
}

let bulk = ShardLane(Shard(0), .bulk)
let live = ShardLane(Shard(0), .live)

func epoch(_ counter: UInt64) -> ShardEpoch { ShardEpoch(term: Term(1), counter: counter) }

func segment(
    _ seed: UInt8, attempt: UInt64 = 1, digest: Digest256 = .zero, sizeBytes: UInt64 = 100, documents: UInt32 = 1,
    kills: UInt32 = 0
) -> SegmentReference {
    let place = OrderKey(time: nil, key: key(Int(seed)))
    return SegmentReference(
        identity: SHA256.hash(of: [seed]), attempt: Attempt(term: Term(1), number: attempt), kind: .overlay,
        sizeBytes: sizeBytes, documentCount: documents, killCount: kills, recordBytes: 0, digest: digest,
        span: documents > 0 ? OrderSpan(first: place, last: place) : nil)
}

/// Settings of other programs, as JOINED brings them.
let foreignSettings: [[UInt8]] = {
    var analyzer = Settings()
    analyzer.analyzerVersion += 1
    var keyRules = Settings()
    keyRules.keyRulesVersion += 1
    var zstd = Settings()
    zstd.zstdVersion += 1
    var level = Settings()
    level.zstdLevel = 0
    return [[], [1, 2, 3]] + [analyzer, keyRules, zstd, level].map(\.encoded)
}()
