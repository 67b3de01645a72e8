import ByteCoding
import News
import Storage

/// A search by the whole way: three rounds of reading, of dictionaries, of postings, of rows and records of the hits, or none where
/// all lies in place. Any question can be answered so; `RankedRun` and `CountRun` are shorter ways for some.
struct SearchRun {
    let prepared: PreparedSearch
    let scratch: SearchScratch
    let source: MeteredSource

    var request: SearchRequest { _read { yield prepared.request } }
    var snapshot: SnapshotReader { prepared.snapshot }
    var plan: QueryPlan { _read { yield prepared.plan } }
    var after: SearchCursor? { prepared.after }
    var isInPlace: Bool { prepared.isInPlace }

    init(_ prepared: PreparedSearch, scratch: SearchScratch) {
        self.prepared = prepared
        self.scratch = scratch
        source = MeteredSource(prepared.snapshot.source)
    }

    func answer(_ record: PreparedSearch.RecordBody?) throws -> SearchResults {
        let lookup =
            isInPlace
            ? try QueryLookup(inPlace: prepared)
            : try QueryLookup(prepared, place: resumePlace, source: source, stop: scratch.stop)
        let context = SearchContext(prepared, lookup, scratch)
        let searches = isInPlace ? try searchesInPlace(context) : try searches(context)
        let expansionCounts = plan.expansions.indices.map { number in
            searches.reduce(0) { $0 + $1.expansionCounts[number] }
        }
        let weighted = weights(lookup.liveFrequencies, expansionCounts)
        // Where dictionaries tell.
        let known = prepared.knownTerm.map { lookup.liveFrequencies[$0] }
        let evaluatesAll =
            request.countExact && known == nil || !request.facets.isEmpty || request.histogram != nil
        var best = BestSoFar(sort: request.sort, wantedCount: request.limitCount, hasPlaces: isInPlace)
        if let shape = prepared.shape {
            try rank(shape, weighted, searches, &best)
            // Of all documents no more is wanted than their number.
            if evaluatesAll {
                let wants = SegmentSearch.Wants(hits: false, weighted: [], mayStop: false)
                for search in searches {
                    try search.run(wants, to: search.segment.footer.documentCount)
                }
            }
        } else if request.limitCount > 0 || evaluatesAll {
            let wants = SegmentSearch.Wants(
                hits: request.limitCount > 0,
                weighted: request.limitCount > 0 ? weighted : [],
                mayStop: !evaluatesAll)
            try evaluate(wants, searches, &best)
        }
        var hits = best.hits
        if !isInPlace {
            hits = try self.hits(of: searches, record)
        } else if let record {
            try prepared.forEachRecord(of: hits, source: source, record)
        }
        let hasMore = !hits.isEmpty && searches.reduce(0, { $0 + $1.top.acceptedCount }) > hits.count
        let (histogram, undatedCount) = histogram(searches)
        return SearchResults(
            total: known ?? searches.reduce(0) { $0 + $1.matchCount },
            isExact: known != nil
                || (evaluatesAll || request.limitCount > 0) && searches.allSatisfy(\.isCounted),
            hits: hits, more: hasMore ? prepared.more(behind: hits[hits.count - 1]) : nil,
            facets: facets(searches), histogram: histogram, undatedCount: undatedCount,
            work: source.work(windowCount: searches.reduce(0) { $0 + $1.windowCount }))
    }

    private func facets(_ searches: [SegmentSearch]) -> [SearchRequest.Facet: SearchResults.FacetCounts] {
        var facets: [SearchRequest.Facet: SearchResults.FacetCounts] = [:]
        for (number, facet) in request.facets.enumerated() {
            var sums: [[UInt8]: Int] = [:]
            for search in searches { search.facets[number].merge(into: &sums) }
            facets[facet] = FacetCounter.counts(sums, limitCount: request.facetLimitCount)
        }
        return facets
    }

    private func histogram(_ searches: [SegmentSearch]) -> (buckets: [SearchResults.Bucket], undatedCount: Int) {
        guard request.histogram != nil else { return ([], 0) }
        var counts: [Int64: Int] = [:]
        var undatedCount = 0
        for search in searches {
            counts.merge(search.histogram?.counts ?? [:], uniquingKeysWith: +)
            undatedCount += search.histogram?.undatedCount ?? 0
        }
        let buckets = counts.sorted { $0.key < $1.key }
            .map { SearchResults.Bucket(start: Timestamp(milliseconds: $0.key), count: $0.value) }
        return (buckets, undatedCount)
    }

