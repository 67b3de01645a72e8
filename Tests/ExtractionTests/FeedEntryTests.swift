import News
import Testing

@testable import Extraction

@Suite("Entries of a feed")
struct FeedEntryTests {
    private func entries(_ items: String..., more: String = "") throws -> [FeedEntry] {
        let feed = "<rss version='2.0'><channel><title>The Courier</title>\(more)\(items.joined())</channel></rss>"
        return try FeedParser.parse(Array(feed.utf8), url: "https://news.example/feed").entries
    }

    @Test("a guid that several entries share names none of them; one of its own does")
    func guids() throws {
        let entries = try entries(
            "<item><title>One</title><guid isPermaLink='false'>same</guid></item>",
            "<item><title>Two</title><guid isPermaLink='false'>same</guid></item>",
            "<item><title>Three</title><guid isPermaLink='false'>own</guid></item>",
            "<item><title>Four</title><link>https://news.example/4</link><guid isPermaLink='false'>same</guid></item>")
        #expect(Set(entries.map(\.key)).count == 4)
        #expect(entries[2].key == ArticleKey(source: "The Courier", guid: "own"))
        #expect(entries[3].key == ArticleKey(canonicalURL: "https://news.example/4"))
        let shared = ArticleKey(source: "The Courier", guid: "same")
        #expect(!entries.contains { $0.key == shared })
        #expect(entries[0].article.guid == "same", "it is still told")
    }

    @Test("an entry that tells no language has that of its text, a short one that of the feed's texts")
    func languages() throws {
        let german =
            "Der Rat hat am Abend beschlossen, dass die Brücke über den Fluss nicht vor dem Winter gebaut wird. "
        let entries = try entries(
            "<item><title>Brücke</title><description>\(String(repeating: german, count: 4))</description></item>",
            "<item><title>Was die Leute sagen</title></item>")
        #expect(entries.map(\.article.language) == ["de", "de"])
        let told = try self.entries("<item><title>\(german)</title></item>", more: "<language>nl</language>")
        #expect(told.map(\.article.language) == ["nl"], "the feed's word stands")
    }

    @Test("the page gives what the feed does not have")
    func page() throws {
        let entry = try #require(
            try entries(
                """
                <item><title>Ferry closes</title><link>https://news.example/a?utm_source=rss</link><description>In short.</description>
                <pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate></item>
                """
            ).first)
        #expect(!entry.hasText)
        #expect(entry.page?.href == "https://news.example/a?utm_source=rss")
        let paragraph =
            "The ferry across the sound will not sail from Monday on, the harbour said, and there is no other for a year."
        let html = """
            <html lang="en"><head><title>Ferry closes for good</title><link rel="canonical" href="https://news.example/a">
            <meta name="author" content="Ada Holm"></head><body><nav><a href="/">Home</a></nav><article><h1>Ferry closes for good</h1>
            \((1...6).map { "<p>\(paragraph) That is \($0).</p>" }.joined())</article></body></html>
            """
        let completed = entry.completed(by: Page(Array(html.utf8)[...], url: "https://news.example/a"))
        #expect(completed.key == entry.key)
        #expect(completed.article.headline == "Ferry closes", "the feed's word")
        #expect(completed.article.published == entry.article.published)
        #expect(completed.article.summary == "In short.")
        #expect(completed.article.body?.components("\n\n") == 6)
        #expect(completed.article.by == "Ada Holm")
        #expect(completed.article.canonicalURL == "https://news.example/a")
        #expect(completed.article.url == entry.article.url)
        #expect(completed.article.language == "en")
        #expect(completed.article.extractorVersion > entry.article.extractorVersion)

        let empty = entry.completed(by: Page(Array("<html><body>Scripts!</body></html>".utf8)[...], url: nil))
        #expect(empty == entry, "a page with less text than the feed adds nothing")
    }

    @Test("an entry with its text asks for no page")
    func text() throws {
        let text = String(repeating: "A long text that the feed has in full. ", count: 40)
        let entries = try entries(
            "<item><title>A</title><link>https://news.example/a</link><description>\(text)</description></item>",
            "<item><title>B</title><guid isPermaLink='false'>b</guid></item>")
        #expect(entries[0].hasText == (entries[0].article.body != nil))
        #expect(entries[1].page == nil, "it leads nowhere")
    }
}

extension String {
    fileprivate func components(_ separator: String) -> Int { split(separator: separator).count }
}
