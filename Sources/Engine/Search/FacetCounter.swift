import News

/// Counts of one name column in one segment.
struct FacetCounter {
    private var column: SectionSlice
    private let segment: SegmentReader
    private let names: NameList
    private let codeBytes: Int
    /// By name code.
    private var counts: [Int]

    init(_ facet: SearchRequest.Facet, of segment: SegmentReader, column: SectionSlice) throws(EngineError) {
        self.segment = segment
        self.column = column
        names = segment.names(facet.column)
        codeBytes = NameList.codeBytes(nameCount: names.names.count)
        counts = [Int](repeating: 0, count: names.names.count + 1)
    }

    mutating func add(_ window: Window, _ matched: UnsafePointer<UInt64>) throws {
        // In bounds: the column was read whole, and the window ends with the segment.
        let bytes = try column.copy(of: Int(window.lower) * codeBytes..<Int(window.upper) * codeBytes)
        try unsafe window.forEach(in: matched) { document in
            var code = 0
            let first = Int(document - window.lower) * codeBytes
            for place in 0..<codeBytes { code |= Int(bytes[first + place]) << (8 * place) }
            guard code < counts.count else {
                throw segment.corrupt(column.section, UInt64(document) * UInt64(codeBytes), "name code \(code)")
            }
            counts[code] += 1
            return true
        }
    }

    /// Adds the counts to those of other segments; no name is the empty one.
    func merge(into sums: inout [[UInt8]: Int]) {
        for (code, count) in counts.enumerated() where count > 0 {
            sums[code == 0 ? [] : names.names[code - 1], default: 0] += count
        }
    }

    /// - Parameter limitCount: of values; nil for all.
    static func counts(_ sums: [[UInt8]: Int], limitCount: Int?) -> SearchResults.FacetCounts {
        let sorted = sums.sorted {
            $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
        }
        let left = sorted.dropFirst(limitCount ?? sorted.count)
        return SearchResults.FacetCounts(
            values: sorted.dropLast(left.count).map {
                .init(name: $0.key.isEmpty ? nil : String(decoding: $0.key, as: UTF8.self), count: $0.value)
            },
            leftValueCount: left.count, leftArticleCount: left.reduce(0) { $0 + $1.value })
    }
}

extension SearchRequest.Facet {
    var column: NameColumn {
        switch self {
        case .source: .source
        case .language: .language
        case .section: .section
        }
    }
}
