// A section read front to back in pieces, for merges: memory is bounded by the piece, not by the section.

@safe final class SectionWindow {
    private static let pieceBytes: UInt64 = 1 << 20

    private let segment: SegmentReader
    private let section: SectionKind
    private var slice: SectionSlice
    /// Bytes of the slice, and where they start in the section: valid as long as that is kept.
    private var bytes = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    private var start: UInt64 = 0

    init(_ segment: SegmentReader, _ section: SectionKind) {
        self.segment = segment
        self.section = section
        slice = segment.emptySlice(section, at: 0)
    }

    /// The bytes of `range`, checked: valid until others are asked for, as long as the window is.
    @inline(__always)
    func bytes(_ range: Range<UInt64>) throws -> UnsafeRawBufferPointer {
        if range.isEmpty { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
        try load(range)
        // In bounds: `load` has seen to that.
        return unsafe UnsafeRawBufferPointer(
            start: bytes.baseAddress! + Int(truncatingIfNeeded: range.lowerBound &- start), count: range.count)
    }

    /// Makes the slice hold `range`, which is not empty.
    @inline(__always)
    private func load(_ range: Range<UInt64>) throws {
        if unsafe range.lowerBound < start || range.upperBound > start &+ UInt64(bytes.count) { try read(range) }
    }

    private func read(_ range: Range<UInt64>) throws {
        let end = min(segment.footer.section(section).length, range.lowerBound + Self.pieceBytes)
        slice = try segment.read(section, range.lowerBound..<max(range.upperBound, end))
        unsafe bytes = unsafe slice.paged?.unchecked ?? UnsafeRawBufferPointer(start: nil, count: 0)
        start = slice.range.lowerBound
    }

    /// A slice that holds the bytes of `range`, checked, and where they lie in it.
    func part(_ range: Range<UInt64>) throws -> (slice: SectionSlice, part: Range<Int>) {
        if range.isEmpty { return (segment.emptySlice(section, at: range.lowerBound), 0..<0) }
        try load(range)
        let first = Int(range.lowerBound - start)
        return (slice, first..<(first + range.count))
    }
}
