/// Ranges of several segments, read in one round.
package struct ReadRound {
    private var wants: [(segment: SegmentReader, section: SectionKind, range: Range<UInt64>)] = []

    package init() {}

    package var isEmpty: Bool { wants.isEmpty }
    /// Of segments that are not mapped: they are copied, and held together.
    private(set) var fetchedBytes: UInt64 = 0
    /// Index that the next slice will have.
    var count: Int { wants.count }

    /// - Returns: index of the slice in the result of `run`.
    @discardableResult
    package mutating func add(_ segment: SegmentReader, _ section: SectionKind, _ range: Range<UInt64>) -> Int {
        wants.append((segment, section, range))
        if !segment.isMapped { fetchedBytes += UInt64(range.count) }
        return wants.count - 1
    }

    /// Reads all ranges with one call of the source, or none if all are mapped.
    ///
    /// - Throws: `EngineError`, or what the source throws.
    package func run(_ source: any ByteSource) throws -> [SectionSlice] {
        var slices: [SectionSlice?] = []
        slices.reserveCapacity(wants.count)
        var requests: [ByteRequest] = []
        for want in wants {
            if want.range.isEmpty {
                slices.append(want.segment.emptySlice(want.section, at: want.range.lowerBound))
            } else if let slice = try want.segment.mappedSlice(want.section, want.range) {
                slices.append(slice)
            } else {
                slices.append(nil)
                requests.append(try want.segment.request(want.section, want.range))
            }
        }
        guard !requests.isEmpty else { return slices.map { $0! } }
        let views = try source.read(requests)
        guard views.count == requests.count else {
            throw EngineError(.io, "\(requests.count) ranges were asked for, \(views.count) came")
        }
        var next = 0
        for (index, want) in wants.enumerated() where slices[index] == nil {
            slices[index] = try want.segment.slice(want.section, want.range, requests[next], views[next])
            next += 1
        }
        return slices.map { $0! }
    }
}
