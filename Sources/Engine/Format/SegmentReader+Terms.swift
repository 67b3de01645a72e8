// Terms of a segment: from the sparse index to the block, from the block to the entry, from the entry to its postings.

extension SegmentReader {
    /// Looks terms up in several segments with one round.
    ///
    /// - Parameter terms: keys as `IndexField.key` makes them.
    /// - Returns: for each segment, for each term, its entry or nil.
    package static func lookup(
        _ terms: [[UInt8]], in segments: [SegmentReader], source: any ByteSource
    ) throws -> [[TermEntry?]] {
        var round = ReadRound()
        // Slice of (segment, block), so that terms of one block share it.
        var sliceOfBlock: [[Int: Int]] = Array(repeating: [:], count: segments.count)
        for (index, segment) in segments.enumerated() {
            for term in terms {
                guard let block = segment.dictionaryIndex.block(of: term), sliceOfBlock[index][block] == nil else {
                    continue
                }
                sliceOfBlock[index][block] = round.add(segment, .dictionary, segment.dictionaryIndex.blockRange(block))
            }
        }
        var slices = try round.run(source)
        let scanner = DictionaryBlockScanner()
        return try segments.enumerated().map { index, segment in
            try terms.map { term in
                guard let block = segment.dictionaryIndex.block(of: term), let slice = sliceOfBlock[index][block] else {
                    return nil
                }
                return try segment.find(term, in: block, &slices[slice], scanner)
            }
        }
    }

    package func lookup(_ terms: [[UInt8]]) throws -> [TermEntry?] {
        try Self.lookup(terms, in: [self], source: source)[0]
    }

    private func find(
        _ term: [UInt8], in block: Int, _ slice: inout SectionSlice, _ scanner: DictionaryBlockScanner
    ) throws(EngineError) -> TermEntry? {
        let bytes = try slice.checked()
        load(bytes, block: block, into: scanner)
        return try decoding(.dictionary, at: slice.range.lowerBound) { () throws(RawError) -> TermEntry? in
            while try scanner.next() {
                let order = term.withUnsafeBufferPointer { scanner.key.compare($0) }
                if order == 0 { return scanner.entry }
                if order > 0 { return nil }
            }
            return nil
        }
    }

    /// Points `scanner` at a block of the dictionary.
    func load(_ bytes: UnsafeRawBufferPointer, block: Int, into scanner: DictionaryBlockScanner) {
        scanner.load(
            bytes, termCount: dictionaryIndex.termsInBlock(block, of: Int(footer.termCount)),
            postingsStart: dictionaryIndex.companionStarts[0][block],
            positionsStart: dictionaryIndex.companionStarts[1][block], documentCount: footer.documentCount)
    }

    /// Calls `body` with every term from `lower` on, ascending, until it returns false. For prefixes and wildcards.
    ///
    /// - Parameter body: the term is valid during the call.
    /// - Complexity: reads the dictionary in pieces of 64 blocks (about 30 KB) a round.
    package func forEachTerm(
        from lower: [UInt8], _ body: (UnsafeBufferPointer<UInt8>, TermEntry) throws -> Bool
    ) throws {
        let scanner = DictionaryBlockScanner()
        var block = dictionaryIndex.block(of: lower) ?? 0
        while block < dictionaryIndex.blockCount {
            let end = min(block + 64, dictionaryIndex.blockCount)
            let start = dictionaryIndex.blockRange(block).lowerBound
            var slice = try read(.dictionary, start..<dictionaryIndex.blockRange(end - 1).upperBound)
            let bytes = try slice.checked()
            while block < end {
                let range = dictionaryIndex.blockRange(block)
                let part = Int(range.lowerBound - start)..<Int(range.upperBound - start)
                load(UnsafeRawBufferPointer(rebasing: bytes[part]), block: block, into: scanner)
                while try decoding(.dictionary, at: range.lowerBound, { () throws(RawError) in try scanner.next() }) {
                    let isBefore = lower.withUnsafeBufferPointer { scanner.key.compare($0) < 0 }
                    if !isBefore, try !body(scanner.key.bytes, scanner.entry) { return }
                }
                block += 1
            }
        }
    }

