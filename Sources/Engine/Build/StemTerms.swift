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
        let numbers = OutputBuffer(capacityBytes: 1 << 14)
        let wordTail = TermKey.tail(language, isStem: false)
        let stemTail = TermKey.tail(language, isStem: true)
        Stemmer.use(language) { stemmer in
            for term in 0..<termCount where unsafe pairs[term].word == 0 {
                let field = terms.field(term)
                guard IndexField(rawValue: field)!.hasStems else { continue }
                let word = unsafe Array(terms.bytes(term))
                for key in [word + wordTail, stemmer.stem(word) + stemTail] {
                    unsafe TermTable.withReadable(key) { unsafe terms.add(field, $0, mark: 0, to: numbers) }
                }
            }
        }
        terms.flush(to: numbers)
        var next = 0
        for term in 0..<termCount where unsafe pairs[term].word == 0 {
            guard IndexField(rawValue: terms.field(term))!.hasStems else {
                unsafe pairs[term].word = UInt32(term)
                continue
            }
            // In bounds: two numbers were written for each of these terms, in this order.
            unsafe pairs[term].word = numbers.bytes.load(fromByteOffset: next, as: UInt32.self)
            unsafe pairs[term].stem = numbers.bytes.load(fromByteOffset: next + 4, as: UInt32.self)
            next += 8
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
