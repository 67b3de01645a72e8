import ByteCoding
import Engine
import Foundation
import News
import Storage
import Testing

/// A snapshot made of random segments, and the articles that must be live in it.
struct RandomSnapshot {
    let source = MemoryByteSource()
    private(set) var references: [SegmentReference] = []
    private(set) var live: [ArticleKey: Sample] = [:]
    let settings: Settings
    private var generator: SplitMix64

    init(seed: UInt64, settings: Settings) {
        generator = SplitMix64(seed: seed)
        self.settings = settings
    }

    /// Publishes versions in the given order, cut into segments at random; some keys are retracted at the end.
    mutating func publish(_ samples: [Sample], retracting retracted: [ArticleKey]) throws {
        var rest = samples[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...max(1, samples.count / 3), using: &generator)
            try publishSegment(Array(rest.prefix(count)), retracting: [])
            rest = rest.dropFirst(count)
        }
        if !retracted.isEmpty { try publishSegment([], retracting: retracted) }
    }

    private mutating func publishSegment(_ samples: [Sample], retracting: [ArticleKey]) throws {
        let builder = SegmentBuilder(settings: settings, memoryBudgetBytes: 1 << 30)
        var inside: [ArticleKey: (sample: Sample, ordinal: Int)] = [:]
        for sample in samples {
            if let other = inside[sample.key] {
                guard other.sample.version < sample.version else { continue }
                builder.drop(other.ordinal)
            }
            if let old = live[sample.key], !(old.version < sample.version) { continue }
            let ordinal = try builder.add(key: sample.key, version: sample.version, record: sample.record, frame: nil)
            inside[sample.key] = (sample, ordinal)
        }
        var kills: [KilledDocument] = []
        for key in Array(inside.keys) + retracting {
            if let old = live.removeValue(forKey: key) { kills.append(old.killed) }
        }
        for (key, value) in inside { live[key] = value.sample }
        let segment = try builder.seal(kills: kills)
        references.append(source.put(segment, attempt: UInt64(references.count)))
    }

    /// Merges random groups of segments into overlays until few are left.
    mutating func mergeAtRandom(until count: Int) throws {
        let merger = SegmentMerger(settings: settings, source: source)
        while references.count > count {
            references.shuffle(using: &generator)
            let group = Array(references.prefix(Int.random(in: 2...min(4, references.count), using: &generator)))
            references.removeFirst(group.count)
            if let merged = try merger.merge(try SegmentReader.open(group, source: source)) {
                references.append(source.put(merged, attempt: 1000 + generator.next() % 1000))
            }
        }
    }

    mutating func retract(_ keys: [ArticleKey]) throws { try publishSegment([], retracting: keys) }

    /// The cells take the place of everything.
    mutating func becomeCompact() throws { references = try cells().map { source.put($0) } }

    /// Names of the segments that have something of the keys.
    func search(_ keys: [ArticleKey]) throws -> [String] {
        try KeySearch(bounds: keys.map { VersionBound(key: $0, through: .largest) }).run(
            references.map(\.objectName), source: source
        ) { operations in
            operations.map { operation in
                references.first { $0.objectName == operation.name }.map { .size($0.sizeBytes) } ?? .missing
            }
        }
    }

    /// As the eraser does it: what has something of the keys is written again.
    mutating func purge(_ keys: [ArticleKey]) throws {
        try purge(names: Set(try search(keys)))
    }

    mutating func purge(names: Set<String>) throws {
        let inputs = references.filter { names.contains($0.objectName) }
        references.removeAll { names.contains($0.objectName) }
        try SegmentMerger(settings: settings, source: source).run(inputs, as: .purged) {
            references.append(source.put($0, attempt: 5000))
        }
        references.sort { ($0.kind.rawValue, $0.span?.first ?? .last) < ($1.kind.rawValue, $1.span?.first ?? .last) }
    }

    /// As the coordinator does it: some overlays, and all cells.
    ///
    /// - Returns: how many cells it left as they were.
    @discardableResult
    mutating func fold(overlayCount: Int) throws -> Int {
        let overlays = references.filter { $0.kind == .overlay }.shuffled(using: &generator).prefix(overlayCount)
        let inputs = Array(overlays) + references.filter { $0.kind == .cell }
        var outputs: [SegmentReference] = []
        let left = try SegmentMerger(settings: settings, source: source).run(inputs, as: .folded) {
            outputs.append(source.put($0, attempt: 7000 + UInt64(references.count)))
        }
        let used = Set(inputs.enumerated().filter { !left.contains(UInt32($0.offset)) }.map(\.element))
        references = references.filter { !used.contains($0) } + outputs
        references.sort { ($0.kind.rawValue, $0.span?.first ?? .last) < ($1.kind.rawValue, $1.span?.first ?? .last) }
        return left.count
    }

    var isCanonical: Bool {
        var manifest = Manifest(settings: settings, sharding: Sharding(shardCount: 1, secret: 0))
        manifest.overlays = references.filter { $0.kind == .overlay }
        return SnapshotHead(manifest, cells: references.filter { $0.kind == .cell }).isCanonical
    }

    func cells() throws -> [BuiltSegment] {
        var cells: [BuiltSegment] = []
        try SegmentMerger(settings: settings, source: source).compact(
            try SegmentReader.open(references, source: source)
        ) { cells.append($0) }
        return cells
    }

    var setDigest: Digest256 {
        live.values.reduce(Digest256.zero) { $0 &+ $1.version.digestTerm(of: $1.key) }
    }

    /// Holds what the snapshot says against the live articles.
    func expectConsistent() throws {
        let snapshot = try SnapshotReader.open(references, settingsHash: settings.hash, source: source)
        let naive = NaiveIndex(Array(live.values))
        #expect(snapshot.digest == setDigest)
        #expect(snapshot.liveDocumentCount == live.count)
        #expect(snapshot.liveTokenCount == UInt64(naive.lengths.reduce(0, +)))
        let terms = naive.postings.keys.sorted { $0.lexicographicallyPrecedes($1) }
        for (term, statistics) in zip(terms, try snapshot.lookup(terms: terms)) {
            #expect(statistics.liveDocumentFrequency == naive.postings[term]!.count)
        }
        let keys = live.keys.sorted() + [ArticleKey(high: 1, low: 2)]
        for (key, found) in zip(keys, try snapshot.lookup(keys: keys)) {
            #expect(found?.version == live[key]?.version && found?.source == live[key]?.article.source)
            if let found { #expect(found.orderTime == live[key]?.article.orderTime) }
        }
        if let key = keys.first { #expect(try snapshot.record(key) == live[key]?.record) }
        #expect(try SnapshotVerifier(references, source: source).run().findings == [])
    }
}

/// Versions of articles in a random order, some keys several times; and keys to retract.
func randomHistory(_ count: Int, _ generator: inout SplitMix64) -> (samples: [Sample], retracted: [ArticleKey]) {
    var samples: [Sample] = []
    for number in 0..<count {
        for revision in 0..<(number % 4 == 0 ? Int.random(in: 1...3, using: &generator) : 1) {
            samples.append(SampleArticles.make(number, revision: revision, &generator))
        }
    }
    let retracted = samples.filter { _ in Int.random(in: 0..<20, using: &generator) == 0 }.map(\.key)
    return (samples.shuffled(using: &generator), Array(Set(retracted)).sorted())
}

@Suite("merges") struct MergeTests {
    @Test("random merges change nothing that is live", arguments: 0..<8)
    func merges(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let history = randomHistory(Int.random(in: 2...40, using: &generator), &generator)
        var snapshot = RandomSnapshot(seed: seed, settings: Settings())
        try snapshot.publish(history.samples, retracting: history.retracted)
        try snapshot.expectConsistent()
        try snapshot.mergeAtRandom(until: 3)
        try snapshot.expectConsistent()
        try snapshot.mergeAtRandom(until: 1)
        try snapshot.expectConsistent()
    }

    @Test("a merge of all overlays is what the builder makes of the live articles")
    func mergeEqualsBuild() throws {
        var generator = SplitMix64(seed: 99)
        let history = randomHistory(120, &generator)
        var snapshot = RandomSnapshot(seed: 99, settings: Settings())
        try snapshot.publish(history.samples, retracting: history.retracted)
        let inputs = try SegmentReader.open(snapshot.references, source: snapshot.source)
        let merged = try #require(try SegmentMerger(settings: Settings(), source: snapshot.source).merge(inputs))
        #expect(merged.bytes == (try build(Array(snapshot.live.values))).bytes)
    }

    /// Words in lists of all shapes: in one article and in all, once and hundreds of times, close together and far apart.
    private static let shapes: [Sample] = {
        var generator = SplitMix64(seed: 17)
        return (0..<700).map { number in
            var words = ["each"]
            if number % 3 > 0 { words += ["often", "alone\(number)"] }
            if number % 150 == 7 {
                words += Array(repeating: "again and", count: Int.random(in: 1...400, using: &generator))
            }
            // In English, the language of every fourth: forms of a word, one of them with exceptions among its places.
            if number % 8 == 0 {
                words += Array(repeating: "calm", count: 20) + Array(repeating: "x", count: 200) + ["calm"]
            }
            if number % 40 == 4 { words += ["calmly", "accidental"] }
            if number % 40 == 12 { words += ["accident", "calms"] }
            if number % 40 < 2 {
                words += (0..<Int.random(in: 1...9, using: &generator)).map { "pair\(number / 40) \($0)" }
            }
            if number % 90 == 0 {
                // Few that are far from the rest, so that they are kept apart.
                for _ in 0..<Int.random(in: 3...140, using: &generator) {
                    let gap = Int.random(in: 0..<30, using: &generator) == 0 ? 900 : 2
                    words.append("far " + String(repeating: "x ", count: Int.random(in: 0..<gap, using: &generator)))
                }
            }
            var article = Article()
            article.url = "https://news.example/\(number)"
            article.body = words.joined(separator: " ")
            // A list without positions.
            article.language = number % 4 == 0 ? "en" : "pt"
            article.published = PublishedTime(
                at: Timestamp(seconds: 1_600_000_000 - Int64(number) * 60), precision: .second, from: "field")
            return Sample(article, key: ArticleKey(canonicalURL: article.url!))
        }
    }()

    /// How articles are cut into segments: the number of an article's segment.
    private static let cuts: [@Sendable (Int) -> Int] = [
        { $0 % 5 },  // all ages in each
        { $0 % 3 },
        { $0 % 8 },
        { $0 % 9 },
        { $0 / 30 % 2 },  // in turns, some at a time
        { $0 / 150 },  // one behind the other
        { 4 - $0 / 150 },  // the same, the oldest first
        { ($0 / 60 + $0 % 2) % 4 },  // by and by
        { $0 == 350 ? 1 : 0 },  // one alone, and the rest around it
    ]

    @Test("a merge is what the builder makes, however the articles were cut", arguments: cuts.indices)
    func mergeOfCuts(cut: Int) throws {
        let source = MemoryByteSource()
        let numbers = Dictionary(grouping: Self.shapes.indices, by: Self.cuts[cut])
        // Some articles of the first segment are killed by the last.
        let lost = Array(numbers[0]!.filter { $0 % 7 == 3 })
        let references = try (0..<numbers.count).map { number in
            let kills = number == numbers.count - 1 ? lost.map { Self.shapes[$0].killed } : []
            return source.put(
                try build(numbers[number]!.map { Self.shapes[$0] }, kills: kills), attempt: UInt64(number))
        }
        let inputs = try SegmentReader.open(references, source: source)
        let merged = try #require(try SegmentMerger(settings: Settings(), source: source).merge(inputs))
        let live = Self.shapes.indices.filter { !lost.contains($0) }.map { Self.shapes[$0] }
        #expect(merged.bytes == (try build(live)).bytes)
        try expectEqual(try open(merged), NaiveIndex(live))
    }

    /// Splits, orders and trees of merges for each set of articles; CORANTO_SPLITS names another number.
    static let splitCount = ProcessInfo.processInfo.environment["CORANTO_SPLITS"].flatMap { Int($0) } ?? 11

    @Test("compactions of one set of articles are byte for byte the same", arguments: 0..<5)
    func canonical(set: UInt64) throws {
        var settings = Settings()
        settings.cellTargetBytes = [1, 700, 4_000, 20_000, 1 << 20][Int(set)]
        var generator = SplitMix64(seed: 500 + set)
        let history = randomHistory([8, 20, 25, 30, 30][Int(set)], &generator)
        var expected: [Digest256]?
        for round in 0..<Self.splitCount {
            var snapshot = RandomSnapshot(seed: UInt64(round), settings: settings)
            try snapshot.publish(history.samples.shuffled(using: &generator), retracting: history.retracted)
            try snapshot.mergeAtRandom(until: Int.random(in: 1...6, using: &generator))
            let cells = try snapshot.cells()
            expected = expected ?? cells.map(\.identity)
            #expect(cells.map(\.identity) == expected)
            // Compacting cells gives the same cells, and so does a late article that was taken back.
            if round % 5 == 0 { try expectStable(cells, snapshot, settings) }
        }
    }

    private func expectStable(_ cells: [BuiltSegment], _ snapshot: RandomSnapshot, _ settings: Settings) throws {
        let source = MemoryByteSource()
        let naive = NaiveIndex(Array(snapshot.live.values))
        let readers = try SegmentReader.open(cells.map { source.put($0) }, source: source)
        // Every cell is the segment of a run of the live articles, in order.
        var start = 0
        for reader in readers {
            try expectEqual(reader, NaiveIndex(Array(naive.samples[start..<(start + reader.documentCount)])))
            start += reader.documentCount
        }
        #expect(start == naive.samples.count)
        var again: [Digest256] = []
        try SegmentMerger(settings: settings, source: source).compact(readers) { again.append($0.identity) }
        #expect(again == cells.map(\.identity))
        #expect(try SnapshotVerifier(cells.map { source.put($0) }, source: source).run().findings == [])
    }

    @Test("undated articles share no cell with dated ones, not even with those before 1970")
    func undatedCells() {
        var plan = CellPlan(targetBytes: 1000)
        let key = ArticleKey(high: 1, low: 1)
        let counts = [Timestamp(seconds: -1000), nil].flatMap { plan.add(OrderKey(time: $0, key: key), bytes: 1) }
        #expect(counts + plan.finish() == [1, 1])
    }

    @Test("cells are the nodes of the tries of dated and undated articles")
    func cellPlan() {
        /// The definition, read aloud.
        func cells(_ places: ArraySlice<(OrderKey, UInt64)>, depth: Int, target: UInt64) -> [Int] {
            if places.isEmpty { return [] }
            if places.count == 1 || places.reduce(0, { $0 + $1.1 }) <= target { return [places.count] }
            func bit(_ place: OrderKey) -> UInt64 {
                let word = depth < 64 ? place.timeBits : depth < 128 ? place.key.high : place.key.low
                return word >> UInt64(63 - depth % 64) & 1
            }
            let middle = places.firstIndex { bit($0.0) == 1 } ?? places.endIndex
            return cells(places[..<middle], depth: depth + 1, target: target)
                + cells(places[middle...], depth: depth + 1, target: target)
        }
        var generator = SplitMix64(seed: 3)
        for _ in 0..<200 {
            let count = Int.random(in: 0..<120, using: &generator)
            let places = (0..<count).map { _ -> (OrderKey, UInt64) in
                let time =
                    Bool.random(using: &generator)
                    ? Timestamp(seconds: Int64.random(in: -1000..<1000, using: &generator)) : nil
                let key = ArticleKey(
                    high: generator.next() >> UInt64.random(in: 0...63, using: &generator), low: generator.next())
                return (OrderKey(time: time, key: key), UInt64.random(in: 1...500, using: &generator))
            }.sorted { $0.0 < $1.0 }
            let target = UInt64.random(in: 1...5000, using: &generator)
            var plan = CellPlan(targetBytes: target)
            let found = places.flatMap { plan.add($0.0, bytes: $0.1) } + plan.finish()
            let undated = places.firstIndex { $0.0.time == nil } ?? places.endIndex
            let expected = [places[..<undated], places[undated...]].flatMap { cells($0, depth: 0, target: target) }
            #expect(found == expected)
        }
    }

    @Test("a kill whose loser is elsewhere is carried, one from elsewhere is not applied")
    func outsideKills() throws {
        var generator = SplitMix64(seed: 5)
        let old = SampleArticles.make(1, revision: 0, &generator)
        let new = SampleArticles.make(1, revision: 1, &generator)
        let others = (2..<10).map { SampleArticles.make($0, &generator) }
        let source = MemoryByteSource()
        let first = source.put(try build([old] + others.prefix(4)))
        let second = source.put(try build([new], kills: [old.killed]))
        let third = source.put(try build(Array(others.suffix(4))))
        let merger = SegmentMerger(settings: Settings(), source: source)
        let carried = try #require(try merger.merge(try SegmentReader.open([second, third], source: source)))
        #expect(carried.footer.killCount == 1)
        let kept = try #require(try merger.merge(try SegmentReader.open([first, third], source: source)))
        #expect(kept.footer.documentCount == 9)
        let all = try SnapshotReader.open([first, source.put(carried)], source: source)
        #expect(try all.lookup(keys: [old.key])[0]?.version == new.version)
        let alone = try #require(
            try merger.merge(try SegmentReader.open([first, source.put(carried)], source: source)))
        #expect(alone.footer.killCount == 0 && alone.footer.documentCount == 9)
        #expect(throws: EngineError.self) { try SnapshotReader.open([second, third], source: source).dead }
        #expect(throws: EngineError.self) {
            try merger.compact(try SegmentReader.open([second], source: source)) { _ in }
        }
    }

    @Test("nothing is left when everything meets its kill")
    func nothingLeft() throws {
        let samples = SampleArticles.many(5, seed: 1)
        let source = MemoryByteSource()
        let references = [source.put(try build(samples)), source.put(try build([], kills: samples.map(\.killed)))]
        let readers = try SegmentReader.open(references, source: source)
        #expect(try SegmentMerger(settings: Settings(), source: source).merge(readers) == nil)
        var cells = 0
        try SegmentMerger(settings: Settings(), source: source).compact(readers) { _ in cells += 1 }
        #expect(cells == 0)
    }
}

