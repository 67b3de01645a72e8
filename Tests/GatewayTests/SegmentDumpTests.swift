import Engine
import Gateway
import News
import Roles
import Storage
import Testing

@Suite("segment dump") struct SegmentDumpTests {
    private func dump(_ segment: SegmentReader, _ kind: SectionKind, from first: Int = 0, count: Int = .max) throws
        -> [String]
    {
        var lines: [String] = []
        try SegmentDump(segment, from: first, count: count).run(kind) { lines.append($0) }
        return lines
    }

    /// Two articles, of which the second takes the place of one elsewhere.
    private func segment() throws -> SegmentReader {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Old tide", body: "Low water.")])
        try store.publish([
            SampleStore.article(1, headline: "High tide", body: "Tides, high.", revision: 1),
            SampleStore.article(2, headline: "Low \u{1B}[31mwater", body: "The tide is low.", source: nil),
        ])
        let reference = try #require(store.segments.first { $0.killCount == 1 })
        return try SegmentReader.open(
            objectName: reference.objectName, sizeBytes: reference.sizeBytes,
            source: SnapshotLoader(store.bucket).source)
    }

    @Test("every section has a line for each of its entries")
    func all() throws {
        let segment = try segment()
        for kind in SectionKind.allCases {
            let lines = try dump(segment, kind)
            switch kind {
            case .documents, .times, .lengths, .sources, .languages, .sections, .recordSizes, .articles, .keyRun:
                #expect(lines.count == 2, "\(kind)")
            case .dictionary, .postings, .positions: #expect(lines.count == Int(segment.footer.termCount))
            case .kills: #expect(lines.count == 1)
            case .corrections: #expect(lines.count == Int(segment.footer.correctionTermCount) && !lines.isEmpty)
            case .names: #expect(lines == ["source 1  The Courier", "language 1  en"])
            case .header: #expect(lines == ["0  format 1, overlay"])
            case .keyFilter: #expect(lines.count == 1 && lines[0].hasPrefix("0  64 bits, "))
            case .keyIndex, .documentIndex: #expect(lines.count == 1)
            case .articleIndex: #expect(lines.count == 2 && lines[0].hasPrefix("0  article 0  bytes 0..<"))
            case .dictionaryIndex, .correctionIndex:
                let count = kind == .dictionaryIndex ? segment.footer.termCount : segment.footer.correctionTermCount
                #expect(lines.count == (Int(count) + 31) / 32 && lines[0].contains("  from text:"))
            default: #expect(lines.count == (Int(segment.footer.section(kind).length) + 15) / 16, "\(kind)")
            }
            #expect(!lines.contains { $0.contains("\u{1B}") })
            // Bytes begin a line where they are asked for.
            if kind.hasEntries { #expect(try dump(segment, kind, from: 1, count: 1) == Array(lines[1...].prefix(1))) }
        }
    }

    @Test("words are told with field, language and places")
    func words() throws {
        let segment = try segment()
        // The second article stands first, as the newer one; its body begins a hundred places behind its headline.
        #expect(try dump(segment, .positions).contains { $0.hasSuffix("  text:tide (en, a stem)  0@103 1@1,102") })
        #expect(try dump(segment, .dictionary).contains { $0.contains("headline:high (en)  in 1 articles, 1 times") })
    }
}

extension SectionKind {
    /// Whether what it holds is told entry by entry, and there is more than one.
    fileprivate var hasEntries: Bool {
        !isInOpenArea && ![.header, .articleDictionary].contains(self) || self == .names
    }
}
