import ByteCoding
import Foundation
import News
import Testing

@testable import Extraction

@Suite("Feeds")
struct FeedParserTests {
    private func parse(_ text: String) throws -> ParsedFeed {
        try FeedParser.parse(Array(text.utf8), url: "https://news.example/feed/")
    }

    @Test("RSS 2.0")
    func rss() throws {
        let feed = try parse(SampleFeed.rss)
        #expect(feed.format == .rss)
        #expect(feed.title == "The Elm Courier")
        #expect(feed.link == "https://news.example/")
        #expect(feed.bozo == nil)
        #expect(feed.entries.count == 4)
        let first = feed.entries[0].article
        #expect(first.headline == "Ferry & bridge close")
        #expect(first.slugs == ["LEAD"])
        #expect(first.url == "https://news.example/a?utm_source=rss")
        #expect(feed.entries[0].key == ArticleKey(canonicalURL: "https://news.example/a"))
        #expect(first.guid == "g1")
        #expect(first.summary == "One.\n\nTwo & three.")
        #expect(first.body == "Full text.\n\nMore.")
        #expect(first.by == "Ada Holm")
        #expect(first.published?.offsetMinutes == 540)
        #expect(first.published?.from == "feed")
        #expect(first.subjects == ["World", "Sea"])
        #expect(first.language == "en-gb")
        #expect(first.source == "The Elm Courier")
        #expect(first.media == [Article.Media(url: "https://i/1.jpg", caption: "A boat", credit: "Corvid")])
        let second = feed.entries[1].article
        #expect(second.url == "https://news.example/b")
        #expect(second.by == "Bo Lee")
        #expect(second.extra == #"{"published":"soon"}"#)
        #expect(feed.entries[1].notes.unreadDates == 1)
        #expect(feed.entries[2].article.body == "Only a description")
        #expect(feed.entries[3].article.isEmpty)
    }

    @Test("Atom")
    func atom() throws {
        let feed = try parse(SampleFeed.atom)
        #expect(feed.format == .atom)
        #expect(feed.link == "https://a.example/")
        let first = feed.entries[0].article
        #expect(first.headline == "A <b> c")
        #expect(first.url == "https://a.example/x/1")
        #expect(first.guid == "urn:1")
        #expect(first.body == "One < two\n\ntail\n\nThree")
        #expect(first.summary == "Short")
        #expect(first.authors == ["Ada", "Bo"])
        #expect(first.by == "Ada, Bo")
        #expect(first.subjects == ["Label"])
        #expect(first.source == "Elsewhere")
        #expect(first.language == "de")
        #expect(first.updated == DateText.parse("2020-01-02T10:00:00Z", from: "")?.at)
        #expect(first.published?.at == DateText.parse("2020-01-01T09:00:00Z", from: "")?.at)
        let second = feed.entries[1].article
        #expect(second.headline == "B")
        #expect(second.url == "https://a.example/2")
        #expect(second.language == "fr")
        #expect(second.published?.at == second.updated)
    }

    @Test("JSON Feed")
    func json() throws {
        let feed = try parse(SampleFeed.json)
        #expect(feed.format == .json)
        #expect(feed.entries.count == 2)
        #expect(feed.bozo == "an item that is no object")
        let first = feed.entries[0].article
        #expect(first.guid == "1")
        #expect(first.slugs == ["UPDATE 1"])
        #expect(first.headline == "A < b")
        #expect(first.body == "One\n\nTwo")
        #expect(first.by == "Desk")
        #expect(first.subjects == ["x", "y"])
        let second = feed.entries[1].article
        #expect(second.body == "a <b> & c")
        #expect(second.url == "https://j.example/2")
        #expect(second.by == "Ada")
    }

    @Test("RDF")
    func rdf() throws {
        let feed = try parse(
            """
            <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
            <channel rdf:about="x"><title>R</title><link>https://r.example/</link></channel>
            <item rdf:about="1"><title>T</title><link>https://r.example/1</link><dc:date>2020-01-01</dc:date></item></rdf:RDF>
            """)
        #expect(feed.format == .rdf)
        #expect(feed.title == "R")
        #expect(feed.entries.map(\.article.url) == ["https://r.example/1"])
        #expect(feed.entries[0].article.published?.precision == .day)
    }

