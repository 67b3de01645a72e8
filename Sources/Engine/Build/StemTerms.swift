import CBits
import News

// What stands for the terms of a token stream in the documents of one stem language. Words and stems are made once for each
// distinct term when the stream is sorted, not for each token.

/// For each term of the stream that a document of the language has, the numbers of its word and its stem.
///
/// Confined to one thread.
@safe struct StemTerms {
    /// Of a term that no document of the language has.
    static let none = UInt32.max

    private struct Pair {
        var word = StemTerms.none
        /// `none` in fields without stems.
        var stem = StemTerms.none
    }

    private let pairs: ScratchArray<Pair>

    /// - Parameters:
    ///   - documents: those of the language: where their tokens lie.
    ///   - stream: its table has new terms afterwards.
    init(_ language: StemLanguage, _ documents: [Range<Int>], _ stream: TokenStream) {
        let terms = stream.terms
        let termCount = terms.termCount
        pairs = ScratchArray(repeating: Pair(), count: termCount)
        let pairs = unsafe pairs.base
        for range in documents {
            stream.forEach(in: range) { _ in
            } _: { term, _ in
                unsafe pairs[Int(term)].word = 0
            }
        }
        // Of stems, in the order of their words: those of several are the same, while a word stands once in the table and so
        // does its key.
        let stems = OutputBuffer(capacityBytes: 1 << 14)
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
            for term in 0..<termCount where unsafe pairs[term].word == 0 {
                let field = terms.field(term)
                guard IndexField(rawValue: field)!.hasStems else {
                    unsafe pairs[term].word = UInt32(term)
                    continue
                }
                let stem = unsafe stemmer.stem(terms.bytes(term))
                unsafe pairs[term].word = terms.append(field, keyed(terms.bytes(term), wordTail))
                unsafe stem.withUnsafeBufferPointer {
                    unsafe terms.add(field, keyed($0, stemTail), mark: 0, to: stems)
                }
                // Until it has its number.
                unsafe pairs[term].stem = 0
            }
        }
        terms.flush(to: stems)
        var next = 0
        for term in 0..<termCount where unsafe pairs[term].stem == 0 {
            // In bounds: a number was written for each of these terms, in this order.
            unsafe pairs[term].stem = stems.bytes.load(fromByteOffset: next, as: UInt32.self)
            next += 4
        }
    }

    /// Asks memory for what `forEach` needs.
    @inline(__always)
    func prefetch(_ term: UInt32) { unsafe cbits_prefetch(pairs.base + Int(term)) }

    /// Calls `body` with the terms that stand for one of the stream's, one or two.
    @inline(__always)
    func forEach(_ term: UInt32, _ body: (UInt32) -> Void) {
        let pair = unsafe pairs.base[Int(term)]
        if pair.word != Self.none { body(pair.word) }
        if pair.stem != Self.none { body(pair.stem) }
    }
}
