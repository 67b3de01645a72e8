package import Engine

/// Which ranges to fetch for those asked for: a request to an object store costs as much as some ten kilobytes, so
/// neighbours are fetched together, with what lies between them.
package struct RangePlan {
    package struct Place: Equatable, Sendable {
        /// Index in `fetches`, and where in its bytes the range begins.
        package var fetch: Int
        package var start: Int
    }

    /// Bytes between two ranges that are fetched along rather than asking twice.
    static let gapBytes: UInt64 = 32 << 10
    /// A fetch grows no further than this by joining.
    static let joinedBytes: UInt64 = 4 << 20

    package private(set) var fetches: [ByteRequest] = []
    /// For each range asked for.
    package private(set) var places: [Place] = []

    package init(_ requests: [ByteRequest]) {
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
    }
}
