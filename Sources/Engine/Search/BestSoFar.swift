import News

/// The best hits of the segments that were searched, best first: one more than is wanted, which tells that there is a next page. What
/// is worse than the last of them need not be looked for in other segments.
struct BestSoFar {
    private struct Found {
        var score: Int64
        var place: OrderBits
        var segment: Int
        var ordinal: UInt32
    }

    private let sort: SearchRequest.Sort
    private let wantedCount: Int
    /// Whether segments are mapped and tell the places of their documents. Else hits of the same score are in no order.
    private let hasPlaces: Bool
    private var found: [Found] = []
    private var former: [Found] = []

    private var limitCount: Int { wantedCount + 1 }

    init(sort: SearchRequest.Sort, wantedCount: Int, hasPlaces: Bool) {
        self.sort = sort
        self.wantedCount = wantedCount
        self.hasPlaces = hasPlaces
    }

    /// A score that enough hits reach.
    var floor: Int64 { sort == .score && found.count == limitCount ? found[wantedCount].score : 0 }

    /// The first document of another segment that is not wanted, nor any behind it.
    func end(in segment: SegmentReader) throws -> UInt32 {
        guard sort == .newest, hasPlaces, found.count == limitCount else { return segment.footer.documentCount }
        return UInt32(try segment.firstDocument(notBefore: found[wantedCount].place.orderKey))
    }

    /// Those that are wanted, where segments tell places.
    var hits: [SearchResults.Hit] {
        found.prefix(wantedCount).map { hit in
            let place = hit.place.orderKey
            return SearchResults.Hit(
                key: place.key, score: hit.score, orderTime: place.time, segment: hit.segment, ordinal: hit.ordinal)
        }
    }

    /// Merges the hits of a segment with those of the others.
    ///
    /// - Parameter index: of the segment in the snapshot.
    mutating func add(_ top: TopHits, of segment: SegmentReader, _ index: Int) throws(EngineError) {
        guard hasPlaces || sort == .score else { return }
        if found.isEmpty {
            found.reserveCapacity(limitCount)
            for entry in top.sorted.prefix(limitCount) { found.append(try hit(entry, of: segment, index)) }
            return
        }
        swap(&found, &former)
        found.removeAll(keepingCapacity: true)
        found.reserveCapacity(limitCount)
        var next = 0
        let least = sort == .score && former.count == limitCount ? former[wantedCount].score : .min
        for entry in top.sorted {
            guard entry.score >= least else { break }
            let hit = try hit(entry, of: segment, index)
            while next < former.count, found.count < limitCount, !isBefore(hit, former[next]) {
                found.append(former[next])
                next += 1
            }
            guard found.count < limitCount else { return }
            found.append(hit)
        }
        found.append(contentsOf: former[next...].prefix(limitCount - found.count))
    }

    @inline(__always)
    private func hit(_ entry: TopHits.Entry, of segment: SegmentReader, _ index: Int) throws(EngineError) -> Found {
        let place = hasPlaces ? try segment.mappedPlace(of: entry.ordinal) : OrderBits(time: 0, high: 0, low: 0)
        return Found(score: entry.score, place: place, segment: index, ordinal: entry.ordinal)
    }

    @inline(__always)
    private func isBefore(_ left: Found, _ right: Found) -> Bool {
        switch sort {
        case .score: left.score != right.score ? left.score > right.score : left.place < right.place
        case .newest: left.place < right.place
        case .oldest: right.place < left.place
        }
    }
}
