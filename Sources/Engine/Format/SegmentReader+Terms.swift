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
        let plan = TermLookup(terms, in: segments, \.dictionaryIndex, .dictionary, &round)
        let slices = try round.run(source)
        return try plan.entries(slices)
    }

    package func lookup(_ terms: [[UInt8]]) throws -> [TermEntry?] {
        try Self.lookup(terms, in: [self], source: source)[0]
    }

    /// A block of the dictionary, to look terms up in.
    ///
    /// - Parameter bytes: of the block, checked.
    @inline(__always)
    private func dictionaryBlock(_ block: Int, _ bytes: UnsafeRawBufferPointer) throws(EngineError) -> DictionaryBlock {
        do throws(RawError) {
            return try unsafe DictionaryBlock(
                bytes, termCount: dictionaryIndex.termsInBlock(block, of: Int(footer.termCount)),
                postings: dictionaryIndex.companionStarts[0][block],
                positions: dictionaryIndex.companionStarts[1][block], documentCount: footer.documentCount)
        } catch {
            throw located(error, .dictionary, dictionaryIndex.blockRange(block).lowerBound)
        }
    }

    @inline(__always)
    private func find(
        _ term: UnsafeRawBufferPointer, in dictionaryBlock: inout DictionaryBlock, _ block: Int
    ) throws(EngineError) -> TermEntry? {
        do throws(RawError) { return try unsafe dictionaryBlock.find(term) } catch {
            throw located(error, .dictionary, dictionaryIndex.blockRange(block).lowerBound)
        }
    }

    /// The entry of a term in the block of the dictionary that would hold it.
    ///
    /// - Parameter bytes: of the block, checked.
    func entry(of term: [UInt8], inBlock block: Int, _ bytes: UnsafeRawBufferPointer) throws(EngineError) -> TermEntry?
    {
        var dictionaryBlock = try unsafe dictionaryBlock(block, bytes)
        return try unsafe term.withUnsafeBufferPointer { term throws(EngineError) in
            try unsafe find(UnsafeRawBufferPointer(term), in: &dictionaryBlock, block)
        }
    }

    /// Looks up the keys of one term: quickly if they ascend and lie close together, as those of a word do. The object is mapped.
    ///
    /// - Parameters:
    ///   - isWanted: which of them are looked up, counted from the term's first.
    ///   - body: told which of them is there, and its entry, which of a stem may be a word's (`TermKey.ownWord`).
    @inline(__always)
    package func forEachMappedEntry(
        of keys: TermKeys, _ term: Int, where isWanted: (Int) -> Bool, _ body: (Int, TermEntry) -> Void
    ) throws(EngineError) {
        var number = -1
        var block = DictionaryBlock()
        func find(_ key: TermKeys.Key) throws(EngineError) -> TermEntry? {
            if unsafe number < 0 || !block.isAhead(key.bytes) || dictionaryIndex.isBehind(number, key) {
                guard let found = dictionaryIndex.block(of: key),
                    let bytes = try mappedBytes(.dictionary, dictionaryIndex.blockRange(found))
                else { return nil }
                try bytes.check(0..<bytes.count)
                number = found
                block = try unsafe dictionaryBlock(found, bytes.unchecked)
            }
            return try unsafe self.find(key.bytes, in: &block, number)
        }
        let range = keys.range(of: term)
        for index in range where isWanted(index &- range.lowerBound) {
            let word = try keys.word(index).flatMap { (word) throws(EngineError) in try find(word) }
            if let entry = try find(keys[index]) ?? word { body(index &- range.lowerBound, entry) }
        }
    }

    /// Points `scanner` at a block of the dictionary.
    ///
    /// - Parameter part: of the slice, where the block is.
    func load(
        _ slice: SectionSlice, _ part: Range<Int>, block: Int, into scanner: DictionaryBlockScanner
    ) throws(EngineError) {
        try scanner.load(
            slice, part, termCount: dictionaryIndex.termsInBlock(block, of: Int(footer.termCount)),
            postings: dictionaryIndex.companionRange(0, block), positions: dictionaryIndex.companionRange(1, block),
            documentCount: footer.documentCount)
    }

    /// Begins a walk of a block of the dictionary.
    ///
    /// - Parameter part: of the slice, where the block is.
    func load(
        _ slice: SectionSlice, _ part: Range<Int>, block: Int, into walk: inout DictionaryWalk
    ) throws(EngineError) {
        let cursor = try slice.cursor(part)
        do throws(RawError) {
            try walk.load(
                cursor, of: slice, termCount: dictionaryIndex.termsInBlock(block, of: Int(footer.termCount)),
                postings: dictionaryIndex.companionStarts[0][block],
                positions: dictionaryIndex.companionStarts[1][block], documentCount: footer.documentCount)
        } catch {
            throw located(error, .dictionary, dictionaryIndex.blockRange(block).lowerBound)
        }
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
            let slice = try read(.dictionary, start..<dictionaryIndex.blockRange(end - 1).upperBound)
            while block < end {
                let range = dictionaryIndex.blockRange(block)
                let part = Int(range.lowerBound - start)..<Int(range.upperBound - start)
                try load(slice, part, block: block, into: scanner)
                while try decoding(.dictionary, at: range.lowerBound, { () throws(RawError) in try scanner.next() }) {
                    let isBefore = unsafe lower.withUnsafeBufferPointer { unsafe scanner.key.compare($0) < 0 }
                    if !isBefore, try unsafe !body(scanner.key.bytes, scanner.entry) { return }
                }
                block += 1
            }
        }
    }

    /// Calls `body` with every corrected term, ascending, and the kills whose losers have it, until it returns false.
    ///
    /// - Parameter body: the term is valid during the call.
    package func forEachCorrection(_ body: (UnsafeBufferPointer<UInt8>, [UInt32]) throws -> Bool) throws {
        let stream = CorrectionStream(self)
        while try stream.advance() {
            if try unsafe !body(stream.key.bytes, stream.ordinals) { return }
        }
    }

    /// Points `scanner` at a block of the corrections.
    func load(
        _ slice: SectionSlice, _ part: Range<Int>, block: Int, into scanner: CorrectionBlockScanner
    ) throws(EngineError) {
        try scanner.load(
            slice, part, termCount: correctionIndex.termsInBlock(block, of: Int(footer.correctionTermCount)),
            killCount: footer.killCount)
    }
}
