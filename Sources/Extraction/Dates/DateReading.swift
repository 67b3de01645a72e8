import News

/// Reads a date token by token, in whatever order its parts stand.
///
/// Each token must find its place (weekday, day, month, year, time, half of the day, zone) or the text is no date; so
/// "Sun, 16 Dec zz 11:47" is refused, and no number is silently passed over.
struct DateReading {
    /// Longest date taken from prose.
    static let maxTokens = 48

    let tokens: [DateToken]
    var index: Int
    var isProse = false
    /// Whether 3/4 is the third of April for certain.
    var isDayFirst = false
    var stated = StatedTime()
    var isAfternoon: Bool?
    /// The zone is that of Korea unless another is stated.
    var isKorean = false
    /// A zone whose offset depends on the day.
    var zone: (standard: Int, rule: ZoneRule)?
    var hasNumericZone = false
    /// Token behind the time of day and its zone: there another part of the zone may stand.
    var zoneIndex = -1
    /// The month's word means a weekday in other languages: which.
    var doubtfulWeekday: Int?
    var isPersianMonth = false
    var weekday: Int?
    var eraYears: Int?
    /// Numbers without a name beside them, in the order they stand.
    var loose: [(value: Int, digits: Int)] = []
    /// How many of them stand before the month's name.
    var looseBeforeMonth = 0
    /// What stands between the last two of them; nil for blanks or words.
    var looseSeparator: Unicode.Scalar?
    /// Token behind the last of them.
    var looseEnd = -1

    private init(_ tokens: [DateToken], from start: Int) {
        self.tokens = tokens
        index = start
    }

    /// - Returns: nil if `text` is not wholly one date.
    static func whole(_ text: String, _ form: DateText.Form) -> StatedTime? {
        let all = DateTokens(text, limitBytes: DateText.maxBytes)
        var tokens = all.tokens
        if tokens.first == .open, tokens.last == .close, tokens.count > 2 {
            tokens = Array(tokens.dropFirst().dropLast())
        }
        if tokens.count == 1, case .number(let value, let digits) = tokens[0] {
            return form == .any ? unixTime(value, digits: digits) : nil
        }
        var reading = DateReading(tokens, from: 0)
        reading.isDayFirst = all.isRightToLeft
        while reading.index < tokens.count { guard reading.take() else { return nil } }
        return tokens.isEmpty ? nil : reading.settled()
    }

    /// The longest date of at least a day that begins at a token.
    ///
    /// - Returns: what it states, and the index behind its last token.
    static func longest(_ all: DateTokens, from start: Int) -> (StatedTime, end: Int)? {
        let tokens = all.tokens
        switch tokens[start] {
        case .number: break
        case .word(let word):
            guard
                MonthNames.month(word) != nil || MonthNames.persianMonth(word) != nil
                    || WeekdayNames.weekday(word) != nil
                    || DateWords.era(word) != nil || word == "ngay" || word == "كانون" || word == "تشرين"
                    || DateWords.isAfternoon(word) != nil && DateWords.standsBeforeTime(word)
            else { return nil }
        default: return nil
        }
        // Digits that belong to a longer name or number are no day.
        if start > 0, case .word = tokens[start - 1], case .number = tokens[start], !endsWithHan(tokens[start - 1]) {
            return nil
        }
        var reading = DateReading(tokens, from: start)
        reading.isProse = true
        reading.isDayFirst = all.isRightToLeft
        var best: (StatedTime, end: Int)?
        while reading.index < min(tokens.count, start + maxTokens) {
            guard reading.take() else { break }
            if tokens[reading.index - 1].isInk, let stated = reading.settled(), stated.day != nil,
                stated.time(from: "") != nil
            {
                best = (stated, reading.index)
            }
        }
        return best
    }

    private static func endsWithHan(_ token: DateToken) -> Bool {
        if case .word(let word) = token { DateWords.standsBeforeTime(word) } else { false }
    }

    /// Seconds or milliseconds since 1970.
    private static func unixTime(_ value: Int, digits: Int) -> StatedTime? {
        guard digits == 9 || digits == 10 || digits == 13 else { return nil }
        let civil = CivilTime(secondsSinceEpoch: Int64(digits == 13 ? value / 1000 : value))
        return StatedTime(
            year: civil.year, month: civil.month, day: civil.day, hour: civil.hour, minute: civil.minute,
            second: civil.second, millisecond: digits == 13 ? value % 1000 : 0, offsetMinutes: 0)
    }

    // MARK: Tokens

    func token(_ offset: Int = 0) -> DateToken? {
        tokens.indices.contains(index + offset) ? tokens[index + offset] : nil
    }

    /// How many tokens of white space stand at `offset`: 0 or 1.
    func gap(_ offset: Int = 0) -> Int { token(offset) == .gap ? 1 : 0 }

