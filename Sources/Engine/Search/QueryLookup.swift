import News

// The first round of a search: what all segments' dictionaries, orders and key runs say of a plan, by one read.

/// Where everything that a plan names lies in each segment.
struct QueryLookup {
    /// What one segment says.
    struct Segment {
        /// The plan's terms, dead documents included; nil where those of all segments are too many to be held.
        var terms: FoundTerms?
        /// Whether it has what the plan's shape must have, if the plan has one.
        var canMatch = true
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
    /// For each segment its dead documents.
    let dead: [DocumentSet]
    /// For each term of the plan that is scored, live documents with it.
    private(set) var liveFrequencies: [Int]

    /// Entries of plain words of all segments that are held where they can be looked up again at once: 4 MB.
    static let heldEntryCount = 1 << 16
    /// Most terms that one word with stars may stand for in a snapshot.
    static let expansionCount = 65_536
    /// Entries of all words with stars of a query, of all segments: they are held. Likewise of all others where what was looked up far
    /// away must be.
    static let expandedEntryCount = 4 << 20
    /// Articles that all words with stars of a query may stand in together, each counted for each of its terms in a snapshot: they are
    /// gathered in memory.
    static let expandedCount = 64 << 20

    /// What of a round belongs to a segment: indices of slices.
    private struct Wants {
        /// For each expansion slices with blocks of the dictionary in each.
        var expansions: [[(slice: Int, blocks: [Int])]] = []
        /// First ordinals that are not before some places.
        var places: [(place: OrderKey, documents: Range<Int>, slice: Int)?] = []
        var keys: [Int?] = []
    }

    /// Looks up without rounds, in a snapshot that is mapped, for a plan without words with stars and without keys.
    init(inPlace prepared: PreparedSearch) throws {
        // Read where they are: a plan that is copied counts references to all its arrays.
        var plan: QueryPlan { _read { yield prepared.plan } }
        let snapshot = prepared.snapshot
        liveFrequencies = Array(repeating: 0, count: plan.terms.count)
        dead = try snapshot.dead
        segments.reserveCapacity(snapshot.segments.count)
        var heldCount = 0
        for segment in snapshot.segments {
            let terms = try Self.terms(of: prepared, in: segment)
            for (index, entry) in terms.entries.enumerated() {
                liveFrequencies[terms.term(index)] += Int(entry.documentFrequency)
            }
            let ranges = try plan.ranges.map { try Self.documents(in: $0, of: segment) }
            heldCount += terms.count
            segments.append(
                Segment(
                    terms: heldCount > Self.heldEntryCount ? nil : terms,
                    canMatch: prepared.shape.map { terms.canMatch($0) } ?? true, expansions: [], ranges: ranges,
                    keyCandidates: [], place: segment.footer.documentCount))
        }
        try Self.forEachCorrection(of: prepared) { term, count in liveFrequencies[term] -= count }
        try requireFrequencies()
    }

    /// What a mapped segment has of the plan's terms.
    static func terms(of prepared: PreparedSearch, in segment: SegmentReader) throws -> FoundTerms {
        var terms = FoundTerms(languageCount: prepared.plan.languages.count)
        try forEachEntry(of: prepared, in: segment) { language, term, entry in terms.add(term, language, entry) }
        return terms
    }

    /// Calls `body` with each of the plan's terms that a mapped segment has, in articles of each of its languages.
    @inline(__always)
    static func forEachEntry(
        of prepared: PreparedSearch, in segment: SegmentReader,
        _ body: (_ language: Int, _ term: Int, TermEntry) -> Void
    ) throws {
        let stems = segment.footer.stemLanguages
        func isThere(_ language: Int) -> Bool { prepared.plan.languages[language].map { stems.contains($0) } ?? true }
        for term in 0..<prepared.keys.termCount {
            // Looked up in no time if they are few.
            if term & 0xFF == 0xFF { try prepared.request.stop?.check() }
            try segment.forEachMappedEntry(of: prepared.keys, term, where: isThere) { language, entry in
                body(language, term, entry)
            }
        }
    }

    /// Calls `body` with terms of the plan and how many losers of a segment's kills have them.
    static func forEachCorrection(of prepared: PreparedSearch, _ body: (_ term: Int, _ count: Int) -> Void) throws {
        let snapshot = prepared.snapshot
        guard snapshot.segments.contains(where: { $0.footer.correctionTermCount > 0 }) else { return }
        var round = ReadRound()
        let keys = keys(of: prepared.plan) { _ in true }
        let losers = TermLookup(keys.map(\.key), in: snapshot.segments, \.correctionIndex, .corrections, &round)
        let slices = try round.run(snapshot.source)
        for segment in snapshot.segments.indices {
            try losers.forEachCorrection(slices, of: segment) { place, count in body(keys[place].term, count) }
        }
    }

