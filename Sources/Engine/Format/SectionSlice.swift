// A range of a section with the whole pages around it. No byte is handed out before its page was checked: each time it is
// fetched, or, where the whole object is mapped, when it is first read through that mapping.

@safe package struct SectionSlice {
    /// What was asked for, in the section.
    package let range: Range<UInt64>
    let section: SectionKind
    /// nil if the range is empty. Valid as long as this slice: it keeps what the bytes lie in.
    let paged: PagedBytes?
    private let segment: SegmentReader
    private let view: ByteView
    private let marks: PageMarks

    /// - Parameters:
    ///   - view: the pages around `range`, in full.
    ///   - viewStart: where `view` starts in the section: a multiple of the page size.
    ///   - marks: of whole pages from the page at `firstMark` on that are in the view.
    init(
        _ range: Range<UInt64>, of section: SectionKind, _ segment: SegmentReader, view: ByteView, viewStart: UInt64,
        marks: PageMarks, firstMark: Int
    ) {
        self.range = range
        self.section = section
        self.segment = segment
        self.view = view
        self.marks = marks
        unsafe paged =
            range.isEmpty
            ? nil
            : PagedBytes(
                range, of: section, segment, view: view.bytes, viewStart: viewStart,
                pageShift: Int(segment.footer.sections[section.index].pageShift), marks: marks, firstMark: firstMark)
    }

    package var count: Int { Int(range.upperBound - range.lowerBound) }

    /// Checks the pages that hold `part`, counted from the start of the slice, unless that was done before.
    package func check(_ part: Range<Int>) throws(EngineError) { try paged?.check(part) }

    /// Checks every page.
    func check() throws(EngineError) { try check(0..<count) }

    /// Checks every page and gives the bytes asked for to `body`, for the time of the call.
    package func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(EngineError) -> Result
    ) throws(EngineError) -> Result {
        try unsafe withBytes(of: 0..<count, body)
    }

    /// The same for a part, counted from the start of the slice.
    func withBytes<Result>(
        of part: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(EngineError) -> Result
    ) throws(EngineError) -> Result {
        try check(part)
        defer { withExtendedLifetime(self) {} }
        guard let paged else { return try unsafe body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return try unsafe body(UnsafeRawBufferPointer(rebasing: paged.unchecked[part]))
    }

    /// Reads a part, which is checked; whoever has it keeps the slice.
    func cursor(_ part: Range<Int>) throws(EngineError) -> RawCursor {
        try check(part)
        guard let paged else { return unsafe RawCursor(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return unsafe RawCursor(UnsafeRawBufferPointer(rebasing: paged.unchecked[part]))
    }

    /// A copy of a part, else of all.
    func copy(of part: Range<Int>? = nil) throws(EngineError) -> [UInt8] {
        try unsafe withBytes(of: part ?? 0..<count) { bytes throws(EngineError) in unsafe Array(bytes) }
    }

    /// All little-endian values of a part, else of all.
    func values<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type, of part: Range<Int>? = nil
    ) throws(EngineError) -> [Value] {
        let width = MemoryLayout<Value>.size
        return try unsafe withBytes(of: part ?? 0..<count) { bytes throws(EngineError) in
            (0..<(bytes.count / width)).map {
                unsafe Value(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * width, as: Value.self))
            }
        }
    }
}
