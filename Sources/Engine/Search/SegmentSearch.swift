import News

// One segment's part of a search. A hot file: scores of a window lie in memory that it owns.

/// What the segments of one search have in common: an object, so that each holds one reference.
final class SearchContext {
    let prepared: PreparedSearch
    let lookup: QueryLookup
    let scratch: SearchScratch

    /// - Parameter scratch: kept by the search as long as this is used.
    init(_ prepared: PreparedSearch, _ lookup: QueryLookup, _ scratch: SearchScratch) {
        self.prepared = prepared
        self.lookup = lookup
        self.scratch = scratch
    }
}

/// A plan in one segment, and what is counted on the way. Confined to one search.
@safe
final class SegmentSearch {
    let segment: SegmentReader
    private let context: SearchContext
    /// Of the segment in the snapshot.
    let index: Int
    private var dead: DocumentSet { context.lookup.dead[index] }
    private var found: QueryLookup.Segment { _read { yield context.lookup.segments[index] } }
    private var plan: QueryPlan { _read { yield context.prepared.plan } }
    private var table: ScoreTable { context.prepared.table }
    private var scratch: SearchScratch { context.scratch }
    /// nil if the segment is read in place.
    private let material: Material?
    /// While the segment is searched: of very many words those of all segments are not held.
    private var terms: FoundTerms?
    /// For each expansion of the plan.
    private let lists: [GatheredList]
    private(set) var facets: [FacetCounter]
    private(set) var histogram: HistogramCounter?
    private(set) var top: TopHits
    private(set) var matchCount = 0
    private(set) var windowCount = 0
    /// Whether all matches were counted.
    private(set) var isCounted = true
    /// For each expansion of the plan, live documents with one of its words.
    let expansionCounts: [Int]

    /// Slices of the second round.
    struct Material {
        /// For each of the plan's terms that the segment has; positions are empty if they are not needed. nil if the segment is mapped.
        var postings: [(postings: SectionSlice, positions: SectionSlice)]?
        /// For each expansion, for each of its terms; likewise.
        var expansions: [[(postings: SectionSlice, positions: SectionSlice)]]?
        /// For each key of the plan its live documents here.
        var keyed: [[UInt32]]
        var lengths: SectionSlice?
        var facets: [FacetCounter]
        var histogram: HistogramCounter?
    }

    /// - Parameter index: of the segment in the snapshot.
    init(_ context: SearchContext, _ index: Int, material: Material?, top: TopHits) throws {
        self.context = context
        self.index = index
        segment = context.prepared.snapshot.segments[index]
        self.material = material
        self.top = top
        facets = material?.facets ?? []
        histogram = material?.histogram
        let expansions = context.lookup.segments[index].expansions
        guard !expansions.isEmpty else {
            lists = []
            expansionCounts = []
            return
        }
        let segment = segment
        lists = try expansions.enumerated().map { number, entries in
            try context.scratch.withSlots {
                try GatheredList(
                    entries, material?.expansions?[number].map(\.postings), in: segment, scratch: context.scratch,
                    isScoring: context.prepared.request.limitCount > 0)
            }
        }
        let dead = context.lookup.dead[index]
        expansionCounts = lists.map { $0.liveCount(without: dead) }
    }

    /// Calls `body` while `terms` are there.
    private func withTerms<Result>(_ body: () throws -> Result) throws -> Result {
        terms = try found.terms ?? QueryLookup.terms(of: context.prepared, in: segment)
        defer { terms = nil }
        return try scratch.withSlots(body)
    }

    /// What the segment says of a term in articles of one language; nil if it has none.
    private func entry(_ term: Int, _ language: Int) -> TermEntry? { terms![term, language] }

    private func cursor(_ term: Int, _ language: Int) throws(EngineError) -> TermCursor? {
        // No slot is taken for what is not there.
        entry(term, language) == nil ? nil : unsafe try cursor(term, language, memory: scratch.slot())
    }

    private func cursor(
        _ term: Int, _ language: Int, memory: UnsafeMutablePointer<UInt32>
    ) throws(EngineError) -> TermCursor? {
        guard let entry = entry(term, language) else { return nil }
        let postings: PagedBytes?
        let positions: PagedBytes?
        if let slices = material?.postings, let index = terms!.index(of: term, language) {
            let slices = slices[index]
            (postings, positions) = (slices.postings.paged, slices.positions.paged)
        } else {
            postings = try segment.mappedBytes(.postings, entry.postings)
            positions = plan.needsPositions[term] ? try segment.mappedBytes(.positions, entry.positions) : nil
        }
        return try unsafe TermCursor(
            entry, of: segment, postings: postings, positions: positions, memory: memory)
    }

