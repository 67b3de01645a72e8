import News

// The first round of a search: what all segments' dictionaries, orders and key runs say of a plan, by one read.

/// Where everything that a plan names lies in each segment.
struct QueryLookup {
    /// What one segment says.
    struct Segment {
        /// For each term of the plan; dead documents included.
        var entries: [TermEntry?]
        /// For each expansion of the plan its terms.
        var expansions: [[TermEntry]]
        /// For each range of the plan.
        var ranges: [Range<UInt32>]
        /// For each key of the plan: documents whose key has the same first half.
        var keyCandidates: [[UInt32]]
        /// First ordinal that is not before the place asked for.
        var place: UInt32
    }

    private(set) var segments: [Segment] = []
    /// For each term of the plan that is scored, live documents with it.
    private(set) var liveFrequencies: [Int]

    /// Most terms that one word with stars may stand for in a snapshot.
    static let expansionCount = 4096

    /// What of a round belongs to a segment: indices of slices.
    private struct Wants {
        var termBlocks: [Int: Int] = [:]
        var correctionBlocks: [Int: Int] = [:]
        var expansions: [(slice: Int, blocks: ClosedRange<Int>)?] = []
        /// First ordinals that are not before some places.
        var places: [(place: OrderKey, documents: Range<Int>, slice: Int)?] = []
        var keys: [Int?] = []
    }

    /// - Parameter place: of which the first ordinal not before it is wanted in each segment; nil for the end.
    init(_ plan: QueryPlan, in snapshot: SnapshotReader, place: OrderKey?, source: any ByteSource) throws {
        var round = ReadRound()
        var wants: [Wants] = []
        let places = Self.places(of: plan, and: place)
        for segment in snapshot.segments { wants.append(Self.wants(plan, places, in: segment, &round)) }
        var slices = try round.run(source)
        liveFrequencies = [Int](repeating: 0, count: plan.terms.count)
        var expanded = plan.expansions.map { _ in Set<[UInt8]>() }
        for (index, segment) in snapshot.segments.enumerated() {
            let want = wants[index]
            let entries = try segment.entries(of: plan.terms, want.termBlocks, &slices)
            let corrections = try segment.corrections(of: plan.terms, plan.isScoredTerm, want.correctionBlocks, &slices)
            for term in plan.terms.indices where plan.isScoredTerm[term] {
                liveFrequencies[term] += Int(entries[term]?.documentFrequency ?? 0) - corrections[term]
            }
            var expansions: [[TermEntry]] = []
            for (number, expansion) in plan.expansions.enumerated() {
                guard let (slice, blocks) = want.expansions[number] else {
                    expansions.append([])
                    continue
                }
                expansions.append(
                    try segment.entries(of: expansion, blocks, &slices[slice], distinct: &expanded[number]))
            }
            var found: [UInt32] = []
            for want in want.places {
                guard let want else {
                    found.append(0)
                    continue
                }
                let times = unsafe try slices[want.slice].checked().loadAll(UInt64.self)
                let rows = unsafe try slices[want.slice + 1].checked()
                let inside = want.documents.indices.first { document in
                    let key = unsafe SegmentReader.identity(rows, document - want.documents.lowerBound).key
                    return
                        !(OrderKey(time: Timestamp(sortable: ~times[document - want.documents.lowerBound]), key: key)
                        < want.place)
                }
                found.append(UInt32(inside ?? want.documents.upperBound))
            }
            var ranges: [Range<UInt32>] = []
            for number in plan.ranges.indices {
                ranges.append(found[2 * number]..<max(found[2 * number], found[2 * number + 1]))
            }
            let keys = try plan.keys.enumerated().map { number, key in
                try want.keys[number].map { try segment.ordinals(withKeyHigh: key.high, in: &slices[$0]) } ?? []
            }
            segments.append(
                Segment(
                    entries: entries, expansions: expansions, ranges: ranges, keyCandidates: keys,
                    place: place == nil ? segment.footer.documentCount : found[found.count - 1]))
        }
        for term in liveFrequencies.indices where liveFrequencies[term] < 0 {
            throw EngineError(.mismatch, "corrections of a term exceed its documents by \(-liveFrequencies[term])")
        }
    }

    /// For each date range where it starts and where it ends; then the place of the cursor.
    private static func places(of plan: QueryPlan, and place: OrderKey?) -> [OrderKey] {
        let least = ArticleKey(high: 0, low: 0)
        func before(_ time: Timestamp) -> OrderKey {
            OrderKey(time: Timestamp(milliseconds: time.milliseconds - 1), key: least)
        }
        var places: [OrderKey] = []
        for range in plan.ranges {
            places.append(range.to.map(before) ?? OrderKey(time: Timestamp(milliseconds: .max), key: least))
            places.append(range.from.map(before) ?? OrderKey(time: nil, key: least))
        }
        return places + [place ?? OrderKey(time: nil, key: least)]
    }

