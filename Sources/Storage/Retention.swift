package import News

/// A rule of how long articles are kept: those of its source that are ordered before the horizon are not (docs/log-format.md,
/// section 7).
package struct RetentionHorizon: Equatable, Sendable {
    /// "" is the rule for all sources that have none of their own.
    package var source: String
    /// A sortable time.
    package var time: UInt64
    /// By age: the coordinator moves the horizon on each day. 0: it stays.
    package var ageDays: UInt32

    /// Takes the rule back.
    package static let noneTime: UInt64 = 0
    /// Nothing is ordered before it.
    package static let foreverTime: UInt64 = 1
    /// Everything is; of a source that is named, what is undated too.
    package static let allTime = UInt64.max
    /// A hundred years and more.
    package static let ageLimitDays: UInt32 = 100_000

    package init(source: String, time: UInt64, ageDays: UInt32 = 0) {
        self.source = source
        self.time = time
        self.ageDays = ageDays
    }

    /// The horizon of an age: the start of a day, UTC, so that it moves once a day.
    package static func time(ofAgeDays days: UInt32, at now: Timestamp) -> UInt64 {
        let today = Int64((Double(now.milliseconds) / 86_400_000).rounded(.down))
        return Timestamp.sortable(Timestamp(milliseconds: (today - Int64(days)) * 86_400_000))
    }

    /// For people: the date it stands at.
    package var dateText: String {
        switch time {
        case Self.foreverTime: return "never"
        case Self.allTime: return "all"
        default:
            guard let at = Timestamp(sortable: time) else { return "none" }
            let civil = CivilTime(secondsSinceEpoch: Int64((Double(at.milliseconds) / 1000).rounded(.down)))
            func padded(_ number: Int, _ width: Int) -> String {
                let digits = String(number)
                return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
            }
            let date = "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
            guard civil.hour != 0 || civil.minute != 0 || civil.second != 0 else { return date }
            return "\(date)T\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2))Z"
        }
    }
}

/// The rules that are in force, and what they say of an article.
package struct RetentionRules: Equatable, Sendable {
    /// By source.
    package private(set) var bySource: [String: RetentionHorizon] = [:]

    package init() {}

    package init(_ rules: some Sequence<RetentionHorizon>) { for rule in rules { set(rule) } }

    package var isEmpty: Bool { bySource.isEmpty }
    package var sorted: [RetentionHorizon] { bySource.values.sorted { $0.source < $1.source } }

    /// - Returns: whether that changed anything.
    @discardableResult
    package mutating func set(_ rule: RetentionHorizon) -> Bool {
        let new = rule.time == RetentionHorizon.noneTime ? nil : rule
        guard bySource[rule.source] != new else { return false }
        bySource[rule.source] = new
        return true
    }

    /// The rule for a source: its own, else the one for all.
    package func rule(of source: String) -> RetentionHorizon? { bySource[source] ?? bySource[""] }

    /// The horizon an article is behind; nil if it is kept.
    ///
    /// - Parameter order: its sortable order time, 0 if it is undated: such go by their source alone.
    package func horizon(before order: UInt64, of source: String) -> RetentionHorizon? {
        guard let rule = rule(of: source) else { return nil }
        if order == 0 {
            // The rule for all says nothing of articles without a time.
            return !rule.source.isEmpty && rule.time == RetentionHorizon.allTime ? rule : nil
        }
        return order < rule.time ? rule : nil
    }

    package func horizon(before article: LoggedArticle) -> RetentionHorizon? {
        isEmpty ? nil : horizon(before: Timestamp.sortable(article.orderTime), of: article.source)
    }

    /// Whether whatever `other` has gone is gone by these rules too.
    package func isAtLeast(_ other: RetentionRules) -> Bool {
        bySource.count == other.bySource.count
            && other.bySource.allSatisfy { source, rule in bySource[source].map { $0.time >= rule.time } ?? false }
    }

    /// Nothing ordered at or after it is behind any horizon, and whether undated articles can be.
    package var latest: (time: UInt64, hasUndated: Bool) {
        (
            bySource.values.map(\.time).max() ?? 0,
            bySource.values.contains { !$0.source.isEmpty && $0.time == RetentionHorizon.allTime }
        )
    }

    /// Whether a segment may hold something that is behind a horizon, by what a manifest says of it.
    package func mayConcern(_ segment: SegmentReference) -> Bool {
        guard let span = segment.span else { return false }
        let oldest = Timestamp.sortable(span.last.time)
        // The last in the order is undated: what stands before it, nobody knows.
        return latest.hasUndated || oldest == 0 || oldest < latest.time
    }
}
