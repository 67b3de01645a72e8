import News

/// Looks terms up in the dictionaries or corrections of several segments: says which blocks it needs, then reads them.
struct TermLookup {
    private let terms: [[UInt8]]
    /// For each term the one whose entry in a dictionary is its own where it has none (`TermKey.ownWord`).
    private let words: [[UInt8]?]
    private let segments: [SegmentReader]
    private let index: KeyPath<SegmentReader, TermBlockIndex>
    /// For each segment, for each block that is needed, its slice in the round; terms of one block share it.
    private var sliceOfBlock: [[Int: Int]]

    /// - Parameter round: gets the ranges needed.
    init(
        _ terms: [[UInt8]], in segments: [SegmentReader], _ index: KeyPath<SegmentReader, TermBlockIndex>,
        _ section: SectionKind, _ round: inout ReadRound
    ) {
        self.terms = terms
        let stemmers = StemmerSet()
        words = terms.map { section == .dictionary ? TermKey.ownWord(of: $0, stemmers) : nil }
        self.segments = segments
        self.index = index
        sliceOfBlock = Array(repeating: [:], count: segments.count)
        for (number, segment) in segments.enumerated() {
            let blocks = segment[keyPath: index]
            for term in terms + words.compactMap(\.self) {
                // Of a language that no article of the segment has there are no terms; its kills may have losers elsewhere.
                if section == .dictionary, let language = TermKey.language(of: term),
                    !segment.footer.stemLanguages.contains(language)
                {
                    continue
                }
                guard let block = blocks.block(of: term), sliceOfBlock[number][block] == nil else { continue }
                sliceOfBlock[number][block] = round.add(segment, section, blocks.blockRange(block))
            }
        }
    }

    /// For each segment, for each term, its entry in the dictionary or nil.
    ///
    /// - Parameter slices: of the round.
    func entries(_ slices: [SectionSlice]) throws -> [[TermEntry?]] {
        var entries = segments.map { _ in [TermEntry?](repeating: nil, count: terms.count) }
        for segment in segments.indices {
            try forEachEntry(slices, of: segment) { term, entry in entries[segment][term] = entry }
        }
        return entries
    }

    /// Calls `body` with each of the terms that a segment's dictionary has, in the order of the terms.
    ///
    /// - Parameter slices: of the round.
    func forEachEntry(
        _ slices: [SectionSlice], of segment: Int, _ body: (_ term: Int, TermEntry) throws -> Void
    ) throws {
        try forEach(slices, of: segment, body) { segment, term, block, slice in
            try unsafe slice.withBytes { bytes throws(EngineError) in
                try unsafe segment.entry(of: term, inBlock: block, bytes)
            }
        }
    }

    /// Calls `body` with each of the terms that losers of a segment's kills have, and how many.
    ///
    /// - Parameter slices: of the round.
    func forEachCorrection(
        _ slices: [SectionSlice], of segment: Int, _ body: (_ term: Int, _ count: Int) throws -> Void
    ) throws {
        let scanner = CorrectionBlockScanner()
        try forEach(slices, of: segment, body) { segment, term, block, slice in
            try segment.load(slice, 0..<slice.count, block: block, into: scanner)
            return try segment.decoding(.corrections, at: slice.range.lowerBound) { () throws(RawError) -> Int? in
                while try scanner.next() {
                    let order = unsafe term.withUnsafeBufferPointer { unsafe scanner.key.compare($0) }
                    if order == 0 { return scanner.ordinals.count }
                    if order > 0 { return nil }
                }
                return nil
            }
        }
    }

    private func forEach<Value>(
        _ slices: [SectionSlice], of number: Int, _ body: (_ term: Int, Value) throws -> Void,
        _ find: (SegmentReader, [UInt8], _ block: Int, SectionSlice) throws -> Value?
    ) throws {
        let segment = segments[number]
        func value(_ term: [UInt8]) throws -> Value? {
            guard let block = segment[keyPath: index].block(of: term), let slice = sliceOfBlock[number][block]
            else { return nil }
            return try find(segment, term, block, slices[slice])
        }
        for place in terms.indices {
            if let found = try value(terms[place]) ?? words[place].flatMap(value) { try body(place, found) }
        }
    }
}