    /// Ranks segment after segment: what the best so far are those of the next must reach.
    private func rank(
        _ shape: RankedShape, _ weighted: [SegmentSearch.LeafWeight], _ searches: [SegmentSearch],
        _ best: inout BestSoFar
    ) throws {
        var byLeaf = [UInt64](repeating: 0, count: plan.leaves.count)
        for item in weighted { byLeaf[item.leaf] = item.weight }
        let weights = shape.leaves.map { byLeaf[$0] }
        for search in inOrder(searches) {
            try search.rank(shape, weights: weights, floor: best.floor, to: best.end(in: search.segment))
            try best.add(search.top, of: search.segment, search.index)
        }
    }

    /// Evaluates segment after segment. Of those that are read in place only what is newer than the last of the hits so far is
    /// looked at, if no more is wanted.
    private func evaluate(
        _ wants: SegmentSearch.Wants, _ searches: [SegmentSearch], _ best: inout BestSoFar
    ) throws {
        for search in inOrder(searches) {
            let end = wants.mayStop ? try best.end(in: search.segment) : search.segment.footer.documentCount
            try search.run(wants, to: end)
            try best.add(search.top, of: search.segment, search.index)
        }
    }

    /// Those of segments with newer documents first, where these are wanted.
    private func inOrder(_ searches: [SegmentSearch]) -> [SegmentSearch] {
        guard request.sort == .newest, searches.count > 1 else { return searches }
        var bySegment = [SegmentSearch?](repeating: nil, count: snapshot.segments.count)
        for search in searches { bySegment[search.index] = search }
        return snapshot.newestFirst.compactMap { bySegment[$0] }
    }

    /// The first place behind the cursor's hit; for `oldest` the place of the hit itself, which ends what is before it.
    private var resumePlace: OrderKey? {
        guard let after else { return nil }
        guard request.sort != .oldest else { return after.place }
        let key = after.place.key
        if key.low < .max { return OrderKey(time: after.place.time, key: ArticleKey(high: key.high, low: key.low + 1)) }
        if key.high < .max { return OrderKey(time: after.place.time, key: ArticleKey(high: key.high + 1, low: 0)) }
        guard let time = after.place.time, time.milliseconds > .min + 1 else { return nil }
        return OrderKey(time: Timestamp(milliseconds: time.milliseconds - 1), key: ArticleKey(high: 0, low: 0))
    }

    // MARK: The second round

    /// Whether a segment has anything that can score.
    private func isScoring(in found: QueryLookup.Segment) -> Bool {
        !plan.scored.isEmpty
            && (!(found.terms?.isEmpty ?? false) || found.expansions.contains { !$0.isEmpty })
    }

    /// Of segments where nothing can match, none.
    private func searchesInPlace(_ context: SearchContext) throws -> [SegmentSearch] {
        var searches: [SegmentSearch] = []
        searches.reserveCapacity(snapshot.segments.count)
        for index in snapshot.segments.indices {
            guard context.lookup.segments[index].canMatch else { continue }
            searches.append(try SegmentSearch(context, index, material: nil, top: top(place: 0)))
        }
        return searches
    }

    private func top(place: UInt32) -> TopHits {
        // One more than is wanted, where others are passed over: it tells whether there is a next page.
        TopHits(
            sort: request.sort,
            limitCount: request.limitCount + (prepared.shape != nil || request.sort == .newest ? 1 : 0),
            after: after.map { ($0.score, place) })
    }

    func searches(_ context: SearchContext) throws -> [SegmentSearch] {
        let lookup = context.lookup
        var round = ReadRound()
        let firsts = snapshot.segments.indices.map { index in
            addMaterial(of: snapshot.segments[index], lookup.segments[index], to: &round)
        }
        try QueryLookup.requireFew(round)
        let slices = try round.run(source)
        return try snapshot.segments.enumerated().map { index, segment in
            let found = lookup.segments[index]
            let material = try material(of: segment, found, lookup.dead[index], slices, from: firsts[index])
            return try SegmentSearch(context, index, material: material, top: top(place: found.place))
        }
    }