    @Test(
        "broken XML is repaired and said so",
        arguments: [
            "<rss><channel><item><title>A & B</title></item></channel></rss>",
            "<rss><channel><item><title>A &amp; B</title></channel></rss>",
            "<rss><channel><item><title>A &amp; B</title></item>",
            "<rss><channel><item><title>A &amp; B</item></channel></rss>",
            "<rss><channel><item x=y><title>A &amp; B</title></item></channel></rss>",
            "<rss><channel></oops><item><title>A &amp; B</title></item></channel></rss>",
            "<rss><channel><item><title>A &amp; B</title><dc:date>2020</dc:date></item></channel></rss>",
            "junk<rss><channel><item><title>A &amp; B</title></item></channel></rss>",
            "<rss><channel><item><title><![CDATA[A & B",
        ])
    func repaired(text: String) throws {
        let feed = try parse(text)
        #expect(feed.entries.map(\.article.headline) == ["A & B"])
        #expect(feed.bozo != nil)
    }

    @Test("entities of a DTD are never expanded")
    func entities() throws {
        let feed = try parse(
            """
            <!DOCTYPE r [<!ENTITY a "aaaa>"><!ENTITY b '&a;&a;'><!-- ]> --><!ENTITY x SYSTEM "file:///etc/passwd">]>
            <rss><channel><item><title>&b;&x;&nbsp;&eacute;</title></item></channel></rss>
            """)
        #expect(feed.entries.map(\.article.headline) == ["&b;&x; é"])
    }

