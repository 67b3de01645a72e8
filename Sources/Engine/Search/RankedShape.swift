/// A plan whose best hits can be found without looking at all: words and phrases that all must be there, or words any of which
/// must, within conditions that do not score.
struct RankedShape: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case all
        case any
    }

    private(set) var kind = Kind.all
    /// Leaves of the plan: words, and phrases if all must be there. At least one.
    private(set) var leaves: [Int] = []
    /// Terms of the plan that are walked: each once if all must be there, else one for each leaf.
    private(set) var terms: [Int] = []
    /// Where each stands among `terms`.
    private var places: [Int: Int] = [:]
    /// For each leaf, one after the other, indices of `terms`, for a phrase in its order.
    private(set) var words: [Int] = []
    /// For each leaf where its words end.
    private(set) var wordEnds: [Int] = []
    /// What else must hold.
    private(set) var filters: [QueryPlan.Node] = []

    /// nil if the plan has another shape: it is evaluated whole.
    init?(_ plan: QueryPlan) {
        let scored = Set(plan.scored.map(\.leaf))
        func isWord(_ node: QueryPlan.Node) -> Int? {
            guard case .leaf(let leaf) = node, scored.contains(leaf), case .term = plan.leaves[leaf] else { return nil }
            return leaf
        }
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
        if let alternatives {
            guard leaves.isEmpty else { return nil }
            leaves = alternatives
            kind = alternatives.count == 1 ? .all : .any
        }
        if leaves.isEmpty { return nil }
        for leaf in leaves {
            switch plan.leaves[leaf] {
            case .term(let term): add(term)
            case .phrase(let phrase, _): for term in phrase { add(term) }
            case .places, .expansion, .bag: return nil
            }
            wordEnds.append(words.count)
        }
    }

    private mutating func add(_ term: Int) {
        if kind == .all, let known = places[term] { return words.append(known) }
        places[term] = terms.count
        words.append(terms.count)
        terms.append(term)
    }

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
