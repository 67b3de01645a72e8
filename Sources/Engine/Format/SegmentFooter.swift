package import ByteCoding
package import News
package import Storage

/// Where a section lies and the checksums of its pages.
package struct SectionEntry: Equatable, Sendable {
    package let kind: SectionKind
    package let pageShift: UInt8
    /// From the start of the object, in bytes.
    package let offset: UInt64
    package let length: UInt64
    package let pageChecksums: [UInt32]
}

/// What a segment says of itself: statistics and the section table (docs/segment-format.md, section 3).
package struct SegmentFooter: Equatable, Sendable {
    package var kind: SegmentReference.Kind
    package var settingsHash: Digest256
    package var digest: Digest256
    package var documentCount: UInt32
    package var killCount: UInt32
    package var recordBytes: UInt64
    package var tokenCount: UInt64
    package var killedTokenCount: UInt64
    package var termCount: UInt32
    package var correctionTermCount: UInt32
    /// Of articles whose words are reduced to stems.
    package var stemLanguages: StemLanguages
    package var span: OrderSpan?
    /// All of `SectionKind.allCases`, in order, from 0 on without gaps.
    package var sections: [SectionEntry]

    package func section(_ kind: SectionKind) -> SectionEntry { sections[kind.index] }

    func encode() -> [UInt8] {
        var out = ByteWriter()
        out.fixed(SegmentFormat.version)
        out.fixed(kind.rawValue)
        out.fixed(UInt8(span == nil ? 0 : 1))
        out.fixed(UInt16(sections.count))
        out.raw(settingsHash.bytes)
        out.raw(digest.bytes)
        out.fixed(documentCount)
        out.fixed(killCount)
        out.fixed(recordBytes)
        out.fixed(tokenCount)
        out.fixed(killedTokenCount)
        out.fixed(termCount)
        out.fixed(correctionTermCount)
        out.fixed(stemLanguages.bits)
        if let span {
            for end in [span.first, span.last] {
                out.fixed(end.timeBits)
                out.raw(end.key.bytes)
            }
        }
        for section in sections {
            out.fixed(section.kind.rawValue)
            out.fixed(section.pageShift)
            out.fixed(section.offset)
            out.fixed(section.length)
            for checksum in section.pageChecksums { out.fixed(checksum) }
        }
        return out.bytes
    }
}

extension SegmentFooter {
    /// - Parameter offset: where the footer starts in the object; the sections must fill all before it.
    init(decoding bytes: [UInt8], at offset: UInt64) throws(CodingError) {
        var reader = ByteReader(bytes)
        func bad(_ what: String) -> CodingError { .badValue(what: what, offset: reader.offset) }
        guard try reader.fixed(UInt32.self) == SegmentFormat.version else { throw bad("format version") }
        guard let kind = SegmentReference.Kind(rawValue: try reader.fixed()) else { throw bad("segment kind") }
        self.kind = kind
        let flags: UInt8 = try reader.fixed()
        guard flags <= 1 else { throw bad("flags \(flags)") }
        guard try reader.fixed(UInt16.self) == SectionKind.allCases.count else { throw bad("section count") }
        settingsHash = try reader.digest()
        digest = try reader.digest()
        documentCount = try reader.fixed()
        killCount = try reader.fixed()
        recordBytes = try reader.fixed()
        tokenCount = try reader.fixed()
        killedTokenCount = try reader.fixed()
        termCount = try reader.fixed()
        correctionTermCount = try reader.fixed()
        guard let languages = StemLanguages(bits: try reader.fixed()) else { throw bad("stem languages") }
        stemLanguages = languages
        guard documentCount <= SegmentFormat.maxDocumentCount, (flags == 1) == (documentCount > 0) else {
            throw bad("document count \(documentCount)")
        }
        span = nil
        if flags == 1 {
            let first = try reader.orderPlace()
            let last = try reader.orderPlace()
            guard first <= last else { throw bad("span") }
            span = OrderSpan(first: first, last: last)
        }
        sections = []
        var end: UInt64 = 0
        for expected in SectionKind.allCases {
            guard try reader.fixed(UInt8.self) == expected.rawValue else { throw bad("section number") }
            let shift: UInt8 = try reader.fixed()
            guard shift >= 9, shift <= 24 else { throw bad("page size 2^\(shift)") }
            let start: UInt64 = try reader.fixed()
            let length: UInt64 = try reader.fixed()
            guard start == end, length <= offset, start <= offset - length else {
                throw bad("place of section \(expected.name)")
            }
            end = start + length
            let pageCount = (length + (1 << UInt64(shift)) - 1) >> UInt64(shift)
            guard pageCount <= UInt64(reader.remaining / 4) else { throw bad("pages of section \(expected.name)") }
            var checksums: [UInt32] = []
            checksums.reserveCapacity(Int(pageCount))
            for _ in 0..<pageCount { checksums.append(try reader.fixed()) }
            sections.append(
                SectionEntry(
                    kind: expected, pageShift: shift, offset: start, length: length, pageChecksums: checksums))
        }
        guard end == offset else { throw bad("end of the sections") }
        try reader.requireEnd()
        try checkLengths(bad)
    }

