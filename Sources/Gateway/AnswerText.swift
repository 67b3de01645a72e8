import Engine
import Extraction
package import News

/// Answers as text for people and for spreadsheets.
package enum AnswerText {
    /// How the matches stand out: nothing where there is no terminal.
    package struct Style: Sendable {
        var open = ""
        var close = ""
        var dim = ""

        package static let plain = Style()
        package static let terminal = Style(open: "\u{1B}[1m", close: "\u{1B}[0m", dim: "\u{1B}[2m")
    }

    package static func table(_ answer: SearchAnswer, _ style: Style) -> String {
        var lines: [String] = []
        if let explanation = answer.explanation {
            lines += explanation.split(separator: "\n").map { PlainText.line(String($0)) } + [""]
        }
        for hit in answer.hits {
            let published = hit.article.published.map { time($0.at, $0.precision) } ?? "undated"
            let source = PlainText.cut(PlainText.line(hit.article.source ?? "-"), columns: 24)
            let headline = PlainText.line(
                hit.article.headline ?? hit.article.url ?? "(no headline)",
                marking: hit.article.headline == nil ? [] : hit.headlineMatches, style.open, style.close)
            lines.append(
                "\(style.dim)\(hit.key.hex.prefix(12))  \(PlainText.padded(published, columns: 16))  "
                    + "\(PlainText.padded(source, columns: 24))\(style.close)  \(headline)")
            let snippet = PlainText.line(hit.snippet.text, marking: hit.snippet.matches, style.open, style.close)
            if !snippet.isEmpty { lines.append("    \(snippet)") }
        }
        if !answer.hits.isEmpty { lines.append("") }
        lines += facets(answer) + histogram(answer)
        let total = answer.results.total
        lines.append(
            "\(answer.results.isExact ? "" : "at least ")\(total) \(total == 1 ? "article" : "articles"), "
                + "\(answer.hits.count) shown; generation \(answer.generation.number), "
                + "\(Double(answer.tookMicroseconds) / 1000) ms")
        if let next = answer.results.next { lines.append("next page: the same with --after \(next)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func facets(_ answer: SearchAnswer) -> [String] {
        answer.question.facets.flatMap { facet -> [String] in
            guard let counts = answer.results.facets[facet] else { return [] }
            var rows = counts.values.map { ($0.count, PlainText.line($0.name ?? "(none)")) }
            if counts.leftValueCount > 0 { rows.append((counts.leftArticleCount, "(\(counts.leftValueCount) others)")) }
            let width = rows.map { "\($0.0)".count }.max() ?? 0
            return ["by \(facet.name):"]
                + rows.map { count, name in
                    "  \(String(repeating: " ", count: width - "\(count)".count))\(count)  \(name)"
                } + [""]
        }
    }

    private static func histogram(_ answer: SearchAnswer) -> [String] {
        guard answer.question.histogram != nil else { return [] }
        let buckets = answer.results.histogram
        let most = buckets.map(\.count).max() ?? 1
        var columns = 10
        if case .month? = answer.question.histogram { columns = 7 }
        var lines = ["by date:"]
        for bucket in buckets {
            let shifted = Timestamp(
                milliseconds: bucket.start.milliseconds + Int64(answer.question.zoneOffsetMinutes) * 60_000)
            let bar = String(repeating: "#", count: max(1, bucket.count * 40 / most))
            lines.append("  \(ArticleJSON.time(shifted).prefix(columns))  \(bar) \(bucket.count)")
        }
        if answer.results.undatedCount > 0 {
            lines.append("  \(PlainText.padded("undated", columns: columns))  \(answer.results.undatedCount)")
        }
        return lines + [""]
    }

    /// As much as is known, to the minute; UTC.
    package static func time(_ time: Timestamp, _ precision: PublishedTime.Precision = .minute) -> String {
        let text = ArticleJSON.time(time)
        switch precision {
        case .year: return String(text.prefix(4))
        case .month: return String(text.prefix(7))
        case .day: return String(text.prefix(10))
        case .minute, .second: return text.prefix(10) + " " + text.dropFirst(11).prefix(5)
        }
    }

    // MARK: Spreadsheets

    package static let csvHeader = "key,published,source,headline,url,score,snippet\r\n"

    /// RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe.
    package static func csvLine(_ hit: SearchAnswer.Hit) -> String {
        let published = hit.article.published.map { ArticleJSON.time($0.at, offsetMinutes: $0.offsetMinutes) }
        return [
            hit.key.hex, published ?? "", cell(hit.article.source), cell(hit.article.headline),
            cell(hit.article.url), AnswerJSON.score(hit.score), cell(hit.snippet.text),
        ].joined(separator: ",") + "\r\n"
    }

    /// A line may be shown on a terminal: what would steer it is a blank.
    private static func withoutControls(_ text: String) -> String {
        func steers(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.generalCategory == .control && !"\t\r\n".unicodeScalars.contains(scalar)
        }
        guard text.unicodeScalars.contains(where: steers) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars { shown.unicodeScalars.append(steers(scalar) ? " " : scalar) }
        return shown
    }

    private static func cell(_ value: String?) -> String {
        guard var text = value.map(withoutControls) else { return "" }
        if let first = text.utf8.first, "=+-@\t\r".utf8.contains(first) { text = "'" + text }
        guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { quoted += "\"" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
