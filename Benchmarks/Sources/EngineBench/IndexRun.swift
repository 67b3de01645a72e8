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

    func run() throws {
        for name in ["segments", "merged", "compacted"] {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        // One cell, whatever the size.
        var settings = Settings()
        settings.cellTargetBytes = 1 << 40
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
        for index in lines.indices where unsafe lines[index] == 0x0A { total += 1 }
        let perSegment = (total + segmentCount - 1) / segmentCount
        let builder = SegmentBuilder(settings: settings, memoryBudgetBytes: 4 << 30)
        var reader = ArticleReader()
        var keys: Set<ArticleKey> = []
        var skipped = 0
        var count = 0
        var number = 0
        func seal() throws {
            guard builder.documentCount > 0 else { return }
            try write(try builder.seal(kills: []), "segments", number)
            number += 1
        }
        let before = processorSeconds()
        let began = Date()
        var start = 0
        while start < lines.count {
            let end = unsafe lines[start...].firstIndex(of: 0x0A) ?? lines.count
            if end > start {
                let line = unsafe Array(lines[start..<end])
                if case .article(let incoming) = reader.readPayloadLine(line[...]), keys.insert(incoming.key).inserted {
                    _ = try builder.add(
                        key: incoming.key, version: incoming.version, record: incoming.record, frame: nil)
                    count += 1
                    if count % perSegment == 0 { try seal() }
                } else {
                    skipped += 1
                }
            }
            start = end + 1
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
            ("peak_rss_mb", "\(memory.peak)"),
        ])
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
        try segment.bytes.withUnsafeBytes {
            unsafe Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: $0.baseAddress!), count: $0.count, deallocator: .none)
        }
        .write(to: URL(fileURLWithPath: path))
    }
}
