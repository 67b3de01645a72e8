// From a word with stars or `~` to the terms that it stands for: which blocks of a dictionary can hold any, and which of their terms they
// are. Most terms are passed over unread, as nothing can match that begins like one that has failed.

extension SegmentReader {
    /// Blocks of the dictionary that can hold terms of an expansion, ascending.
    func blocks(of expansion: QueryPlan.Expansion) -> [Int] {
        guard dictionaryIndex.blockCount > 0 else { return [] }
        let prefix = expansion.field.key(expansion.pattern.literalPrefix)
        var (first, after) = (prefix, Self.successor(of: prefix))
        // What is written without blanks stands in no term that begins with anything else.
        if case .wildcard(let parts) = expansion.pattern, parts[0].isEmpty,
            let single = parts.first(where: Tokenizer.isUnpaired)
        {
            let leads = Tokenizer.pairLeads(single)
            first = expansion.field.key([leads.lowerBound])
            after = expansion.field.key([leads.upperBound + 1])
        }
        guard let end = dictionaryIndex.block(of: after) else { return [] }
        let blocks = (dictionaryIndex.block(of: first) ?? 0)...end
        guard case .fuzzy(let word, let distance) = expansion.pattern else { return Array(blocks) }
        return self.blocks(in: blocks, near: word, distance)
    }

    /// Those of some blocks of one field that can hold words within so many changes of `word`.
    private func blocks(in blocks: ClosedRange<Int>, near word: [UInt8], _ distance: Int) -> [Int] {
        var measure = EditDistance(to: word, limit: distance)
        var near: [Int] = []
        var block = blocks.lowerBound
        while block <= blocks.upperBound {
            // All terms of a block begin with what its first and the next block's have in common.
            let common = dictionaryIndex.commonWithNext(block)
            guard common.count > 1, !measure.canMatch(prefix: TermKey.word(ofPrefix: common)) else {
                near.append(block)
                block += 1
                continue
            }
            // And so does every block up to the last whose first term is not behind all that begin so.
            let dead = Array(common.prefix(1 + measure.readCount))
            block = max(block + 1, dictionaryIndex.block(of: Self.successor(of: dead)) ?? block)
        }
        return near
    }

    /// The least key that is above all with a prefix; field bytes are small, so there is one.
    private static func successor(of prefix: [UInt8]) -> [UInt8] {
        var after = prefix
        while let last = after.last, last == .max { after.removeLast() }
        after[after.count - 1] += 1
        return after
    }

    /// Blocks put together where to read what lies between costs less than to read once more.
    func runs(of blocks: [Int]) -> [[Int]] {
        let nearBytes: UInt64 = 64 << 10
        var runs: [[Int]] = []
        for block in blocks {
            if let last = runs.last?.last,
                dictionaryIndex.blockRange(block).lowerBound - dictionaryIndex.blockRange(last).upperBound <= nearBytes
            {
                runs[runs.count - 1].append(block)
            } else {
                runs.append([block])
            }
        }
        return runs
    }

    /// Calls `body` with each term that an expansion stands for, without field and tail, and its entry, until it returns false.
    func forEachMatch(
        of expansion: QueryPlan.Expansion, _ blocks: [Int], _ slice: SectionSlice,
        _ body: (UnsafeBufferPointer<UInt8>, TermEntry) -> Bool
    ) throws {
        var walk = DictionaryWalk()
        var matcher = TermMatcher(expansion.pattern)
        let start = slice.range.lowerBound
        for block in blocks {
            let range = dictionaryIndex.blockRange(block)
            try load(
                slice, Int(range.lowerBound - start)..<Int(range.upperBound - start), block: block, into: &walk)
            let goesOn = try decoding(.dictionary, at: range.lowerBound) { () throws(RawError) in
                try unsafe Self.forEachMatch(&matcher, expansion.field, &walk, body)
            }
            if !goesOn { return }
        }
    }

    /// The same of one block; false if `body` has returned that.
    @inline(__always)
    private static func forEachMatch(
        _ matcher: inout TermMatcher, _ field: IndexField, _ walk: inout DictionaryWalk,
        _ body: (UnsafeBufferPointer<UInt8>, TermEntry) -> Bool
    ) throws(RawError) -> Bool {
        var common = Int.max
        while try walk.next(sharingAtMost: common) {
            let key = unsafe walk.key.bytes
            guard unsafe key[0] == field.rawValue else {
                common = 0
                continue
            }
            common = .max
            guard unsafe !TermKey.isStem(key) else { continue }
            let word = unsafe UnsafeBufferPointer(rebasing: TermKey.withoutTail(key).dropFirst())
            if unsafe matcher.matches(word) {
                if try unsafe !body(word, walk.entry()) { return false }
            } else if let read = matcher.deadCount {
                // Field and beginning: of what begins so nothing can match.
                common = read
            }
        }
        return true
    }
}
