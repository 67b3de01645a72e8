import ByteCoding
import Engine
import News
import Storage
import Testing

@Suite struct ReindexTests {
    @Test(
        "a snapshot that was indexed by other rules gives the cells of one that was made by these, whatever the budget",
        arguments: 0..<5)
    func cells(set: UInt64) throws {
        var settings = Settings()
        settings.cellTargetBytes = [1, 700, 4_000, 20_000, 1 << 20][Int(set)]
        var older = settings
        older.analyzerVersion = 1
        var generator = SplitMix64(seed: 900 + set)
        let history = randomHistory([8, 20, 40, 60, 60][Int(set)], &generator)
        var old = RandomSnapshot(seed: set, settings: older)
        try old.publish(history.samples, retracting: history.retracted)
        try old.mergeAtRandom(until: 4)
        var new = RandomSnapshot(seed: set + 1, settings: settings)
        try new.publish(history.samples.shuffled(using: &generator), retracting: history.retracted)
        let expected = try new.cells().map(\.identity)
        for isCompact in [false, true] {
            if isCompact { try old.becomeCompact() }
            let snapshot = try SnapshotReader.open(old.references, settingsHash: older.hash, source: old.source)
            for budget in [1, 40_000, 1 << 30] {
                var found: [Digest256] = []
                try Reindexer(snapshot, settings: settings, memoryBudgetBytes: budget).run { found.append($0.identity) }
                #expect(found == expected, "budget \(budget), compacted before: \(isCompact)")
            }
        }
    }

    @Test("a snapshot without articles gives no cells")
    func empty() throws {
        let source = MemoryByteSource()
        let snapshot = try SnapshotReader.open([], source: source)
        try Reindexer(snapshot, settings: Settings(), memoryBudgetBytes: 1 << 20).run { _ in Issue.record("a cell") }
    }
}
