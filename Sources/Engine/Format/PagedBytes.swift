import ByteCoding
import Synchronization

// Bytes of a section whose pages are checked before they are read. A hot file: what is handed to cursors is a plain struct of
// pointers, kept alive by the `SectionSlice` it comes from.

/// Which pages were found right, by any thread. Marks are only ever set: who does not see one yet checks again.
///
/// `@unchecked`: the words are atomic, and the memory lives as long as the object.
@safe final class PageMarks: @unchecked Sendable {
    fileprivate let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let wordCount: Int

    init(pageCount: Int) {
        wordCount = (pageCount + 63) / 64
        unsafe words = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: max(wordCount, 1))
        for word in 0..<wordCount { unsafe (words + word).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe words.deinitialize(count: wordCount)
        unsafe words.deallocate()
    }
}

/// Where an object lies that is mapped, and the marks of its pages. Trivial: a look at it counts no references; the segment's reader
/// keeps both.
///
/// `@unchecked`: the object is never written, the words are atomic.
@safe struct MappedObject: @unchecked Sendable {
    let base: UnsafeRawPointer
    fileprivate let marks: UnsafeMutablePointer<Atomic<UInt64>>

    /// nil if the object is empty.
    init?(_ object: ByteView, _ marks: PageMarks) {
        guard let base = unsafe object.bytes.baseAddress else { return nil }
        unsafe self.base = unsafe base
        unsafe self.marks = unsafe marks.words
    }
}

/// A range of a section with the whole pages around it. Trivial: valid as long as its `SectionSlice`.
@safe struct PagedBytes {
    /// First byte of the range.
    let base: UnsafeRawPointer
    let count: Int
    /// In the section.
    let start: UInt64
    private let segment: Unmanaged<SegmentReader>
    private let section: SectionKind
    private let pageShift: Int
    /// Whole pages, the first of which is page `firstPage` of the section and bit `firstMark` of `marks`.
    private let view: UnsafeRawBufferPointer
    private let firstPage: Int
    private let firstMark: Int
    private let marks: UnsafeMutablePointer<Atomic<UInt64>>

    /// - Parameters:
    ///   - range: in the section, not empty; lies in `view`.
    ///   - viewStart: where `view` starts in the section: at a page.
    ///   - pageShift: of the section.
    ///   - firstMark: of the page at which `view` starts.
    init(
        _ range: Range<UInt64>, of section: SectionKind, _ segment: SegmentReader, view: UnsafeRawBufferPointer,
        viewStart: UInt64, pageShift: Int, marks: PageMarks, firstMark: Int
    ) {
        let offset = Int(range.lowerBound - viewStart)
        unsafe base = unsafe view.baseAddress! + offset
        count = Int(range.upperBound - range.lowerBound)
        start = range.lowerBound
        unsafe self.segment = Unmanaged.passUnretained(segment)
        self.section = section
        self.pageShift = pageShift
        unsafe self.view = unsafe view
        firstPage = Int(viewStart) >> pageShift
        self.firstMark = firstMark
        unsafe self.marks = unsafe marks.words
    }

    /// Of a mapped object; the view is the whole section.
    ///
    /// - Parameters:
    ///   - range: in the section, not empty.
    ///   - offset: of the section in the object.
    ///   - length: of the section.
    @inline(__always)
    init(
        _ range: Range<UInt64>, of section: SectionKind, _ segment: SegmentReader, in object: MappedObject,
        offset: Int, length: Int, pageShift: Int, firstMark: Int
    ) {
        let start = unsafe object.base + offset
        unsafe base = unsafe start + Int(truncatingIfNeeded: range.lowerBound)
        count = Int(truncatingIfNeeded: range.upperBound &- range.lowerBound)
        self.start = range.lowerBound
        unsafe self.segment = Unmanaged.passUnretained(segment)
        self.section = section
        self.pageShift = pageShift
        unsafe view = unsafe UnsafeRawBufferPointer(start: start, count: length)
        firstPage = 0
        self.firstMark = firstMark
        unsafe marks = unsafe object.marks
    }

    /// Bytes that may only be read where `check` has passed.
    @inline(__always)
    var unchecked: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }

    /// Checks the pages that hold `part`, counted from `base`, unless that was done before.
    @inline(__always)
    func check(_ part: Range<Int>) throws(EngineError) {
        guard part.lowerBound < part.upperBound else { return }
        let offset = unsafe base - view.baseAddress!
        var page = (offset &+ part.lowerBound) >> pageShift
        let last = (offset &+ part.upperBound &- 1) >> pageShift
        while page <= last {
            let mark = firstMark &+ page
            let word = unsafe marks[mark >> 6].load(ordering: .relaxed)
            if word >> UInt64(truncatingIfNeeded: mark & 63) & 1 == 0 { try checkPage(page) }
            page &+= 1
        }
    }

    @inline(never)
    private func checkPage(_ page: Int) throws(EngineError) {
        let segment = unsafe segment.takeUnretainedValue()
        let from = page << pageShift
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: view[from..<min(from + 1 << pageShift, view.count)])
        try unsafe segment.footer.section(section).checkPage(firstPage + page, bytes, object: segment.objectName)
        let mark = firstMark + page
        unsafe marks[mark >> 6].bitwiseOr(1 << UInt64(mark & 63), ordering: .relaxed)
    }
}

extension SectionEntry {
    func checkPage(_ page: Int, _ bytes: UnsafeRawBufferPointer, object: String) throws(EngineError) {
        let computed = unsafe CRC32C.checksum(of: bytes)
        guard computed == pageChecksums[page] else {
            throw EngineError(
                .corrupt, "checksum of the page is \(computed.hex), the footer says \(pageChecksums[page].hex)",
                object: object, section: kind.name, offset: offset + UInt64(page) << UInt64(pageShift),
                hint: "restore the object from a backup, or run: coranto snapshot rebuild")
        }
    }
}

extension UInt32 {
    var hex: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
