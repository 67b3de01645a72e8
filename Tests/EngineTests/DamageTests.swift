import ByteCoding
import Engine
import News
import Storage
import Testing

@Suite("damage") struct DamageTests {
    /// Objects of a small snapshot with every section in use: overlays with kills and corrections, or cells.
    private func objects(_ kind: SegmentReference.Kind) throws -> (source: MemoryByteSource, segments: [BuiltSegment]) {
        var generator = SplitMix64(seed: 77)
        let samples = (0..<4).map { SampleArticles.make($0 * 5 + 3, &generator) }
        let newer = SampleArticles.make(3, revision: 1, &generator)
        let source = MemoryByteSource()
        let overlays = [try build(samples), try build([newer], kills: [samples[0].killed])]
        guard kind == .cell else { return (source, overlays) }
        var settings = Settings()
        settings.cellTargetBytes = Settings().cellTargetBytes
        var cells: [BuiltSegment] = []
        try SegmentMerger(settings: settings, source: source).compact(
            try SegmentReader.open(overlays.map { source.put($0) }, source: source)
        ) { cells.append($0) }
        return (source, cells)
    }

    /// Section that holds `offset`, as an error should name it.
    private func section(_ segment: BuiltSegment, _ offset: Int) -> String {
        segment.footer.sections.first { UInt64(offset) >= $0.offset && UInt64(offset) < $0.offset + $0.length }
            .map(\.kind.name) ?? (offset >= segment.bytes.count - 40 ? "tail" : "footer")
    }

    @Test(
        "every flipped byte is found by opening or verifying, in its section",
        arguments: [SegmentReference.Kind.overlay, .cell])
    func flips(kind: SegmentReference.Kind) throws {
        let (source, segments) = try objects(kind)
        var references = segments.map { source.put($0) }
        #expect(try SnapshotVerifier(references, source: source).run().findings == [])
        let target = segments.count - 1
        var bytes = segments[target].bytes
        let name = references[target].objectName
        references = [references[target]]
        for offset in bytes.indices {
            bytes[offset] ^= UInt8(1 << (offset % 8))
            source.put(bytes, as: name)
            bytes[offset] ^= UInt8(1 << (offset % 8))
            var found: [EngineError] = []
            do {
                let segment = try SegmentReader.open(references, source: source)[0]
                var verifier = SegmentVerifier(segment)
                found = try verifier.run()
            } catch let error as EngineError {
                found = [error]
            }
            guard let first = found.first else {
                Issue.record("flipped byte \(offset) in \(section(segments[target], offset)) was not found")
                continue
            }
            let expected = section(segments[target], offset)
            // A wrong checksum of a page, in the footer's table, cannot occur: the footer has its own.
            #expect(first.section == expected && first.object == name, "byte \(offset) of \(expected): \(first)")
            #expect((first.offset ?? .max) <= UInt64(offset), "byte \(offset) of \(expected): \(first)")
            #expect(first.code == .corrupt || first.code == .truncated)
        }
    }

