/// Ranges of several segments, read in one round.
package struct ReadRound {
    private var wants: [(segment: SegmentReader, section: SectionKind, range: Range<UInt64>)] = []

    package init() {}

    package var isEmpty: Bool { wants.isEmpty }

    /// - Returns: index of the slice in the result of `run`.
    @discardableResult
    package mutating func add(_ segment: SegmentReader, _ section: SectionKind, _ range: Range<UInt64>) -> Int {
        wants.append((segment, section, range))
        return wants.count - 1
    }

    /// Reads all ranges with one call of the source.
    ///
    /// - Throws: `EngineError`, or what the source throws.
    package func run(_ source: any ByteSource) throws -> [SectionSlice] {
        var requests: [ByteRequest] = []
        for want in wants where !want.range.isEmpty {
            requests.append(try want.segment.request(want.section, want.range))
        }
        let views = requests.isEmpty ? [] : try source.read(requests)
        guard views.count == requests.count else {
            throw EngineError(.io, "\(requests.count) ranges were asked for, \(views.count) came")
        }
        var slices: [SectionSlice] = []
        slices.reserveCapacity(wants.count)
        var next = 0
        for want in wants {
            if want.range.isEmpty {
                slices.append(want.segment.emptySlice(want.section, at: want.range.lowerBound))
            } else {
                slices.append(try want.segment.slice(want.section, want.range, requests[next], views[next]))
                next += 1
            }
        }
        return slices
    }
}
