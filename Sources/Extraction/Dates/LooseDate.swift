import News

/// A date in a form people write, taken token by token.
///
/// Each token must find its place (weekday, day, month, year, time, half of the day, zone) or the text is no date; so
/// "Sun, 16 Dec zz 11:47" is refused, and no number is silently passed over.
struct LooseDate {
    private enum Token: Equatable {
        case number(Int, digits: Int)
        case word(String)
        case sign(Unicode.Scalar)
        /// Blanks.
        case gap
    }

    private var tokens: [Token] = []
    private var index = 0
    private var stated = StatedTime()
    private var isAfternoon: Bool?
    private var isKorean = false
    /// Numbers without a name beside them, in the order they stand, with what stands between them.
    private var loose: [(value: Int, digits: Int)] = []
    private var looseSeparator: Unicode.Scalar = "/"

    /// - Returns: nil if `text` is not wholly one date.
    init?(_ text: String) {
        guard tokenise(text), !tokens.isEmpty else { return nil }
        if tokens.count == 1, case .number(let value, let digits) = tokens[0], digits == 9 || digits == 10 {
            let civil = CivilTime(secondsSinceEpoch: Int64(value))
            stated = StatedTime(
                year: civil.year, month: civil.month, day: civil.day, hour: civil.hour, minute: civil.minute,
                second: civil.second, offsetMinutes: 0)
            return
        }
        while index < tokens.count { guard takeToken() else { return nil } }
        guard settle() else { return nil }
    }

    func time(from: String) -> PublishedTime? { stated.time(from: from) }

    // MARK: Tokens

    private mutating func tokenise(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var place = 0
        var depth = 0
        while place < scalars.count {
            let scalar = scalars[place]
            if scalar == "(" { depth += 1 }
            if depth > 0 {
                if scalar == ")" { depth -= 1 }
                place += 1
                continue
            }
            if ("0"..."9").contains(scalar) {
                let start = place
                var value = 0
                while place < scalars.count, ("0"..."9").contains(scalars[place]) {
                    guard place - start < 10 else { return false }
                    value = value * 10 + Int(scalars[place].value - 0x30)
                    place += 1
                }
                tokens.append(.number(value, digits: place - start))
            } else if scalar.properties.isAlphabetic {
                let start = place
                while place < scalars.count, scalars[place].properties.isAlphabetic { place += 1 }
                tokens.append(.word(String(String.UnicodeScalarView(scalars[start..<place])).lowercased()))
            } else if TextSpace.isSpace(scalar) {
                if tokens.last != .gap { tokens.append(.gap) }
                place += 1
            } else {
                guard ",.:/-+|–—·".unicodeScalars.contains(scalar) else { return false }
                tokens.append(.sign(scalar))
                place += 1
            }
        }
        return depth == 0
    }

    private func token(_ offset: Int = 0) -> Token? {
        tokens.indices.contains(index + offset) ? tokens[index + offset] : nil
    }

    private mutating func takeToken() -> Bool {
        switch tokens[index] {
        case .gap:
            index += 1
            return true
        case .sign(let sign): return takeSign(sign)
        case .word(let word): return takeWord(word)
        case .number(let value, let digits): return takeNumber(value, digits: digits)
        }
    }

    /// "+0100", "-05:00" behind a time is its zone; any other sign only separates.
    private mutating func takeSign(_ sign: Unicode.Scalar) -> Bool {
        index += 1
        guard sign == "+" || sign == "-", stated.hour != nil, case .number(let value, let digits)? = token() else {
            return sign != "+"
        }
        let direction = sign == "-" ? -1 : 1
        guard stated.offsetMinutes == nil || stated.offsetMinutes == 0 else { return false }
        switch digits {
        case 4:
            guard value / 100 <= 23, value % 100 <= 59 else { return false }
            stated.offsetMinutes = direction * (value / 100 * 60 + value % 100)
            index += 1
        case 1, 2:
            var minutes = 0
            index += 1
            if token() == .sign(":") {
                guard case .number(let low, digits: 2)? = token(1), low <= 59 else { return false }
                minutes = low
                index += 2
            }
            guard value <= 23 else { return false }
            stated.offsetMinutes = direction * (value * 60 + minutes)
        default: return false
        }
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        index += 1
        if let isAfternoon = meridian(word) {
            self.isAfternoon = isAfternoon
            return stated.hour != nil || word.hasPrefix("오")
        }
        if stated.hour != nil, stated.offsetMinutes == nil, token() != .sign("/"), let zone = DateNames.zone(word) {
            stated.offsetMinutes = zone
            return true
        }
        // "Europe/Brussels", "Etc/GMT": which offset that was on the day is not told here, so UTC.
        if stated.hour != nil, token() == .sign("/"), case .word? = token(1) {
            index += 2
            return true
        }
        if DateNames.isWeekday(word) || DateNames.isFiller(word) { return true }
        if let month = DateNames.month(word) {
            guard stated.month == nil else { return false }
            stated.month = month
            return true
        }
        return false
    }