    /// Documents of a mapped segment within a range of dates.
    static func documents(in range: DateRange, of segment: SegmentReader) throws -> Range<UInt32> {
        let places = places(of: range)
        let first = try segment.firstDocument(notBefore: places.first)
        let end = try segment.firstDocument(notBefore: places.end)
        return UInt32(first)..<UInt32(max(first, end))
    }

    /// What one round may bring: it is held.
    private static let roundBytes: UInt64 = 1 << 30

    static func requireFew(_ round: ReadRound) throws(QueryError) {
        guard round.fetchedBytes > roundBytes else { return }
        throw QueryError(
            .limit,
            "the question would read \(round.fetchedBytes >> 20) MiB of the store at once, at most \(roundBytes >> 20) MiB",
            expected: "fewer or less frequent words")
    }

    private func requireFrequencies() throws(EngineError) {
        for frequency in liveFrequencies { try Self.require(frequency) }
    }

    static func require(_ liveFrequency: Int) throws(EngineError) {
        guard liveFrequency < 0 else { return }
        throw EngineError(.mismatch, "corrections of a term exceed its documents by \(-liveFrequency)")
    }

    /// All keys of the plan's terms, of one term after the other.
    private static func keys(
        of plan: QueryPlan, _ isWanted: (_ term: Int) -> Bool
    ) -> [(key: [UInt8], term: Int, language: Int)] {
        plan.terms.indices.filter(isWanted).flatMap { term in
            plan.terms[term].enumerated().map { ($0.element, term, $0.offset) }
        }
    }

    /// - Parameters:
    ///   - place: of which the first ordinal not before it is wanted in each segment; nil for the end.
    ///   - expanded: told of each term that an expansion stands for in a segment.
    init(
        _ prepared: PreparedSearch, place: OrderKey?, source: any ByteSource, stop: SearchStop?,
        expanded: ((_ expansion: Int, _ word: [UInt8], TermEntry) -> Void)? = nil
    ) throws {
        var plan: QueryPlan { _read { yield prepared.plan } }
        let snapshot = prepared.snapshot
        var round = ReadRound()
        // Of mapped segments one after the other: blocks of dictionaries need not be held together.
        let keys = snapshot.isMapped ? [] : Self.keys(of: plan) { _ in true }
        let dictionary = TermLookup(keys.map(\.key), in: snapshot.segments, \.dictionaryIndex, .dictionary, &round)
        let scored = Self.keys(of: plan) { plan.isScoredTerm[$0] }
        let losers = TermLookup(scored.map(\.key), in: snapshot.segments, \.correctionIndex, .corrections, &round)
        var wants: [Wants] = []
        let places = Self.places(of: plan, and: place)
        for segment in snapshot.segments { wants.append(try Self.wants(plan, places, in: segment, &round, stop)) }
        let killed = snapshot.killed(&round)
        try Self.requireFew(round)
        let slices = try round.run(source)
        dead = try snapshot.dead(killed, slices)
        liveFrequencies = Array(repeating: 0, count: plan.terms.count)
        var words = plan.expansions.map { _ in ExpandedWords() }
        var (expandedCount, entryCount, foundCount) = (0, 0, 0)
        for (index, segment) in snapshot.segments.enumerated() {
            try stop?.check()
            let want = wants[index]
            var found = FoundTerms(languageCount: plan.languages.count)
            if snapshot.isMapped {
                found = try Self.terms(of: prepared, in: segment)
            } else {
                try dictionary.forEachEntry(slices, of: index) { place, entry in
                    found.add(keys[place].term, keys[place].language, entry)
                }
            }
            for (index, entry) in found.entries.enumerated() where plan.isScoredTerm[found.term(index)] {
                liveFrequencies[found.term(index)] += Int(entry.documentFrequency)
            }
            foundCount += found.count
            guard snapshot.isMapped || foundCount <= Self.expandedEntryCount else {
                throw QueryError(
                    .limit,
                    "the words stand for more than \(Self.expandedEntryCount) words of segments, taken together",
                    expected: "fewer words, or a compacted snapshot, which has fewer segments")
            }
            try losers.forEachCorrection(slices, of: index) { place, count in
                liveFrequencies[scored[place].term] -= count
            }
            var expansions: [[TermEntry]] = []
            for (number, expansion) in plan.expansions.enumerated() {
                try stop?.check()
                var entries: [TermEntry] = []
                for (slice, blocks) in want.expansions[number] {
                    try unsafe segment.forEachMatch(of: expansion, blocks, slices[slice]) { word, entry in
                        entries.append(entry)
                        if let expanded { unsafe expanded(number, Array(word), entry) }
                        // A word has at most one term for each language.
                        return entries.count <= Self.expansionCount * plan.languages.count
                    }
                }
                words[number].foundCount += entries.count
                if words[number].foundCount > Self.expansionCount {
                    try words[number].requireFew(of: expansion, in: snapshot.segments[...index]) { place in
                        wants[place].expansions[number].map { (slices[$0.slice], $0.blocks) }
                    }
                }
                entryCount += entries.count
                expandedCount += entries.reduce(0) { $0 + Int($1.documentFrequency) }
                guard expandedCount <= Self.expandedCount, entryCount <= Self.expandedEntryCount else {
                    throw QueryError(
                        .limit,
                        entryCount > Self.expandedEntryCount
                            ? "the words with stars or \"~\", and single ideographs, stand for more than \(Self.expandedEntryCount) words of segments, taken together"
                            : "the words with stars or \"~\", and single ideographs, stand in more than \(Self.expandedCount) articles, taken together",
                        expected: "more letters before or after the stars, or fewer such words",
                        offset: expansion.offset)
                }
                expansions.append(entries)
            }
            var firsts: [UInt32] = []
            for want in want.places {
                guard let want else {
                    firsts.append(0)
                    continue
                }
                let times = try slices[want.slice].values(UInt64.self)
                let rows = try slices[want.slice + 1].identities()
                let inside = want.documents.indices.first { document in
                    let key = rows[document - want.documents.lowerBound].key
                    return
                        !(OrderKey(time: Timestamp(sortable: ~times[document - want.documents.lowerBound]), key: key)
                        < want.place)
                }
                firsts.append(UInt32(inside ?? want.documents.upperBound))
            }
            var ranges: [Range<UInt32>] = []
            for number in plan.ranges.indices {
                ranges.append(firsts[2 * number]..<max(firsts[2 * number], firsts[2 * number + 1]))
            }
            let keyed = try plan.keys.enumerated().map { number, key in
                try want.keys[number].map { try segment.ordinals(withKeyHigh: key.high, in: slices[$0]) } ?? []
            }
            segments.append(
                Segment(
                    terms: snapshot.isMapped && foundCount > Self.heldEntryCount ? nil : found, expansions: expansions,
                    ranges: ranges, keyCandidates: keyed,
                    place: place == nil ? segment.footer.documentCount : firsts[firsts.count - 1]))
        }
        try requireFrequencies()
    }