    @Test("every truncation is refused when the segment is opened")
    func truncation() throws {
        let (source, segments) = try objects(.overlay)
        let reference = source.put(segments[1])
        for length in segments[1].bytes.indices {
            source.put(Array(segments[1].bytes.prefix(length)), as: reference.objectName)
            // Read as what the reference says, and as an object of the size it has.
            #expect(throws: EngineError.self) { try SegmentReader.open([reference], source: source) }
            #expect(throws: EngineError.self) {
                try SegmentReader.open(objectName: reference.objectName, sizeBytes: UInt64(length), source: source)
            }
        }
    }

    @Test("a read of a damaged segment gives the right answer or an error, never another answer")
    func reads() throws {
        let samples = SampleArticles.many(6, seed: 5)
        let segment = try build(samples)
        let source = MemoryByteSource()
        let reference = source.put(segment)
        let naive = NaiveIndex(samples)
        let terms = naive.postings.keys.sorted { $0.lexicographicallyPrecedes($1) }
        let wanted = [terms[0], terms[terms.count / 2], terms[terms.count - 1]]
        let ordinal = UInt32(naive.samples.count / 2)
        let key = naive.samples[0].key
        var errors = 0
        for offset in segment.bytes.indices {
            var bytes = segment.bytes
            bytes[offset] ^= 0x10
            source.put(bytes, as: reference.objectName)
            do {
                let snapshot = try SnapshotReader.open([reference], source: source)
                for (term, found) in zip(wanted, try snapshot.lookup(terms: wanted)) {
                    #expect(found.liveDocumentFrequency == naive.postings[term]!.count)
                    guard let entry = found.entries[0] else { continue }
                    let list = try PostingList(snapshot.segments[0], entry, needsPositions: true)
                    for document in naive.postings[term]!.keys.sorted() {
                        #expect(try list.next() == UInt32(document))
                        #expect(try list.positions() == naive.postings[term]![document])
                    }
                }
                #expect(try snapshot.segments[0].records([ordinal]) == [naive.samples[Int(ordinal)].record])
                let narrow = try SegmentReader.open([reference], for: .keys, source: source)[0]
                #expect(try narrow.records([ordinal]) == [naive.samples[Int(ordinal)].record])
                #expect(try snapshot.lookup(keys: [key])[0]?.version == naive.samples[0].version)
            } catch is EngineError {
                errors += 1
            }
        }
        #expect(errors > 0)
    }

    @Test("hostile bytes with right checksums are an error, never a trap")
    func hostile() throws {
        // Flip a byte in a section, then make all checksums right again, as an attacker would.
        let samples = SampleArticles.many(3, seed: 6)
        let segment = try build(samples, kills: [SampleArticles.many(1, seed: 9)[0].killed])
        let source = MemoryByteSource()
        var generator = SplitMix64(seed: 10)
        for offset in stride(from: 0, to: segment.bytes.count - 40, by: 23) {
            var bytes = segment.bytes
            bytes[offset] = generator.next() % 3 == 0 ? 0xFF : UInt8.random(in: 0...255, using: &generator)
            Resealing.repair(&bytes, segment.footer)
            source.put(bytes, as: "hostile")
            do {
                let reader = try SegmentReader.open(
                    objectName: "hostile", sizeBytes: UInt64(bytes.count), source: source)
                var verifier = SegmentVerifier(reader)
                _ = try verifier.run()
                if reader.footer.settingsHash == segment.footer.settingsHash {
                    _ = try SegmentMerger(settings: Settings(), source: source).merge([reader])
                }
            } catch is EngineError {
                continue
            }
        }
    }

    @Test("a size that no record has is an error before room is made by it", arguments: [UInt32(8 << 20) + 1, .max])
    func hostileSizes(size: UInt32) throws {
        let segment = try build(SampleArticles.many(3, seed: 8))
        let sizes = segment.footer.section(.recordSizes)
        var bytes = segment.bytes
        unsafe withUnsafeBytes(of: size.littleEndian) {
            unsafe bytes.replaceSubrange(Int(sizes.offset) + 4..<Int(sizes.offset) + 8, with: $0)
        }
        Resealing.repair(&bytes, segment.footer)
        let source = MemoryByteSource()
        source.put(bytes, as: "hostile")
        let reader = try SegmentReader.open(objectName: "hostile", sizeBytes: UInt64(bytes.count), source: source)
        let merger = SegmentMerger(settings: Settings(), source: source)
        for merge in [{ _ = try merger.merge([reader]) }, { try merger.compact([reader]) { _ in } }] {
            let error = try #require(throws: EngineError.self) { try merge() }
            #expect(error.code == .corrupt && error.section == SectionKind.recordSizes.name)
        }
    }

    @Test("hostile dictionaries are merged with others to a segment or an error, never to a trap")
    func hostileDictionary() throws {
        let segment = try build(SampleArticles.many(2, seed: 30))
        let source = MemoryByteSource()
        let other = try SegmentReader.open([source.put(try build(SampleArticles.many(4, seed: 31)))], source: source)[0]
        let dictionary = segment.footer.section(.dictionary)
        // The largest number that 32 bits hold, where a position may stand: none is so large.
        let number: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]
        var errors = 0
        for offset in Int(dictionary.offset)..<Int(dictionary.offset + dictionary.length) - number.count {
            var bytes = segment.bytes
            bytes.replaceSubrange(offset..<offset + number.count, with: number)
            Resealing.repair(&bytes, segment.footer)
            source.put(bytes, as: "hostile")
            do {
                let reader = try SegmentReader.open(
                    objectName: "hostile", sizeBytes: UInt64(bytes.count), source: source)
                _ = try SegmentMerger(settings: Settings(), source: source).merge([reader, other])
            } catch is EngineError { errors += 1 }
        }
        #expect(errors > 0)
    }

    @Test("hostile corrections come in order, or are an error")
    func hostileCorrections() throws {
        let segment = try build(
            SampleArticles.many(1, seed: 32), kills: SampleArticles.many(4, seed: 33).map(\.killed))
        let source = MemoryByteSource()
        let corrections = segment.footer.section(.corrections)
        var errors = 0
        for offset in Int(corrections.offset)..<Int(corrections.offset + corrections.length) {
            for byte: UInt8 in [0, 1, 0x61, 0xFF] {
                var bytes = segment.bytes
                bytes[offset] = byte
                Resealing.repair(&bytes, segment.footer)
                source.put(bytes, as: "hostile")
                var last: [UInt8] = []
                do {
                    let reader = try SegmentReader.open(
                        objectName: "hostile", sizeBytes: UInt64(bytes.count), source: source)
                    try unsafe reader.forEachCorrection { term, _ in
                        let term = unsafe Array(term)
                        #expect(last.lexicographicallyPrecedes(term), "byte \(offset)")
                        last = term
                        return true
                    }
                } catch is EngineError { errors += 1 }
            }
        }
        #expect(errors > 0)
    }

    @Test("hostile lists are searched to an answer or an error, never to a trap or without end")
    func hostileLists() throws {
        let segment = try build(SampleArticles.many(600, seed: 16))
        let source = MemoryByteSource()
        var generator = SplitMix64(seed: 17)
        let queries = try ["w1", "w2 w1", "w1 OR w2 OR w3", "\"w1 w2\"", "\"w2 w2 w1\"", "w3 -w1"].map {
            try QueryParser.parse($0)
        }
        // Each list in articles of another language.
        let words = [("w1", StemLanguage.english), ("w2", .french), ("w3", .portuguese)].map {
            IndexField.text.key(Array($0.0.utf8), in: $0.1, isExact: false)
        }
        let lists = try open(segment).lookup(words).map { try #require($0) }
        let (postings, positions) = (segment.footer.section(.postings), segment.footer.section(.positions))
        var (answers, errors) = (0, 0)
        for number in 0..<240 {
            var bytes = segment.bytes
            let list = lists[number % 3]
            let (section, range) = number % 4 == 0 ? (positions, list.positions) : (postings, list.postings)
            for _ in 0..<(1 << (number % 7)) {
                let offset = Int(section.offset + UInt64.random(in: range, using: &generator))
                bytes[offset] = generator.next() % 3 == 0 ? 0xFF : UInt8.random(in: 0...255, using: &generator)
            }
            Resealing.repair(&bytes, segment.footer)
            source.put(bytes, as: "hostile")
            do {
                let reader = try SegmentReader.open(
                    objectName: "hostile", sizeBytes: UInt64(bytes.count), source: source)
                let searcher = Searcher(try SnapshotReader(segments: [reader], source: source))
                for query in queries {
                    for sort in SearchRequest.Sort.allCases {
                        do {
                            _ = try searcher.search(SearchRequest(query: query, sort: sort, countExact: false))
                            answers += 1
                        } catch is EngineError { errors += 1 }
                    }
                }
            } catch is EngineError { continue }
        }
        #expect(answers > 500 && errors > 500)
    }

    @Test(
        "hostile dictionaries are searched to an answer or an error, and what others left in memory is not taken for theirs"
    )
    func hostileDictionarySearched() throws {
        func sample(_ number: Int, _ body: String) -> Sample {
            var article = Article()
            article.url = "https://news.example/\(number)"
            article.body = body
            // The first comes first.
            article.published = PublishedTime(
                at: Timestamp(seconds: 1_600_000_000 - Int64(number)), precision: .second, from: "field")
            return Sample(article, key: ArticleKey(canonicalURL: article.url!))
        }
        let segment = try build((0..<3).map { sample($0, "tide harbour tide mist") })
        let source = MemoryByteSource(isMapped: true)
        // Leaves large ordinals behind.
        let large = try build((0..<300).map { sample($0, $0 > 200 ? "tide harbour mist" : "fog") })
        let others = Searcher(try SnapshotReader.open([source.put(large)], source: source))
        // One is answered by gathering whole lists.
        let many = "any(tide harbour \((0..<300).map { "w\($0)" }.joined(separator: " ")))"
        let queries = try ["tide", "harbour tide", "tide OR mist", "\"tide harbour\"", many].map {
            SearchRequest(query: try QueryParser.parse($0), countExact: false)
        }
        let dictionary = segment.footer.section(.dictionary)
        var (answers, errors) = (0, 0)
        for offset in Int(dictionary.offset)..<Int(dictionary.offset + dictionary.length) {
            for byte: UInt8 in [0, 1, 2] {
                var bytes = segment.bytes
                bytes[offset] = byte
                Resealing.repair(&bytes, segment.footer)
                source.put(bytes, as: "hostile")
                do {
                    let reader = try SegmentReader.open(
                        objectName: "hostile", sizeBytes: UInt64(bytes.count), source: source)
                    let searcher = Searcher(try SnapshotReader(segments: [reader], source: source))
                    for query in queries {
                        _ = try others.search(query)
                        do {
                            #expect(try searcher.search(query).hits.allSatisfy { $0.ordinal < 3 })
                            answers += 1
                        } catch is EngineError { errors += 1 }
                    }
                } catch is EngineError { continue }
            }
        }
        #expect(answers > 100 && errors > 20, "\(answers) answers, \(errors) errors")
    }

    @Test("another version is refused by name")
    func version() throws {
        let segment = try build(SampleArticles.many(2, seed: 1))
        var bytes = segment.bytes
        bytes[bytes.count - 16] = UInt8(SegmentFormat.version + 1)
        let checksum = CRC32C.checksum(of: bytes[(bytes.count - 40)..<(bytes.count - 12)])
        for place in 0..<4 {
            bytes[bytes.count - 12 + place] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * place))
        }
        let source = MemoryByteSource()
        source.put(bytes, as: "newer")
        do {
            _ = try SegmentReader.open(objectName: "newer", sizeBytes: UInt64(bytes.count), source: source)
            Issue.record("opened")
        } catch let error as EngineError {
            #expect(error.code == .unsupportedVersion && error.object == "newer")
        }
    }
}

/// Makes the checksums of a changed segment right again.
enum Resealing {
    static func repair(_ bytes: inout [UInt8], _ footer: SegmentFooter) {
        let tail = bytes.count - 40
        let footerOffset = Int(footer.sections.last!.offset + footer.sections.last!.length)
        var entry = footerOffset + 116 + (footer.span == nil ? 0 : 48)
        for section in footer.sections {
            entry += 18
            for page in section.pageChecksums.indices {
                let start = Int(section.offset) + page << Int(section.pageShift)
                let end = min(start + 1 << Int(section.pageShift), Int(section.offset + section.length))
                put(CRC32C.checksum(of: bytes[start..<end]), at: entry, &bytes)
                entry += 4
            }
        }
        put(CRC32C.checksum(of: bytes[footerOffset..<tail]), at: tail + 20, &bytes)
        put(CRC32C.checksum(of: bytes[tail..<(tail + 28)]), at: tail + 28, &bytes)
    }

    private static func put(_ value: UInt32, at offset: Int, _ bytes: inout [UInt8]) {
        for place in 0..<4 { bytes[offset + place] = UInt8(truncatingIfNeeded: value >> UInt32(8 * place)) }
    }
}
