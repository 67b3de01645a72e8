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
        try forEach(slices) { segment, term, block, slice in
            try unsafe slice.withBytes { bytes throws(EngineError) in
                try unsafe segment.entry(of: term, inBlock: block, bytes)
            }
        }
    }

    /// For each segment, for each term, how many losers of the segment's kills have it.
    ///
    /// - Parameter slices: of the round.
    func correctionCounts(_ slices: [SectionSlice]) throws -> [[UInt32]] {
        let scanner = CorrectionBlockScanner()
        return try forEach(slices) { segment, term, block, slice in
            try segment.load(slice, 0..<slice.count, block: block, into: scanner)
            return try segment.decoding(.corrections, at: slice.range.lowerBound) { () throws(RawError) -> UInt32? in
                while try scanner.next() {
                    let order = unsafe term.withUnsafeBufferPointer { unsafe scanner.key.compare($0) }
                    if order == 0 { return UInt32(scanner.ordinals.count) }
                    if order > 0 { return nil }
                }
                return nil
            }
        }.map { $0.map { $0 ?? 0 } }
    }

    private func forEach<Value>(
        _ slices: [SectionSlice], _ find: (SegmentReader, [UInt8], _ block: Int, SectionSlice) throws -> Value?
    ) throws -> [[Value?]] {
        var found: [[Value?]] = []
        for (number, segment) in segments.enumerated() {
            func value(_ term: [UInt8]) throws -> Value? {
                guard let block = segment[keyPath: index].block(of: term), let slice = sliceOfBlock[number][block]
                else {
                    return nil
                }
                return try find(segment, term, block, slices[slice])
            }
            var values: [Value?] = []
            for (term, word) in zip(terms, words) { values.append(try value(term) ?? word.flatMap(value)) }
            found.append(values)
        }
        return found
    }
}
