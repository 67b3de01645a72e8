import CBits
import News

// Counting sort of a token stream into posting lists. Hot: two passes over the stream with random access to one 16-byte
// counter a token, and in the second to where its list goes on. Both are asked of memory some tokens before they are needed.

@safe struct PostingsSorter {
    /// Pass one counts; then the counters become write cursors; pass two moves them to the ends of the lists.
    private struct Counter {
        var occurrences: UInt32 = 0
        var documents: UInt32 = 0
        /// Last document seen with the term, and in pass two its position there.
        var last: UInt32 = .max
        var position: UInt32 = 0
    }

    /// A document to sort.
    struct Document {
        /// Where its tokens lie in the stream.
        var tokens: Range<Int>
        /// Of its words, if they are reduced to stems.
        var language: StemLanguage?
    }

    /// In their final order.
    let documents: [Document]
    let stream: TokenStream

    private static let pairDistance = 36
    private static let counterDistance = 24
    private static let destinationDistance = 12

    /// Calls `body` with each term that stands in a document, ascending, and its list, valid during the call.
    func forEachList(
        _ body: (_ term: UnsafeBufferPointer<UInt8>, _ list: PostingsEncoder.List) throws(EngineError) -> Void
    ) throws(EngineError) {
        let terms = stream.terms
        let stems = stemTerms()
        let counters = ScratchArray(repeating: Counter(), count: terms.termCount)
        let counts = unsafe counters.base
        for (document, item) in documents.enumerated() {
            let ordinal = UInt32(document)
            forEachTerm(of: item, stems) { term in
                unsafe cbits_prefetch_write(counts + Int(term))
            } ready: { _ in
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
        // Pass two writes each before it reads it.
        let positions = ScratchArray<UInt32>(count: occurrenceCount)
        let ordinals = ScratchArray<UInt32>(count: postingCount)
        let frequencies = ScratchArray<UInt32>(count: postingCount)
        unsafe scatter(stems, counts, positions.base, ordinals.base, frequencies.base)
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

    /// By raw value of the language.
    private func stemTerms() -> [StemTerms?] {
        var found = [StemTerms?](repeating: nil, count: StemLanguage.allCases.count + 1)
        for language in StemLanguage.allCases {
            let ranges = documents.lazy.filter { $0.language == language }.map(\.tokens)
            if ranges.isEmpty { continue }
            found[Int(language.rawValue)] = StemTerms(language, Array(ranges), stream)
        }
        return found
    }

    /// Calls `body` with each (term, position) of a document.
    ///
    /// - Parameters:
    ///   - soon: gets terms some tokens before `body` does.
    ///   - ready: gets them a few tokens before.
    @inline(__always)
    private func forEachTerm(
        of document: Document, _ stems: [StemTerms?], soon: (UInt32) -> Void, ready: (UInt32) -> Void,
        _ body: (UInt32, UInt32) -> Void
    ) {
        if let language = document.language, let stems = stems[Int(language.rawValue)] {
            stream.forEach(in: document.tokens) { index in
                if let later = stream.term(at: index &+ Self.pairDistance) { stems.prefetch(later) }
                if let later = stream.term(at: index &+ Self.counterDistance) { stems.forEach(later, soon) }
                if let later = stream.term(at: index &+ Self.destinationDistance) { stems.forEach(later, ready) }
            } _: { term, position in
                stems.forEach(term) { body($0, position) }
            }
        } else {
            stream.forEach(in: document.tokens) { index in
                if let later = stream.term(at: index &+ Self.counterDistance) { soon(later) }
                if let later = stream.term(at: index &+ Self.destinationDistance) { ready(later) }
            } _: { term, position in
                body(term, position)
            }
        }
    }

    private func scatter(
        _ stems: [StemTerms?], _ cursors: UnsafeMutablePointer<Counter>, _ positions: UnsafeMutablePointer<UInt32>,
        _ ordinals: UnsafeMutablePointer<UInt32>, _ frequencies: UnsafeMutablePointer<UInt32>
    ) {
        for (document, item) in documents.enumerated() {
            let ordinal = UInt32(document)
            forEachTerm(of: item, stems) { term in
                unsafe cbits_prefetch_write(cursors + Int(term))
            } ready: { term in
                let counter = unsafe cursors + Int(term)
                unsafe cbits_prefetch_write(positions + Int(counter.pointee.occurrences))
                unsafe cbits_prefetch_write(ordinals + Int(counter.pointee.documents))
                unsafe cbits_prefetch_write(frequencies + Int(counter.pointee.documents))
            } _: { term, position in
                let at = Int(term)
                // In bounds: pass one counted exactly these tokens.
                var before: UInt32 = 0
                if unsafe cursors[at].last != ordinal {
                    unsafe cursors[at].last = ordinal
                    let posting = unsafe Int(cursors[at].documents)
                    unsafe ordinals[posting] = ordinal
                    unsafe frequencies[posting] = 1
                    unsafe cursors[at].documents &+= 1
                } else {
                    unsafe frequencies[Int(cursors[at].documents) &- 1] &+= 1
                    before = unsafe cursors[at].position
                }
                unsafe positions[Int(cursors[at].occurrences)] = position &- before
                unsafe cursors[at].position = position
                unsafe cursors[at].occurrences &+= 1
            }
        }
    }
}
