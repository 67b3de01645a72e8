package import News

/// Dates as feeds, pages and files write them, without Foundation: RFC 3339 and ISO 8601 of any precision, RFC 822,
/// asctime, and the loose forms newsrooms use ("18:14 January 21, 2016", "Jan. 20, 2016", "16.11.2020 - 15:54").
///
/// Refused rather than guessed: a word or number that has no place in a date. A time without a zone is UTC.
package enum DateText {
    /// Longest text looked at; real dates stay far below.
    static let maxBytes = 128

    /// - Parameter from: where the text was found; stands in the result.
    /// - Returns: nil if the whole text is not one date.
    package static func parse(_ text: String, from: String) -> PublishedTime? {
        guard text.utf8.count <= maxBytes else { return nil }
        if let time = iso(Array(text.utf8), from: from) { return time }
        return LooseDate(TextSpace.trimmed(text))?.time(from: from)
    }

    // MARK: ISO 8601

    /// "2016", "2016-01", "2016-01-20", "2016-01-20T18:14[:05[.123]][Z|+09:00|+0900|+09]"; a blank may stand for the T.
    private static func iso(_ bytes: [UInt8], from: String) -> PublishedTime? {
        var index = 0
        func number(_ count: Int) -> Int? {
            guard index + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[index..<index + count] {
                guard ASCII.isDigit(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            index += count
            return value
        }
        func skip(_ byte: Character) -> Bool {
            guard index < bytes.count, bytes[index] == byte.asciiValue else { return false }
            index += 1
            return true
        }
        var stated = StatedTime()
        guard let year = number(4) else { return nil }
        stated.year = year
        if skip("-") {
            guard let month = number(2) else { return nil }
            stated.month = month
            if skip("-") {
                guard let day = number(2) else { return nil }
                stated.day = day
                if skip("T") || skip("t") || skip(" ") {
                    guard let hour = number(2), skip(":"), let minute = number(2) else { return nil }
                    stated.hour = hour
                    stated.minute = minute
                    if skip(":") {
                        guard let second = number(2) else { return nil }
                        stated.second = second
                        if skip(".") || skip(",") {
                            var scale = 100
                            let start = index
                            while let digit = number(1) {
                                stated.millisecond += digit * scale
                                scale /= 10
                            }
                            guard index > start else { return nil }
                        }
                    }
                    _ = skip(" ")
                    if skip("Z") || skip("z") {
                        stated.offsetMinutes = 0
                    } else if index < bytes.count {
                        let isWest = bytes[index] == UInt8(ascii: "-")
                        guard isWest || bytes[index] == UInt8(ascii: "+") else { return nil }
                        index += 1
                        guard let hours = number(2) else { return nil }
                        _ = skip(":")
                        let minutes = index < bytes.count ? number(2) : 0
                        guard let minutes, hours <= 23, minutes <= 59 else { return nil }
                        stated.offsetMinutes = (hours * 60 + minutes) * (isWest ? -1 : 1)
                        _ = skip("Z")
                    }
                }
            }
        }
        return index == bytes.count ? stated.time(from: from) : nil
    }
}

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

    /// - Returns: nil if a field is out of its range, or a coarser one is missing.
    func time(from: String) -> PublishedTime? {
        guard let year, (1...9999).contains(year), (month != nil || day == nil), (day != nil || hour == nil) else {
            return nil
        }
        let civil = CivilTime(
            year: year, month: month ?? 1, day: day ?? 1, hour: hour ?? 0, minute: minute ?? 0, second: second ?? 0)
        guard civil.isValid, let offset = Int16(exactly: offsetMinutes ?? 0), abs(Int(offset)) < 24 * 60 else {
            return nil
        }
        let seconds = civil.secondsSinceEpoch - Int64(offset) * 60
        let precision: PublishedTime.Precision =
            if second != nil { .second } else if hour != nil { .minute } else if day != nil {
                .day
            } else if month != nil { .month } else { .year }
        return PublishedTime(
            at: Timestamp(milliseconds: seconds * 1000 + Int64(millisecond)), offsetMinutes: offset,
            precision: precision,
            from: from)
    }
}
