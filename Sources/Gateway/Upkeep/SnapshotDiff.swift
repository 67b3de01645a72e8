package import ByteCoding
import Engine
package import News
package import Roles
package import Storage

/// What became of one key from one snapshot to another.
package struct SnapshotChange: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case added
        /// A larger version took the place of the old one.
        case superseded
        /// Between two stores: the other has a smaller version.
        case older
        /// Gone, and its key is retracted.
        case retracted
        /// Gone, and behind a horizon of retention.
        case expired
        /// Gone for another reason: between two stores.
        case removed
    }

    package var kind: Kind
    package var key: ArticleKey
    package var oldVersion: Version?
    package var newVersion: Version?
    package var retraction: Retraction?
    /// The new version's, or the old one's if that was read; only if asked for.
    package var article: Article?
}

/// What two snapshots do not have in common.
///
/// Over a whole snapshot every kill has exactly one loser, so the live articles are all documents less all kills, as a sum.
/// The segments that both have fall out of the difference of two such sums: only the others are opened, and of them only
/// keys, versions and kills are read. What is left over of a key is at most one version on each side, and all that is left
/// over must add up to the difference of the set digests: a wrong answer is not possible unnoticed.
///
/// Memory is bounded (`KeyedRows`), and by the open areas of the segments that are not shared.
package struct SnapshotDiff {
    /// One of the two; nil stands for the empty snapshot before the first.
    package struct Side: Sendable {
        package var loaded: LoadedManifest?
        package var loader: SnapshotLoader

        package init(_ loaded: LoadedManifest?, _ loader: SnapshotLoader) {
            self.loaded = loaded
            self.loader = loader
        }

        package var generation: Generation { loaded?.manifest.generation ?? .none }
        package var setDigest: Digest256 { loaded?.manifest.setDigest ?? .zero }
        package var liveCount: Int64 { loaded?.manifest.sums[.published] ?? 0 }
    }

    package let old: Side
    package let new: Side
    package private(set) var counts: [SnapshotChange.Kind: Int64] = [:]

    /// Articles that are read in one round.
    static let chunkCount = 64

    package init(from old: Side, to new: Side) {
        self.old = old
        self.new = new
    }

    package var isEqual: Bool { old.setDigest == new.setDigest && old.liveCount == new.liveCount }

    /// How many articles both have in the same version; known once `run` is over.
    package var unchangedCount: Int64 {
        old.liveCount - SnapshotChange.Kind.allCases.reduce(0) { $0 + ($1 == .added ? 0 : counts[$1] ?? 0) }
    }

    /// Where a row came from: bit 63 new side, bit 62 kill, then 30 bits of segment and 32 of ordinal.
    private struct Tag {
        var isNew: Bool
        var isKill: Bool
        var segment: Int
        var ordinal: UInt32

        var raw: UInt64 {
            (isNew ? 1 << 63 : 0) | (isKill ? 1 << 62 : 0) | UInt64(segment) << 32 | UInt64(ordinal)
        }

        init(isNew: Bool, isKill: Bool, segment: Int, ordinal: UInt32) {
            self.isNew = isNew
            self.isKill = isKill
            self.segment = segment
            self.ordinal = ordinal
        }

        init(_ raw: UInt64) {
            isNew = raw >> 63 == 1
            isKill = raw >> 62 & 1 == 1
            segment = Int(raw >> 32 & 0x3FFF_FFFF)
            ordinal = UInt32(truncatingIfNeeded: raw)
        }
    }

    private struct Found {
        var change: SnapshotChange
        var place: Tag?
    }

    /// - Parameters:
    ///   - readsArticles: whether `article` is filled in where it is known.
    ///   - take: gets the changes by ascending key, some at a time.
    /// - Throws: `EngineError` `.mismatch` if the snapshots are not what their manifests say.
    package mutating func run(readsArticles: Bool, take: ([SnapshotChange]) throws -> Void) throws {
        guard !isEqual else { return }
        let state = try new.loaded.map { try new.loader.state(of: $0.manifest) } ?? ClusterState()
        let oldSegments = old.loaded?.segments ?? []
        let newSegments = new.loaded?.segments ?? []
        let shared = Set(oldSegments.map(\.identity)).intersection(newSegments.map(\.identity))
        let olds = try old.loader.readers(oldSegments.filter { !shared.contains($0.identity) })
        let news = try new.loader.readers(newSegments.filter { !shared.contains($0.identity) })
        let rows = KeyedRows()
        try Self.collect(olds, isNew: false, rows)
        try Self.collect(news, isNew: true, rows)

        var digest = Digest256.zero
        var counts: [SnapshotChange.Kind: Int64] = [:]
        var chunk: [Found] = []
        func flush() throws {
            for index in chunk.indices where chunk[index].change.kind == .removed {
                guard let place = chunk[index].place else { continue }
                let ordinal = Int(place.ordinal)
                let horizon = try HorizonSearch.horizons(
                    of: olds[place.segment], ordinal..<(ordinal + 1), state.retention)[0]
                if horizon != nil { chunk[index].change.kind = .expired }
            }
            for found in chunk { counts[found.change.kind, default: 0] += 1 }
            if readsArticles { try Self.readArticles(&chunk, olds, news, (old.loader, new.loader)) }
            if !chunk.isEmpty { try take(chunk.map(\.change)) }
            chunk = []
        }
        try rows.forEachKey { rows in
            guard let found = try Self.change(of: rows, state) else { return }
            let change = found.change
            if let version = change.newVersion { digest = digest &+ version.digestTerm(of: change.key) }
            if let version = change.oldVersion { digest = digest &- version.digestTerm(of: change.key) }
            chunk.append(found)
            if chunk.count == Self.chunkCount { try flush() }
        }
        try flush()
        self.counts = counts
        guard digest == new.setDigest &- old.setDigest else {
            throw EngineError(
                .mismatch, "the changes found do not lead from set digest \(old.setDigest.hex) to \(new.setDigest.hex)",
                hint: "run: coranto snapshot verify")
        }
    }

    private static func collect(_ segments: [SegmentReader], isNew: Bool, _ rows: KeyedRows) throws {
        for (index, segment) in segments.enumerated() {
            for start in stride(from: 0, to: segment.documentCount, by: 4096) {
                let range = start..<min(start + 4096, segment.documentCount)
                for (ordinal, identity) in zip(range, try segment.identities(range)) {
                    let tag = Tag(isNew: isNew, isKill: false, segment: index, ordinal: UInt32(ordinal))
                    try rows.append(.init(key: identity.key, version: identity.version, tag: tag.raw))
                }
            }
            for (number, row) in segment.kills.enumerated() {
                let tag = Tag(isNew: isNew, isKill: true, segment: index, ordinal: UInt32(number))
                try rows.append(.init(key: row.kill.key, version: row.kill.version, tag: tag.raw))
            }
        }
    }

    /// - Returns: nil if all of it cancels out.
    private static func change(
        of rows: ArraySlice<KeyedRows.Row>, _ state: ClusterState
    ) throws -> Found? {
        var gone: (version: Version, place: Tag?)?
        var come: (version: Version, place: Tag?)?
        let key = rows[rows.startIndex].key
        var start = rows.startIndex
        while start < rows.endIndex {
            var sum = 0
            var places: [Tag] = []
            let version = rows[start].version
            while start < rows.endIndex, rows[start].version == version {
                let tag = Tag(rows[start].tag)
                sum += tag.isNew == tag.isKill ? -1 : 1
                if !tag.isKill { places.append(tag) }
                start += 1
            }
            switch sum {
            case 0: continue
            case 1 where come == nil: come = (version, places.first { $0.isNew })
            case -1 where gone == nil: gone = (version, places.first { !$0.isNew })
            default:
                throw EngineError(
                    .mismatch, "key \(key.hex) is live twice, or was killed twice", hint: "run: coranto snapshot verify"
                )
            }
        }
        guard gone != nil || come != nil else { return nil }
        let kind: SnapshotChange.Kind =
            switch (gone, come) {
            case (nil, _): .added
            case (let gone?, let come?): gone.version < come.version ? .superseded : .older
            case (let gone?, nil):
                if state.retractions[key] != nil {
                    .retracted
                } else {
                    state.expiration(of: key, gone.version) == nil ? .removed : .expired
                }
            }
        let change = SnapshotChange(
            kind: kind, key: key, oldVersion: gone?.version, newVersion: come?.version,
            retraction: kind == .retracted ? state.retractions[key] : nil)
        return Found(change: change, place: come?.place ?? (come == nil ? gone?.place : nil))
    }

    private static func readArticles(
        _ chunk: inout [Found], _ olds: [SegmentReader], _ news: [SegmentReader],
        _ loaders: (old: SnapshotLoader, new: SnapshotLoader)
    ) throws {
        for isNew in [false, true] {
            let wanted = chunk.indices.filter { chunk[$0].place?.isNew == isNew }
            let wants = wanted.map { index in
                let place = chunk[index].place!
                return (segment: (isNew ? news : olds)[place.segment], ordinal: place.ordinal)
            }
            let source = isNew ? loaders.new.source : loaders.old.source
            for (index, record) in zip(wanted, try SegmentReader.records(wants, source: source)) {
                chunk[index].change.article = try SearchAnswer.article(record, chunk[index].change.key)
            }
        }
    }
}

extension SnapshotDiff {
    /// The manifest a command names: a generation or a date, "0" for the empty snapshot (nil), the newest if nothing is given.
    ///
    /// - Throws: `Failure` `.gone` if it is not kept.
    package static func manifest(_ name: String?, _ loader: SnapshotLoader) throws -> LoadedManifest? {
        guard let name else { return try loader.newest() }
        guard name != "0" else { return nil }
        var question = SearchQuestion()
        try question.setAsOf(name)
        let found =
            switch question.asOf {
            case .generation(let generation): try loader.manifest(generation)
            case .time(let time): try loader.manifest(asOf: time)
            case nil: try loader.newest()
            }
        guard let found else {
            throw Failure(
                .gone, "\(loader.bucket.location): no snapshot \(name) is kept",
                hint: "coranto snapshot list shows those that are")
        }
        return found
    }
}
