import News

// The best hits of a snapshot that lies where it can be read, one segment after the other: what most searches want. A search of
// a rare word takes no longer than making a few objects does, so nothing is made here for a segment but what walks its lists.

extension PreparedSearch {
    /// What date ranges leave of a segment.
    func documents(of segment: SegmentReader, within filters: [QueryPlan.Node]) throws -> Range<UInt32> {
        var range = 0..<segment.footer.documentCount
        for case .dates(let index) in filters {
            range = range.clamped(to: try QueryLookup.documents(in: plan.ranges[index], of: segment))
        }
        return range
    }

    /// A cursor over the list of a term in a mapped segment.
    func cursor(
        _ term: Int, _ entry: TermEntry, of segment: SegmentReader, _ scratch: SearchScratch
    ) throws(EngineError) -> TermCursor {
        try unsafe TermCursor(
            entry, of: segment, postings: segment.mappedBytes(.postings, entry.postings),
            positions: plan.needsPositions[term] ? segment.mappedBytes(.positions, entry.positions) : nil,
            memory: scratch.slot())
    }
}

/// A search by a `RankedShape` that reads in rounds nothing but the texts of its hits, if they are wanted.
struct RankedRun {
    private let prepared: PreparedSearch
    private let shape: RankedShape
    private let terms: TermsInPlace
    private let scratch: SearchScratch

    /// - Parameter prepared: ready to be answered so (`PreparedSearch.shapeInPlace`).
    init(_ prepared: PreparedSearch, _ shape: RankedShape, _ terms: TermsInPlace, scratch: SearchScratch) {
        self.prepared = prepared
        self.shape = shape
        self.terms = terms
        self.scratch = scratch
    }

    func answer(_ record: PreparedSearch.RecordBody?) throws -> SearchResults {
        let snapshot = prepared.snapshot
        let dead = try snapshot.dead
        let request = (sort: prepared.request.sort, limitCount: prepared.request.limitCount)
        let weights = shape.leaves.indices.map { weight($0) }
        var best = BestSoFar(sort: request.sort, wantedCount: request.limitCount, hasPlaces: true)
        // One more than is wanted: it tells whether there is a next page.
        var top = TopHits(sort: request.sort, limitCount: request.limitCount + 1, after: nil)
        var matchCount = 0
        var acceptedCount = 0
        var isCounted = true
        let lead = request.sort == .score ? lead(weights) : 0
        for place in snapshot.segments.indices {
            // The newest first; else the lead, then the others as they are.
            let index =
                request.sort == .newest
                ? snapshot.newestFirst[place] : place == 0 ? lead : place <= lead ? place - 1 : place
            let segment = snapshot.segments[index]
            try terms.enter(index)
            guard terms.canMatch(shape, in: index),
                let lengths = try segment.mappedBytes(.lengths, 0..<UInt64(segment.documentCount))
            else { continue }
            let end = try best.end(in: segment)
            guard end > 0 else {
                isCounted = false
                continue
            }
            let place = RankedSearch.Place(
                dead: dead[index], documentCount: segment.footer.documentCount, lengths: lengths,
                range: try prepared.documents(of: segment, within: shape.filters).clamped(to: 0..<end))
            top.begin(floor: best.floor)
            let found = try scratch.withSlots {
                try RankedSearch.run(
                    shape, weights: weights, table: prepared.table, scratch: scratch,
                    languageCount: terms.languageCount, top: &top
                ) {
                    place
                } hasEntry: { term, language in
                    terms.entry(index, language, term) != nil
                } cursor: { term, language in
                    try terms.entry(index, language, term).map { try prepared.cursor(term, $0, of: segment, scratch) }
                }
            }
            matchCount += found.matchCount
            isCounted = isCounted && !found.hasSkipped && end == segment.footer.documentCount
            acceptedCount += top.acceptedCount
            try best.add(top, of: segment, index)
        }
        let hits = best.hits
        let known = prepared.knownTerm.map { terms.liveFrequency($0) }
        var work = SearchResults.Work()
        if let record {
            let source = MeteredSource(snapshot.source)
            try prepared.forEachRecord(of: hits, source: source, record)
            work = source.work(windowCount: 0)
        }
        return SearchResults(
            total: known ?? matchCount, isExact: known != nil || isCounted, hits: hits,
            more: !hits.isEmpty && acceptedCount > hits.count ? prepared.more(behind: hits[hits.count - 1]) : nil,
            work: work)
    }

    /// The segment where the best hits are likely to be.
    private func lead(_ weights: [UInt64]) -> Int {
        guard shape.kind == .any, terms.holdsAll else { return 0 }
        var lead = 0
        var most: UInt64 = 0
        for index in prepared.snapshot.segments.indices {
            for language in 0..<terms.languageCount {
                let promise = shape.promise(weights) { terms.entry(index, language, $0) != nil }
                if promise > most { (lead, most) = (index, promise) }
            }
        }
        return lead
    }

    private func weight(_ leaf: Int) -> UInt64 {
        let relevance = prepared.table.relevance
        let inverse = prepared.plan.leaves[shape.leaves[leaf]].sum { word in
            guard case .term(let term) = word else { preconditionFailure("a shape has words and phrases of them") }
            return relevance.inverseFrequency(articles: UInt64(terms.liveFrequency(term)))
        }
        return Relevance.weight(inverseFrequency: inverse, boost: shape.boosts[leaf])
    }
}
