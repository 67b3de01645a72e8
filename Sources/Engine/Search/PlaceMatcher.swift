// Where conditions on places hold in a document: NEAR, and phrases with stars or gaps. Phrases of plain words have a faster way
// (`PhraseMatcher`).
//
// Each condition yields stretches of positions. Those of a word are its positions, those of a phrase run from its first to its
// last word, those of any(…) are all of its parts'. Those of NEAR run over one stretch of each side and hold no other such:
// so there are never more of them than of both sides together (minimal intervals: Clarke, Cormack and Burkowski 1995).

/// Finds documents by a condition on places. Confined to one search of one segment.
final class PlaceMatcher: DocumentMatcher {
    /// Positions from the first word to the last one.
    struct Stretch: Equatable {
        var first: UInt32
        var last: UInt32
    }

    /// A word, with where it stands.
    enum Word {
        /// One cursor for each language; no document is in two.
        case term([TermCursor])
        case expansion(PlacedList)
    }

    private indirect enum Node {
        case word(Int)
        /// Words, and where each stands behind the first if nothing is between.
        case phrase([(word: Int, offset: UInt32)], slop: UInt32)
        case any([Node])
        case near(Node, Node, distance: UInt32)
    }

    private var words: [Word]
    /// For each word whose list was gathered the place in it.
    private var listPlaces: [Int]
    private let buffer = PlaceBuffer()
    private let root: Node
    private let stop: SearchStop?
    /// Documents of the rarest word that must be there.
    let rarest: Int

    /// - Parameters:
    ///   - node: of the plan.
    ///   - word: brings what a word needs; asked once for each word of the node, from left to right.
    init(_ node: QueryPlan.PlaceNode, stop: SearchStop?, _ word: (QueryPlan.PlaceWord) throws -> Word) rethrows {
        var words: [Word] = []
        func add(_ planned: QueryPlan.PlaceWord) throws -> Int {
            words.append(try word(planned))
            return words.count - 1
        }
        func make(_ planned: QueryPlan.PlaceNode) throws -> Node {
            switch planned {
            case .word(let one): .word(try add(one))
            case .phrase(let all, let slop):
                .phrase(
                    try all.map { (try add($0.word), UInt32(clamping: $0.offset)) }, slop: UInt32(clamping: slop))
            case .any(let nodes): .any(try nodes.map(make))
            case .near(let left, let right, let distance):
                .near(try make(left), try make(right), distance: UInt32(clamping: distance))
            }
        }
        root = try make(node)
        self.stop = stop
        self.words = words
        listPlaces = [Int](repeating: 0, count: words.count)
        rarest = Self.rarest(root, words)
    }

    private static func rarest(_ node: Node, _ words: [Word]) -> Int {
        func count(_ word: Int) -> Int {
            switch words[word] {
            case .term(let cursors): cursors.reduce(0) { $0 + $1.documentFrequency }
            case .expansion(let list): list.documents.count
            }
        }
        return switch node {
        case .word(let word): count(word)
        case .phrase(let all, _): all.reduce(Int.max) { min($0, count($1.word)) }
        case .any(let nodes): nodes.reduce(0) { $0 &+ rarest($1, words) }
        case .near(let left, let right, _): min(rarest(left, words), rarest(right, words))
        }
    }

    // MARK: Documents

    func next(from document: UInt32) throws -> UInt32 { try next(root, from: document) }

    private func next(_ node: Node, from document: UInt32) throws -> UInt32 {
        switch node {
        case .word(let word): return try next(word: word, from: document)
        case .phrase(let all, _):
            return try agreed(all.count, from: document) { try next(word: all[$0].word, from: $1) }
        case .any(let nodes):
            return try nodes.reduce(TermCursor.end) { min($0, try next($1, from: document)) }
        case .near(let left, let right, _):
            return try agreed(2, from: document) { try next($0 == 0 ? left : right, from: $1) }
        }
    }

    /// The first document on which `count` parts agree.
    private func agreed(
        _ count: Int, from document: UInt32, _ next: (Int, UInt32) throws -> UInt32
    ) rethrows -> UInt32 {
        var candidate = document
        var agreed = 0
        var part = 0
        while agreed < count, candidate != TermCursor.end {
            let found = try next(part, candidate)
            agreed = found == candidate ? agreed + 1 : 1
            candidate = found
            part = part + 1 == count ? 0 : part + 1
        }
        return candidate
    }

