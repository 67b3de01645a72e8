import ByteCoding
import Engine
import Foundation
import News
import Storage
import Testing

/// Segments of format 1 as programs wrote them from the one on that froze it: what a store keeps for years must be read. Those of today's
/// rules, by which words are split, stemmed and made keys, must be written again to the byte.
///
/// CORANTO_WRITE_GOLDEN=1 writes those that are not there, for new rules or a new version of the format.
@Suite("golden segments") struct GoldenSegmentTests {
    static let names = kinds.map { "v1-analyzer5-\($0)" }
    private static let kinds = ["dated", "undated", "overlay", "large"]

    /// By which they were made.
    private static let settings = {
        var settings = Settings()
        settings.zstdVersion = 10_504
        return settings
    }()

    private static func file(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name).segment")
    }

    /// Two cells of 90 articles, and an overlay of 30 of which ten are later versions of the cells'.
    private static func made() throws -> [BuiltSegment] {
        var generator = SplitMix64(seed: 1)
        let old = (0..<90).map { SampleArticles.make($0, &generator) }
        let new = (80..<110).map { SampleArticles.make($0, revision: 1, &generator) }
        var made: [BuiltSegment] = []
        try compact(try build(old)) { made.append($0) }
        made.append(try build(new, kills: old[80...].map(\.killed)))
        try compact(try build(large())) { made.append($0) }
        return made
    }

    /// Articles of long words, some of them frequent, that make a dictionary of their cell, lists of several blocks of all kinds, impacts of
    /// long and short ones, and names in two bytes.
    private static func large() -> [Sample] {
        var generator = SplitMix64(seed: 2)
        return (0..<700).map { number in
            var words = (0..<Int.random(in: 40...140, using: &generator)).map { _ in
                let rank = 1 << Int.random(in: 0...8, using: &generator)
                return "interdepartmental\(Int.random(in: rank..<2 * rank, using: &generator))"
            }
            if number % 3 > 0 { words.insert("walking", at: words.count / 2) }
            if number % 4 == 0 { words.append("walked holding hamburgda") }
            if number % 97 == 5 { words += Array(repeating: "walking", count: 20 * (number % 17)) }
            var article = Article()
            article.url = "https://large.example/\(number)"
            article.headline = "Number \(number)"
            article.body = words.joined(separator: " ")
            article.language = ["en", "en-GB", "tr", nil][number % 4]
            article.source = "Paper \(number % 300)"
            article.agency = number % 5 == 0 ? "Example Press" : nil
            article.located = number % 6 == 0 ? "Harbour" : nil
            if number % 7 == 0 { article.quotes = [Article.Quote(text: "walking on", speaker: "Ann Example")] }
            article.published = PublishedTime(
                at: Timestamp(seconds: 1_450_000_000 + Int64(number) * 997), precision: .second, from: "field")
            article.firstSeen = number % 2 == 0 ? Timestamp(seconds: 1_460_000_000 + Int64(number)) : nil
            return Sample(article, key: ArticleKey(canonicalURL: article.url!))
        }
    }

    private static func compact(_ overlay: BuiltSegment, _ take: (BuiltSegment) throws -> Void) throws {
        let source = MemoryByteSource()
        let readers = try SegmentReader.open([source.put(overlay)], source: source)
        try SegmentMerger(settings: settings, source: source).compact(readers) { try take($0) }
    }

    private static func golden(_ name: String) throws -> [UInt8] {
        let file = file(name)
        if ProcessInfo.processInfo.environment["CORANTO_WRITE_GOLDEN"] == "1",
            !FileManager.default.fileExists(atPath: file.path)
        {
            try Data(try made()[names.firstIndex(of: name)!].bytes).write(to: file)
        }
        return [UInt8](try Data(contentsOf: file))
    }

    private static func readers(_ names: [String] = names) throws -> [SegmentReader] {
        let source = MemoryByteSource()
        return try names.map { name in
            let bytes = try golden(name)
            source.put(bytes, as: name)
            return try SegmentReader.open(objectName: name, sizeBytes: UInt64(bytes.count), source: source)
        }
    }

    @Test("of older rules are whole, and hold what those of today hold")
    func olderRules() throws {
        for (old, new) in zip(try Self.readers(Self.kinds.map { "v1-\($0)" }), try Self.readers()) {
            var verifier = SegmentVerifier(old)
            #expect(try verifier.run() == [])
            #expect(old.footer.settingsHash != Self.settings.hash)
            let all = (0..<UInt32(old.documentCount)).map { $0 }
            #expect(try old.records(all) == new.records(all))
            #expect(old.footer.digest == new.footer.digest && old.footer.termCount == new.footer.termCount)
        }
    }

    @Test("the blocks of their lists are told as they lie")
    func blocks() throws {
        let segment = try Self.readers()[3]
        var (listCount, bitsCount) = (0, 0)
        unsafe try segment.forEachTerm(from: []) { _, entry in
            let blocks = try segment.postingBlocks(of: entry)
            guard entry.documentFrequency > 128 else {
                #expect(blocks.isEmpty)
                return true
            }
            #expect(blocks.count == (Int(entry.documentFrequency) + 127) / 128)
            #expect(blocks.reduce(0) { $0 + $1.documentCount } == Int(entry.documentFrequency))
            #expect(zip(blocks, blocks.dropFirst()).allSatisfy { $0.lastDocument < $1.lastDocument })
            #expect(blocks.allSatisfy { $0.lastDocument < UInt32(segment.documentCount) })
            #expect(blocks.allSatisfy { !entry.hasPositions || $0.impacts!.frequency(0) > 0 })
            listCount += 1
            bitsCount += blocks.count(where: \.isBits)
            return true
        }
        #expect(listCount > 5 && bitsCount > 0)
    }

    @Test("drafts of the format are refused by name")
    func draft() throws {
        var bytes = try Self.golden("v1-dated")
        let tail = bytes.count - 40
        bytes.replaceSubrange((tail + 24)..<(tail + 28), with: [0, 0, 0, 0])
        var checksum = ByteWriter()
        checksum.fixed(CRC32C.checksum(of: bytes[tail..<(tail + 28)]))
        bytes.replaceSubrange((tail + 28)..<(tail + 32), with: checksum.bytes)
        bytes.replaceSubrange((tail + 32)..., with: "CRNTSEG0".utf8)
        let source = MemoryByteSource()
        source.put(bytes, as: "draft")
        let error = #expect(throws: EngineError.self) {
            try SegmentReader.open(objectName: "draft", sizeBytes: UInt64(bytes.count), source: source)
        }
        #expect(error?.code == .unsupportedVersion)
        #expect(error?.description.contains("format version 0: a draft, ingest its articles again") == true)
    }

    @Test("are whole, and what they hold is written to the same bytes")
    func again() throws {
        let readers = try Self.readers()
        let cells = readers[..<2]
        let overlay = readers[2]
        for reader in readers {
            var verifier = SegmentVerifier(reader)
            #expect(try verifier.run() == [])
        }
        #expect(readers.map(\.footer.kind) == [.cell, .cell, .overlay, .cell])
        #expect(readers.map(\.documentCount) == [80, 10, 30, 700])
        #expect(readers[3].footer.section(.articleDictionary).length > 0)
        #expect(overlay.footer.killCount == 10 && overlay.footer.correctionTermCount > 0)
        // Else words are split, stemmed or made keys by other rules: such segments are no longer answered from, and golden ones of the new rules are due.
        #expect(Self.settings.hash == overlay.footer.settingsHash)
        let builder = SegmentBuilder(settings: Self.settings, memoryBudgetBytes: 1 << 30)
        var again: [BuiltSegment] = []
        let kills = Set(overlay.kills.map(\.kill.key))
        var killed: [KilledDocument] = []
        func add(_ reader: SegmentReader, _ body: (DocumentRow, [UInt8]) -> Void = { _, _ in }) throws {
            let rows = try reader.rows(0..<reader.documentCount)
            let records = try reader.records((0..<UInt32(reader.documentCount)).map { $0 })
            for (row, record) in zip(rows, records) {
                _ = try builder.add(key: row.key, version: row.version, record: record, frame: nil)
                body(row, record)
            }
        }
        for cell in cells {
            try add(cell) { row, record in
                guard kills.contains(row.key) else { return }
                let kill = Kill(key: row.key, version: row.version, orderTime: row.orderTime)
                killed.append(KilledDocument(kill: kill, record: record))
            }
        }
        try Self.compact(try builder.seal(kills: [])) { again.append($0) }
        try add(overlay)
        again.append(try builder.seal(kills: killed))
        try add(readers[3])
        try Self.compact(try builder.seal(kills: [])) { again.append($0) }
        for (name, built) in zip(Self.names, again) { try Self.expectEqual(built, name) }
        #expect(again.count == Self.names.count)
    }

    /// Byte for byte; by another zstd than the golden ones' all but the articles.
    private static func expectEqual(_ built: BuiltSegment, _ name: String) throws {
        let bytes = try golden(name)
        if ZstdLibrary.version == settings.zstdVersion {
            #expect(built.bytes == bytes, "\(name)")
            return
        }
        let source = MemoryByteSource()
        source.put(bytes, as: name)
        let footer = try SegmentReader.open(objectName: name, sizeBytes: UInt64(bytes.count), source: source).footer
        let articles: Set<SectionKind> = [.articles, .articleDictionary, .articleIndex]
        for (old, new) in zip(footer.sections, built.footer.sections) where !articles.contains(old.kind) {
            let oldBytes = bytes[Int(old.offset)..<Int(old.offset + old.length)]
            let newBytes = built.bytes[Int(new.offset)..<Int(new.offset + new.length)]
            #expect(oldBytes == newBytes, "\(name), \(old.kind.name)")
        }
    }
}
