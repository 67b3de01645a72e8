package import News

/// The two shapes that nearly all dates of feeds have, read in one pass over their bytes; all others are `DateText`'s.
///
///     Thu, 21 Jan 2016 18:14:05 +0900      RFC 822 with a year of four digits; "GMT", "UTC" or "Z" for the zone
///     2016-01-21T18:14:05+09:00            RFC 3339, also with milliseconds; "Z" for the zone
///
/// What it answers, `DateText` answers too; it only does so sooner.
package enum FeedTime {
    /// - Parameter from: where the text was found; stands in the result.
    package static func parse(_ text: [UInt8], from: String) -> PublishedTime? {
        guard text.count <= DateText.maxBytes else { return nil }
        if let time = mail(text) ?? internet(text) {
            return PublishedTime(
                at: time.at, offsetMinutes: time.offsetMinutes, precision: .second, from: from)
        }
        return DateText.parse(String(decoding: text, as: UTF8.self), from: from)
    }

    static func instant(_ text: [UInt8]) -> Timestamp? {
        if let time = mail(text) ?? internet(text) { return time.at }
        return parse(text, from: "feed")?.at
    }

    private typealias Time = (at: Timestamp, offsetMinutes: Int16)

    private static func mail(_ text: [UInt8]) -> Time? {
        guard text.count >= 28, text.count <= 31, text[3] == UInt8(ascii: ","), text[4] == 0x20,
            isWeekday(text[0], text[1], text[2])
        else { return nil }
        // A day of one digit makes all that follows come one byte sooner.
        let shift = text[6] == 0x20 ? 1 : 0
        let start = 8 - shift
        guard let day = number(text, 5, 2 - shift), text[start - 1] == 0x20,
            let month = month(text[start], text[start + 1], text[start + 2]), text[start + 3] == 0x20,
            let year = number(text, start + 4, 4), text[start + 8] == 0x20
        else { return nil }
        let clock = start + 9
        guard let (hour, minute, second) = clockTime(text, clock), clock + 8 < text.count, text[clock + 8] == 0x20,
            let offset = zone(text, clock + 9, hasColon: false)
        else { return nil }
        return time(CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second), offset)
    }

    private static func internet(_ text: [UInt8]) -> Time? {
        guard text.count >= 20, text.count <= 32, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] == UInt8(ascii: "T"), let year = number(text, 0, 4), let month = number(text, 5, 2),
            let day = number(text, 8, 2), let (hour, minute, second) = clockTime(text, 11),
            let (milliseconds, end) = fraction(text, 19), let offset = zone(text, end, hasColon: true),
            let whole = time(
                CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second), offset)
        else { return nil }
        return (Timestamp(milliseconds: whole.at.milliseconds + Int64(milliseconds)), whole.offsetMinutes)
    }

    /// Three digits of a fraction of a second, as programs write it; 0 if there is none.
    private static func fraction(_ text: [UInt8], _ start: Int) -> (milliseconds: Int, end: Int)? {
        guard text[start] == UInt8(ascii: ".") else { return (0, start) }
        guard start + 5 <= text.count, let digits = number(text, start + 1, 3) else { return nil }
        return (digits, start + 4)
    }

    private static func time(_ civil: CivilTime, _ offsetMinutes: Int) -> Time? {
        // Leap seconds and years before the calendar are left to who knows them.
        guard civil.isValid, civil.second < 60, civil.year >= 1600, let offset = Int16(exactly: offsetMinutes) else {
            return nil
        }
        return (Timestamp(seconds: civil.secondsSinceEpoch - Int64(offsetMinutes) * 60), offset)
    }

    private static func clockTime(_ text: [UInt8], _ start: Int) -> (Int, Int, Int)? {
        guard start + 8 <= text.count, text[start + 2] == UInt8(ascii: ":"), text[start + 5] == UInt8(ascii: ":"),
            let hour = number(text, start, 2), let minute = number(text, start + 3, 2),
            let second = number(text, start + 6, 2), hour < 24
        else { return nil }
        return (hour, minute, second)
    }

    /// Minutes east of UTC.
    private static func zone(_ text: [UInt8], _ start: Int, hasColon: Bool) -> Int? {
        let rest = text[start...]
        if hasColon ? rest.elementsEqual("Z".utf8) : rest.elementsEqual("GMT".utf8) || rest.elementsEqual("UTC".utf8) {
            return 0
        }
        guard rest.count == (hasColon ? 6 : 5), rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-"),
            let hours = number(text, start + 1, 2), let minutes = number(text, start + (hasColon ? 4 : 3), 2),
            !hasColon || text[start + 3] == UInt8(ascii: ":"), hours < 15, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (rest.first == UInt8(ascii: "-") ? -1 : 1)
    }

    private static func number(_ text: [UInt8], _ start: Int, _ count: Int) -> Int? {
        var value = 0
        for byte in text[start..<(start + count)] {
            guard ASCII.isDigit(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }

    private static func key(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> UInt32 {
        UInt32(a) << 16 | UInt32(b) << 8 | UInt32(c)
    }

    private static func isWeekday(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> Bool {
        switch key(a, b, c) {
        case 0x4D6F6E, 0x547565, 0x576564, 0x546875, 0x467269, 0x536174, 0x53756E: true
        default: false
        }
    }

    private static func month(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> Int? {
        switch key(a, b, c) {
        case 0x4A616E: 1
        case 0x466562: 2
        case 0x4D6172: 3
        case 0x417072: 4
        case 0x4D6179: 5
        case 0x4A756E: 6
        case 0x4A756C: 7
        case 0x417567: 8
        case 0x536570: 9
        case 0x4F6374: 10
        case 0x4E6F76: 11
        case 0x446563: 12
        default: nil
        }
    }
}
