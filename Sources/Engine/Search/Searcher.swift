package import News

// From a request to the quickest way to its answer. The answer is a function of the live articles alone, not of the way or of how
// they are cut into segments (docs/query-language.md, "Answers").

/// Answers questions about one snapshot.
package struct Searcher: Sendable {
    package let snapshot: SnapshotReader
    /// Of the manifest that names the snapshot; part of cursors.
    package let generation: Generation

    package init(_ snapshot: SnapshotReader, generation: Generation = .none) {
        self.snapshot = snapshot
        self.generation = generation
    }

    /// A request made ready to be asked, once or again and again.
    ///
    /// - Throws: `QueryError` if the request cannot be answered.
    package func prepare(_ request: SearchRequest) throws -> PreparedSearch {
        try PreparedSearch(request, snapshot: snapshot, generation: generation)
    }

    /// - Parameter record: as `PreparedSearch.run` takes it.
    /// - Throws: `QueryError` if the request cannot be answered, `EngineError` if bytes are wrong, or what the source
    ///   throws.
    package func search(
        _ request: SearchRequest, record: PreparedSearch.RecordBody? = nil
    ) throws -> SearchResults {
        try prepare(request).run(record: record)
    }

    /// How a request is understood: the tree, then each word that scores with its live articles and weight.
    package func explain(_ request: SearchRequest) throws -> String { try prepare(request).explanation() }
}

/// A question to one snapshot.
package final class PreparedSearch: Sendable {
    let request: SearchRequest
    let snapshot: SnapshotReader
    private let generation: Generation
    let plan: QueryPlan
    /// Of the plan's terms.
    let keys: TermKeys
    let after: SearchCursor?
    let table: ScoreTable
    /// If the hits can be found without looking at all documents.
    let shape: RankedShape?
    /// Whether nothing needs to be read in rounds, since everything lies where it can be read in place.
    let isInPlace: Bool
    /// The term in whose live articles all matches are: of a single word.
    let knownTerm: Int?
    /// A shape of the plan by which all that is wanted is found and counted in place.
    private let shapeInPlace: RankedShape?

    init(_ request: SearchRequest, snapshot: SnapshotReader, generation: Generation) throws {
        guard (0...SearchRequest.limitCount).contains(request.limitCount) else {
            throw QueryError(
                .limit, "\(request.limitCount) hits are asked for", expected: "0 to \(SearchRequest.limitCount) a page")
        }
        self.request = request
        self.snapshot = snapshot
        self.generation = generation
        plan = try QueryPlan(request.query, stems: snapshot.stemLanguages)
        keys = TermKeys(plan.terms)
        after = try request.after.map { (text) throws(QueryError) in try SearchCursor(text) }
        try after?.require(
            sort: request.sort, generation: generation, queryHash: SearchCursor.hash(of: request.query))
        table = snapshot.scoreTable
        let countsParts = !request.facets.isEmpty || request.histogram != nil
        isInPlace =
            snapshot.isMapped && plan.expansions.isEmpty && plan.keys.isEmpty && !countsParts && after == nil
        let stopsEarly =
            request.sort == .score || request.sort == .newest && !request.countExact && !countsParts && after == nil
        shape = stopsEarly && !request.isExhaustive && request.limitCount > 0 ? RankedShape(plan) : nil
        if case .leaf(let leaf) = plan.root, case .term(let term) = plan.leaves[leaf], plan.isScoredTerm[term] {
            knownTerm = term
        } else {
            knownTerm = nil
        }
        let hitsComeFirst = request.limitCount > 0 && request.sort != .oldest
        let isCounted = request.countExact && knownTerm == nil
        if isInPlace, !request.isExhaustive, hitsComeFirst || request.limitCount == 0 && request.countExact,
            let shape = shape ?? RankedShape(plan), shape.isFilteredByDatesOnly, shape.isOfWords || !isCounted
        {
            shapeInPlace = shape
        } else {
            shapeInPlace = nil
        }
    }

    /// Takes a hit and its canonical record.
    package typealias RecordBody = (SearchResults.Hit, [UInt8]) throws -> Void

    /// - Parameter record: called with each hit in their order, if the texts are wanted. One of them is held at a time.
    package func run(record: RecordBody? = nil) throws -> SearchResults {
        let scratch = SearchScratch.take()
        scratch.stop = request.stop
        let results =
            if let shapeInPlace {
                try answer(by: shapeInPlace, scratch, record)
            } else {
                try SearchRun(self, scratch: scratch).answer(record)
            }
        // Not after an error: what a window gathered may be left in it.
        SearchScratch.give(scratch)
        return results
    }

    private func answer(
        by shape: RankedShape, _ scratch: SearchScratch, _ record: RecordBody?
    ) throws -> SearchResults {
        let terms = try TermsInPlace(self, scratch: scratch)
        var results =
            request.limitCount > 0
            ? try RankedRun(self, shape, terms, scratch: scratch).answer(record)
            : SearchResults(total: 0, isExact: false)
        if request.countExact, !results.isExact {
            results.total =
                try knownTerm.map(terms.liveFrequency) ?? CountRun(self, shape, terms, scratch: scratch).count()
            results.isExact = true
        }
        return results
    }

    func explanation() throws -> String {
        let scratch = SearchScratch.take()
        scratch.stop = request.stop
        let text = try SearchRun(self, scratch: scratch).explanation()
        SearchScratch.give(scratch)
        return text
    }

    func forEachRecord(of hits: [SearchResults.Hit], source: MeteredSource, _ body: RecordBody) throws {
        let wants = hits.map { (snapshot.segments[$0.segment], $0.ordinal) }
        try SegmentReader.forEachRecord(wants, source: source) { number, record in try body(hits[number], record) }
    }

    func more(behind hit: SearchResults.Hit) -> SearchResults.More {
        SearchResults.More(
            query: request.query, sort: request.sort, generation: generation, score: hit.score, place: hit.orderKey)
    }
}
