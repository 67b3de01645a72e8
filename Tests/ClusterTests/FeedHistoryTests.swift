import Foundation
import Testing

/// Feeds that change, from the feed server of this project through a whole cluster in one process.
@Suite(.serialized) struct FeedHistoryTests {
    private struct Late: Error {}

    private func wait(_ what: String, until isDone: () throws -> Bool) throws {
        let deadline = Date(timeIntervalSinceNow: 60)
        while try !isDone() {
            guard Date() < deadline else {
                Issue.record("not within a minute: \(what)")
                throw Late()
            }
            usleep(50_000)
        }
    }

    private func articles(_ store: String) throws -> [String: Int] {
        let status = try Binary.run("status", "--store", store, "--format", "json")
        return status.status == 0 ? (try status.json())["articles"] as? [String: Int] ?? [:] : [:]
    }

    /// What each question is answered, but for what may differ: time taken, generation, work done.
    private func answers(_ store: String) throws -> [String] {
        try [
            ["ferry"], ["port elm", "--match", "any"], ["", "--sort", "newest"], ["headline:lead"],
            ["published:2025-03-03..2025-03-05"],
        ].map { words in
            let answer = try Binary.run(arguments: ["query"] + words + ["--store", store, "--format", "csv"])
            #expect(answer.status == 0, "\(words): \(answer.errors)")
            return answer.output
        }
    }

    private static let seals = "headline:seal source:\"Harrow Wire\""
    private static let chess = "headline:chess source:\"Harrow Wire\""

    /// A field of each hit; newspapers print the wire's copy, so questions name the wire.
    private func values(_ field: String, _ query: String, _ store: String) throws -> [String] {
        let answer = try Binary.run("query", query, "--store", store, "--format", "json").json()
        return (answer["hits"] as? [[String: Any]] ?? []).compactMap { $0[field] as? String }
    }

    @Test("articles that change, return to an earlier text or are retracted have one live copy or none")
    func history() throws {
        let scratch = try Scratch()
        let server = try FeedServer()
        let feeds = ["/harrow/rss.xml", "/courier/atom.xml", "/ledger/feed.json"]
        let opml = try scratch.write(
            "feeds.opml",
            "<opml version=\"2.0\"><body>"
                + feeds.map { "<outline xmlUrl=\"http://\(server.address)\($0)\" interval=\"1s\"/>" }.joined()
                + "</body></opml>")
        let up = try Binary.start(
            "up", "--store", scratch.store, "--feeds", opml, "--http", "127.0.0.1:0", "--allow-address", "127.0.0.0/8")
        defer {
            up.terminate()
            up.waitUntilExit()
        }
        /// Every feed was answered 304 since, so all of it is acknowledged; and nothing is pending.
        func settle(_ stage: String) throws {
            let before = try server.notModifiedCount()
            try wait("feeds unchanged at \(stage)") { try server.notModifiedCount() >= before + 2 * feeds.count }
            try wait("nothing pending at \(stage)") { try articles(scratch.store)["pending"] == 0 }
        }

        try settle("stage 0")
        let first = try articles(scratch.store)
        let live = try #require(first["published"])
        #expect(live >= 60 && first["superseded"] == 0 && first["duplicate"] == 0)
        #expect(try values("headline", Self.seals, scratch.store) == ["Seal count highest since 1970s"])
        let firstDate = try #require(try values("published", Self.chess, scratch.store).first)

        _ = try server.get("/stage?set=1")
        try settle("stage 1")
        let second = try articles(scratch.store)
        #expect(second["published"] == live)
        #expect(try #require(second["superseded"]) >= 3)
        #expect(try values("key", Self.seals, scratch.store).count == 1)
        #expect(try values("key", Self.seals + " 3,410 -4,310", scratch.store).count == 1)
        let dates = try values("published", Self.chess, scratch.store)
        #expect(dates.count == 1 && dates[0] != firstDate)
        #expect(try values("key", Self.chess + " published:\(firstDate.prefix(10))", scratch.store).isEmpty)

        _ = try server.get("/stage?set=2")
        try settle("stage 2")
        #expect(try articles(scratch.store)["published"] == live + 1)
        #expect(try values("key", Self.seals, scratch.store).count == 1)
        #expect(try values("key", Self.seals + " 4,310 -3,410", scratch.store).count == 1)

        // Retracted, and sent again by its feed with another text.
        let url = try #require(try values("url", Self.seals, scratch.store).first)
        #expect(try Binary.run("retract", url, "--reason", "a test", "--store", scratch.store).status == 0)
        _ = try server.get("/stage?set=1")
        try settle("the stage before")
        #expect(try values("key", Self.seals, scratch.store).isEmpty)
        #expect(try articles(scratch.store)["published"] == live)

        let before = try answers(scratch.store)
        #expect(try Binary.run("snapshot", "compact", "--store", scratch.store).status == 0)
        #expect(try answers(scratch.store) == before)
        #expect(try values("key", Self.seals, scratch.store).isEmpty)
        let last = try articles(scratch.store)
        let outcomes = last.filter { $0.key != "received" }.values.reduce(0, +)
        #expect(last["received"] == outcomes)
        #expect(try Binary.run("snapshot", "verify", "--store", scratch.store).status == 0)
    }
}
