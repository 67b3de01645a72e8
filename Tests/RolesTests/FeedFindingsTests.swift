import Extraction
import FetchIO
import News
import Testing

@testable import Roles

@Suite("What is told about a feed")
struct FeedFindingsTests {
    private let now = Timestamp(seconds: 1_700_000_000)

    private func response(_ status: Int, _ headers: [(name: String, value: String)], _ body: String) -> HTTPResponse {
        HTTPResponse(status: status, url: "https://a.example/f", headers: headers, body: Array(body.utf8))
    }

    private func findings(_ items: String, _ headers: [(name: String, value: String)]) throws -> FeedFindings {
        let response = response(200, headers, "<rss version='2.0'><channel><title>A</title>\(items)</channel></rss>")
        var findings = FeedFindings()
        findings.take(try FeedParser.parse(response.body, url: response.url), response, now: now)
        return findings
    }

    private func item(_ number: Int, _ date: String) -> String {
        "<item><link>https://a.example/\(number)</link><title>T\(number)</title><pubDate>\(date)</pubDate></item>"
    }

    @Test("a good feed is called so, with its pace")
    func good() throws {
        let items = (0..<6).map { item($0, "Tue, 14 Nov 2023 \(10 + $0):00:00 GMT") }.joined()
        let found = try findings(items, [("Content-Type", "application/rss+xml")])
        #expect(!found.hasProblem)
        #expect(found.paceMilliseconds == 3_600_000)
        #expect(found.list.first?.text.hasPrefix("a feed (rss) of 6 entries") == true)
    }

    @Test("dates that cannot be read or lie ahead, keys that are there twice and a wrong type are named")
    func odd() throws {
        let items =
            item(1, "Tue, 14 Nov 2033 10:00:00 GMT") + item(1, "yesterday-ish")
            + item(2, "Mon, 13 Nov 2023 10:00:00 GMT")
        let found = try findings(items, [("Content-Type", "text/plain")])
        let problems = found.list.filter { $0.level == .problem }.map(\.text)
        #expect(problems.contains { $0.hasPrefix("1 entries have the key of another") })
        #expect(problems.contains { $0.hasPrefix("1 dates cannot be read") })
        #expect(problems.contains { $0.contains("h in the future") })
        #expect(found.list.contains { $0.text.hasPrefix("its Content-Type is text/plain") })
    }

    @Test(
        "robots.txt: what it means for this address",
        arguments: [
            (404, "", FeedFindings.Level.good), (200, "User-agent: coranto\nDisallow: /f", .problem),
            (200, "User-agent: *\nCrawl-delay: 7", .good), (503, "", .problem),
        ])
    func robots(status: Int, body: String, level: FeedFindings.Level) {
        var found = FeedFindings()
        found.takeRobots(
            status: status, body: Array(body.utf8), address: "https://a.example/f", origin: "https://a.example")
        #expect(found.list.map(\.level) == [level])
        if body.contains("delay") { #expect(found.list[0].text.contains("7 s")) }
    }

    @Test("validators are tried out")
    func validators() {
        let full = response(200, [("ETag", "e")], "")
        for (first, second, level) in [
            (full, response(304, [], ""), .good), (full, full, .note), (response(200, [], ""), full, .note),
            (full, nil, .note),
        ] as [(HTTPResponse, HTTPResponse?, FeedFindings.Level)] {
            var found = FeedFindings()
            found.takeValidators(of: first, second: second)
            #expect(found.list.map(\.level) == [level])
        }
    }

    @Test("a status that fails says what to do")
    func failures() {
        var found = FeedFindings()
        found.takeFailure(response(429, [("Retry-After", "90")], ""), now: now)
        found.takeFailure(response(403, [], ""), now: now)
        #expect(found.list.map(\.text) == ["status 429; it says to come again in 90 s", "status 403"])
        #expect(found.list[1].hint != nil)
    }
}
