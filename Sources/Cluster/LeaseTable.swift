// Which worker owns which shard.
//
// Invariants
// 1. A shard has at most one holder, under an epoch that was never given to anyone before.
// 2. A worker that was not heard of for `leaseMilliseconds` of our clock holds nothing.
// 3. A shard moves to another worker only when nothing of it is on its way, unless its holder is gone.

package import News

package struct LeaseTable: Sendable {
    package struct Grant: Equatable, Sendable {
        package var worker: PeerID
        package var shard: Shard
        package var epoch: ShardEpoch

        package init(worker: PeerID, shard: Shard, epoch: ShardEpoch) {
            self.worker = worker
            self.shard = shard
            self.epoch = epoch
        }
    }

    package enum Change: Equatable, Sendable {
        case grant(Grant)
        case revoke(Grant)
    }

    private let term: Term
    private let shardCount: UInt16
    package let leaseMilliseconds: Int64
    private var counter: UInt64 = 0
    private var grants: [Shard: Grant] = [:]
    private var lastHeard: [PeerID: Int64] = [:]

    package init(term: Term, shardCount: UInt16, leaseMilliseconds: Int64) {
        self.term = term
        self.shardCount = shardCount
        self.leaseMilliseconds = leaseMilliseconds
    }

    package var workers: [PeerID] { lastHeard.keys.sorted() }

    package func holds(_ worker: PeerID, _ shard: Shard, _ epoch: ShardEpoch) -> Bool {
        guard let grant = grants[shard] else {
            #if PLANTED_FREE_SLOT_ZOMBIE
                return true
            #else
                return false
            #endif
        }
        return grant.worker == worker && grant.epoch == epoch
    }

    package func grant(of shard: Shard) -> Grant? { grants[shard] }

    package func shards(of worker: PeerID) -> [Grant] {
        grants.values.filter { $0.worker == worker }.sorted { $0.shard < $1.shard }
    }

    package mutating func join(_ worker: PeerID, now: Int64) { lastHeard[worker] = now }

    package mutating func heard(_ worker: PeerID, now: Int64) {
        if lastHeard[worker] != nil { lastHeard[worker] = now }
    }

    /// The worker is gone or drains: its shards are free at once, its epochs dead.
    package mutating func remove(_ worker: PeerID) {
        lastHeard[worker] = nil
        grants = grants.filter { $0.value.worker != worker }
    }

    /// Workers not heard of for too long.
    package func expired(now: Int64) -> [PeerID] {
        lastHeard.filter { now - $0.value > leaseMilliseconds }.map(\.key).sorted()
    }

    /// Grants free shards to the workers that hold fewest, and takes quiet shards from those that hold more than their part.
    ///
    /// - Parameter isFree: whether a shard may be granted now.
    /// - Parameter isQuiet: whether nothing of the shard is on its way between coordinator and snapshot.
    package mutating func balance(isFree: (Shard) -> Bool, isQuiet: (Shard) -> Bool) -> [Change] {
        guard !lastHeard.isEmpty else { return [] }
        var changes: [Change] = []
        var held: [PeerID: [Shard]] = [:]
        for worker in workers { held[worker] = [] }
        for grant in grants.values { held[grant.worker, default: []].append(grant.shard) }
        let fairShare = (Int(shardCount) + workers.count - 1) / workers.count
        for worker in workers where held[worker]!.count > fairShare {
            for shard in held[worker]!.sorted().reversed() where held[worker]!.count > fairShare && isQuiet(shard) {
                guard isFree(shard), let grant = grants.removeValue(forKey: shard) else { continue }
                changes.append(.revoke(grant))
                held[worker]!.removeAll { $0 == shard }
            }
        }
        for index in 0..<shardCount {
            let shard = Shard(index)
            guard grants[shard] == nil, isFree(shard) else { continue }
            let worker = workers.min { (held[$0]!.count, $0) < (held[$1]!.count, $1) }!
            #if PLANTED_EPOCH_TWICE
                counter = max(1, counter)
            #else
                counter += 1
            #endif
            let grant = Grant(worker: worker, shard: shard, epoch: ShardEpoch(term: term, counter: counter))
            grants[shard] = grant
            held[worker]!.append(shard)
            changes.append(.grant(grant))
        }
        return changes
    }

    /// Shards whose holder has more than its part: nothing new is sent of them until they have moved.
    package func movingShards() -> Set<Shard> {
        guard lastHeard.count > 1 else { return [] }
        let fairShare = (Int(shardCount) + lastHeard.count - 1) / lastHeard.count
        var moving: Set<Shard> = []
        for worker in lastHeard.keys {
            let held = shards(of: worker)
            if held.count > fairShare { moving.formUnion(held.suffix(held.count - fairShare).map(\.shard)) }
        }
        return moving
    }
}
