import Simulation
import Testing

@Suite struct SeedTests {
    /// Seeds that once failed, with what they found when they did. The simulator has changed since the first ones (it runs the
    /// real engine and other articles), so those before 820 do not repeat what they found: they are kept as a spread of
    /// worlds. Machine tests hold the refused drain ("refused while draining it ends instead of joining again") and what 820
    /// found ("what came while a shard was not to be sent is sent when it may be again").
    static let onceFailed: [UInt64] = [
        1, 3, 4, 6, 33, 35,  // first versions of reign, publisher, collector
        97,  // a worker refused while it drained held its leases for ever
        136,  // an idle coordinator never learnt that it was overtaken
        32, 154, 316,  // a router with little memory read again what was long sent
        820,  // entries of a shard that was to move, and then did not, were never sent
        201, 208,  // a worker came and died while the others were busy, and articles were passed over
        626,  // of a dying connection's reports one was lost, and the next killed what it had held
        598,  // a batch that arrived after its fetcher's end was taken for one of the next: the world's own mistake
        1563, 1902,  // a recorded end named an object that its dead writer had linked, not synced, and power took away
        20, 50, 190, 280, 295,  // a retried dead letter was counted as a duplicate of itself, and never live
        703, 792,  // two coordinators with a long replay fenced one another for ever
        3206,  // a worker built upon its own segment, which was collected: the world's own mistake
        15987,  // a coordinator that had slept sent on articles whose texts a later one had erased from the log
        200_071,  // an end that a manifest had forgotten was wanted after a loss of power: the world's own mistake
        94347,  // power took away what was void: the world's own mistake
        65527,  // a worker read a manifest that was written after its number was collected: the world's own mistake
        48610,  // all seemed at rest while a dead letter came again: the world's own mistake
        237,  // what was written and then could not be made sure of was read back and told, and power took it away
        21157,  // what one had emptied and not made sure of was told erased by the next, and power brought it back
        727,  // a list of the log that named nothing was believed
        83696,  // a create acted late, when its object was long collected: the world did not allow for that
        48140,  // a fetcher asked under a lease of a coordinator that had slept, while that of the last one held
        7767, 14149,  // what was to be erased or to expire waited for a position that no manifest told
    ]

    @Test("every property holds", arguments: onceFailed)
    func seed(_ seed: UInt64) throws {
        let summary = try World(Scenario(seed: seed)).run()
        #expect(summary.articleCount > 0)
        // So the compaction at the end had to cut, and compared several cells.
        #expect(summary.cellCount > 1)
    }

    @Test("the same seed gives the same run", arguments: [5, 6, 8, 9] as [UInt64])
    func repetition(_ seed: UInt64) throws {
        let first = try World(Scenario(seed: seed)).run()
        let second = try World(Scenario(seed: seed)).run()
        #expect(first == second)
        #expect(try World(Scenario(seed: seed + 5)).run().traceHash != first.traceHash)
    }

    /// A folder, articles that end their workers, much that is collected, an object store: told by the seed.
    @Test("a world without faults comes to rest too", arguments: [2, 5, 6, 9] as [UInt64])
    func calm(_ seed: UInt64) throws {
        var scenario = Scenario(seed: seed)
        scenario.faultCount = 0
        scenario.articleCount = 60
        #expect(try World(scenario).run().articleCount > 0)
    }

    @Test("what ends its worker becomes a dead letter, and all else is live", arguments: [5, 10, 14] as [UInt64])
    func poison(_ seed: UInt64) throws {
        var scenario = Scenario(seed: seed)
        scenario.poisonCount = 2
        scenario.curedAt = nil
        scenario.letterRequestCount = 0
        let summary = try World(scenario).run()
        #expect((1...2).contains(summary.deadLetterCount))
        #expect(summary.faultCounts["worker ended by an article", default: 0] > 1)
        #expect(summary.faultCounts["trial died", default: 0] >= 3)
        #expect(summary.liveCount > 40)
    }

    @Test("once the program is corrected, a retried dead letter is live", arguments: [7, 10, 14] as [UInt64])
    func cured(_ seed: UInt64) throws {
        var scenario = Scenario(seed: seed)
        scenario.poisonCount = 1
        // Little else goes wrong, so that it is given up in time.
        scenario.faultCount = 0
        scenario.armedCount = 0
        scenario.rarePerMille = 0
        scenario.switchFailureCount = 0
        scenario.powerLossCount = 0
        scenario.curedAt = 22_000
        scenario.letterRequestCount = 0
        let without = try World(scenario).run()
        scenario.letterRequestCount = 12
        let with = try World(scenario).run()
        #expect(without.deadLetterCount == 1)
        #expect(with.deadLetterCount == 0 || with.faultCounts["dead letter: drop", default: 0] > 0)
    }
}