    /// Length codes of all documents; nil if there are none.
    private func lengths() throws(EngineError) -> PagedBytes? {
        guard let material else { return try segment.mappedBytes(.lengths, 0..<UInt64(segment.documentCount)) }
        return material.lengths?.paged
    }

    /// - Parameter weight: nil if scores are not wanted.
    private func windowLeaf(_ leaf: QueryPlan.Leaf, _ weight: LeafWeight?) throws -> WindowLeaf {
        switch leaf {
        case .term(let term):
            return UnionLeaf.of(
                try plan.languages.indices.compactMap { language in
                    guard let first = try cursor(term, language), let second = try cursor(term, language) else {
                        return nil
                    }
                    return TermLeaf(first, second)
                })
        case .expansion(let number):
            return lists[number].leaf
        case .phrase(let terms, let slop):
            return UnionLeaf.of(
                try plan.languages.indices.compactMap { language in
                    guard terms.allSatisfy({ entry($0, language) != nil }) else { return nil }
                    return PlaceLeaf(
                        PhraseMatcher(try terms.compactMap { try cursor($0, language) }, slop: slop, scratch.phrase),
                        PhraseMatcher(try terms.compactMap { try cursor($0, language) }, slop: slop, scratch.phrase))
                })
        case .places(let node):
            return try placeLeaf(node)
        case .bag(let words):
            return try bag(words, weight)
        }
    }

    private func bag(_ words: [QueryPlan.BagWord], _ weight: LeafWeight?) throws -> WordBag {
        let bag = WordBag(documentCount: segment.footer.documentCount, isScoring: weight != nil)
        let lengths = weight == nil ? nil : try lengths()
        try lengths?.check(0..<segment.documentCount)
        let memory = unsafe scratch.slot()
        for (number, word) in words.enumerated() {
            try scratch.stop?.check()
            for language in plan.languages.indices {
                guard var cursor = unsafe try cursor(word.term, language, memory: memory) else { continue }
                try unsafe bag.add(
                    &cursor, weight: weight?.words[number], times: word.count, lengths: lengths?.unchecked,
                    table: table)
            }
        }
        bag.finish()
        return bag
    }

    private func placeLeaf(_ node: QueryPlan.PlaceNode) throws -> WindowLeaf {
        func cursors(_ term: Int) throws(EngineError) -> [TermCursor] {
            var cursors: [TermCursor] = []
            for language in plan.languages.indices {
                if let cursor = try cursor(term, language) { cursors.append(cursor) }
            }
            return cursors
        }
        func matcher(_ list: (Int) throws -> PlacedList) throws -> PlaceMatcher {
            try PlaceMatcher(node, stop: scratch.stop) { word in
                switch word {
                case .term(let term): .term(try cursors(term))
                case .expansion(let number): .expansion(try list(number))
                }
            }
        }
        let expansions = node.expansions
        var placed: [Int: PlacedList] = [:]
        if !expansions.isEmpty {
            // Positions of words with stars are gathered in documents that have all the words, and there alone.
            let candidates = try matcher { PlacedList(lists[$0].documents) }
            var documents: [UInt32] = []
            var document = try candidates.next(from: 0)
            while document != TermCursor.end {
                documents.append(document)
                document = try candidates.next(from: document + 1)
            }
            let memory = unsafe scratch.slot()
            for number in expansions {
                try scratch.stop?.check()
                let cursors = found.expansions[number].indices.map { index in
                    { unsafe try self.expansionCursor(number, index, memory: memory) }
                }
                placed[number] = try PlacedList(documents, cursors, stop: scratch.stop)
            }
        }
        return PlaceLeaf(try matcher { placed[$0]! }, try matcher { placed[$0]! })
    }

    /// A cursor over one of the words that a word with stars stands for.
    private func expansionCursor(
        _ expansion: Int, _ index: Int, memory: UnsafeMutablePointer<UInt32>
    ) throws(EngineError) -> TermCursor {
        let entry = found.expansions[expansion][index]
        guard let slices = material?.expansions?[expansion][index] else {
            return try unsafe TermCursor(
                entry, of: segment, postings: segment.mappedBytes(.postings, entry.postings),
                positions: segment.mappedBytes(.positions, entry.positions), memory: memory)
        }
        return try unsafe TermCursor(
            entry, of: segment, postings: slices.postings.paged, positions: slices.positions.paged, memory: memory)
    }

