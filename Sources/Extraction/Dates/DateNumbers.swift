import News

/// Numbers of a date: which is taken for what, and what they mean together.
extension DateReading {
    mutating func takeNumber(_ value: Int, digits: Int) -> Bool {
        index += 1
        if digits <= 2 {
            if token() == .sign(":"), case .number(let minute, let places)? = token(1), places <= 2 {
                return takeClock(hour: value, minute: minute, index + 2)
            }
            if takeSpokenHour(value) { return true }
        }
        if digits <= 4, takeUnit(value) { return true }
        if digits <= 2, takeDottedClock(value) { return true }
        // "UTC 00": the zone once more.
        if value == 0, digits == 2 || digits == 4, stated.offsetMinutes == 0, zoneIndex >= index - 2 { return true }
        if digits == 8 || digits == 14 { return takeRun(value, digits) }
        guard digits <= 4, digits != 3 else { return false }
        let separator = separatorBefore()
        if isProse, !loose.isEmpty, stated.month == nil, separator == nil { return false }
        if loose.count != 1 || separator != nil { looseSeparator = separator }
        loose.append((value, digits))
        looseEnd = index
        return loose.count <= 3
    }

    /// The sign between this number and the one before, if nothing but blanks stands beside it.
    private func separatorBefore() -> Unicode.Scalar? {
        var place = index - 2
        if place > looseEnd, tokens[place] == .gap { place -= 1 }
        guard place >= looseEnd, looseEnd > 0, tokens.indices.contains(place), case .sign(let sign) = tokens[place]
        else {
            return nil
        }
        if place > looseEnd, tokens[place - 1] == .gap { place -= 1 }
        return place == looseEnd ? sign : nil
    }

    /// "20210303", "20210303161500".
    private mutating func takeRun(_ value: Int, _ digits: Int) -> Bool {
        let date = digits == 14 ? value / 1_000_000 : value
        guard loose.isEmpty, stated.month == nil, (1500...2199).contains(date / 10_000) else { return false }
        (stated.year, stated.month, stated.day) = (date / 10_000, date / 100 % 100, date % 100)
        if digits == 14 {
            let clock = value % 1_000_000
            (stated.hour, stated.minute, stated.second) = (clock / 10_000, clock / 100 % 100, clock % 100)
            zoneIndex = index
        }
        return true
    }

    // MARK: Times of day

    /// - Parameter end: the index behind the minute.
    mutating func takeClock(hour: Int, minute: Int, _ end: Int) -> Bool {
        guard stated.hour == nil else { return false }
        (stated.hour, stated.minute) = (hour, minute)
        index = end
        if token() == .sign(":") || token() == .sign("."), case .number(let second, let places)? = token(1),
            places <= 2,
            token() == .sign(":") || (places == 2 && token(2) != .sign("."))
        {
            stated.second = second
            index += 2
            takeFraction()
            // A fourth number is no part of a time.
            if token() == .sign(":"), case .number? = token(1) { return false }
        }
        zoneIndex = index
        return true
    }

    private mutating func takeFraction() {
        guard token() == .sign(".") || token() == .sign(","), case .number(let fraction, let digits)? = token(1),
            digits != 4 || token() == .sign(".")
        else { return }
        var milliseconds = fraction
        for _ in digits..<max(digits, 3) { milliseconds *= 10 }
        for _ in 3..<max(min(digits, 18), 3) { milliseconds /= 10 }
        stated.millisecond = milliseconds
        index += 2
    }

    /// "3pm", "3 p.m.", "15h04", "16 h", "16 Uhr".
    private mutating func takeSpokenHour(_ value: Int) -> Bool {
        let blank = gap()
        guard stated.hour == nil, value <= 24, case .word(let word)? = token(blank) else { return false }
        if DateWords.isHourUnit(word) {
            index += blank + 1
            (stated.hour, stated.minute) = (value, 0)
            let next = gap()
            if case .number(let minute, digits: 2)? = token(next), minute <= 59, blank == 0 || next == 1 {
                stated.minute = minute
                index += next + 1
                takeSpokenSecond()
            }
            zoneIndex = index
            return true
        }
        let isHalf = word == "am" || word == "pm" || ((word == "a" || word == "p") && isHalfAhead(blank + 1))
        guard isHalf, (1...12).contains(value) else { return false }
        (stated.hour, stated.minute) = (value, 0)
        zoneIndex = index
        return true
    }

