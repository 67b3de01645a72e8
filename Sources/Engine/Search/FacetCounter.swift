import News

// Counts over matching documents: values of name columns, and days, weeks or months.

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

/// Counts of matching documents by day, week or month of their order time.
struct HistogramCounter {
    private var times: SectionSlice
    private let interval: SearchRequest.Interval
    private let zoneOffsetMinutes: Int
    /// By first instant, in milliseconds.
    private(set) var counts: [Int64: Int] = [:]
    private(set) var undatedCount = 0

    init(interval: SearchRequest.Interval, zoneOffsetMinutes: Int, times: SectionSlice) {
        self.interval = interval
        self.zoneOffsetMinutes = zoneOffsetMinutes
        self.times = times
    }

    mutating func add(_ window: Window, _ matched: UnsafePointer<UInt64>) throws {
        // In bounds: the column was read whole, and the window ends with the segment.
        let bits = try times.values(UInt64.self, of: Int(window.lower) * 8..<Int(window.upper) * 8)
        // Neighbours in the order mostly share a bucket.
        var bucket = Timestamp(milliseconds: 0)..<Timestamp(milliseconds: 0)
        var count = 0
        unsafe window.forEach(in: matched) { document in
            guard let time = Timestamp(sortable: ~bits[Int(document - window.lower)]) else {
                undatedCount += 1
                return true
            }
            if !bucket.contains(time) {
                if count > 0 { counts[bucket.lowerBound.milliseconds, default: 0] += count }
                count = 0
                bucket = interval.bucket(of: time, zoneOffsetMinutes: zoneOffsetMinutes)
            }
            count += 1
            return true
        }
        if count > 0 { counts[bucket.lowerBound.milliseconds, default: 0] += count }
    }
}

extension SearchRequest.Interval {
    /// The day, week or month in which `time` lies.
    ///
    /// Times so far out that a calendar means nothing share the first or last bucket.
    func bucket(of time: Timestamp, zoneOffsetMinutes: Int) -> Range<Timestamp> {
        let limit: Int64 = 300_000 * 366 * 86_400
        let seconds = min(max(Self.floor(time.milliseconds, 1000), -limit), limit)
        let shift = Int64(zoneOffsetMinutes) * 60
        let local = seconds + shift
        let day = Self.floor(local, 86_400)
        var start: Int64
        var end: Int64
        switch self {
        case .day:
            start = day * 86_400
            end = start + 86_400
        case .week:
            // 1970-01-01 was a Thursday.
            start = (Self.floor(day + 3, 7) * 7 - 3) * 86_400
            end = start + 7 * 86_400
        case .month:
            let civil = CivilTime(secondsSinceEpoch: local)
            start = CivilTime(year: civil.year, month: civil.month).secondsSinceEpoch
            end =
                (civil.month == 12
                ? CivilTime(year: civil.year + 1) : CivilTime(year: civil.year, month: civil.month + 1))
                .secondsSinceEpoch
        }
        start -= shift
        end -= shift
        return Timestamp(seconds: start)..<Timestamp(seconds: end)
    }

    private static func floor(_ value: Int64, _ unit: Int64) -> Int64 {
        value >= 0 ? value / unit : -((-1 - value) / unit) - 1
    }
}