    private func node(_ node: QueryPlan.Node) -> SegmentEvaluator.Node {
        switch node {
        case .all: .all
        case .none: .none
        case .leaf(let index): .leaf(index)
        case .and(let nodes): .and(nodes.map { self.node($0) })
        case .or(let nodes): .or(nodes.map { self.node($0) })
        case .not(let inner): .not(self.node(inner))
        case .dates(let index): .range(found.ranges[index])
        case .key(let index): .ordinals(material!.keyed[index])
        }
    }

    // MARK: The best

    /// Finds the best hits without looking at all documents.
    ///
    /// - Parameters:
    ///   - weights: of the shape's leaves.
    ///   - floor: a score that enough hits of other segments reach.
    ///   - end: ordinals from here on are not wanted.
    func rank(_ shape: RankedShape, weights: [UInt64], floor: Int64, to end: UInt32) throws {
        try withTerms { try rankAll(shape, weights, floor, end) }
    }

    private func rankAll(_ shape: RankedShape, _ weights: [UInt64], _ floor: Int64, _ end: UInt32) throws {
        guard let lengths = try lengths() else { return }
        if top.wanted == nil { top.raise(floor: floor) }
        // Taken out, so that it is changed in place.
        var top = self.top.handOver()
        defer { self.top = top }
        let found = try RankedSearch.run(
            shape, weights: weights, table: table, scratch: scratch, languageCount: plan.languages.count, top: &top
        ) {
            RankedSearch.Place(
                dead: dead, documentCount: segment.footer.documentCount, lengths: lengths,
                range: range(of: shape.filters).clamped(to: 0..<end), filter: try filter(shape.filters))
        } hasEntry: { term, language in
            entry(term, language) != nil
        } cursor: { term, language in
            try cursor(term, language)
        }
        matchCount += found.matchCount
        isCounted = !found.hasSkipped && end == segment.footer.documentCount
    }

    /// What date ranges leave.
    private func range(of filters: [QueryPlan.Node]) -> Range<UInt32> {
        var range = 0..<segment.footer.documentCount
        for case .dates(let index) in filters { range = range.clamped(to: found.ranges[index]) }
        return range
    }

    /// All filters but date ranges.
    private func filter(_ filters: [QueryPlan.Node]) throws -> WindowFilter? {
        if filters.isEmpty { return nil }
        let nodes = filters.filter { if case .dates = $0 { false } else { true } }
        guard !nodes.isEmpty else { return nil }
        return WindowFilter(try evaluator(of: .and(nodes), depth: plan.depth + 1, weighted: []))
    }

    private func evaluator(
        of root: QueryPlan.Node, depth: Int, weighted: [LeafWeight]
    ) throws -> SegmentEvaluator {
        var leaves = [WindowLeaf](repeating: WindowLeaf(), count: plan.leaves.count)
        var weights = [LeafWeight?](repeating: nil, count: plan.leaves.count)
        for weight in weighted { weights[weight.leaf] = weight }
        for leaf in Self.leaves(of: root) { leaves[leaf] = try windowLeaf(plan.leaves[leaf], weights[leaf]) }
        return SegmentEvaluator(
            root: node(root), leaves: leaves, documentCount: segment.footer.documentCount, dead: dead, depth: depth,
            stop: scratch.stop)
    }

    private static func leaves(of node: QueryPlan.Node) -> [Int] {
        switch node {
        case .leaf(let leaf): [leaf]
        case .and(let nodes), .or(let nodes): nodes.flatMap(leaves)
        case .not(let inner): leaves(of: inner)
        case .all, .none, .dates, .key: []
        }
    }

    // MARK: All

    /// What a leaf counts for the score.
    struct LeafWeight {
        var leaf: Int
        /// Of a bag none: there `words` are the weights, of those that score.
        var weight: UInt64
        var words: [UInt64?] = []
        var inverseFrequency: UInt64
    }

    /// What is wanted of an evaluation of the whole plan.
    struct Wants {
        /// Whether hits are; else matches are only counted.
        var hits: Bool
        /// Leaves that score; none if scores are not wanted.
        var weighted: [LeafWeight]
        /// Whether counting may end when the hits are complete.
        var mayStop: Bool
    }

    /// Evaluates the plan.
    ///
    /// - Parameter end: where to end looking, if not all that matches is wanted.
    func run(_ wants: Wants, to end: UInt32) throws {
        try withTerms { try evaluate(wants, to: end) }
    }