@Suite("verification") struct VerificationTests {
    /// Codes and sections of what is found in a snapshot of `segments`.
    private func findings(_ segments: [BuiltSegment]) throws -> [String] {
        let source = MemoryByteSource()
        let references = segments.enumerated().map { source.put($1, attempt: UInt64($0)) }
        return try SnapshotVerifier(references, source: source).run().findings.map {
            "\($0.code.rawValue) \($0.section ?? "")"
        }
    }

    @Test("sound segments that do not belong together are found")
    func betweenSegments() throws {
        var generator = SplitMix64(seed: 4)
        let samples = (1...4).map { SampleArticles.make($0, &generator) }
        let newer = SampleArticles.make(1, revision: 1, &generator)
        let base = try build(samples)
        #expect(try findings([base, build([newer], kills: [samples[0].killed])]) == [])
        // The same key twice, with no kill; the same article twice; a kill twice; a kill without a loser.
        #expect(try findings([base, build([newer])]) == ["mismatch documents"])
        #expect(try findings([base, build([samples[0]])]) == ["mismatch documents"])
        #expect(
            try findings([base, build([], kills: [samples[0].killed]), build([newer], kills: [samples[0].killed])])
                == ["mismatch documents"])
        #expect(try findings([base, build([], kills: [newer.killed])]) == ["mismatch kills"])
        // A correction of another text.
        let wrong = KilledDocument(kill: samples[0].kill, record: samples[1].record)
        #expect(try findings([base, build([], kills: [wrong])]).last == "corrupt corrections")
        // Other settings.
        var settings = Settings()
        settings.analyzerVersion += 1
        #expect(
            try findings([base, build([newer], kills: [samples[0].killed], settings: settings)]) == ["mismatch footer"])
    }

    @Test("an object under another's name is found")
    func identity() throws {
        let source = MemoryByteSource()
        let one = try build(SampleArticles.many(3, seed: 1))
        let reference = source.put(one)
        var other = reference
        other.identity = Digest256.zero
        source.put(one.bytes, as: other.objectName)
        #expect(try SnapshotVerifier([other], source: source).run().findings.map(\.code) == [.mismatch])
        #expect(throws: EngineError.self) {
            try SnapshotReader.open(
                [
                    {
                        var r = reference; r.documentCount += 1; return r
                    }()
                ], source: source)
        }
    }

    @Test("the articles of a large cell share a dictionary, which is the same however they came")
    func articleDictionary() throws {
        var generator = SplitMix64(seed: 77)
        let samples = SampleArticles.many(4200, seed: 76)
        var settings = Settings()
        settings.cellTargetBytes = 1 << 40
        var made: Set<[UInt8]> = []
        var cell: SegmentReader?
        for cuts in [1, 5] {
            let source = MemoryByteSource()
            var rest = samples.shuffled(using: &generator)[...]
            var references: [SegmentReference] = []
            while !rest.isEmpty {
                let part = rest.prefix(samples.count / cuts + 1)
                references.append(
                    source.put(try build(Array(part), settings: settings), attempt: UInt64(references.count)))
                rest = rest.dropFirst(part.count)
            }
            try SegmentMerger(settings: settings, source: source).run(references, as: .cells) { segment in
                guard segment.footer.span?.first.time != nil else { return }
                made.insert(segment.bytes)
                cell = try open(segment)
            }
        }
        #expect(made.count == 1)
        let segment = try #require(cell)
        #expect(segment.footer.section(.articleDictionary).length > 1000)
        let records = Dictionary(uniqueKeysWithValues: samples.map { ($0.key, $0.record) })
        let ordinals = Array(0..<UInt32(segment.documentCount))
        let identities = try segment.identities(ordinals)
        for (identity, record) in zip(identities, try segment.records(ordinals)) {
            #expect(records[identity.key] == record)
        }
        var verifier = SegmentVerifier(segment)
        #expect(try verifier.run().isEmpty)
        // Damage anywhere in it is told; one that no checksum tells ends in other articles or an error, never in a trap.
        let bytes = try #require(made.first)
        let entry = segment.footer.section(.articleDictionary)
        var errors = 0
        for number in 0..<60 {
            var damaged = bytes
            let isRepaired = number % 2 == 0
            // The frame's header and the dictionary's tables stand at its start.
            let reach = isRepaired ? min(200, Int(entry.length)) : Int(entry.length)
            let at = Int(entry.offset) + Int.random(in: 0..<reach, using: &generator)
            damaged[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            if isRepaired { Resealing.repair(&damaged, segment.footer) }
            let source = MemoryByteSource()
            let reference = SegmentReference(
                identity: SHA256.hash(of: damaged), attempt: Attempt(term: .none, number: 1), kind: .cell,
                sizeBytes: UInt64(bytes.count), documentCount: segment.footer.documentCount, killCount: 0,
                recordBytes: segment.footer.recordBytes, digest: segment.footer.digest, span: segment.footer.span)
            source.put(damaged, as: reference.objectName)
            let reader = try SegmentReader.open([reference], source: source)[0]
            do {
                _ = try reader.records([0])
                #expect(isRepaired)
            } catch is EngineError { errors += 1 }
        }
        #expect(errors > 30)
    }
}
