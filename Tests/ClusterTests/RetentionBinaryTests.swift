import Foundation
import Testing

/// `retention`, as users run it.
@Suite struct RetentionBinaryTests {
    private static let old = [
        #"{"url":"https://a.example/1","source":"a","headline":"Xylophone mill","body":"Old of a.","published":"2019-03-01T10:00:00Z"}"#,
        #"{"url":"https://a.example/2","source":"a","headline":"Old bridge","body":"Old too.","published":"2020-12-31T23:59:59Z"}"#,
    ]
    private static let left = [
        #"{"url":"https://a.example/3","source":"a","headline":"New mill","body":"New of a.","published":"2021-01-01T00:00:00Z"}"#,
        #"{"url":"https://a.example/4","source":"a","headline":"Undated mill","body":"Nobody knows when."}"#,
        #"{"url":"https://b.example/1","source":"b","headline":"Kept mill","body":"Old of b.","published":"2018-03-01T10:00:00Z"}"#,
        // Its first version is behind the horizon, this one is not.
        #"{"url":"https://a.example/5","source":"a","headline":"Story, second","body":"Later.","published":"2022-01-01T10:00:00Z","fetched":"2022-01-02T10:00:00Z"}"#,
    ]
    private static let firstVersion =
        #"{"url":"https://a.example/5","source":"a","headline":"Story, first","body":"Zymurgy.","published":"2019-01-01T10:00:00Z","fetched":"2019-01-02T10:00:00Z"}"#

    private func lines(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

    private func articles(_ store: String) throws -> [String: Int] {
        let status = try Binary.run("status", "--store", store, "--format", "json").json()
        return try #require(status["articles"] as? [String: Int])
    }

    @Test("what is behind a horizon leaves everything that is named, the rest is as if it had never been there")
    func retention() throws {
        let scratch = try Scratch()
        let store = scratch.store
        let first = try scratch.write("a.ndjson", lines(Self.old + [Self.firstVersion]))
        let second = try scratch.write("b.ndjson", lines(Self.left))
        for file in [first, second] { #expect(try Binary.run("ingest", file, "--store", store).status == 0) }
        for words in [["--keep", "forever", "--source", "b"], ["--before", "2021-01-01"]] {
            let done = try Binary.run(arguments: ["retention", "set", "--store", store] + words)
            #expect(done.status == 0, "\(done.errors)")
        }
        let listed = try Binary.run("retention", "list", "--store", store).output
        #expect(listed == "all sources\tthe horizon is 2021-01-01\nsource b\tkept forever\n")

        // Gone from answers, counted, and in no named object.
        let query = try Binary.run("query", "mill", "--store", store, "--format", "keys").output
        #expect(query.split(separator: "\n").count == 3, "\(query)")
        let counts = try articles(store)
        #expect(counts["published"] == 4 && counts["expired"] == 2 && counts["superseded"] == 1, "\(counts)")
        #expect(counts["pending"] == 0 && counts["received"] == 7)
        for url in ["https://a.example/1", "https://a.example/5"] {
            let report = try Binary.run("erasure", url, "--store", store, "--format", "json").json()
            let keys = try #require(report["keys"] as? [[String: Any]])
            #expect(keys[0]["expired"] as? Bool == true && keys[0]["erased"] as? Bool == true, "\(url): \(keys)")
            let objects = try #require(report["objects"] as? [[String: Any]])
            let holders = objects.filter { $0["found"] as? String != "nothing" }
            // What nothing names any more waits for the collection.
            #expect(holders.allSatisfy { $0["found"] as? String == "leftOver" }, "\(url): \(holders)")
            #expect(!holders.contains { ($0["name"] as? String)?.hasPrefix("log/") ?? false }, "\(url): \(holders)")
        }
        let verified = try Binary.run("snapshot", "verify", "--store", store)
        #expect(verified.status == 0, "\(verified.output)\(verified.errors)")

        // Later arrivals are rejected, also of an older version of what is live.
        let again = try Binary.run("ingest", first, "--store", store, "--format", "json")
        #expect(again.status == 3)
        #expect(try articles(store)["expired"] == 5)
        let why = try Binary.run("why", "https://a.example/1", "--store", store).output
        #expect(why.contains("the horizon of retention is 2021-01-01") || why.contains("behind the horizon 2021-01-01"))
        #expect(why.contains("rejected as expired: behind the horizon 2021-01-01"), "\(why)")

        // The same set, and compacted the same bytes, as a store that never had them.
        let fresh = scratch.path + "/fresh"
        let only = try scratch.write("c.ndjson", lines(Self.left))
        #expect(try Binary.run("ingest", only, "--store", fresh).status == 0)
        for words in [["snapshot", "digest"], ["snapshot", "compact"], ["snapshot", "digest", "--bytes"]] {
            let outputs = try [store, fresh].map { try Binary.run(arguments: words + ["--store", $0]) }
            #expect(outputs.allSatisfy { $0.status == 0 }, "\(outputs.map(\.errors))")
            if words[1] == "digest" { #expect(outputs[0].output == outputs[1].output, "\(words)") }
        }

        // Taken back, what comes is taken, and what went does not come by itself.
        #expect(try Binary.run("retention", "remove", "--store", store).status == 0)
        #expect(try articles(store)["published"] == 4)
        #expect(try Binary.run("ingest", first, "--store", store).status == 0)
        #expect(try articles(store)["published"] == 6)
        let none = try Binary.run("retention", "remove", "--source", "c", "--store", store)
        #expect(none.status == 1 && none.errors.contains("no rule for c"), "\(none.errors)")
    }

    @Test("all of a source goes, undated too, and a tail tells it as expired")
    func wholeSource() throws {
        let scratch = try Scratch()
        let file = try scratch.write("a.ndjson", lines(Self.old + Self.left))
        #expect(try Binary.run("ingest", file, "--store", scratch.store).status == 0)
        let before = try Binary.run("status", "--store", scratch.store, "--format", "json").json()["generation"] as? Int
        let done = try Binary.run("retention", "set", "--all", "--source", "a", "--store", scratch.store)
        #expect(done.status == 0, "\(done.errors)")
        #expect(try articles(scratch.store)["published"] == 1)
        let status = try Binary.run("status", "--store", scratch.store).output
        #expect(status.contains("1 rule of retention\n"), "\(status)")
        // The generation before had the texts, so it is not kept: nothing can be told from there.
        let tail = try Binary.run("tail", "--from", "\(try #require(before))", "--store", scratch.store)
        #expect(tail.status == 1 && tail.errors.contains("not kept"), "\(tail.errors)")
        #expect(try Binary.run("ingest", file, "--store", scratch.store).status == 3)
    }

    @Test(
        "what is no rule is refused with a reason",
        arguments: [
            (["set", "--all"], 2, "--all needs --source"), (["set"], 2, "give one of"),
            (["set", "--keep", "9", "--before", "2020"], 2, "give one of"),
            (["set", "--keep", "9w"], 2, "9w is no age"),
            (["set", "--before", "someday"], 2, "someday is no date"),
        ])
    func refused(_ words: [String], _ status: Int32, _ why: String) throws {
        let scratch = try Scratch()
        let result = try Binary.run(arguments: ["retention"] + words + ["--store", scratch.store])
        #expect(result.status == status && result.errors.contains(why), "\(result.status) \(result.errors)")
    }
}
