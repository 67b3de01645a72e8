// What the log says as far as it is known: the state, what no manifest tells yet, and what whoever gets a shard must know.
//
// Invariants
// 1. An entry is taken in once: what stands at or before `folding.foldedTo` is passed over.
// 2. What is kept by shard is what the state says.

package import News
package import Storage
package import Wire

package struct FoldedLog: Sendable {
    package private(set) var state: ClusterState
    /// What no manifest tells yet.
    package var folding: Folding

    private let sharding: Sharding
    /// The retracted keys, for LEASE: hashing them all for each lease would stop the heartbeat.
    private var retracted: [Shard: [ArticleKey]]
    /// What expired and is not erased yet, for the same reason.
    private var expired: [Shard: [ArticleKey: ShardRules.VersionMark]] = [:]

    /// - Parameter state: what `manifest` names.
    package init(_ state: ClusterState, of manifest: Manifest) {
        let sharding = manifest.sharding
        self.state = state
        self.sharding = sharding
        folding = Folding(foldedTo: manifest.foldedTo)
        retracted = Dictionary(grouping: state.retractions.keys) { sharding.shard(of: $0) }
        for expiration in state.erasures.values.compactMap(\.expiration) { mark(expiration) }
    }

    /// Whether the log brought something that no manifest tells yet and no report has to come for.
    var hasNews: Bool { folding.receivedCount > 0 || folding.isStateChanged }

    /// Keys that expired and are not erased yet.
    package var expiringCount: Int { expired.values.reduce(0) { $0 + $1.count } }

    /// - Returns: the shards of which a dead letter became an article again.
    @discardableResult
    package mutating func fold(_ object: LogObject) -> Set<Shard> {
        var revived: Set<Shard> = []
        object.forEachEntry { position, _, entry in
            guard position > folding.foldedTo else { return }
            let changed = state.apply(entry, at: position)
            if changed.contains(.retractions), case .retraction(let retraction) = entry {
                retracted[sharding.shard(of: retraction.key), default: []].append(retraction.key)
            }
            if changed.contains(.erasures) { noteErasure(entry) }
            if changed.contains(.deadLetters), case .retried(let article) = entry {
                revived.insert(sharding.shard(of: article.key))
            }
            folding.add(entry, hour: object.hour, changed: changed)
        }
        folding.foldedTo = max(folding.foldedTo, object.endPosition)
        return revived
    }

    private mutating func noteErasure(_ entry: LogEntry) {
        let key: ArticleKey
        switch entry {
        case .expired(let expiration): key = expiration.key
        case .retraction(let retraction): key = retraction.key
        case .erased(let bound): key = bound.key
        default: return
        }
        if let standing = state.erasures[key]?.expiration {
            mark(standing)
        } else {
            expired[sharding.shard(of: key)]?[key] = nil
        }
    }

    private mutating func mark(_ expiration: Expiration) {
        expired[sharding.shard(of: expiration.key), default: [:]][expiration.key] = ShardRules.VersionMark(
            key: expiration.key, version: expiration.through, position: expiration.position)
    }

    /// What the next holder of a shard must know.
    ///
    /// - Parameter suspectTo: up to where its articles are suspect, by lane.
    package func rules(of shard: Shard, suspectTo: [Lane: Position]) -> ShardRules {
        let letters = state.deadLetters.filter { sharding.shard(of: $0.key.key) == shard }.sorted { $0.key < $1.key }
        return ShardRules(
            suspectTo: suspectTo,
            deadLetters: letters.map {
                ShardRules.VersionMark(key: $0.key.key, version: $0.key.version, position: $0.value.position)
            },
            retracted: (retracted[shard] ?? []).sorted(),
            expired: (expired[shard] ?? [:]).values.sorted { $0.key < $1.key })
    }
}
