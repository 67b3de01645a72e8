package import Storage

/// Which overlays are merged next: a pure function of what the snapshot names.
///
/// Tiers by size, each `fanIn` times the one below; a full tier becomes one overlay of the next. An article is so
/// rewritten about once a tier: log(fanIn) of the overlays' whole size. A merger holds its whole output in memory, so the
/// inputs of one merge never exceed `largestBytes`: overlays that cannot be paired within it are left to compaction, which
/// makes cells of bounded size.
package struct MergePolicy: Sendable {
    package var fanIn: Int
    package var smallestTierBytes: UInt64
    /// Sum of the inputs' sizes, at most.
    package var largestBytes: UInt64

    package init(fanIn: Int = 8, smallestTierBytes: UInt64 = 256 << 10, largestBytes: UInt64 = 1 << 30) {
        self.fanIn = fanIn
        self.smallestTierBytes = smallestTierBytes
        self.largestBytes = largestBytes
    }

    package func tier(of segment: SegmentReference) -> Int {
        var tier = 0
        var limit = smallestTierBytes
        while segment.sizeBytes > limit, tier < 16 {
            // Saturates: a size is what another process said.
            limit = limit.multipliedReportingOverflow(by: UInt64(fanIn)).overflow ? .max : limit * UInt64(fanIn)
            tier += 1
        }
        return tier
    }

    /// - Returns: overlays to merge into one, in the snapshot's order; nil if there is nothing worth doing.
    package func choose(from overlays: [SegmentReference], busy: Set<SegmentReference>) -> [SegmentReference]? {
        var tiers: [[SegmentReference]] = Array(repeating: [], count: 17)
        for overlay in overlays where !busy.contains(overlay) { tiers[tier(of: overlay)].append(overlay) }
        for tier in tiers where tier.count >= fanIn {
            let chosen = fitting(tier)
            if chosen.count > 1 { return chosen }
        }
        return nil
    }

    /// As many as one merge may take, the smallest if not all fit, in the snapshot's order.
    private func fitting(_ tier: [SegmentReference]) -> [SegmentReference] {
        let first = tier.prefix(fanIn * 2)
        var sum: UInt64 = 0
        var taken: Set<Int> = []
        for index in first.indices.sorted(by: { (first[$0].sizeBytes, $0) < (first[$1].sizeBytes, $1) }) {
            let (next, isOver) = sum.addingReportingOverflow(first[index].sizeBytes)
            guard !isOver, next <= largestBytes else { break }
            sum = next
            taken.insert(index)
        }
        return first.indices.filter(taken.contains).map { first[$0] }
    }
}
