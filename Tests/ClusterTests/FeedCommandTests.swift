import Foundation
import Testing

/// The commands about feeds, as somebody uses them who begins with the address of a site.
@Suite struct FeedCommandTests {
    @Test("the feeds of a page are found, checked, added, fetched, listed with what is wrong, and exported")
    func fromPageToList() throws {
        let scratch = try Scratch()
        let server = try FeedServer()
        let site = "http://\(server.address)"
        let local = ["--allow-address", "127.0.0.0/8"]
        func run(_ words: [String]) throws -> Binary.Result { try Binary.run(arguments: ["feeds"] + words) }

        // Loopback is private: nothing is asked that was not allowed.
        let refused = try run(["find", site])
        #expect(refused.status == 1 && refused.errors.contains("not public"))
        let found = try run(["find", site + "/"] + local)
        #expect(found.status == 0)
        #expect(
            found.output == """
                \(site)/harrow/rss.xml\tHarrow Wire
                \(site)/courier/atom.xml\tElmport Courier
                \(site)/ledger/feed.json\tThe Nettlefield Ledger

                """)
        #expect(try run(["find", site + "/missing"] + local).status == 1)
        let itself = try run(["find", site + "/harrow/rss.xml", "--format", "json"] + local)
        #expect(itself.output.contains("\"title\":\"Harrow Wire\""))

        let page = try run(["check", site + "/"] + local)
        #expect(page.status == 1 && page.output.contains("it is a page, which names feeds"))
        #expect(page.output.contains("\(site)/courier/atom.xml: Elmport Courier"))
        let checked = try run(["check", site + "/harrow/rss.xml"] + local)
        #expect(checked.status == 0 && checked.output.contains("a feed (rss)") && !checked.output.contains("problem"))

        let feeds = try scratch.write(
            "feeds.opml",
            "<opml><body><outline text='Wire'><outline xmlUrl='\(site)/harrow/rss.xml' interval='1s'/></outline>"
                + "<outline xmlUrl='\(site)/missing' interval='1s'/></body></opml>")
        let up = try Binary.start(
            arguments: ["up", "--store", scratch.store, "--feeds", feeds, "--http", "127.0.0.1:0"] + local)
        func list() throws -> [[String: Any]] {
            let list = try run(
                [
                    "list", "--store", scratch.store, "--state", scratch.store + ".state", "--sort", "errors",
                    "--format", "json",
                ])
            return try list.output.split(separator: "\n").compactMap {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
        }
        var rows: [[String: Any]] = []
        let deadline = Date(timeIntervalSinceNow: 60)
        while Date() < deadline {
            rows = (try? list()) ?? []
            if rows.count == 2, rows[0]["error"] != nil, rows[1]["last_news"] is String { break }
            usleep(100_000)
        }
        up.terminate()
        up.waitUntilExit()
        try #require(rows.count == 2)
        #expect(rows[0]["url"] as? String == site + "/missing")
        #expect((rows[0]["error"] as? String)?.contains("404") ?? false)
        #expect(rows[0]["failures"] as? Int ?? 0 >= 1 && rows[0]["last_success"] == nil)
        #expect(rows[1]["url"] as? String == site + "/harrow/rss.xml")
        #expect(rows[1]["failures"] as? Int == 0 && rows[1]["error"] == nil && rows[1]["silent"] as? Bool == false)
        let text = try run(["list", "--store", scratch.store, "--state", scratch.store + ".state", "--sort", "errors"])
        #expect(text.output.split(separator: "\n").first?.contains("failures: ") ?? false)

        let exported = try run(["export", "--store", scratch.store])
        #expect(exported.status == 0)
        for url in ["/harrow/rss.xml", "/missing"] { #expect(exported.output.contains("xmlUrl=\"\(site)\(url)\"")) }
        #expect(exported.output.contains("interval=\"1s\""))
    }

    @Test("a feed without texts, added with its pages, brings them; its archive makes the same articles again")
    func pages() throws {
        let scratch = try Scratch()
        let server = try FeedServer()
        let feed = "http://\(server.address)/harrow/headlines.xml"
        let archive = scratch.store + ".archive"
        try FileManager.default.createDirectory(atPath: archive, withIntermediateDirectories: true)
        let up = try Binary.start(
            "up", "--store", scratch.store, "--http", "127.0.0.1:0", "--allow-address", "127.0.0.0/8", "--archive",
            archive)
        defer { if up.isRunning { up.terminate() } }
        var added = try Binary.run("feeds", "add", feed, "--pages", "--interval", "1s", "--store", scratch.store)
        for _ in 0..<100 where added.status != 0 {
            usleep(100_000)
            added = try Binary.run("feeds", "add", feed, "--pages", "--interval", "1s", "--store", scratch.store)
        }
        #expect(added.status == 0, "\(added.errors)")
        let list = try Binary.run("feeds", "list", "--store", scratch.store)
        #expect(list.output == "\(feed)\tevery 1 s\twith pages\n")
        #expect(try Binary.run("feeds", "export", "--store", scratch.store).output.contains("pages=\"true\""))

        func hits(_ store: String) throws -> [[String: Any]] {
            let answer = try Binary.run("query", "", "--store", store, "--format", "json")
            return answer.status == 0 ? (try answer.json())["hits"] as? [[String: Any]] ?? [] : []
        }
        let deadline = Date(timeIntervalSinceNow: 60)
        var found: [[String: Any]] = []
        while found.count < 6, Date() < deadline {
            found = try hits(scratch.store)
            usleep(100_000)
        }
        up.terminate()
        up.waitUntilExit()
        try #require(found.count == 6)
        let articles = try found.map { hit in
            try Binary.run(
                "article", try #require(hit["key"] as? String), "--store", scratch.store, "--format", "json"
            ).json()
        }
        let texts = articles.compactMap { $0["body"] as? String }
        #expect(texts.count == 5, "one page is not there: \(texts)")
        #expect(
            texts.allSatisfy {
                !$0.contains("All rights reserved") && !$0.contains("Front page") && $0.contains("\n\n")
            })
        let without = try #require(articles.first { $0["body"] == nil })
        #expect((without["url"] as? String)?.hasSuffix(".htm") ?? false)

        let files = try FileManager.default.contentsOfDirectory(atPath: archive).sorted().map { archive + "/" + $0 }
        let again = scratch.store + ".again"
        let replay = try Binary.run(arguments: ["feeds", "replay"] + files + ["--store", again])
        #expect(replay.status == 0, "\(replay.errors)")
        #expect(replay.output.contains("6 articles: accepted 6"), "\(replay.output)")
        func digest(_ store: String) throws -> String? {
            try Binary.run("snapshot", "digest", "--store", store).output.split(whereSeparator: \.isWhitespace).first
                .map(String.init)
        }
        #expect(try digest(scratch.store) == digest(again))
    }

