import ByteCoding
import Extraction
import News
import Storage

extension SnapshotChange {
    /// Members of a line about it.
    ///
    /// - Parameter isWhole: whether the article stands in it as `export` writes it, or only what people look for.
    func write(to out: inout JSONObjectWriter, isWhole: Bool) {
        out.member("change", kind.rawValue)
        out.member("key", key.hex)
        out.member("old_version", oldVersion.map { Hex.string($0.bytes) })
        out.member("version", newVersion.map { Hex.string($0.bytes) })
        if isWhole {
            if let article, let newVersion {
                let bytes = ArticleJSON.write(article, key: key, version: newVersion)
                out.member("article", encoded: String(decoding: bytes, as: UTF8.self))
            }
        } else {
            out.member("url", article?.url)
            out.member("headline", article?.headline)
            out.member("source", article?.source)
            out.member(
                "published", article?.published.map { ArticleJSON.time($0.at, offsetMinutes: $0.offsetMinutes) })
        }
        if let retraction {
            if article == nil { out.member("url", retraction.url) }
            out.member("reason", retraction.reason)
        }
    }

    /// One line of a table.
    package var text: String {
        let about = article?.headline ?? article?.url ?? retraction?.url ?? ""
        let line =
            "\(PlainText.padded(kind.rawValue, columns: 10))  \(key.hex)  \(Self.mark(oldVersion))  \(Self.mark(newVersion))"
            + "  \(PlainText.line(about))"
        return line + (retraction.map { "  (\(PlainText.line($0.reason)))" } ?? "") + "\n"
    }

    package static let header =
        "change      key                               old version   new version   headline\n"

    /// Enough of a version to tell two apart: the start of its record hash.
    private static func mark(_ version: Version?) -> String {
        PlainText.padded(version.map { String($0.recordHash.hex.prefix(12)) } ?? "-", columns: 12)
    }

    package var json: [UInt8] {
        var out = JSONObjectWriter()
        write(to: &out, isWhole: false)
        return out.finish()
    }
}

extension SnapshotDiff {
    private func write(_ side: Side, to out: inout JSONObjectWriter) {
        out.member("generation", encoded: "\(side.generation.number)")
        out.member("set_digest", side.setDigest.hex)
        out.member("articles", encoded: "\(side.liveCount)")
    }

    /// What `--format json` ends with, behind `{"changes":[…],`; and the last line of `--format ndjson`.
    package var summaryJSON: [UInt8] {
        var out = JSONObjectWriter()
        out.member("from") { write(old, to: &$0) }
        out.member("to") { write(new, to: &$0) }
        out.member("summary") { inner in
            for kind in SnapshotChange.Kind.allCases {
                inner.member(kind.memberName, encoded: "\(counts[kind] ?? 0)")
            }
            inner.member("unchanged", encoded: "\(unchangedCount)")
        }
        out.member("equal", encoded: "\(isEqual)")
        return out.finish()
    }

    package var summaryText: String {
        func line(_ name: String, _ side: Side) -> String {
            "\(name)  generation \(side.generation.number), \(side.liveCount) articles, set digest \(side.setDigest.hex)\n"
        }
        let told = SnapshotChange.Kind.allCases.filter { counts[$0] != nil }.map { "\(counts[$0] ?? 0) \($0.rawValue)" }
        return line("from", old) + line("to  ", new)
            + (isEqual ? "equal\n" : "\((told + ["\(unchangedCount) unchanged"]).joined(separator: ", "))\n")
    }
}

extension SnapshotChange.Kind {
    fileprivate var memberName: StaticString {
        switch self {
        case .added: "added"
        case .superseded: "superseded"
        case .older: "older"
        case .retracted: "retracted"
        case .expired: "expired"
        case .removed: "removed"
        }
    }
}