    /// - Returns: index of the segment's first slice.
    private func addMaterial(
        of segment: SegmentReader, _ found: QueryLookup.Segment, to round: inout ReadRound
    ) -> Int {
        var first: Int?
        func add(_ section: SectionKind, _ range: Range<UInt64>) {
            let index = round.add(segment, section, range)
            if first == nil { first = index }
        }
        add(.lengths, 0..<(isScoring(in: found) ? segment.footer.section(.lengths).length : 0))
        add(.times, 0..<(request.histogram != nil ? segment.footer.section(.times).length : 0))
        for facet in request.facets { add(facet.column.kind, 0..<segment.footer.section(facet.column.kind).length) }
        if let terms = found.terms, !segment.isMapped {
            for (index, entry) in terms.entries.enumerated() {
                add(.postings, entry.postings)
                let positions = entry.positions
                let isNeeded = plan.needsPositions[terms.term(index)]
                add(.positions, isNeeded ? positions : positions.lowerBound..<positions.lowerBound)
            }
        }
        for (number, entries) in found.expansions.enumerated() where !segment.isMapped {
            for entry in entries {
                add(.postings, entry.postings)
                let positions = entry.positions
                let isNeeded = plan.expansions[number].needsPositions
                add(.positions, isNeeded ? positions : positions.lowerBound..<positions.lowerBound)
            }
        }
        for candidates in found.keyCandidates {
            for ordinal in candidates {
                let width = UInt64(SegmentFormat.documentRowBytes)
                add(.documents, UInt64(ordinal) * width..<UInt64(ordinal + 1) * width)
            }
        }
        return first!
    }

    /// Takes a segment's slices in the order they were asked for.
    private func material(
        of segment: SegmentReader, _ found: QueryLookup.Segment, _ dead: DocumentSet, _ slices: [SectionSlice],
        from first: Int
    ) throws -> SegmentSearch.Material {
        var next = first
        func take() -> SectionSlice {
            defer { next += 1 }
            return slices[next]
        }
        let lengths = take()
        let times = take()
        let facets = try request.facets.map { try FacetCounter($0, of: segment, column: take()) }
        let postings = segment.isMapped ? nil : found.terms?.entries.map { _ in (take(), take()) }
        let expansions = segment.isMapped ? nil : found.expansions.map { $0.map { _ in (take(), take()) } }
        var keyed: [[UInt32]] = []
        for (number, candidates) in found.keyCandidates.enumerated() {
            var live: [UInt32] = []
            for ordinal in candidates {
                let slice = take()
                let key = try slice.identity(0).key
                if key == plan.keys[number], !dead.contains(ordinal) { live.append(ordinal) }
            }
            keyed.append(live.sorted())
        }
        return SegmentSearch.Material(
            postings: postings, expansions: expansions, keyed: keyed, lengths: isScoring(in: found) ? lengths : nil,
            facets: facets,
            histogram: request.histogram.map {
                HistogramCounter(interval: $0, zoneOffsetMinutes: request.zoneOffsetMinutes, times: times)
            })
    }

    // MARK: Scores

    /// For each place in the query that scores.
    func weights(
        _ liveFrequencies: [Int], _ expansionCounts: [Int]
    ) -> [SegmentSearch.LeafWeight] {
        let relevance = prepared.table.relevance
        func inverseFrequency(_ word: QueryPlan.PlaceWord) -> UInt64 {
            switch word {
            case .term(let term): relevance.inverseFrequency(articles: UInt64(liveFrequencies[term]))
            case .expansion(let number): relevance.inverseFrequency(articles: UInt64(expansionCounts[number]))
            }
        }
        return plan.scored.map { scored in
            var words: [UInt64?] = []
            let inverse = plan.leaves[scored.leaf].sum(inverseFrequency)
            if case .bag(let bag) = plan.leaves[scored.leaf] {
                words = bag.map { word in
                    word.boost.map {
                        Relevance.weight(inverseFrequency: inverseFrequency(.term(word.term)), boost: $0)
                    }
                }
            }
            return SegmentSearch.LeafWeight(
                leaf: scored.leaf, weight: Relevance.weight(inverseFrequency: inverse, boost: scored.boost),
                words: words, inverseFrequency: inverse)
        }
    }

    // MARK: The third round

    /// Texts of candidates that are read before it is known which are hits, if there are more than twice as many as are wanted:
    /// what comes from an object store in the time of a round.
    private static let readAheadBytes: UInt64 = 1 << 20

    private struct Candidate {
        var entry: TopHits.Entry
        var segment: Int
    }

