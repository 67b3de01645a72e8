import ByteCoding
import News
import Storage

/// Merges a range of documents of each input into one segment.
struct RangeMerge {
    struct Part {
        let segment: SegmentReader
        /// Documents to take.
        let range: Range<Int>
        /// Documents of the segment that are left out.
        let dead: DocumentSet
        /// For each kill of the segment whether it met its loser and vanishes; of no matter for a cell.
        let isKillDropped: [Bool]
    }

    /// A document of the output and where it comes from.
    private struct Origin {
        let row: DocumentRow
        let part: Int
        let ordinal: UInt32
    }

    let parts: [Part]
    let settings: Settings
    let source: any ByteSource

    func run(_ kind: SegmentReference.Kind) throws -> BuiltSegment {
        var (origins, names) = try collect()
        origins.sort { DocumentRow.isBefore($0.row, $1.row) }
        var rows = origins.map(\.row)
        let lists = NameList.finalize(names, &rows)
        // A cell has none: those of its inputs met their losers, or stand in the overlay that takes the rest.
        let kills = kind == .cell ? (rows: [], places: []) : try carriedKills()
        let writer = try SegmentWriter(
            kind: kind, settings: settings, rows: rows, names: lists, kills: kills.rows,
            compressor: ZstdCompressor(level: kind == .cell ? Int(settings.zstdLevel) : ZstdCompressor.frameLevel))
        try copyArticles(origins, as: kind, to: writer.articles)
        try mergeTerms(places(of: origins), to: writer)
        if kind == .overlay { try mergeCorrections(kills.places, to: writer) }
        return writer.finish()
    }

    // MARK: Documents

    private func collect() throws -> (origins: [Origin], names: [NameCollector]) {
        var collectors = [NameCollector(), NameCollector(), NameCollector()]
        var origins: [Origin] = []
        for (number, part) in parts.enumerated() {
            let rows = try part.segment.rows(part.range)
            // Code of the input to provisional code, for each column; .max where not met yet.
            let lists = NameColumn.allCases.map { part.segment.names($0) }
            var known = lists.map { [UInt32](repeating: .max, count: $0.names.count + 1) }
            func translate(_ column: Int, _ code: UInt32) -> UInt32 {
                if code == 0 { return 0 }
                if known[column][Int(code)] == .max {
                    known[column][Int(code)] = collectors[column].code(of: lists[column].names[Int(code) - 1])
                }
                return known[column][Int(code)]
            }
            for (index, row) in rows.enumerated() {
                let ordinal = UInt32(part.range.lowerBound + index)
                guard index == 0 || DocumentRow.isBefore(rows[index - 1], row) else {
                    throw part.segment.corrupt(
                        .documents, UInt64(ordinal) * UInt64(SegmentFormat.documentRowBytes),
                        "document \(ordinal) is out of order")
                }
                guard !part.dead.contains(ordinal) else { continue }
                var row = row
                for (number, column) in NameColumn.allCases.enumerated() {
                    row[column] = translate(number, row[column])
                }
                origins.append(Origin(row: row, part: number, ordinal: ordinal))
            }
        }
        return (origins, collectors)
    }

    /// For each part, for each document of its range, the ordinal in the output; `.max` for those left out.
    private func places(of origins: [Origin]) -> [[UInt32]] {
        var places = parts.map { [UInt32](repeating: .max, count: $0.range.count) }
        for (ordinal, origin) in origins.enumerated() {
            places[origin.part][Int(origin.ordinal) - parts[origin.part].range.lowerBound] = UInt32(ordinal)
        }
        return places
    }

    private func copyArticles(_ origins: [Origin], as kind: SegmentReference.Kind, to out: ArticleStoreWriter) throws {
        let readers = try parts.map { try ArticleStream($0.segment) }
        for origin in origins {
            let reader = readers[origin.part]
            if kind == .overlay, parts[origin.part].segment.footer.kind == .overlay {
                try unsafe out.add(frame: reader.frame(of: origin.ordinal))
            } else {
                let record = try reader.record(origin.ordinal)
                guard record.count == Int(origin.row.recordBytes) else {
                    throw parts[origin.part].segment.corrupt(
                        .recordSizes, UInt64(origin.ordinal) * 4,
                        "document \(origin.ordinal) has \(record.count) bytes, \(origin.row.recordBytes) expected")
                }
                out.add(record: record)
            }
        }
    }

    // MARK: Terms

    private func mergeTerms(_ places: [[UInt32]], to writer: SegmentWriter) throws {
        // In the order of their first documents, so that what does not overlap need not be merged.
        let inputs = zip(parts, places).map { ListMerge.Input($0, $1) }.sorted { $0.firstPlace < $1.firstPlace }
        try ListMerge(inputs).run(to: writer)
    }

    // MARK: Kills

    /// Kills that did not meet their losers, sorted, and for each part the new ordinal of each of its kills (`.max` for
    /// those that vanish).
    private func carriedKills() throws -> (rows: [KillRow], places: [[UInt32]]) {
        var carried: [(row: KillRow, part: Int, kill: Int)] = []
        for (number, part) in parts.enumerated() {
            for (index, row) in part.segment.kills.enumerated() {
                #if PLANTED_KILL_LOST
                    continue
                #elseif !PLANTED_KILL_TWICE
                    if part.isKillDropped[index] { continue }
                #endif
                carried.append((row, number, index))
            }
        }
        carried.sort { $0.row.kill < $1.row.kill }
        var places = parts.map { [UInt32](repeating: .max, count: $0.segment.kills.count) }
        for (ordinal, item) in carried.enumerated() {
            if ordinal > 0, carried[ordinal - 1].row.kill == item.row.kill {
                throw parts[item.part].segment.corrupt(
                    .kills, UInt64(item.kill * SegmentFormat.killRowBytes), "the kill stands in another input too"
                ).with(.mismatch)
            }
            places[item.part][item.kill] = UInt32(ordinal)
        }
        return (carried.map(\.row), places)
    }

    private func mergeCorrections(_ places: [[UInt32]], to writer: SegmentWriter) throws {
        let streams = parts.map { CorrectionStream($0.segment) }
        var terms = try TermMerge(streams)
        while terms.find() {
            var ordinals: [UInt32] = []
            for number in 0..<terms.count {
                let index = terms.index(number)
                for ordinal in streams[index].ordinals where places[index][Int(ordinal)] != .max {
                    ordinals.append(places[index][Int(ordinal)])
                }
            }
            if !ordinals.isEmpty { unsafe writer.addCorrection(terms.term, ordinals.sorted()) }
            try terms.advance()
        }
    }
}
