import News

// The best hits of one segment without looking at all of its documents. A hot file: cursors lie in raw memory.
//
// What is passed over can be no hit: a block of documents is skipped when the most that its impacts allow is not above what
// the worst of the hits so far scores, and documents come in the order that breaks ties.
//
//     one word              blocks one after the other (here)
//     all of some words     walk the rarest, ask the others; skip to the next block where the sum of bounds is too low
//                           (RankedSearch+All)
//     phrases               as all of their words; positions are read only where the least frequent word would let the
//                           phrase score enough (RankedSearch+All)
//     any of some words     MaxScore in windows (Turtle and Flood, 1995; Lucene's block-max variant): words whose bounds
//                           together are too low only add to documents that others bring; the best that the heaviest word does
//                           alone is a bound from the start (RankedSearch+Any)
//     newest                the first that match, whatever they score (RankedSearch+First)

/// One search, segment after segment. Confined to one thread; what `segment` points to is kept by the caller.
@safe
struct RankedSearch {
    /// A segment that is searched.
    struct Place {
        var dead: DocumentSet
        var documentCount: UInt32
        /// The whole section.
        var lengths: PagedBytes
        /// Ordinals to look at.
        var range: Range<UInt32>
        /// What else must hold.
        var filter: WindowFilter?
    }

    let shape: RankedShape
    /// Of the shape's leaves.
    let weights: [UInt64]
    let table: ScoreTable
    let scratch: SearchScratch
    /// By word; those that the segment has not are no cursors.
    let cursors: UnsafeMutablePointer<TermCursor>
    /// Words of the segment: rarest first for `all`, by descending bound of a window for `any`.
    let order: UnsafeMutablePointer<Int>
    /// By place in `order`: the leaf that a word is, where each is one of its own.
    let leaves: UnsafeMutablePointer<Int>
    /// By place in `order`: how far from the start of the one phrase a word stands, where there is one.
    let distances: UnsafeMutablePointer<Int>
    let bounds: UnsafeMutablePointer<Int64>
    /// The most that the words from a place of the order on can add together.
    let sums: UnsafeMutablePointer<Int64>

    var place: Place
    var range: Range<UInt32> { place.range }
    var wordCount = 0
    private(set) var top: TopHits
    /// Documents of the segment that were seen to match.
    private(set) var matchCount = 0
    /// Whether documents were passed over that may match.
    var hasSkipped = false
    /// Of any of some words: whether one of them may be in the window.
    var mayMatchInWindow = false

    init(
        _ shape: RankedShape, weights: [UInt64], table: ScoreTable, scratch: SearchScratch, in place: Place,
        top: TopHits
    ) {
        self.shape = shape
        self.weights = weights
        self.table = table
        self.scratch = scratch
        self.place = place
        self.top = top
        scratch.reserve(max(shape.terms.count, weights.count))
        unsafe cursors = unsafe scratch.cursors
        unsafe order = unsafe scratch.order
        unsafe leaves = unsafe scratch.leaves
        unsafe distances = unsafe scratch.distances
        unsafe bounds = unsafe scratch.bounds
        unsafe sums = unsafe scratch.sums
    }

    /// Takes the cursor of a word that the segment has.
    mutating func add(_ word: Int, _ cursor: TermCursor) {
        scratch.add(word, cursor, to: wordCount)
        wordCount &+= 1
    }