    private func next(word: Int, from document: UInt32) throws -> UInt32 {
        switch words[word] {
        case .term(var cursors):
            // The array is taken out, so that it is changed in place.
            words[word] = .term([])
            defer { words[word] = .term(cursors) }
            var least = TermCursor.end
            for index in cursors.indices { least = min(least, try cursors[index].advance(to: document)) }
            return least
        case .expansion(let list):
            let place = list.index(of: document, from: listPlaces[word])
            listPlaces[word] = place
            return place < list.documents.count ? list.documents[place] : TermCursor.end
        }
    }

    // MARK: Places

    func frequency(in document: UInt32) throws -> UInt32 {
        UInt32(clamping: try stretches(root, in: document).count)
    }

    /// Ascending by first, then by last position, each once.
    private func stretches(_ node: Node, in document: UInt32) throws -> [Stretch] {
        try stop?.check()
        switch node {
        case .word(let word): return try positions(of: word, in: document).map { Stretch(first: $0, last: $0) }
        case .phrase(let all, let slop):
            var places: [[UInt32]] = []
            for item in all {
                places.append(try positions(of: item.word, in: document))
                if places[places.count - 1].isEmpty { return [] }
            }
            return Self.phrases(places, all.map(\.offset), slop: slop)
        case .any(let nodes):
            return Self.any(try nodes.map { try stretches($0, in: document) })
        case .near(let left, let right, let distance):
            let first = try stretches(left, in: document)
            if first.isEmpty { return [] }
            return try Self.near(first, try stretches(right, in: document), distance: distance) {
                () throws(EngineError) in try stop?.check()
            }
        }
    }

    private func positions(of word: Int, in document: UInt32) throws -> [UInt32] {
        guard try next(word: word, from: document) == document else { return [] }
        switch words[word] {
        case .term(var cursors):
            words[word] = .term([])
            defer { words[word] = .term(cursors) }
            for index in cursors.indices where cursors[index].document == document {
                try cursors[index].positions(into: buffer)
                return buffer.array
            }
            return []
        case .expansion(let list): return Array(list.positions(at: listPlaces[word]))
        }
    }

    /// All stretches of some parts, each once.
    static func any(_ parts: [[Stretch]]) -> [Stretch] {
        var kept: [Stretch] = []
        for one in parts.joined().sorted(by: { ($0.first, $0.last) < ($1.first, $1.last) }) where one != kept.last {
            kept.append(one)
        }
        return kept
    }

    /// Each place of the first word from which the others follow in order with at most `slop` other places more between them
    /// than there must be, each at its first place: that leaves the least between.
    static func phrases(_ places: [[UInt32]], _ offsets: [UInt32], slop: UInt32) -> [Stretch] {
        var found = places[0].map { Stretch(first: $0, last: $0) }
        for word in places.indices.dropFirst() {
            let step = offsets[word] &- offsets[word - 1]
            var kept = 0
            var next = 0
            for one in found {
                let (wanted, overflow) = one.last.addingReportingOverflow(step)
                if overflow { break }
                while next < places[word].count, places[word][next] < wanted { next += 1 }
                if next == places[word].count { break }
                let place = places[word][next]
                guard place &- one.first &- offsets[word] &+ offsets[0] <= slop else { continue }
                found[kept] = Stretch(first: one.first, last: place)
                kept += 1
            }
            found.removeLast(found.count - kept)
            if found.isEmpty { break }
        }
        return found
    }

    /// Stretches over one of each side that do not overlap, the later one beginning at most `distance` behind the end of the
    /// other; of those that hold others only the inner ones.
    ///
    /// - Parameter goOn: asked now and then; what it throws ends the work.
    static func near<Failure>(
        _ left: [Stretch], _ right: [Stretch], distance: UInt32, goOn: () throws(Failure) -> Void
    ) throws(Failure) -> [Stretch] {
        var found: [Stretch] = []
        var stepCount = 0
        for (before, behind) in [(left, right), (right, left)] {
            // The stretches that end first come first.
            let before = before.sorted { ($0.last, $0.first) < ($1.last, $1.first) }
            var end = 0
            for later in behind {
                while end < before.count, before[end].last < later.first { end += 1 }
                // Of those that end near enough the one that begins last leaves the least.
                var best: UInt32?
                var index = end
                while index > 0, later.first &- before[index - 1].last <= distance {
                    index -= 1
                    best = max(best ?? 0, before[index].first)
                    stepCount &+= 1
                }
                if stepCount > 1 << 16 {
                    stepCount = 0
                    try goOn()
                }
                if let best { found.append(Stretch(first: best, last: later.last)) }
            }
        }
        found.sort { $0.first != $1.first ? $0.first < $1.first : $0.last > $1.last }
        var kept: [Stretch] = []
        for one in found.reversed() where kept.last.map({ one.last < $0.last && one.first < $0.first }) ?? true {
            kept.append(one)
        }
        return kept.reversed()
    }
}
