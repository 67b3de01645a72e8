// The shards a worker holds, and what it was told with them and by entries since.
//
// Invariants
// 1. Dead letters are as told with the shard's newest lease: one that was retried since an earlier lease is none any more.
// 2. Of expirations only the newest round is kept: before a round begins everything that the one before concerns is
//    published.

import News
import Storage
import Wire

struct HeldShards: Sendable {
    /// What becomes of an article, before it is held against others in the builder.
    enum Standing: Equatable {
        case free
        /// A dead letter was made of this very entry, which the decision accounts for.
        case decided
        /// The same version as a dead letter.
        case deadLetter
        case retracted
        /// It came before an expiration of versions up to this one.
        case expired(Version)
    }

    private struct Lease: Sendable {
        var epoch: ShardEpoch
        var generation: Generation
        var suspectTo: [Lane: Position]
    }

    private var leases: [Shard: Lease] = [:]
    private var retracted: Set<ArticleKey> = []
    private var deadLetters: [Shard: [ArticleKey: [ShardRules.VersionMark]]] = [:]
    private var expired: [Shard: [ArticleKey: ShardRules.VersionMark]] = [:]

    var count: Int { leases.count }

    func holds(_ shard: Shard, _ epoch: ShardEpoch) -> Bool { leases[shard]?.epoch == epoch }

    /// The newest generation that was told with the leases of these.
    func generation(of shards: Set<Shard>) -> Generation {
        shards.compactMap { leases[$0]?.generation }.max() ?? .none
    }

    /// Up to where articles are to be tried before they are taken in.
    func suspectTo(_ stream: ShardLane) -> Position? { leases[stream.shard]?.suspectTo[stream.lane] }

    func standing(of article: LoggedArticle, at position: Position, in shard: Shard) -> Standing {
        if let letter = deadLetters[shard]?[article.key]?.first(where: { $0.version == article.version }) {
            return letter.position == position ? .decided : .deadLetter
        }
        if retracted.contains(article.key) { return .retracted }
        if let mark = expired[shard]?[article.key], position < mark.position, article.version <= mark.version {
            return .expired(mark.version)
        }
        return .free
    }

    mutating func add(_ shard: Shard, _ epoch: ShardEpoch, _ generation: Generation, _ rules: ShardRules) {
        leases[shard] = Lease(epoch: epoch, generation: generation, suspectTo: rules.suspectTo)
        retracted.formUnion(rules.retracted)
        deadLetters[shard] = Dictionary(grouping: rules.deadLetters, by: \.key)
        expired[shard] = Dictionary(rules.expired.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
    }

    mutating func remove(_ shard: Shard) {
        leases[shard] = nil
        expired[shard] = nil
    }

    mutating func retract(_ key: ArticleKey) { retracted.insert(key) }

    mutating func expire(_ expiration: Expiration, at position: Position, in shard: Shard) {
        // A round is one batch, so one object of the log.
        if let older = expired[shard]?.values.first?.position,
            (older.term, older.number) != (position.term, position.number)
        {
            expired[shard] = [:]
        }
        expired[shard, default: [:]][expiration.key] = ShardRules.VersionMark(
            key: expiration.key, version: expiration.through, position: position)
    }
}
