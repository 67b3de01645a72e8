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
    /// The same where more ranges are left than go out at once.
    static let crowdedGapBytes: UInt64 = 256 << 10
    /// A fetch grows no further than this by joining.
    static let joinedBytes: UInt64 = 4 << 20

    package private(set) var fetches: [ByteRequest] = []
    /// For each range asked for.
    package private(set) var places: [Place] = []

    /// - Parameter parallelCount: how many fetches go out at once.
    package init(_ requests: [ByteRequest], parallelCount: Int = .max) {
        places = requests.map { _ in Place(fetch: 0, start: 0) }
        let order = requests.indices.sorted {
            (requests[$0].object, requests[$0].offset, $0) < (requests[$1].object, requests[$1].offset, $1)
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

    /// Joins so many fetches with their neighbours, those with the least between them, if it is little enough.
    private mutating func join(_ count: Int) {
        let gaps = fetches.indices.dropFirst().compactMap { index -> (bytes: UInt64, index: Int)? in
            let (last, fetch) = (fetches[index - 1], fetches[index])
            guard last.object == fetch.object, let lastEnd = Self.end(of: last), Self.end(of: fetch) != nil,
                fetch.offset - lastEnd <= Self.crowdedGapBytes
            else { return nil }
            return (fetch.offset - lastEnd, index)
        }
        let isJoined = Set(gaps.sorted { ($0.bytes, $0.index) < ($1.bytes, $1.index) }.prefix(count).map(\.index))
        var joined: [ByteRequest] = []
        var moved: [Place] = []
        for (index, fetch) in fetches.enumerated() {
            if isJoined.contains(index), let last = joined.last, let end = Self.end(of: fetch),
                end - last.offset <= Self.joinedBytes
            {
                joined[joined.count - 1] = ByteRequest(
                    object: last.object, offset: last.offset, length: Int(end - last.offset))
                moved.append(Place(fetch: joined.count - 1, start: Int(fetch.offset - last.offset)))
            } else {
                joined.append(fetch)
                moved.append(Place(fetch: joined.count - 1, start: 0))
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
