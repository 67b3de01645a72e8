/// A document superseded or retracted elsewhere: names the loser by identity, never by segment or ordinal, so it stays
/// true through every merge. A kill and its loser vanish together when they meet in one merge.
package struct Kill: Hashable, Sendable, Comparable {
    package let key: ArticleKey
    /// Version of the loser.
    package let version: Version
    /// Order time of the loser: tells in which region it lies.
    package let orderTime: Timestamp?

    package init(key: ArticleKey, version: Version, orderTime: Timestamp?) {
        self.key = key
        self.version = version
        self.orderTime = orderTime
    }

    package var orderKey: OrderKey { OrderKey(time: orderTime, key: key) }

    package static func < (left: Kill, right: Kill) -> Bool {
        (left.key, left.version) < (right.key, right.version)
    }
}
