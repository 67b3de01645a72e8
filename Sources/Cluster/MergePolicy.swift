import News
package import Storage

/// Which overlays are merged next, and which are folded into cells: a pure function of what the snapshot names.
///
/// Tiers by size, each `fanIn` times the one below; a full tier becomes one overlay of the next. An article is so
/// rewritten about once a tier. What grew beyond `foldFromBytes` is merged no more: once there is enough of it, it is folded, which
/// makes cells of bounded size. So a merger's memory does not grow with history, and the number of overlays only with what is late by very
/// many cells, or once there are more cells than a job can name (docs/scaling.md).
package struct MergePolicy: Sendable {
    package var fanIn: Int
    package var smallestTierBytes: UInt64
    /// Overlays larger than this are folded, not merged.
    package var foldFromBytes: UInt64
    /// A fold has so many bytes beside its largest overlay: what a fold could not put into cells is in one overlay, and is not written
    /// again and again for a little more.
    package var foldBytes: UInt64
    /// Sum of the overlays of one job, at most: a merger holds an overlay that it makes in memory.
    package var largestBytes: UInt64
    /// How many times `fanIn` of a tier one job takes.
    static let tiersAtOnce = 16
    /// Segments that one job may name: a reference has up to 154 bytes, and the message at most `WireLimits.reportBytes`.
    package var inputLimitCount = 100_000
    /// Of a fold.
    static let cellLimitCount = 65_536

    package init(
        fanIn: Int = 8, smallestTierBytes: UInt64 = 256 << 10, foldFromBytes: UInt64 = 16 << 20,
        foldBytes: UInt64 = 64 << 20, largestBytes: UInt64 = 256 << 20
    ) {
        self.fanIn = fanIn
        self.smallestTierBytes = smallestTierBytes
        self.foldFromBytes = foldFromBytes
        self.foldBytes = foldBytes
        self.largestBytes = largestBytes
    }

    /// Merges and folds nothing: of a cluster that is there to compact, which takes all segments anyway.
    package static let idle = MergePolicy(fanIn: .max, foldBytes: .max)

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
        for overlay in overlays where overlay.sizeBytes <= foldFromBytes && !busy.contains(overlay) {
            tiers[tier(of: overlay)].append(overlay)
        }
        for tier in tiers where tier.count >= fanIn {
            // Many at once where many wait: each is written once less, and each job waits for its store.
            let chosen = fitting(Array(tier.prefix(fanIn * Self.tiersAtOnce)))
            if chosen.count > 1 { return chosen }
        }
        return nil
    }

    /// - Returns: overlays and then the cells that may be concerned, in order; nil if there is nothing worth doing.
    package func fold(
        _ overlays: [SegmentReference], into cells: [SegmentReference], busy: Set<SegmentReference>
    ) -> [SegmentReference]? {
        let chosen = fitting(overlays.filter { $0.sizeBytes > foldFromBytes && !busy.contains($0) })
        guard let largest = chosen.map(\.sizeBytes).max(),
            chosen.reduce(0, { $0 + $1.sizeBytes }) - largest >= foldBytes
        else { return nil }
        let concerned = Self.cells(cells, around: chosen.compactMap(\.span))
        guard concerned.count <= Self.cellLimitCount, busy.isDisjoint(with: concerned) else { return nil }
        return chosen + concerned
    }

    /// The cells that have places between the first and the last of the spans, and the one before and behind these.
    private static func cells(_ cells: [SegmentReference], around spans: [OrderSpan]) -> [SegmentReference] {
        guard let first = spans.map(\.first).min(), let last = spans.map(\.last).max() else { return [] }
        let begin = cells.firstIndex { first <= $0.span!.last } ?? cells.endIndex
        let end = cells.lastIndex { $0.span!.first <= last }.map { $0 + 1 } ?? cells.startIndex
        return Array(cells[max(cells.startIndex, min(begin, end) - 1)..<min(cells.endIndex, max(begin, end) + 1)])
    }

    /// As many as one job may take, the smallest if not all fit, in the snapshot's order.
    private func fitting(_ overlays: [SegmentReference]) -> [SegmentReference] {
        var sum: UInt64 = 0
        var taken: Set<Int> = []
        for index in overlays.indices.sorted(by: {
            (overlays[$0].sizeBytes, $0) < (overlays[$1].sizeBytes, $1)
        }) {
            let (next, isOver) = sum.addingReportingOverflow(overlays[index].sizeBytes)
            guard !isOver, next <= largestBytes else { break }
            sum = next
            taken.insert(index)
        }
        return overlays.indices.filter(taken.contains).map { overlays[$0] }
    }
}
