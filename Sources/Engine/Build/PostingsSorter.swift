// Counting sort of a token stream into posting lists. Hot: two passes over the stream with random access to one 16-byte
// counter a token.

@safe struct PostingsSorter {
    /// Pass one counts; then the counters become write cursors; pass two moves them to the ends of the lists.
    private struct Counter {
        var occurrences: UInt32 = 0
        var documents: UInt32 = 0
        /// Last document seen with the term.
        var last: UInt32 = .max
    }

    /// Documents to sort, in their final order: where the tokens of each lie in the stream.
    let documents: [Range<Int>]
    let stream: TokenStream

    /// Calls `body` with each term that stands in a document, ascending, and its list, valid during the call.
    func forEachList(
        _ body: (_ term: UnsafeBufferPointer<UInt8>, _ list: PostingsEncoder.List) throws(EngineError) -> Void
    ) throws(EngineError) {
        let terms = stream.terms
        let counters = ScratchArray(repeating: Counter(), count: terms.termCount)
        let counts = counters.base
        for (document, range) in documents.enumerated() {
            let ordinal = UInt32(document)
            stream.forEach(in: range) { term, _ in
                let at = Int(term)
                counts[at].occurrences &+= 1
                if counts[at].last != ordinal {
                    counts[at].last = ordinal
                    counts[at].documents &+= 1
                }
            }
        }
        let order = terms.sorted { counts[$0].documents > 0 }
        var occurrenceCount = 0
        var postingCount = 0
        for term in order {
            let at = Int(term)
            let counter = counts[at]
            counts[at] = Counter(occurrences: UInt32(occurrenceCount), documents: UInt32(postingCount), last: .max)
            occurrenceCount += Int(counter.occurrences)
            postingCount += Int(counter.documents)
        }
        let positions = ScratchArray<UInt32>(repeating: 0, count: occurrenceCount)
        let ordinals = ScratchArray<UInt32>(repeating: 0, count: postingCount)
        let frequencies = ScratchArray<UInt32>(repeating: 0, count: postingCount)
        scatter(counts, positions.base, ordinals.base, frequencies.base)
        var firstOccurrence = 0
        var firstPosting = 0
        var key = [UInt8](repeating: 0, count: IndexField.maxTermBytes + 1)
        for term in order {
            let at = Int(term)
            let bytes = terms.bytes(at)
            let list = PostingsEncoder.List(
                documents: ordinals.base + firstPosting, frequencies: frequencies.base + firstPosting,
                positions: positions.base + firstOccurrence, documentCount: Int(counts[at].documents) - firstPosting,
                occurrenceCount: Int(counts[at].occurrences) - firstOccurrence,
                hasPositions: IndexField(rawValue: terms.field(at))!.hasPositions)
            firstPosting = Int(counts[at].documents)
            firstOccurrence = Int(counts[at].occurrences)
            key[0] = terms.field(at)
            for index in 0..<bytes.count { key[index + 1] = bytes[index] }
            var failure: EngineError?
            key.withUnsafeBufferPointer { key in
                do throws(EngineError) {
                    try body(UnsafeBufferPointer(rebasing: key[..<(bytes.count + 1)]), list)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
    }

    private func scatter(
        _ cursors: UnsafeMutablePointer<Counter>, _ positions: UnsafeMutablePointer<UInt32>,
        _ ordinals: UnsafeMutablePointer<UInt32>, _ frequencies: UnsafeMutablePointer<UInt32>
    ) {
        for (document, range) in documents.enumerated() {
            let ordinal = UInt32(document)
            stream.forEach(in: range) { term, position in
                let at = Int(term)
                // In bounds: pass one counted exactly these tokens.
                if cursors[at].last != ordinal {
                    cursors[at].last = ordinal
                    ordinals[Int(cursors[at].documents)] = ordinal
                    cursors[at].documents &+= 1
                }
                frequencies[Int(cursors[at].documents) &- 1] &+= 1
                positions[Int(cursors[at].occurrences)] = position
                cursors[at].occurrences &+= 1
            }
        }
    }
}
