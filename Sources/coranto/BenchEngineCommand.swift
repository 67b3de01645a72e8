import ArgumentParser
import ByteCoding
import Engine
import Extraction
import Foundation
import Gateway
import HostIO
import News
import Roles
import Storage

/// The bare engine: what a cluster's work is compared with.
struct BenchEngineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-engine",
        abstract: "Reads, analyses, builds, writes and compacts files in one thread, for benchmarks.",
        discussion: """
            No log, no wire, no kills: of articles with the same key the first is taken. The segments lie in a temporary \
            folder and are removed.

            Example:
              coranto bench-engine articles.ndjson.zst
            """,
        shouldDisplay: false)

    @Argument(help: ArgumentHelp("Files.", valueName: "file"))
    var inputs: [String]
    @Option(help: ArgumentHelp("Seal the builder at this size of its records.", valueName: "mb"))
    var sealAt: UInt64 = 48
    @Option(help: ArgumentHelp("Where the temporary folder is made.", valueName: "dir"))
    var dir = NSTemporaryDirectory()

    func validate() throws {
        guard (1...1024).contains(sealAt) else { throw ValidationError("--seal-at is 1 to 1024") }
    }

    func run() throws {
        let folder = "\(dir)/coranto-bench-engine-\(getpid())"
        defer {
            // Told, not thrown: the figures are out already.
            do { try FileManager.default.removeItem(atPath: folder) } catch { Terminal.note("\(folder): \(error)") }
        }
        let run = try BareEngine(folder: folder, sealRecordBytes: sealAt << 20)
        let began = SystemClock().monotonicNanoseconds()
        let reader = InputReader(
            send: { try run.take($0.bytes) }, report: { Terminal.note("\($0.place): \($0.reason)") })
        for input in inputs { try reader.read(path: input) }
        try reader.finish()
        try run.seal()
        let built = SystemClock().monotonicNanoseconds()
        let cells = try run.compact()
        let done = SystemClock().monotonicNanoseconds()
        var json = JSONObjectWriter()
        json.member("articles", encoded: "\(run.articleCount)")
        json.member("skipped", encoded: "\(run.skippedCount)")
        json.member("segments", encoded: "\(run.segmentCount)")
        json.member("cells", encoded: "\(cells.count)")
        json.member("cell_bytes", encoded: "\(cells.bytes)")
        json.member("build_ms", encoded: "\((built - began) / 1_000_000)")
        json.member("compact_ms", encoded: "\((done - built) / 1_000_000)")
        Terminal.write(json.finish() + [0x0A])
    }
}

private final class BareEngine {
    private let bucket: FolderBucket
    private let settings = Settings()
    private let sealRecordBytes: UInt64
    private let builder: SegmentBuilder
    private var reader = ArticleReader()
    private var keys: Set<ArticleKey> = []
    private var recordBytes: UInt64 = 0
    private var segments: [SegmentReference] = []
    private(set) var articleCount = 0
    private(set) var skippedCount = 0
    private let attempt = Attempt(term: .none, number: 0)

    var segmentCount: Int { segments.count }

    init(folder: String, sealRecordBytes: UInt64) throws {
        bucket = try FolderBucket(path: folder)
        self.sealRecordBytes = sealRecordBytes
        builder = SegmentBuilder(settings: settings, memoryBudgetBytes: 512 << 20)
    }

    func take(_ lines: [UInt8]) throws {
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard case .article(let incoming) = reader.readPayloadLine(line), keys.insert(incoming.key).inserted else {
                skippedCount += 1
                continue
            }
            _ = try builder.add(key: incoming.key, version: incoming.version, record: incoming.record, frame: nil)
            articleCount += 1
            recordBytes += UInt64(incoming.record.count)
            if recordBytes >= sealRecordBytes { try seal() }
        }
    }

    func seal() throws {
        guard builder.documentCount > 0 else { return }
        segments.append(try write(builder.seal(kills: [])))
        recordBytes = 0
    }

    func compact() throws -> (count: Int, bytes: UInt64) {
        let source = BucketByteSource(bucket)
        let inputs = try SegmentReader.open(segments, source: source)
        var count = 0
        var bytes: UInt64 = 0
        try SegmentMerger(settings: settings, source: source).compact(inputs) { cell in
            count += 1
            bytes += try write(cell).sizeBytes
        }
        return (count, bytes)
    }

    private func write(_ segment: BuiltSegment) throws -> SegmentReference {
        let reference = segment.reference(attempt: attempt)
        let result = bucket.perform(.create(name: reference.objectName, bytes: segment.bytes))
        guard result == .done else { throw Failure(.failed, "\(reference.objectName) was not written: \(result)") }
        return reference
    }
}
