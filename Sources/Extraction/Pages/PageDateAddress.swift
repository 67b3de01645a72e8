import News

/// Days in addresses: "/2016/01/20/", "/2016-01-20-story", "/20160120/", "/2016/jan/20/".
enum PageDateAddress {
    static func day(_ url: String) -> PublishedTime? {
        guard let address = WebAddress(url) else { return nil }
        let path = Array(address.path.utf8)
        var index = 0
        while index < path.count {
            guard ASCII.isDigit(path[index]) else {
                index += 1
                continue
            }
            if let time = day(path, at: index) { return time }
            while index < path.count, ASCII.isDigit(path[index]) { index += 1 }
        }
        return nil
    }

    /// An instant stated in UTC, shown on the newsroom's own day where the address tells that one: late in the evening west
    /// of Greenwich it is the next day in UTC. The instant stays; the offset is the least that reaches that day, as the
    /// true one is not known.
    static func localised(_ time: PublishedTime, url: String?) -> PublishedTime {
        guard time.offsetMinutes == 0, time.precision.rawValue > PublishedTime.Precision.day.rawValue,
            let day = url.flatMap(day)?.at.milliseconds
        else { return time }
        let dayMilliseconds: Int64 = 86_400_000
        let hourMilliseconds: Int64 = 3_600_000
        let ahead = time.at.milliseconds - (day + dayMilliseconds)
        let behind = day - time.at.milliseconds
        var local = time
        // Zones reach from ten hours west to fourteen hours east.
        if (0..<10 * hourMilliseconds).contains(ahead) {
            local.offsetMinutes = -Int16(ahead / hourMilliseconds + 1) * 60
        } else if (1...14 * hourMilliseconds).contains(behind) {
            local.offsetMinutes = Int16((behind + hourMilliseconds - 1) / hourMilliseconds) * 60
        }
        return local
    }

    private static func day(_ path: [UInt8], at start: Int) -> PublishedTime? {
        let digits = path[start...].prefix(while: ASCII.isDigit)
        if digits.count == 8, startsPart(path, start), endsPart(path, start + 8) {
            return time(number(digits.prefix(4)), number(digits.dropFirst(4).prefix(2)), number(digits.suffix(2)))
        }
        guard digits.count == 4, startsPart(path, start), start + 4 < path.count, isSeparator(path[start + 4]) else {
            return nil
        }
        let separator = path[start + 4]
        guard let (month, next) = month(path, at: start + 5), next < path.count, path[next] == separator else {
            return nil
        }
        let days = path[(next + 1)...].prefix(while: ASCII.isDigit)
        guard (1...2).contains(days.count) else { return nil }
        return time(number(digits), month, number(days))
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }

    private static func startsPart(_ path: [UInt8], _ start: Int) -> Bool {
        start == 0 || !ASCII.isAlphanumeric(path[start - 1])
    }

    private static func endsPart(_ path: [UInt8], _ end: Int) -> Bool {
        end >= path.count || !ASCII.isAlphanumeric(path[end]) || path[end] == UInt8(ascii: "T")
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int {
        digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func month(_ path: [UInt8], at start: Int) -> (Int, Int)? {
        guard start < path.count else { return nil }
        let digits = path[start...].prefix(while: ASCII.isDigit)
        if (1...2).contains(digits.count) { return (number(digits), digits.endIndex) }
        let letters = path[start...].prefix(while: ASCII.isLetter)
        guard (3...9).contains(letters.count),
            let index = months.firstIndex(where: { $0.utf8.elementsEqual(letters.prefix(3).map(ASCII.lowercased)) })
        else { return nil }
        return (index + 1, letters.endIndex)
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    private static func time(_ year: Int, _ month: Int, _ day: Int) -> PublishedTime? {
        guard (1990...2100).contains(year) else { return nil }
        let civil = CivilTime(year: year, month: month, day: day)
        guard civil.isValid else { return nil }
        return PublishedTime(at: Timestamp(seconds: civil.secondsSinceEpoch), precision: .day, from: "url")
    }
}