    private static func wants(
        _ plan: QueryPlan, _ places: [OrderKey], in segment: SegmentReader, _ round: inout ReadRound
    ) -> Wants {
        var wants = Wants()
        for (number, term) in plan.terms.enumerated() {
            if let block = segment.dictionaryIndex.block(of: term), wants.termBlocks[block] == nil {
                wants.termBlocks[block] = round.add(segment, .dictionary, segment.dictionaryIndex.blockRange(block))
            }
            if plan.isScoredTerm[number], let block = segment.correctionIndex.block(of: term),
                wants.correctionBlocks[block] == nil
            {
                wants.correctionBlocks[block] = round.add(
                    segment, .corrections, segment.correctionIndex.blockRange(block))
            }
        }
        for expansion in plan.expansions {
            guard let blocks = segment.blocks(of: expansion) else {
                wants.expansions.append(nil)
                continue
            }
            let bytes =
                segment.dictionaryIndex.blockRange(blocks.lowerBound)
                .lowerBound..<segment.dictionaryIndex.blockRange(blocks.upperBound).upperBound
            wants.expansions.append((round.add(segment, .dictionary, bytes), blocks))
        }
        for place in places {
            guard let documents = segment.orderBlock(of: place) else {
                wants.places.append(nil)
                continue
            }
            let width = SegmentFormat.documentRowBytes
            let slice = round.add(
                segment, .times, UInt64(documents.lowerBound * 8)..<UInt64(documents.upperBound * 8))
            round.add(
                segment, .documents, UInt64(documents.lowerBound * width)..<UInt64(documents.upperBound * width))
            wants.places.append((place, documents, slice))
        }
        for key in plan.keys {
            wants.keys.append(segment.keyRunRange(of: key).map { round.add(segment, .keyRun, $0) })
        }
        return wants
    }
}

extension SegmentReader {
    /// Entries of terms from the blocks read.
    ///
    /// - Parameter blocks: index of the slice for each block.
    fileprivate func entries(
        of terms: [[UInt8]], _ blocks: [Int: Int], _ slices: inout [SectionSlice]
    ) throws(EngineError) -> [TermEntry?] {
        let scanner = DictionaryBlockScanner()
        var entries: [TermEntry?] = []
        for term in terms {
            guard let block = dictionaryIndex.block(of: term), let slice = blocks[block] else {
                entries.append(nil)
                continue
            }
            let bytes = unsafe try slices[slice].checked()
            unsafe load(bytes, block: block, into: scanner)
            entries.append(
                try decoding(.dictionary, at: slices[slice].range.lowerBound) { () throws(RawError) -> TermEntry? in
                    while try scanner.next() {
                        let order = unsafe term.withUnsafeBufferPointer { unsafe scanner.key.compare($0) }
                        if order >= 0 { return order == 0 ? scanner.entry : nil }
                    }
                    return nil
                })
        }
        return entries
    }

    /// For each scored term how many losers of this segment's kills have it.
    fileprivate func corrections(
        of terms: [[UInt8]], _ isScored: [Bool], _ blocks: [Int: Int], _ slices: inout [SectionSlice]
    ) throws(EngineError) -> [Int] {
        var counts = [Int](repeating: 0, count: terms.count)
        guard !blocks.isEmpty else { return counts }
        let scanner = CorrectionBlockScanner()
        for (number, term) in terms.enumerated() where isScored[number] {
            guard let block = correctionIndex.block(of: term), let slice = blocks[block] else { continue }
            let bytes = unsafe try slices[slice].checked()
            unsafe load(bytes, block: block, into: scanner)
            counts[number] = try decoding(.corrections, at: slices[slice].range.lowerBound) {
                () throws(RawError) -> Int in
                while try scanner.next() {
                    let order = unsafe term.withUnsafeBufferPointer { unsafe scanner.key.compare($0) }
                    if order >= 0 { return order == 0 ? scanner.ordinals.count : 0 }
                }
                return 0
            }
        }
        return counts
    }

    /// Blocks of the dictionary that can hold terms of an expansion.
    fileprivate func blocks(of expansion: QueryPlan.Expansion) -> ClosedRange<Int>? {
        guard dictionaryIndex.blockCount > 0 else { return nil }
        let prefix = expansion.field.key(expansion.pattern.literalPrefix)
        // The least key that is above all with the prefix; field bytes are small, so there is one.
        var after = prefix
        while let last = after.last, last == .max { after.removeLast() }
        after[after.count - 1] += 1
        guard let end = dictionaryIndex.block(of: after) else { return nil }
        return (dictionaryIndex.block(of: prefix) ?? 0)...end
    }

    /// Entries of all terms that an expansion stands for.
    fileprivate func entries(
        of expansion: QueryPlan.Expansion, _ blocks: ClosedRange<Int>, _ slice: inout SectionSlice,
        distinct: inout Set<[UInt8]>
    ) throws -> [TermEntry] {
        let scanner = DictionaryBlockScanner()
        let bytes = unsafe try slice.checked()
        let start = slice.range.lowerBound
        var entries: [TermEntry] = []
        for block in blocks {
            let range = dictionaryIndex.blockRange(block)
            let part = Int(range.lowerBound - start)..<Int(range.upperBound - start)
            unsafe load(UnsafeRawBufferPointer(rebasing: bytes[part]), block: block, into: scanner)
            while try decoding(.dictionary, at: range.lowerBound, { () throws(RawError) in try scanner.next() }) {
                let key = unsafe scanner.key.bytes
                guard unsafe key[0] == expansion.field.rawValue, unsafe expansion.pattern.matches(key.dropFirst())
                else { continue }
                entries.append(scanner.entry)
                unsafe distinct.insert(Array(key))
                guard distinct.count <= QueryLookup.expansionCount else {
                    throw QueryError(
                        .limit, "\(expansion.pattern) stands for more than \(QueryLookup.expansionCount) words",
                        expected: "more letters before or after the star", offset: expansion.offset)
                }
            }
        }
        return entries
    }
}