    /// Takes the next token and what belongs to it; false if it has no place in a date.
    mutating func take() -> Bool {
        switch tokens[index] {
        case .gap:
            index += 1
            return true
        case .sign(let sign): return takeSign(sign)
        case .word(let word): return takeWord(word)
        case .number(let value, let digits): return takeNumber(value, digits: digits)
        case .open: return takeRemark()
        case .close, .other: return false
        }
    }

    /// "(KST)" says nothing new, "(GMT+7)" may; anything else in brackets is passed over, in prose only a weekday is.
    private mutating func takeRemark() -> Bool {
        guard let close = tokens[index...].prefix(16).firstIndex(of: .close) else { return false }
        let inner = Array(tokens[(index + 1)..<close])
        index = close + 1
        guard stated.hour != nil, stated.offsetMinutes == nil, zone == nil else {
            return !isProse || stated.hour != nil || inner.allSatisfy(\.isWeekday)
        }
        var reading = DateReading(inner, from: 0)
        reading.stated.hour = 0
        reading.zoneIndex = 0
        while reading.index < inner.count { guard reading.take(), reading.loose.isEmpty else { return !isProse } }
        (stated.offsetMinutes, zone, hasNumericZone) = (
            reading.stated.offsetMinutes, reading.zone, reading.hasNumericZone
        )
        return true
    }

    // MARK: Words

    private mutating func takeWord(_ word: String) -> Bool {
        index += 1
        if let isAfternoon = meridian(word) {
            guard self.isAfternoon == nil, stated.hour != nil || DateWords.standsBeforeTime(word) else { return false }
            self.isAfternoon = isAfternoon
            isKorean = isKorean || word.hasPrefix("오")
            zoneIndex = index
            return true
        }
        if stated.hour != nil || word == "utc" || word == "gmt", takeZoneWord(word) { return true }
        if takeMonthWord(word) { return true }
        if let weekday = WeekdayNames.weekday(word) {
            self.weekday = weekday
            return true
        }
        if let years = DateWords.era(word) {
            eraYears = years
            // Its first year has a word of its own.
            if token() == .word("元") {
                loose.append((1, 1))
                index += 1
                return takeUnit(1) && loose.popLast() != nil
            }
            return true
        }
        return takeFiller(word)
    }

    /// am and pm, also "a.m." and "p. m." (whose second half is taken with it).
    private mutating func meridian(_ word: String) -> Bool? {
        let halves = ["a": "m", "p": "m", "π": "μ", "μ": "μ"]
        if let second = halves[word], token() == .sign(".") || token() == .gap {
            let blank = gap(1)
            let end = token() == .gap ? 1 : 1 + blank
            guard token(end) == .word(second), stated.hour != nil else { return nil }
            index += end + 1
            if token() == .sign(".") { index += 1 }
            return word == "p" || word == "μ"
        }
        return DateWords.isAfternoon(word)
    }

    /// "EST", "Europe/Brussels". What a region's rule says is settled with the day; regions unknown here are UTC.
    private mutating func takeZoneWord(_ word: String) -> Bool {
        if token() == .sign("/"), case .word? = token(1) {
            var city = ""
            while token() == .sign("/") || token() == .sign("_") || token() == .sign("-") {
                guard case .word(let part)? = token(1) else { break }
                city = token() == .sign("/") ? part : city + "_" + part
                index += 2
            }
            if zone == nil, !hasNumericZone { zone = ZoneRegion.find(city) }
            zoneIndex = index
            return true
        }
        // A second name beside a number says the same: "-0700 MST".
        if hasNumericZone || stated.offsetMinutes != nil, ZoneNames.offset(word) != nil, zoneIndex >= index - 2 {
            return true
        }
        guard stated.offsetMinutes == nil, zone == nil else { return false }
        if let standard = ZoneNames.american(word), word != "pt" || zoneIndex >= index - 2 {
            zone = (standard, .american)
        } else if let offset = ZoneNames.offset(word) {
            stated.offsetMinutes = offset
        } else if zoneIndex >= index - 2, word.utf8.count == 1, let letter = word.utf8.first, ASCII.isLetter(letter),
            !DateWords.isFiller(word), !isProse
        {
            // RFC 2822, 4.3: the military letters were specified wrongly, and mean nothing.
            stated.offsetMinutes = 0
        } else {
            return false
        }
        zoneIndex = index
        return true
    }

