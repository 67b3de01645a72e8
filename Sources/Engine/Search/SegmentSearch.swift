import News

// One segment's part of a search. A hot file: scores of a window lie in memory that it owns.

/// The leaves of a plan in one segment, and what is counted on the way. Confined to one search.
@safe
final class SegmentSearch {
    let segment: SegmentReader
    private let dead: DocumentSet
    private let found: QueryLookup.Segment
    private let leaves: [WindowLeaf]
    /// For each key of the plan its live documents here.
    private let keyed: [[UInt32]]
    private var lengths: SectionSlice?
    private(set) var facets: [FacetCounter]
    private(set) var histogram: HistogramCounter?
    private(set) var top: TopHits
    private(set) var matchCount = 0
    private(set) var windowCount = 0
    /// For each expansion of the plan, live documents with one of its words.
    let expansionCounts: [Int]
    private let scores = UnsafeMutablePointer<Int64>.allocate(capacity: Int(Window.documentCount))

    /// How a leaf scores.
    struct Weighted {
        var leaf: Int
        var weight: UInt64
    }

    /// Slices of the second round.
    struct Material {
        /// For each term of the plan, if the segment has it.
        var postings: [(postings: SectionSlice, positions: SectionSlice)?]
        /// For each expansion, for each of its terms.
        var expansions: [[SectionSlice]]
        var keyed: [[UInt32]]
        var lengths: SectionSlice?
        var facets: [FacetCounter]
        var histogram: HistogramCounter?
    }

    init(
        _ plan: QueryPlan, _ segment: SegmentReader, dead: DocumentSet, found: QueryLookup.Segment, material: Material,
        top: TopHits
    ) throws {
        self.segment = segment
        self.dead = dead
        self.found = found
        self.top = top
        keyed = material.keyed
        lengths = material.lengths
        facets = material.facets
        histogram = material.histogram
        var lists: [(documents: [UInt32], frequencies: [UInt32])] = []
        for (number, entries) in found.expansions.enumerated() {
            lists.append(try Self.union(entries, material.expansions[number], segment))
        }
        expansionCounts = lists.map { list in list.documents.reduce(0) { dead.contains($1) ? $0 : $0 + 1 } }
        func cursor(_ term: Int) throws -> PostingsCursor? {
            guard let entry = found.entries[term], let slices = material.postings[term] else { return nil }
            return try PostingsCursor(segment, entry, postings: slices.postings, positions: slices.positions)
        }
        leaves = try plan.leaves.map { leaf in
            switch leaf {
            case .term(let term):
                guard let first = try cursor(term), let second = try cursor(term) else { return WindowLeaf() }
                return TermLeaf(first, second)
            case .expansion(let number):
                return ListLeaf(documents: lists[number].documents, frequencies: lists[number].frequencies)
            case .phrase(let terms, let slop):
                let first = try terms.compactMap { try cursor($0) }
                let second = try terms.compactMap { try cursor($0) }
                guard first.count == terms.count, second.count == terms.count else { return WindowLeaf() }
                return PhraseLeaf(first, second, slop: slop)
            }
        }
    }

    deinit { unsafe scores.deallocate() }

    /// Documents with any of some terms, and the sums of their frequencies.
    private static func union(
        _ entries: [TermEntry], _ slices: [SectionSlice], _ segment: SegmentReader
    ) throws -> (documents: [UInt32], frequencies: [UInt32]) {
        guard !entries.isEmpty else { return ([], []) }
        var sums = [UInt32](repeating: 0, count: segment.documentCount)
        var count = 0
        for (entry, slice) in zip(entries, slices) {
            var cursor = try PostingsCursor(
                segment, entry, postings: slice,
                positions: segment.emptySlice(.positions, at: entry.positions.lowerBound))
            var document = try cursor.next()
            while document != PostingsCursor.end {
                let (sum, overflow) = sums[Int(document)].addingReportingOverflow(try cursor.frequency())
                if sums[Int(document)] == 0 { count += 1 }
                sums[Int(document)] = overflow ? .max : sum
                document = try cursor.next()
            }
        }
        var documents: [UInt32] = []
        var frequencies: [UInt32] = []
        documents.reserveCapacity(count)
        frequencies.reserveCapacity(count)
        for (document, sum) in sums.enumerated() where sum > 0 {
            documents.append(UInt32(document))
            frequencies.append(sum)
        }
        return (documents, frequencies)
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
        case .key(let index): .ordinals(keyed[index])
        }
    }

    /// Evaluates the plan.
    ///
    /// - Parameters:
    ///   - weighted: leaves that score; none if scores are not wanted.
    ///   - norms: for each length code.
    ///   - mayStop: whether counting may end when the hits are complete.
    func run(_ plan: QueryPlan, _ weighted: [Weighted], norms: [UInt64], mayStop: Bool) throws {
        let root = node(plan.root)
        let evaluator = SegmentEvaluator(
            root: root, leaves: leaves, documentCount: segment.footer.documentCount, dead: dead, depth: plan.depth)
        unsafe try evaluator.forEachWindow(in: 0..<segment.footer.documentCount) { window, matched in
            var count = 0
            for word in 0..<Window.wordCount { count += unsafe matched[word].nonzeroBitCount }
            matchCount += count
            // Scores of hits that cannot be taken any more are not wanted.
            unsafe try score(window, matched, top.isComplete ? [] : weighted, norms)
            unsafe window.forEach(in: matched) { document in
                let score = unsafe scores[Int(document &- window.lower)]
                top.offer(TopHits.Entry(score: score, ordinal: document))
                return true
            }
            for index in facets.indices { unsafe try facets[index].add(window, matched) }
            unsafe try histogram?.add(window, matched)
            return !(mayStop && top.isComplete)
        }
        windowCount = evaluator.windowCount
    }

    /// Puts the scores of the matching documents of a window into `scores`.
    private func score(
        _ window: Window, _ matched: UnsafePointer<UInt64>, _ weighted: [Weighted], _ norms: [UInt64]
    ) throws {
        let count = Int(window.upper - window.lower)
        unsafe scores.update(repeating: 0, count: count)
        guard !weighted.isEmpty, lengths != nil else { return }
        try lengths?.check(Int(window.lower)..<Int(window.upper))
        // In bounds: the section was read whole, a byte for each document; the window ends with the segment.
        let codes = unsafe lengths!.unchecked
        for item in weighted {
            unsafe try leaves[item.leaf].score(window, matched) { document, frequency in
                let norm = unsafe norms[Int(codes[Int(document)])]
                let place = Int(document &- window.lower)
                unsafe scores[place] &+= Relevance.part(weight: item.weight, frequency: frequency, norm: norm)
            }
        }
    }
}
