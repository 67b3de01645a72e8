import Engine
import Foundation
import News
import Storage
import Testing

/// Holds the worked example of docs/segment-format.md against the code.
@Suite("segment format") struct SpecificationTests {
    /// The one article of the example.
    static var example: Sample {
        var article = Article()
        article.url = "https://a.example/1"
        article.source = "Eg"
        article.headline = "High tide"
        article.body = "Tide tables: high."
        article.published = PublishedTime(at: Timestamp(seconds: 1_451_952_000), precision: .day, from: "text")
        return Sample(article, key: ArticleKey(canonicalURL: article.url!))
    }

    @Test("the worked example is what the builder makes")
    func workedExample() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/segment-format.md")
        let page = try String(contentsOf: path, encoding: .utf8)
        let example = try #require(page.components(separatedBy: "## 9. Worked example").last)
        var bytes: [UInt8] = []
        for line in example.components(separatedBy: "\n") {
            guard line.hasPrefix("    "), let colon = line.firstIndex(of: ":") else { continue }
            guard let offset = Int(line[..<colon].trimmingCharacters(in: .whitespaces), radix: 16) else { continue }
            #expect(offset == bytes.count, "line: \(line)")
            let hex = line[line.index(after: colon)...].prefix { $0 != "|" }
            for pair in hex.split(separator: " ") { bytes.append(try #require(UInt8(pair, radix: 16))) }
        }
        let built = try build([Self.example])
        if bytes != built.bytes { print(dump(built)) }
        #expect(bytes == built.bytes)
    }

    /// The example as the page shows it, to be pasted when the format changes.
    private func dump(_ segment: BuiltSegment) -> String {
        var parts = segment.footer.sections.map { (Int($0.offset), Int($0.length), $0.kind.name) }
        let footer = parts.last!.0 + parts.last!.1
        parts += [(footer, segment.bytes.count - 40 - footer, "footer"), (segment.bytes.count - 40, 40, "tail")]
        var text = ""
        for (offset, length, name) in parts {
            for start in stride(from: offset, to: offset + length, by: 16) {
                let line = segment.bytes[start..<min(start + 16, offset + length)]
                let hex = line.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
                let label = start == offset ? " | \(name)" : ""
                text +=
                    "    " + String(repeating: "0", count: 4 - String(start, radix: 16).count)
                    + String(start, radix: 16) + ": " + hex + label + "\n"
            }
        }
        return text
    }

    @Test("section numbers, sizes and fields are those of the page")
    func constants() {
        #expect(SectionKind.allCases.map(\.rawValue) == Array(1...23))
        #expect(SegmentFormat.magic.littleEndian == "CRNTSEGM".utf8.reversed().reduce(0) { $0 << 8 | UInt64($1) })
        #expect(IndexField.allCases.map(\.rawValue) == Array(0...13))
        #expect(LengthCode.lengths[39] == 39 && LengthCode.lengths[40] == 40 && LengthCode.lengths[41] == 42)
        #expect(LengthCode.lengths[255] == 24 + 15 << 27)
    }
}
