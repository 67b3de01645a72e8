// Which fetcher polls which share of the feeds.
//
// Invariants
// 1. A share has at most one holder, under an epoch that was never given to anyone before.
// 2. A share goes to another fetcher only after its holder returned it or was not heard of for a lease, also if its connection
//    ended; the holder counts its lease from before we heard of it (`ShareHolder`). Only who has the poll state that was
//    written under the last epoch, and so is the last holder, gets it at once.
// 3. Nothing is given while leases of an earlier coordinator may hold: it answers a TOUCH only after a look that began behind
//    it found no later term, so none of its leases was begun after the later term was.

package import News
package import Storage

package struct FeedShares: Sendable {
    package enum Change: Equatable, Sendable {
        case give(PeerID, FeedShare, ShardEpoch)
        /// Its holder is to return it once nothing of it is under way.
        case recall(PeerID, FeedShare, ShardEpoch)
        /// A fetcher that wants to end holds nothing that anyone waits for.
        case dismiss(PeerID)
    }

    /// When a TOUCH is answered.
    package enum TouchAnswer: Equatable, Sendable {
        case atOnce
        /// By `looked`.
        case later
        /// Too many of this peer wait.
        case never
    }

    private struct Grant: Sendable {
        var fetcher: PeerID
        var epoch: ShardEpoch
        var isRecalled = false
    }

    private struct Fetcher: Sendable {
        var lastHeard: Int64
        /// The poll states in its file, by the epochs under which they were written.
        var kept: [FeedShare: ShardEpoch]
        var isLeaving = false
    }

    /// Of a holder that is gone: it may not know yet.
    private struct Orphan: Sendable {
        var epoch: ShardEpoch
        var until: Int64
    }

    /// After a look that a store refused for good.
    static let restMilliseconds: Int64 = 1000
    /// TOUCHes of one fetcher that wait. One that keeps to its leases sends so many in sixteen of them.
    package static let touchLimitCount = 64

    private let term: Term
    private let leaseMilliseconds: Int64
    private let opensAt: Int64
    private var counter: UInt64 = 0
    private var grants = ShareMap<Grant>()
    private var orphans: [FeedShare: Orphan] = [:]
    private var fetchers: [PeerID: Fetcher] = [:]
    private var look = StoreCall(owner: .leaseLook)
    /// How many TOUCHes of whom wait for the look that is under way, and for the next one.
    private var looking: [PeerID: Int] = [:]
    private var asking: [PeerID: Int] = [:]
    private var nextLook: Int64 = 0
    /// What was told before JOIN.
    private var told: [PeerID: [FeedShare: ShardEpoch]] = [:]

    /// - Parameter opensAt: when leases of an earlier coordinator have run out.
    package init(term: Term, leaseMilliseconds: Int64, opensAt: Int64) {
        self.term = term
        self.leaseMilliseconds = leaseMilliseconds
        self.opensAt = opensAt
    }

    /// With how many shares each holds.
    package var holders: [(fetcher: PeerID, shareCount: Int)] {
        fetchers.keys.sorted().map { fetcher in (fetcher, grants.values.count { $0.fetcher == fetcher }) }
    }

    package func holder(of share: FeedShare) -> (fetcher: PeerID, epoch: ShardEpoch)? {
        grants[share].map { ($0.fetcher, $0.epoch) }
    }

    // MARK: What fetchers say

    package mutating func kept(_ peer: PeerID, _ share: FeedShare, _ epoch: ShardEpoch) {
        told[peer, default: [:]][share] = epoch
    }

    package mutating func join(_ peer: PeerID, now: Int64) {
        fetchers[peer] = Fetcher(lastHeard: now, kept: told.removeValue(forKey: peer) ?? [:])
    }

    package mutating func heard(_ peer: PeerID, now: Int64) { fetchers[peer]?.lastHeard = now }

    package mutating func returned(_ peer: PeerID, _ share: FeedShare, _ epoch: ShardEpoch) {
        guard let grant = grants[share], grant.fetcher == peer, grant.epoch == epoch else { return }
        grants[share] = nil
    }

    package mutating func leaving(_ peer: PeerID) { fetchers[peer]?.isLeaving = true }

    package mutating func remove(_ peer: PeerID) {
        told[peer] = nil
        looking[peer] = nil
        asking[peer] = nil
        guard let fetcher = fetchers.removeValue(forKey: peer) else { return }
        for share in FeedShare.all {
            guard let grant = grants[share], grant.fetcher == peer else { continue }
            grants[share] = nil
            orphans[share] = Orphan(epoch: grant.epoch, until: fetcher.lastHeard + leaseMilliseconds)
        }
    }

    /// Fetchers not heard of for too long.
    package func expired(now: Int64) -> [PeerID] {
        fetchers.filter { now - $0.value.lastHeard > leaseMilliseconds }.map(\.key).sorted()
    }

    // MARK: Whether we may

    package mutating func touch(_ peer: PeerID) -> TouchAnswer {
        #if PLANTED_LEASE_WITHOUT_LOOK
            return .atOnce
        #else
            guard fetchers[peer] != nil else { return .atOnce }
            guard looking[peer, default: 0] + asking[peer, default: 0] < Self.touchLimitCount else { return .never }
            asking[peer, default: 0] += 1
            return .later
        #endif
    }

    package mutating func tick(now: Moment) -> TaggedOperation? {
        if let again = look.due(now: now) { return again }
        guard !asking.isEmpty, !look.isBusy, now.milliseconds >= nextLook else { return nil }
        looking = asking
        asking = [:]
        return look.start(.size(name: ObjectName.term(term.next)))
    }

    /// - Returns: for each TOUCH that is to be answered, whose it is; nil if a later coordinator reigns.
    package mutating func looked(_ tag: OperationTag, _ result: BucketResult, now: Moment) -> [PeerID]? {
        guard let (_, result) = look.handle(tag, result, now: now) else { return [] }
        defer { looking = [:] }
        switch result {
        case .size: return nil
        case .missing: return looking.keys.sorted().flatMap { Array(repeating: $0, count: looking[$0]!) }
        default:
            asking.merge(looking, uniquingKeysWith: +)
            nextLook = now.milliseconds + Self.restMilliseconds
            return []
        }
    }

    // MARK: Who gets what

    /// A free share goes to the fetcher that has its newest poll state, if that has room in its part, else to the one that holds
    /// fewest. Who holds more than its part is asked to return the rest.
    package mutating func balance(now: Int64) -> [Change] {
        guard now >= opensAt else { return [] }
        var changes: [Change] = []
        let stay = fetchers.keys.filter { !fetchers[$0]!.isLeaving }.sorted()
        for peer in fetchers.keys.sorted() where fetchers[peer]!.isLeaving {
            if !stay.isEmpty { recall(from: peer, beyond: 0, &changes) }
            // With nobody to take it over, its state stays where it is.
            if stay.isEmpty || !grants.values.contains(where: { $0.fetcher == peer }) {
                changes.append(.dismiss(peer))
                remove(peer)
            }
        }
        guard !stay.isEmpty else { return changes }
        let part = (FeedShare.count + stay.count - 1) / stay.count
        for peer in stay { recall(from: peer, beyond: part, &changes) }
        orphans = orphans.filter { now <= $0.value.until }
        var free = FeedShare.all.filter { grants[$0] == nil }
        func count(_ peer: PeerID) -> Int { grants.values.count { $0.fetcher == peer } }
        free.removeAll { share in
            let keepers = stay.filter { peer in
                guard let kept = fetchers[peer]!.kept[share], count(peer) < part else { return false }
                return orphans[share].map { $0.epoch == kept } ?? true
            }
            guard let peer = keepers.max(by: { fetchers[$0]!.kept[share]! < fetchers[$1]!.kept[share]! }) else {
                return false
            }
            give(share, to: peer, &changes)
            return true
        }
        for share in free where orphans[share] == nil {
            give(share, to: stay.min { (count($0), $0) < (count($1), $1) }!, &changes)
        }
        return changes
    }

    private mutating func give(_ share: FeedShare, to peer: PeerID, _ changes: inout [Change]) {
        counter += 1
        let epoch = ShardEpoch(term: term, counter: counter)
        grants[share] = Grant(fetcher: peer, epoch: epoch)
        orphans[share] = nil
        for other in fetchers.keys { fetchers[other]?.kept[share] = nil }
        fetchers[peer]?.kept[share] = epoch
        changes.append(.give(peer, share, epoch))
    }

    private mutating func recall(from peer: PeerID, beyond part: Int, _ changes: inout [Change]) {
        let held = FeedShare.all.filter { grants[$0]?.fetcher == peer && grants[$0]?.isRecalled == false }
        for share in held.dropFirst(part) {
            grants[share]?.isRecalled = true
            changes.append(.recall(peer, share, grants[share]!.epoch))
        }
    }
}
