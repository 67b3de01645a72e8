import ByteCoding
import Foundation
import Testing

@testable import Fetching

@Suite("robots.txt")
struct RobotsTests {
    private func allows(_ text: String, _ path: String, agent: String = "coranto") -> Bool {
        RobotsFile(parsing: text.utf8).rules(for: agent).allows(url: "https://news.example" + path)
    }

    @Test("the longest rule decides, and of equally long ones the one that allows")
    func longest() {
        let text = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\nAllow: /x/\nDisallow: /x/"
        #expect(allows(text, "/"))
        #expect(!allows(text, "/a/"))
        #expect(allows(text, "/a/b/"))
        #expect(!allows(text, "/a/b/c?d"))
        #expect(allows(text, "/x/1"))
    }

    @Test("groups that name the agent hold together, and no other then")
    func groups() {
        let text = """
            Disallow: /lost
            User-agent: *
            Disallow: /all

            User-agent: other
            User-agent: Coranto/1.0 (news)
            Crawl-delay: 2.5
            Disallow: /both

            User-agent: third
            Disallow: /third
            User-agent: coranto
            Disallow: /own
            """
        #expect(!allows(text, "/both"))
        #expect(!allows(text, "/own"))
        #expect(allows(text, "/all"))
        #expect(allows(text, "/lost"))
        #expect(allows(text, "/third"))
        #expect(!allows(text, "/all", agent: "somebody"))
        #expect(RobotsFile(parsing: text.utf8).rules(for: "CORANTO").delay == .milliseconds(2500))
        #expect(RobotsFile(parsing: text.utf8).rules(for: "third").delay == nil)
    }

    @Test(
        "stars stand for anything, a dollar for the end",
        arguments: [
            ("/*.pdf$", "/a/b.pdf", false), ("/*.pdf$", "/a.pdf?x", true), ("/a*b*c", "/a-c-b", true),
            ("/a*b*c", "/abbc", false), ("*", "/", false), ("/*a$", "/aba", false), ("/a*", "/a", false),
            ("/$", "/", false), ("/$", "/a", true), ("/a**b", "/a/b", false), ("/aa*aa$", "/aaa", true),
            ("/é", "/%C3%A9", false), ("/%c3%a9", "/%C3%A9", false), ("/a?b", "/a?b=c", false), ("", "/", true),
        ])
    func patterns(pattern: String, path: String, isAllowed: Bool) {
        #expect(allows("User-agent: *\nDisallow: \(pattern)", path) == isAllowed)
    }

    @Test("small mistakes stop nothing")
    func lenient() {
        #expect(!allows("\u{FEFF}user agent : *\rDISSALLOW /a # why", "/a"))
        #expect(!allows("useragent:*\n\n\r\ndisallow:/a", "/a"))
        #expect(allows("User-agent: *\nDisallow /a b", "/a"))
        #expect(allows("User-agent: *\nAllow: /a/index.html\nDisallow: /a/", "/a/"))
    }

    @Test("sitemaps are told in their order, whatever stands around them")
    func sitemaps() {
        let text = "Sitemap: https://a.example/1\nUser-agent: *\nSITEMAP:https://a.example/2\nDisallow: /\nFoo: bar"
        let file = RobotsFile(parsing: text.utf8)
        #expect(file.sitemaps == ["https://a.example/1", "https://a.example/2"])
        #expect(file.report == RobotsFile.Report(lastLine: 5, knownCount: 4, unknownCount: 1, isCut: false))
    }

    @Test("what an answer's status means")
    func status() {
        func isOpen(_ status: Int) -> Bool {
            RobotsFile.answer(status: status, body: "".utf8).rules(for: "coranto").allows(url: "https://a.example/")
        }
        #expect([200, 301, 404, 403].allSatisfy(isOpen))
        #expect([500, 503, 429, 0].allSatisfy { !isOpen($0) })
    }

    @Test("no more is read than 500 KiB")
    func bounded() {
        let rule = "User-agent: *\n" + String(repeating: "#\n", count: RobotsFile.maxBytes / 2) + "Disallow: /"
        let file = RobotsFile(parsing: rule.utf8)
        #expect(file.report.isCut)
        #expect(file.rules(for: "coranto").allows(url: "https://a.example/a"))
    }

    @Test("patterns made to be slow are not")
    func linear() {
        let pattern = "/" + String(repeating: "*aaaaaaaaaaaaaaab", count: 1000)
        let text = "User-agent: *\n" + String(repeating: "Disallow: \(pattern)\n", count: 28)
        let path = String(repeating: "a", count: 8000)
        let time = ContinuousClock().measure { #expect(allows(text, "/" + path)) }
        // A busy machine may take its time; work that grows with the product of both takes minutes.
        #expect(time < .seconds(20))
    }

    @Test("no mutation makes it trap")
    func mutations() {
        var random = SplitMix64(seed: 11)
        let seed = Array("\u{FEFF}User-agent: a\r\nAllow: /%c3*b$\nCrawl-delay: 1.5\nSitemap: x\n".utf8)
        for _ in 0..<3000 {
            var bytes = seed
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = RobotsFile(parsing: bytes).rules(for: "a").allows(url: String(decoding: bytes, as: UTF8.self))
        }
    }

    static let data = SharedData.file("conformance/robots/cases.json")

    @Test("the conformance cases", .enabled(if: data != nil, "conformance data are not here"))
    func conformance() throws {
        struct Case: Decodable {
            // swift-format-ignore: AlwaysUseLowerCamelCase
            let robots_txt: String?
            let kind: String
            let agent: String?
            let url: String?
            let allowed: Bool?
        }
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: try #require(Self.data)))
        var failed: [String] = []
        for test in cases where test.kind == "allowed" {
            let rules = RobotsFile(parsing: (test.robots_txt ?? "").utf8).rules(for: test.agent ?? "")
            if rules.allows(url: test.url ?? "") != test.allowed { failed.append("\(test)") }
        }
        #expect(failed == [])
    }
}
