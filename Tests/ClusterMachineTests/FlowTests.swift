import Cluster
import News
import Storage
import Testing
import Wire

@Suite struct FlowTests {
    let client = PeerID(9)
    let slow = PeerID(1)
    let quick = PeerID(2)

    @Test("a worker that takes nothing holds up its shards only, and later gets all that waited, out of the log")
    func slowWorker() throws {
        // Four entries fit into the coordinator's memory; the rest is read from the log again.
        let driver = CoordinatorDriver(shardCount: 4) { $0.routedLimitBytes = 1000 }
        driver.start()
        driver.join(slow)
        driver.join(quick)
        driver.connect(client, .client)
        driver.pass(300)
        let held = Set(driver.leases(of: slow).keys)
        #expect(held.count == 2 && driver.leases(of: quick).count == 2)
        var reports: UInt64 = 0
        var sealed = 0
        for number in 0..<200 {
            driver.put(UInt64(number), (0..<4).map { article(number * 4 + $0, bytes: 100) }, from: client)
            driver.step(.message(slow, .touch))
            driver.step(.message(quick, .credit(lane: .bulk, bytes: 2000)))
            driver.pass(100)
            let slices = Array(driver.slices(to: quick)[sealed...])
            sealed += slices.count
            if !slices.isEmpty {
                reports += 1
                driver.seal(reports, slices, by: quick)
            }
        }
        driver.pass(300)
        #expect(driver.accepted(by: client).count == 200)
        let sharding = try #require(driver.coordinator.head).sharding
        let keys = (0..<800).map(key)
        func sent(to peer: PeerID) -> [ArticleKey] {
            driver.slices(to: peer).flatMap(\.entries).compactMap(\.entry.routedKey)
        }
        let ofSlow = keys.filter { held.contains(sharding.shard(of: $0)) }
        #expect(sent(to: slow).isEmpty)
        #expect(Set(sent(to: quick)) == Set(keys).subtracting(ofSlow))
        #expect(driver.coordinator.status.sums[.duplicate] == Int64(800 - ofSlow.count))
        #expect(driver.coordinator.status.sums.pending == Int64(ofSlow.count))
        for _ in 0..<200 {
            driver.step(.message(slow, .credit(lane: .bulk, bytes: 2000)))
            driver.step(.message(quick, .touch))
            driver.pass(100)
        }
        #expect(Set(sent(to: slow)) == Set(ofSlow) && sent(to: slow).count == ofSlow.count)
    }
}
