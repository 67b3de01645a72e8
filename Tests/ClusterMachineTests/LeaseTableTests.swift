import Cluster
import News
import Testing

@Suite struct LeaseTableTests {
    func table(_ shardCount: UInt16) -> LeaseTable {
        LeaseTable(term: Term(3), shardCount: shardCount, leaseMilliseconds: 1000)
    }

    func balance(_ table: inout LeaseTable, isQuiet: Bool = true, isFree: Bool = true) -> [LeaseTable.Change] {
        table.balance(isFree: { _ in isFree }, isQuiet: { _ in isQuiet })
    }

    @Test("shards are spread evenly, each under an epoch of its own")
    func even() {
        var table = table(5)
        table.join(PeerID(1), now: 0)
        table.join(PeerID(2), now: 0)
        let changes = balance(&table)
        #expect(changes.count == 5)
        #expect(table.shards(of: PeerID(1)).count == 3)
        #expect(table.shards(of: PeerID(2)).count == 2)
        let epochs = (UInt16(0)..<5).compactMap { table.grant(of: Shard($0))?.epoch }
        #expect(Set(epochs).count == 5)
        #expect(epochs.allSatisfy { $0.term == Term(3) })
    }

    @Test("an epoch is never given again, though its holder is gone")
    func epochs() {
        var table = table(2)
        var seen: Set<ShardEpoch> = []
        for round in UInt64(1)...20 {
            table.join(PeerID(round), now: 0)
            for change in balance(&table) {
                if case .grant(let grant) = change { #expect(seen.insert(grant.epoch).inserted) }
            }
            table.remove(PeerID(round))
        }
        #expect(seen.count == 40)
    }

    @Test("a shard moves to a newcomer only when it is quiet")
    func quiet() {
        var table = table(4)
        table.join(PeerID(1), now: 0)
        _ = balance(&table)
        table.join(PeerID(2), now: 0)
        #expect(balance(&table, isQuiet: false).isEmpty)
        #expect(table.movingShards().contains(Shard(3)))
        #expect(!table.movingShards().contains(Shard(0)))
        let changes = balance(&table)
        #expect(changes.count == 4)
        #expect(table.shards(of: PeerID(2)).map(\.shard) == [Shard(2), Shard(3)])
    }

    @Test("a shard that is in the manifest being written is not granted")
    func draft() {
        var table = table(1)
        table.join(PeerID(1), now: 0)
        #expect(balance(&table, isFree: false).isEmpty)
        #expect(balance(&table).count == 1)
    }

    @Test("a worker that is not heard of loses its leases at once, and its epochs are dead")
    func expiry() {
        var table = table(1)
        table.join(PeerID(1), now: 0)
        _ = balance(&table)
        let old = table.grant(of: Shard(0))!
        table.heard(PeerID(1), now: 500)
        #expect(table.expired(now: 1500).isEmpty)
        #expect(table.expired(now: 1501) == [PeerID(1)])
        table.remove(PeerID(1))
        table.join(PeerID(1), now: 1600)
        _ = balance(&table)
        #expect(!table.holds(PeerID(1), Shard(0), old.epoch))
        #expect(table.grant(of: Shard(0)) != nil)
    }
}
