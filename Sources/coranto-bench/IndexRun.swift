import ByteCoding
import Engine
import Extraction
import Foundation
import News
import Storage

/// Reads articles, builds segments of them, merges and compacts these.
struct IndexRun {
    let articles: String
    let folder: String
    let segmentCount: Int
    /// Stems beside words, as the product does by default; other engines are compared without.
    let hasStems: Bool

    func run() throws {
        for name in ["segments", "merged", "compacted"] {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        // One cell, whatever the size.
        var settings = Settings()
        settings.cellTargetBytes = 1 << 40
        if !hasStems { settings.analyzerVersion = 1 }
        try build(settings)
        let files = try MappedFiles("\(folder)/segments")
        let inputs = try SegmentReader.open(files.objects, source: files)
        let bytes = files.objects.reduce(0) { $0 + Int($1.sizeBytes) }
        report([("what", "\"built\""), ("bytes", "\(bytes)"), ("sections", sectionBytes(inputs))])
        try measured("merge", inputs.count, "merged") { emit in
            if let merged = try SegmentMerger(settings: settings, source: files).merge(inputs) { try emit(merged) }
        }
        try measured("compact", inputs.count, "compacted") { emit in
            try SegmentMerger(settings: settings, source: files).compact(inputs, emit: emit)
        }
    }

    private func build(_ settings: Settings) throws {
        let text = try mappedFile(articles)
        let lines = unsafe text.bytes
        var total = 0
        unsafe forEachLine(lines) { _ in total += 1 }
        let perSegment = (total + segmentCount - 1) / segmentCount
        let builder = SegmentBuilder(settings: settings, memoryBudgetBytes: 4 << 30)
        var reader = ArticleReader()
        var keys: Set<ArticleKey> = []
        var skipped = 0
        var count = 0
        var number = 0
        // Reading is JSON to canonical record with its hashes: no part of what other engines are timed at.
        var (reading, adding, sealing, writing) = (0.0, 0.0, 0.0, 0.0)
        var lap = threadSeconds()
        func take(_ part: inout Double) {
            let now = threadSeconds()
            part += now - lap
            lap = now
        }
        func seal() throws {
            guard builder.documentCount > 0 else { return }
            let segment = try builder.seal(kills: [])
            take(&sealing)
            try write(segment, "segments", number)
            take(&writing)
            number += 1
        }
        let before = processorSeconds()
        let began = Date()
        try unsafe forEachLine(lines) { range in
            let line = unsafe Array(lines[range])
            let found = reader.readPayloadLine(line[...])
            guard case .article(let incoming) = found, keys.insert(incoming.key).inserted else {
                skipped += 1
                return
            }
            take(&reading)
            _ = try builder.add(key: incoming.key, version: incoming.version, record: incoming.record, frame: nil)
            take(&adding)
            count += 1
            if count % perSegment == 0 { try seal() }
        }
        try seal()
        let after = processorSeconds()
        let memory = residentMegabytes()
        report([
            ("what", "\"index\""), ("docs", "\(count)"), ("skipped", "\(skipped)"),
            ("raw_mb", rounded(Double(lines.count) / 1e6, 1)), ("segments", "\(number)"),
            ("wall_s", rounded(Date().timeIntervalSince(began))), ("user_s", rounded(after.user - before.user)),
            ("sys_s", rounded(after.system - before.system)),
            ("cpu_s", rounded(after.user + after.system - before.user - before.system)),
            ("read_s", rounded(reading)), ("add_s", rounded(adding)), ("seal_s", rounded(sealing)),
            ("write_s", rounded(writing)), ("peak_rss_mb", "\(memory.peak)"),
        ])
    }

    /// Of this thread, user and system.
    private func threadSeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private func measured(
        _ what: String, _ inputCount: Int, _ name: String, _ work: ((BuiltSegment) throws -> Void) throws -> Void
    ) throws {
        let before = processorSeconds()
        var number = 0
        try work { segment in
            try write(segment, name, number)
            number += 1
        }
        let after = processorSeconds()
        let files = try MappedFiles("\(folder)/\(name)")
        report([
            ("what", "\"\(what)\""), ("segments", "\(inputCount)"), ("after", "\(number)"),
            ("user_s", rounded(after.user - before.user)), ("sys_s", rounded(after.system - before.system)),
            ("cpu_s", rounded(after.user + after.system - before.user - before.system)),
            ("bytes", "\(files.objects.reduce(0) { $0 + Int($1.sizeBytes) })"),
            ("sections", sectionBytes(try SegmentReader.open(files.objects, source: files))),
        ])
    }

    private func write(_ segment: BuiltSegment, _ name: String, _ number: Int) throws {
        let path = "\(folder)/\(name)/\(String(format: "%04d", number)).seg"
        try unsafe segment.bytes.withUnsafeBytes {
            unsafe Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: $0.baseAddress!), count: $0.count, deallocator: .none)
        }
        .write(to: URL(fileURLWithPath: path))
    }
}
