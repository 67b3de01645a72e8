import ByteCoding
import Extraction
import News
package import Roles
import Storage

/// What a manifest says, for people and programs.
package struct SnapshotText {
    private let loaded: LoadedManifest

    package init(_ loaded: LoadedManifest) { self.loaded = loaded }

    private var manifest: Manifest { loaded.manifest }
    private var sizeBytes: UInt64 { loaded.segments.reduce(0) { $0 + $1.sizeBytes } }

    /// One line of `snapshot list`.
    package var line: String {
        func column(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.utf8.count)) + text
        }
        return column("\(manifest.generation.number)", 10) + "  \(AnswerText.time(manifest.writtenAt))"
            + column("\(manifest.sums[.published])", 12) + column("\(manifest.overlays.count)", 9)
            + column("\(loaded.cells.count)", 7) + column("\(sizeBytes)", 14) + "  \(manifest.setDigest.hex.prefix(16))"
    }

    package static let header =
        "generation  written (UTC)       articles overlays  cells         bytes  set digest\n"

    package var text: String {
        var lines = [
            "generation   \(manifest.generation.number), after \(manifest.parent.number), of term \(manifest.term.number)",
            "written      \(ArticleJSON.time(manifest.writtenAt))",
            "set digest   \(manifest.setDigest.hex)",
            "settings     \(manifest.settings.hash.hex)",
            "  " + manifest.settings.named.map { "\($0.name) \($0.value)" }.joined(separator: ", "),
            "shards       \(manifest.sharding.shardCount)",
            "received     \(manifest.sums.received), of these \(manifest.sums.pending) pending",
        ]
        for outcome in Outcome.allCases where manifest.sums[outcome] != 0 {
            lines.append("  \(PlainText.padded(outcome.name, columns: 13))\(manifest.sums[outcome])")
        }
        lines.append("kept         \(manifest.kept.count) older generations")
        lines.append("segments     \(loaded.segments.count), \(sizeBytes) bytes")
        for segment in loaded.segments {
            let kind = segment.kind == .cell ? "cell   " : "overlay"
            lines.append(
                "  \(kind)  \(segment.objectName)  \(segment.documentCount) articles, \(segment.killCount) kills, "
                    + "\(segment.sizeBytes) bytes")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// - Parameter hasSegments: whether each segment and each older generation that is kept is told, or the number of segments.
    package func json(hasSegments: Bool) -> [UInt8] {
        var out = JSONObjectWriter()
        out.member("generation", encoded: "\(manifest.generation.number)")
        out.member("parent", encoded: "\(manifest.parent.number)")
        out.member("term", encoded: "\(manifest.term.number)")
        out.member("written_at", ArticleJSON.time(manifest.writtenAt))
        out.member("set_digest", manifest.setDigest.hex)
        out.member("settings_hash", manifest.settings.hash.hex)
        out.member(
            "settings",
            encoded: "{" + manifest.settings.named.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}")
        out.member("shards", encoded: "\(manifest.sharding.shardCount)")
        out.member("articles") { articles in
            articles.member("received", encoded: "\(manifest.sums.received)")
            articles.member("pending", encoded: "\(manifest.sums.pending)")
            for outcome in Outcome.allCases {
                articles.member(outcome.memberName, encoded: "\(manifest.sums[outcome])")
            }
        }
        out.member("overlays", encoded: "\(manifest.overlays.count)")
        out.member("cells", encoded: "\(loaded.cells.count)")
        out.member("bytes", encoded: "\(sizeBytes)")
        if hasSegments { out.member("segments", encoded: AnswerJSON.array(loaded.segments.map(Self.json))) }
        // There may be tens of thousands, and as many snapshots in a list.
        guard hasSegments else { return out.finish() }
        out.member(
            "kept", encoded: "[" + manifest.kept.generations.map { "\($0.number)" }.joined(separator: ",") + "]")
        return out.finish()
    }

    private static func json(_ segment: SegmentReference) -> [UInt8] {
        var out = JSONObjectWriter()
        out.member("name", segment.objectName)
        out.member("kind", segment.kind == .cell ? "cell" : "overlay")
        out.member("bytes", encoded: "\(segment.sizeBytes)")
        out.member("articles", encoded: "\(segment.documentCount)")
        out.member("kills", encoded: "\(segment.killCount)")
        out.member("record_bytes", encoded: "\(segment.recordBytes)")
        out.member("digest", segment.digest.hex)
        out.member("newest", segment.span?.first.time.map { ArticleJSON.time($0) })
        out.member("oldest", segment.span?.last.time.map { ArticleJSON.time($0) })
        return out.finish()
    }
}
