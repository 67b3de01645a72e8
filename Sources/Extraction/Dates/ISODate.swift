import News

/// Dates of ISO 8601 and its profiles RFC 3339 and W3C-DTF.
///
/// Calendar, week and ordinal dates, extended ("2016-01-20") and basic ("20160120"); of the edition of 1988 also years
/// of two digits. Hours and minutes may be written with one digit, months with zeros in front. A blank may stand for "T".
struct ISODate {
    private let bytes: [UInt8]
    private var index = 0
    private var stated = StatedTime()

    /// - Returns: nil if the whole of `text` is not such a date.
    static func stated(_ text: some Sequence<UInt8>, _ form: DateText.Form) -> StatedTime? {
        var reader = ISODate(bytes: Array(text))
        guard reader.readDate(form), reader.readTime(), reader.index == reader.bytes.count else { return nil }
        return reader.stated
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    // MARK: Dates

    private mutating func readDate(_ form: DateText.Form) -> Bool {
        let count = digitsAhead
        switch count {
        case 4:
            stated.year = number(4)
            return readAfterYear(form)
        case 0: return form == .any && readWithoutCentury()
        case 2 where form == .any: return readTwoDigitYear()
        case 5 where form == .any:
            stated.year = number(2).map(StatedTime.fullYear)
            return readOrdinal()
        case 6 where form == .any: return readSixDigits()
        case 7 where form == .any:
            stated.year = number(4)
            return readOrdinal()
        case 8, 12, 14:
            guard form != .w3c else { return false }
            (stated.year, stated.month, stated.day) = (number(4), number(2), number(2))
            guard isPlausible else { return false }
            if count > 8 { (stated.hour, stated.minute) = (number(2), number(2)) }
            if count == 14 { stated.second = number(2) }
            return true
        default: return false
        }
    }

    /// "-01[-20]", "-020", "-W03[-5]", "W035", or nothing.
    private mutating func readAfterYear(_ form: DateText.Form) -> Bool {
        if index == bytes.count { return true }
        let hasHyphen = skip("-")
        if form != .w3c, skip("W") || skip("w") { return readWeek(hasHyphen: hasHyphen) }
        guard hasHyphen else { return false }
        let count = digitsAhead
        if form != .w3c, count == 3 {
            // An ordinal day, unless a day of the month follows a month with a zero too many.
            guard index + 3 < bytes.count, bytes[index] == UInt8(ascii: "0"), bytes[index + 3] == UInt8(ascii: "-")
            else { return readOrdinal() }
            index += 1
        }
        guard let month = number(2) else { return false }
        stated.month = month
        guard skip("-") else { return index == bytes.count }
        stated.day = number(2)
        return stated.day != nil && digitsAhead == 0
    }

    /// "03-12-31", "03-335".
    private mutating func readTwoDigitYear() -> Bool {
        stated.year = number(2).map(StatedTime.fullYear)
        guard skip("-") else { return false }
        if digitsAhead == 3 { return readOrdinal() }
        stated.month = number(2)
        guard skip("-"), digitsAhead == 2 else { return false }
        stated.day = number(2)
        return stated.month != nil
    }

    /// "-0312", "-03-12": the century is implied.
    private mutating func readWithoutCentury() -> Bool {
        guard skip("-"), digitsAhead == 4 || digitsAhead == 2 else { return false }
        let hasHyphen = digitsAhead == 2
        stated.year = number(2).map(StatedTime.fullYear)
        guard !hasHyphen || skip("-"), digitsAhead == 2 else { return false }
        stated.month = number(2)
        return index == bytes.count
    }

    /// "031231": a year of two digits; where that is no date, "202011": a year and a month.
    private mutating func readSixDigits() -> Bool {
        (stated.year, stated.month, stated.day) = (number(2).map(StatedTime.fullYear), number(2), number(2))
        if stated.time(from: "") != nil { return true }
        index = 0
        stated = StatedTime(year: number(4), month: number(2))
        return isPlausible && index == bytes.count
    }

    private mutating func readOrdinal() -> Bool {
        guard let year = stated.year, let number = number(3), digitsAhead == 0, number >= 1 else { return false }
        let isLeap = CivilTime.daysIn(month: 2, year: year) == 29
        guard number <= (isLeap ? 366 : 365) else { return false }
        take(daysAfter: number - 1, of: CivilTime(year: year))
        return true
    }

    /// Week 1 is the one with 4 January; weeks begin on Monday.
    private mutating func readWeek(hasHyphen: Bool) -> Bool {
        guard let year = stated.year, let week = number(2), (1...53).contains(week) else { return false }
        var weekday = 1
        if hasHyphen ? skip("-") : digitsAhead == 1 {
            guard let stated = number(1), (1...7).contains(stated) else { return false }
            weekday = stated
        }
        let fourth = CivilTime(year: year, month: 1, day: 4)
        take(daysAfter: (week - 1) * 7 + weekday - fourth.weekday, of: fourth)
        return digitsAhead == 0
    }

    private mutating func take(daysAfter days: Int, of start: CivilTime) {
        let civil = CivilTime(secondsSinceEpoch: start.secondsSinceEpoch + Int64(days) * 86_400)
        (stated.year, stated.month, stated.day) = (civil.year, civil.month, civil.day)
    }

    /// Whether digits without signs are likely to be a date at all.
    private var isPlausible: Bool {
        guard let year = stated.year, let month = stated.month else { return false }
        return (1500...2199).contains(year) && (1...12).contains(month)
            && (stated.day.map { (1...31).contains($0) } ?? true)
    }

    // MARK: Times

    private mutating func readTime() -> Bool {
        if index < bytes.count, stated.hour == nil {
            if stated.day != nil, readZoneOfDay() { return true }
            guard stated.day != nil, skip("T") || skip("t") || skip(" ") else { return false }
            skipBlanks()
            guard readClock() else { return false }
        }
        guard readFraction() else { return false }
        skipBlanks()
        return readZone()
    }

    private mutating func readClock() -> Bool {
        let count = digitsAhead
        if count == 4 || count == 6 {
            (stated.hour, stated.minute) = (number(2), number(2))
            if count == 6 { stated.second = number(2) }
            return true
        }
        guard (1...2).contains(count) else { return false }
        stated.hour = number(count)
        guard skip(":") else { return count == 2 }
        guard (1...2).contains(digitsAhead) else { return false }
        stated.minute = number(digitsAhead)
        if skip(":") {
            guard (1...2).contains(digitsAhead) else { return false }
            stated.second = number(digitsAhead)
        }
        return true
    }

    /// Of the last field stated; "." or ",".
    private mutating func readFraction() -> Bool {
        guard stated.hour != nil, skip(".") || skip(",") else { return true }
        let digits = digitsAhead
        guard digits > 0 else { return false }
        // Nine digits are more than a millisecond of an hour needs.
        var fraction: Int64 = 0
        for place in 0..<9 {
            fraction = fraction * 10 + (place < digits ? Int64(bytes[index + place] - 0x30) : 0)
        }
        index += digits
        let unitMilliseconds: Int64 = stated.second != nil ? 1000 : stated.minute != nil ? 60_000 : 3_600_000
        let milliseconds = Int(fraction * unitMilliseconds / 1_000_000_000)
        if stated.minute == nil { stated.minute = milliseconds / 60_000 }
        if stated.second == nil { stated.second = milliseconds / 1000 % 60 }
        stated.millisecond = milliseconds % 1000
        return true
    }

    /// "Z" or "+09:00" behind a day (XML Schema). A day is a day wherever it is, so the zone changes nothing.
    private mutating func readZoneOfDay() -> Bool {
        let rest = bytes[index...]
        if rest.elementsEqual("Z".utf8) {
            index = bytes.count
            return true
        }
        guard rest.count == 6, rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-"),
            rest[index + 3] == UInt8(ascii: ":"),
            (rest[(index + 1)...(index + 2)] + rest[(index + 4)...]).allSatisfy(ASCII.isDigit)
        else { return false }
        index = bytes.count
        return true
    }

    /// "Z", "+09", "+0900", "+09:00", also with a "Z" behind; or nothing.
    private mutating func readZone() -> Bool {
        guard index < bytes.count else { return true }
        guard stated.hour != nil else { return false }
        if skip("Z") || skip("z") {
            stated.offsetMinutes = 0
            return true
        }
        let isWest = bytes[index] == UInt8(ascii: "-")
        guard isWest || bytes[index] == UInt8(ascii: "+") else { return false }
        index += 1
        guard let hours = number(2) else { return false }
        _ = skip(":")
        let minutes = digitsAhead == 0 ? 0 : number(2)
        guard let minutes, hours <= 23, minutes <= 59 else { return false }
        stated.offsetMinutes = (hours * 60 + minutes) * (isWest ? -1 : 1)
        _ = skip("Z")
        return true
    }

    // MARK: Pieces

    private var digitsAhead: Int { bytes[index...].prefix { ASCII.isDigit($0) }.count }

    private mutating func number(_ count: Int) -> Int? {
        guard index + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[index..<index + count] {
            guard ASCII.isDigit(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        index += count
        return value
    }

    private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: byte) else { return false }
        index += 1
        return true
    }

    private mutating func skipBlanks() { while skip(" ") {} }
}
