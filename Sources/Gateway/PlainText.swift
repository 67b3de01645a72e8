/// What feeds bring, made safe for a terminal: one line, blanks drawn together, without control characters, and without the marks that make
/// text run the other way and so could disguise what follows.
package enum PlainText {
    package static func line(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D, 0x20, 0x2028, 0x2029: if out.last != " " { out.append(" ") }
            case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: out.append("\u{FFFD}")
            default: out.append(scalar)
            }
        }
        return String(out)
    }

    /// As `line`, with ranges of the UTF-8 of `text` put between two marks.
    package static func line(_ text: String, marking ranges: [Range<Int>], _ open: String, _ close: String) -> String {
        let bytes = Array(text.utf8)
        var out = ""
        var end = 0
        func part(_ range: Range<Int>) -> String { line(String(decoding: bytes[range], as: UTF8.self)) }
        for range in ranges where range.lowerBound >= end && range.upperBound <= bytes.count {
            out += part(end..<range.lowerBound) + open + part(range) + close
            end = range.upperBound
        }
        return out + part(end..<bytes.count)
    }

    /// At most `columns` characters, the last of them "…" if there is more.
    package static func cut(_ text: String, columns: Int) -> String {
        text.count <= columns ? text : text.prefix(max(columns - 1, 0)).trimmingBlanks + "…"
    }

    /// Filled with blanks up to `columns` characters.
    package static func padded(_ text: String, columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - text.count))
    }
}

extension Substring {
    fileprivate var trimmingBlanks: String {
        var end = endIndex
        while end > startIndex, self[index(before: end)] == " " { end = index(before: end) }
        return String(self[..<end])
    }
}
