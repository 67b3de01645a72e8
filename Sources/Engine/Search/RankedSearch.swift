import News

// The best hits of one segment without looking at all of its documents. A hot file: cursors lie in raw memory.
//
// What is passed over can be no hit: a block of documents is skipped when the most that its impacts allow is not above what
// the worst of the hits so far scores, and documents come in the order that breaks ties.
//
//     all of some words     walk the rarest, ask the others; skip to the next block where the sum of bounds is too low
//     any of some words     MaxScore in windows (Turtle and Flood, 1995; Lucene's block-max variant): words whose bounds
//                           together are too low only add to documents that others bring
//     phrases               as all of their words; positions are read only where the least frequent word would let the
//                           phrase score enough

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

    private let shape: RankedShape
    /// Of the shape's leaves.
    private let weights: [UInt64]
    private let table: ScoreTable
    private let scratch: SearchScratch
    /// By word; those that the segment has not are no cursors.
    private let cursors: UnsafeMutablePointer<TermCursor>
    /// Words of the segment: rarest first for `all`, by descending bound of a window for `any`.
    private let order: UnsafeMutablePointer<Int>
    private let bounds: UnsafeMutablePointer<Int64>
    /// The most that the words from a place of the order on can add together.
    private let sums: UnsafeMutablePointer<Int64>

    private var place: Place
    private var range: Range<UInt32> { place.range }
    private var wordCount = 0
    private(set) var top: TopHits
    /// Documents of the segment that were seen to match.
    private(set) var matchCount = 0
    /// Whether documents were passed over that may match.
    private(set) var hasSkipped = false

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
        unsafe bounds = unsafe scratch.bounds
        unsafe sums = unsafe scratch.sums
    }

    /// Takes the cursor of a word that the segment has.
    mutating func add(_ word: Int, _ cursor: TermCursor) {
        unsafe (cursors + word).initialize(to: cursor)
        var at = wordCount
        if shape.kind == .all {
            while at > 0, unsafe cursors[order[at &- 1]].documentFrequency > cursor.documentFrequency {
                unsafe order[at] = order[at &- 1]
                at &-= 1
            }
        }
        unsafe order[at] = word
        wordCount &+= 1
    }

    mutating func run() throws {
        guard !range.isEmpty, wordCount > 0 else { return }
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
    private func lengthCode(_ document: UInt32) throws(EngineError) -> Int {
        let at = Int(document)
        try place.lengths.check(at..<(at &+ 1))
        return unsafe Int(place.lengths.base.load(fromByteOffset: at, as: UInt8.self))
    }

    @inline(__always)
    private func isEligible(_ document: UInt32) throws -> Bool {
        if !place.dead.isEmpty, place.dead.contains(document) { return false }
        guard let filter = place.filter else { return true }
        return try filter.contains(document)
    }

    @inline(__always)
    private mutating func offer(_ document: UInt32, _ score: Int64) {
        matchCount &+= 1
        top.offer(TopHits.Entry(score: score, ordinal: document))
    }

    // MARK: One word

    private mutating func single() throws {
        let weight = unsafe weights[order[0]]
        let cursor = unsafe cursors + order[0]
        if unsafe cursor.pointee.hasBounds { unsafe raiseFloor(cursor, weight) }
        var from = range.lowerBound
        while true {
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
            try unsafe place.lengths.check(Int(rest.documents[0])..<Int(last) &+ 1)
            let codes = unsafe place.lengths.base
            for index in unsafe 0..<rest.count {
                let document = unsafe rest.documents[index]
                if document >= range.upperBound { return }
                let code = unsafe Int(codes.load(fromByteOffset: Int(document), as: UInt8.self))
                let share = unsafe table.share(frequency: rest.frequencies[index], lengthCode: code)
                let score = ScoreTable.part(weight: weight, share: share)
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

    /// The best of each block is reached by a document, so as many best as hits are wanted bound the worst hit from below:
    /// if all documents are eligible.
    private mutating func raiseFloor(_ cursor: UnsafeMutablePointer<TermCursor>, _ weight: UInt64) {
        let count = unsafe cursor.pointee.blockCount
        guard place.dead.isEmpty, place.filter == nil, range == 0..<place.documentCount, top.takesAll,
            top.limitCount > 0, count > top.limitCount
        else { return }
        // A heap of the largest so far, the least of them on top.
        var largest: [Int64] = []
        largest.reserveCapacity(top.limitCount)
        for block in 0..<count {
            let impacts = unsafe cursor.pointee.impacts(ofBlock: block)
            guard impacts.isExact else { continue }
            let score = ScoreTable.part(weight: weight, share: table.bound(impacts))
            if largest.count < top.limitCount {
                largest.append(score)
                if largest.count == top.limitCount { largest.sort() }
            } else if score > largest[0] {
                var place = 0
                while place &+ 1 < largest.count, largest[place &+ 1] < score {
                    largest[place] = largest[place &+ 1]
                    place &+= 1
                }
                largest[place] = score
            }
        }
        if largest.count == top.limitCount { top.raise(floor: largest[0]) }
    }

    // MARK: All words

    private mutating func conjunction() throws {
        let first = unsafe order[0]
        let lead = unsafe cursors + first
        // A leaf that holds the lead: the lead's frequency bounds what it can add.
        let leadLeaf = leaf(of: first)
        let leadWeight = weights[leadLeaf]
        let candidates = unsafe scratch.candidates
        let mosts = unsafe scratch.mosts
        var from = range.lowerBound
        while from < range.upperBound {
            let (windowLast, windowBound) = bound(from: from)
            if windowBound <= top.threshold {
                hasSkipped = true
                from = windowLast &+ 1
                continue
            }
            let document = try unsafe lead.pointee.advance(to: from)
            if document > windowLast {
                from = document
                continue
            }
            // Which of the lead's documents can be hits.
            let rest = try unsafe lead.pointee.rest()
            let others = unsafe windowBound &- bounds[leadLeaf]
            let threshold = top.threshold
            let last = unsafe min(rest.documents[rest.count &- 1], windowLast)
            try place.lengths.check(Int(document)..<Int(last) &+ 1)
            let codes = unsafe place.lengths.base
            var count = 0
            for index in unsafe 0..<rest.count {
                let candidate = unsafe rest.documents[index]
                if candidate > last { break }
                let code = unsafe Int(codes.load(fromByteOffset: Int(candidate), as: UInt8.self))
                let share = unsafe table.share(frequency: rest.frequencies[index], lengthCode: code)
                let most = ScoreTable.part(weight: leadWeight, share: share) &+ others
                unsafe candidates[count] = candidate
                unsafe mosts[count] = most
                if most > threshold { count &+= 1 } else { hasSkipped = true }
            }
            unsafe try verify(candidates, mosts, count)
            from = last &+ 1
        }
    }

    /// Offers those of some documents of the lead that have all other words too.
    private mutating func verify(
        _ candidates: UnsafePointer<UInt32>, _ mosts: UnsafePointer<Int64>, _ count: Int
    ) throws {
        var next = 0
        search: while next < count {
            let document = unsafe candidates[next]
            if unsafe mosts[next] <= top.threshold {
                hasSkipped = true
                next &+= 1
                continue
            }
            for index in 1..<max(wordCount, 1) {
                let found = try unsafe cursors[order[index]].advance(to: document)
                if found != document {
                    repeat { next &+= 1 } while unsafe next < count && candidates[next] < found
                    continue search
                }
            }
            if let score = try score(document, lead: unsafe order[0]), try isEligible(document) {
                offer(document, score)
            }
            next &+= 1
        }
    }

    private func leaf(of word: Int) -> Int {
        let place = shape.words.firstIndex(of: word)!
        return shape.wordEnds.firstIndex { place < $0 }!
    }

    /// Puts the most each leaf can add from `document` on into `bounds`.
    ///
    /// - Returns: the last document for which that holds, and the sum.
    private mutating func bound(from document: UInt32) -> (last: UInt32, sum: Int64) {
        var last = range.upperBound &- 1
        var sum: Int64 = 0
        var at = 0
        for leaf in weights.indices {
            var share = ScoreTable.wholeShare
            while at < shape.wordEnds[leaf] {
                let cursor = unsafe cursors + shape.words[at]
                at &+= 1
                guard unsafe cursor.pointee.hasBounds else { continue }
                let block = unsafe cursor.pointee.boundBlock(reaching: document)
                guard unsafe block < cursor.pointee.blockCount else {
                    share = 0
                    continue
                }
                last = unsafe min(last, cursor.pointee.lastDocument(ofBlock: block))
                // A phrase is no more frequent than each of its words.
                share = unsafe min(share, table.bound(cursor.pointee.impacts(ofBlock: block)))
            }
            let bound = ScoreTable.part(weight: weights[leaf], share: share)
            unsafe bounds[leaf] = bound
            sum &+= bound
        }
        // Where damaged bytes say otherwise: the search must go on.
        return (max(last, document), sum)
    }

    /// The score of a document that has all words; nil if a phrase is not in it or it cannot be a hit.
    private mutating func score(_ document: UInt32, lead: Int) throws -> Int64? {
        let code = try lengthCode(document)
        var sum: Int64 = 0
        var at = 0
        for leaf in weights.indices {
            var frequency = UInt32.max
            while at < shape.wordEnds[leaf] {
                let word = shape.words[at]
                at &+= 1
                let own = try word == lead ? leadFrequency(document) : unsafe cursors[word].frequency()
                frequency = min(frequency, own)
            }
            sum &+= ScoreTable.part(
                weight: weights[leaf], share: table.share(frequency: frequency, lengthCode: code))
        }
        if sum <= top.threshold {
            hasSkipped = true
            return nil
        }
        guard shape.words.count > weights.count else { return sum }
        // Before positions are read, which may be very many.
        guard try isEligible(document) else { return nil }
        sum = 0
        at = 0
        for leaf in weights.indices {
            let end = shape.wordEnds[leaf]
            let frequency: UInt32
            if end &- at > 1 {
                frequency = try phraseFrequency(at..<end, document)
                if frequency == 0 { return nil }
            } else {
                frequency = try unsafe cursors[shape.words[at]].frequency()
            }
            at = end
            sum &+= ScoreTable.part(
                weight: weights[leaf], share: table.share(frequency: frequency, lengthCode: code))
        }
        return sum
    }

    /// The lead stands where its block begins to be looked at, not at the candidate.
    private func leadFrequency(_ document: UInt32) throws(EngineError) -> UInt32 {
        let lead = unsafe cursors + order[0]
        try unsafe lead.pointee.advance(to: document)
        return try unsafe lead.pointee.frequency()
    }

    /// How often the words follow one another in the current document of all cursors.
    private func phraseFrequency(_ part: Range<Int>, _ document: UInt32) throws(EngineError) -> UInt32 {
        var starts: [UInt32] = []
        var places: [UInt32] = []
        swap(&starts, &scratch.starts)
        swap(&places, &scratch.places)
        defer {
            swap(&starts, &scratch.starts)
            swap(&places, &scratch.places)
        }
        var first = 0
        var least = UInt32.max
        for offset in 0..<part.count {
            let frequency = try unsafe cursors[shape.words[part.lowerBound &+ offset]].frequency()
            if frequency < least {
                least = frequency
                first = offset
            }
        }
        return try PhraseStarts.count(part.count, from: first, &starts, &places) {
            word, places throws(EngineError) in
            try unsafe cursors[shape.words[part.lowerBound &+ word]].positions(into: &places)
        }
    }

    // MARK: The first

    /// Documents that have all words, from the first on, until no more are wanted.
    private mutating func firstOfAll() throws {
        let lead = unsafe cursors + order[0]
        var document = try unsafe lead.pointee.advance(to: range.lowerBound)
        search: while document < range.upperBound {
            for index in 1..<max(wordCount, 1) {
                let found = try unsafe cursors[order[index]].advance(to: document)
                if found != document {
                    guard found < range.upperBound else { return }
                    document = try unsafe lead.pointee.advance(to: found)
                    continue search
                }
            }
            if try isEligible(document), let score = try score(document, lead: unsafe order[0]) {
                offer(document, score)
                if top.isComplete { return hasSkipped = true }
            }
            document = try unsafe lead.pointee.next()
        }
    }

    /// Documents that have any of the words, from the first on, until no more are wanted.
    private mutating func firstOfAny() throws {
        for place in 0..<wordCount { try unsafe cursors[order[place]].advance(to: range.lowerBound) }
        while true {
            var document = TermCursor.end
            for place in 0..<wordCount { document = unsafe min(document, cursors[order[place]].document) }
            guard document < range.upperBound else { return }
            let code = try lengthCode(document)
            var score: Int64 = 0
            for place in 0..<wordCount {
                let word = unsafe order[place]
                guard unsafe cursors[word].document == document else { continue }
                let share = table.share(frequency: try unsafe cursors[word].frequency(), lengthCode: code)
                score &+= ScoreTable.part(weight: weights[word], share: share)
                try unsafe cursors[word].next()
            }
            if try isEligible(document) {
                offer(document, score)
                if top.isComplete { return hasSkipped = true }
            }
        }
    }

    // MARK: Any word

    private static let leastWindowCount: UInt32 = 512

    private mutating func alternatives() throws {
        // All zero, and left so.
        let scores = unsafe scratch.scores
        let bits = unsafe scratch.bits
        var lower = range.lowerBound
        while lower < range.upperBound {
            let window = alternativeWindow(from: lower)
            let threshold = top.threshold
            // Words up to here bring documents, those behind only add to them.
            var essentialCount = 0
            while essentialCount < wordCount, unsafe sums[essentialCount] > threshold { essentialCount += 1 }
            if essentialCount == 0 {
                if unsafe bounds[order[0]] > 0 { hasSkipped = true }
            } else if essentialCount == 1 {
                try essentialWord(window)
            } else {
                if essentialCount < wordCount { hasSkipped = true }
                for at in 0..<essentialCount { unsafe try gather(order[at], window, scores, bits) }
                unsafe try offerGathered(window, scores, bits, from: essentialCount)
            }
            lower = window.upper
        }
    }

    /// A window in which bounds are those of few blocks, from the first document on that any word has.
    private mutating func alternativeWindow(from lower: UInt32) -> Window {
        let most = UInt32(min(UInt64(lower) + UInt64(Window.documentCount), UInt64(range.upperBound)))
        let least = min(lower &+ Self.leastWindowCount, most)
        var upper = most
        for index in 0..<wordCount {
            let cursor = unsafe cursors + order[index]
            guard unsafe cursor.pointee.hasBounds else { continue }
            let block = unsafe cursor.pointee.boundBlock(reaching: lower)
            guard unsafe block < cursor.pointee.blockCount else { continue }
            upper = unsafe min(upper, max(cursor.pointee.lastDocument(ofBlock: block) &+ 1, least))
        }
        for index in 0..<wordCount {
            let word = unsafe order[index]
            let cursor = unsafe cursors + word
            var share: UInt64 = 0
            if unsafe cursor.pointee.hasBounds {
                var block = unsafe cursor.pointee.boundBlock(reaching: lower)
                while unsafe block < cursor.pointee.blockCount {
                    share = unsafe max(share, table.bound(cursor.pointee.impacts(ofBlock: block)))
                    if unsafe cursor.pointee.lastDocument(ofBlock: block) >= upper &- 1 { break }
                    block &+= 1
                }
            } else if unsafe !cursor.pointee.isAtEnd {
                share = ScoreTable.wholeShare
            }
            let bound = ScoreTable.part(weight: weights[word], share: share)
            unsafe bounds[word] = bound
            var at = index
            while at > 0, unsafe bounds[order[at &- 1]] < bound {
                unsafe order[at] = order[at &- 1]
                at &-= 1
            }
            unsafe order[at] = word
        }
        unsafe sums[wordCount] = 0
        for at in (0..<wordCount).reversed() { unsafe sums[at] = sums[at &+ 1] &+ bounds[order[at]] }
        return Window(lower: lower, upper: upper)
    }

    /// Adds a word's part to the scores of the window's documents that have it.
    private func gather(
        _ word: Int, _ window: Window, _ scores: UnsafeMutablePointer<Int64>, _ bits: UnsafeMutablePointer<UInt64>
    ) throws(EngineError) {
        let weight = weights[word]
        let codes = unsafe place.lengths.base
        try place.lengths.check(Int(window.lower)..<Int(window.upper))
        var document = try unsafe cursors[word].advance(to: window.lower)
        while document < window.upper {
            let rest = try unsafe cursors[word].rest()
            var index = 0
            while unsafe index < rest.count {
                document = unsafe rest.documents[index]
                if document >= window.upper { break }
                let code = unsafe Int(codes.load(fromByteOffset: Int(document), as: UInt8.self))
                let share = unsafe table.share(frequency: rest.frequencies[index], lengthCode: code)
                let place = Int(document &- window.lower)
                unsafe scores[place] &+= ScoreTable.part(weight: weight, share: share)
                unsafe window.set(document, in: bits)
                index &+= 1
            }
            document = try unsafe cursors[word].advance(to: index == rest.count ? document &+ 1 : document)
        }
    }

    private mutating func offerGathered(
        _ window: Window, _ scores: UnsafeMutablePointer<Int64>, _ bits: UnsafeMutablePointer<UInt64>, from place: Int
    ) throws {
        for word in 0..<Window.wordCount {
            var rest = unsafe bits[word]
            if rest == 0 { continue }
            unsafe bits[word] = 0
            while rest != 0 {
                let at = word << 6 | rest.trailingZeroBitCount
                rest &= rest &- 1
                let score = unsafe scores[at]
                unsafe scores[at] = 0
                try complete(window.lower &+ UInt32(truncatingIfNeeded: at), score, from: place)
            }
        }
    }

    /// Where one word brings all documents, nothing needs to be gathered.
    private mutating func essentialWord(_ window: Window) throws {
        let word = unsafe order[0]
        let weight = weights[word]
        let others = unsafe sums[1]
        let codes = unsafe place.lengths.base
        try place.lengths.check(Int(window.lower)..<Int(window.upper))
        hasSkipped = true
        var document = try unsafe cursors[word].advance(to: window.lower)
        while document < window.upper {
            let rest = try unsafe cursors[word].rest()
            var threshold = top.threshold
            var index = 0
            while unsafe index < rest.count {
                document = unsafe rest.documents[index]
                if document >= window.upper { break }
                let code = unsafe Int(codes.load(fromByteOffset: Int(document), as: UInt8.self))
                let share = unsafe table.share(frequency: rest.frequencies[index], lengthCode: code)
                let score = ScoreTable.part(weight: weight, share: share)
                if score &+ others > threshold {
                    try complete(document, score, from: 1)
                    threshold = top.threshold
                }
                index &+= 1
            }
            document = try unsafe cursors[word].advance(to: index == rest.count ? document &+ 1 : document)
        }
    }

    /// Adds what the words from `place` of the order on have to say, as long as it can matter.
    @inline(__always)
    private mutating func complete(_ document: UInt32, _ gathered: Int64, from place: Int) throws {
        var score = gathered
        var place = place
        let threshold = top.threshold
        while place < wordCount {
            if unsafe score &+ sums[place] <= threshold {
                hasSkipped = true
                return
            }
            let word = unsafe order[place]
            if try unsafe cursors[word].advance(to: document) == document {
                let share = table.share(
                    frequency: try unsafe cursors[word].frequency(), lengthCode: try lengthCode(document))
                score &+= ScoreTable.part(weight: weights[word], share: share)
            }
            place &+= 1
        }
        if score <= threshold {
            hasSkipped = true
        } else if try isEligible(document) {
            offer(document, score)
        }
    }
}

/// Conditions that do not score, evaluated window by window as documents are asked for, ascending.
final class WindowFilter {
    private let evaluator: SegmentEvaluator
    private var window = Window(lower: 0, upper: 0)

    init(_ evaluator: SegmentEvaluator) { self.evaluator = evaluator }

    @inline(__always)
    func contains(_ document: UInt32) throws -> Bool {
        if document >= window.upper { window = try evaluator.fill(windowAround: document) }
        return unsafe window.contains(document, in: evaluator.filled)
    }
}