    /// The words that an expansion stands for in a snapshot: told apart only when there may be too many.
    private struct ExpandedWords {
        /// Terms in the segments so far, the same word in several counted for each.
        var foundCount = 0
        private var distinct: Set<[UInt8]> = []
        private var segmentCount = 0

        /// - Parameters:
        ///   - segments: from the first on, more at each call.
        ///   - parts: slices of a segment's dictionary and the blocks that are in them.
        mutating func requireFew(
            of expansion: QueryPlan.Expansion, in segments: ArraySlice<SegmentReader>,
            _ parts: (Int) -> [(SectionSlice, [Int])]
        ) throws {
            while segmentCount < segments.endIndex {
                for (slice, blocks) in parts(segmentCount) {
                    try unsafe segments[segmentCount].forEachMatch(of: expansion, blocks, slice) { word, _ in
                        unsafe distinct.insert(Array(word))
                        return distinct.count <= QueryLookup.expansionCount
                    }
                }
                guard distinct.count <= QueryLookup.expansionCount else {
                    throw QueryError(
                        .limit, "\(expansion.pattern) stands for more than \(QueryLookup.expansionCount) words",
                        expected: expansion.pattern.isFuzzy
                            ? "a longer word, or ~1" : "more letters before or after the star",
                        offset: expansion.offset)
                }
                segmentCount += 1
            }
        }
    }

    /// Where a range starts, and where it ends.
    private static func places(of range: DateRange) -> (first: OrderKey, end: OrderKey) {
        let least = ArticleKey(high: 0, low: 0)
        func before(_ time: Timestamp) -> OrderKey {
            OrderKey(time: Timestamp(milliseconds: time.milliseconds - 1), key: least)
        }
        return (
            range.to.map(before) ?? OrderKey(time: Timestamp(milliseconds: .max), key: least),
            range.from.map(before) ?? OrderKey(time: nil, key: least)
        )
    }

    /// For each date range where it starts and where it ends; then the place of the cursor, if there is one.
    private static func places(of plan: QueryPlan, and place: OrderKey?) -> [OrderKey] {
        var places: [OrderKey] = []
        for range in plan.ranges {
            let ends = Self.places(of: range)
            places += [ends.first, ends.end]
        }
        if let place { places.append(place) }
        return places
    }

    private static func wants(
        _ plan: QueryPlan, _ places: [OrderKey], in segment: SegmentReader, _ round: inout ReadRound,
        _ stop: SearchStop?
    ) throws -> Wants {
        var wants = Wants()
        for expansion in plan.expansions {
            try stop?.check()
            let runs = segment.runs(of: segment.blocks(of: expansion))
            wants.expansions.append(
                runs.map { run in
                    let start = segment.dictionaryIndex.blockRange(run[0]).lowerBound
                    let end = segment.dictionaryIndex.blockRange(run[run.count - 1]).upperBound
                    return (round.add(segment, .dictionary, start..<end), run)
                })
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
