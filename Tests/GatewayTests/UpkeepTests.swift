import ByteCoding
import Engine
import Extraction
import Foundation
import Gateway
import HostIO
import News
import Roles
import Storage
import Testing

@Suite("export, diff and tail") struct UpkeepTests {
    /// Generations of all kinds: arrivals, newer versions, retractions, merges of overlays, compactions.
    private func store(seed: UInt64, steps: Int = 12) throws -> SampleStore {
        let store = SampleStore()
        var random = SplitMix64(seed: seed)
        var known: [ArticleKey] = []
        for step in 0..<steps {
            switch random.next() % 6 {
            case 0 where step > 0: try store.merge()
            case 1 where step > 0: try store.merge(into: .cells)
            case 2 where !known.isEmpty:
                let key = known.remove(at: Int(random.next() % UInt64(known.count)))
                try store.publish([], retract: [key])
            default:
                var samples: [SampleStore.Sample] = []
                for _ in 0..<(1 + random.next() % 4) {
                    let sample = SampleStore.article(
                        Int(random.next() % 12), headline: "Headline \(random.next() % 1000)", body: "Body.",
                        revision: UInt32(step))
                    let isRetracted =
                        !known.contains(sample.key)
                        && store.liveVersions.values.contains { $0[sample.key] != nil }
                    guard !isRetracted, !samples.contains(where: { $0.key == sample.key }) else { continue }
                    samples.append(sample)
                    if !known.contains(sample.key) { known.append(sample.key) }
                }
                try store.publish(samples)
            }
        }
        return store
    }

    private func export(_ bucket: any Bucket) throws -> [UInt8] {
        let holder = try SnapshotHolder(bucket)
        try holder.refresh()
        var bytes: [UInt8] = []
        var export = ArticleExport()
        try export.run(holder.newest) { bytes += $0 }
        return bytes
    }

    @Test("an export gives every live article in order, and reads back as the same versions", arguments: 1...8)
    func export(seed: UInt64) throws {
        let store = try store(seed: seed)
        let bytes = try export(store.bucket)
        var found: [ArticleKey: Version] = [:]
        var places: [OrderKey] = []
        var reader = ArticleReader()
        for line in bytes.split(separator: 0x0A) {
            guard case .article(let incoming) = reader.readPayloadLine(line) else {
                Issue.record("\(String(decoding: line, as: UTF8.self))")
                continue
            }
            found[incoming.key] = incoming.version
            places.append(OrderKey(time: incoming.article.orderTime, key: incoming.key))
        }
        #expect(found == store.liveVersions[store.manifest.generation])
        #expect(places == places.sorted() && places.count == found.count)
        // However the snapshot is cut into segments.
        try store.merge(into: .cells)
        #expect(try export(store.bucket) == bytes)
    }

    @Test("an export that is not what the manifest counts fails at its end")
    func exportOfWrongManifest() throws {
        let store = try store(seed: 3)
        var manifest = store.manifest
        manifest.setDigest = manifest.setDigest &+ SHA256.hash(of: [1])
        _ = store.bucket.perform(.put(name: manifest.name, bytes: manifest.encoded))
        #expect(throws: Failure.self) { try export(store.bucket) }
    }