    /// Behind the minute of a spoken time: "min 30 s", "min", "m".
    private mutating func takeSpokenSecond() {
        guard case .word(let unit)? = token(gap()), unit == "min" || unit == "mn" || unit == "m" else { return }
        index += gap() + 1
        let start = gap()
        guard case .number(let second, let digits)? = token(start), digits <= 2 else { return }
        let end = start + 1 + gap(start + 1)
        guard token(end) == .word("s") || token(end) == .word("sec") else { return }
        stated.second = second
        index += end + 1
    }

    /// Whether ".m" or ". m" stands there.
    private func isHalfAhead(_ offset: Int) -> Bool {
        token(offset) == .sign(".") && token(offset + 1 + gap(offset + 1)) == .word("m")
    }

    /// "15.54" behind a whole date, "15.54 Uhr" anywhere.
    private mutating func takeDottedClock(_ value: Int) -> Bool {
        guard stated.hour == nil, value <= 23, token() == .sign("."), case .number(let minute, digits: 2)? = token(1),
            minute <= 59, token(2) != .sign(".") || hasWholeDate
        else { return false }
        var isClock = hasWholeDate
        if case .word(let word)? = token(2 + gap(2)), DateWords.isHour(word) || word == "am" || word == "pm" {
            isClock = true
        }
        guard isClock else { return false }
        return takeClock(hour: value, minute: minute, index + 2)
    }

    private var hasWholeDate: Bool {
        if loose.count == 3 || (stated.day != nil && stated.year != nil) { return true }
        return stated.month != nil && loose.count == 2 && loose.contains { $0.digits == 4 }
    }

    // MARK: Units

    /// "2004년 05월 28일", "2022年1月1日": the unit stands behind the number.
    mutating func takeUnit(_ value: Int) -> Bool {
        let blank = gap()
        guard case .word(let word)? = token(blank), let unit = DateWords.unit(word) else { return false }
        index += blank + 1
        switch unit {
        case .year:
            stated.year = value + (eraYears ?? 0)
            eraYears = nil
        case .month: stated.month = value
        case .day: stated.day = value
        case .hour: (stated.hour, stated.minute) = (value, stated.minute ?? 0)
        case .minute: stated.minute = value
        case .second: stated.second = value
        }
        if word == "년" || word == "월" || word == "일" { isKorean = true }
        if unit == .hour || unit == .minute || unit == .second { zoneIndex = index }
        return true
    }

    // MARK: What the numbers mean

    var isMonthDoubtful: Bool { doubtfulWeekday != nil }

    /// - Returns: nil if what was taken so far is no date.
    func settled() -> StatedTime? {
        var copy = self
        if isMonthDoubtful, loose.count == 3 { (copy.stated.month, copy.weekday) = (nil, doubtfulWeekday) }
        guard
            copy.stated.month == nil || !loose.isEmpty && copy.stated.day != nil && copy.stated.year != nil
                ? copy.settleNumericDate() : copy.settleNamedMonth(), copy.settleYear(), copy.settleClock()
        else { return nil }
        return copy.stated
    }

    /// "21 January 2016", "January 21, 2016", "Jan 04", "Nov. 2020".
    private mutating func settleNamedMonth() -> Bool {
        // "aged 78, 3 March 2021": in prose only one number before the month can belong to the date.
        guard !isProse || looseBeforeMonth <= 1 || loose[0].digits == 4 else { return false }
        var short: [(value: Int, digits: Int)] = []
        for number in loose {
            if number.digits == 4 {
                guard stated.year == nil else { return false }
                stated.year = number.value
            } else {
                short.append(number)
            }
        }
        if short.count == 2, short[0].value > 31, short[0].digits == 2 { short.swapAt(0, 1) }
        for number in short {
            if stated.day == nil {
                stated.day = number.value
            } else {
                guard stated.year == nil, number.digits == 2 else { return false }
                stated.year = isPersianMonth ? 1300 + number.value : StatedTime.fullYear(number.value)
            }
        }
        return true
    }

