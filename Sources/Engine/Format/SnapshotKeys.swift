package import ByteCoding
package import News
package import Storage

/// Looks keys up among the live articles of a snapshot whose segments need not all be open at once: what is held does not
/// grow with the snapshot, except by its references and the kills that wait for a merge.
///
/// Which documents are dead is told by the kills themselves, not by looking for each one's loser: a kill names key, version
/// and order time, and no two documents of a snapshot agree in these. That every kill has its loser is for merges,
/// `SnapshotReader` and `snapshot verify` to see.
package struct SnapshotKeys {
    package let references: [SegmentReference]
    let source: any ByteSource
    private let settingsHash: Digest256
    private let open: ([SegmentReference]) throws -> [SegmentReader]

    /// Segments open at once, beside those that `open` holds.
    package static let segmentsPerRound = 256

    /// - Parameters:
    ///   - settingsHash: what the segments must be made with.
    ///   - open: opens segments, for keys or more; it may hold some for the next time.
    package init(
        _ references: [SegmentReference], settingsHash: Digest256, source: any ByteSource,
        open: @escaping ([SegmentReference]) throws -> [SegmentReader]
    ) {
        self.references = references
        self.settingsHash = settingsHash
        self.source = source
        self.open = open
    }

    /// The live version of each key, or nil; `segment` is an index in `references`. Up to four rounds for each
    /// `segmentsPerRound` segments, two where they are held.
    ///
    /// - Parameter keys: each once, in any order.
    /// - Throws: `EngineError`: `.mismatch` if a key is live twice or a segment has other settings.
    package func lookup(_ keys: [ArticleKey]) throws -> [LiveVersion?] {
        var killed = Set<Kill>()
        try forEachRound(references.indices.filter { references[$0].killCount > 0 }) { _, segments in
            for segment in segments { killed.formUnion(segment.kills.map(\.kill)) }
        }
        var live: [LiveVersion?] = keys.map { _ in nil }
        try forEachRound(Array(references.indices)) { indices, segments in
            let candidates = try KeyMatches.candidates(of: keys, in: segments, source: source)
            for (key, found) in try KeyMatches.confirm(candidates, of: keys, in: segments, source: source) {
                let identity = Kill(key: found.key, version: found.version, orderTime: found.orderTime)
                guard !killed.contains(identity) else { continue }
                let index = indices[found.segment]
                guard live[key] == nil else {
                    throw KeyMatches.liveTwice(found.key, in: references[index].objectName)
                }
                live[key] = found.inSegment(index)
            }
        }
        return live
    }

    /// Canonical records of what was found, in the order asked for; up to four rounds, two where segments are held.
    package func records(_ found: [LiveVersion]) throws -> [[UInt8]] {
        let indices = Set(found.map(\.segment)).sorted()
        let opened = Dictionary(uniqueKeysWithValues: zip(indices, try readers(indices)))
        return try SegmentReader.records(found.map { (opened[$0.segment]!, $0.ordinal) }, source: source)
    }

    private func forEachRound(_ indices: [Int], _ body: ([Int], [SegmentReader]) throws -> Void) throws {
        for start in stride(from: 0, to: indices.count, by: Self.segmentsPerRound) {
            let round = Array(indices[start..<min(start + Self.segmentsPerRound, indices.count)])
            try body(round, try readers(round))
        }
    }

    private func readers(_ indices: [Int]) throws -> [SegmentReader] {
        let opened = try open(indices.map { references[$0] })
        for segment in opened { try segment.requireSettings(settingsHash) }
        return opened
    }
}
