import CBits
import News

// Counting sort of a token stream into posting lists. Hot: two passes over the stream with random access to one 16-byte
// counter a token, and in the second to where its list goes on; then one over the terms in their order. All of it is asked of
// memory some steps before it is needed. That a word was seen before in its document cannot be guessed by a processor, so
// nothing branches on it. Lists of stems are then made of those of their words (StemMembers.swift, WordListMerge.swift).

@safe struct PostingsSorter {
    /// Pass one counts; then the counters become write cursors; pass two moves them to the ends of the lists.
    private struct Counter {
        var occurrences: UInt32 = 0
        var documents: UInt32 = 0
        /// Last document seen with the term, and in pass two its position there.
        var last: UInt32 = .max
        var position: UInt32 = 0
    }

    /// A document in the list of a term.
    struct Posting: BitwiseCopyable {
        var ordinal: UInt32
        var frequency: UInt32
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
    /// Stems also have lists where those are a word's own. Else these are left out, which kills cannot do: what a loser's segment has
    /// under the stem, another segment's kills must take away under the stem.
    var keepsAllStems = false

    private static let pairDistance = 36
    private static let counterDistance = 24
    private static let destinationDistance = 12
    /// In terms, of those in their order.
    private static let orderDistance = 16

    /// Calls `body` with each term that stands in a document, ascending, and its list, valid during the call.
    func forEachList(
        _ body: (_ term: UnsafeBufferPointer<UInt8>, _ list: PostingsEncoder.List) throws(EngineError) -> Void
    ) throws(EngineError) {
        let terms = stream.terms
        let (stems, members) = stemTerms()
        let counters = ScratchArray(repeating: Counter(), count: terms.termCount)
        let counts = unsafe counters.base
        for (document, item) in documents.enumerated() {
            let ordinal = UInt32(document)
            forEachTerm(of: item, stems) { term in
                unsafe cbits_prefetch_write(counts + Int(term))
            } ready: { _ in
            } _: { term, _ in
                let counter = unsafe counts + Int(term)
                unsafe counter.pointee.occurrences &+= 1
                unsafe counter.pointee.documents &+= counter.pointee.last != ordinal ? 1 : 0
                unsafe counter.pointee.last = ordinal
            }
        }
        let order = terms.sorted { unsafe counts[$0].documents > 0 || !members.range(of: $0).isEmpty }
        // Where each list starts, if lists are read again.
        let starts = ScratchArray<Start>(count: members.isEmpty ? 0 : terms.termCount)
        var next = Start()
        var longestCount: UInt32 = 0
        for (index, term) in order.enumerated() {
            unsafe cbits_prefetch_write(counts + Int(order[min(index + Self.orderDistance, order.count - 1)]))
            let at = Int(term)
            let counter = unsafe counts[at]
            unsafe counts[at] = Counter(occurrences: next.occurrence, documents: next.posting, last: .max)
            if !members.isEmpty { unsafe starts.base[at] = next }
            next.occurrence += counter.occurrences
            next.posting += counter.documents
            longestCount = max(longestCount, counter.documents)
        }
        // Pass two writes each before it is read.
        let positions = ScratchArray<UInt32>(count: Int(next.occurrence))
        let postings = ScratchArray<Posting>(count: Int(next.posting))
        unsafe scatter(stems, counts, positions.base, postings.base)
        let lists = unsafe Lists(counts, starts.base, postings.base, positions.base)
        var first = Start()
        let ordinals = ScratchArray<UInt32>(count: Int(longestCount))
        let frequencies = ScratchArray<UInt32>(count: Int(longestCount))
        let merge = WordListMerge(wordCount: members.largestCount)
        let key = ScratchArray<UInt8>(count: IndexField.maxTermBytes + 1)
        for (index, term) in order.enumerated() {
            let soon = Int(order[min(index + Self.orderDistance, order.count - 1)])
            unsafe cbits_prefetch(counts + soon)
            terms.prefetch(soon)
            terms.prefetchBytes(Int(order[min(index + Self.orderDistance / 2, order.count - 1)]))
            lists.prefetch(members, order, behind: index)
            let at = Int(term)
            let field = terms.field(at)
            // In bounds: no term is longer than the key has room for.
            let bytes = unsafe terms.bytes(at)
            unsafe key.base[0] = field
            unsafe (key.base + 1).update(from: bytes.baseAddress!, count: bytes.count)
            let name = unsafe UnsafeBufferPointer(start: key.base, count: bytes.count + 1)
            let words = members.range(of: at)
            guard words.isEmpty else {
                merge.clear()
                for word in words { unsafe merge.add(lists.postings(members[word]), lists.positions(members[word])) }
                try unsafe body(name, merge.list())
                continue
            }
            let counter = unsafe counts[at]
            let documentCount = Int(counter.documents - first.posting)
            for index in 0..<documentCount {
                let posting = unsafe postings.base[Int(first.posting) + index]
                unsafe ordinals.base[index] = posting.ordinal
                unsafe frequencies.base[index] = posting.frequency
            }
            let list = unsafe PostingsEncoder.List(
                documents: ordinals.base, frequencies: frequencies.base,
                positions: positions.base + Int(first.occurrence), documentCount: documentCount,
                occurrenceCount: Int(counter.occurrences - first.occurrence),
                hasPositions: IndexField(rawValue: field)!.hasPositions)
            first = Start(posting: counter.documents, occurrence: counter.occurrences)
            try unsafe body(name, list)
        }
    }

