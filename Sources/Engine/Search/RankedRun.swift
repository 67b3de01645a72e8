import News

// The best hits of a snapshot that lies where it can be read, one segment after the other: what most searches want. A search of
// a rare word takes no longer than making a few objects does, so nothing is made here for a segment but what walks its lists.

/// A search by a `RankedShape` that reads in rounds nothing but the texts of its hits, if they are wanted.
struct RankedRun {
    private let prepared: PreparedSearch
    private let shape: RankedShape
    private let scratch: SearchScratch
    private let languageCount: Int
    private let termCount: Int

    /// - Parameter prepared: ready to be answered so (`PreparedSearch.rankedInPlace`).
    init(_ prepared: PreparedSearch, _ shape: RankedShape, scratch: SearchScratch) {
        self.prepared = prepared
        self.shape = shape
        self.scratch = scratch
        languageCount = prepared.plan.languages.count
        termCount = prepared.plan.terms.count
    }

    func answer() throws -> SearchResults {
        let snapshot = prepared.snapshot
        let request = (sort: prepared.request.sort, limitCount: prepared.request.limitCount)
        let entryCount = languageCount * termCount
        // For each segment, for each language, each term of the plan; then for each term its live documents.
        let entries = unsafe scratch.entries(entryCount * snapshot.segments.count)
        let live = unsafe scratch.liveCounts(termCount)
        try unsafe lookUp(entries, live)
        let weights = shape.leaves.indices.map { unsafe weight($0, live) }

        var best = BestSoFar(sort: request.sort, wantedCount: request.limitCount, hasPlaces: true)
        // One more than is wanted: it tells whether there is a next page.
        var top = TopHits(sort: request.sort, limitCount: request.limitCount + 1, after: nil)
        var matchCount = 0
        var acceptedCount = 0
        var isCounted = true
        for index in snapshot.segments.indices {
            let segment = snapshot.segments[index]
            let first = unsafe entries + index * entryCount
            func entry(_ term: Int, _ language: Int) -> TermEntry? { unsafe first[language * termCount + term] }
            guard (0..<languageCount).contains(where: { language in shape.canMatch { entry($0, language) != nil } }),
                let lengths = try segment.mappedBytes(.lengths, 0..<UInt64(segment.documentCount))
            else { continue }
            let end = try best.end(in: segment)
            let place = RankedSearch.Place(
                dead: snapshot.dead[index], documentCount: segment.footer.documentCount, lengths: lengths,
                range: try documents(of: segment).clamped(to: 0..<end))
            top.begin(floor: best.floor)
            let found = try scratch.withSlots {
                try RankedSearch.run(
                    shape, weights: weights, table: prepared.table, scratch: scratch, languageCount: languageCount,
                    top: &top
                ) {
                    place
                } hasEntry: { term, language in
                    entry(term, language) != nil
                } cursor: { term, language in
                    try entry(term, language).map { try cursor(term, $0, of: segment) }
                }
            }
            matchCount += found.matchCount
            isCounted = isCounted && !found.hasSkipped && end == segment.footer.documentCount
            acceptedCount += top.acceptedCount
            try best.add(top, of: segment, index)
        }
        let hits = best.hits
        let known = prepared.knownTerm.map { unsafe live[$0] }
        let source = prepared.request.readsRecords ? MeteredSource(snapshot.source) : nil
        return SearchResults(
            total: known ?? matchCount, isExact: known != nil || isCounted, hits: hits,
            records: try source.map { try prepared.records(of: hits, source: $0) } ?? [],
            more: !hits.isEmpty && acceptedCount > hits.count ? prepared.more(behind: hits[hits.count - 1]) : nil,
            facets: [:], histogram: [], undatedCount: 0,
            work: source?.work(windowCount: 0) ?? SearchResults.Work())
    }

    private func lookUp(_ entries: UnsafeMutablePointer<TermEntry?>, _ live: UnsafeMutablePointer<Int>) throws {
        var first = unsafe entries
        for segment in prepared.snapshot.segments {
            // In bounds: there is room for each of the plan's terms in each of its languages.
            try QueryLookup.forEachEntry(of: prepared, in: segment) { language, term, entry in
                unsafe first[language * termCount + term] = entry
                unsafe live[term] += Int(entry.documentFrequency)
            }
            unsafe first += languageCount * termCount
        }
        try QueryLookup.forEachCorrection(of: prepared) { term, count in unsafe live[term] -= count }
        for term in 0..<termCount { try unsafe QueryLookup.require(live[term]) }
    }

    private func weight(_ leaf: Int, _ live: UnsafeMutablePointer<Int>) -> UInt64 {
        let relevance = prepared.table.relevance
        func inverseFrequency(_ term: Int) -> UInt64 {
            unsafe relevance.inverseFrequency(articles: UInt64(live[term]))
        }
        let inverse =
            switch prepared.plan.leaves[shape.leaves[leaf]] {
            case .term(let term): inverseFrequency(term)
            case .phrase(let terms, _): terms.reduce(0) { $0 + inverseFrequency($1) }
            case .places, .expansion, .bag: preconditionFailure("a shape has words and phrases")
            }
        return Relevance.weight(inverseFrequency: inverse, boost: shape.boosts[leaf])
    }

    /// What date ranges leave.
    private func documents(of segment: SegmentReader) throws -> Range<UInt32> {
        var range = 0..<segment.footer.documentCount
        for case .dates(let index) in shape.filters {
            range = range.clamped(to: try QueryLookup.documents(in: prepared.plan.ranges[index], of: segment))
        }
        return range
    }

    private func cursor(_ term: Int, _ entry: TermEntry, of segment: SegmentReader) throws(EngineError) -> TermCursor {
        let needsPositions = prepared.plan.needsPositions[term]
        return try unsafe TermCursor(
            entry, of: segment, postings: segment.mappedBytes(.postings, entry.postings),
            positions: needsPositions ? segment.mappedBytes(.positions, entry.positions) : nil, memory: scratch.slot())
    }
}
