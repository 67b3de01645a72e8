import News

/// Time zones by rule: their offset depends on the day. Only the rules in force since the web carries news.
enum ZoneRule: Equatable {
    case fixed
    /// Last Sunday of March to last Sunday of October, 01:00 UTC.
    case european
    /// Second Sunday of March to first Sunday of November, 02:00; until 2006 first of April to last of October.
    case american
    /// First Sunday of October to first Sunday of April, 02:00 standard time; the southern summer.
    case australian

    /// Minutes east of UTC at a local time.
    func offset(standard: Int, at local: CivilTime) -> Int {
        isSummer(local, standard: standard) ? standard + 60 : standard
    }

    private func isSummer(_ local: CivilTime, standard: Int) -> Bool {
        let now = local.secondsSinceEpoch
        switch self {
        case .fixed: return false
        case .european:
            let shift = Int64(standard) * 60 + 3600
            let start = Self.sunday(.last, month: 3, year: local.year) + shift
            return now >= start && now < Self.sunday(.last, month: 10, year: local.year) + shift + 3600
        case .american:
            let isNew = local.year >= 2007
            let start = Self.sunday(isNew ? .number(2) : .number(1), month: isNew ? 3 : 4, year: local.year)
            let end = Self.sunday(isNew ? .number(1) : .last, month: isNew ? 11 : 10, year: local.year)
            return now >= start + 7200 && now < end + 7200
        case .australian:
            let end = Self.sunday(.number(1), month: 4, year: local.year) + 10_800
            return now < end || now >= Self.sunday(.number(1), month: 10, year: local.year) + 7200
        }
    }

    private enum Place { case number(Int), last }

    /// Midnight at the beginning of a Sunday of a month.
    private static func sunday(_ place: Place, month: Int, year: Int) -> Int64 {
        let day: Int =
            switch place {
            case .number(let number): (number - 1) * 7 + 1
            case .last: CivilTime.daysIn(month: month, year: year) - 6
            }
        let start = CivilTime(year: year, month: month, day: day)
        // ISO weekday: 1 is Monday.
        return start.secondsSinceEpoch + Int64((7 - start.weekday) % 7) * 86_400
    }
}

/// Zones by the name of a region ("Europe/Brussels"), of those where most news is made.
enum ZoneRegion {
    /// - Parameter city: what stands behind the last "/", folded, "_" between words.
    static func find(_ city: String) -> (standard: Int, rule: ZoneRule)? { cities[city] }

    private static let cities: [String: (standard: Int, rule: ZoneRule)] = {
        var found: [String: (standard: Int, rule: ZoneRule)] = [:]
        for (standard, rule, names) in groups {
            for name in names.split(separator: " ") { found[String(name)] = (standard, rule) }
        }
        return found
    }()

    private static let groups: [(Int, ZoneRule, String)] = [
        (0, .fixed, "gmt utc uct zulu greenwich reykjavik accra abidjan dakar"),
        (0, .european, "london dublin lisbon belfast"),
        (
            60, .european,
            "paris berlin brussels amsterdam madrid rome vienna zurich copenhagen oslo stockholm warsaw prague budapest "
                + "belgrade zagreb ljubljana bratislava luxembourg monaco malta tirane sarajevo skopje"
        ),
        (60, .fixed, "lagos algiers tunis"),
        (120, .european, "athens helsinki kiev kyiv bucharest sofia riga tallinn vilnius"),
        (120, .fixed, "johannesburg harare maputo tripoli kaliningrad"),
        (180, .fixed, "moscow istanbul minsk nairobi riyadh baghdad kuwait qatar addis_ababa"),
        (210, .fixed, "tehran"), (240, .fixed, "dubai baku tbilisi yerevan"), (270, .fixed, "kabul"),
        (300, .fixed, "karachi tashkent yekaterinburg"), (330, .fixed, "kolkata calcutta colombo"),
        (345, .fixed, "kathmandu katmandu"), (360, .fixed, "dhaka omsk"),
        (420, .fixed, "bangkok jakarta ho_chi_minh saigon novosibirsk"),
        (480, .fixed, "shanghai hong_kong singapore taipei manila kuala_lumpur perth macau"),
        (540, .fixed, "tokyo seoul"), (600, .australian, "sydney melbourne hobart canberra"), (600, .fixed, "brisbane"),
        (-180, .fixed, "sao_paulo buenos_aires montevideo"), (-240, .american, "halifax bermuda"),
        (-240, .fixed, "caracas la_paz puerto_rico"),
        (-300, .american, "new_york toronto detroit montreal eastern"), (-300, .fixed, "bogota lima panama jamaica"),
        (-360, .american, "chicago winnipeg central"), (-360, .fixed, "costa_rica guatemala regina"),
        (-420, .american, "denver edmonton boise mountain"), (-420, .fixed, "phoenix"),
        (-480, .american, "los_angeles vancouver tijuana pacific"), (-540, .american, "anchorage alaska"),
        (-600, .fixed, "honolulu hawaii"),
    ]
}

extension CivilTime {
    /// 1 (Monday) … 7.
    var weekday: Int {
        let days = (secondsSinceEpoch - Int64(hour * 3600 + minute * 60 + second)) / 86_400
        // 1970-01-01 was a Thursday.
        return Int(((days + 3) % 7 + 7) % 7) + 1
    }
}
