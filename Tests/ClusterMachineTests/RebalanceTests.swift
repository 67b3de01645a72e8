import Cluster
import News
import Storage
import Testing
import Wire

/// What a worker that comes and goes does to those that stay.
@Suite struct RebalanceTests {
    let first = PeerID(1)
    let second = PeerID(2)
    let client = PeerID(9)

    /// A coordinator with one worker that holds all shards and was sent one article of each.
    func busy(shardCount: UInt16 = 8) -> (CoordinatorDriver, keys: [Shard: [Int]]) {
        let driver = CoordinatorDriver(shardCount: shardCount)
        driver.start()
        let sharding = emptyManifest(shardCount: shardCount).sharding
        let keys = Dictionary(grouping: 0..<1000) { sharding.shard(of: key($0)) }
        driver.connect(client, .client)
        driver.join(first)
        driver.step(.message(first, .credit(lane: .bulk, bytes: 1 << 20)))
        driver.put(1, keys.values.map { article($0[0]) }, from: client)
        return (driver, keys)
    }

    /// Of each stream every entry of the log was sent to the worker exactly once, in ranges without gaps.
    func expectComplete(
        _ driver: CoordinatorDriver, sentPerShard count: Int, of isMeant: (Shard) -> Bool = { _ in true }
    ) {
        let meant = driver.slices(to: first).filter { isMeant($0.shardLane.shard) }
        for (stream, slices) in Dictionary(grouping: meant, by: \.shardLane) {
            #expect(slices.flatMap(\.entries).count == count, "shard \(stream.shard.index)")
            for (one, next) in zip(slices, slices.dropFirst()) { #expect(one.to == next.from) }
        }
    }

    @Test("articles that came while a worker was there that never got a shard are sent to the one that stayed")
    func joinedAndDied() {
        let (driver, keys) = busy()
        driver.join(second)
        driver.put(2, keys.values.map { article($0[1]) }, from: client)
        let held = driver.slices(to: first).flatMap(\.entries).count
        #expect(held > keys.count && held < 2 * keys.count)
        driver.step(.disconnected(second))
        driver.put(3, keys.values.map { article($0[2]) }, from: client)
        expectComplete(driver, sentPerShard: 3)
    }

    @Test("the same when the dead worker's shard is in the manifest being written")
    func diedInDraft() throws {
        let (driver, keys) = busy()
        driver.join(second)
        driver.step(.message(second, .credit(lane: .bulk, bytes: 1 << 20)))
        // One shard is published and quiet, so it moves; the others should move and do not.
        let moving = try #require(keys.keys.max())
        driver.seal(1, driver.slices(to: first).filter { $0.shardLane.shard == moving }, by: first)
        driver.pass(300)
        #expect(driver.leases(of: second).keys.sorted() == [moving])
        driver.put(2, keys.values.map { article($0[1]) }, from: client)
        driver.holds = { if case .create(let name, _) = $0 { name.hasPrefix("manifests/") } else { false } }
        driver.seal(1, driver.slices(to: second), by: second)
        driver.pass(300)
        #expect(driver.held.count == 1)
        driver.step(.disconnected(second))
        driver.put(3, keys.values.map { article($0[2]) }, from: client)
        driver.release()
        driver.pass(300)
        expectComplete(driver, sentPerShard: 3) { $0 != moving }
        // The dead worker's: one from before it moved, one from after the manifest that was being written.
        let returned = driver.slices(to: first).filter { $0.shardLane.shard == moving }
        #expect(returned.map(\.entries.count) == [1, 1])
    }

    @Test("a lease tells the retracted keys of its shard, also those retracted before a take-over")
    func retractedKeys() {
        let driver = CoordinatorDriver(shardCount: 4)
        driver.start()
        driver.connect(client, .client)
        driver.put(1, (0..<20).map { retraction($0) }, from: client)
        driver.pass(3000)
        driver.put(2, (10..<30).map { retraction($0) }, from: client)
        func told(_ peer: PeerID) -> [Shard: [ArticleKey]] {
            var told: [Shard: [ArticleKey]] = [:]
            for sent in driver.sent where sent.peer == peer {
                if case .lease(let shard, _, _, let rules) = sent.message { told[shard] = rules.retracted }
            }
            return told
        }
        let sharding = emptyManifest(shardCount: 4).sharding
        let expected = Dictionary(grouping: (0..<30).map { key($0) }.sorted()) { sharding.shard(of: $0) }
        driver.join(first)
        #expect(told(first) == expected)
        driver.become(Instance(2))
        driver.pass(7000)
        driver.join(second)
        #expect(told(second) == expected)
    }
}
