import News

/// Days of the Solar Hijri calendar, by which news of Iran and Afghanistan date themselves.
enum PersianCalendar {
    /// Years in which a stated year can only be of this calendar. It ends where the 33-year cycle below was checked.
    static let years = 1300...1500

    /// - Returns: year, month and day of the Gregorian calendar, or nil if there is no such day.
    ///
    /// The year begins on 21 March in the years after a leap year's end, else on 20 or 21 March: eight of 33 years are
    /// leap years (a cycle that agrees with the astronomical rule from 1300 to 1500 but for single days).
    static func gregorian(year: Int, month: Int, day: Int) -> (year: Int, month: Int, day: Int)? {
        guard years.contains(year), (1...12).contains(month), day >= 1, day <= days(in: month, of: year) else {
            return nil
        }
        var count = daysBeforeYear(year) - daysBeforeYear(1300)
        count += month <= 7 ? (month - 1) * 31 : 186 + (month - 7) * 30
        count += day - 1
        let civil = CivilTime(secondsSinceEpoch: firstOf1300 + Int64(count) * 86_400)
        return (civil.year, civil.month, civil.day)
    }

    /// 1 Farvardin 1300.
    private static let firstOf1300 = CivilTime(year: 1921, month: 3, day: 21).secondsSinceEpoch

    /// Leap years of a cycle, by the year's number in it.
    private static let leaps: Set<Int> = [1, 5, 9, 13, 17, 22, 26, 30]

    private static func isLeap(_ year: Int) -> Bool { leaps.contains(year % 33) }

    private static func daysBeforeYear(_ year: Int) -> Int {
        let cycles = (year - 1) / 33
        let rest = (year - 1) % 33
        return (year - 1) * 365 + cycles * 8 + (rest == 0 ? 0 : (1...rest).count { leaps.contains($0) })
    }

    private static func days(in month: Int, of year: Int) -> Int {
        month <= 6 ? 31 : month <= 11 ? 30 : isLeap(year) ? 30 : 29
    }
}
