import News

/// A place in the order as numbers: what `OrderKey` says, compared without a call.
struct OrderBits: Comparable {
    /// `OrderKey.timeBits`.
    var time: UInt64
    var high: UInt64
    var low: UInt64

    init(time: UInt64, high: UInt64, low: UInt64) {
        self.time = time
        self.high = high
        self.low = low
    }

    init(_ place: OrderKey) { self.init(time: place.timeBits, high: place.key.high, low: place.key.low) }

    var orderKey: OrderKey { OrderKey(time: Timestamp(sortable: ~time), key: ArticleKey(high: high, low: low)) }

    @inline(__always)
    static func < (left: OrderBits, right: OrderBits) -> Bool {
        if left.time != right.time { return left.time < right.time }
        return left.high != right.high ? left.high < right.high : left.low < right.low
    }
}
