import ByteCoding
import Engine
import News
import Storage
import Testing

/// Holds everything a segment says against the naive index of the same articles.
func expectEqual(_ segment: SegmentReader, _ naive: NaiveIndex) throws {
    #expect(segment.documentCount == naive.samples.count)
    let rows = try segment.rows(0..<segment.documentCount)
    let records = try segment.records((0..<UInt32(segment.documentCount)).map { $0 })
    for (ordinal, sample) in naive.samples.enumerated() {
        let row = rows[ordinal]
        #expect(row.key == sample.key && row.version == sample.version && row.orderTime == sample.article.orderTime)
        #expect(row.lengthCode == LengthCode.code(of: naive.lengths[ordinal]))
        #expect(row.recordBytes == sample.record.count && records[ordinal] == sample.record)
        #expect(segment.sourceNames.name(row.source) == sample.article.source)
        #expect(segment.languageNames.name(row.language) == sample.article.language)
        #expect(segment.sectionNames.name(row.section) == sample.article.section)
    }
    #expect(segment.footer.tokenCount == UInt64(naive.lengths.reduce(0, +)))
    #expect(segment.footer.recordBytes == naive.samples.reduce(0) { $0 + UInt64($1.record.count) })
    var listed: [[UInt8]] = []
    var listedEntries: [TermEntry] = []
    // Safe: the term is copied during the call.
    unsafe try segment.forEachTerm(from: []) { term, entry in
        unsafe listed.append(Array(term))
        listedEntries.append(entry)
        return true
    }
    let terms = naive.postings.keys.sorted { $0.lexicographicallyPrecedes($1) }
    #expect(listed == terms.filter { !naive.sharesList($0) })
    let entries = try segment.lookup(terms)
    #expect(zip(terms, entries).filter { !naive.sharesList($0.0) }.map(\.1) == listedEntries)
    for (term, entry) in zip(terms, entries) {
        guard let entry else {
            Issue.record("term \(term) is missing")
            continue
        }
        let cursor = try PostingList(segment, entry, needsPositions: true)
        var found: [Int: [UInt32]] = [:]
        var positions: [UInt32] = []
        var last = -1
        while try cursor.next() != PostingList.end {
            #expect(Int(cursor.document) > last)
            last = Int(cursor.document)
            positions = try cursor.positions()
            found[last] = positions
            if entry.hasPositions { #expect(try cursor.frequency() == positions.count) }
        }
        #expect(found == naive.postings[term], "postings of \(String(decoding: term, as: UTF8.self))")
        #expect(Int(entry.documentFrequency) == found.count)
    }
}

@Suite("segments") struct SegmentTests {
    @Test("a segment says what the naive index says", arguments: [1, 3, 40, 700])
    func oracle(count: Int) throws {
        let samples = SampleArticles.many(count, seed: UInt64(count))
        try expectEqual(try open(try build(samples)), NaiveIndex(samples))
    }

    @Test("words are looked up in place one after the other as each for itself", arguments: 1...4)
    func inPlace(seed: UInt64) throws {
        let samples = SampleArticles.many(60, seed: seed)
        let source = MemoryByteSource(isMapped: true)
        let segment = try SegmentReader.open([source.put(try build(samples))], source: source)[0]
        let terms = NaiveIndex(samples).postings.keys.sorted { $0.lexicographicallyPrecedes($1) }
        var random = SplitMix64(seed: seed)
        for _ in 0..<300 {
            // Words that are there and neighbours that may not be; mostly ascending and close together.
            let start = Int.random(in: 0..<terms.count, using: &random)
            var asked: [[UInt8]] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                var term = terms[min(start + Int.random(in: 0..<40, using: &random), terms.count - 1)]
                switch Int.random(in: 0..<4, using: &random) {
                case 0: term.append(UInt8.random(in: 0...255, using: &random))
                case 1 where term.count > 2: term.removeLast()
                case 2 where term.count > 1: term[term.count - 1] &+= UInt8.random(in: 0...1, using: &random)
                default: break
                }
                asked.append(term)
            }
            if Int.random(in: 0..<4, using: &random) > 0 { asked.sort { $0.lexicographicallyPrecedes($1) } }
            var found = [TermEntry?](repeating: nil, count: asked.count)
            let isWanted = asked.map { _ in Int.random(in: 0..<8, using: &random) > 0 }
            let keys = TermKeys([[terms[0]], asked])
            try segment.forEachMappedEntry(of: keys, 1, where: { isWanted[$0] }) { found[$0] = $1 }
            let expected = zip(try segment.lookup(asked), isWanted).map { $1 ? $0 : nil }
            #expect(found == expected)
        }
    }

    @Test("an empty segment can be built, opened and asked")
    func empty() throws {
        let segment = try open(try build([]))
        #expect(segment.documentCount == 0 && segment.footer.span == nil)
        #expect(try segment.lookup([[0, 0x61]]) == [nil])
    }

    @Test("the order of arrival and dropped documents leave no trace")
    func arrivalOrder() throws {
        let samples = SampleArticles.many(60, seed: 7)
        let expected = try build(samples).identity
        var generator = SplitMix64(seed: 8)
        for _ in 0..<5 {
            let builder = SegmentBuilder(settings: Settings(), memoryBudgetBytes: 1 << 30)
            var extra = SplitMix64(seed: generator.next())
            for sample in samples.shuffled(using: &generator) {
                if Bool.random(using: &generator) {
                    let other = SampleArticles.make(10_000 + Int.random(in: 0..<50, using: &extra), &extra)
                    builder.drop(
                        try builder.add(key: other.key, version: other.version, record: other.record, frame: nil))
                }
                _ = try builder.add(key: sample.key, version: sample.version, record: sample.record, frame: nil)
            }
            #expect(try builder.seal(kills: []).identity == expected)
            #expect(builder.documentCount == 0)
        }
    }

    @Test("seek finds the first document that is not before its target")
    func seek() throws {
        let samples = SampleArticles.many(700, seed: 21)
        let segment = try open(try build(samples))
        let naive = NaiveIndex(samples)
        var generator = SplitMix64(seed: 22)
        for (term, postings) in naive.postings.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }).prefix(400) {
            let documents = postings.keys.sorted()
            let entry = try #require(try segment.lookup([term])[0])
            for _ in 0..<3 {
                let cursor = try PostingList(segment, entry)
                var target = 0
                while true {
                    target += Int.random(in: 0..<300, using: &generator)
                    let found = try cursor.advance(to: UInt32(target))
                    let expected = documents.first { $0 >= target }
                    #expect(found == expected.map(UInt32.init) ?? PostingList.end)
                    guard let expected else { break }
                    if entry.hasPositions { #expect(try cursor.frequency() == postings[expected]!.count) }
                    target = expected
                    if Bool.random(using: &generator) {
                        let next = documents.first { $0 > expected }
                        #expect(try cursor.next() == next.map(UInt32.init) ?? PostingList.end)
                        guard let next else { break }
                        target = next
                    }
                }
            }
        }
    }

    @Test("impacts hold for every document of their block, and are those of documents where they say so")
    func impacts() throws {
        let samples = SampleArticles.many(700, seed: 31)
        let segment = try open(try build(samples))
        let naive = NaiveIndex(samples)
        var exactCount = 0
        for (term, postings) in naive.postings where postings.count > 128 {
            let entry = try #require(try segment.lookup([term])[0])
            guard entry.hasPositions else { continue }
            let cursor = try PostingList(segment, entry)
            let documents = postings.keys.sorted()
            for start in stride(from: 0, to: documents.count, by: 128) {
                let block = documents[start..<min(start + 128, documents.count)]
                let bound = try #require(cursor.bound(reaching: UInt32(block.first!)))
                #expect(bound.lastDocument == block.last!)
                let pairs = block.map { document in
                    (frequency: postings[document]!.count, code: LengthCode.code(of: naive.lengths[document]))
                }
                for pair in pairs {
                    #expect(bound.impacts.covers(frequency: UInt32(pair.frequency), lengthCode: pair.code))
                }
                guard bound.impacts.isExact else { continue }
                exactCount += 1
                for index in 0..<Impacts.pairCount {
                    #expect(
                        pairs.contains {
                            $0.frequency == bound.impacts.frequency(index)
                                && Int($0.code) == bound.impacts.lengthCode(index)
                        })
                }
            }
        }
        #expect(exactCount > 20)
    }

    @Test("date ranges are document ranges")
    func dates() throws {
        let samples = SampleArticles.many(300, seed: 41)
        let segment = try open(try build(samples))
        let sorted = NaiveIndex(samples).samples
        var generator = SplitMix64(seed: 42)
        for _ in 0..<100 {
            let day = Int64.random(in: -2..<42, using: &generator)
            let length = Int64.random(in: 0..<9, using: &generator)
            let range =
                Timestamp(
                    seconds: 1_450_000_000 + day * 86_400)...Timestamp(seconds: 1_450_000_000 + (day + length) * 86_400)
            let expected = sorted.indices.filter { sorted[$0].article.orderTime.map(range.contains) ?? false }
            // As a range of dates is looked for: the newest first.
            let least = ArticleKey(high: 0, low: 0)
            let before = Timestamp(milliseconds: range.lowerBound.milliseconds - 1)
            let first = try segment.firstDocument(notBefore: OrderKey(time: range.upperBound, key: least))
            let end = try segment.firstDocument(notBefore: OrderKey(time: before, key: least))
            #expect(Array(first..<max(first, end)) == expected)
        }
    }

    @Test("opening takes two rounds at most, looking up one, postings one, records one")
    func rounds() throws {
        let source = MemoryByteSource()
        let references = try (0..<4).map { source.put(try build(SampleArticles.many(200, seed: UInt64($0)))) }
        let segments = try SegmentReader.open(references, source: source)
        #expect(source.roundCount <= 2)
        var before = source.roundCount
        let terms = ["w1", "w2", "w100"].map { IndexField.text.key($0.utf8) }
        let entries = try SegmentReader.lookup(terms, in: segments, source: source)
        #expect(source.roundCount == before + 1)
        before = source.roundCount
        #expect(entries.allSatisfy { $0.count == terms.count })
        _ = try SegmentReader.records(segments.map { ($0, 3) }, source: source)
        #expect(source.roundCount == before + 1)
    }

    @Test("an opener reads the last 64 KiB, of large objects the last 64th, of small ones all, and more for kills")
    func openReads() {
        func bytes(_ size: UInt64, kills: UInt32 = 0) -> UInt64 { SegmentFormat.openReadBytes(size, killCount: kills) }
        #expect([0, 1000, 65_535].allSatisfy { bytes($0) == $0 && bytes($0, kills: 9) == $0 })
        #expect([65_536, 1 << 20, 1 << 22].allSatisfy { bytes($0) == 65_536 })
        #expect(bytes(1 << 30) == 1 << 24)
        #expect(bytes(1 << 20, kills: 1000) == 65_536 + 160_000)
    }

    @Test("a segment of many kills is opened in one round", arguments: [1, 40, 2000])
    func openManyKills(_ count: Int) throws {
        let source = MemoryByteSource()
        let samples = SampleArticles.many(count, seed: 63)
        let reference = source.put(try build([samples[0]], kills: samples.dropFirst().map(\.killed)))
        #expect(try SegmentReader.open([reference], source: source)[0].kills.count == count - 1)
        #expect(source.roundCount == 1)
    }

    @Test("a snapshot with kills looks terms up in one round and keys in two, after one that finds the dead")
    func snapshotRounds() throws {
        let samples = SampleArticles.many(300, seed: 61)
        let source = MemoryByteSource()
        let references = [
            source.put(try build(samples)), source.put(try build([], kills: samples.prefix(40).map(\.killed))),
        ]
        let snapshot = try SnapshotReader.open(references, source: source)
        #expect(source.roundCount <= 2)
        var before = source.roundCount
        _ = try snapshot.lookup(terms: ["w1", "w2", "w900"].map { IndexField.text.key($0.utf8) })
        #expect(source.roundCount == before + 1)
        for deadRounds in [1, 0] {
            before = source.roundCount
            #expect(try snapshot.lookup(keys: samples.map(\.key)).filter { $0 != nil }.count == 260)
            #expect(source.roundCount == before + 2 + deadRounds)
        }
    }

    @Test("the first question finds the dead in its own first round", arguments: ["w1", "w1*", "w1 -w2", ""])
    func deadOfFirstQuestion(_ query: String) throws {
        let samples = SampleArticles.many(300, seed: 61)
        let source = MemoryByteSource()
        let whole = try SnapshotReader.open(
            [source.put(try build(Array(samples[40...])))], source: source)
        let references = [
            source.put(try build(samples)), source.put(try build([], kills: samples.prefix(40).map(\.killed))),
        ]
        let snapshot = try SnapshotReader.open(references, source: source)
        let parsed = try QueryParser.parse(query)
        for request in [SearchRequest(query: parsed), SearchRequest(query: parsed, sort: .newest)] {
            let before = source.roundCount
            let found = try Searcher(snapshot).searchReading(request).results
            #expect(source.roundCount <= before + 3)
            let expected = try Searcher(whole).search(request)
            #expect(found.total == expected.total && found.hits.map(\.orderKey) == expected.hits.map(\.orderKey))
        }
    }

    @Test(
        "where segments are not mapped, a kill without a loser is told by whoever asks, every time; where they are, by opening"
    )
    func killWithoutLoser() throws {
        let samples = SampleArticles.many(300, seed: 61)
        for isMapped in [false, true] {
            let source = MemoryByteSource(isMapped: isMapped)
            let references = [
                source.put(try build(Array(samples[1...]))),
                source.put(try build([], kills: samples.prefix(40).map(\.killed))),
            ]
            guard !isMapped else {
                #expect(throws: EngineError.self) { try SnapshotReader.open(references, source: source) }
                continue
            }
            let snapshot = try SnapshotReader.open(references, source: source)
            for _ in 0..<2 {
                #expect(throws: EngineError.self) {
                    try Searcher(snapshot).search(SearchRequest(query: QueryParser.parse("w1")))
                }
                #expect(throws: EngineError.self) { try snapshot.lookup(keys: [samples[50].key]) }
                #expect(throws: EngineError.self) { try snapshot.dead }
            }
        }
    }

    @Test("segments opened for keys find the same articles; their records take a round more")
    func openedForKeys() throws {
        let samples = SampleArticles.many(300, seed: 62)
        let source = MemoryByteSource()
        let overlay = source.put(try build(Array(samples[..<150])))
        var references = [overlay]
        try SegmentMerger(settings: Settings(), source: source).compact([open(try build(Array(samples[150...])))]) {
            references.append(source.put($0))
        }
        #expect(references.contains { $0.kind == .cell })
        let whole = try SnapshotReader.open(references, source: source)
        let segments = try SegmentReader.open(references, for: .keys, source: source)
        let narrow = SnapshotKeys(references, settingsHash: Settings().hash, source: source) { wanted in
            wanted.map { reference in segments[references.firstIndex(of: reference)!] }
        }
        var before = source.roundCount
        let found = try narrow.lookup(samples.map(\.key))
        #expect(source.roundCount == before + 2)
        #expect(try found == whole.lookup(keys: samples.map(\.key)) && !found.contains(nil))
        before = source.roundCount
        #expect(try narrow.records(found.map { $0! }) == samples.map(\.record))
        #expect(source.roundCount == before + 2)
    }

    @Test("keys are looked up in more segments than are open at once, and killed ones are not found")
    func keysOfManySegments() throws {
        let samples = SampleArticles.many(600, seed: 63)
        let source = MemoryByteSource()
        var references = try (0..<(2 * SnapshotKeys.segmentsPerRound + 44)).map { index in
            source.put(try build(index < 550 ? [samples[index]] : []), attempt: UInt64(index))
        }
        references.insert(source.put(try build([], kills: samples[..<40].map(\.killed)), attempt: 1000), at: 5)
        references.append(
            source.put(try build([samples[550]], kills: samples[300..<340].map(\.killed)), attempt: 1001))
        let whole = try SnapshotReader.open(references, source: source)
        var mostOpen = 0
        let narrow = SnapshotKeys(references, settingsHash: Settings().hash, source: source) { wanted in
            mostOpen = max(mostOpen, wanted.count)
            return try SegmentReader.open(wanted, for: .keys, source: source)
        }
        let keys = samples.map(\.key)
        let found = try narrow.lookup(keys)
        #expect(try found == whole.lookup(keys: keys))
        #expect(found.count { $0 != nil } == 551 - 80)
        #expect(mostOpen == SnapshotKeys.segmentsPerRound)
        let live = found.compactMap { $0 }
        #expect(try narrow.records(live) == live.map { live in samples.first { $0.key == live.key }!.record })
    }

    @Test("a key that is live twice is an error of the look-up, and so are other settings")
    func keysOfAnUnsoundSnapshot() throws {
        let sample = SampleArticles.many(1, seed: 64)[0]
        let source = MemoryByteSource()
        let references = try (0..<2).map { source.put(try build([sample]), attempt: UInt64($0)) }
        func found(_ settingsHash: Digest256, _ references: [SegmentReference]) throws -> Version? {
            try SnapshotKeys(references, settingsHash: settingsHash, source: source) {
                try SegmentReader.open($0, for: .keys, source: source)
            }.lookup([sample.key])[0]?.version
        }
        #expect(try found(Settings().hash, [references[0]]) == sample.version)
        #expect(throws: EngineError.self) { try found(Settings().hash, references) }
        #expect(throws: EngineError.self) { try found(.zero, [references[0]]) }
    }

    @Test("length codes are exact below 40 and never above the length")
    func lengthCodes() {
        for length in 0..<100_000 {
            let code = LengthCode.code(of: length)
            let value = Int(LengthCode.lengths[Int(code)])
            #expect(length < 40 ? value == length : value <= length && value * 9 >= length * 8 - 24)
            if code < 255 { #expect(Int(LengthCode.lengths[Int(code) + 1]) > length) }
        }
    }
}

extension Impacts {
    /// Whether a document with these can score no more than a pair.
    fileprivate func covers(frequency: UInt32, lengthCode: UInt8) -> Bool {
        (0..<Self.pairCount).contains {
            (self.frequency($0) == Self.frequencyLimit && !isExact || self.frequency($0) >= frequency)
                && self.lengthCode($0) <= lengthCode
        }
    }
}
