import CBits

// Counting sort of a token stream into posting lists. Hot: two passes over the stream with random access to one 16-byte
// counter a token, and in the second to where its list goes on. Both are asked of memory some tokens before they are needed:
// distances by measurement.

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

    private static let counterDistance = 24
    private static let destinationDistance = 12

    /// Calls `body` with each term that stands in a document, ascending, and its list, valid during the call.
    func forEachList(
        _ body: (_ term: UnsafeBufferPointer<UInt8>, _ list: PostingsEncoder.List) throws(EngineError) -> Void
    ) throws(EngineError) {
        let terms = stream.terms
        let counters = ScratchArray(repeating: Counter(), count: terms.termCount)
        let counts = unsafe counters.base
        for (document, range) in documents.enumerated() {
            let ordinal = UInt32(document)
            stream.forEach(in: range) { index in
                guard let later = stream.term(at: index &+ Self.counterDistance) else { return }
                unsafe cbits_prefetch_write(counts + Int(later))
            } _: { term, _ in
                let at = Int(term)
                unsafe counts[at].occurrences &+= 1
                if unsafe counts[at].last != ordinal {
                    unsafe counts[at].last = ordinal
                    unsafe counts[at].documents &+= 1
                }
            }
        }
        let order = terms.sorted { unsafe counts[$0].documents > 0 }
        var occurrenceCount = 0
        var postingCount = 0
        for term in order {
            let at = Int(term)
            let counter = unsafe counts[at]
            unsafe counts[at] = Counter(
                occurrences: UInt32(occurrenceCount), documents: UInt32(postingCount), last: .max)
            occurrenceCount += Int(counter.occurrences)
            postingCount += Int(counter.documents)
        }
        let positions = ScratchArray<UInt32>(repeating: 0, count: occurrenceCount)
        let ordinals = ScratchArray<UInt32>(repeating: 0, count: postingCount)
        let frequencies = ScratchArray<UInt32>(repeating: 0, count: postingCount)
        unsafe scatter(counts, positions.base, ordinals.base, frequencies.base)
        var firstOccurrence = 0
        var firstPosting = 0
        var key = [UInt8](repeating: 0, count: IndexField.maxTermBytes + 1)
        for term in order {
            let at = Int(term)
            let bytes = unsafe terms.bytes(at)
            let list = unsafe PostingsEncoder.List(
                documents: ordinals.base + firstPosting, frequencies: frequencies.base + firstPosting,
                positions: positions.base + firstOccurrence, documentCount: Int(counts[at].documents) - firstPosting,
                occurrenceCount: Int(counts[at].occurrences) - firstOccurrence,
                hasPositions: IndexField(rawValue: terms.field(at))!.hasPositions)
            firstPosting = unsafe Int(counts[at].documents)
            firstOccurrence = unsafe Int(counts[at].occurrences)
            key[0] = terms.field(at)
            for index in 0..<bytes.count { key[index + 1] = unsafe bytes[index] }
            var failure: EngineError?
            unsafe key.withUnsafeBufferPointer { key in
                do throws(EngineError) {
                    try unsafe body(UnsafeBufferPointer(rebasing: key[..<(bytes.count + 1)]), list)
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
            stream.forEach(in: range) { index in
                if let later = stream.term(at: index &+ Self.counterDistance) {
                    unsafe cbits_prefetch_write(cursors + Int(later))
                }
                guard let later = stream.term(at: index &+ Self.destinationDistance) else { return }
                let counter = unsafe cursors + Int(later)
                unsafe cbits_prefetch_write(positions + Int(counter.pointee.occurrences))
                unsafe cbits_prefetch_write(ordinals + Int(counter.pointee.documents))
                unsafe cbits_prefetch_write(frequencies + Int(counter.pointee.documents))
            } _: { term, position in
                let at = Int(term)
                // In bounds: pass one counted exactly these tokens.
                if unsafe cursors[at].last != ordinal {
                    unsafe cursors[at].last = ordinal
                    unsafe ordinals[Int(cursors[at].documents)] = ordinal
                    unsafe cursors[at].documents &+= 1
                }
                unsafe frequencies[Int(cursors[at].documents) &- 1] &+= 1
                unsafe positions[Int(cursors[at].occurrences)] = position
                unsafe cursors[at].occurrences &+= 1
            }
        }
    }
}
