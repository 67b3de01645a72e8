// Words one after the other. A hot file, as `WindowLeaf`.

/// Finds documents by where words stand in them. They must be asked for in ascending order.
protocol DocumentMatcher {
    /// Documents of the rarest word that must be there.
    var rarest: Int { get }
    /// The first document from `document` on that has the words; `TermCursor.end` if there is none.
    mutating func next(from document: UInt32) throws -> UInt32
    /// In how many places the condition holds in the document that `next` has just returned.
    mutating func frequency(in document: UInt32) throws -> UInt32
}

/// Finds phrases of plain words.
struct PhraseMatcher: DocumentMatcher {
    /// One for each word, in the order of the phrase.
    private var words: [TermCursor]
    /// Indices of words, rarest first.
    private let order: [Int]
    private let slop: UInt32
    private var starts: [UInt32] = []
    private var places: [UInt32] = []
    /// With slop: for each start the place of the last word reached.
    private var reached: [UInt32] = []

    init(_ words: [TermCursor], slop: Int) {
        self.words = words
        self.slop = UInt32(clamping: slop)
        order = words.indices.sorted { (words[$0].documentFrequency, $0) < (words[$1].documentFrequency, $1) }
    }

    var rarest: Int { words[order[0]].documentFrequency }

    mutating func next(from document: UInt32) throws -> UInt32 {
        var candidate = try words[order[0]].advance(to: document)
        var agreed = 1
        while candidate != TermCursor.end, agreed < order.count {
            let found = try words[order[agreed]].advance(to: candidate)
            if found == candidate {
                agreed += 1
            } else {
                if found == TermCursor.end { return found }
                candidate = try words[order[0]].advance(to: found)
                agreed = 1
            }
        }
        return candidate
    }

    mutating func frequency(in document: UInt32) throws -> UInt32 {
        if slop > 0 { return try sloppyFrequency() }
        return try PhraseStarts.count(words.count, from: order[0], &starts, &places) {
            word, places throws(EngineError) in try words[word].positions(into: &places)
        }
    }

    /// Starts from which the other words follow in order with at most `slop` other places between them: each word at its
    /// first place behind the one before, which leaves the least between.
    private mutating func sloppyFrequency() throws(EngineError) -> UInt32 {
        try words[0].positions(into: &starts)
        reached.removeAll(keepingCapacity: true)
        reached.append(contentsOf: starts)
        for word in words.indices.dropFirst() {
            try words[word].positions(into: &places)
            var kept = 0
            var next = 0
            for index in starts.indices {
                while next < places.count, places[next] <= reached[index] { next += 1 }
                if next == places.count { break }
                guard places[next] - starts[index] <= slop &+ UInt32(word) else { continue }
                starts[kept] = starts[index]
                reached[kept] = places[next]
                kept += 1
            }
            starts.removeLast(starts.count - kept)
            reached.removeLast(reached.count - kept)
            if starts.isEmpty { return 0 }
        }
        return UInt32(clamping: starts.count)
    }
}

/// A phrase, or another condition on places.
final class PlaceLeaf<Matcher: DocumentMatcher>: WindowLeaf {
    private var marker: Matcher
    private var scorer: Matcher
    /// Documents of the last window that were looked at, and in how many places the condition holds in those that match.
    private var lookedAt = [UInt64](repeating: 0, count: Window.wordCount)
    private var found: [(document: UInt32, frequency: UInt32)] = []
    private var lastLower: UInt32?

    /// - Parameter second: another over the same words.
    init(_ first: Matcher, _ second: Matcher) {
        marker = first
        scorer = second
    }

    /// Reading positions costs far more than reading ordinals, so other conditions go first.
    override var cost: Int { marker.rarest &* 16 }

    override func next(from document: UInt32) throws -> UInt32 { try marker.next(from: document) }

    override func mark(
        _ window: Window, within: UnsafePointer<UInt64>, _ bits: UnsafeMutablePointer<UInt64>
    ) throws {
        found.removeAll(keepingCapacity: true)
        lastLower = window.lower
        for word in 0..<Window.wordCount { unsafe lookedAt[word] = within[word] }
        var document = try marker.next(from: window.lower)
        while document < window.upper {
            if unsafe window.contains(document, in: within) {
                let frequency = try marker.frequency(in: document)
                if frequency > 0 {
                    unsafe window.set(document, in: bits)
                    found.append((document, frequency))
                }
            }
            document = try marker.next(from: document + 1)
        }
    }

    override func score(_ window: Window, _ matched: UnsafePointer<UInt64>, into scores: LeafScores) throws {
        var isCovered = lastLower == window.lower
        for word in 0..<Window.wordCount where unsafe matched[word] & ~lookedAt[word] != 0 { isCovered = false }
        if isCovered {
            for (document, frequency) in found where unsafe window.contains(document, in: matched) {
                scores.add(document, frequency)
            }
            return
        }
        // The tree did not need the condition in some of these documents; it counts there all the same.
        var document = try scorer.next(from: window.lower)
        while document < window.upper {
            if unsafe window.contains(document, in: matched) {
                let frequency = try scorer.frequency(in: document)
                if frequency > 0 { scores.add(document, frequency) }
            }
            document = try scorer.next(from: document + 1)
        }
    }
}