    @Test(
        "what is no feed is refused",
        arguments: [
            "", "  ", "hello", "<html><body/></html>", "{}", "{\"version\":\"2\"}", "[1]", "<", "<!DOCTYPE html>",
            "{\"a\"",
        ])
    func noFeed(text: String) { #expect(throws: FeedError.self) { try parse(text) } }

    @Test("encodings: mark, HTTP, declaration")
    func encodings() throws {
        func title(_ bytes: [UInt8], _ charset: String? = nil) throws -> String? {
            try FeedParser.parse(bytes, url: "https://a/", charset: charset).title
        }
        let declared = Array("<?xml version='1.0' encoding='windows-1251'?><rss><channel><title>".utf8)
        let tail = Array("</title></channel></rss>".utf8)
        #expect(try title(declared + [0xCC, 0xE8, 0xF0] + tail) == "Мир")
        #expect(try title(Array("<rss><channel><title>".utf8) + [0xE9] + tail, "iso-8859-1") == "é")
        #expect(try title(Array("<rss><channel><title>".utf8) + [0x93] + tail) == "\u{201C}")
        let wide = "<rss><channel><title>é</title></channel></rss>".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        #expect(try title([0xFF, 0xFE] + wide) == "é")
        #expect(try title([0xEF, 0xBB, 0xBF] + Array("<rss><channel><title>é".utf8) + tail, "iso-8859-1") == "é")
        let damaged = try FeedParser.parse(
            [0xEF, 0xBB, 0xBF] + Array("<rss><channel><title>".utf8) + [0xFF] + tail, url: "u")
        #expect(damaged.title == "ÿ", "what is no UTF-8 is most likely of one byte a letter")
        #expect(damaged.bozo != nil)
    }

    @Test("deep nesting, many attributes and endless tags end")
    func hostile() throws {
        let deep = "<rss>" + String(repeating: "<a>", count: 20000) + "<item><title>x"
        #expect(try parse(deep).bozo != nil)
        let wide = "<rss " + (0..<20000).map { "a\($0)='1' " }.joined() + "><channel/></rss>"
        #expect(try parse(wide).entries.isEmpty)
        _ = try parse("<rss>" + String(repeating: "</a", count: 20000))
    }

    /// A feed or a typed error; what is a feed has valid articles.
    private func check(_ bytes: [UInt8]) {
        do throws(FeedError) {
            for entry in try FeedParser.parse(bytes, url: "https://a/").entries {
                #expect(throws: Never.self) { try CanonicalRecord.decode(CanonicalRecord.encode(entry.article)) }
            }
        } catch {
            #expect(!error.description.isEmpty)
        }
    }

    @Test(
        "cut at every byte, each bit flipped: a feed or an error",
        arguments: [SampleFeed.rss, SampleFeed.atom, SampleFeed.json])
    func damage(text: String) {
        let whole = Array(text.utf8)
        for end in whole.indices where end % 5 == 0 { check(Array(whole[..<end])) }
        for place in stride(from: 0, to: whole.count, by: 5) {
            var flipped = whole
            flipped[place] ^= 1 << UInt8(place / 5 % 8)
            check(flipped)
        }
    }

    @Test("seeded mutations: a feed or an error")
    func mutations() {
        var random = SplitMix64(seed: 99)
        let small = [
            "<rss><channel><title>t</title><item><title>a</title><link>b</link><guid>c</guid></item></channel></rss>",
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='xhtml'><p>x</p></content><link href='y'/></entry></feed>",
            #"{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","content_html":"<p>x"}]}"#,
        ]
        for round in 0..<5000 {
            check(mutated(Array(small[round % 3].utf8), using: &random))
        }
    }

    // MARK: Conformance

    static let whole = SharedData.file("conformance/feeds-whole/cases.jsonl")

    @Test("whole feeds of real sites", .enabled(if: whole != nil, "conformance data are not here"))
    func wholeFeeds() throws {
        struct Case: Decodable {
            struct Oracle: Decodable {
                struct Item: Decodable {
                    let title: String?
                    let link: String?
                    let id: String?
                }
                let entries: Int?
                let items: [Item]?
            }
            let file: String
            let oracle: Oracle?
        }
        let list = try #require(Self.whole)
        for line in try Data(contentsOf: list).split(separator: 0x0A) {
            let test = try JSONDecoder().decode(Case.self, from: Data(line))
            let bytes = [UInt8](try Data(contentsOf: list.deletingLastPathComponent().appending(path: test.file)))
            let feed = try FeedParser.parse(bytes, url: "https://example.com/feed")
            guard let count = test.oracle?.entries, let items = test.oracle?.items else {
                #expect(!feed.entries.isEmpty, "\(test.file)")
                continue
            }
            #expect(feed.entries.count == count, "\(test.file)")
            for (entry, item) in zip(feed.entries, items) {
                if let link = item.link {
                    #expect(entry.article.url == link.trimmingCharacters(in: .whitespacesAndNewlines), "\(test.file)")
                }
                if let id = item.id {
                    #expect(entry.article.guid == id.trimmingCharacters(in: .whitespacesAndNewlines), "\(test.file)")
                }
                if let title = item.title {
                    let (slugs, headline) = WireSlug.split(HTMLText.line(title))
                    #expect(entry.article.headline == headline && entry.article.slugs == slugs, "\(test.file)")
                }
            }
        }
    }

    static let gofeed = SharedData.file("conformance/feeds-gofeed/cases.jsonl")

    @Test(
        "gofeed's universal model: entries, links, guids, titles",
        .enabled(if: gofeed != nil, "conformance data are not here"))
    func gofeedCases() throws {
        struct Case: Decodable {
            let file: String
            // swift-format-ignore: AlwaysUseLowerCamelCase
            let expected_file: String
            let model: String
            let id: String
        }
        struct Expected: Decodable {
            struct Item: Decodable {
                let title: String?
                let link: String?
                let guid: String?
                let publishedParsed: String?
            }
            let title: String?
            let items: [Item]?
        }
        let list = try #require(Self.gofeed)
        let folder = list.deletingLastPathComponent()
        var failed: [String] = []
        var count = 0
        for line in try Data(contentsOf: list).split(separator: 0x0A) {
            let test = try JSONDecoder().decode(Case.self, from: Data(line))
            guard test.model == "universal" else { continue }
            count += 1
            let expected = try JSONDecoder().decode(
                Expected.self, from: Data(contentsOf: folder.appending(path: test.expected_file)))
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: test.file)))
            do {
                let feed = try FeedParser.parse(bytes, url: "")
                let items = expected.items ?? []
                var ok = feed.entries.count == items.count
                for (entry, item) in zip(feed.entries, items) {
                    if let link = item.link, entry.article.url != link { ok = false }
                    if let guid = item.guid, entry.article.guid != guid { ok = false }
                    if let title = item.title, entry.article.headline != WireSlug.split(HTMLText.line(title)).headline {
                        ok = false
                    }
                    if let time = item.publishedParsed, let wanted = DateText.parse(time, from: ""),
                        entry.article.published?.at != wanted.at
                    {
                        ok = false
                    }
                }
                if !ok { failed.append(test.id) }
            } catch {
                failed.append("\(test.id): \(error)")
            }
        }
        // An RSS item with three links: the first is taken, gofeed takes the last.
        #expect(failed == ["translator/rss/feed_item_links_-_rss_channel_item_links.xml"])
        #expect(count == 64)
    }
}

