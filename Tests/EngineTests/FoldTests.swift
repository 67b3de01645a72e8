import ByteCoding
import Engine
import News
import Storage
import Testing

@Suite("folds") struct FoldTests {
    @Test("folds change nothing that is live, and compaction comes to the same bytes", arguments: 0..<40)
    func random(seed: UInt64) throws {
        var generator = SplitMix64(seed: 1300 + seed)
        var settings = Settings()
        settings.cellTargetBytes = [300, 1500, 5000][Int(seed % 3)]
        let history = randomHistory(Int.random(in: 4...60, using: &generator), &generator)
        var snapshot = RandomSnapshot(seed: seed, settings: settings)
        // In three parts, so that later ones kill what lies in cells.
        for part in 0..<3 {
            let samples = history.samples.enumerated().filter { $0.offset % 3 == part }.map(\.element)
            try snapshot.publish(samples, retracting: part == 2 ? history.retracted : [])
            if seed % 2 == 0 { try snapshot.fold(overlayCount: Int.random(in: 1...4, using: &generator)) }
            try snapshot.expectConsistent()
            try expectCells(snapshot)
        }
        let bytes = try snapshot.cells().map(\.identity)
        // Overlays that hold too little for any cell would stay for ever.
        for _ in 0..<10 where snapshot.references.contains(where: { $0.kind == .overlay }) {
            try snapshot.fold(overlayCount: 100)
            try snapshot.expectConsistent()
            try expectCells(snapshot)
            #expect(snapshot.references.count { $0.kind == .overlay } <= 1)
            let isSame = snapshot.references.map(\.identity) == bytes
            #expect(snapshot.isCanonical == isSame)
            #expect(try snapshot.cells().map(\.identity) == bytes)
        }
    }

    /// Cells follow one another, and none is larger than the target but for one article, or for versions of it.
    private func expectCells(_ snapshot: RandomSnapshot) throws {
        let cells = snapshot.references.filter { $0.kind == .cell }
        for (cell, next) in zip(cells, cells.dropFirst()) { #expect(cell.span!.last < next.span!.first) }
        for reader in try SegmentReader.open(cells, source: snapshot.source)
        where reader.footer.recordBytes > snapshot.settings.cellTargetBytes {
            let places = try reader.places(0..<reader.documentCount)
            #expect(Set(places).count == 1 || Set(places).count < places.count)
        }
    }

    @Test("a cell of which the overlays hold little is left as it is, and they become one overlay")
    func share() throws {
        var generator = SplitMix64(seed: 3)
        var settings = Settings()
        settings.cellTargetBytes = 100_000
        var snapshot = RandomSnapshot(seed: 3, settings: settings)
        let samples = (0..<200).map { SampleArticles.make($0, &generator) }
        try snapshot.publish(Array(samples.prefix(190)), retracting: [])
        try snapshot.fold(overlayCount: 1000)
        let cells = snapshot.references
        #expect(cells.allSatisfy { $0.kind == .cell })
        for sample in samples[190..<193] { try snapshot.publish([sample], retracting: []) }
        #expect(try snapshot.fold(overlayCount: 3) == cells.count)
        #expect(Array(snapshot.references.dropFirst()) == cells)
        #expect(snapshot.references[0].kind == .overlay && snapshot.references[0].documentCount == 3)
    }

    @Test("what is killed from outside goes into a cell and stays dead; two versions of one place share a cell")
    func outside() throws {
        var generator = SplitMix64(seed: 5)
        var settings = Settings()
        settings.cellTargetBytes = 1
        let old = SampleArticles.make(1, revision: 0, &generator)
        let new = SampleArticles.make(1, revision: 1, &generator)
        var snapshot = RandomSnapshot(seed: 5, settings: settings)
        try snapshot.publish([old], retracting: [])
        try snapshot.publish([new], retracting: [])
        let source = snapshot.source
        // The killer of the old one is not among the inputs.
        let kill = source.put(try build([], kills: [old.killed], settings: settings))
        let alone = source.put(try build([new], settings: settings))
        let first = snapshot.references.first { $0.killCount == 0 }!
        var outputs: [SegmentReference] = []
        try SegmentMerger(settings: settings, source: source).run([first, alone], as: .folded) {
            outputs.append(source.put($0))
        }
        #expect(outputs.allSatisfy { $0.kind == .cell })
        #expect(outputs.reduce(0) { $0 + $1.documentCount } == 2)
        #expect(zip(outputs, outputs.dropFirst()).allSatisfy { $0.span!.last < $1.span!.first })
        let whole = try SnapshotReader.open(outputs + [kill], settingsHash: settings.hash, source: source)
        #expect(whole.liveDocumentCount == 1)
        #expect(try whole.record(old.key) == new.record)
        #expect(try SnapshotVerifier(outputs + [kill], source: source).run().findings == [])
    }
}
