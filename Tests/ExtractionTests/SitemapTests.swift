import Foundation
import News
import Testing

@testable import Extraction

@Suite("Sitemaps")
struct SitemapTests {
    private let news = """
        <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"
         xmlns:i="http://www.google.com/schemas/sitemap-image/1.1"><url><loc> https://news.example/a?b=1&amp;c=2 </loc>
        <n:news><n:publication><n:name>The Elm Courier</n:name><n:language>en</n:language></n:publication>
        <n:publication_date>2016-01-21</n:publication_date><n:title>Ferry closed</n:title><n:keywords>sea, ferry</n:keywords></n:news>
        <i:image><i:loc>https://news.example/i.jpg</i:loc></i:image></url><url><loc>https://news.example/about</loc></url></urlset>
        """

    @Test("news: all fields in the record, an article for each headline")
    func newsSitemap() throws {
        let entries = try #require(try record(news)["entries"] as? [[String: Any]])
        #expect(
            entries.map { $0["loc"] as? String } == ["https://news.example/a?b=1&c=2", "https://news.example/about"])
        #expect((entries[0]["news"] as? [String: Any])?["name"] as? String == "The Elm Courier")
        #expect(entries[0]["images"] as? [String] == ["https://news.example/i.jpg"])
        let articles = try FeedParser.parse(Array(news.utf8), url: "https://news.example/sitemap.xml").entries
        #expect(articles.count == 1)
        let first = try #require(articles.first).article
        #expect(first.headline == "Ferry closed")
        #expect(first.source == "The Elm Courier")
        #expect(first.subjects == ["sea", "ferry"])
        #expect(first.media.map(\.url) == ["https://news.example/i.jpg"])
    }

    @Test("an index names sitemaps")
    func index() throws {
        let index = try record(
            "<sitemapindex><sitemap><loc>http://a/1.xml</loc><lastmod>2020</lastmod></sitemap></sitemapindex>")
        #expect(index["version"] as? String == "sitemap_index")
        #expect((index["entries"] as? [[String: Any]])?.first?["lastmod"] as? String == "2020")
    }

    @Test("text: an address a line, a byte order mark before it")
    func text() throws {
        let list = try record("\u{FEFF}http://a/1\r\nhttp://a/2\nnothing\n")
        #expect((list["entries"] as? [[String: Any]])?.map { $0["loc"] as? String } == ["http://a/1", "http://a/2"])
        #expect(list["bozo"] as? Bool == true)
    }

    @Test("missing and wrong namespaces do not matter")
    func namespaces() throws {
        for root in [
            "<urlset>", "<urlset xmlns='http://wrong.example/'>", "<s:urlset xmlns:s='http://wrong.example/'>",
        ] {
            let prefix = root.hasPrefix("<s:") ? "s:" : ""
            let map = try record(
                "\(root)<\(prefix)url><\(prefix)loc>http://a/</\(prefix)loc></\(prefix)url></\(prefix)urlset>")
            #expect((map["entries"] as? [[String: Any]])?.count == 1)
        }
    }
}
