/// A plan whose best hits can be found without looking at all: words and phrases that all must be there, or words any of which
/// must, within conditions that do not score.
///
/// An object, because each segment's search has it: a copy would count references to all of its arrays.
final class RankedShape: Sendable {
    enum Kind: Sendable {
        case all
        case any
    }

    let kind: Kind
    /// Leaves of the plan: words, and phrases if all must be there. At least one.
    let leaves: [Int]
    /// Of each leaf, in 2^-16.
    let boosts: [UInt32]
    /// Terms of the plan that are walked: each once if all must be there, else one for each leaf.
    let terms: [Int]
    /// For each of `terms` where it stands first in `words`, and the leaf that this is a word of.
    let places: [Int]
    let leavesOfTerms: [Int]
    /// For each leaf, one after the other, indices of `terms`, for a phrase in its order.
    let words: [Int]
    /// For each leaf where its words end.
    let wordEnds: [Int]
    /// What else must hold.
    let filters: [QueryPlan.Node]

    /// nil if the plan has another shape: it is evaluated whole.
    init?(_ plan: QueryPlan) {
        let boosts = Dictionary(uniqueKeysWithValues: plan.scored.map { ($0.leaf, $0.boost) })
        let scored = Set(boosts.keys)
        func isWord(_ node: QueryPlan.Node) -> Int? {
            guard case .leaf(let leaf) = node, scored.contains(leaf), case .term = plan.leaves[leaf] else { return nil }
            return leaf
        }
        var leaves: [Int] = []
        var filters: [QueryPlan.Node] = []
        var alternatives: [Int]?
        for node in Self.conditions(plan.root) {
            if case .leaf(let leaf) = node, scored.contains(leaf) {
                switch plan.leaves[leaf] {
                case .term, .phrase(_, slop: 0): leaves.append(leaf)
                case .phrase, .places, .expansion, .bag: return nil
                }
            } else if case .or(let nodes) = node, nodes.contains(where: { Self.scores($0, scored) }) {
                let words = nodes.compactMap(isWord)
                guard alternatives == nil, words.count == nodes.count else { return nil }
                alternatives = words
            } else if Self.scores(node, scored) {
                return nil
            } else {
                filters.append(node)
            }
        }
        var kind = Kind.all
        if let alternatives {
            guard leaves.isEmpty else { return nil }
            leaves = alternatives
            kind = alternatives.count == 1 ? .all : .any
        }
        if leaves.isEmpty { return nil }
        var terms: [Int] = []
        var words: [Int] = []
        var wordEnds: [Int] = []
        var places: [Int] = []
        var leavesOfTerms: [Int] = []
        var known: [Int: Int] = [:]
        func add(_ term: Int, _ leaf: Int) {
            if kind == .all, let known = known[term] { return words.append(known) }
            known[term] = terms.count
            places.append(words.count)
            leavesOfTerms.append(leaf)
            words.append(terms.count)
            terms.append(term)
        }
        for (number, leaf) in leaves.enumerated() {
            switch plan.leaves[leaf] {
            case .term(let term): add(term, number)
            case .phrase(let phrase, _): for term in phrase { add(term, number) }
            case .places, .expansion, .bag: return nil
            }
            wordEnds.append(words.count)
        }
        self.kind = kind
        self.leaves = leaves
        self.boosts = leaves.map { boosts[$0]! }
        self.terms = terms
        self.places = places
        self.leavesOfTerms = leavesOfTerms
        self.words = words
        self.wordEnds = wordEnds
        self.filters = filters
    }

    /// Whether there can be hits where only some terms are, dates and other conditions aside.
    @inline(__always)
    func canMatch(_ hasTerm: (Int) -> Bool) -> Bool {
        kind == .all ? terms.allSatisfy(hasTerm) : terms.contains(where: hasTerm)
    }

    /// More where heavier words are: where the best hits are to be sought first, so that the rest need not be looked at. 0 where each
    /// place that can match has the same words.
    ///
    /// - Parameter weights: of the leaves.
    @inline(__always)
    func promise(_ weights: [UInt64], _ hasTerm: (Int) -> Bool) -> UInt64 {
        guard kind == .any else { return 0 }
        var sum: UInt64 = 0
        for (leaf, term) in terms.enumerated() where hasTerm(term) { sum &+= weights[leaf] }
        return sum
    }

    /// Whether there are no phrases.
    var isOfWords: Bool { words.count == leaves.count }

    /// Whether all that is filtered by is dates.
    var isFilteredByDatesOnly: Bool { filters.allSatisfy { if case .dates = $0 { true } else { false } } }

    private static func conditions(_ node: QueryPlan.Node) -> [QueryPlan.Node] {
        guard case .and(let nodes) = node else { return [node] }
        return nodes.flatMap(conditions)
    }

    private static func scores(_ node: QueryPlan.Node, _ scored: Set<Int>) -> Bool {
        switch node {
        case .leaf(let leaf): scored.contains(leaf)
        case .and(let nodes), .or(let nodes): nodes.contains { scores($0, scored) }
        case .not(let inner): scores(inner, scored)
        case .all, .none, .dates, .key: false
        }
    }
}