    /// Searches a segment's articles of one language after the other: none is in the lists of two.
    ///
    /// - Parameters:
    ///   - place: made anew for each language.
    ///   - top: of the segment; has its hits afterwards.
    ///   - entry: of a term of the plan in articles of a language.
    ///   - cursor: over an entry that there is.
    /// - Returns: how many documents were seen to match, and whether some were passed over.
    @inline(__always)
    static func run(
        _ shape: RankedShape, weights: [UInt64], table: ScoreTable, scratch: SearchScratch, languageCount: Int,
        top: inout TopHits, place: () throws -> Place, hasEntry: (_ term: Int, _ language: Int) -> Bool,
        cursor: (_ term: Int, _ language: Int) throws -> TermCursor?
    ) throws -> (matchCount: Int, hasSkipped: Bool) {
        // Those that come best first are sought anew in each language.
        let isSoughtAnew = top.wanted != nil
        var isFirst = true
        var matchCount = 0
        var hasSkipped = false
        var lead = 0
        if languageCount > 1 {
            var most: UInt64 = 0
            for language in 0..<languageCount {
                let promise = shape.promise(weights) { hasEntry($0, language) }
                if promise > most { (lead, most) = (language, promise) }
            }
        }
        for turn in 0..<languageCount {
            // The one where the best hits are likely to be, then the others as they are.
            let language = turn == 0 ? lead : turn <= lead ? turn &- 1 : turn
            guard shape.canMatch({ hasEntry($0, language) }) else { continue }
            var search = RankedSearch(
                shape, weights: weights, table: table, scratch: scratch, in: try place(),
                top: isFirst || !isSoughtAnew ? top.handOver() : top.unasked)
            for (word, term) in shape.terms.enumerated() {
                if word & 0xFF == 0xFF { try scratch.stop?.check() }
                if let cursor = try cursor(term, language) { search.add(word, cursor) }
            }
            try search.run()
            matchCount += search.matchCount
            hasSkipped = hasSkipped || search.hasSkipped
            if !isSoughtAnew {
                top = search.top
                top.restart()
            } else if isFirst {
                top = search.top
            } else {
                top.merge(search.top)
            }
            isFirst = false
        }
        return (matchCount, hasSkipped)
    }

    mutating func run() throws {
        guard !range.isEmpty, wordCount > 0 else { return }
        if shape.kind == .all { scratch.sortRarestFirst(wordCount) }
        if isOnePhrase { for at in 0..<wordCount { unsafe distances[at] = shape.places[order[at]] } }
        if top.wanted != nil {
            try shape.kind == .any ? firstOfAny() : firstOfAll()
        } else if wordCount == 1, shape.kind == .any || shape.words.count == 1 {
            try single()
        } else if shape.kind == .any {
            try alternatives()
        } else {
            try conjunction()
        }
    }

    // MARK: Documents

    @inline(__always)
    func lengthCode(_ document: UInt32) throws(EngineError) -> Int {
        let at = Int(document)
        try place.lengths.check(at..<(at &+ 1))
        return unsafe Int(place.lengths.base.load(fromByteOffset: at, as: UInt8.self))
    }

    @inline(__always)
    func isEligible(_ document: UInt32) throws -> Bool {
        if !place.dead.isEmpty, place.dead.contains(document) { return false }
        guard let filter = place.filter else { return true }
        return try filter.contains(document)
    }

    @inline(__always)
    mutating func offer(_ document: UInt32, _ score: Int64) {
        matchCount &+= 1
        top.offer(TopHits.Entry(score: score, ordinal: document))
    }

    /// Puts those of a block's documents that may be hits into the scratch, with the most each can score.
    ///
    /// - Parameters:
    ///   - rest: of a word's cursor; not empty.
    ///   - last: the last document to look at.
    ///   - others: what the other words can add.
    /// - Returns: how many there are, and how many documents were looked at.
    @inline(__always)
    mutating func candidates(
        _ rest: TermCursor.Rest, through last: UInt32, _ weight: UInt64, others: Int64
    ) throws(EngineError) -> (count: Int, seen: Int) {
        // Everything in locals: what the loop writes could be anything to the compiler.
        let end = unsafe min(rest.documents[rest.count &- 1], last)
        let first = unsafe rest.documents[0]
        guard first <= end else { return (0, 0) }
        try place.lengths.check(Int(first)..<Int(end) &+ 1)
        let codes = unsafe place.lengths.base
        let (candidates, mosts) = unsafe (scratch.candidates, scratch.mosts)
        let shares = table.shares
        let threshold = top.threshold
        var count = 0
        var seen = 0
        while unsafe seen < rest.count, unsafe rest.documents[seen] <= end {
            let document = unsafe rest.documents[seen]
            let code = unsafe Int(codes.load(fromByteOffset: Int(document), as: UInt8.self))
            let share = unsafe shares.share(frequency: rest.frequencies[seen], lengthCode: code)
            let most = ScoreTable.part(weight: weight, share: share) &+ others
            unsafe candidates[count] = document
            unsafe mosts[count] = most
            count &+= most > threshold ? 1 : 0
            seen &+= 1
        }
        if count < seen { hasSkipped = true }
        return (count, seen)
    }

    // MARK: One word

