import ByteCoding
package import Engine
import Extraction
import News
import Storage

/// What a section of a segment holds, a line for each entry (docs/segment-format.md, section 4). A dictionary of zstd is shown as bytes.
package struct SegmentDump {
    private let segment: SegmentReader
    private let range: Range<Int>

    /// Documents, or bytes, read at a time.
    private static let pieceCount = 4096

    /// - Parameters:
    ///   - first: entry to begin with, from 0; of sections shown as bytes the first byte.
    ///   - count: most entries.
    package init(_ segment: SegmentReader, from first: Int, count: Int) {
        self.segment = segment
        range = first..<(first + min(count, Int.max - first))
    }

    /// - Parameter tell: gets the lines, without their ends.
    /// - Throws: `EngineError` if bytes are wrong, or what the source throws.
    package func run(_ section: SectionKind, _ tell: (String) -> Void) throws {
        switch section {
        case .documents:
            try rows { tell("\($0)  \($1.key.hex)  \(Hex.string($1.version.bytes))  \(Self.time($1.orderTime))") }
        case .times: try rows { tell("\($0)  \(Self.time($1.orderTime))") }
        case .recordSizes: try rows { tell("\($0)  \($1.recordBytes) bytes") }
        case .lengths:
            try rows { tell("\($0)  code \($1.lengthCode), from \(LengthCode.lengths[Int($1.lengthCode)]) words on") }
        case .sources: try rows { tell("\($0)  \(name(.source, $1.source))") }
        case .languages: try rows { tell("\($0)  \(name(.language, $1.language))") }
        case .sections: try rows { tell("\($0)  \(name(.section, $1.section))") }
        case .articles: try articles(tell)
        case .dictionary:
            try terms { number, name, entry, _ in
                tell("\(number)  \(name)  in \(entry.documentFrequency) articles, \(entry.occurrenceCount) times")
            }
        case .postings:
            try terms { number, name, entry, _ in
                tell("\(number)  \(name)  \(try postings(entry, hasPositions: false))")
                for block in try segment.postingBlocks(of: entry) {
                    tell(Self.line(block))
                }
            }
        case .positions:
            try terms { number, name, entry, hasPositions in
                tell("\(number)  \(name)  \(try postings(entry, hasPositions: hasPositions))")
            }
        case .names:
            let all = [(NameColumn.source, "source"), (.language, "language"), (.section, "section")]
                .flatMap { column, title in
                    segment.names(column).names.enumerated().map { "\(title) \($0 + 1)  \(Self.text($1))" }
                }
            for (number, line) in all.enumerated() where range.contains(number) { tell(line) }
        case .kills:
            for (number, row) in segment.kills.enumerated() where range.contains(number) {
                let place =
                    "\(row.kill.key.hex)  \(Hex.string(row.kill.version.bytes))  \(Self.time(row.kill.orderTime))"
                tell("\(number)  \(place)  \(row.tokenCount) words")
            }
        case .corrections:
            var number = 0
            // Safe: the term is copied during the call.
            unsafe try segment.forEachCorrection { key, kills in
                let name = unsafe Self.name(of: Array(key))
                if range.contains(number) { tell("\(number)  \(name)  of kills \(Self.list(kills))") }
                number += 1
                return number < range.upperBound
            }
        case .keyRun: try keyRun(tell)
        case .dictionaryIndex: blocks(segment.dictionaryBlocks, ["postings", "positions"], tell)
        case .correctionIndex: blocks(segment.correctionBlocks, [], tell)
        case .articleIndex: blocks(segment.articleBlocks, [], tell)
        case .documentIndex:
            let (every, places) = segment.orderSamples
            for (number, place) in places.enumerated() where range.contains(number) {
                tell("\(number)  article \(number * every)  \(Self.time(place.time))  \(place.key.hex)")
            }
        case .keyIndex:
            let (every, halves) = segment.keySamples
            for (number, half) in halves.enumerated() where range.contains(number) {
                tell("\(number)  key \(number * every) of the run  from \(Hex.padded(half)) on")
            }
        case .keyFilter:
            let filter = segment.keyFilter
            if range.contains(0) { tell("0  \(filter.bitCount) bits, \(filter.setBitCount) of them set") }
        case .header:
            let kind = segment.footer.kind == .cell ? "cell" : "overlay"
            if range.contains(0) { tell("0  format \(SegmentFormat.version), \(kind)") }
        case .articleDictionary: try bytes(section, tell)
        }
    }

    // MARK: Indexes

    private func blocks(_ blocks: [IndexBlock], _ companions: [String], _ tell: (String) -> Void) {
        for (number, block) in blocks.enumerated() where range.contains(number) {
            var line = "\(number)"
            if let term = block.firstTerm { line += "  from \(Self.name(of: term)) on" }
            if let documents = block.documents {
                line +=
                    documents.count == 1 ? "  article \(documents.lowerBound)" : "  articles \(Self.span(documents))"
            }
            line += "  bytes \(Self.span(block.bytes))"
            for (name, range) in zip(companions, block.companions) { line += "  \(name) \(Self.span(range))" }
            tell(line)
        }
    }

    private static func line(_ block: PostingBlock) -> String {
        let impacts = block.impacts.map { impacts in
            // Unused pairs repeat the last.
            var pairs: [String] = []
            for pair in 0..<Impacts.pairCount {
                let text = "\(impacts.frequency(pair))×\(LengthCode.lengths[impacts.lengthCode(pair)])"
                if pairs.last != text { pairs.append(text) }
            }
            return ", at most \(impacts.isExact ? "" : "about ")\(pairs.joined(separator: " "))"
        }
        return "    \(block.documentCount) articles to \(block.lastDocument), \(block.isBits ? "bits" : "lanes"), "
            + "bytes \(span(block.bytes))\(impacts ?? "")"
    }

    private static func span<Bound: BinaryInteger>(_ range: Range<Bound>) -> String {
        "\(range.lowerBound)..<\(range.upperBound)"
    }

    // MARK: Documents

    private func rows(_ body: (Int, DocumentRow) -> Void) throws {
        let all = range.clamped(to: 0..<segment.documentCount)
        for start in stride(from: all.lowerBound, to: all.upperBound, by: Self.pieceCount) {
            let piece = start..<min(start + Self.pieceCount, all.upperBound)
            for (ordinal, row) in zip(piece, try segment.rows(piece)) { body(ordinal, row) }
        }
    }

    private func articles(_ tell: (String) -> Void) throws {
        let all = range.clamped(to: 0..<segment.documentCount)
        for start in stride(from: all.lowerBound, to: all.upperBound, by: 64) {
            let piece = start..<min(start + 64, all.upperBound)
            let rows = try segment.rows(piece)
            for (row, record) in zip(rows, try segment.records(piece.map { UInt32($0) })) {
                let article = try CanonicalRecord.decode(record)
                tell(String(decoding: ArticleJSON.write(article, key: row.key, version: row.version), as: UTF8.self))
            }
        }
    }

    private func keyRun(_ tell: (String) -> Void) throws {
        let all = range.clamped(to: 0..<segment.documentCount)
        for start in stride(from: all.lowerBound, to: all.upperBound, by: Self.pieceCount) {
            let piece = start..<min(start + Self.pieceCount, all.upperBound)
            let width = SegmentFormat.keyRunRowBytes
            var round = ReadRound()
            round.add(segment, .keyRun, UInt64(piece.lowerBound * width)..<UInt64(piece.upperBound * width))
            for (number, row) in zip(piece, try round.run(segment.source)[0].keyRunRows()) {
                tell("\(number)  keys from \(Hex.padded(row.high)) on: article \(row.ordinal)")
            }
        }
    }

    private func name(_ column: NameColumn, _ code: UInt32) -> String {
        code == 0 ? "-" : "\(code)  \(Self.text(segment.names(column).names[Int(code) - 1]))"
    }

    private static func time(_ time: Timestamp?) -> String { time.map { ArticleJSON.time($0) } ?? "undated" }

    // MARK: Terms

    private func terms(_ body: (Int, String, TermEntry, _ hasPositions: Bool) throws -> Void) throws {
        var number = 0
        // Safe: the term is copied during the call.
        unsafe try segment.forEachTerm(from: []) { key, entry in
            if range.contains(number) {
                let key = unsafe Array(key)
                let hasPositions = IndexField(rawValue: key[0])?.hasPositions ?? false
                try body(number, Self.name(of: key), entry, hasPositions)
            }
            number += 1
            return number < range.upperBound
        }
    }

    /// `field:word`, with the language of its articles if their words have stems, and whether it is one.
    private static func name(of key: [UInt8]) -> String {
        let field = IndexField(rawValue: key[0])?.queryName ?? "\(key[0])"
        let word = text(TermKey.withoutTail(key).dropFirst())
        guard let language = TermKey.language(of: key) else { return "\(field):\(word)" }
        return "\(field):\(word) (\(language.code)\(TermKey.isStem(key) ? ", a stem" : ""))"
    }

    private func postings(_ entry: TermEntry, hasPositions: Bool) throws -> String {
        let list = try PostingList(segment, entry, needsPositions: hasPositions)
        var parts: [String] = []
        var document = try list.next()
        while document != PostingList.end {
            let frequency = try list.frequency()
            parts.append(
                hasPositions
                    ? "\(document)@\(Self.list(try list.positions(), ","))"
                    : frequency == 1
                        ? "\(document)" : "\(document)×\(frequency)")
            document = try list.next()
        }
        return parts.joined(separator: " ")
    }

    private static func list(_ numbers: [UInt32], _ separator: String = " ") -> String {
        numbers.map { "\($0)" }.joined(separator: separator)
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String {
        PlainText.line(String(decoding: bytes, as: UTF8.self))
    }

    // MARK: Bytes

    /// Sixteen to a line, with the text that they may be.
    private func bytes(_ section: SectionKind, _ tell: (String) -> Void) throws {
        let all = range.clamped(to: 0..<Int(segment.footer.section(section).length))
        for start in stride(from: all.lowerBound, to: all.upperBound, by: Self.pieceCount) {
            let piece = start..<min(start + Self.pieceCount, all.upperBound)
            var round = ReadRound()
            round.add(segment, section, UInt64(piece.lowerBound)..<UInt64(piece.upperBound))
            let slice = try round.run(segment.source)[0]
            // Safe: the bytes are copied during the call.
            let copied = try unsafe slice.withBytes { bytes throws(EngineError) in unsafe Array(bytes) }
            for line in stride(from: 0, to: copied.count, by: 16) {
                let part = copied[line..<min(line + 16, copied.count)]
                let text = part.map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "." }.joined()
                tell("\(start + line)  \(PlainText.padded(part.hexPairs, columns: 48)) \(text)")
            }
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate var hexPairs: String {
        map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined(separator: " ")
    }
}
