package import News

/// Dates as feeds, pages and files write them, without Foundation: ISO 8601 and its profiles, RFC 822 and asctime in all their
/// variations, and the forms newsrooms use in some fifty languages ("18:14 January 21, 2016", "16.11.2020 - 15:54",
/// "le 3 mars 2021 à 16h15", "2021年3月3日").
///
/// Refused rather than guessed: a word or number that has no place in a date. A time without a zone is UTC, but for dates
/// written in Korean, which are of Korea.
package enum DateText {
    /// What is known of a text beforehand.
    package enum Form: Sendable {
        /// A field for a date, of whatever form.
        case any
        /// A field whose format says RFC 3339 or W3C-DTF; other forms are taken where they cannot be mistaken.
        case w3c
        /// Prose. Digits without signs are a date only if they are eight and likely to be one.
        case prose
    }

    /// Longest text looked at as one date; real dates stay far below.
    static let maxBytes = 128
    /// How much of a longer text is searched for a date.
    static let maxSearchedBytes = 4096

    /// - Parameter from: where the text was found; stands in the result.
    /// - Returns: nil if the whole text is not one date.
    package static func parse(_ text: String, from: String, form: Form = .any) -> PublishedTime? {
        guard text.utf8.count <= maxBytes else { return nil }
        let trimmed = TextSpace.trimmed(text)
        if let stated = ISODate.stated(trimmed.utf8, form), let time = stated.time(from: from) { return time }
        if let stated = MailDate.stated(trimmed.utf8), let time = stated.time(from: from) { return time }
        return DateReading.whole(trimmed, form)?.time(from: from)
    }

    /// A date found within a longer text.
    package struct Found: Equatable, Sendable {
        package var time: PublishedTime
        /// Where it stands, in UTF-8 bytes from the text's start.
        package var bytes: Range<Int>
    }

    /// The first date of a text such as a byline, at least to the day; nil if there is none.
    package static func first(in text: String, from: String) -> Found? { all(in: text, from: from, limit: 1).first }

    /// The dates of a text in their order, at least to the day, within the first `maxSearchedBytes`.
    ///
    /// - Complexity: O(bytes): at each token at most `DateReading.maxTokens` are read.
    package static func all(in text: String, from: String, limit: Int = 16) -> [Found] {
        var found: [Found] = []
        let tokens = DateTokens(text, limitBytes: maxSearchedBytes)
        var start = 0
        while start < tokens.tokens.count, found.count < limit {
            if let (stated, end) = DateReading.longest(tokens, from: start), let time = stated.time(from: from) {
                found.append(Found(time: time, bytes: tokens.starts[start]..<tokens.ends[end - 1]))
                start = end
            } else {
                start += 1
            }
        }
        return found
    }
}
