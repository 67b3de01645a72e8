import ByteCoding

// A range of a section with the whole pages around it. No byte is handed out before its page was checked.

@safe package struct SectionSlice {
    /// What was asked for, in the section.
    package let range: Range<UInt64>
    let section: SectionEntry
    private let object: String
    private let view: ByteView
    /// Where `view` starts in the section: a multiple of the page size.
    private let viewStart: UInt64
    /// A bit for each page of the view that was checked.
    private var checkedPages: [UInt64]
    private var isAllChecked: Bool

    /// - Parameter view: the pages around `range`, in full.
    init(range: Range<UInt64>, section: SectionEntry, object: String, view: ByteView, viewStart: UInt64) {
        self.range = range
        self.section = section
        self.object = object
        self.view = view
        self.viewStart = viewStart
        isAllChecked = range.isEmpty
        checkedPages = []
    }

    package var count: Int { Int(range.upperBound - range.lowerBound) }

    /// Checks every page and gives the bytes asked for, valid while the slice lives.
    package mutating func checked() throws(EngineError) -> UnsafeRawBufferPointer {
        if !isAllChecked {
            try check(0..<count)
            isAllChecked = true
        }
        return unsafe unchecked
    }

    /// The bytes asked for; only those may be read that `check` has passed.
    var unchecked: UnsafeRawBufferPointer {
        if range.isEmpty { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
        let start = Int(range.lowerBound - viewStart)
        return unsafe UnsafeRawBufferPointer(rebasing: view.bytes[start..<(start + count)])
    }

    /// Checks the pages that hold `part`, counted from the start of the slice, unless that was done before.
    package mutating func check(_ part: Range<Int>) throws(EngineError) {
        if isAllChecked || part.isEmpty { return }
        let shift = Int(section.pageShift)
        let base = Int(range.lowerBound - viewStart)
        let first = (base + part.lowerBound) >> shift
        let last = (base + part.upperBound - 1) >> shift
        if checkedPages.isEmpty {
            checkedPages = Array(repeating: 0, count: ((view.count >> shift) + 64) / 64)
        }
        for page in first...last where checkedPages[page >> 6] & (1 << UInt64(page & 63)) == 0 {
            let start = page << shift
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: view.bytes[start..<min(start + 1 << shift, view.count)])
            try unsafe section.checkPage(Int(viewStart >> UInt64(shift)) + page, bytes, object: object)
            checkedPages[page >> 6] |= 1 << UInt64(page & 63)
        }
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