    @Test("two fetchers share the feeds: what moves is not asked for anew, and comes back when its fetcher dies")
    func shared() throws {
        let scratch = try Scratch()
        let server = try FeedServer(also: "127.1.0.1")
        let port = try #require(server.address.split(separator: ":").last)
        // Of two sites, which are in different halves of the shares.
        let feeds = ["http://\(server.address)/harrow/rss.xml", "http://127.1.0.1:\(port)/courier/atom.xml"]
        let opml = try scratch.write(
            "feeds.opml",
            "<opml><body>\(feeds.map { "<outline xmlUrl='\($0)' interval='1s'/>" }.joined())</body></opml>")
        let local = ["--allow-address", "127.0.0.0/8"]
        let up = try Binary.start(
            arguments: ["up", "--store", scratch.store, "--feeds", opml, "--http", "127.0.0.1:0"] + local)
        func state() throws -> [String: Any] {
            let status = try Binary.run("status", "--store", scratch.store, "--format", "json")
            return status.status == 0 ? try status.json() : [:]
        }
        func published() throws -> Int { (try state()["articles"] as? [String: Int])?["published"] ?? 0 }
        func shares() throws -> [Int] {
            (try state()["fetchers"] as? [[String: Any]] ?? []).compactMap { $0["shares"] as? Int }.sorted()
        }
        func wait(_ what: String, _ seconds: Double = 60, until isDone: () throws -> Bool) throws {
            let deadline = Date(timeIntervalSinceNow: seconds)
            while try !isDone() {
                try #require(Date() < deadline, "not in time: \(what)")
                usleep(100_000)
            }
        }
        func stats() throws -> (asked: Int, unchanged: Int) {
            let stats = try JSONSerialization.jsonObject(with: Data(server.get("/stats").utf8)) as? [String: Any]
            return (stats?["requests"] as? Int ?? 0, stats?["not_modified"] as? Int ?? 0)
        }
        defer { if up.isRunning { up.terminate() } }
        try wait("articles") { try published() >= 40 && stats().unchanged >= 4 }
        #expect(try shares() == [64])

        let before = try stats()
        let second = try Binary.start(
            arguments: ["fetcher", "--store", scratch.store, "--state", scratch.store + ".second", "--name", "second"]
                + local)
        defer { if second.isRunning { second.terminate() } }
        try wait("half of the shares each") { try shares() == [32, 32] }
        let moved = try stats()
        try wait("more polls") { try stats().unchanged >= moved.unchanged + 6 }
        let after = try stats()
        #expect(
            after.asked - before.asked == after.unchanged - before.unchanged, "validators and robots.txt came along")
        let list = try Binary.run(
            "feeds", "list", "--store", scratch.store, "--state", scratch.store + ".second", "--format", "json")
        let polled = list.output.split(separator: "\n").filter { $0.contains("\"last_attempt\"") }
        #expect(polled.count == 1 && polled[0].contains("127.1.0.1"), "\(list.output)")

        kill(second.processIdentifier, SIGKILL)
        second.waitUntilExit()
        try wait("all shares with the first again") { try shares() == [64] }
        let articles = try #require(try state()["articles"] as? [String: Int])
        _ = try server.get("/stage?set=1")
        let unchanged = try stats().unchanged
        try wait("polls of both") { try stats().unchanged >= unchanged + 8 }
        try wait("nothing pending") { (try state()["articles"] as? [String: Int])?["pending"] == 0 }
        let last = try #require(try state()["articles"] as? [String: Int])
        #expect(last["published"] == articles["published"])
        #expect(try #require(last["superseded"]) > 0)
        up.terminate()
        up.waitUntilExit()
        #expect(up.terminationStatus == 0)
    }
}
