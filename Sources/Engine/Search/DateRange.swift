import News

// The value of `published:` (docs/query-language.md, "Dates").
extension DateRange {
    /// Parses `2016`, `2016-01`, `2016-01-20`, `2016-01-20T10:30[:15]`, `a..b` (both included, to the end of b's unit),
    /// `..b`, `a..`, `>a`, `>=a`, `<a`, `<=a`. A time may end in Z or ±hh:mm; else it is in the given zone.
    ///
    /// - Parameter offset: characters before the value, for the error.
    package init(parsing text: String, offset: Int, zoneOffsetMinutes: Int = 0) throws(QueryError) {
        func unit(_ part: Substring) throws(QueryError) -> DateRange {
            guard let range = Self.unit(part, zoneOffsetMinutes: zoneOffsetMinutes) else {
                let before = text.unicodeScalars.distance(from: text.startIndex, to: part.startIndex)
                throw QueryError(
                    .syntax, "bad date \"\(part)\"",
                    expected: "a date such as 2016, 2016-01 or 2016-01-20, or two with \"..\" between",
                    offset: offset + before)
            }
            return range
        }
        if let dots = Self.firstDots(text) {
            let left = text[..<dots]
            let right = text[text.index(dots, offsetBy: 2)...]
            if left.isEmpty, right.isEmpty {
                throw QueryError(
                    .syntax, "a range without ends", expected: "a date before or after \"..\"", offset: offset)
            }
            self.init(from: left.isEmpty ? nil : try unit(left).from, to: right.isEmpty ? nil : try unit(right).to)
            if let from, let to, from >= to {
                throw QueryError(
                    .syntax, "the range \"\(text)\" ends before it starts", expected: "the earlier date first",
                    offset: offset)
            }
            return
        }
        if text.hasPrefix(">=") {
            self.init(from: try unit(text.dropFirst(2)).from, to: nil)
        } else if text.hasPrefix("<=") {
            self.init(from: nil, to: try unit(text.dropFirst(2)).to)
        } else if text.hasPrefix(">") {
            self.init(from: try unit(text.dropFirst(1)).to, to: nil)
        } else if text.hasPrefix("<") {
            self.init(from: nil, to: try unit(text.dropFirst(1)).from)
        } else {
            self = try unit(text[...])
        }
    }

    private static func firstDots(_ text: String) -> String.Index? {
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == ".", next < text.endIndex, text[next] == "." { return index }
            index = next
        }
        return nil
    }

    /// The stretch that a date names: a year, a month, a day, a minute or a second.
    private static func unit(_ text: Substring, zoneOffsetMinutes: Int) -> DateRange? {
        var rest = Array(text.utf8)[...]
        func digits(_ count: Int) -> Int? {
            guard rest.count >= count else { return nil }
            var value = 0
            for byte in rest.prefix(count) {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            rest = rest.dropFirst(count)
            return value
        }
        func skip(_ character: Character) -> Bool {
            guard rest.first == character.asciiValue else { return false }
            rest = rest.dropFirst()
            return true
        }
        func stretch(_ first: CivilTime, _ after: CivilTime, zone: Int) -> DateRange? {
            guard first.isValid else { return nil }
            let shift = Int64(zone) * 60
            return DateRange(
                from: Timestamp(seconds: first.secondsSinceEpoch - shift),
                to: Timestamp(seconds: after.secondsSinceEpoch - shift))
        }
        var zone = zoneOffsetMinutes
        guard let year = digits(4) else { return nil }
        if rest.isEmpty { return stretch(CivilTime(year: year), CivilTime(year: year + 1), zone: zone) }
        guard skip("-"), let month = digits(2) else { return nil }
        if rest.isEmpty {
            let next = month == 12 ? CivilTime(year: year + 1) : CivilTime(year: year, month: month + 1)
            return stretch(CivilTime(year: year, month: month), next, zone: zone)
        }
        guard skip("-"), let day = digits(2) else { return nil }
        var first = CivilTime(year: year, month: month, day: day)
        guard first.isValid else { return nil }
        var seconds: Int64 = 86_400
        if !rest.isEmpty {
            guard skip("T") || skip("t"), let hour = digits(2), skip(":"), let minute = digits(2) else { return nil }
            first.hour = hour
            first.minute = minute
            seconds = 60
            if skip(":") {
                guard let second = digits(2), second < 60 else { return nil }
                first.second = second
                seconds = 1
            }
            if skip("Z") || skip("z") {
                zone = 0
            } else if !rest.isEmpty {
                let isWest = rest.first == UInt8(ascii: "-")
                guard skip("+") || skip("-"), let hours = digits(2), skip(":"), let minutes = digits(2), hours < 24,
                    minutes < 60
                else { return nil }
                zone = (hours * 60 + minutes) * (isWest ? -1 : 1)
            }
            guard rest.isEmpty else { return nil }
        }
        guard let range = stretch(first, first, zone: zone), let from = range.from else { return nil }
        return DateRange(from: from, to: Timestamp(milliseconds: from.milliseconds + seconds * 1000))
    }
}
