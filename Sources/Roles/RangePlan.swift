package import Engine

/// Which ranges to fetch for those asked for: a request to an object store costs as much as some ten kilobytes, so
/// neighbours are fetched together, with what lies between them. More than go out at once would wait for each other, which costs
/// much more: then those that lie next to each other are fetched together.
package struct RangePlan {
    package struct Place: Equatable, Sendable {
        /// Index in `fetches`, and where in its bytes the range begins.
        package var fetch: Int
        package var start: Int
    }

    /// Bytes between two ranges that are fetched along rather than asking twice.
    static let gapBytes: UInt64 = 32 << 10
    /// The same where more ranges are left than go out at once, and in all of them.
    static let crowdedGapBytes: UInt64 = 256 << 10
    static let crowdedBytes: UInt64 = 8 << 20
    /// A fetch grows no further than this by joining.
    static let joinedBytes: UInt64 = 4 << 20

    package private(set) var fetches: [ByteRequest] = []
    /// For each range asked for.
    package private(set) var places: [Place] = []

    /// - Parameter parallelCount: how many fetches go out at once.
    package init(_ requests: [ByteRequest], parallelCount: Int = .max) {
        places = requests.map { _ in Place(fetch: 0, start: 0) }
        let order = requests.indices.sorted {
            // Of those that start alike the longest first: it has the others.
            (requests[$0].object, requests[$0].offset, -requests[$0].length, $0)
                < (requests[$1].object, requests[$1].offset, -requests[$1].length, $1)
        }
        for index in order {
            let request = requests[index]
            let end = request.offset &+ UInt64(max(request.length, 0))
            if let last = fetches.last, last.object == request.object, end >= request.offset {
                let lastEnd = last.offset &+ UInt64(max(last.length, 0))
                let joinedEnd = max(lastEnd, end)
                let isNear = request.offset <= lastEnd || request.offset - lastEnd <= Self.gapBytes
                let isWithin = end <= lastEnd
                if isNear, isWithin || joinedEnd - last.offset <= Self.joinedBytes {
                    fetches[fetches.count - 1] = ByteRequest(
                        object: last.object, offset: last.offset, length: Int(joinedEnd - last.offset))
                    places[index] = Place(fetch: fetches.count - 1, start: Int(request.offset - last.offset))
                    continue
                }
            }
            fetches.append(request)
            places[index] = Place(fetch: fetches.count - 1, start: 0)
        }
        if fetches.count > parallelCount { join(fetches.count - parallelCount) }
    }

    /// Joins up to so many fetches with their neighbours, those with the least between them first, while that is little enough.
    private mutating func join(_ count: Int) {
        let gaps = fetches.indices.dropFirst().compactMap { index -> (bytes: UInt64, index: Int)? in
            let (last, fetch) = (fetches[index - 1], fetches[index])
            guard last.object == fetch.object, let lastEnd = Self.end(of: last), let end = Self.end(of: fetch),
                end >= lastEnd
            else { return nil }
            // Fetches that are too long to be one may have bytes in common.
            let bytes = fetch.offset > lastEnd ? fetch.offset - lastEnd : 0
            return bytes <= Self.crowdedGapBytes ? (bytes, index) : nil
        }
        var starts = Set(fetches.indices)
        var (left, room) = (count, Self.crowdedBytes)
        for gap in gaps.sorted(by: { ($0.bytes, $0.index) < ($1.bytes, $1.index) }) where left > 0 && gap.bytes <= room
        {
            var first = gap.index - 1
            while !starts.contains(first) { first -= 1 }
            var last = gap.index
            while last + 1 < fetches.count, !starts.contains(last + 1) { last += 1 }
            guard Self.end(of: fetches[last])! - fetches[first].offset <= Self.joinedBytes else { continue }
            starts.remove(gap.index)
            left -= 1
            room -= gap.bytes
        }
        var joined: [ByteRequest] = []
        var moved: [Place] = []
        for (index, fetch) in fetches.enumerated() {
            if starts.contains(index) { joined.append(fetch) }
            let start = joined[joined.count - 1].offset
            moved.append(Place(fetch: joined.count - 1, start: starts.contains(index) ? 0 : Int(fetch.offset - start)))
            if !starts.contains(index) {
                joined[joined.count - 1] = ByteRequest(
                    object: fetch.object, offset: start, length: Int(Self.end(of: fetch)! - start))
            }
        }
        fetches = joined
        places = places.map { Place(fetch: moved[$0.fetch].fetch, start: moved[$0.fetch].start + $0.start) }
    }

    /// nil if there is no such place in a file.
    private static func end(of fetch: ByteRequest) -> UInt64? {
        let (end, isBeyond) = fetch.offset.addingReportingOverflow(UInt64(max(fetch.length, 0)))
        return isBeyond ? nil : end
    }
}
