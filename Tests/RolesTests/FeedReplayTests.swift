import FetchIO
import News
import Testing

@testable import Roles

@Suite("Replay of archived feeds")
struct FeedReplayTests {
    private func record(
        _ items: [(link: String, title: String)], at milliseconds: Int64, feed: String = "https://a.example/f"
    )
        -> WebArchive.Record
    {
        let items = items.map { "<item><link>\($0.link)</link><title>\($0.title)</title></item>" }.joined()
        return WebArchive.Record(
            feed: feed, address: feed, takenAt: Timestamp(milliseconds: milliseconds), status: 200,
            headers: [("Content-Type", "application/rss+xml")],
            body: Array("<rss version='2.0'><channel><title>A</title>\(items)</channel></rss>".utf8))
    }

    private func lines(_ payloads: [[UInt8]]) -> [String] {
        payloads.flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) }
    }

    @Test("each content comes once, with the time of the response where it first stood")
    func firstSeen() {
        var replay = FeedReplay()
        let first = lines(
            replay.take(record([("https://a.example/1", "One"), ("https://a.example/2", "Two")], at: 1000)))
        #expect(first.count == 2)
        #expect(first.allSatisfy { $0.contains("1970-01-01T00:00:01") })
        #expect(replay.take(record([("https://a.example/1", "One"), ("https://a.example/2", "Two")], at: 2000)) == [])
        let changed = lines(replay.take(record([("https://a.example/1", "One, corrected")], at: 3000)))
        #expect(changed.count == 1)
        #expect(changed.first?.contains("1970-01-01T00:00:03") == true)
        // Another feed saw it for itself.
        #expect(replay.take(record([("https://a.example/2", "Two")], at: 4000, feed: "https://b.example/f")).count == 1)
        #expect(replay.counts == FeedReplay.Counts(responses: 4, unreadable: 0, articles: 4))
    }

    @Test("what is no feed is counted, and what is no answer with content is passed over")
    func others() {
        var replay = FeedReplay()
        var page = record([], at: 1)
        page.body = Array("<p>not found</p>".utf8)
        #expect(replay.take(page) == [])
        page.status = 304
        #expect(replay.take(page) == [])
        #expect(replay.counts == FeedReplay.Counts(responses: 1, unreadable: 1, articles: 0))
    }

    @Test(
        "an entry whose page was wanted comes when it is told what became of the page, with the time of its feed's response"
    )
    func pages() {
        let url = "https://a.example/1"
        let key = ArticleKey(canonicalURL: url)
        var feed = record([(url, "One"), ("https://a.example/2", "Two")], at: 1000)
        feed.kind = .feedWithPages
        let text = (1...5).map {
            "<p>A paragraph of a page that says more than its feed does, with the number \($0).</p>"
        }
        let page = WebArchive.Record(
            .page(of: key), feed: feed.feed, address: url, takenAt: Timestamp(milliseconds: 2000), status: 200,
            headers: [("Content-Type", "text/html")],
            body: Array("<html><body><article>\(text.joined())</article></body></html>".utf8))
        var moved = page
        moved.status = 301
        var replay = FeedReplay()
        #expect(replay.take(feed) == [])
        #expect(replay.take(moved) == [])
        let lines = lines(replay.take(page))
        #expect(lines.count == 1)
        #expect(lines[0].contains("with the number 5") && lines[0].contains("1970-01-01T00:00:01"))
        #expect(replay.take(page) == [], "it was sent")
        // The second was left then, and is new in the next response.
        feed.takenAt = Timestamp(milliseconds: 5000)
        #expect(replay.take(feed) == [])
        let second = WebArchive.Record(
            .noPage(of: ArticleKey(canonicalURL: "https://a.example/2")), feed: feed.feed, address: feed.feed,
            takenAt: Timestamp(milliseconds: 5000))
        let left = self.lines(replay.take(second))
        #expect(left.count == 1 && left[0].contains("1970-01-01T00:00:05"))
        #expect(replay.counts == FeedReplay.Counts(responses: 3, unreadable: 0, articles: 2))
    }
}
