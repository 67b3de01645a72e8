/// The time an article is ordered by: published, if it can be believed; else first seen; else none.
package enum OrderTime {
    /// 1600-01-01T00:00:00Z: no news is older (the first newspaper is of 1605).
    static let earliest = Timestamp(seconds: -11_676_096_000)

    /// A publisher's clock or time zone may be wrong by this much against the fetcher's.
    static let toleranceMilliseconds: Int64 = 48 * 3600 * 1000

    package static func of(published: Timestamp?, firstSeen: Timestamp?) -> Timestamp? {
        if let published, published >= earliest {
            guard let firstSeen else { return published }
            if published.milliseconds <= firstSeen.milliseconds &+ toleranceMilliseconds { return published }
        }
        return firstSeen
    }
}

/// The one order of documents everywhere: order time descending, then key ascending. Undated articles come last.
package struct OrderKey: Hashable, Sendable, Comparable {
    package let time: Timestamp?
    package let key: ArticleKey

    package init(time: Timestamp?, key: ArticleKey) {
        self.time = time
        self.key = key
    }

    /// First 64 bits of the order: ascending means newer first, undated (all ones) last.
    package var timeBits: UInt64 { ~Timestamp.sortable(time) }

    /// How many leading bits of the order are the same, 64 of time and 128 of key; -1 for a dated and an undated article, which
    /// share no node of the trie, not even a root: an undated one says nothing of time, however like an old one its bits are.
    package func commonBits(_ other: OrderKey) -> Int {
        if (time == nil) != (other.time == nil) { return -1 }
        let bits = timeBits ^ other.timeBits
        if bits != 0 { return bits.leadingZeroBitCount }
        if key.high != other.key.high { return 64 + (key.high ^ other.key.high).leadingZeroBitCount }
        return 128 + (key.low ^ other.key.low).leadingZeroBitCount
    }

    package static func < (left: OrderKey, right: OrderKey) -> Bool {
        let a = left.timeBits
        let b = right.timeBits
        return a == b ? left.key < right.key : a < b
    }
}
