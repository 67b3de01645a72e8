import ByteCoding
import Engine
import Extraction
package import News
import Roles
import Storage

/// What a snapshot says of itself and of every article received: `/v1/status`.
package enum StatusJSON {
    package static func write(_ snapshot: OpenSnapshot) -> [UInt8] {
        var out = JSONObjectWriter()
        let manifest = snapshot.loaded?.manifest
        out.member("generation", encoded: "\(snapshot.generation.number)")
        out.member("set_digest", (manifest?.setDigest ?? .zero).hex)
        out.member(orNull: "written_at", manifest.map { ArticleJSON.time($0.writtenAt) })
        out.member("term", encoded: "\(manifest?.term.number ?? 0)")
        out.member("live_articles", encoded: "\(snapshot.reader.liveDocumentCount)")
        out.member("articles") { articles in
            articles.member("received", encoded: "\(manifest?.sums.received ?? 0)")
            articles.member("pending", encoded: "\(manifest?.sums.pending ?? 0)")
            for outcome in Outcome.allCases {
                articles.member(outcome.memberName, encoded: "\(manifest?.sums[outcome] ?? 0)")
            }
        }
        out.member("segments") { segments in
            let all = snapshot.loaded?.segments ?? []
            segments.member("overlays", encoded: "\(manifest?.overlays.count ?? 0)")
            segments.member("cells", encoded: "\(snapshot.loaded?.cells.count ?? 0)")
            segments.member("bytes", encoded: "\(all.reduce(0) { $0 + $1.sizeBytes })")
        }
        out.member("kept_generations", encoded: "\(manifest?.kept.count ?? 0)")
        return out.finish()
    }
}

extension Outcome {
    /// `name`, for JSON members.
    package var memberName: StaticString {
        switch self {
        case .published: "published"
        case .superseded: "superseded"
        case .duplicate: "duplicate"
        case .rejected: "rejected"
        case .retracted: "retracted"
        case .expired: "expired"
        case .deadLettered: "dead_lettered"
        }
    }
}