    @Test("a packed export unpacks to the lines, whatever pieces they came in")
    func packed() throws {
        var random = SplitMix64(seed: 5)
        let bytes = (0..<(3 << 20)).map { _ in UInt8(truncatingIfNeeded: random.next() % 7) }
        var results: Set<[UInt8]> = []
        for piece in [1 << 20, 777_777, 4096] {
            let packer = ZstdPacker()
            var packed: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: piece) {
                packer.append(bytes[start..<min(start + piece, bytes.count)]) { packed += $0 }
            }
            packer.finish { packed += $0 }
            var whole: [UInt8] = []
            let unpacker = try Unpacker(.zstd)
            try unpacker.append(packed) { whole += $0 }
            try unpacker.finish()
            #expect(whole == bytes)
            results.insert(packed)
        }
        #expect(results.count == 1)
        var none: [UInt8] = []
        ZstdPacker().finish { none += $0 }
        #expect(!none.isEmpty)
    }

    // MARK: Differences

    private func differences(_ old: [ArticleKey: Version], _ new: [ArticleKey: Version]) -> [String] {
        Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted().map { key in
            "\(key.hex) \(old[key].map { "\($0.recordHash.hex)" } ?? "-") \(new[key].map { "\($0.recordHash.hex)" } ?? "-")"
        }
    }

    private func told(_ change: SnapshotChange) -> String {
        "\(change.key.hex) \(change.oldVersion.map { "\($0.recordHash.hex)" } ?? "-") "
            + (change.newVersion.map { "\($0.recordHash.hex)" } ?? "-")
    }

    @Test("the difference of any two generations is that of their articles", arguments: 1...12)
    func diff(seed: UInt64) throws {
        let store = try store(seed: seed)
        let loader = SnapshotLoader(store.bucket)
        let all = try store.liveVersions.keys.sorted().map { generation in
            generation == .none ? nil : try loader.manifest(generation)
        }
        for old in all {
            for new in all {
                var diff = SnapshotDiff(from: .init(old, loader), to: .init(new, loader))
                var changes: [SnapshotChange] = []
                try diff.run(readsArticles: true) { changes += $0 }
                let before = store.liveVersions[old?.manifest.generation ?? .none]!
                let after = store.liveVersions[new?.manifest.generation ?? .none]!
                #expect(changes.map(told) == differences(before, after))
                #expect(diff.isEqual == (before == after))
                #expect(diff.unchangedCount == Int64(before.filter { after[$0.key] == $0.value }.count))
                guard old?.manifest.generation ?? .none <= new?.manifest.generation ?? .none else { continue }
                for change in changes {
                    #expect((change.newVersion == nil) == (change.kind == .retracted))
                    #expect((change.newVersion != nil) == (change.article != nil) || change.kind == .retracted)
                    if change.kind == .retracted { #expect(change.retraction?.reason == "court") }
                }
            }
        }
    }

    @Test("stores of the same articles are equal, whatever their segments are; others differ by key")
    func diffOfStores() throws {
        let one = try store(seed: 7)
        let other = try store(seed: 7)
        try other.merge(into: .cells)
        try other.publish([SampleStore.article(99, headline: "New", body: "Body.")])
        let loaders = (SnapshotLoader(one.bucket), SnapshotLoader(other.bucket))
        var diff = SnapshotDiff(
            from: .init(try loaders.0.newest(), loaders.0), to: .init(try loaders.1.newest(), loaders.1))
        var changes: [SnapshotChange] = []
        try diff.run(readsArticles: true) { changes += $0 }
        #expect(changes.map(\.kind) == [.added] && changes[0].article?.headline == "New")
        var back = SnapshotDiff(
            from: .init(try loaders.1.newest(), loaders.1), to: .init(try loaders.0.newest(), loaders.0))
        changes = []
        try back.run(readsArticles: true) { changes += $0 }
        #expect(changes.map(\.kind) == [.removed] && changes[0].article?.headline == "New")
    }

    @Test("a snapshot whose manifest does not tell the truth is not compared")
    func diffOfWrongManifest() throws {
        let store = try store(seed: 3)
        var manifest = store.manifest
        manifest.setDigest = manifest.setDigest &+ SHA256.hash(of: [1])
        _ = store.bucket.perform(.put(name: manifest.name, bytes: manifest.encoded))
        let loader = SnapshotLoader(store.bucket)
        var diff = SnapshotDiff(from: .init(nil, loader), to: .init(try loader.newest(), loader))
        #expect(throws: EngineError.self) { try diff.run(readsArticles: false) { _ in } }
    }

    @Test("rows come together by key, in memory and from files alike")
    func keyedRows() throws {
        var random = SplitMix64(seed: 11)
        let rows = (0..<5000).map { number in
            KeyedRows.Row(
                key: ArticleKey(high: random.next() % 900 << 54, low: random.next() % 2),
                version: Version(
                    firstSeen: nil, extractorVersion: UInt32(random.next() % 3), contentHash: .zero, recordHash: .zero),
                tag: UInt64(number))
        }
        var results: [[[KeyedRows.Row]]] = []
        for limit in [1 << 19, 100] {
            let held = KeyedRows(memoryRowCount: limit)
            for row in rows { try held.append(row) }
            var groups: [[KeyedRows.Row]] = []
            try held.forEachKey { groups.append(Array($0)) }
            results.append(groups)
        }
        #expect(results[0] == results[1])
        #expect(results[0].joined().count == rows.count)
        let keys = results[0].map { $0[0].key }
        #expect(keys == Set(rows.map(\.key)).sorted())
    }

    @Test("rows whose versions do not matter come together by key too, each key's by number")
    func keyedRowsWithoutVersions() throws {
        var random = SplitMix64(seed: 12)
        let rows = (0..<5000).map { number in
            KeyedRows.Row(
                key: ArticleKey(high: random.next() % 900 << 54, low: 1),
                version: Version(
                    firstSeen: nil, extractorVersion: UInt32(random.next() % 3), contentHash: .zero, recordHash: .zero),
                tag: UInt64(number))
        }
        let expected = Dictionary(grouping: rows, by: \.key).sorted { $0.key < $1.key }.map { $0.value.map(\.tag) }
        for limit in [1 << 19, 100] {
            let held = KeyedRows(.ignored, memoryRowCount: limit)
            for row in rows { try held.append(row) }
            var groups: [[UInt64]] = []
            try held.forEachKey { groups.append($0.map(\.tag)) }
            #expect(groups == expected)
        }
    }

    // MARK: Tail

    private struct Line {
        var generation: UInt64
        var since: UInt64
        var resume: UInt64
        var change: String
        var key: ArticleKey
        var version: String?

        init(_ bytes: [UInt8]) throws {
            let text = String(decoding: bytes, as: UTF8.self)
            func number(_ name: String) -> UInt64 { member(name, "").flatMap { UInt64($0) } ?? .max }
            func member(_ name: String, _ quote: String) -> String? {
                guard let start = text.range(of: "\"\(name)\":\(quote)") else { return nil }
                return String(text[start.upperBound...].prefix { $0 != "," && $0 != "}" && $0 != "\"" })
            }
            generation = number("generation")
            since = number("since")
            resume = number("resume")
            change = member("change", "\"") ?? ""
            key = try #require(ArticleKey(hex: member("key", "\"") ?? ""))
            version = member("version", "\"")
        }
    }

    private func lines(_ store: SampleStore, from start: UInt64, stoppingAfter count: Int = .max) throws -> [Line] {
        struct Stop: Error {}
        let tail = try SnapshotTail(
            SnapshotLoader(store.bucket), from: Generation(start), hasArticles: start % 2 == 0)
        var lines: [Line] = []
        do {
            try tail.advance(onGap: { _, _ in }) { bytes in
                lines.append(try Line(bytes))
                if lines.count == count { throw Stop() }
            }
            #expect(tail.generation == store.manifest.generation)
        } catch is Stop {}
        return lines
    }

    private func apply(_ lines: [Line], to live: inout [ArticleKey: String]) {
        for line in lines { live[line.key] = line.version }
    }

    @Test("each generation is told exactly, and whoever stops anywhere and resumes misses nothing", arguments: 1...8)
    func tail(seed: UInt64) throws {
        let store = try store(seed: seed)
        let all = try lines(store, from: 0)
        var live: [ArticleKey: String] = [:]
        for line in all {
            #expect(line.since < line.generation && (line.resume == line.since || line.resume == line.generation))
        }
        for (generation, versions) in store.liveVersions.sorted(by: { $0.key < $1.key }) {
            apply(all.filter { $0.generation == generation.number }, to: &live)
            #expect(live == versions.mapValues { Hex.string($0.bytes) })
        }
        for count in 1...max(1, all.count) {
            var again: [ArticleKey: String] = [:]
            let first = try lines(store, from: 0, stoppingAfter: count)
            apply(first, to: &again)
            apply(try lines(store, from: first.last?.resume ?? 0), to: &again)
            #expect(again == live, "stopped after \(count)")
        }
        #expect(try lines(store, from: store.manifest.generation.number).isEmpty)
    }

    @Test("generations that are not kept are told as one step; one to start from that is not kept is refused")
    func tailOverGap() throws {
        let store = try store(seed: 2)
        var manifest = store.manifest
        manifest.kept = KeptGenerations()
        let loader = SnapshotLoader(store.bucket)
        for generation in [Generation(2), Generation(9)] {
            let kept = try #require(try loader.manifest(generation))
            manifest.kept.append(generation, writtenAt: kept.manifest.writtenAt)
        }
        _ = store.bucket.perform(.put(name: manifest.name, bytes: manifest.encoded))
        var gaps: [[UInt64]] = []
        var live: [ArticleKey: String] = [:]
        let tail = try SnapshotTail(SnapshotLoader(store.bucket), from: Generation(2), hasArticles: false)
        for (key, version) in store.liveVersions[Generation(2)]! { live[key] = Hex.string(version.bytes) }
        try tail.advance(onGap: { gaps.append([$0.number, $1.number]) }) { apply([try Line($0)], to: &live) }
        #expect(gaps == [[2, 9], [9, manifest.generation.number]])
        #expect(live == store.liveVersions[manifest.generation]!.mapValues { Hex.string($0.bytes) })
        for (start, code) in [(5, Failure.Code.gone), (99, .notFound)] {
            let failure = #expect(throws: Failure.self) {
                try SnapshotTail(SnapshotLoader(store.bucket), from: Generation(UInt64(start)), hasArticles: false)
            }
            #expect(failure?.code == code)
            if code == .gone { #expect(failure?.hint.contains("--as-of 9") ?? false) }
        }
    }

    // MARK: Keys

    @Test("the beginning of a key means the article if it is the only one, live, retracted or only in the log")
    func prefixes() throws {
        let store = SampleStore()
        let samples = (1...40).map { SampleStore.article($0, headline: "H", body: "B") }
        try store.publish(samples)
        try store.merge()
        let pending = SampleStore.article(77, headline: "H", body: "B")
        try store.publish([], retract: [samples[0].key])
        store.log([pending.entry])
        let holder = try SnapshotHolder(store.bucket)
        try holder.refresh()
        for sample in samples.dropFirst() {
            for count in [8, 13, 16, 17, 31] {
                let address = ArticleAddress(String(sample.key.hex.prefix(count)).uppercased())
                #expect(try address.resolved(in: holder.newest).key == sample.key)
            }
        }
        for gone in [samples[0].key, pending.key] {
            let address = ArticleAddress(String(gone.hex.prefix(9)))
            #expect(throws: Failure.self) { try address.resolved(in: holder.newest) }
            let found = try address.resolved(in: holder.newest) {
                try ArticleHistory.keys($0, in: holder.newest, holder.loader)
            }
            #expect(found.key == gone)
        }
        let failure = #expect(throws: Failure.self) {
            try ArticleAddress(String(samples[1].key.hex.prefix(8))).resolved(in: holder.newest) { _ in
                [ArticleKey(high: samples[1].key.high, low: 1)]
            }
        }
        #expect(failure?.code == .badRequest && failure?.message.contains("2 keys") ?? false)
        #expect(KeyPrefix("0123456") == nil && KeyPrefix(String(repeating: "0", count: 32)) == nil)
    }
}
