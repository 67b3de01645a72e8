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
    private nonisolated(unsafe) let bytes: UnsafeMutableBufferPointer<UInt8>
    /// For each term where its keys end.
    private nonisolated(unsafe) let ends: UnsafeMutableBufferPointer<Int>

    /// - Parameter terms: of each its keys, best ascending.
    package init(_ terms: [[[UInt8]]]) {
        let all = terms.flatMap(\.self)
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: all.reduce(0) { $0 + $1.count })
        _ = unsafe bytes.initialize(from: all.joined())
        let keys = UnsafeMutableBufferPointer<Key>.allocate(capacity: all.count)
        var start = 0
        for (index, key) in all.enumerated() {
            let own = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[start..<start + key.count])
            unsafe keys.initializeElement(at: index, to: Key(bytes: own, prefix: TermBlockIndex.prefix(key)))
            start += key.count
        }
        let ends = UnsafeMutableBufferPointer<Int>.allocate(capacity: terms.count)
        var end = 0
        for (index, term) in terms.enumerated() {
            end += term.count
            unsafe ends.initializeElement(at: index, to: end)
        }
        unsafe self.bytes = unsafe bytes
        unsafe self.keys = unsafe keys
        unsafe self.ends = unsafe ends
    }

    deinit {
        unsafe bytes.deallocate()
        unsafe keys.deallocate()
        unsafe ends.deallocate()
    }

    var termCount: Int { unsafe ends.count }

    /// Where the keys of a term are among all.
    @inline(__always)
    func range(of term: Int) -> Range<Int> { unsafe (term == 0 ? 0 : ends[term &- 1])..<ends[term] }

    /// - Parameter index: in the range of a term.
    @inline(__always)
    subscript(_ index: Int) -> Key { unsafe keys[index] }
}
