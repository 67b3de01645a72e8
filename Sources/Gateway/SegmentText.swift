import ByteCoding
package import Engine
import Extraction
import News
import Storage

/// What a segment says of itself, for people and programs.
package struct SegmentText {
    private let segment: SegmentReader

    package init(_ segment: SegmentReader) { self.segment = segment }

    private var kind: String { segment.footer.kind == .cell ? "cell" : "overlay" }

    package var text: String {
        let footer = segment.footer
        var lines = [
            "object       \(segment.objectName)",
            "kind         \(kind), \(segment.sizeBytes) bytes",
            "settings     \(footer.settingsHash.hex)",
            "articles     \(footer.documentCount), their records \(footer.recordBytes) bytes",
            "kills        \(footer.killCount)",
            "terms        \(footer.termCount), words \(footer.tokenCount)",
            "digest       \(footer.digest.hex)",
        ]
        if let span = footer.span {
            lines.append("newest       \(span.first.time.map { ArticleJSON.time($0) } ?? "undated")")
            lines.append("oldest       \(span.last.time.map { ArticleJSON.time($0) } ?? "undated")")
        }
        lines.append("sections")
        for section in footer.sections {
            lines.append(
                "  \(PlainText.padded(section.kind.name, columns: 16)) \(section.length) bytes at \(section.offset)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    package var json: [UInt8] {
        let footer = segment.footer
        var out = JSONObjectWriter()
        out.member("object", segment.objectName)
        out.member("kind", kind)
        out.member("bytes", encoded: "\(segment.sizeBytes)")
        out.member("settings_hash", footer.settingsHash.hex)
        out.member("articles", encoded: "\(footer.documentCount)")
        out.member("record_bytes", encoded: "\(footer.recordBytes)")
        out.member("kills", encoded: "\(footer.killCount)")
        out.member("terms", encoded: "\(footer.termCount)")
        out.member("words", encoded: "\(footer.tokenCount)")
        out.member("digest", footer.digest.hex)
        out.member("newest", footer.span?.first.time.map { ArticleJSON.time($0) })
        out.member("oldest", footer.span?.last.time.map { ArticleJSON.time($0) })
        out.member("sections", footer.sections) { inner, section in
            inner.member("name", section.kind.name)
            inner.member("offset", encoded: "\(section.offset)")
            inner.member("bytes", encoded: "\(section.length)")
        }
        return out.finish()
    }
}
