// A section read front to back in pieces, for merges: memory is bounded by the piece, not by the section.

final class SectionWindow {
    private static let pieceBytes: UInt64 = 1 << 20

    private let segment: SegmentReader
    private let section: SectionKind
    private var slice: SectionSlice
    private var bytes: UnsafeRawBufferPointer

    init(_ segment: SegmentReader, _ section: SectionKind) {
        self.segment = segment
        self.section = section
        slice = segment.emptySlice(section, at: 0)
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// The checked bytes of `range`, valid until the next call.
    func bytes(_ range: Range<UInt64>) throws -> UnsafeRawBufferPointer {
        if range.isEmpty { return UnsafeRawBufferPointer(start: nil, count: 0) }
        if range.lowerBound < slice.range.lowerBound || range.upperBound > slice.range.upperBound {
            let end = min(segment.footer.section(section).length, range.lowerBound + Self.pieceBytes)
            slice = try segment.read(section, range.lowerBound..<max(range.upperBound, end))
            bytes = try slice.checked()
        }
        let start = Int(range.lowerBound - slice.range.lowerBound)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<(start + range.count)])
    }
}
