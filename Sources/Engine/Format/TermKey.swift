package import News

// Keys of the dictionary: a field byte and a term. In articles whose words are reduced to stems the words of texts and headlines
// have two keys each, the word's and its stem's, which end in a zero and a byte that tells language and kind: so each list has
// documents of one language only, and the documents that a word matches are those of lists without a common document.
//
// Where a word is its own stem and that of no other in a segment, the stem's list would be the word's, and there is none: who looks
// for the stem takes the word's, whose key is the one before.

/// The tail of a key.
package enum TermKey {
    /// - Parameter isStem: else it is the word as it stands.
    package static func tail(_ language: StemLanguage, isStem: Bool) -> [UInt8] {
        [0, language.rawValue << 1 | (isStem ? 1 : 0)]
    }

    /// What the tail says; nil if there is none: only fields with stems have tails, and others may hold zeros. A field byte may be zero
    /// too: a tail stands behind that and a word.
    @inline(__always)
    private static func mark<Key: RandomAccessCollection<UInt8>>(of key: Key) -> UInt8? {
        guard key.count > 3, let field = key.first, let last = key.last,
            key[key.index(key.endIndex, offsetBy: -2)] == 0, IndexField(rawValue: field)?.hasStems == true
        else { return nil }
        return last
    }

    /// Whether it is that of a stem: no word of its own, and none that counts for a document's length.
    @inline(__always)
    package static func isStem(_ key: some RandomAccessCollection<UInt8>) -> Bool {
        mark(of: key).map { $0 & 1 == 1 } ?? false
    }

    /// Whether it is that of a word that has a stem beside it, of its own or as its own.
    static func isWordWithStem(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe mark(of: key).map { $0 & 1 == 0 } ?? false
    }

    /// Of the documents in its list; nil if their words are not reduced.
    package static func language(of key: some RandomAccessCollection<UInt8>) -> StemLanguage? {
        mark(of: key).flatMap { StemLanguage(rawValue: $0 >> 1) }
    }

    /// Of a stem's key the key right before it: of the word that the stem is itself. nil if it is no stem, or no stem of itself.
    ///
    /// The list of the word is part of the list of the stem, and is the stem's where the stem has none of its own.
    package static func ownWord(of key: [UInt8], _ stemmers: StemmerSet) -> [UInt8]? {
        guard isStem(key), let language = language(of: key) else { return nil }
        let stem = withoutTail(key)
        guard stemmers[language].isStem(stem.dropFirst()) else { return nil }
        return stem + tail(language, isStem: false)
    }

    /// The word, or its beginning, of what some keys begin with; the field is left out too.
    static func word(ofPrefix prefix: ArraySlice<UInt8>) -> ArraySlice<UInt8> { prefix.dropFirst().prefix { $0 != 0 } }

    /// Field and term without the tail.
    package static func withoutTail<Key: RandomAccessCollection<UInt8>>(_ key: Key) -> Key.SubSequence {
        key.dropLast(mark(of: key) == nil ? 0 : 2)
    }
}

extension IndexField {
    /// Whether its words are reduced to stems too.
    package var hasStems: Bool { self == .text || self == .headline || self == .quote }

    /// The key under which documents stand that have a word, in articles of one stem language or of none.
    ///
    /// - Parameter isExact: as it stands, not in another form.
    package func key(_ word: [UInt8], in language: StemLanguage?, isExact: Bool) -> [UInt8] {
        guard let language else { return key(word) }
        let term = isExact ? word : Stemmer.use(language) { $0.stem(word) }
        return key(term) + TermKey.tail(language, isStem: !isExact)
    }
}
