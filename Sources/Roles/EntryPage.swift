import Extraction
import FetchIO

/// What came for the page behind an entry.
enum EntryPage {
    /// A longer page is none.
    static let limitBytes = 8 << 20
    static let accepted = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

    /// - Returns: nil for what is no page: errors, pictures, documents of other kinds.
    static func read(status: Int, contentType: String?, body: [UInt8], address: String) -> Page? {
        guard status == 200, !body.isEmpty, contentType.map(isMarkup) ?? true else { return nil }
        return Page(body[...], url: address, contentType: contentType)
    }

    static func read(_ response: HTTPResponse) -> Page? {
        read(
            status: response.status, contentType: response.header("content-type"), body: response.body,
            address: response.url)
    }

    private static func isMarkup(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" }.lowercased()
        return name.contains("html") || name.contains("xml")
    }
}