    /// Sections with rows of a fixed size must have one for each document or kill.
    private func checkLengths(_ bad: (String) -> CodingError) throws(CodingError) {
        let documents = UInt64(documentCount)
        let expected: [(SectionKind, UInt64)] = [
            (.header, UInt64(SegmentFormat.headerBytes)), (.lengths, documents), (.times, documents * 8),
            (.documents, documents * UInt64(SegmentFormat.documentRowBytes)), (.recordSizes, documents * 4),
            (.keyRun, documents * UInt64(SegmentFormat.keyRunRowBytes)),
            (.kills, UInt64(killCount) * UInt64(SegmentFormat.killRowBytes)),
            (.documentIndex, SegmentFormat.indexCount(documents, every: SegmentFormat.documentsPerIndexEntry) * 24),
            (.keyIndex, SegmentFormat.indexCount(documents, every: SegmentFormat.keysPerIndexEntry) * 8),
            (.keyFilter, UInt64(KeyFilter.wordCount(keyCount: Int(documentCount))) * 8),
        ]
        for (kind, length) in expected where section(kind).length != length {
            throw bad("length of section \(kind.name): \(section(kind).length), expected \(length)")
        }
        guard kind == .overlay || killCount == 0 else { throw bad("kills in a cell") }
    }
}

extension SegmentFormat {
    static func indexCount(_ rows: UInt64, every step: Int) -> UInt64 { (rows + UInt64(step) - 1) / UInt64(step) }
}

extension ByteReader {
    /// Time bits and key, as segments write a place in the order.
    mutating func orderPlace() throws(CodingError) -> OrderKey {
        let bits: UInt64 = try fixed()
        return OrderKey(time: Timestamp(sortable: ~bits), key: try articleKey())
    }
}

/// The last 40 bytes of a segment.
struct SegmentTail: Equatable {
    var openAreaOffset: UInt64
    var footerOffset: UInt64
    var footerLength: UInt32
    var footerChecksum: UInt32

    func encode() -> [UInt8] {
        var out = ByteWriter()
        out.fixed(openAreaOffset)
        out.fixed(footerOffset)
        out.fixed(footerLength)
        out.fixed(footerChecksum)
        out.fixed(SegmentFormat.version)
        out.checksum()
        out.fixed(SegmentFormat.magic)
        return out.bytes
    }

    /// - Parameters:
    ///   - bytes: the last 40 of the object.
    ///   - sizeBytes: of the object.
    init(decoding bytes: [UInt8], sizeBytes: UInt64) throws(EngineError) {
        func failure(_ code: EngineError.Code, _ message: String) -> EngineError {
            EngineError(code, message, section: "tail", offset: sizeBytes - UInt64(SegmentFormat.tailBytes))
        }
        do {
            var reader = ByteReader(bytes)
            openAreaOffset = try reader.fixed()
            footerOffset = try reader.fixed()
            footerLength = try reader.fixed()
            footerChecksum = try reader.fixed()
            let version: UInt32 = try reader.fixed()
            let stored: UInt32 = try reader.fixed()
            let magic: UInt64 = try reader.fixed()
            try reader.requireEnd()
            guard magic == SegmentFormat.magic || magic == SegmentFormat.draftMagic else {
                throw failure(.corrupt, "the last eight bytes are \(Hex.padded(magic.byteSwapped)), not CRNTSEGM")
            }
            let computed = CRC32C.checksum(of: bytes[..<28])
            guard stored == computed else {
                throw failure(
                    .corrupt, "checksum is \(Hex.padded(UInt64(computed))), stored is \(Hex.padded(UInt64(stored)))")
            }
            guard magic == SegmentFormat.magic, version == SegmentFormat.version else {
                let hint = version == 0 ? ": a draft, ingest its articles again" : ""
                throw failure(
                    .unsupportedVersion,
                    "format version \(version)\(hint); this program reads version \(SegmentFormat.version)")
            }
        } catch let error as EngineError {
            throw error
        } catch {
            throw failure(.truncated, "\(error)")
        }
        let end = sizeBytes - UInt64(SegmentFormat.tailBytes)
        guard footerOffset <= end, UInt64(footerLength) == end - footerOffset, openAreaOffset <= footerOffset else {
            throw failure(
                .truncated,
                "footer of \(footerLength) bytes at \(footerOffset) does not end at the tail, at \(end) of \(sizeBytes) bytes"
            )
        }
    }

    init(openAreaOffset: UInt64, footerOffset: UInt64, footerLength: UInt32, footerChecksum: UInt32) {
        self.openAreaOffset = openAreaOffset
        self.footerOffset = footerOffset
        self.footerLength = footerLength
        self.footerChecksum = footerChecksum
    }
}