    private mutating func single() throws {
        let weight = unsafe weights[order[0]]
        let cursor = unsafe cursors + order[0]
        if unsafe cursor.pointee.hasBounds, unsafe cursor.pointee.blockCount > top.limitCount {
            unsafe try raiseFloor(cursor, weight)
        }
        var from = range.lowerBound
        while true {
            try scratch.stop?.check()
            if unsafe cursor.pointee.hasBounds {
                // Blocks that cannot bring a hit are not decoded.
                let first = unsafe cursor.pointee.boundBlock(reaching: from)
                var block = first
                let threshold = top.threshold
                while unsafe block < cursor.pointee.blockCount,
                    unsafe ScoreTable.part(
                        weight: weight, share: table.bound(cursor.pointee.impacts(ofBlock: block))) <= threshold
                {
                    block &+= 1
                }
                if block > first {
                    hasSkipped = true
                    guard unsafe block < cursor.pointee.blockCount else { return }
                    from = unsafe max(from, cursor.pointee.lastDocument(ofBlock: block &- 1) &+ 1)
                }
            }
            guard try unsafe cursor.pointee.advance(to: from) < range.upperBound else { return }
            let rest = try unsafe cursor.pointee.rest()
            let last = unsafe rest.documents[rest.count &- 1]
            let found = try unsafe candidates(rest, through: range.upperBound &- 1, weight, others: 0)
            for index in 0..<found.count {
                let score = unsafe scratch.mosts[index]
                let document = unsafe scratch.candidates[index]
                if score <= top.threshold {
                    hasSkipped = true
                } else if try isEligible(document) {
                    offer(document, score)
                }
            }
            if last >= range.upperBound &- 1 { return }
            from = last &+ 1
        }
    }

    /// For up to so many hits a list is read for its best documents alone: no more than for each a block.
    private static let fewHitsCount = 32

    /// As many documents as hits are wanted score what the best of this word's do by it alone: the worst hit scores no less.
    /// Only if nothing is refused but for its score.
    ///
    /// - Parameter cursor: before its first document, and left there.
    mutating func raiseFloor(_ cursor: UnsafeMutablePointer<TermCursor>, _ weight: UInt64) throws {
        guard place.filter == nil, top.takesAll, top.limitCount > 0,
            unsafe cursor.pointee.documentFrequency >= top.limitCount
        else { return }
        var best = LargestScores(count: top.limitCount)
        if unsafe cursor.pointee.hasBounds, unsafe cursor.pointee.blockCount > top.limitCount {
            // The best of each block is reached by a document.
            guard place.dead.isEmpty, range == 0..<place.documentCount else { return }
            let count = unsafe cursor.pointee.blockCount
            for block in 0..<count {
                let impacts = unsafe cursor.pointee.impacts(ofBlock: block)
                if impacts.isExact { best.add(ScoreTable.part(weight: weight, share: table.bound(impacts))) }
            }
        } else if top.limitCount <= Self.fewHitsCount {
            var walk = unsafe cursor.pointee
            var document = try walk.advance(to: range.lowerBound)
            while document < range.upperBound {
                let rest = unsafe try walk.rest()
                for index in unsafe 0..<rest.count {
                    unsafe document = rest.documents[index]
                    guard document < range.upperBound else { break }
                    if !place.dead.isEmpty, place.dead.contains(document) { continue }
                    let share = unsafe table.share(
                        frequency: rest.frequencies[index], lengthCode: try lengthCode(document))
                    best.add(ScoreTable.part(weight: weight, share: share))
                }
                document = try walk.advance(to: document &+ 1)
            }
        }
        if let least = best.least { top.raise(floor: least) }
    }
}

/// The largest of some scores, as many as are wanted.
private struct LargestScores {
    private let count: Int
    /// Ascending.
    private var scores: [Int64] = []

    init(count: Int) {
        self.count = count
        scores.reserveCapacity(count)
    }

    /// The least of them, if there are as many as wanted.
    var least: Int64? { scores.count == count ? scores[0] : nil }

    mutating func add(_ score: Int64) {
        guard scores.count < count else {
            guard score > scores[0] else { return }
            var place = 0
            while place &+ 1 < count, scores[place &+ 1] < score {
                scores[place] = scores[place &+ 1]
                place &+= 1
            }
            scores[place] = score
            return
        }
        var place = scores.count
        scores.append(score)
        while place > 0, scores[place &- 1] > score {
            scores[place] = scores[place &- 1]
            place &-= 1
        }
        scores[place] = score
    }
}
