import Testing

@testable import Extraction

@Suite("Lists of feeds")
struct OPMLTests {
    @Test("outlines are found however deep, with the folders around them")
    func nested() {
        let text = """
            <opml version="1.0"><body><outline text="World"><outline text="Asia"><outline text="A &amp; B" xmlUrl="http://a/?x=1&amp;y"/>
            </outline><outline xmlURL="http://b/" title="B" interval="5m"/></outline><outline xmlUrl="http://a/?x=1&amp;y"/>
            <outline text="C" xmlUrl="http://c/">
            """
        #expect(
            OPML.feeds(in: Array(text.utf8)) == [
                OPML.Feed(url: "http://a/?x=1&y", title: "A & B", folders: ["World", "Asia"]),
                OPML.Feed(url: "http://b/", title: "B", interval: "5m", folders: ["World"]),
                OPML.Feed(url: "http://c/", title: "C"),
            ])
    }

    @Test("what is written is read back")
    func roundTrip() {
        let feeds = [
            OPML.Feed(url: "http://a/?x=1&y=\"2\"", title: "A <b>\n", folders: ["One", "Two"]),
            OPML.Feed(url: "http://b/", title: "B", interval: "1s", folders: ["One"]),
            OPML.Feed(url: "http://c/", title: "C"),
        ]
        let back = OPML.feeds(in: OPML.document(title: "Mine", feeds))
        #expect(Set(back.map(\.url)) == Set(feeds.map(\.url)))
        for feed in feeds {
            var wanted = feed
            wanted.title = feed.title.map(TextSpace.trimmed)
            #expect(back.contains(wanted))
        }
    }

    @Test("addresses that differ in characters XML does not have are one, as they would be once written")
    func controlCharacters() {
        let text = "<opml><outline xmlUrl='http://a/\u{0}'/><outline xmlUrl='\u{1}http://a/' title='x\u{B}y'/></opml>"
        let feeds = OPML.feeds(in: Array(text.utf8))
        #expect(feeds == [OPML.Feed(url: "http://a/")])
        #expect(OPML.feeds(in: OPML.document(title: "t", feeds)).map(\.url) == ["http://a/"])
    }
}
