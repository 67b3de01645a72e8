package import ByteCoding
import News
package import Storage

/// Reads every byte of a snapshot again and checks what holds between its segments.
package struct SnapshotVerifier {
    package struct Report: Equatable, Sendable {
        package var findings: [EngineError] = []
        package var liveDocumentCount = 0
        /// Sum over the segments that could be opened.
        package var digest = Digest256.zero
    }

    private let references: [SegmentReference]
    private let source: any ByteSource

    package init(_ references: [SegmentReference], source: any ByteSource) {
        self.references = references
        self.source = source
    }

    /// - Throws: what the source throws; what is wrong with segments becomes a finding.
    package func run() throws -> Report {
        var report = Report()
        var segments: [SegmentReader] = []
        for reference in references {
            do {
                let segment = try SegmentReader.open([reference], source: source)[0]
                if segment.footer.settingsHash != (segments.first ?? segment).footer.settingsHash {
                    report.findings.append(
                        EngineError(
                            .mismatch, "settings hash differs from the first segment's", object: reference.objectName,
                            section: "footer"))
                }
                report.findings += try identityFinding(reference)
                var verifier = SegmentVerifier(segment)
                report.findings += try verifier.run()
                report.digest = report.digest &+ segment.footer.digest
                segments.append(segment)
            } catch let error as EngineError where error.code != .io {
                report.findings.append(error)
            }
        }
        // What holds between segments can only be judged when each is sound.
        guard report.findings.isEmpty else { return report }
        let liveness = try Liveness(of: segments, source: source)
        report.findings += liveness.findings
        try checkKeys(segments, liveness, &report)
        if liveness.findings.isEmpty { try checkCorrections(segments, liveness, &report) }
        return report
    }

    /// The terms and lengths kept with kills must be those of the losers, else statistics over live documents are wrong.
    private func checkCorrections(_ segments: [SegmentReader], _ liveness: Liveness, _ report: inout Report) throws {
        // Losers that have stems stand in a segment that says so.
        let hasStems = segments.contains { !$0.footer.stemLanguages.all.isEmpty }
        for (index, segment) in segments.enumerated() where !segment.kills.isEmpty {
            let losers = liveness.losers.filter { $0.killSegment == index }.sorted { $0.kill < $1.kill }
            var expected = Corrections(hasStems: hasStems)
            // Their records are large, and all together not needed.
            for start in stride(from: 0, to: losers.count, by: SegmentDraft.losersPerRound) {
                let round = losers[start..<min(start + SegmentDraft.losersPerRound, losers.count)]
                let records = try SegmentReader.records(
                    round.map { (segments[$0.segment], $0.ordinal) }, source: source)
                try expected.append(
                    zip(round, records).map { KilledDocument(kill: segment.kills[$0.kill].kill, record: $1) })
            }
            for (kill, row) in expected.rows.enumerated() where row != segment.kills[kill] {
                report.findings.append(
                    segment.corrupt(
                        .kills, UInt64(kill * SegmentFormat.killRowBytes),
                        "kill \(kill) says its loser has \(segment.kills[kill].tokenCount) terms, it has \(row.tokenCount)"
                    ))
            }
            var terms: [([UInt8], [UInt32])] = []
            unsafe expected.forEach { term, ordinals in unsafe terms.append((Array(term), Array(ordinals))) }
            let stream = CorrectionStream(segment)
            var next = 0
            while try stream.advance() {
                guard next < terms.count, stream.key.array == terms[next].0, stream.ordinals == terms[next].1 else {
                    break
                }
                next += 1
            }
            if next < terms.count || Int(segment.footer.correctionTermCount) != terms.count {
                report.findings.append(
                    segment.corrupt(.corrections, 0, "correction \(next) is not what the losers' records give"))
            }
        }
    }

    private func identityFinding(_ reference: SegmentReference) throws -> [EngineError] {
        var hasher = SHA256Hasher()
        var offset: UInt64 = 0
        while offset < reference.sizeBytes {
            let length = Int(min(1 << 20, reference.sizeBytes - offset))
            let request = ByteRequest(object: reference.objectName, offset: offset, length: length)
            guard let view = try source.read([request]).first, view.count == length else {
                return [EngineError(.truncated, "the object ends early", object: reference.objectName, offset: offset)]
            }
            unsafe hasher.update(view.bytes)
            offset += UInt64(length)
        }
        let identity = hasher.finalize()
        guard identity != reference.identity else { return [] }
        return [
            EngineError(
                .mismatch, "SHA-256 of the object is \(identity.hex), its name says \(reference.identity.hex)",
                object: reference.objectName)
        ]
    }

    /// No key may be live twice; the digest of the live documents must be what the footers add up to.
    private func checkKeys(_ segments: [SegmentReader], _ liveness: Liveness, _ report: inout Report) throws {
        var live: [(key: ArticleKey, segment: Int, ordinal: Int)] = []
        var digest = Digest256.zero
        for (index, segment) in segments.enumerated() {
            for (ordinal, row) in try segment.rows(0..<segment.documentCount).enumerated()
            where !liveness.dead[index].contains(UInt32(ordinal)) {
                live.append((row.key, index, ordinal))
                digest = digest &+ row.version.digestTerm(of: row.key)
            }
        }
        live.sort { ($0.key, $0.segment, $0.ordinal) < ($1.key, $1.segment, $1.ordinal) }
        for (left, right) in zip(live, live.dropFirst()) where left.key == right.key {
            report.findings.append(
                segments[right.segment].corrupt(
                    .documents, UInt64(right.ordinal * SegmentFormat.documentRowBytes),
                    "key \(right.key.hex) is live here and in \(segments[left.segment].objectName)"
                ).with(.mismatch))
        }
        report.liveDocumentCount = live.count
        if digest != report.digest, report.findings.isEmpty {
            report.findings.append(
                EngineError(
                    .mismatch, "digest of the live documents is \(digest.hex), segments add up to \(report.digest.hex)")
            )
        }
    }
}
