// Words one after the other. A hot file, as `WindowLeaf`.

/// Finds documents by where words stand in them. They must be asked for in ascending order.
protocol DocumentMatcher: AnyObject {
    /// Documents of the rarest word that must be there.
    var rarest: Int { get }
    /// The first document from `document` on that may match; `TermCursor.end` if there is none.
    func next(from document: UInt32) throws -> UInt32
    /// In how many places the condition holds in the document that `next` has just returned.
    func frequency(in document: UInt32) throws -> UInt32
}

/// Finds phrases of plain words. Confined to one search of one segment.
@safe final class PhraseMatcher: DocumentMatcher {
    private let wordCount: Int
    /// One for each word, in the order of the phrase.
    private let words: UnsafeMutablePointer<TermCursor>
    /// Indices of words, rarest first.
    private let order: UnsafeMutablePointer<Int>
    private let slop: UInt32
    private let phrase: PhraseStarts

    /// - Parameter phrase: scratch of the search.
    init(_ words: [TermCursor], slop: Int, _ phrase: PhraseStarts) {
        self.phrase = phrase
        wordCount = words.count
        self.slop = UInt32(clamping: slop)
        unsafe self.words = .allocate(capacity: wordCount)
        unsafe order = .allocate(capacity: wordCount)
        let rarest = words.indices.sorted { (words[$0].documentFrequency, $0) < (words[$1].documentFrequency, $1) }
        for (place, word) in rarest.enumerated() {
            unsafe (self.words + place).initialize(to: words[place])
            unsafe (order + place).initialize(to: word)
        }
    }

    deinit {
        unsafe words.deinitialize(count: wordCount)
        unsafe words.deallocate()
        unsafe order.deallocate()
    }

    var rarest: Int { unsafe words[order[0]].documentFrequency }

    /// Has the two rarest words: the others are in most documents, and are not looked for before those stand in place.
    func next(from document: UInt32) throws -> UInt32 {
        let lead = unsafe words + order[0]
        var candidate = try unsafe lead.pointee.advance(to: document)
        guard wordCount > 1 else { return candidate }
        let second = unsafe words + order[1]
        while candidate != TermCursor.end {
            let found = try unsafe second.pointee.advance(to: candidate)
            if found == candidate { return candidate }
            candidate = try unsafe lead.pointee.advance(to: found)
        }
        return candidate
    }

    func frequency(in document: UInt32) throws -> UInt32 {
        guard wordCount > 1 else { return try unsafe words[0].frequency() }
        if slop > 0 {
            for place in 2..<max(wordCount, 2) {
                guard try unsafe words[order[place]].advance(to: document) == document else { return 0 }
            }
            return try sloppyFrequency()
        }
        let (first, second) = unsafe (order[0], order[1])
        var kept = try unsafe phrase.begin(words + first, at: first, words + second, at: second)
        for place in 2..<max(wordCount, 2) where kept > 0 {
            let word = unsafe order[place]
            guard try unsafe words[word].advance(to: document) == document else { return 0 }
            kept = try unsafe phrase.keep(kept, words + word, at: word)
        }
        return UInt32(clamping: kept)
    }

    /// Starts from which the other words follow in order with at most `slop` other places between them: each word at its
    /// first place behind the one before, which leaves the least between.
    private func sloppyFrequency() throws(EngineError) -> UInt32 {
        let places = phrase.places
        try unsafe words[0].positions(into: phrase.starts)
        var count = phrase.starts.count
        let first = unsafe phrase.starts.base
        let last = unsafe phrase.reached.begin(count)
        unsafe last.update(from: first, count: count)
        for word in 1..<max(wordCount, 1) {
            try unsafe words[word].positions(into: places)
            try phrase.stop?.check()
            let all = unsafe places.base
            var kept = 0
            var next = 0
            for index in 0..<count {
                while next < places.count, unsafe all[next] <= last[index] { next += 1 }
                if next == places.count { break }
                guard unsafe all[next] - first[index] <= slop &+ UInt32(word) else { continue }
                unsafe first[kept] = first[index]
                unsafe last[kept] = all[next]
                kept += 1
            }
            count = kept
            if count == 0 { return 0 }
        }
        return UInt32(clamping: count)
    }
}

/// A phrase, or another condition on places.
final class PlaceLeaf<Matcher: DocumentMatcher>: WindowLeaf {
    private let marker: Matcher
    private let scorer: Matcher
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
