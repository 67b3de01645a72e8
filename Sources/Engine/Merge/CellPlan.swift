package import News

/// Cuts a stream of live articles, in order, into the cells of the canonical form.
///
/// The cells are the nodes of binary tries over the order key (64 time bits, then 128 key bits), one of dated and one of
/// undated articles: a node is split while the
/// canonical records below it exceed the target and it holds more than one article. So an article's cell depends on the
/// set of articles alone. A node's articles are neighbours in the order, so the trie need not be built: a cell is the largest
/// node that starts at the first article not yet placed, does not reach back to the one before, and fits.
///
/// Holds back at most one target of articles, and one article more.
package struct CellPlan {
    /// An article not yet placed; or several versions of one that share its place, all but one of them killed from outside.
    private struct Item {
        let place: OrderKey
        var bytes: UInt64
        var count = 1

        func commonBits(_ other: Item) -> Int { place.commonBits(other.place) }
    }

    private let targetBytes: UInt64
    private var items: [Item] = []
    /// First article of the cell being looked for, and the next to look at.
    private var start = 0
    private var next = 0
    /// Bytes of the articles from `start` to `next`.
    private var sum: UInt64 = 0
    /// Nodes above this depth were split, because they hold the article before `start`.
    private var minDepth = 0

    package init(targetBytes: UInt64) { self.targetBytes = targetBytes }

    /// Takes the next article. What shares the place of the one before goes into its cell, whatever the target.
    ///
    /// - Parameter bytes: of its canonical record.
    /// - Returns: article counts of the cells that are now known, in order.
    package mutating func add(_ place: OrderKey, bytes: UInt64) -> [Int] {
        if items.last?.place == place {
            items[items.count - 1].bytes += bytes
            items[items.count - 1].count += 1
            sum += bytes
            return []
        }
        items.append(Item(place: place, bytes: bytes))
        return cut()
    }

    /// - Returns: article counts of the remaining cells.
    package mutating func finish() -> [Int] {
        defer { self = CellPlan(targetBytes: targetBytes) }
        return start < items.count ? [items[start...].reduce(0) { $0 + $1.count }] : []
    }

    private mutating func cut() -> [Int] {
        var counts: [Int] = []
        while next < items.count {
            let item = items[next]
            let common = next == start ? Int.max : items[start].commonBits(item)
            if common < minDepth {
                counts.append(close(at: next))
            } else if next > start, sum + item.bytes > targetBytes {
                // No node with both fits; the largest that starts here and ends before has one more bit in common.
                let end = items[start...].dropFirst().firstIndex { items[start].commonBits($0) <= common }
                counts.append(close(at: end!))
            } else {
                sum += item.bytes
                next += 1
            }
        }
        if start > 1024, start > items.count / 2 {
            items.removeFirst(start)
            next -= start
            start = 0
        }
        return counts
    }

    private mutating func close(at end: Int) -> Int {
        let count = items[start..<end].reduce(0) { $0 + $1.count }
        minDepth = items[end - 1].commonBits(items[end]) + 1
        start = end
        next = end
        sum = 0
        return count
    }
}