    /// Where a list starts among all.
    private struct Start: BitwiseCopyable {
        var posting: UInt32 = 0
        var occurrence: UInt32 = 0
    }

    /// The lists of all terms that were counted.
    @safe private struct Lists {
        /// At the ends of the lists.
        let counters: UnsafePointer<Counter>
        let starts: UnsafePointer<Start>
        let allPostings: UnsafePointer<Posting>
        let allPositions: UnsafePointer<UInt32>

        init(
            _ counters: UnsafePointer<Counter>, _ starts: UnsafePointer<Start>, _ postings: UnsafePointer<Posting>,
            _ positions: UnsafePointer<UInt32>
        ) {
            unsafe self.counters = unsafe counters
            unsafe self.starts = unsafe starts
            unsafe allPostings = unsafe postings
            unsafe allPositions = unsafe positions
        }

        /// Words of a stem that memory is asked for before: most have few.
        private static let soonCount = 3

        /// Asks memory, step by step, for the lists of the words of stems to come.
        @inline(__always)
        func prefetch(_ members: StemMembers, _ order: [UInt32], behind index: Int) {
            guard !members.isEmpty else { return }
            @inline(__always)
            func term(_ steps: Int) -> Int {
                Int(order[min(index + steps * PostingsSorter.orderDistance / 2, order.count - 1)])
            }
            members.prefetch(term(4))
            members.prefetchWords(term(3))
            for word in members.range(of: term(2)).prefix(Self.soonCount) {
                unsafe cbits_prefetch(starts + members[word])
                unsafe cbits_prefetch(counters + members[word])
            }
            for word in members.range(of: term(1)).prefix(Self.soonCount) {
                let start = unsafe starts[members[word]]
                unsafe cbits_prefetch(allPostings + Int(start.posting))
                unsafe cbits_prefetch(allPositions + Int(start.occurrence))
            }
        }

        func postings(_ term: Int) -> UnsafeBufferPointer<Posting> {
            let start = unsafe starts[term].posting
            return unsafe UnsafeBufferPointer(
                start: allPostings + Int(start), count: Int(counters[term].documents - start))
        }

        func positions(_ term: Int) -> UnsafeBufferPointer<UInt32> {
            let start = unsafe starts[term].occurrence
            return unsafe UnsafeBufferPointer(
                start: allPositions + Int(start), count: Int(counters[term].occurrences - start))
        }
    }

    /// By raw value of the language, and of all languages the words of each stem.
    private func stemTerms() -> ([StemTerms?], StemMembers) {
        let members = OutputBuffer()
        var found = [StemTerms?](repeating: nil, count: StemLanguage.allCases.count + 1)
        for language in StemLanguage.allCases {
            let ranges = documents.lazy.filter { $0.language == language }.map(\.tokens)
            if ranges.isEmpty { continue }
            found[Int(language.rawValue)] = StemTerms(
                language, Array(ranges), stream, keepsAll: keepsAllStems, members: members)
        }
        return (found, StemMembers(members, termCount: stream.terms.termCount))
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
                // Those of the next document may be of another language.
                if let later = stream.term(at: index &+ Self.counterDistance), let word = stems.word(later) {
                    soon(word)
                }
                if let later = stream.term(at: index &+ Self.destinationDistance), let word = stems.word(later) {
                    ready(word)
                }
            } _: { term, position in
                if let word = stems.word(term) { body(word, position) }
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
        _ postings: UnsafeMutablePointer<Posting>
    ) {
        for (document, item) in documents.enumerated() {
            let ordinal = UInt32(document)
            forEachTerm(of: item, stems) { term in
                unsafe cbits_prefetch_write(cursors + Int(term))
            } ready: { term in
                let counter = unsafe cursors + Int(term)
                unsafe cbits_prefetch_write(positions + Int(counter.pointee.occurrences))
                unsafe cbits_prefetch_write(postings + Int(counter.pointee.documents))
            } _: { term, position in
                // In bounds: pass one counted exactly these tokens.
                let cursor = unsafe cursors + Int(term)
                let isNew: UInt32 = unsafe cursor.pointee.last != ordinal ? 1 : 0
                // All bits of what goes on from the token before, none of what begins.
                let kept = isNew &- 1
                let posting = unsafe postings + Int(cursor.pointee.documents &- 1 &+ isNew)
                unsafe posting.pointee.ordinal = ordinal
                unsafe posting.pointee.frequency = (posting.pointee.frequency & kept) &+ 1
                unsafe positions[Int(cursor.pointee.occurrences)] = position &- (cursor.pointee.position & kept)
                unsafe cursor.pointee = Counter(
                    occurrences: cursor.pointee.occurrences &+ 1, documents: cursor.pointee.documents &+ isNew,
                    last: ordinal, position: position)
            }
        }
    }
}
