import News

/// What a text states of a date; the rest is nil.
struct StatedTime: Equatable {
    var year: Int?
    var month: Int?
    var day: Int?
    var hour: Int?
    var minute: Int?
    var second: Int?
    var millisecond = 0
    var offsetMinutes: Int?

    /// - Returns: nil if a field is out of its range, or a coarser one is missing. 24:00 is the end of the day.
    func time(from: String) -> PublishedTime? {
        guard let year, (1...9999).contains(year), month != nil || day == nil, day != nil || hour == nil else {
            return nil
        }
        let isEndOfDay = hour == 24 && (minute ?? 0) == 0 && (second ?? 0) == 0 && millisecond == 0
        let civil = CivilTime(
            year: year, month: month ?? 1, day: day ?? 1, hour: isEndOfDay ? 0 : hour ?? 0, minute: minute ?? 0,
            second: second ?? 0)
        guard civil.isValid, let offset = Int16(exactly: offsetMinutes ?? 0), abs(Int(offset)) < 24 * 60 else {
            return nil
        }
        let seconds = civil.secondsSinceEpoch - Int64(offset) * 60 + (isEndOfDay ? 86_400 : 0)
        return PublishedTime(
            at: Timestamp(milliseconds: seconds * 1000 + Int64(millisecond)), offsetMinutes: offset,
            precision: precision, from: from)
    }

    private var precision: PublishedTime.Precision {
        if second != nil { return .second }
        if hour != nil { return .minute }
        if day != nil { return .day }
        return month != nil ? .month : .year
    }

    /// RFC 2822, 4.3: 00…49 are of this century.
    static func fullYear(_ twoDigits: Int) -> Int { twoDigits + (twoDigits < 50 ? 2000 : 1900) }
}