    /// "2006/09/15", "26/06/2020", "03/30/2020", "30.10.23", "03-12-31".
    private mutating func settleNumericDate() -> Bool {
        guard !loose.isEmpty else { return stated.year != nil }
        guard loose.count == 3, stated.year == nil, stated.day == nil else { return false }
        let (first, second, third) = (loose[0], loose[1], loose[2])
        if first.digits == 4 {
            guard second.digits <= 2, third.digits <= 2 else { return false }
            (stated.year, stated.month, stated.day) = (first.value, second.value, third.value)
            return true
        }
        guard second.digits <= 2 else { return false }
        if isProse, third.digits != 4, looseSeparator != "/", first.digits != 2 || second.digits != 2 { return false }
        if looseSeparator == "-", third.digits == 2, (1...12).contains(second.value) {
            // ISO 8601:1988 allowed years of two digits.
            (stated.year, stated.month, stated.day) = (StatedTime.fullYear(first.value), second.value, third.value)
            if stated.time(from: "") != nil { return true }
        }
        guard third.digits == 4 || third.digits == 2 else { return false }
        stated.year = third.digits == 4 ? third.value : StatedTime.fullYear(third.value)
        let isMonthFirst = isMonthFirst(first.value, second.value)
        stated.month = isMonthFirst ? first.value : second.value
        stated.day = isMonthFirst ? second.value : first.value
        return true
    }

    /// Where both readings are possible, the weekday decides; else a slash is American and anything else European.
    private func isMonthFirst(_ first: Int, _ second: Int) -> Bool {
        guard first <= 12, second <= 12 else { return first <= 12 }
        if let weekday, weekday > 0, let year = stated.year, first > 0, second > 0, first != second {
            let asAmerican = CivilTime(year: year, month: first, day: second).weekday == weekday
            let asEuropean = CivilTime(year: year, month: second, day: first).weekday == weekday
            if asAmerican != asEuropean { return asAmerican }
        }
        return looseSeparator == "/" && !isDayFirst
    }

    /// Years of other calendars.
    private mutating func settleYear() -> Bool {
        guard let year = stated.year, year > 0 else { return false }
        if isPersianMonth || (PersianCalendar.years.contains(year) && stated.day != nil && isNumericPersian) {
            guard
                let day = PersianCalendar.gregorian(year: year, month: stated.month ?? 0, day: stated.day ?? 0)
            else { return false }
            (stated.year, stated.month, stated.day) = day
        } else if (2400...2643).contains(year) {
            // The Buddhist era of Thailand.
            stated.year = year - 543
        }
        return true
    }

    /// Whether a date in numbers is of the Persian calendar: slashes, the year first.
    private var isNumericPersian: Bool { loose.count == 3 && loose[0].digits == 4 && looseSeparator == "/" }

    private mutating func settleClock() -> Bool {
        if let isAfternoon, let hour = stated.hour {
            guard hour <= 12 || isAfternoon else { return hour <= 23 && stated.time(from: "") != nil }
            stated.hour = hour > 12 ? hour : hour % 12 + (isAfternoon ? 12 : 0)
        }
        if let zone, stated.offsetMinutes == nil, let year = stated.year, let month = stated.month, let day = stated.day
        {
            let local = CivilTime(
                year: year, month: month, day: day, hour: stated.hour ?? 0, minute: stated.minute ?? 0)
            guard local.isValid else { return false }
            stated.offsetMinutes = zone.rule.offset(standard: zone.standard, at: local)
        }
        if isKorean, stated.offsetMinutes == nil, stated.hour != nil { stated.offsetMinutes = 9 * 60 }
        return true
    }
}
