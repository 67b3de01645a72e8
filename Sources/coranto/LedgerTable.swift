import Extraction
import Gateway
import News
import Storage

/// `status --ledger`: what became of the articles of each source, by hour or day of arrival.
struct LedgerTable {
    enum Span: String, CaseIterable {
        case hour, day
    }

    /// Of a day the first hour stands in the key.
    private let rows: [(key: LedgerKey, sums: OutcomeSums)]
    private let span: Span

    /// - Parameter source: only this one; nil takes all.
    init(_ ledger: LedgerRows, source: String?, by span: Span) {
        self.span = span
        let hours = ledger.filtered { key in source.map { key.source == $0 } ?? true }
        guard span == .day else {
            rows = hours.sorted
            return
        }
        var days: [(key: LedgerKey, sums: OutcomeSums)] = []
        var places: [LedgerKey: Int] = [:]
        for (key, sums) in hours.sorted {
            var day = key
            day.hour = key.hour / 24 * 24
            if let place = places[day] {
                days[place].sums.add(sums)
            } else {
                places[day] = days.count
                days.append((day, sums))
            }
        }
        rows = days.sorted { $0.key < $1.key }
    }

    private static let columns: [(title: String, outcome: Outcome?)] =
        [("received", nil)] + Outcome.allCases.map { ($0.name, $0) }

    private static func value(_ sums: OutcomeSums, _ outcome: Outcome?) -> Int64 {
        outcome.map { sums[$0] } ?? sums.received
    }

    private var total: OutcomeSums {
        rows.reduce(into: OutcomeSums()) { total, row in total.add(row.sums) }
    }

    var text: String {
        var lines = [["\(span.rawValue) (UTC)", "source"] + Self.columns.map(\.title) + ["pending"]]
        for row in rows {
            lines.append([time(row.key.hour), PlainText.line(row.key.source)] + Self.numbers(row.sums))
        }
        lines.append(["total", ""] + Self.numbers(total))
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            line.indices.map { column in
                let gap = String(repeating: " ", count: widths[column] - line[column].count)
                return column < 2 ? line[column] + gap : gap + line[column]
            }.joined(separator: "  ").trimmingSuffix + "\n"
        }.joined()
    }

    var json: [UInt8] {
        var out = JSONObjectWriter()
        out.member("rows", encoded: "[" + rows.map { json($0.key, $0.sums) }.joined(separator: ",") + "]")
        out.member("total", encoded: json(nil, total))
        return out.finish()
    }

    private func json(_ key: LedgerKey?, _ sums: OutcomeSums) -> String {
        var out = JSONObjectWriter()
        if let key {
            out.member(span == .day ? "day" : "hour", time(key.hour))
            out.member("source", key.source)
        }
        out.member("received", encoded: "\(sums.received)")
        for outcome in Outcome.allCases { out.member(outcome.memberName, encoded: "\(sums[outcome])") }
        out.member("pending", encoded: "\(sums.pending)")
        return String(decoding: out.finish(), as: UTF8.self)
    }

    private static func numbers(_ sums: OutcomeSums) -> [String] {
        columns.map { "\(value(sums, $0.outcome))" } + ["\(sums.pending)"]
    }

    private func time(_ hour: UInt32) -> String {
        let time = ArticleJSON.time(Timestamp(seconds: Int64(hour) * 3600))
        return span == .day ? String(time.prefix(10)) : time
    }
}

extension String {
    /// Without blanks at its end.
    fileprivate var trimmingSuffix: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
