import CBits
import News

// What stands for the terms of a token stream in the documents of one stem language. Words and stems are made once for each
// distinct term when the stream is sorted, not for each token.

/// For each term of the stream that a document of the language has, the number of its word: of itself in fields without stems.
///
/// Confined to one thread.
@safe struct StemTerms {
    /// Of a term that no document of the language has.
    private static let none = UInt32.max
    private static let wanted = none - 1

    private let words: ScratchArray<UInt32>

    /// - Parameters:
    ///   - documents: those of the language: where their tokens lie.
    ///   - stream: its table has new terms afterwards.
    ///   - keepsAll: else a stem is left out that is one word's alone and that word itself: its list would be the word's.
    ///   - members: gets each stem and each of its words (`StemMembers`).
    init(
        _ language: StemLanguage, _ documents: [Range<Int>], _ stream: TokenStream, keepsAll: Bool,
        members: OutputBuffer
    ) {
        let terms = stream.terms
        let termCount = terms.termCount
        words = ScratchArray(repeating: Self.none, count: termCount)
        let words = unsafe words.base
        for range in documents {
            stream.forEach(in: range) { _ in
            } _: { term, _ in
                unsafe words[Int(term)] = Self.wanted
            }
        }
        // In the order of their words: stems of several are the same, while a word stands once in the table and so does its key.
        let stems = OutputBuffer(capacityBytes: 1 << 14)
        let stemmed = OutputBuffer(capacityBytes: 1 << 14)
        let wordTail = TermKey.tail(language, isStem: false)
        let stemTail = TermKey.tail(language, isStem: true)
        let key = ScratchArray<UInt8>(count: IndexField.maxTermBytes + TermTable.readableBytes)
        /// In bounds: a term with its tail is no longer than a term may be.
        func keyed(_ term: UnsafeBufferPointer<UInt8>, _ tail: [UInt8]) -> UnsafeBufferPointer<UInt8> {
            unsafe key.base.update(from: term.baseAddress!, count: term.count)
            for index in tail.indices { unsafe key.base[term.count + index] = tail[index] }
            return unsafe UnsafeBufferPointer(start: key.base, count: term.count + tail.count)
        }
        Stemmer.use(language) { stemmer in
            for term in 0..<termCount where unsafe words[term] == Self.wanted {
                let field = terms.field(term)
                guard IndexField(rawValue: field)!.hasStems else {
                    unsafe words[term] = UInt32(term)
                    continue
                }
                let stem = unsafe stemmer.stem(terms.bytes(term))
                let isOwn = unsafe stem.elementsEqual(terms.bytes(term))
                unsafe words[term] = terms.append(field, keyed(terms.bytes(term), wordTail))
                unsafe stemmed.fixed(words[term] | (isOwn ? Self.ownMark : 0))
                unsafe stem.withUnsafeBufferPointer {
                    unsafe terms.add(field, keyed($0, stemTail), mark: 0, to: stems)
                }
            }
        }
        terms.flush(to: stems)
        // For each stem the words that have it, two for more.
        let wordCounts = ScratchArray<UInt8>(repeating: 0, count: terms.termCount)
        let counts = unsafe wordCounts.base
        /// In bounds: there is a stem for each word that was stemmed, in the same order.
        func number(_ index: Int, of buffer: OutputBuffer) -> UInt32 {
            unsafe buffer.bytes.load(fromByteOffset: index &* 4, as: UInt32.self)
        }
        for index in 0..<stemmed.count / 4 {
            let stem = Int(number(index, of: stems))
            unsafe counts[stem] = min(counts[stem] + 1, 2)
        }
        for index in 0..<stemmed.count / 4 {
            let stem = number(index, of: stems)
            let word = number(index, of: stemmed)
            if !keepsAll, word & Self.ownMark != 0, unsafe counts[Int(stem)] == 1 { continue }
            members.fixed(stem)
            members.fixed(word & ~Self.ownMark)
        }
    }

    /// Of a word that is its own stem; no table has so many terms.
    private static let ownMark: UInt32 = 1 << 31

    /// Asks memory for what `word` needs.
    @inline(__always)
    func prefetch(_ term: UInt32) { unsafe cbits_prefetch(words.base + Int(term)) }

    /// What stands for one of the stream's terms; nil if no document of the language has it.
    @inline(__always)
    func word(_ term: UInt32) -> UInt32? {
        let word = unsafe words.base[Int(term)]
        return word == Self.none ? nil : word
    }
}