    /// Opens posting lists of several segments with one round.
    package static func postings(
        _ wants: [(segment: SegmentReader, entry: TermEntry, needsPositions: Bool)], source: any ByteSource
    ) throws -> [PostingsCursor] {
        var round = ReadRound()
        for want in wants {
            round.add(want.segment, .postings, want.entry.postings)
            round.add(
                want.segment, .positions,
                want.needsPositions
                    ? want.entry.positions : want.entry.positions.lowerBound..<want.entry.positions.lowerBound)
        }
        let slices = try round.run(source)
        return try wants.enumerated().map { index, want in
            try PostingsCursor(want.segment, want.entry, postings: slices[2 * index], positions: slices[2 * index + 1])
        }
    }

    /// How many losers of this segment's kills have each term: one round for all segments.
    package static func correctionCounts(
        _ terms: [[UInt8]], in segments: [SegmentReader], source: any ByteSource
    ) throws -> [[UInt32]] {
        var round = ReadRound()
        var wanted: [(segment: Int, term: Int, block: Int)] = []
        for (index, segment) in segments.enumerated() {
            for (place, term) in terms.enumerated() {
                guard let block = segment.correctionIndex.block(of: term) else { continue }
                wanted.append((index, place, block))
                round.add(segment, .corrections, segment.correctionIndex.blockRange(block))
            }
        }
        var counts = segments.map { _ in [UInt32](repeating: 0, count: terms.count) }
        guard !round.isEmpty else { return counts }
        var slices = try round.run(source)
        let scanner = CorrectionBlockScanner()
        for (number, want) in wanted.enumerated() {
            let segment = segments[want.segment]
            let bytes = try slices[number].checked()
            segment.load(bytes, block: want.block, into: scanner)
            try segment.decoding(.corrections, at: slices[number].range.lowerBound) { () throws(RawError) in
                while try scanner.next() {
                    let order = terms[want.term].withUnsafeBufferPointer { scanner.key.compare($0) }
                    if order == 0 { counts[want.segment][want.term] = UInt32(scanner.ordinals.count) }
                    if order >= 0 { return }
                }
            }
        }
        return counts
    }

    /// Points `scanner` at a block of the corrections.
    func load(_ bytes: UnsafeRawBufferPointer, block: Int, into scanner: CorrectionBlockScanner) {
        scanner.load(
            bytes, termCount: correctionIndex.termsInBlock(block, of: Int(footer.correctionTermCount)),
            killCount: footer.killCount)
    }
}

/// Walks the entries of one block of the corrections.
final class CorrectionBlockScanner {
    let key = TermKeyBuffer()
    /// Kills whose losers have the term, ascending.
    private(set) var ordinals: [UInt32] = []
    private var cursor = RawCursor(UnsafeRawBufferPointer(start: nil, count: 0))
    private var leftCount = 0
    private var killCount: UInt32 = 0

    /// - Parameter bytes: of the block; kept alive by the caller until the last `next`.
    func load(_ bytes: UnsafeRawBufferPointer, termCount: Int, killCount: UInt32) {
        cursor = RawCursor(bytes)
        leftCount = termCount
        self.killCount = killCount
        key.clear()
    }

    /// Moves to the next term; false after the last.
    func next() throws(RawError) -> Bool {
        guard leftCount > 0 else {
            guard cursor.isAtEnd else { throw .malformed(what: "end of block", offset: cursor.offset) }
            return false
        }
        leftCount -= 1
        try key.read(&cursor)
        let count = try cursor.count("kill count", atMost: min(Int(killCount), cursor.remaining))
        ordinals.removeAll(keepingCapacity: true)
        var ordinal = 0
        for index in 0..<count {
            let step = try cursor.count("kill", atMost: Int(killCount))
            guard index == 0 || step > 0, ordinal + step < Int(killCount) else {
                throw .malformed(what: "kill \(ordinal + step)", offset: cursor.offset)
            }
            ordinal += step
            ordinals.append(UInt32(ordinal))
        }
        return true
    }
}
