import Cluster
import News
import Storage
import Testing

@Suite("Feeds shared out among fetchers")
struct FeedSharesTests {
    private func shares(opensAt: Int64 = 0, term: UInt64 = 3) -> FeedShares {
        FeedShares(term: Term(term), leaseMilliseconds: 1000, opensAt: opensAt)
    }

    private func given(_ changes: [FeedShares.Change]) -> [FeedShare: PeerID] {
        var given: [FeedShare: PeerID] = [:]
        for case .give(let peer, let share, _) in changes { given[share] = peer }
        return given
    }

    private func count(_ shares: FeedShares, _ peer: UInt64) -> Int {
        shares.holders.first { $0.fetcher == PeerID(peer) }?.shareCount ?? 0
    }

    @Test("one fetcher has all of them, two have half each: what is recalled moves once it is returned")
    func balance() {
        var shares = shares()
        shares.join(PeerID(1), now: 0)
        let first = shares.balance(now: 0)
        #expect(given(first).count == 64)
        shares.join(PeerID(2), now: 10)
        let recalled = shares.balance(now: 10)
        #expect(recalled.count == 32)
        let firstChanges = shares.balance(now: 20)
        #expect(firstChanges.isEmpty, "asked once, and nothing moves before it is returned")
        for case .recall(let peer, let share, let epoch) in recalled {
            shares.returned(PeerID(2), share, epoch)
            shares.returned(peer, share, ShardEpoch(term: Term(3), counter: 1000))
        }
        let secondChanges = shares.balance(now: 30)
        #expect(secondChanges.isEmpty, "only by its holder, under its epoch")
        for case .recall(let peer, let share, let epoch) in recalled { shares.returned(peer, share, epoch) }
        let moved = given(shares.balance(now: 40))
        #expect(moved.count == 32 && moved.values.allSatisfy { $0 == PeerID(2) })
        #expect(count(shares, 1) == 32 && count(shares, 2) == 32)
    }

    @Test("no epoch is given twice")
    func epochs() {
        var shares = shares()
        var seen: Set<ShardEpoch> = []
        for round in UInt64(1)...5 {
            shares.join(PeerID(round), now: Int64(round) * 5000)
            for case .give(_, _, let epoch) in shares.balance(now: Int64(round) * 5000) {
                #expect(seen.insert(epoch).inserted)
            }
            shares.remove(PeerID(round))
        }
        #expect(seen.count == 5 * 64)
    }

    @Test("a share whose holder is gone waits for the end of its lease, but not for the holder itself")
    func gone() {
        var shares = shares()
        shares.join(PeerID(1), now: 0)
        let first = shares.balance(now: 0)
        shares.heard(PeerID(1), now: 500)
        shares.join(PeerID(2), now: 500)
        shares.remove(PeerID(1))
        let firstChanges = shares.balance(now: 1500)
        #expect(firstChanges.isEmpty)
        // It comes back with all but one of its poll states.
        for case .give(_, let share, let epoch) in first.dropFirst() { shares.kept(PeerID(3), share, epoch) }
        shares.join(PeerID(3), now: 1500)
        let again = given(shares.balance(now: 1500))
        #expect(again.count == 32 && again.values.allSatisfy { $0 == PeerID(3) })
        // The rest goes to the other.
        let later = given(shares.balance(now: 1501))
        #expect(later.count == 32 && later.values.allSatisfy { $0 == PeerID(2) })
    }