    private mutating func takeMonthWord(_ word: String) -> Bool {
        // Vietnamese: "tháng 3", "tháng ba".
        if word == "thang" || word == "thg", stated.month == nil, case .number(let value, _)? = token(gap()) {
            index += gap() + 1
            stated.month = value
            return true
        }
        var month = MonthNames.month(word)
        let between = token() == .sign(".") ? 1 : gap()
        if case .word(let second)? = token(between), let found = MonthNames.month(word, second) {
            month = found
            index += between + 1
        } else if let found = MonthNames.croatianMonth(word), isBetweenStops {
            month = found
        }
        let isPersian = month == nil
        guard let month = month ?? MonthNames.persianMonth(word) else { return false }
        let named = WeekdayNames.weekday(word)
        if stated.month != nil {
            // The same month by its second name: "نيسان / أبريل".
            if stated.month == month, stated.year == nil { return true }
            guard isMonthDoubtful else { return named != nil }
            weekday = doubtfulWeekday
        }
        stated.month = month
        looseBeforeMonth = loose.count
        isPersianMonth = isPersian
        doubtfulWeekday = weekday == nil ? named : nil
        return true
    }

    /// "27. listopada 2021.": stops behind the day before and the year behind.
    private var isBetweenStops: Bool {
        var before = index - 2
        if tokens.indices.contains(before), tokens[before] == .gap { before -= 1 }
        let next = gap()
        guard tokens.indices.contains(before), tokens[before] == .sign("."), case .number(_, digits: 4)? = token(next)
        else {
            return false
        }
        return token(next + 1) == .sign(".")
    }

    private mutating func takeFiller(_ word: String) -> Bool {
        if DateWords.isHour(word) {
            // "kl. 16.15"
            let skipped = token() == .sign(".") || token() == .sign(":") ? 1 : 0
            let start = skipped + gap(skipped)
            if stated.hour == nil, case .number(let hour, let digits)? = token(start), digits <= 2 {
                let sign = token(start + 1)
                if sign == .sign(".") || sign == .sign(":"), case .number(let minute, digits: 2)? = token(start + 2) {
                    index += start + 1
                    return takeClock(hour: hour, minute: minute, index + 2)
                }
            }
            return true
        }
        if DateWords.isFiller(word) { return true }
        // Vietnamese: "năm 2021", "thứ tư".
        if word == "nam", case .number(let year, digits: 4)? = token(gap()), stated.year == nil {
            stated.year = year
            index += gap() + 1
            return true
        }
        if word == "thứ", case .word? = token(gap()) {
            index += gap() + 1
            return true
        }
        return word == "chủ" || word == "nhật"
    }

    // MARK: Signs

    /// "+0100", "-05:00" behind a time is its zone; any other sign only separates.
    private mutating func takeSign(_ sign: Unicode.Scalar) -> Bool {
        index += 1
        if sign == "+" || sign == "-", stated.hour != nil, !hasNumericZone, zoneIndex >= index - 2 {
            // Some write "--0700" or ":-0700".
            if sign == "-", token() == .sign("-"), case .number(_, digits: 4)? = token(1) { index += 1 }
            if case .number(let value, let digits)? = token(), takeOffset(value, digits, sign == "-" ? -1 : 1) {
                return true
            }
        }
        if isProse { return ",.:/-|–—·•@'’".unicodeScalars.contains(sign) }
        return sign != "+" && sign != ";"
    }

    /// Numbers that cannot be an offset are left where they are: "15:54 - 16 November".
    private mutating func takeOffset(_ value: Int, _ digits: Int, _ direction: Int) -> Bool {
        var minutes = 0
        var used = 1
        let followsName = stated.offsetMinutes == 0
        switch digits {
        case 3, 4:
            minutes = value / 100 * 60 + value % 100
            guard value % 100 <= 59, value / 100 <= 23 else { return false }
        case 1, 2:
            guard value <= 23 else { return false }
            minutes = value * 60
            if token(1) == .sign(":"), case .number(let low, digits: 2)? = token(2), low <= 59 {
                minutes += low
                used = 3
            } else {
                // "+9" and "-05" are offsets; "- 16 November" and "-3 March" are not.
                guard followsName || (digits == 2 && !isBeforeMonth(1)) else { return false }
            }
        default: return false
        }
        index += used
        stated.offsetMinutes = direction * minutes
        hasNumericZone = true
        zone = nil
        zoneIndex = index
        if token() == .word("z") { index += 1 }
        return true
    }

    /// Whether a sign or a month's name follows the number before `offset`.
    private func isBeforeMonth(_ offset: Int) -> Bool {
        var next = offset
        if token(next) == .sign(".") || token(next) == .sign("/") { return true }
        next += gap(next)
        if case .word(let word)? = token(next) { return MonthNames.month(word) != nil }
        return false
    }
}

extension DateToken {
    /// Whether the token can end a date.
    fileprivate var isInk: Bool {
        switch self {
        case .number, .word, .close: true
        case .sign, .open, .gap, .other: false
        }
    }

    fileprivate var isWeekday: Bool {
        switch self {
        case .word(let word): WeekdayNames.weekday(word) != nil || word == "日" || word == "土"
        case .gap, .sign: true
        default: false
        }
    }
}
