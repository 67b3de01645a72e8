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
        let lists = NameList.finalize(names, &rows, columns: [\.source, \.language, \.section])
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
            let lists = [part.segment.sourceNames, part.segment.languageNames, part.segment.sectionNames]
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
                row.source = translate(0, row.source)
                row.language = translate(1, row.language)
                row.section = translate(2, row.section)
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
                out.add(record: [], frame: try reader.frame(of: origin.ordinal))
            } else {
                let record = try reader.record(origin.ordinal)
                guard record.count == Int(origin.row.recordBytes) else {
                    throw parts[origin.part].segment.corrupt(
                        .recordSizes, UInt64(origin.ordinal) * 4,
                        "document \(origin.ordinal) has \(record.count) bytes, \(origin.row.recordBytes) expected")
                }
                out.add(record: record, frame: nil)
            }
        }
    }

    // MARK: Terms

    private func mergeTerms(_ places: [[UInt32]], to writer: SegmentWriter) throws {
        let inputs = zip(parts, places).map { TermInput($0, $1) }
        let lists = inputs.map(\.list)
        let merged = DecodedList()
        var terms = try TermMerge(inputs.map(\.stream))
        // Of the inputs: numbers, as references would be counted for each term.
        var filled: [Int] = []
        while try unsafe terms.next({ term, indices in
            // Most terms stand in one input alone.
            if indices.count == 1 {
                let input = inputs[indices[0]]
                guard try input.decode() > 0 else { return }
                return try unsafe writer.add(term, input.list.list(hasPositions: input.hasPositions))
            }
            filled.removeAll(keepingCapacity: true)
            var occurrences: UInt64 = 0
            for index in indices where try inputs[index].decode(behind: &occurrences) > 0 { filled.append(index) }
            guard let first = filled.first else { return }
            let hasPositions = inputs[indices[0]].hasPositions
            if filled.count == 1 {
                try unsafe writer.add(term, lists[first].list(hasPositions: hasPositions))
            } else {
                merged.merge(lists, filled, hasPositions: hasPositions)
                try unsafe writer.add(term, merged.list(hasPositions: hasPositions))
            }
        }) {}
    }

    /// The terms of one part: an object, so that a term costs one reference for each input it stands in.
    private final class TermInput {
        let stream: DictionaryStream
        /// Of the stream's term, once it was decoded.
        let list = DecodedList()
        private let segment: SegmentReader
        private let range: Range<Int>
        private let places: [UInt32]
        private let postings: SectionWindow
        private let positions: SectionWindow

        init(_ part: Part, _ places: [UInt32]) {
            segment = part.segment
            range = part.range
            self.places = places
            stream = DictionaryStream(part.segment)
            postings = SectionWindow(part.segment, .postings)
            positions = SectionWindow(part.segment, .positions)
        }

        var hasPositions: Bool { stream.entry.hasPositions }

        func decode() throws -> Int {
            var occurrences: UInt64 = 0
            return try decode(behind: &occurrences)
        }

        /// - Parameter occurrences: of the term in inputs before: lists are held whole, with four bytes for each position.
        /// - Returns: how many documents of the list are in the output.
        func decode(behind occurrences: inout UInt64) throws -> Int {
            let entry = stream.entry
            occurrences += entry.occurrenceCount
            guard occurrences <= SegmentFormat.maxMergedPositions else {
                throw EngineError(
                    .limit, "a word stands \(occurrences) times in what is merged", object: segment.objectName,
                    section: SectionKind.positions.name)
            }
            list.clear()
            // Most terms stand in one document, once: their dictionary says all of them.
            if entry.documentFrequency == 1, entry.occurrenceCount == 1 {
                let document = Int(entry.singleDocument)
                guard range.contains(document), places[document - range.lowerBound] != .max else { return 0 }
                list.append(entry, at: places[document - range.lowerBound])
                return 1
            }
            try list.append(
                entry, of: segment, in: range, places: places, postings: postings, positions: positions)
            return list.documents.count
        }
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
        while try unsafe terms.next({ term, indices in
            var ordinals: [UInt32] = []
            for index in indices {
                for ordinal in streams[index].ordinals where places[index][Int(ordinal)] != .max {
                    ordinals.append(places[index][Int(ordinal)])
                }
            }
            guard !ordinals.isEmpty else { return }
            unsafe writer.addCorrection(term, ordinals.sorted())
        }) {}
    }
}