    private func evaluate(_ wants: Wants, to end: UInt32) throws {
        matchCount = 0
        isCounted = end == segment.footer.documentCount
        let evaluator = try evaluator(of: plan.root, depth: plan.depth, weighted: wants.weighted)
        // Zero, and left so.
        let scores = unsafe scratch.scores
        // Taken out, so that it is changed in place: of an object each change would be looked after.
        var top = self.top.handOver()
        defer { self.top = top }
        unsafe try evaluator.forEachWindow(in: 0..<end, growing: wants.mayStop) { window, matched in
            var count = 0
            for word in 0..<Window.wordCount { count += unsafe matched[word].nonzeroBitCount }
            matchCount += count
            if wants.hits, !top.isComplete {
                let wanted = top.wanted
                var candidates = unsafe matched
                if let wanted {
                    unsafe candidates = unsafe self.candidates(window, matched, wanted, into: scratch.bits)
                }
                unsafe try score(evaluator.leaves, window, candidates, wants.weighted, scores)
                unsafe window.forEach(in: candidates) { document in
                    let at = Int(document &- window.lower)
                    let score = unsafe scores[at]
                    unsafe scores[at] = 0
                    top.offerNext(TopHits.Entry(score: score, ordinal: document))
                    return true
                }
                if wanted != nil { unsafe scratch.bits.update(repeating: 0, count: Window.wordCount) }
            }
            for index in facets.indices { unsafe try facets[index].add(window, matched) }
            unsafe try histogram?.add(window, matched)
            return !(wants.mayStop && top.isComplete)
        }
        windowCount = evaluator.windowCount
        isCounted = isCounted && !(wants.mayStop && top.isComplete)
    }

    /// What each of some leaves adds to the scores of some documents.
    ///
    /// - Parameter documents: ascending.
    /// - Returns: for each document, for each leaf.
    func parts(_ weighted: [LeafWeight], of documents: [UInt32]) throws -> [[Int64]] {
        var parts = documents.map { _ in [Int64]() }
        for item in weighted {
            try withTerms {
                var leaves = [WindowLeaf](repeating: WindowLeaf(), count: plan.leaves.count)
                leaves[item.leaf] = try windowLeaf(plan.leaves[item.leaf], item)
                // Zero, and left so.
                let (scores, bits) = unsafe (scratch.scores, scratch.bits)
                var first = 0
                // Leaves only move forward: those of one window together.
                while first < documents.count {
                    let lower = documents[first] / Window.documentCount * Window.documentCount
                    let window = Window(
                        lower: lower, upper: min(lower + Window.documentCount, segment.footer.documentCount))
                    let end = documents[first...].firstIndex { $0 >= window.upper } ?? documents.count
                    for place in first..<end { unsafe window.set(documents[place], in: bits) }
                    unsafe try score(leaves, window, bits, [item], scores)
                    for place in first..<end {
                        let at = Int(documents[place] - lower)
                        unsafe parts[place].append(scores[at])
                        unsafe scores[at] = 0
                    }
                    unsafe bits.update(repeating: 0, count: Window.wordCount)
                    first = end
                }
            }
        }
        return parts
    }

    /// The matching documents of a window that may become hits, where they come best first: just as many as are wanted.
    private func candidates(
        _ window: Window, _ matched: UnsafePointer<UInt64>, _ wanted: (first: UInt32, count: Int),
        into taken: UnsafeMutablePointer<UInt64>
    ) -> UnsafePointer<UInt64> {
        var left = wanted.count
        unsafe window.forEach(in: matched) { document in
            guard document >= wanted.first else { return true }
            unsafe window.set(document, in: taken)
            left -= 1
            return left > 0
        }
        return unsafe UnsafePointer(taken)
    }

    /// Puts the scores of the matching documents of a window into `scores`.
    private func score(
        _ leaves: [WindowLeaf], _ window: Window, _ matched: UnsafePointer<UInt64>,
        _ weighted: [LeafWeight], _ scores: UnsafeMutablePointer<Int64>
    ) throws {
        guard let lengths = try lengths() else { return }
        try lengths.check(Int(window.lower)..<Int(window.upper))
        // In bounds: the section was read whole, a byte for each document; the window ends with the segment.
        let codes = unsafe lengths.base.assumingMemoryBound(to: UInt8.self)
        for item in weighted {
            let leaf = unsafe LeafScores(
                weight: item.weight, shares: table.shares, codes: codes, lower: window.lower, sums: scores)
            unsafe try leaves[item.leaf].score(window, matched, into: leaf)
        }
    }
}
