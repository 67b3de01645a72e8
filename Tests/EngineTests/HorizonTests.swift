import ByteCoding
import Engine
import News
import Storage
import Testing

@Suite("expiry") struct HorizonTests {
    private func perform(_ snapshot: RandomSnapshot, _ operations: [BucketOperation]) -> [BucketResult] {
        operations.map { operation in
            snapshot.references.first { $0.objectName == operation.name }.map { .size($0.sizeBytes) } ?? .missing
        }
    }

    private func scan(_ snapshot: RandomSnapshot, _ rules: RetentionRules, limit: Int = .max) throws -> [Expiration] {
        let names = snapshot.references.filter { rules.mayConcern($0) }.map(\.objectName)
        return try HorizonSearch(rules: rules, limitCount: limit).run(names, source: snapshot.source) {
            perform(snapshot, $0)
        }
    }

    private func rules(_ seed: UInt64, _ samples: [Sample]) -> RetentionRules {
        let times = samples.compactMap(\.article.orderTime).map { Timestamp.sortable($0) }.sorted()
        let middle = times[times.count / 2]
        return switch seed % 4 {
        case 0: RetentionRules([RetentionHorizon(source: "", time: middle)])
        case 1: RetentionRules([RetentionHorizon(source: "Reuters", time: RetentionHorizon.allTime)])
        case 2:
            RetentionRules([
                RetentionHorizon(source: "", time: middle),
                RetentionHorizon(source: "Xinhua", time: RetentionHorizon.foreverTime),
            ])
        default:
            RetentionRules([
                RetentionHorizon(source: "", time: times[0]), RetentionHorizon(source: "dpa", time: middle + 1),
            ])
        }
    }

    @Test("a scan finds of every key the largest version behind a horizon, dead or not", arguments: 0..<16)
    func finds(seed: UInt64) throws {
        var generator = SplitMix64(seed: 1700 + seed)
        let history = randomHistory(Int.random(in: 10...60, using: &generator), &generator)
        var snapshot = RandomSnapshot(seed: seed, settings: Settings())
        try snapshot.publish(history.samples, retracting: [])
        if seed % 3 == 0 { try snapshot.mergeAtRandom(until: 2) }
        if seed % 5 == 0 { try snapshot.becomeCompact() }
        let rules = rules(seed, history.samples)
        var expected: [ArticleKey: Version] = [:]
        for segment in try SegmentReader.open(snapshot.references, source: snapshot.source) {
            let records = try segment.records(Array(0..<UInt32(segment.documentCount)))
            for (identity, record) in zip(try segment.identities(0..<segment.documentCount), records) {
                let article = try CanonicalRecord.decode(record)
                let order = Timestamp.sortable(article.orderTime)
                guard rules.horizon(before: order, of: article.source ?? "") != nil else { continue }
                expected[identity.key] = max(expected[identity.key] ?? identity.version, identity.version)
            }
        }
        let found = try scan(snapshot, rules)
        #expect(Dictionary(uniqueKeysWithValues: found.map { ($0.key, $0.through) }) == expected)
        #expect(found.map(\.key) == expected.keys.sorted())
        let some = try scan(snapshot, rules, limit: 3)
        #expect(some.count == min(3, expected.count))
        #expect(some.allSatisfy { expected[$0.key] != nil })
    }

    @Test("a segment that is gone is no answer")
    func gone() throws {
        let rules = RetentionRules([RetentionHorizon(source: "", time: RetentionHorizon.allTime)])
        #expect(throws: EngineError.self) {
            try HorizonSearch(rules: rules, limitCount: 9).run(["segments/ab.1-1"], source: MemoryByteSource()) {
                $0.map { _ in .missing }
            }
        }
    }

    @Test("a purge of versions up to one leaves the larger version of the key", arguments: 0..<8)
    func purge(seed: UInt64) throws {
        var generator = SplitMix64(seed: 90 + seed)
        var samples: [Sample] = []
        for number in 0..<6 {
            let versions = (0..<3).map { SampleArticles.make(number, revision: $0, &generator) }
            samples += versions.sorted { $0.version < $1.version }
        }
        var snapshot = RandomSnapshot(seed: seed, settings: Settings())
        for sample in samples { try snapshot.publish([sample], retracting: []) }
        let live = snapshot.live
        // Of each key all versions but the live one.
        let bounds = Dictionary(grouping: samples, by: \.key).map { key, versions in
            VersionBound(key: key, through: versions.map(\.version).sorted()[versions.count - 2])
        }
        func search() throws -> [String] {
            try KeySearch(bounds: bounds).run(snapshot.references.map(\.objectName), source: snapshot.source) {
                perform(snapshot, $0)
            }
        }
        #expect(try !search().isEmpty)
        try snapshot.purge(names: Set(search()))
        #expect(try search() == [])
        #expect(snapshot.live == live)
        try snapshot.expectConsistent()
    }
}