    /// am and pm, also "a.m." (whose second half is taken with it).
    private mutating func meridian(_ word: String) -> Bool? {
        switch word {
        case "am", "오전": return false
        case "pm", "오후": return true
        case "a", "p":
            guard token() == .sign("."), token(1) == .word("m") else { return nil }
            index += 2
            return word == "p"
        default: return nil
        }
    }

    private mutating func takeNumber(_ value: Int, digits: Int) -> Bool {
        index += 1
        if token() == .sign(":"), case .number(let minute, _)? = token(1) {
            return takeTime(hour: value, minute: minute)
        }
        if case .word(let unit)? = token(), takeUnit(unit, value) { return true }
        guard digits <= 4, digits != 3 else { return false }
        if let last = previousSign(), !loose.isEmpty { looseSeparator = last }
        loose.append((value, digits))
        return loose.count <= 3
    }

    /// The sign between this number and the one before, if nothing else is.
    private func previousSign() -> Unicode.Scalar? {
        guard index >= 3, case .sign(let sign) = tokens[index - 2], case .number = tokens[index - 3] else { return nil }
        return sign
    }

    private mutating func takeTime(hour: Int, minute: Int) -> Bool {
        guard stated.hour == nil else { return false }
        stated.hour = hour
        stated.minute = minute
        index += 2
        if token() == .sign(":"), case .number(let second, _)? = token(1) {
            stated.second = second
            index += 2
            if token() == .sign("."), case .number(let fraction, let digits)? = token(1) {
                var milliseconds = fraction
                for _ in digits..<max(digits, 3) { milliseconds *= 10 }
                for _ in 3..<max(digits, 3) { milliseconds /= 10 }
                stated.millisecond = milliseconds
                index += 2
            }
        }
        return true
    }

    /// "2004년 05월 28일", "2022年1月1日": the unit stands behind the number.
    private mutating func takeUnit(_ unit: String, _ value: Int) -> Bool {
        switch unit {
        case "년", "年": stated.year = value
        case "월", "月": stated.month = value
        case "일", "日": stated.day = value
        case "시", "時", "时": stated.hour = value
        case "분", "分": stated.minute = value
        case "초", "秒": stated.second = value
        default: return false
        }
        if ["년", "월", "일"].contains(unit) { isKorean = true }
        index += 1
        return true
    }

    // MARK: What the numbers mean

    private mutating func settle() -> Bool {
        guard stated.month == nil ? settleNumericDate() : settleNamedMonth() else { return false }
        if let isAfternoon, let hour = stated.hour {
            guard hour <= 12 || isAfternoon else { return false }
            stated.hour = hour > 12 ? hour : hour % 12 + (isAfternoon ? 12 : 0)
        }
        if isKorean, stated.offsetMinutes == nil, stated.hour != nil { stated.offsetMinutes = 9 * 60 }
        return stated.year != nil
    }

    /// "21 January 2016", "January 21, 2016", "Jan 04", "Nov. 2020".
    private mutating func settleNamedMonth() -> Bool {
        for (value, digits) in loose {
            if digits == 4 {
                guard stated.year == nil else { return false }
                stated.year = value
            } else if stated.day == nil {
                stated.day = value
            } else {
                guard stated.year == nil else { return false }
                stated.year = Self.fullYear(value)
            }
        }
        return true
    }

    /// "2006/09/15", "26/06/2020", "03/30/2020", "30.10.23", "03-12-31".
    private mutating func settleNumericDate() -> Bool {
        guard !loose.isEmpty else { return stated.year != nil }
        guard loose.count == 3, stated.year == nil else { return false }
        if loose[0].digits == 4 {
            (stated.year, stated.month, stated.day) = (loose[0].value, loose[1].value, loose[2].value)
            return loose[1].digits <= 2 && loose[2].digits <= 2
        }
        guard loose[1].digits <= 2 else { return false }
        if looseSeparator == "-", loose[2].digits == 2 {
            // ISO 8601:1988 allowed years of two digits.
            (stated.year, stated.month, stated.day) = (Self.fullYear(loose[0].value), loose[1].value, loose[2].value)
            return true
        }
        stated.year = loose[2].digits == 4 ? loose[2].value : Self.fullYear(loose[2].value)
        // Where both readings are possible, a slash is American and anything else is European.
        let isMonthFirst = loose[0].value <= 12 && (loose[1].value > 12 || looseSeparator == "/")
        stated.month = isMonthFirst ? loose[0].value : loose[1].value
        stated.day = isMonthFirst ? loose[1].value : loose[0].value
        return true
    }

    /// RFC 2822, 4.3: 00…49 are of this century.
    private static func fullYear(_ twoDigits: Int) -> Int { twoDigits + (twoDigits < 50 ? 2000 : 1900) }
}
