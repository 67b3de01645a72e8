import News
import Testing

@testable import Extraction

@Suite("Feeds that a page names")
struct FeedDiscoveryTests {
    private func found(_ html: String, at url: String = "https://www.news.example/a/b") throws -> [FeedDiscovery.Found]
    {
        FeedDiscovery.feeds(in: Array(html.utf8)[...], url: try #require(WebAddress(url)))
    }

    @Test("announced ones come with title and type, in the order of the page, whatever the case of attributes")
    func announced() throws {
        let feeds = try found(
            """
            <HEAD><LINK HREF="/rss.xml" TITLE=" All &amp; everything " TYPE="Application/RSS+XML; charset=utf-8" REL="Alternate home">
            <link rel=alternate type=application/atom+xml href=atom>
            <link rel=alternate type="application/feed+json" href="https://cdn.example/f.json">
            <link rel=feed href="?feed"></HEAD><body></body>
            """)
        #expect(
            feeds.map(\.url) == [
                "https://www.news.example/rss.xml", "https://www.news.example/a/atom", "https://cdn.example/f.json",
                "https://www.news.example/a/b?feed",
            ])
        #expect(feeds[0].title == "All & everything" && feeds[0].type == "application/rss+xml")
        #expect(feeds.allSatisfy { $0.place == .announced })
    }

    @Test("other alternates are none: languages, print, pages of phones, plain XML and JSON, styles")
    func others() throws {
        let feeds = try found(
            """
            <link rel=alternate hreflang=de href=/de><link rel="alternate stylesheet" type=text/css href=/s.css>
            <link rel=alternate media=handheld href=/m><link rel=alternate type=application/json href=/wp-json/1>
            <link rel=alternate type="application/json+oembed" href=/oembed><link rel=alternate type=text/xml href=/x.xml>
            <link rel=stylesheet type=application/rss+xml href=/r><link rel=alternate type=application/rss+xml>
            <link rel=alternate type=application/rss+xml href="javascript:x">
            """)
        #expect(feeds == [])
    }

    @Test("links that look like feeds follow, of the same site only; those of comments come last")
    func linked() throws {
        let feeds = try found(
            """
            <link rel=alternate type=application/rss+xml title="News » Comments" href=/comments/feed/>
            <body><a href="feed://feeds.news.example/world.rss">World</a> <a href="/sport/feed/">Sport</a>
            <a href="https://other.example/rss">Other</a> <a href="/feeding-cats">Cats</a> <a href="/sport/feed/">again</a>
            <link rel=alternate type=application/rss+xml href=/late></body>
            """)
        #expect(
            feeds.map(\.url) == [
                "https://www.news.example/late", "http://feeds.news.example/world.rss",
                "https://www.news.example/sport/feed/",
                "https://www.news.example/comments/feed/",
            ])
        #expect(feeds[1].title == "World" && feeds[1].place == .linked && feeds[3].isOfComments)
    }

    @Test("relative addresses are of the page's base")
    func base() throws {
        let html = "<base href='/x/'><base href='/y/'><link rel=alternate type=application/rss+xml href='f'>"
        #expect(try found(html).map(\.url) == ["https://www.news.example/x/f"])
    }
}
