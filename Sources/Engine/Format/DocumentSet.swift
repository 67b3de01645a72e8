/// A set of document ordinals of one segment, as bits.
package struct DocumentSet: Equatable, Sendable {
    package private(set) var words: [UInt64]
    package private(set) var count = 0

    package init(documentCount: Int) { words = Array(repeating: 0, count: (documentCount + 63) / 64) }

    package var isEmpty: Bool { count == 0 }

    @inline(__always)
    package func contains(_ ordinal: UInt32) -> Bool {
        words[Int(ordinal >> 6)] & (1 << UInt64(ordinal & 63)) != 0
    }

    /// The ordinals that are not in it; those behind the last document may be.
    package var inverted: DocumentSet {
        var other = self
        for index in words.indices { other.words[index] = ~words[index] }
        other.count = words.count * 64 - count
        return other
    }

    /// - Returns: whether it was not in the set before.
    @discardableResult
    package mutating func insert(_ ordinal: UInt32) -> Bool {
        let bit: UInt64 = 1 << UInt64(ordinal & 63)
        guard words[Int(ordinal >> 6)] & bit == 0 else { return false }
        words[Int(ordinal >> 6)] |= bit
        count += 1
        return true
    }
}
