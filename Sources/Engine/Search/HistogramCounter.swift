import News

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