    /// The best hits of all segments, read in rounds; with their records if they are wanted.
    private func hits(
        of searches: [SegmentSearch], _ record: PreparedSearch.RecordBody?
    ) throws -> [SearchResults.Hit] {
        var candidates: [Candidate] = []
        for search in searches {
            candidates += search.top.sorted.map { Candidate(entry: $0, segment: search.index) }
        }
        if candidates.count > request.limitCount { drop(&candidates) }
        var round = ReadRound()
        for candidate in candidates {
            let ordinal = UInt64(candidate.entry.ordinal)
            let segment = snapshot.segments[candidate.segment]
            round.add(
                segment, .documents,
                ordinal * UInt64(SegmentFormat.documentRowBytes)..<(ordinal + 1)
                    * UInt64(SegmentFormat.documentRowBytes))
            round.add(segment, .times, ordinal * 8..<(ordinal + 1) * 8)
        }
        let isReadAhead = record != nil && isCheapToReadAhead(candidates)
        for candidate in candidates where isReadAhead {
            round.add(snapshot.segments[candidate.segment], .articles, articleRange(of: candidate))
        }
        var dictionaries = ArticleDictionaries()
        for candidate in candidates where isReadAhead {
            dictionaries.add(snapshot.segments[candidate.segment], to: &round)
        }
        let slices = candidates.isEmpty ? [] : try round.run(source)
        var found: [(hit: SearchResults.Hit, candidate: Int)] = []
        for (index, candidate) in candidates.enumerated() {
            let key = try slices[2 * index].identity(0).key
            let bits = try slices[2 * index + 1].values(UInt64.self)[0]
            let hit = SearchResults.Hit(
                key: key, score: candidate.entry.score, orderTime: Timestamp(sortable: ~bits),
                segment: candidate.segment, ordinal: candidate.entry.ordinal)
            found.append((hit, index))
        }
        found.sort { isBefore($0.hit, $1.hit) }
        found.removeLast(max(found.count - request.limitCount, 0))
        let hits = found.map(\.hit)
        guard let record else { return hits }
        guard isReadAhead else {
            try prepared.forEachRecord(of: hits, source: source, record)
            return hits
        }
        try dictionaries.take(slices)
        let decompressor = ZstdDecompressor()
        for (hit, candidate) in found {
            let segment = snapshot.segments[hit.segment]
            try record(
                hit,
                segment.record(
                    hit.ordinal, from: slices[2 * candidates.count + candidate], decompressor, dictionaries[segment]))
        }
        return hits
    }

    /// Whether it costs less to read the texts of candidates that will not be hits after all than to wait once more.
    private func isCheapToReadAhead(_ candidates: [Candidate]) -> Bool {
        if candidates.count <= 2 * request.limitCount { return true }
        // Neighbours lie together, in cells many in one block.
        let ranges = candidates.map { (segment: $0.segment, range: articleRange(of: $0)) }
            .sorted { ($0.segment, $0.range.lowerBound) < ($1.segment, $1.range.lowerBound) }
        var bytes: UInt64 = 0
        for (index, (segment, range)) in ranges.enumerated() {
            if index > 0, ranges[index - 1] == (segment, range) { continue }
            bytes += UInt64(range.count)
        }
        return bytes <= Self.readAheadBytes
    }

    private func articleRange(of candidate: Candidate) -> Range<UInt64> {
        snapshot.segments[candidate.segment].articleRange(of: candidate.entry.ordinal)
    }

    private func isBefore(_ left: SearchResults.Hit, _ right: SearchResults.Hit) -> Bool {
        switch request.sort {
        case .score: left.score != right.score ? left.score > right.score : left.orderKey < right.orderKey
        case .newest: left.orderKey < right.orderKey
        case .oldest: right.orderKey < left.orderKey
        }
    }

    /// Drops candidates that are surely not among the best, so that fewer rows are read.
    private func drop(_ candidates: inout [Candidate]) {
        guard request.limitCount > 0 else { return candidates.removeAll() }
        switch request.sort {
        case .score:
            let scores = candidates.map(\.entry.score).sorted(by: >)
            let least = scores[request.limitCount - 1]
            candidates.removeAll { $0.entry.score < least }
        case .newest, .oldest:
            // The sparse order index says between which places a document stands.
            let isNewest = request.sort == .newest
            let bounds = candidates.map { candidate in
                snapshot.segments[candidate.segment].placeBounds(of: candidate.entry.ordinal)
            }
            let far = bounds.map { isNewest ? $0.upperBound : $0.lowerBound }
                .sorted { isNewest ? $0 < $1 : $1 < $0 }[request.limitCount - 1]
            let kept = candidates.indices.filter {
                isNewest ? bounds[$0].lowerBound <= far : far <= bounds[$0].upperBound
            }
            candidates = kept.map { candidates[$0] }
        }
    }
}

extension SegmentReader {
    /// Places between which a document stands, from the sparse order index.
    fileprivate func placeBounds(of ordinal: UInt32) -> ClosedRange<OrderKey> {
        let index = Int(ordinal) / SegmentFormat.documentsPerIndexEntry
        let lower = documentIndex[index]
        let upper = index + 1 < documentIndex.count ? documentIndex[index + 1] : footer.span?.last ?? lower
        return lower...max(lower, upper)
    }
}
