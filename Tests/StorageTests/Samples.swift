import ByteCoding
import Foundation
import News
import Storage
import Testing

extension LoggedArticle {
    /// As they stand in an encoded entry.
    var orderTimeBytes: [UInt8] {
        var out = ByteWriter()
        out.fixed(Timestamp.sortable(orderTime))
        return out.bytes
    }
}

/// The objects of the worked examples in docs/log-format.md and docs/manifest-format.md.
enum Sample {
    /// Canonical record of an article whose headline is "Hello".
    static let record: [UInt8] = [1, 7, 5] + Array("Hello".utf8)
    /// The record as a zstd frame with one raw block: valid, and the same with every version of the library.
    static let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 8, 0x41, 0, 0] + record

    static let key = ArticleKey(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
    static let otherKey = ArticleKey(high: 0x1112_1314_1516_1718, low: 0x191A_1B1C_1D1E_1F20)

    static var version: Version {
        var article = Article()
        article.headline = "Hello"
        return CanonicalRecord.version(of: article, record: record)
    }

    static let entries: [LogEntry] = [
        .article(
            LoggedArticle(
                key: key, version: version, orderTime: Timestamp(seconds: 1_000_000_000), source: "paper",
                recordBytes: UInt32(record.count), frame: frame)),
        .rejection(Rejection(reason: .empty, source: "paper", place: "a.ndjson:2", detail: "")),
        .retraction(Retraction(key: otherKey, url: "", reason: "court")),
        .feed(FeedChange(operation: .add, url: "https://a.example/rss", intervalSeconds: 60)),
    ]

    static let ends = LogObject(
        term: Term(2), number: 0, instance: Instance(0xA1B2_C3D4_E5F6_0718), acceptedAt: Timestamp(milliseconds: 0),
        ends: [LogObject.TermEnd(term: Term(1), objectCount: 5)])

    static let log = LogObject(
        term: Term(2), number: 1, instance: Instance(0xA1B2_C3D4_E5F6_0718),
        acceptedAt: Timestamp(seconds: 1_700_000_000),
        batches: [
            LogObject.Batch(
                client: "desk", number: 1, digest: SHA256.hash(of: Array("payload".utf8)), lane: .bulk, entries: entries
            )
        ])

    static let term = TermObject(term: Term(2), instance: Instance(0xA1B2_C3D4_E5F6_0718), address: "127.0.0.1:7070")
    static let heartbeat = Heartbeat(counter: 9, address: "127.0.0.1:7070", hasEnded: false)

    static let overlay = SegmentReference(
        identity: SHA256.hash(of: [1]), attempt: Attempt(term: Term(2), number: 3), kind: .overlay, sizeBytes: 4096,
        documentCount: 1, killCount: 0, recordBytes: 8, digest: version.digestTerm(of: key),
        span: OrderSpan(first: place, last: place))
    static let cell = SegmentReference(
        identity: SHA256.hash(of: [2]), attempt: Attempt(term: Term(1), number: 9), kind: .cell, sizeBytes: 8192,
        documentCount: 1, killCount: 0, recordBytes: 8, digest: version.digestTerm(of: otherKey),
        span: OrderSpan(first: undated, last: undated))
    private static let place = OrderKey(time: Timestamp(seconds: 1_000_000_000), key: key)
    private static let undated = OrderKey(time: nil, key: otherKey)

    static let page = ManifestPage(cells: [cell])

    /// A rule, what expired by it, and what was erased: an example of docs/log-format.md, section 9.
    static let retentionEntries: [LogEntry] = [
        .horizon(
            RetentionHorizon(
                source: "paper", time: Timestamp.sortable(Timestamp(seconds: 1_700_006_400)), ageDays: 90)),
        .expired(
            Expiration(
                key: key, through: version, horizon: Timestamp.sortable(Timestamp(seconds: 1_700_006_400)))),
        .erased(VersionBound(key: otherKey, through: .largest)),
    ]

    static let retention = LogObject(
        term: Term(2), number: 2, instance: Instance(0xA1B2_C3D4_E5F6_0718),
        acceptedAt: Timestamp(seconds: 1_700_000_000),
        batches: [
            LogObject.Batch(
                client: "", number: 9, digest: SHA256.hash(of: Array("payload".utf8)), lane: .live,
                entries: retentionEntries)
        ])

    /// The state after that, with a rule and an expiration.
    static let expiring: ClusterState = {
        var state = ClusterState()
        retention.forEachEntry { position, _, entry in state.apply(entry, at: position) }
        return state
    }()

    static let state: ClusterState = {
        var state = ClusterState()
        for entry in entries { state.apply(entry) }
        return state
    }()

    static let ledger: LedgerIndex = {
        var index = LedgerIndex()
        index.entries = [
            LedgerIndex.Entry(
                object: Manifest.Named(
                    digest: SHA256.hash(of: rows.encodedObject), attempt: Attempt(term: Term(2), number: 5)),
                rowCount: 1, firstHour: 472_222, lastHour: 472_222)
        ]
        return index
    }()

    static let rows: LedgerRows = {
        var rows = LedgerRows()
        rows.received(2, source: "paper", hour: 472_222)
        rows.add(1, of: .published, source: "paper", hour: 472_222)
        rows.add(1, of: .rejected, source: "paper", hour: 472_222)
        return rows
    }()

    static let unnamed: UnnamedObjects = {
        var unnamed = UnnamedObjects()
        for (name, seconds) in [(overlay.objectName, 1_700_000_000), (cell.objectName, 1_700_000_600)] {
            _ = unnamed.see(UnnamedObjects.mark(of: name), at: Timestamp(seconds: Int64(seconds)))
        }
        return unnamed
    }()

    static let manifest: Manifest = {
        var settings = Settings()
        settings.analyzerVersion = 1
        settings.keyRulesVersion = 1
        settings.cellTargetBytes = 64 << 20
        settings.zstdLevel = 3
        settings.zstdVersion = 10504
        settings.recordVersion = 1
        settings.stemmerChecksum = 0x0A0B_0C0D
        var manifest = Manifest(settings: settings, sharding: Sharding(shardCount: 2, secret: 7))
        manifest.generation = Generation(8)
        manifest.parent = Generation(7)
        manifest.term = Term(2)
        manifest.instance = Instance(0xA1B2_C3D4_E5F6_0718)
        manifest.writtenAt = Timestamp(seconds: 1_700_000_001)
        manifest.setDigest = overlay.digest &+ cell.digest
        manifest.sums.received = 3
        manifest.sums[.published] = 2
        manifest.sums[.rejected] = 1
        manifest.foldedTo = log.endPosition
        manifest.ends = ends.ends
        manifest.watermarks = Array(repeating: log.endPosition, count: 4)
        manifest[watermark: ShardLane(Shard(1), .bulk)] = Position(term: Term(1), number: 4, index: 6)
        manifest.state = [
            .retractions: Manifest.Named(
                digest: SHA256.hash(of: state.encoded(.retractions)), attempt: Attempt(term: Term(2), number: 4)),
            .feeds: Manifest.Named(
                digest: SHA256.hash(of: state.encoded(.feeds)), attempt: Attempt(term: Term(1), number: 6)),
        ]
        manifest.ledgerIndex = Manifest.Named(
            digest: SHA256.hash(of: ledger.encoded), attempt: Attempt(term: Term(2), number: 6))
        manifest.ledgerTail = rows
        manifest.overlays = [overlay]
        manifest.pages = [
            Manifest.Named(digest: SHA256.hash(of: page.encoded), attempt: Attempt(term: Term(1), number: 10))
        ]
        manifest.kept.append(Generation(3), writtenAt: Timestamp(seconds: 1_699_990_000))
        manifest.kept.append(Generation(6), writtenAt: Timestamp(seconds: 1_699_999_998))
        manifest.kept.append(Generation(7), writtenAt: Timestamp(seconds: 1_699_999_999))
        return manifest
    }()

    /// Each kind of object: the name of its golden file, its bytes now, and what reading and writing again gives.
    static let objects: [SampleObject] = [
        SampleObject("v0-ends.log", ends.encoded) { try LogObject(decoding: $0).encoded },
        SampleObject("v0-small.log", log.encoded) { try LogObject(decoding: $0).encoded },
        SampleObject("v0-small.term", term.encoded) { try TermObject(decoding: $0).encoded },
        SampleObject("v0-small.heartbeat", heartbeat.encoded) { try Heartbeat(decoding: $0).encoded },
        SampleObject("v0-small.manifest", manifest.encoded) { try Manifest(decoding: $0).encoded },
        SampleObject("v0-small.page", page.encoded) { try ManifestPage(decoding: $0).encoded },
        SampleObject("v0-retractions.state", state.encoded(.retractions)) { try again($0) },
        SampleObject("v0-feeds.state", state.encoded(.feeds)) { try again($0) },
        SampleObject("v0-retention.log", retention.encoded) { try LogObject(decoding: $0).encoded },
        SampleObject("v0-retention.state", expiring.encoded(.retention)) { try again($0) },
        SampleObject("v0-erasures.state", expiring.encoded(.erasures)) { try again($0) },
        SampleObject("v0-small.collection", unnamed.encoded) { try UnnamedObjects(decoding: $0).encoded },
        SampleObject("v0-small.ledger-index", ledger.encoded) { try LedgerIndex(decoding: $0).encoded },
        SampleObject("v0-small.ledger", rows.encodedObject) { try LedgerRows(decodingObject: $0).encodedObject },
    ]
}

private func again(_ bytes: [UInt8]) throws(CodingError) -> [UInt8] {
    var state = ClusterState()
    let found = try state.add(decoding: bytes)
    return state.encoded(found)
}

struct SampleObject: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var again: @Sendable ([UInt8]) throws -> [UInt8]

    init(_ name: String, _ bytes: [UInt8], _ again: @escaping @Sendable ([UInt8]) throws -> [UInt8]) {
        self.name = name
        self.bytes = bytes
        self.again = again
    }

    var testDescription: String { name }
}

let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
