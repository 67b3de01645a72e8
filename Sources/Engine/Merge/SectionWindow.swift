// A section read front to back in pieces, for merges: memory is bounded by the piece, not by the section.

@safe final class SectionWindow {
    private static let pieceBytes: UInt64 = 1 << 20

    private let segment: SegmentReader
    private let section: SectionKind
    private var slice: SectionSlice

    init(_ segment: SegmentReader, _ section: SectionKind) {
        self.segment = segment
        self.section = section
        slice = segment.emptySlice(section, at: 0)
    }

    /// Gives the bytes of `range`, checked, to `body`, for the time of the call.
    func withBytes<Result>(
        _ range: Range<UInt64>, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let (slice, part) = try part(range)
        defer { withExtendedLifetime(slice) {} }
        guard let paged = slice.paged else {
            return try unsafe body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return try unsafe body(UnsafeRawBufferPointer(rebasing: paged.unchecked[part]))
    }

    /// A slice that holds the bytes of `range`, checked, and where they lie in it.
    func part(_ range: Range<UInt64>) throws -> (slice: SectionSlice, part: Range<Int>) {
        if range.isEmpty { return (segment.emptySlice(section, at: range.lowerBound), 0..<0) }
        if range.lowerBound < slice.range.lowerBound || range.upperBound > slice.range.upperBound {
            let end = min(segment.footer.section(section).length, range.lowerBound + Self.pieceBytes)
            slice = try segment.read(section, range.lowerBound..<max(range.upperBound, end))
        }
        let start = Int(range.lowerBound - slice.range.lowerBound)
        return (slice, start..<(start + range.count))
    }
}
