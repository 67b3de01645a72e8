package import Storage

/// Which overlays are merged next: a pure function of what the snapshot names.
///
/// Tiers by size, each `fanIn` times the one below; a full tier becomes one overlay of the next. An article is so
/// rewritten about once a tier: log(fanIn) of the overlays' whole size.
package struct MergePolicy: Sendable {
    package var fanIn: Int
    package var smallestTierBytes: UInt64

    package init(fanIn: Int = 8, smallestTierBytes: UInt64 = 256 << 10) {
        self.fanIn = fanIn
        self.smallestTierBytes = smallestTierBytes
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
        return tiers.first { $0.count >= fanIn }.map { Array($0.prefix(fanIn * 2)) }
    }
}
