import News

/// Something for some of the shares of the feeds, in their order.
struct ShareMap<Value: Sendable>: Sendable {
    private var slots = [Value?](repeating: nil, count: FeedShare.count)

    subscript(share: FeedShare) -> Value? {
        get { slots[Int(share.index)] }
        set { slots[Int(share.index)] = newValue }
        _modify { yield &slots[Int(share.index)] }
    }

    /// In the order of their shares.
    var values: some Sequence<Value> { slots.lazy.compactMap(\.self) }
}
