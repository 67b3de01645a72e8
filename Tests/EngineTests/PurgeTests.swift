import ByteCoding
import Engine
import News
import Storage
import Testing

extension OrderKey {
    static let last = OrderKey(time: nil, key: ArticleKey(high: .max, low: .max))
}

@Suite("purges") struct PurgeTests {
    @Test("a purge leaves nothing of retracted keys, and changes nothing that is live", arguments: 0..<12)
    func overlays(seed: UInt64) throws {
        var generator = SplitMix64(seed: 700 + seed)
        let history = randomHistory(Int.random(in: 4...40, using: &generator), &generator)
        var snapshot = RandomSnapshot(seed: seed, settings: Settings())
        let keys = Array(Set(history.samples.map(\.key))).shuffled(using: &generator)
        let retracted = Array(keys.prefix(Int.random(in: 1...4, using: &generator)))
        try snapshot.publish(history.samples, retracting: [])
        if seed % 2 == 0 { try snapshot.mergeAtRandom(until: 3) }
        try snapshot.retract(retracted)
        #expect(try !snapshot.search(retracted).isEmpty)
        let bytes = try snapshot.cells().map(\.identity)
        try snapshot.purge(retracted)
        #expect(try snapshot.search(retracted) == [])
        try snapshot.expectConsistent()
        #expect(try snapshot.cells().map(\.identity) == bytes)
    }

    /// The text is looked for in the bytes too: frames of records, terms, corrections.
    @Test("the words of a purged article are in no byte of the segments, compressed or not")
    func words() throws {
        var generator = SplitMix64(seed: 1)
        var article = Article()
        article.url = "https://paper.example/secret"
        article.headline = "xylophonist"
        let secret = Sample(article, key: ArticleKey(canonicalURL: article.url!))
        var snapshot = RandomSnapshot(seed: 1, settings: Settings())
        try snapshot.publish([secret] + randomHistory(10, &generator).samples, retracting: [secret.key])
        func holds() throws -> Bool {
            try SegmentReader.open(snapshot.references, source: snapshot.source).contains { segment in
                let records = try segment.records(Array(0..<UInt32(segment.documentCount)))
                let raw = try snapshot.source.read([
                    ByteRequest(object: segment.objectName, offset: 0, length: Int(segment.sizeBytes))
                ])[0]
                return ([unsafe Array(raw.bytes)] + records).contains { bytes in
                    String(decoding: bytes, as: UTF8.self).contains("xylophonist")
                }
            }
        }
        #expect(try holds())
        try snapshot.purge([secret.key])
        #expect(try !holds())
    }

    @Test("purged cells are told canonical exactly when a compaction would change nothing", arguments: 0..<30)
    func canonical(seed: UInt64) throws {
        var generator = SplitMix64(seed: 900 + seed)
        var settings = Settings()
        settings.cellTargetBytes = [300, 1500, 5000][Int(seed % 3)]
        let history = randomHistory(Int.random(in: 2...30, using: &generator), &generator)
        var snapshot = RandomSnapshot(seed: seed, settings: settings)
        try snapshot.publish(history.samples, retracting: [])
        try snapshot.becomeCompact()
        #expect(snapshot.isCanonical)
        for _ in 0..<4 {
            let keys = Array(snapshot.live.keys.sorted().shuffled(using: &generator).prefix(2))
            guard !keys.isEmpty else { break }
            try snapshot.retract(keys)
            #expect(!snapshot.isCanonical)
            try snapshot.purge(keys)
            #expect(snapshot.references.allSatisfy { $0.kind == .cell })
            try snapshot.expectConsistent()
            #expect(
                snapshot.isCanonical == (try snapshot.cells().map(\.identity) == snapshot.references.map(\.identity)))
        }
    }

    @Test("what a kill outside the inputs names stays")
    func outside() throws {
        var generator = SplitMix64(seed: 5)
        let old = SampleArticles.make(1, revision: 0, &generator)
        let source = MemoryByteSource()
        let first = source.put(try build([old] + (2..<10).map { SampleArticles.make($0, &generator) }))
        let kill = source.put(try build([], kills: [old.killed]))
        let merger = SegmentMerger(settings: Settings(), source: source)
        for inputs in [[first], [kill]] {
            var outputs: [Digest256] = []
            try merger.run(inputs, as: .purged) { outputs.append($0.identity) }
            #expect(outputs == inputs.map(\.identity))
        }
    }
}
