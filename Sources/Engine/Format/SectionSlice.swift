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

    /// Checks every page and gives the bytes asked for, valid while the slice lives.
    package func checked() throws(EngineError) -> UnsafeRawBufferPointer {
        try check(0..<count)
        return unsafe unchecked
    }

    /// The bytes asked for; only those may be read that `check` has passed.
    var unchecked: UnsafeRawBufferPointer {
        unsafe paged?.unchecked ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Checks the pages that hold `part`, counted from the start of the slice, unless that was done before.
    package func check(_ part: Range<Int>) throws(EngineError) { try paged?.check(part) }
}