/// Small feeds with something of everything.
private enum SampleFeed {
    static let rss = """
        <?xml version="1.0" encoding="utf-8"?>
        <rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
          xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom">
        <channel><title>The Elm Courier</title><link>https://news.example/</link><language>en-GB</language>
        <atom:link rel="self" href="https://news.example/feed"/><image><title>Logo</title><link>https://x/</link></image>
        <item><title>(LEAD) Ferry &amp;amp; bridge close</title><link>/a?utm_source=rss</link><guid isPermaLink="false">g1</guid>
          <description>&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two &amp;amp; three.&lt;/p&gt;</description>
          <content:encoded><![CDATA[<p>Full <b>text</b>.</p><script>x</script><p>More.</p>]]></content:encoded>
          <dc:creator>Ada Holm</dc:creator><pubDate>Thu, 21 Jan 2016 18:14:05 +0900</pubDate>
          <category>World</category><category>World</category><category>Sea</category>
          <media:content url="https://i/1.jpg" medium="image"><media:description>A boat</media:description>
          <media:credit>Corvid</media:credit></media:content></item>
        <item><title>Second</title><guid>https://news.example/b</guid><pubDate>soon</pubDate><author>d@x.example (Bo Lee)</author></item>
        <item><description>Only a description</description></item>
        <item/>
        </channel></rss>
        """

    static let atom = """
        <feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xml:base="https://a.example/x/">
        <title type="html">News &amp;lt;Atom&amp;gt;</title><link rel="self" href="self"/><link href="/"/><id>urn:f</id>
        <updated>2020-01-01T00:00:00Z</updated><author><name>Desk</name></author>
        <entry><title type="text">A &lt;b&gt; c</title><id>urn:1</id><link rel="alternate" href="1"/>
          <link rel="enclosure" type="image/png" href="i.png"/><published>2020-01-01T10:00:00+01:00</published>
          <updated>2020-01-02T10:00:00Z</updated><author><name>Ada</name></author><author><name>Bo</name></author>
          <category term="t" label="Label"/><summary>Short</summary>
          <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One &lt; two</p>tail<p>Three</p></div></content>
          <source><title>Elsewhere</title><link href="https://else/"/><id>urn:e</id></source></entry>
        <entry xml:lang="fr"><title type="html">&lt;i&gt;B&lt;/i&gt;</title><id>https://a.example/2</id><updated>2020-01-03T00:00:00Z</updated>
          <content type="html">&lt;p&gt;x&lt;/p&gt;</content></entry></feed>
        """

    static let json = #"""
        {"version":"https://jsonfeed.org/version/1.1","title":"J","home_page_url":"https://j.example/","language":"en",
        "authors":[{"name":"Desk"}],"items":[
        {"id":1,"url":"https://j.example/1","title":"UPDATE 1-A < b","content_html":"<p>One</p><p>Two</p>","summary":"S",
        "date_published":"2020-01-01T10:00:00+01:00","tags":["x","y"],"image":"https://i/1"},
        {"id":"https://j.example/2","content_text":"a <b> & c","authors":[{"name":"Ada"}]}, 7]}
        """#
}
