/// An article as Coranto knows it: the fields of ninjs and schema.org that news needs. Absent fields are nil or empty.
///
/// Text is UTF-8, paragraphs in `body` are separated by one empty line ("\n\n").
package struct Article: Equatable, Sendable {
    package struct Quote: Equatable, Sendable {
        package var text: String
        package var speaker: String?
        package init(text: String, speaker: String?) {
            self.text = text
            self.speaker = speaker
        }
    }

    package struct Media: Equatable, Sendable {
        package var url: String?
        package var caption: String?
        package var credit: String?
        package init(url: String?, caption: String?, credit: String?) {
            self.url = url
            self.caption = caption
            self.credit = credit
        }
    }

    /// As the feed or file gave it; need not be a URL.
    package var url: String?
    package var guid: String?
    package var canonicalURL: String?
    package var provider: String?
    package var source: String?
    package var agency: String?
    package var headline: String?
    package var slugs: [String] = []
    package var edNote: String?
    package var dateline: String?
    package var located: String?
    package var by: String?
    package var authors: [String] = []
    package var published: PublishedTime?
    package var updated: Timestamp?
    /// When the fetcher first saw this content under this key, or the file's `fetched`.
    package var firstSeen: Timestamp?
    /// BCP 47, lower case: "en", "pt-br".
    package var language: String?
    package var section: String?
    package var subjects: [String] = []
    package var summary: String?
    package var body: String?
    package var quotes: [Quote] = []
    package var media: [Media] = []
    package var removed: [String] = []
    /// Fields Coranto does not know: a JSON object in canonical form (keys sorted, no blanks), or nil.
    package var extra: String?
    /// Version of the extractor that made the article from a page or feed; 0 for articles that came as fields.
    package var extractorVersion: UInt32 = 0

    package init() {}

    package var orderTime: Timestamp? { OrderTime.of(published: published?.at, firstSeen: firstSeen) }

    /// Whether there is anything to index.
    package var isEmpty: Bool { (headline ?? "").isEmpty && (body ?? "").isEmpty }
}
