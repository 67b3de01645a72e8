// How many articles have all or any of some words, of a snapshot that lies where it can be read. A hot file: lists are walked side by
// side, a window of ordinals at a time, by cursors in raw memory; over many small segments making objects would take longer than
// counting does.

/// Counts live articles, and looks at nothing else of them.
@safe
struct CountRun {
    private let prepared: PreparedSearch
    private let shape: RankedShape
    private let terms: TermsInPlace
    private let scratch: SearchScratch
    private let cursors: UnsafeMutablePointer<TermCursor>
    private let order: UnsafeMutablePointer<Int>

    /// - Parameter prepared: ready to be answered so (`PreparedSearch.shapeInPlace`).
    init(_ prepared: PreparedSearch, _ shape: RankedShape, _ terms: TermsInPlace, scratch: SearchScratch) {
        self.prepared = prepared
        self.shape = shape
        self.terms = terms
        self.scratch = scratch
        scratch.reserve(shape.terms.count)
        unsafe cursors = unsafe scratch.cursors
        unsafe order = unsafe scratch.order
    }

    func count() throws -> Int {
        let snapshot = prepared.snapshot
        let dead = try snapshot.dead
        var total = 0
        for (index, segment) in snapshot.segments.enumerated() {
            try terms.enter(index)
            guard terms.canMatch(shape, in: index) else { continue }
            let range = try prepared.documents(of: segment, within: shape.filters)
            // No document is in the lists of two languages.
            for language in 0..<terms.languageCount {
                try scratch.withSlots {
                    var wordCount = 0
                    for (word, term) in shape.terms.enumerated() {
                        guard let entry = terms.entry(index, language, term) else { continue }
                        scratch.add(word, try prepared.cursor(term, entry, of: segment, scratch), to: wordCount)
                        wordCount += 1
                    }
                    guard wordCount == shape.terms.count || shape.kind == .any else { return }
                    if shape.kind == .all { scratch.sortRarestFirst(wordCount) }
                    total += try count(in: range, wordCount, dead: dead[index])
                }
            }
        }
        unsafe scratch.bits.update(repeating: 0, count: Window.wordCount)
        return total
    }

    /// - Parameter wordCount: of those that the segment has in the language.
    private func count(in range: Range<UInt32>, _ wordCount: Int, dead: DocumentSet) throws(EngineError) -> Int {
        guard wordCount > 0 else { return 0 }
        let found = unsafe scratch.bits
        var total = 0
        var from = range.lowerBound
        while from < range.upperBound {
            try scratch.stop?.check()
            let first = try firstCandidate(from, wordCount)
            guard first < range.upperBound else { break }
            let lower = first & ~63
            let upper = UInt32(min(UInt64(lower) + UInt64(Window.documentCount), UInt64(range.upperBound)))
            let window = Window(lower: lower, upper: upper)
            unsafe found.update(repeating: 0, count: Window.wordCount)
            try unsafe cursors[order[0]].mark(window, found)
            for place in 1..<max(wordCount, 1) {
                if shape.kind == .any {
                    try unsafe cursors[order[place]].mark(window, found)
                } else if try unsafe !narrow(found, to: order[place], window) {
                    break
                }
            }
            unsafe total += Self.count(found, window, from: first, dead)
            from = upper
        }
        return total
    }

    /// A lower bound of the first document from `from` on that can match.
    @inline(__always)
    private func firstCandidate(_ from: UInt32, _ wordCount: Int) throws(EngineError) -> UInt32 {
        var first = shape.kind == .all ? from : TermCursor.end
        for place in 0..<wordCount {
            if shape.kind == .all {
                first = max(first, try unsafe cursors[order[place]].lowerBound(from: first))
                if first == TermCursor.end { break }
            } else {
                first = min(first, try unsafe cursors[order[place]].lowerBound(from: from))
                if first <= from { break }
            }
        }
        return first
    }

    /// Leaves those that have a word too.
    ///
    /// - Returns: whether there are any.
    @inline(__always)
    private func narrow(
        _ found: UnsafeMutablePointer<UInt64>, to word: Int, _ window: Window
    ) throws(EngineError) -> Bool {
        let part = unsafe scratch.part
        unsafe part.update(repeating: 0, count: Window.wordCount)
        try unsafe cursors[word].mark(window, part)
        var all: UInt64 = 0
        for index in 0..<Window.wordCount {
            let both = unsafe found[index] & part[index]
            unsafe found[index] = both
            all |= both
        }
        return all != 0
    }

    /// Live documents among the bits from `first` to the window's end; cursors may have set some behind it.
    @inline(__always)
    private static func count(
        _ bits: UnsafeMutablePointer<UInt64>, _ window: Window, from first: UInt32, _ dead: DocumentSet
    ) -> Int {
        unsafe bits[0] &= .max << UInt64(first & 63)
        let length = Int(window.upper - window.lower)
        let wordCount = (length + 63) / 64
        if length % 64 != 0 { unsafe bits[wordCount - 1] &= (1 << UInt64(length % 64)) - 1 }
        if !dead.isEmpty {
            let firstWord = Int(window.lower >> 6)
            for word in 0..<wordCount { unsafe bits[word] &= ~dead.words[firstWord + word] }
        }
        var count = 0
        for word in 0..<wordCount { unsafe count &+= bits[word].nonzeroBitCount }
        return count
    }
}
