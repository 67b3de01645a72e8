import ByteCoding
import News
package import Storage

/// An open segment: its footer and open area in memory, or what of it the purpose needs; the rest is read by ranges.
///
/// Invariant: every byte it hands out belongs to a page whose checksum was found right.
package final class SegmentReader: Sendable {
    /// What a segment is opened for: the indexes of words and texts take many times the room of the filter of keys.
    package enum Purpose: Sendable {
        case search
        /// Keys alone are looked up, and few records read.
        case keys
    }

    package let objectName: String
    package let sizeBytes: UInt64
    package let footer: SegmentFooter
    package let source: any ByteSource
    /// The whole object, where the source maps it, and which of its pages were found right.
    private let mapped: (object: ByteView, marks: PageMarks)?
    private let mappedObject: MappedObject?
    /// For each section where it lies, and the first of its marks.
    private let places: [(offset: Int, length: UInt64, pageShift: Int, firstMark: Int)]
    private static let noMarks = PageMarks(pageCount: 0)

    /// In ascending (key, version).
    package let kills: [KillRow]
    package let sourceNames: NameList
    package let languageNames: NameList
    package let sectionNames: NameList
    package let keyFilter: KeyFilter
    /// nil if it was opened for keys.
    private let indexes: (dictionary: TermBlockIndex, correction: TermBlockIndex, article: ArticleIndex)?
    /// Place in the order of every 64th document.
    let documentIndex: [OrderKey]
    /// First half of every 128th key of the run.
    let keyIndex: [UInt64]

    var dictionaryIndex: TermBlockIndex { searchIndexes.dictionary }
    var correctionIndex: TermBlockIndex { searchIndexes.correction }
    var articleIndex: ArticleIndex { searchIndexes.article }
    var holdsIndexes: Bool { indexes != nil }

    private var searchIndexes: (dictionary: TermBlockIndex, correction: TermBlockIndex, article: ArticleIndex) {
        guard let indexes else { preconditionFailure("a segment that was opened for keys is searched") }
        return indexes
    }

    package var documentCount: Int { Int(footer.documentCount) }

    /// What it takes in memory if it was opened for keys, about: as much as the sections do in the file, and the footer.
    package var heldBytes: Int {
        let kinds: [SectionKind] = [.kills, .names, .keyFilter, .keyIndex, .documentIndex]
        let sections = kinds.reduce(0) { $0 + Int(footer.section($1).length) }
        return sections + SectionKind.allCases.reduce(1024) { $0 + 4 * footer.section($1).pageChecksums.count }
    }

    /// Opens segments with at most two rounds for all of them.
    ///
    /// - Throws: `EngineError`: corrupt, unsupported version, truncated; or what the source throws.
    package static func open(
        _ objects: [(name: String, sizeBytes: UInt64)], for purpose: Purpose = .search, source: any ByteSource
    ) throws -> [SegmentReader] {
        try open(objects.map { ($0.name, $0.sizeBytes, 0) }, for: purpose, source: source)
    }

    /// - Parameter objects: with how many kills they have, as far as it is known: the more, the more is read at first.
    private static func open(
        _ objects: [(name: String, sizeBytes: UInt64, killCount: UInt32)], for purpose: Purpose,
        source: any ByteSource
    ) throws -> [SegmentReader] {
        for object in objects where object.sizeBytes < UInt64(SegmentFormat.tailBytes + SegmentFormat.headerBytes) {
            throw EngineError(
                .truncated, "\(object.sizeBytes) bytes are no segment", object: object.name, section: "tail",
                offset: object.sizeBytes)
        }
        let firstRequests = objects.map { object in
            let length = SegmentFormat.openReadBytes(object.sizeBytes, killCount: object.killCount)
            return ByteRequest(object: object.name, offset: object.sizeBytes - length, length: Int(length))
        }
        let firstViews = firstRequests.isEmpty ? [] : try source.read(firstRequests)
        guard firstViews.count == objects.count else { throw EngineError(.io, "ranges are missing") }
        var tails: [SegmentTail] = []
        var secondRequests: [ByteRequest] = []
        for (index, object) in objects.enumerated() {
            let view = firstViews[index]
            try checkLength(view, firstRequests[index])
            do throws(EngineError) {
                let tail = try unsafe SegmentTail(
                    decoding: Array(view.bytes[(view.count - SegmentFormat.tailBytes)...]), sizeBytes: object.sizeBytes)
                tails.append(tail)
                if tail.openAreaOffset < firstRequests[index].offset {
                    secondRequests.append(
                        ByteRequest(
                            object: object.name, offset: tail.openAreaOffset,
                            length: Int(object.sizeBytes - tail.openAreaOffset)))
                }
            } catch {
                var located = error
                located.object = object.name
                throw located
            }
        }
        let secondViews = secondRequests.isEmpty ? [] : try source.read(secondRequests)
        guard secondViews.count == secondRequests.count else { throw EngineError(.io, "ranges are missing") }
        var readers: [SegmentReader] = []
        var next = 0
        for (index, object) in objects.enumerated() {
            var request = firstRequests[index]
            var view = firstViews[index]
            if tails[index].openAreaOffset < request.offset {
                request = secondRequests[next]
                view = secondViews[next]
                next += 1
                try checkLength(view, request)
            }
            readers.append(
                try SegmentReader(
                    purpose, name: object.name, sizeBytes: object.sizeBytes, tail: tails[index], end: view,
                    endOffset: request.offset, source: source))
        }
        return readers
    }

    /// Opens one segment of any name.
    package static func open(objectName: String, sizeBytes: UInt64, source: any ByteSource) throws -> SegmentReader {
        try open([(objectName, sizeBytes)], source: source)[0]
    }

    /// Opens segments and holds each against what is said of it.
    package static func open(
        _ references: [SegmentReference], for purpose: Purpose = .search, source: any ByteSource
    ) throws -> [SegmentReader] {
        let objects = references.map { ($0.objectName, $0.sizeBytes, $0.killCount) }
        let readers = try open(objects, for: purpose, source: source)
        for (reader, reference) in zip(readers, references) { try reader.requireMatch(reference) }
        return readers
    }

    private static func checkLength(_ view: ByteView, _ request: ByteRequest) throws(EngineError) {
        guard view.count == request.length else {
            throw EngineError(
                .truncated, "\(request.length) bytes were asked for, \(view.count) came", object: request.object,
                offset: request.offset)
        }
    }

    /// - Parameters:
    ///   - end: bytes of the object from `endOffset` to its end, the open area included.
    private init(
        _ purpose: Purpose, name: String, sizeBytes: UInt64, tail: SegmentTail, end: ByteView, endOffset: UInt64,
        source: any ByteSource
    ) throws(EngineError) {
        objectName = name
        self.sizeBytes = sizeBytes
        self.source = source
        let footerStart = Int(tail.footerOffset - endOffset)
        let footerBytes = unsafe Array(end.bytes[footerStart..<(footerStart + Int(tail.footerLength))])
        func failure(_ section: String, _ offset: UInt64, _ message: String) -> EngineError {
            EngineError(.corrupt, message, object: name, section: section, offset: offset)
        }
        let computed = CRC32C.checksum(of: footerBytes)
        guard computed == tail.footerChecksum else {
            throw failure(
                "footer", tail.footerOffset, "checksum is \(computed.hex), the tail says \(tail.footerChecksum.hex)")
        }
        do throws(CodingError) {
            footer = try SegmentFooter(decoding: footerBytes, at: tail.footerOffset)
        } catch {
            throw failure("footer", tail.footerOffset + UInt64(error.offset), error.description)
        }
        guard footer.section(SectionKind.firstOfOpenArea).offset == tail.openAreaOffset else {
            throw failure(
                "tail", sizeBytes - UInt64(SegmentFormat.tailBytes), "open area does not start where the footer says")
        }
        let table = footer
        func content(_ kind: SectionKind) throws(EngineError) -> [UInt8] {
            let entry = table.section(kind)
            let start = Int(entry.offset - endOffset)
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: end.bytes[start..<(start + Int(entry.length))])
            for page in entry.pageChecksums.indices {
                let from = page << Int(entry.pageShift)
                try unsafe entry.checkPage(
                    page,
                    UnsafeRawBufferPointer(rebasing: bytes[from..<min(from + 1 << Int(entry.pageShift), bytes.count)]),
                    object: name)
            }
            return unsafe Array(bytes)
        }
        func parse<Value>(
            _ kind: SectionKind, _ read: ([UInt8]) throws(CodingError) -> Value
        ) throws(EngineError) -> Value {
            let bytes = try content(kind)
            do throws(CodingError) {
                return try read(bytes)
            } catch {
                throw failure(kind.name, table.section(kind).offset + UInt64(error.offset), error.description)
            }
        }
        kills = try parse(.kills) { (bytes) throws(CodingError) in try Self.readKills(bytes) }
        let names = try parse(.names) { (bytes) throws(CodingError) in
            var reader = ByteReader(bytes)
            let lists = [
                try NameList(decoding: &reader), try NameList(decoding: &reader), try NameList(decoding: &reader),
            ]
            try reader.requireEnd()
            return lists
        }
        sourceNames = names[0]
        languageNames = names[1]
        sectionNames = names[2]
        keyFilter = KeyFilter(words: try parse(.keyFilter) { (bytes) throws(CodingError) in try Self.readWords(bytes) })
        keyIndex = try parse(.keyIndex) { (bytes) throws(CodingError) in try Self.readWords(bytes) }
        documentIndex = try parse(.documentIndex) { (bytes) throws(CodingError) in
            var reader = ByteReader(bytes)
            var places: [OrderKey] = []
            while !reader.isAtEnd { places.append(try reader.orderPlace()) }
            return places
        }
        if purpose == .search {
            let dictionary = try parse(.dictionaryIndex) { (bytes) throws(CodingError) in
                try TermBlockIndex(
                    decoding: bytes, termCount: Int(table.termCount), blockBytes: table.section(.dictionary).length,
                    companionBytes: [table.section(.postings).length, table.section(.positions).length])
            }
            let correction = try parse(.correctionIndex) { (bytes) throws(CodingError) in
                try TermBlockIndex(
                    decoding: bytes, termCount: Int(table.correctionTermCount),
                    blockBytes: table.section(.corrections).length, companionBytes: [])
            }
            let article = try parse(.articleIndex) { (bytes) throws(CodingError) in
                try ArticleIndex(decoding: bytes, of: table)
            }
            indexes = (dictionary, correction, article)
        } else {
            indexes = nil
        }
        var pageCount = 0
        places = table.sections.map { section in
            defer { pageCount += section.pageChecksums.count }
            return (Int(section.offset), section.length, Int(section.pageShift), pageCount)
        }
        if let object = source.mapped(name), UInt64(object.count) == sizeBytes {
            let marks = PageMarks(pageCount: pageCount)
            mapped = (object, marks)
            mappedObject = MappedObject(object, marks)
        } else {
            mapped = nil
            mappedObject = nil
        }
        for (column, list) in zip([SectionKind.sources, .languages, .sections], names) {
            let expected = UInt64(table.documentCount) * UInt64(NameList.codeBytes(nameCount: list.names.count))
            let entry = table.section(column)
            guard entry.length == expected else {
                throw failure(column.name, entry.offset, "\(entry.length) bytes instead of \(expected)")
            }
        }
    }

    private static func readWords(_ bytes: [UInt8]) throws(CodingError) -> [UInt64] {
        var reader = ByteReader(bytes)
        var words: [UInt64] = []
        words.reserveCapacity(bytes.count / 8)
        while !reader.isAtEnd { words.append(try reader.fixed()) }
        return words
    }

    private static func readKills(_ bytes: [UInt8]) throws(CodingError) -> [KillRow] {
        var reader = ByteReader(bytes)
        var rows: [KillRow] = []
        while !reader.isAtEnd {
            let start = reader.offset
            let key = try reader.articleKey()
            let version = try reader.version()
            let bits: UInt64 = try reader.fixed()
            let row = KillRow(
                kill: Kill(key: key, version: version, orderTime: Timestamp(sortable: ~bits)),
                tokenCount: try reader.fixed())
            guard rows.last.map({ $0.kill < row.kill }) ?? true else {
                throw .badValue(what: "order of kills", offset: start)
            }
            rows.append(row)
        }
        return rows
    }

    /// - Throws: `.mismatch` naming what differs.
    package func requireMatch(_ reference: SegmentReference) throws(EngineError) {
        let facts: [(String, Bool)] = [
            ("size", sizeBytes == reference.sizeBytes), ("kind", footer.kind == reference.kind),
            ("document count", footer.documentCount == reference.documentCount),
            ("kill count", footer.killCount == reference.killCount),
            ("record bytes", footer.recordBytes == reference.recordBytes),
            ("digest", footer.digest == reference.digest),
            ("span", footer.span == reference.span),
        ]
        for (what, isEqual) in facts where !isEqual {
            throw EngineError(
                .mismatch, "the \(what) of the segment is not what its reference says", object: objectName,
                section: "footer")
        }
    }

    /// - Throws: `.mismatch` if the segment was made with other settings.
    func requireSettings(_ hash: Digest256) throws(EngineError) {
        guard footer.settingsHash != hash else { return }
        throw EngineError(
            .mismatch, "settings hash is \(footer.settingsHash.hex), expected \(hash.hex)", object: objectName,
            section: "footer",
            hint: "a snapshot has one analyzer; to go on by the rules of this one: coranto snapshot upgrade")
    }

    // MARK: Ranges

    /// The range request for whole pages around `range`.
    ///
    /// - Throws: `.corrupt` if the range does not lie in the section: something that pointed there is wrong.
    func request(_ section: SectionKind, _ range: Range<UInt64>) throws(EngineError) -> ByteRequest {
        let entry = footer.section(section)
        guard range.upperBound <= entry.length else { throw outOfSection(section, range) }
        let page = UInt64(1) << UInt64(entry.pageShift)
        let start = range.lowerBound & ~(page - 1)
        let end = min((range.upperBound + page - 1) & ~(page - 1), entry.length)
        return ByteRequest(object: objectName, offset: entry.offset + start, length: Int(end - start))
    }

    func slice(
        _ section: SectionKind, _ range: Range<UInt64>, _ request: ByteRequest, _ view: ByteView
    ) throws(EngineError) -> SectionSlice {
        let entry = footer.section(section)
        guard view.count == request.length else {
            throw EngineError(
                .truncated, "\(request.length) bytes were asked for, \(view.count) came", object: objectName,
                section: section.name, offset: request.offset)
        }
        let pageCount = (request.length + 1 << Int(entry.pageShift) - 1) >> Int(entry.pageShift)
        return SectionSlice(
            range, of: section, self, view: view, viewStart: request.offset - entry.offset,
            marks: PageMarks(pageCount: pageCount), firstMark: 0)
    }

    /// The slice without a request, if the object is mapped.
    ///
    /// - Throws: as `request`.
    func mappedSlice(_ section: SectionKind, _ range: Range<UInt64>) throws(EngineError) -> SectionSlice? {
        guard let mapped else { return nil }
        let entry = footer.sections[section.index]
        guard range.upperBound <= entry.length else { throw outOfSection(section, range) }
        return SectionSlice(
            range, of: section, self, view: mapped.object.slice(Int(entry.offset)..<Int(entry.offset + entry.length)),
            viewStart: 0, marks: mapped.marks, firstMark: places[section.index].firstMark)
    }

    var isMapped: Bool { mappedObject != nil }

    /// Bytes of a mapped object, valid as long as this reader; nil if it is not mapped or the range is empty.
    ///
    /// - Throws: as `request`.
    @inline(__always)
    func mappedBytes(_ section: SectionKind, _ range: Range<UInt64>) throws(EngineError) -> PagedBytes? {
        guard let mappedObject, range.lowerBound < range.upperBound else { return nil }
        let place = places[section.index]
        guard range.upperBound <= place.length else { throw outOfSection(section, range) }
        // In bounds: the object is as long as the footer says.
        return PagedBytes(
            range, of: section, self, in: mappedObject, offset: place.offset,
            length: Int(truncatingIfNeeded: place.length), pageShift: place.pageShift, firstMark: place.firstMark)
    }

    func emptySlice(_ section: SectionKind, at offset: UInt64) -> SectionSlice {
        unsafe SectionSlice(
            offset..<offset, of: section, self,
            view: ByteView(UnsafeRawBufferPointer(start: nil, count: 0), owner: nil), viewStart: offset,
            marks: Self.noMarks, firstMark: 0)
    }

    /// One range of one section, checked as a whole.
    func read(_ section: SectionKind, _ range: Range<UInt64>) throws -> SectionSlice {
        var round = ReadRound()
        round.add(self, section, range)
        let slice = try round.run(source)[0]
        try slice.check()
        return slice
    }

    // MARK: Errors

    private func outOfSection(_ section: SectionKind, _ range: Range<UInt64>) -> EngineError {
        corrupt(
            section, range.lowerBound,
            "range \(range) passes the section's \(footer.section(section).length) bytes")
    }

    /// - Parameter offset: in the section.
    func corrupt(_ section: SectionKind, _ offset: UInt64, _ message: String) -> EngineError {
        EngineError(
            .corrupt, message, object: objectName, section: section.name,
            offset: footer.section(section).offset + offset)
    }

    /// Runs `body` on raw bytes that start at `start` of `section`, and says where they are wrong if they are.
    @inline(__always)
    func decoding<Value>(
        _ section: SectionKind, at start: UInt64, _ body: () throws(RawError) -> Value
    ) throws(EngineError) -> Value {
        do throws(RawError) {
            return try body()
        } catch {
            throw located(error, section, start)
        }
    }

    /// What was wrong with bytes that start at `start` of `section`.
    func located(_ error: RawError, _ section: SectionKind, _ start: UInt64) -> EngineError {
        switch error {
        case .malformed(let what, let offset): corrupt(section, start + UInt64(offset), "bad \(what)")
        case .damaged(let error): error
        }
    }
}
