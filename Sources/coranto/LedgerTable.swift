import Extraction
import Gateway
import News
import Storage

/// `status --ledger`: what became of the articles of each source, by hour of arrival.
struct LedgerTable {
    private let rows: [(key: LedgerKey, sums: OutcomeSums)]

    /// - Parameter source: only this one; nil takes all.
    init(_ ledger: LedgerRows, source: String?) {
        rows = ledger.filtered { key in source.map { key.source == $0 } ?? true }.sorted
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
        var lines = [["hour (UTC)", "source"] + Self.columns.map(\.title) + ["pending"]]
        for row in rows {
            lines.append([Self.hour(row.key.hour), PlainText.line(row.key.source)] + Self.numbers(row.sums))
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
        out.member("rows", encoded: "[" + rows.map { Self.json($0.key, $0.sums) }.joined(separator: ",") + "]")
        out.member("total", encoded: Self.json(nil, total))
        return out.finish()
    }

    private static func json(_ key: LedgerKey?, _ sums: OutcomeSums) -> String {
        var out = JSONObjectWriter()
        if let key {
            out.member("hour", hour(key.hour))
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

    private static func hour(_ hour: UInt32) -> String {
        ArticleJSON.time(Timestamp(seconds: Int64(hour) * 3600))
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