    @Test("of two that have a share's poll state the newer one gets it")
    func newest() {
        var shares = shares()
        for share in FeedShare.all {
            let isEven = share.index % 2 == 0
            shares.kept(PeerID(1), share, ShardEpoch(term: Term(isEven ? 1 : 2), counter: 7))
            shares.kept(PeerID(2), share, ShardEpoch(term: Term(isEven ? 2 : 1), counter: 9))
        }
        shares.join(PeerID(1), now: 0)
        shares.join(PeerID(2), now: 0)
        for (share, peer) in given(shares.balance(now: 0)) { #expect(peer == PeerID(share.index % 2 == 0 ? 2 : 1)) }
    }

    @Test("who wants to end gives back what another can take, and is told when nothing is left")
    func leaving() {
        var shares = shares()
        shares.join(PeerID(1), now: 0)
        _ = shares.balance(now: 0)
        shares.leaving(PeerID(1))
        let firstChanges = shares.balance(now: 0)
        #expect(firstChanges == [.dismiss(PeerID(1))], "with nobody to take it over its state stays with it")
        shares.join(PeerID(2), now: 2000)
        shares.join(PeerID(3), now: 2000)
        _ = shares.balance(now: 2000)
        shares.leaving(PeerID(2))
        let recalled = shares.balance(now: 2000)
        #expect(recalled.count == 32)
        for case .recall(let peer, let share, let epoch) in recalled { shares.returned(peer, share, epoch) }
        let last = shares.balance(now: 2000)
        #expect(last.contains(.dismiss(PeerID(2))))
        #expect(given(last).count == 32 && count(shares, 3) == 64)
    }

    @Test("nothing is given while leases of an earlier coordinator may hold")
    func opening() {
        var shares = shares(opensAt: 1000)
        shares.join(PeerID(1), now: 0)
        let firstChanges = shares.balance(now: 999)
        #expect(firstChanges.isEmpty)
        let secondChanges = shares.balance(now: 1000)
        #expect(secondChanges.count == 64)
    }

    @Test("a TOUCH is answered only after a look that began behind it found no later term")
    func looks() {
        var shares = shares()
        let foreign = shares.touch(PeerID(1))
        #expect(foreign == .atOnce, "nobody who has joined")
        shares.join(PeerID(1), now: 0)
        shares.join(PeerID(2), now: 0)
        /// Begins a look, of which `answer` comes.
        func look(_ time: Int64, _ answer: BucketResult, meanwhile: PeerID? = nil) -> [PeerID]? {
            guard let look = shares.tick(now: moment(time)) else { return [PeerID(0)] }
            #expect(look.operation == .size(name: ObjectName.term(Term(4))))
            if let meanwhile { _ = shares.touch(meanwhile) }
            let another = shares.tick(now: moment(time))
            #expect(another == nil, "one at a time")
            return shares.looked(look.tag, answer, now: moment(time + 1))
        }
        let kept = shares.touch(PeerID(1))
        #expect(kept == .later)
        let first = look(0, .missing, meanwhile: PeerID(2))
        #expect(first == [PeerID(1)])
        let failed = look(10, .failed(BucketFailure(.lasting, name: "", message: "403")))
        #expect(failed == [])
        let early = shares.tick(now: moment(1010))
        #expect(early == nil, "a store that refuses is left alone for a second")
        let second = look(1011, .missing)
        #expect(second == [PeerID(2)], "none is forgotten")
        _ = shares.touch(PeerID(1))
        let overtaken = look(1020, .size(9))
        #expect(overtaken == nil, "a later coordinator reigns")
    }

    @Test("the TOUCHes of a fetcher that wait are counted, and no more are taken than it may send")
    func manyTouches() {
        var shares = shares()
        shares.join(PeerID(1), now: 0)
        shares.join(PeerID(2), now: 0)
        var answers: [FeedShares.TouchAnswer] = []
        for _ in 0..<(FeedShares.touchLimitCount / 2) { answers.append(shares.touch(PeerID(1))) }
        let look = shares.tick(now: moment(0))
        for _ in 0...(FeedShares.touchLimitCount / 2) { answers.append(shares.touch(PeerID(1))) }
        #expect(answers.dropLast().allSatisfy { $0 == .later } && answers.last == .never)
        #expect(answers.count == FeedShares.touchLimitCount + 1)
        let other = shares.touch(PeerID(2))
        #expect(other == .later)
        guard let look else {
            Issue.record("no look")
            return
        }
        let failed = shares.looked(
            look.tag, .failed(BucketFailure(.lasting, name: "", message: "403")), now: moment(1))
        #expect(failed == [])
        let still = shares.touch(PeerID(1))
        #expect(still == .never)
        guard let again = shares.tick(now: moment(2000)) else {
            Issue.record("no look")
            return
        }
        let touched = shares.looked(again.tag, .missing, now: moment(2001))
        #expect(touched == Array(repeating: PeerID(1), count: FeedShares.touchLimitCount) + [PeerID(2)])
        let after = shares.touch(PeerID(1))
        #expect(after == .later)
    }
}
