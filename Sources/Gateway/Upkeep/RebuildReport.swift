package import ByteCoding
import Extraction
package import News
import Storage

/// What was used for a rebuilt snapshot, and what could not be.
package struct RebuildReport: Sendable {
    package enum Way: Equatable, Sendable {
        /// An older manifest, of which everything is there.
        case generation(Generation)
        /// From cells, segments and the log.
        case anew
    }

    package var way = Way.anew
    package var committed = Generation.none
    package var setDigest = Digest256.zero
    /// Articles the new manifest has at once, and those that are copied into the log and pending.
    package var liveCount: Int64 = 0
    package var baseCount: Int64 = 0
    package var copiedFromLog: Int64 = 0
    package var copiedFromSegments: Int64 = 0
    /// What the newest manifest that can be read counts as published.
    package var expectedCount: Int64?
    /// Damaged or missing; not used.
    package var findings: [Finding] = []
    package var lostLogObjects: [String] = []
    /// Whether the last object of the log that any manifest tells of is there.
    package var hasLastLog = true
    /// What the newest manifest that can be read counted as received and as pending, and how many of the latter the log still has.
    package var knownReceived: Int64?
    package var knownPending: Int64 = 0
    package var foundPending: Int64 = 0
    package var restoredTerms: [String] = []
    package var notes: [String] = []

    package init() {}

    /// Articles of the base that a copied one will supersede.
    package private(set) var olderCount: Int64 = 0

    /// Pending articles that were acknowledged, and are in no object of the log any more.
    package var lostPending: Int64 { max(0, knownPending - foundPending) }

    /// Articles there are in the end.
    package var foundCount: Int64 { baseCount - olderCount + copiedFromLog + copiedFromSegments }

    /// Makes the rows add up to what the new manifest holds, with nothing pending: the copies are received anew, and
    /// supersede again what they superseded before.
    mutating func balance(_ rows: inout LedgerRows, olderCount: Int64, hour: UInt32) {
        self.olderCount = olderCount
        let published = rows.sorted.reduce(0) { $0 + $1.sums[.published] }
        if published != baseCount { rows.add(baseCount - published, of: .published, source: "", hour: hour) }
        if olderCount > 0 { rows.add(-olderCount, of: .superseded, source: "", hour: hour) }
        let pending = rows.sorted.reduce(0) { $0 + $1.sums.pending }
        if pending != 0 { rows.received(-pending, source: "", hour: hour) }
    }

    package var text: String {
        var lines = findings.map { "damaged: \($0)" }
        lines += lostLogObjects.map { "not used: \($0) is missing or damaged" }
        lines += restoredTerms.map { "written again: \($0)" }
        lines += notes
        switch way {
        case .generation(let generation):
            lines.append(
                "generation \(committed.number) is generation \(generation.number) again: \(liveCount) articles, set digest "
                    + "\(setDigest.hex)"
                    + (hasLastLog ? "; the log behind it is whole, so nothing is lost" : ""))
        case .anew:
            lines.append(
                "generation \(committed.number) is made anew: \(baseCount) articles in cells, \(copiedFromLog) copied from the log, "
                    + "\(copiedFromSegments) from segments; together \(foundCount)")
            if let expectedCount {
                lines.append(
                    "the newest manifest that could be read counted \(expectedCount) live articles"
                        + (foundCount < expectedCount ? ": \(expectedCount - foundCount) cannot be restored" : ""))
            } else {
                lines.append("no manifest could be read: compare with what you know, or with a backup (snapshot diff)")
            }
        }
        if lostPending > 0 {
            lines.append(
                "the newest manifest that could be read counted \(knownReceived ?? 0) received, \(knownPending) of them pending: "
                    + "the log has \(foundPending) of these, \(lostPending) are lost")
        }
        if !hasLastLog {
            lines.append(
                "the end of the log is gone: what was acknowledged after the newest manifest, if anything, is lost, and nobody can "
                    + "tell how much")
        }
        lines.append("start a coordinator and a worker now (coranto up): what is pending is indexed then")
        return lines.joined(separator: "\n") + "\n"
    }

    package var json: [UInt8] {
        var out = JSONObjectWriter()
        out.member("generation", encoded: "\(committed.number)")
        if case .generation(let generation) = way { out.member("from_generation", encoded: "\(generation.number)") }
        out.member("set_digest", setDigest.hex)
        out.member("articles", encoded: "\(liveCount)")
        out.member("copied_from_log", encoded: "\(copiedFromLog)")
        out.member("copied_from_segments", encoded: "\(copiedFromSegments)")
        if let expectedCount { out.member("expected", encoded: "\(expectedCount)") }
        out.member("damaged", Array(Set(findings.map(\.object))).sorted())
        out.member("lost_log_objects", lostLogObjects)
        out.member("log_end_is_there", encoded: "\(hasLastLog)")
        if let knownReceived {
            out.member("known_received", encoded: "\(knownReceived)")
            out.member("known_pending", encoded: "\(knownPending)")
            out.member("lost_pending", encoded: "\(lostPending)")
        }
        out.member("restored_terms", restoredTerms)
        out.member("notes", notes)
        return out.finish()
    }
}
