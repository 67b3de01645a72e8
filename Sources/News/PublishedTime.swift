/// When an article says it was published: the instant, how exact it is, and where it was found.
package struct PublishedTime: Equatable, Sendable {
    /// How much of the instant was stated. A day, month or year means its first instant, UTC.
    package enum Precision: UInt8, Sendable, CaseIterable {
        case year = 1
        case month = 2
        case day = 3
        case minute = 4
        case second = 5

        package var name: String {
            switch self {
            case .year: "year"
            case .month: "month"
            case .day: "day"
            case .minute: "minute"
            case .second: "second"
            }
        }
    }

    package var at: Timestamp
    /// Minutes east of UTC as stated, for showing the time as the publisher wrote it; 0 when no zone was stated.
    package var offsetMinutes: Int16
    package var precision: Precision
    /// Where it was found: "field", "feed", "text", "dateline", "meta" …
    package var from: String

    package init(at: Timestamp, offsetMinutes: Int16 = 0, precision: Precision, from: String) {
        self.at = at
        self.offsetMinutes = offsetMinutes
        self.precision = precision
        self.from = from
    }
}
