import ByteCoding
import News
import Storage

/// Reads every byte of one segment again and holds it against everything the format promises.
///
/// Memory: two posting lists, and about 130 bytes a document.
package struct SegmentVerifier {
    private let segment: SegmentReader
    private let knowsStems: Bool
    /// What is wrong, in the order found.
    package private(set) var findings: [EngineError] = []

    /// - Parameter knowsStems: whether the segment's stems are those that this program makes. Of others it is not checked what lists they
    ///   must have.
    package init(_ segment: SegmentReader, knowsStems: Bool = true) {
        self.segment = segment
        self.knowsStems = knowsStems
    }

    /// - Throws: what the source throws; what is wrong with the bytes becomes a finding.
    package mutating func run() throws -> [EngineError] {
        findings = []
        try readEveryPage()
        // Beyond damaged pages the rest would only repeat what is known.
        guard findings.isEmpty else { return findings }
        do {
            try checkHeader()
            let rows = try segment.rows(0..<segment.documentCount)
            checkOrder(rows)
            try checkSparseIndexes(rows)
            checkSums(rows)
            try checkRecords(rows)
            try checkTerms(rows)
            try checkCorrections()
        } catch let error as EngineError {
            findings.append(error)
        }
        return findings
    }

    private mutating func report(_ section: SectionKind, _ offset: Int, _ message: String) {
        findings.append(segment.corrupt(section, UInt64(offset), message))
    }

    // MARK: Bytes

    private mutating func readEveryPage() throws {
        for kind in SectionKind.allCases {
            let entry = segment.footer.section(kind)
            var start: UInt64 = 0
            while start < entry.length {
                let end = min(start + 1 << UInt64(max(entry.pageShift, 20)), entry.length)
                var round = ReadRound()
                round.add(segment, kind, start..<end)
                do {
                    let slice = try round.run(segment.source)[0]
                    try slice.check()
                } catch let error as EngineError where error.code == .corrupt || error.code == .truncated {
                    findings.append(error)
                }
                start = end
            }
        }
    }

    private mutating func checkHeader() throws {
        let slice = try segment.read(.header, 0..<UInt64(SegmentFormat.headerBytes))
        let bytes = try slice.copy()
        var expected = ByteWriter()
        expected.fixed(SegmentFormat.magic)
        expected.fixed(SegmentFormat.version)
        expected.fixed(segment.footer.kind.rawValue)
        expected.raw([0, 0, 0])
        if bytes != expected.bytes {
            report(.header, 0, "header is \(Hex.string(bytes)), expected \(Hex.string(expected.bytes))")
        }
    }

    // MARK: Documents

    private mutating func checkOrder(_ rows: [DocumentRow]) {
        for ordinal in rows.indices.dropFirst() where !DocumentRow.isBefore(rows[ordinal - 1], rows[ordinal]) {
            report(.documents, ordinal * SegmentFormat.documentRowBytes, "document \(ordinal) is out of order")
        }
        let span = rows.isEmpty ? nil : OrderSpan(first: rows[0].orderKey, last: rows[rows.count - 1].orderKey)
        if span != segment.footer.span { report(.documents, 0, "the footer's span is not that of the documents") }
    }

    private mutating func checkSparseIndexes(_ rows: [DocumentRow]) throws {
        for (index, place) in segment.documentIndex.enumerated()
        where place != rows[index * SegmentFormat.documentsPerIndexEntry].orderKey {
            report(.documentIndex, index * 24, "entry \(index) is not the place of its document")
        }
        let slice = try segment.read(.keyRun, 0..<segment.footer.section(.keyRun).length)
        var seen = DocumentSet(documentCount: rows.count)
        var before: (ArticleKey, Version)?
        for (row, (high, ordinal)) in try slice.keyRunRows().enumerated() {
            let start = row * SegmentFormat.keyRunRowBytes
            guard ordinal < rows.count, seen.insert(ordinal), rows[Int(ordinal)].key.high == high else {
                report(.keyRun, start, "row \(row) does not name a document with its key")
                continue
            }
            let identity = (rows[Int(ordinal)].key, rows[Int(ordinal)].version)
            if let before, !(before < identity) { report(.keyRun, start, "row \(row) is out of order") }
            before = identity
            if !segment.keyFilter.mayContain(identity.0) {
                report(.keyFilter, 0, "key \(identity.0.hex) is not in the filter")
            }
            if row % SegmentFormat.keysPerIndexEntry == 0,
                segment.keyIndex[row / SegmentFormat.keysPerIndexEntry] != high
            {
                report(.keyIndex, row / SegmentFormat.keysPerIndexEntry * 8, "entry is not the key of row \(row)")
            }
        }
    }

    private mutating func checkSums(_ rows: [DocumentRow]) {
        var digest = Digest256.zero
        var recordBytes: UInt64 = 0
        for row in rows {
            digest = digest &+ row.version.digestTerm(of: row.key)
            recordBytes += UInt64(row.recordBytes)
        }
        for row in segment.kills { digest = digest &- row.kill.version.digestTerm(of: row.kill.key) }
        if digest != segment.footer.digest {
            report(.documents, 0, "the footer's digest is not the sum of documents and kills")
        }
        if recordBytes != segment.footer.recordBytes { report(.recordSizes, 0, "sizes add up to \(recordBytes) bytes") }
        let killedTokens = segment.kills.reduce(0) { $0 + UInt64($1.tokenCount) }
        if killedTokens != segment.footer.killedTokenCount { report(.kills, 0, "lengths add up to \(killedTokens)") }
    }

    private mutating func checkRecords(_ rows: [DocumentRow]) throws {
        let stream = try ArticleStream(segment)
        for (ordinal, row) in rows.enumerated() {
            let record = try stream.record(UInt32(ordinal))
            let offset = Int(segment.articleIndex.range(segment.articleIndex.block(of: UInt32(ordinal))).lowerBound)
            guard record.count == Int(row.recordBytes), SHA256.hash(of: record) == row.version.recordHash else {
                report(.articles, offset, "the record of document \(ordinal) is not the one its version names")
                continue
            }
            do throws(CodingError) {
                let article = try CanonicalRecord.decode(record)
                let expected = CanonicalRecord.version(of: article, record: record)
                let matches =
                    expected == row.version && article.orderTime == row.orderTime
                    && (article.source ?? "") == (segment.sourceNames.name(row.source) ?? "")
                    && (article.language ?? "") == (segment.languageNames.name(row.language) ?? "")
                    && (article.section ?? "") == (segment.sectionNames.name(row.section) ?? "")
                if !matches {
                    report(
                        .documents, ordinal * SegmentFormat.documentRowBytes,
                        "columns of document \(ordinal) are not those of its record")
                }
            } catch {
                report(.articles, offset, "the record of document \(ordinal) is not canonical: \(error)")
            }
        }
    }

    // MARK: Terms

    private mutating func checkTerms(_ rows: [DocumentRow]) throws {
        var lengths = [UInt64](repeating: 0, count: rows.count)
        let places = (0..<UInt32(rows.count)).map { $0 }
        let stream = DictionaryStream(segment)
        let postings = SectionWindow(segment, .postings)
        let positions = SectionWindow(segment, .positions)
        var list = DecodedList()
        // Of the term before.
        var listBefore = DecodedList()
        let stemmers = StemmerSet()
        var before: [UInt8] = []
        var count = 0
        var languages = StemLanguages()
        while try stream.advance() {
            let term = stream.key.array
            if !before.lexicographicallyPrecedes(term) {
                report(.dictionary, 0, "term \(count), \(Hex.string(term)), is out of order")
            }
            let isBehindOwnWord = knowsStems && TermKey.ownWord(of: term, stemmers) == before
            before = term
            count += 1
            if let language = TermKey.language(of: term) { languages.insert(language) }
            list.clear()
            try unsafe places.withUnsafeBufferPointer { places in
                try unsafe list.append(
                    stream.entry, of: segment, in: 0..<rows.count, places: places, postings: postings,
                    positions: positions)
            }
            checkList(
                list, stream.entry, isText: term[0] == IndexField.text.rawValue && !TermKey.isStem(term),
                lengths: &lengths)
            try checkBounds(stream.entry, list, rows)
            if isBehindOwnWord {
                if list.end == listBefore.end {
                    report(
                        .dictionary, 0, "term \(count - 1), \(Hex.string(term)), a stem, has the list of its own word")
                } else if !list.holds(listBefore) {
                    report(
                        .postings, Int(stream.entry.postings.lowerBound),
                        "the list of a stem does not hold its own word's")
                }
            }
            swap(&list, &listBefore)
        }
        if languages != segment.footer.stemLanguages {
            report(.dictionary, 0, "the footer's stem languages are not those of the terms")
        }
        if count != Int(segment.footer.termCount) {
            report(.dictionary, 0, "\(count) terms, the footer says \(segment.footer.termCount)")
        }
        let total = lengths.reduce(0, +)
        if total != segment.footer.tokenCount {
            report(.lengths, 0, "lengths add up to \(total), the footer says \(segment.footer.tokenCount)")
        }
        for ordinal in rows.indices where LengthCode.code(of: Int(lengths[ordinal])) != rows[ordinal].lengthCode {
            report(.lengths, ordinal, "document \(ordinal) has \(lengths[ordinal]) terms, which is not its length code")
        }
    }

    private mutating func checkList(_ list: DecodedList, _ entry: TermEntry, isText: Bool, lengths: inout [UInt64]) {
        let offset = Int(entry.postings.lowerBound)
        guard list.documents.count == Int(entry.documentFrequency),
            !entry.hasPositions || list.positions.count == entry.occurrenceCount
        else { return report(.postings, offset, "counts of a list are not those of the dictionary") }
        for index in 0..<list.documents.count {
            if index > 0, unsafe list.documents.base[index] <= list.documents.base[index - 1] {
                report(.postings, offset, "ordinals of a list are not ascending")
            }
            if isText { unsafe lengths[Int(list.documents.base[index])] += UInt64(list.frequencies.base[index]) }
        }
        guard entry.hasPositions else { return }
        var next = 0
        for index in 0..<list.documents.count {
            // Differences: they ascend as long as their sum does not wrap.
            var position: UInt64 = 0
            for _ in unsafe 0..<Int(list.frequencies.base[index]) {
                unsafe position += UInt64(list.positions.base[next])
                next += 1
            }
            if position > UInt64(UInt32.max) {
                report(.positions, Int(entry.positions.lowerBound), "positions of a document are not ascending")
            }
        }
    }

    /// Impacts must be those of their blocks, else a search would skip what it should find.
    private mutating func checkBounds(_ entry: TermEntry, _ list: DecodedList, _ rows: [DocumentRow]) throws {
        guard entry.hasPositions, list.documents.count > SegmentFormat.blockCount else { return }
        let cursor = try PostingList(segment, entry)
        let collector = ImpactCollector()
        var index = 0
        while index < list.documents.count {
            let end = min(index + SegmentFormat.blockCount, list.documents.count)
            let bound = unsafe cursor.bound(reaching: list.documents.base[index])
            for place in index..<end {
                let row = unsafe rows[Int(list.documents.base[place])]
                unsafe collector.add(frequency: list.frequencies.base[place], lengthCode: row.lengthCode)
            }
            guard let bound, unsafe bound.lastDocument == list.documents.base[end - 1],
                bound.impacts == collector.finish()
            else {
                return report(
                    .postings, Int(entry.postings.lowerBound),
                    "the impacts of block \(index / SegmentFormat.blockCount) are not those of its documents")
            }
            index = end
        }
    }

    private mutating func checkCorrections() throws {
        let stream = CorrectionStream(segment)
        // That its terms ascend the stream sees to.
        var count = 0
        while try stream.advance() { count += 1 }
        if count != Int(segment.footer.correctionTermCount) {
            report(.corrections, 0, "\(count) terms, the footer says \(segment.footer.correctionTermCount)")
        }
    }
}
