import Foundation
import Testing

@testable import Extraction

/// A feed's record as the JSON that is printed.
func record(_ text: String, url: String = "", isSafe: Bool = true) throws -> [String: Any] {
    let record = try FeedParser.record(Array(text.utf8), FeedResponse(url: url), isSafe: isSafe)
    return try #require(JSONSerialization.jsonObject(with: Data(FeedJSON.bytes(of: record))) as? [String: Any])
}

@Suite("Records of feeds")
struct FeedRecordTests {
    private func entry(_ text: String, url: String = "") throws -> [String: Any] {
        let inner =
            "<rss version='2.0' xmlns:m='http://search.yahoo.com/mrss/'><channel><item>\(text)</item></channel></rss>"
        let entries = try record(inner, url: url)["entries"] as? [[String: Any]]
        return try #require(entries?.first)
    }

    @Test(
        "the version is told by the root and its namespace",
        arguments: [
            ("<rss version='0.92'><channel/></rss>", "rss092"), ("<rss version='2.0.1'><channel/></rss>", "rss20"),
            ("<feed xmlns='http://www.w3.org/2005/Atom'/>", "atom10"), ("<feed version='0.3'/>", "atom03"),
            (
                "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'/>",
                "rss10"
            ),
            (#"{"version":"https://jsonfeed.org/version/1.1","items":[]}"#, "json11"),
        ])
    func version(text: String, expected: String) throws {
        #expect(try record(text)["version"] as? String == expected)
    }

    @Test("relative addresses are resolved against xml:base, which is itself relative to what is around it")
    func base() throws {
        let feed = try record(
            """
            <feed xmlns='http://www.w3.org/2005/Atom' xml:base='a/'><entry xml:base='b/'><link href='c'/>
            <content type='html'>&lt;a href="../d"&gt;x&lt;/a&gt;</content></entry></feed>
            """, url: "https://news.example/feed")
        let first = try #require((feed["entries"] as? [[String: Any]])?.first)
        #expect(first["link"] as? String == "https://news.example/a/b/c")
        let content = (first["content"] as? [[String: Any]])?.first
        #expect(content?["value"] as? String == #"<a href="https://news.example/a/d">x</a>"#)
        #expect(content?["base"] as? String == "https://news.example/a/b/")
    }

    @Test("the language is that of the nearest element that says one")
    func language() throws {
        let feed = try record(
            "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en_GB'><title xml:lang='de'>x</title><subtitle>y</subtitle></feed>"
        )
        let inner = try #require(feed["feed"] as? [String: Any])
        #expect(inner["language"] as? String == "en-GB")
        #expect((inner["title_detail"] as? [String: Any])?["language"] as? String == "de")
        #expect((inner["subtitle_detail"] as? [String: Any])?["language"] as? String == "en-GB")
    }

    @Test("XHTML keeps its tags, without the frame that stands around all of it")
    func xhtml() throws {
        let feed = try record(
            """
            <feed xmlns='http://www.w3.org/2005/Atom'><title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>
            a &lt; <b>c</b></div></title></feed>
            """)
        #expect((feed["feed"] as? [String: Any])?["title"] as? String == "a &lt; <b>c</b>")
    }

    @Test("a vocabulary is told by its address, not by its prefix")
    func prefixes() throws {
        let item = try entry("<m:thumbnail url='http://a/'/><m:credit role='author'>Ada</m:credit>")
        #expect((item["media_thumbnail"] as? [[String: Any]])?.first?["url"] as? String == "http://a/")
        #expect((item["media_credit"] as? [[String: Any]])?.first?["content"] as? String == "Ada")
    }

    @Test("an unknown element is a field of its own name; with attributes it is an object")
    func unknown() throws {
        let item = try entry("<mood>fine</mood><level of='3'/>")
        #expect(item["mood"] as? String == "fine")
        #expect((item["level"] as? [String: Any])?["of"] as? String == "3")
    }

    @Test("the title of a picture is not the entry's")
    func depths() throws {
        let item = try entry("<title>T</title><m:content url='u'><m:title>P</m:title></m:content>")
        #expect(item["title"] as? String == "T")
    }

    @Test("people are taken apart")
    func people() throws {
        for line in ["desk@example.com (Ada Holm)", "Ada Holm &lt;desk@example.com&gt;"] {
            let item = try entry("<author>\(line)</author>")
            let detail = try #require(item["author_detail"] as? [String: Any])
            #expect(detail["name"] as? String == "Ada Holm")
            #expect(detail["email"] as? String == "desk@example.com")
        }
    }

    @Test("places: latitude first in the feed, longitude first in the record")
    func places() throws {
        let feed = try record(
            """
            <rss version='2.0' xmlns:g='http://www.georss.org/georss'><channel><item><g:point>36.9 31.2</g:point></item>
            <item><g:point>here</g:point></item></channel></rss>
            """)
        let places = (feed["entries"] as? [[String: Any]])?.map { $0["where"] as? [String: Any] }
        #expect(places?[0]?["coordinates"] as? [Double] == [31.2, 36.9])
        #expect(places?[1]?.isEmpty == true)
    }

    @Test("what is raw stays as the feed has it")
    func raw() throws {
        let text =
            "<rss><channel><item><link>/a</link><description>&lt;img src='x'&gt;</description></item></channel></rss>"
        let feed = try record(text, url: "https://news.example/", isSafe: false)
        let first = try #require((feed["entries"] as? [[String: Any]])?.first)
        #expect(first["link"] as? String == "/a")
        #expect(first["summary"] as? String == "<img src='x'>")
    }

    @Test("a picture or text box that never ends does not swallow the feed")
    func unendedImage() throws {
        let feed = try record(
            "<rss><channel><title>T</title><image><url>u</url><item><title>a</title></item></channel></rss>")
        #expect(feed["bozo"] as? Bool == true)
        #expect((feed["entries"] as? [[String: Any]])?.first?["title"] as? String == "a")
    }

    @Test("people see one member a line")
    func indent() {
        let text = JSONIndent.indented(Array(#"{"a":[],"b":{"c":"x,\"{"},"d":[1,2]}"#.utf8))
        #expect(
            String(decoding: text, as: UTF8.self)
                == "{\n  \"a\": [],\n  \"b\": {\n    \"c\": \"x,\\\"{\"\n  },\n  \"d\": [\n    1,\n    2\n  ]\n}")
    }

    @Test("a line of a batch names a file, and may name more")
    func batch() throws {
        let line = try FeedBatchLine(
            Array(#"{"id":7,"file":"f","url":"u","headers":{"Content-Type":"text/xml"},"x":[1]}"#.utf8)[...])
        #expect(line.id == "7")
        #expect(line.response.contentType == "text/xml")
        #expect(try FeedBatchLine(Array(#"{"file":"f"}"#.utf8)[...]).id == "f")
        #expect(throws: JSONError.self) { try FeedBatchLine(Array("{}".utf8)[...]) }
    }
}
