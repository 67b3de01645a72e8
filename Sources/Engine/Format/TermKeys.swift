import News

/// Terms to look up in one segment after the other, in raw memory of their own: so that walking them counts no references. Never
/// changed; pointers into it are valid as long as it lives.
@safe package final class TermKeys: Sendable {
    /// A term, valid as long as the object it is of.
    @safe struct Key {
        let bytes: UnsafeRawBufferPointer
        /// The first eight bytes (`TermBlockIndex.prefix`).
        let prefix: UInt64
    }

    /// `nonisolated(unsafe)`: written by `init` alone.
    private nonisolated(unsafe) let keys: UnsafeMutableBufferPointer<Key>
    /// For each key that of the word whose list may be its own (`TermKey.ownWord`), which is before it.
    private nonisolated(unsafe) let words: UnsafeMutableBufferPointer<Key?>
    private nonisolated(unsafe) let bytes: UnsafeMutableBufferPointer<UInt8>
    /// For each term where its keys end.
    private nonisolated(unsafe) let ends: UnsafeMutableBufferPointer<Int>

    /// - Parameter terms: of each its keys, best ascending.
    package init(_ terms: [[[UInt8]]]) {
        let all = terms.flatMap(\.self)
        let stemmers = StemmerSet()
        let own = all.map { TermKey.ownWord(of: $0, stemmers) }
        let both = all + own.compactMap(\.self)
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: both.reduce(0) { $0 + $1.count })
        _ = unsafe bytes.initialize(from: both.joined())
        let keys = UnsafeMutableBufferPointer<Key>.allocate(capacity: all.count)
        let words = UnsafeMutableBufferPointer<Key?>.allocate(capacity: all.count)
        var start = 0
        func next(_ key: [UInt8]) -> Key {
            let range = start..<start + key.count
            start = range.upperBound
            let own = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[range])
            return unsafe Key(bytes: own, prefix: TermBlockIndex.prefix(key))
        }
        for (index, key) in all.enumerated() { unsafe keys.initializeElement(at: index, to: next(key)) }
        for (index, word) in own.enumerated() { unsafe words.initializeElement(at: index, to: word.map(next)) }
        let ends = UnsafeMutableBufferPointer<Int>.allocate(capacity: terms.count)
        var end = 0
        for (index, term) in terms.enumerated() {
            end += term.count
            unsafe ends.initializeElement(at: index, to: end)
        }
        unsafe self.bytes = unsafe bytes
        unsafe self.keys = unsafe keys
        unsafe self.words = unsafe words
        unsafe self.ends = unsafe ends
    }

    deinit {
        unsafe bytes.deallocate()
        unsafe keys.deallocate()
        unsafe words.deallocate()
        unsafe ends.deallocate()
    }

    var termCount: Int { unsafe ends.count }

    /// Where the keys of a term are among all.
    @inline(__always)
    func range(of term: Int) -> Range<Int> { unsafe (term == 0 ? 0 : ends[term &- 1])..<ends[term] }

    /// - Parameter index: in the range of a term.
    @inline(__always)
    subscript(_ index: Int) -> Key { unsafe keys[index] }

    /// - Parameter index: in the range of a term.
    @inline(__always)
    func word(_ index: Int) -> Key? { unsafe words[index] }
}
