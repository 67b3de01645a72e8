// What must hold, checked at every manifest, every deletion and at the end.

import ByteCoding
import News
import Storage
import Cluster

struct Properties {
    private(set) var head: Manifest?
    private(set) var manifestCount = 0
    var failures: [String] = []
    private var epochs: [EpochKey: PeerID] = [:]
    /// Segments of every manifest ever committed, by what it names.
    private var namedEver: Set<String> = []

    private struct EpochKey: Hashable {
        var shard: Shard
        var epoch: ShardEpoch
    }

    mutating func leased(_ shard: Shard, _ epoch: ShardEpoch, to peer: PeerID) {
        if epochs.updateValue(peer, forKey: EpochKey(shard: shard, epoch: epoch)) != nil {
            failures.append(
                "a shard epoch is issued once: shard \(shard.index) epoch \(epoch.term.number).\(epoch.counter)")
        }
    }

    /// Called as soon as a manifest is in the store.
    mutating func manifestCreated(
        _ bytes: [UInt8], store: SimulatedStore, segments: (Manifest) throws -> [(SegmentReference, DecodedSegment)]
    ) throws {
        let manifest = try Manifest(decoding: bytes)
        manifestCount += 1
        if let head {
            try require(manifest.generation == head.generation.next, "generations follow one another", manifest)
            try require(manifest.parent == head.generation, "a manifest's parent is the one before", manifest)
            try require(manifest.term >= head.term, "terms never go back", manifest)
            for index in manifest.watermarks.indices {
                try require(manifest.watermarks[index] >= head.watermarks[index], "watermarks never go back", manifest)
            }
        }
        let parts = try segments(manifest)
        var live: [ArticleKey: ModelDocument] = [:]
        var documents: [DocumentID: Int] = [:]
        var kills: [DocumentID: Int] = [:]
        for (reference, segment) in parts {
            try require(reference.digest == segment.digest, "a reference tells its segment's digest", manifest)
            for document in segment.model.documents {
                documents[DocumentID(key: document.key, version: document.version), default: 0] += 1
            }
            for kill in segment.model.kills { kills[DocumentID(key: kill.key, version: kill.version), default: 0] += 1 }
        }
        for (id, count) in kills {
            try require(count == 1 && documents[id] == 1, "a kill has exactly one loser", manifest,
                "\(id.key.hex): \(count) kills, \(documents[id] ?? 0) losers")
        }
        for (_, segment) in parts {
            for document in segment.model.documents {
                let id = DocumentID(key: document.key, version: document.version)
                guard kills[id] == nil else { continue }
                try require(live[document.key] == nil, "no key is live twice", manifest, document.key.hex)
                live[document.key] = document
            }
        }
        let digest = live.reduce(Digest256.zero) { $0 &+ $1.value.version.digestTerm(of: $1.key) }
        try require(digest == manifest.setDigest, "the set digest is that of the live articles", manifest)
        try require(
            manifest.sums[.published] == Int64(live.count), "published is the number of live articles", manifest,
            "\(manifest.sums[.published]) and \(live.count)")
        try require(manifest.sums.pending >= 0, "no article has two outcomes", manifest, "\(manifest.sums)")
        for outcome in Outcome.allCases {
            try require(manifest.sums[outcome] >= 0, "no outcome is negative", manifest, outcome.name)
        }
        head = manifest
    }

    func checkDelete(_ name: String, store: SimulatedStore) throws {
        guard let head, name.hasPrefix("segments/") else { return }
        if head.overlays.contains(where: { $0.objectName == name }) {
            throw Violation(property: "nothing named is deleted", detail: name)
        }
    }

    /// Log objects that count: of each term those before its recorded end.
    private func validLog(_ store: SimulatedStore) throws -> [LogObject] {
        let objects = try store.everLog.values.map { try LogObject(decoding: $0) }.sorted {
            ($0.term, $0.number) < ($1.term, $1.number)
        }
        // A term's own record of ends counts only if it is not void itself: the newest term's does.
        var ends: [Term: UInt64] = [:]
        for object in objects.reversed() where object.number == 0 {
            if let end = ends[object.term], end == 0 { continue }
            for end in object.ends where ends[end.term] == nil { ends[end.term] = end.objectCount }
        }
        return objects.filter { $0.number < ends[$0.term] ?? UInt64.max }
    }

    func loggedArticleCount(_ store: SimulatedStore) -> Int64 {
        do {
            return Int64(
                try validLog(store).reduce(0) { sum, object in
                    sum
                        + object.batches.reduce(0) { count, batch in
                            count
                                + batch.entries.filter {
                                    switch $0 {
                                    case .article, .rejection: true
                                    case .retraction, .feed: false
                                    }
                                }.count
                        }
                })
        } catch { return -1 }
    }

    /// When all is quiet: the snapshot is what the log says, and the log holds all that was acknowledged.
    func checkEnd(
        store: SimulatedStore, clients: [SimulatedClient],
        digest segments: (Manifest) throws -> [(SegmentReference, DecodedSegment)]
    ) throws {
        guard let head else { throw Violation(property: "there is a snapshot", detail: "none") }
        var best: [ArticleKey: Version] = [:]
        var retracted: Set<ArticleKey> = []
        var logged: [DocumentID: Int] = [:]
        for object in try validLog(store) {
            for entry in object.batches.flatMap(\.entries) {
                switch entry {
                case .article(let article):
                    best[article.key] = max(best[article.key] ?? article.version, article.version)
                    logged[DocumentID(key: article.key, version: article.version), default: 0] += 1
                case .retraction(let retraction): retracted.insert(retraction.key)
                case .rejection, .feed: break
                }
            }
        }
        let expected = best.filter { !retracted.contains($0.key) }.reduce(Digest256.zero) {
            $0 &+ $1.value.digestTerm(of: $1.key)
        }
        try require(expected == head.setDigest, "the snapshot is a function of the log", head)
        for client in clients {
            for entry in client.acknowledged {
                guard case .article(let article) = entry, !retracted.contains(article.key) else { continue }
                try require(
                    logged[DocumentID(key: article.key, version: article.version)] != nil,
                    "what was acknowledged is in the log", head, article.key.hex)
            }
        }
        _ = try segments(head)
    }

    private func require(
        _ holds: Bool, _ property: String, _ manifest: Manifest, _ detail: @autoclosure () -> String = ""
    ) throws {
        guard !holds else { return }
        throw Violation(property: property, detail: "generation \(manifest.generation.number) \(detail())")
    }
}

private struct DocumentID: Hashable {
    var key: ArticleKey
    var version: Version
}
