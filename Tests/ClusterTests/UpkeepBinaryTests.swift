import Foundation
import Testing

/// `snapshot export`, `snapshot diff` and `tail`, as users run them.
@Suite struct UpkeepBinaryTests {
    /// A store with a superseded, a retracted and a new article in three steps; the generation after each.
    private func history(_ scratch: Scratch) throws -> [Int] {
        let first = try scratch.write(
            "a.ndjson",
            """
            {"url":"https://paper.example/1","headline":"Harbour reopens","body":"The harbour of Eastwick reopened."}
            {"url":"https://paper.example/2","headline":"Bridge closed","body":"The old bridge is closed.","fetched":"2020-05-02T10:00:00Z"}

            """)
        let second = try scratch.write(
            "b.ndjson",
            """
            {"url":"https://paper.example/2","headline":"Bridge open","body":"The old bridge is open.","fetched":"2020-05-03T10:00:00Z"}
            {"url":"https://paper.example/3","headline":"Mill sold","body":"The mill was sold."}

            """)
        var generations: [Int] = []
        for words in [
            ["ingest", first], ["ingest", second], ["retract", "https://paper.example/1", "--reason", "wrong"],
        ] {
            let done = try Binary.run(arguments: words + ["--store", scratch.store])
            #expect(done.status == 0, "\(done.errors)")
            let status = try Binary.run("status", "--store", scratch.store, "--format", "json").json()
            generations.append(try #require(status["generation"] as? Int))
        }
        return generations
    }

    private func lines(_ result: Binary.Result) throws -> [[String: Any]] {
        try result.output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test("what is exported, packed or not, gives the same snapshot in an empty store and the same export again")
    func export() throws {
        let scratch = try Scratch()
        _ = try history(scratch)
        let digest = try Binary.run("snapshot", "digest", "--store", scratch.store).output
        let plain = try Binary.run("snapshot", "export", "--store", scratch.store)
        #expect(plain.status == 0 && plain.output.split(separator: "\n").count == 2)
        for file in ["x.ndjson", "x.ndjson.zst"].map({ scratch.path + "/" + $0 }) {
            let copy = file + ".store"
            let exported = try Binary.run("snapshot", "export", file, "--store", scratch.store, "--format", "json")
            #expect(try exported.json()["articles"] as? Int == 2)
            #expect(try Binary.run("ingest", file, "--store", copy).status == 0)
            #expect(try Binary.run("snapshot", "digest", "--store", copy).output == digest)
            #expect(try Binary.run("snapshot", "export", "--store", copy).output == plain.output)
            let compared = try Binary.run("snapshot", "diff", "--store", scratch.store, "--with", copy)
            #expect(compared.status == 0, "\(compared.output)")
        }
        // By a pipe, into a store that has other articles.
        let other = scratch.path + "/other"
        let article = try scratch.write("c.ndjson", "{\"url\":\"https://paper.example/9\",\"headline\":\"Ninth\"}\n")
        #expect(try Binary.run("ingest", article, "--store", other).status == 0)
        #expect(try Binary.run(arguments: ["ingest", "-", "--store", other], input: plain.output).status == 0)
        let added = try Binary.run("snapshot", "diff", "--store", scratch.store, "--with", other, "--format", "keys")
        #expect(added.status == 1 && added.output.split(separator: "\n").count == 1, "\(added.output)")
    }

    @Test("a backup is a store: sound, of the same articles, and the cluster goes on from it")
    func backup() throws {
        let scratch = try Scratch()
        _ = try history(scratch)
        let copy = scratch.path + "/copy"
        let first = try Binary.run("backup", copy, "--store", scratch.store, "--format", "json")
        #expect(first.status == 0, "\(first.errors)")
        let again = try Binary.run("backup", copy, "--store", scratch.store, "--format", "json").json()
        let copied = try first.json()["copied"] as? Int
        #expect(again["copied"] as? Int == 0 && again["present"] as? Int == copied)
        #expect(try Binary.run("snapshot", "verify", "--store", copy).status == 0)
        #expect(try Binary.run("snapshot", "diff", "--store", scratch.store, "--with", copy).status == 0)
        // What was there is known, retractions among it; what is new is taken.
        let file = try scratch.write(
            "d.ndjson",
            [1, 3, 4].map {
                "{\"url\":\"https://paper.example/\($0)\",\"headline\":\"Mill sold\",\"body\":\"The mill was sold.\"}\n"
            }
            .joined())
        let ingested = try Binary.run("ingest", file, "--store", copy, "--format", "json")
        #expect(ingested.status == 3)
        let outcomes = try #require(try ingested.json()["outcomes"] as? [String: Any])
        #expect(outcomes["published"] as? Int == 1 && outcomes["duplicate"] as? Int == 1, "\(outcomes)")
        #expect(try Binary.run("snapshot", "verify", "--store", copy).status == 0)
        let used = try Binary.run("backup", copy, "--store", scratch.store)
        #expect(used.status == 1 && used.errors.contains("in use"), "\(used.errors)")
        let within = try Binary.run("backup", scratch.store + "/copy", "--store", scratch.store)
        #expect(within.status == 2 || within.status == 1)
        #expect(within.errors.contains("lies in the store"), "\(within.errors)")
    }

    @Test("an erasure report reads every object and names those with something of an article")
    func erasure() throws {
        let scratch = try Scratch()
        _ = try history(scratch)
        let gone = try Binary.run("erasure", "https://paper.example/1", "--store", scratch.store)
        #expect(gone.output.contains("retracted"), "\(gone.output)")
        // Nobody has had the time to erase it; whatever holds the text is named.
        let left = gone.output.split(separator: "\n").filter { $0.contains(": something is left") }
        #expect(gone.status == (left.isEmpty ? 0 : 1))
        let live = try Binary.run("erasure", "https://paper.example/3", "--store", scratch.store, "--format", "json")
        #expect(live.status == 1)
        let objects = try #require(try live.json()["objects"] as? [[String: Any]])
        let holders = objects.filter { $0["found"] as? String != "nothing" }.compactMap { $0["name"] as? String }
        #expect(holders.contains { $0.hasPrefix("log/") } && holders.contains { $0.hasPrefix("segments/") })
        #expect(objects.contains { ($0["name"] as? String)?.hasPrefix("terms/") == true })
        let never = try Binary.run("erasure", "https://paper.example/77", "--store", scratch.store)
        #expect(never.status == 0 && never.output.contains("not retracted"), "\(never.output)")
    }

    @Test("a retraction says that nothing is erased yet; with --wait it is, also what only older snapshots hold")
    func waits() throws {
        let scratch = try Scratch()
        let generations = try history(scratch)
        let url = "https://paper.example/2"
        let told = try Binary.run("retract", url, "--reason", "court", "--store", scratch.store)
        #expect(told.status == 0 && told.errors.contains("--wait"), "\(told.errors)")
        // The newest snapshot has nothing of it any more.
        #expect(try Binary.run("snapshot", "compact", "--store", scratch.store).status == 0)
        let done = try Binary.run("retract", url, "--reason", "court", "--wait", "--store", scratch.store)
        #expect(done.status == 0 && done.output.contains("and erased"), "\(done.output)\(done.errors)")
        let report = try Binary.run("erasure", url, "--store", scratch.store)
        #expect(report.output.contains("erased from the log and from all kept generations"), "\(report.output)")
        let left = report.output.split(separator: "\n").filter { $0.contains(": something is left") }
        #expect(left.allSatisfy { $0.contains("until it is erased or collected") && !$0.hasPrefix("log/") })
        let older = try Binary.run("query", "bridge", "--as-of", "\(generations[1])", "--store", scratch.store)
        #expect(older.status == 1, "\(older.output)")
        #expect(try Binary.run("snapshot", "verify", "--store", scratch.store).status == 0)
    }

    @Test("a diff tells what was added, superseded and retracted between two generations")
    func diff() throws {
        let scratch = try Scratch()
        let generations = try history(scratch)
        func changes(_ from: Int, _ to: Int) throws -> [String] {
            let told = try Binary.run(
                "snapshot", "diff", "\(from)", "\(to)", "--store", scratch.store, "--format", "ndjson")
            #expect(told.status == 1, "\(told.errors)")
            return try lines(told).compactMap { line in
                (line["url"] as? String).map { "\(line["change"] ?? "?") \($0.suffix(1))" }
            }.sorted()
        }
        #expect(try changes(generations[0], generations[1]) == ["added 3", "superseded 2"])
        #expect(try changes(generations[1], generations[2]) == ["retracted 1"])
        #expect(try changes(generations[0], generations[2]) == ["added 3", "retracted 1", "superseded 2"])
        let none = try Binary.run("snapshot", "diff", "999", "--store", scratch.store)
        #expect(none.status == 1 && none.errors.contains("999"), "\(none.errors)")
    }

    @Test("a tail tells every change once, whole or in two parts, and refuses what it cannot know")
    func tail() throws {
        let scratch = try Scratch()
        let generations = try history(scratch)
        func told(from generation: Int) throws -> (changes: [String], resume: Int) {
            let result = try Binary.run("tail", "--from", "\(generation)", "--store", scratch.store)
            #expect(result.status == 0, "\(result.errors)")
            let all = try lines(result)
            let end = try #require(all.last)
            #expect(end["change"] as? String == "end")
            let changes = all.dropLast().map { "\($0["change"] ?? "?") \(($0["url"] as? String ?? "?").suffix(1))" }
            return (changes, try #require(end["resume"] as? Int))
        }
        let whole = try told(from: 0)
        #expect(Set(whole.changes) == ["added 1", "added 2", "added 3", "superseded 2", "retracted 1"])
        #expect(whole.changes.count == 5)
        let rest = try told(from: generations[0])
        #expect(Set(rest.changes) == ["added 3", "superseded 2", "retracted 1"] && rest.resume == whole.resume)
        #expect(try told(from: whole.resume).changes.isEmpty)
        let articles = try Binary.run("tail", "--from", "0", "--articles", "--store", scratch.store)
        #expect(articles.output.contains("The old bridge is closed."))
        let future = try Binary.run("tail", "--from", "999", "--store", scratch.store)
        #expect(future.status == 1 && future.errors.contains("999"), "\(future.errors)")
    }

    @Test("garbage is told without writing anything, also beside a cluster, and collected only where none is")
    func garbage() throws {
        let scratch = try Scratch()
        _ = try history(scratch)
        // A generation that nothing keeps, as a zombie's late manifest is, and an orphan.
        let manifests = scratch.store + "/manifests/"
        let newest = try #require(try FileManager.default.contentsOfDirectory(atPath: manifests).min())
        let void = "manifests/ffffffffffffffff"
        try FileManager.default.copyItem(atPath: manifests + newest, toPath: scratch.store + "/" + void)
        let orphan = "segments/\(String(repeating: "0", count: 64)).1-77"
        try Data("orphan".utf8).write(to: URL(fileURLWithPath: scratch.store + "/" + orphan))
        func names() throws -> [String] { try FileManager.default.subpathsOfDirectory(atPath: scratch.store).sorted() }
        func collect(_ words: String...) throws -> Binary.Result {
            try Binary.run(arguments: ["snapshot", "collect-garbage", "--store", scratch.store] + words)
        }
        let before = try names()
        let told = try collect("--dry-run")
        #expect(told.status == 0 && told.output.contains("would delete: 1 object,"), "\(told.output)\(told.errors)")
        let listed = try collect("--dry-run", "--format", "json").json()
        let objects = try #require(listed["objects"] as? [[String: Any]])
        func fate(_ name: String) -> String? { objects.first { $0["name"] as? String == name }?["fate"] as? String }
        #expect(fate(void) == "goes" && fate(orphan) == "waits")
        #expect(try names() == before)

        let cluster = try Binary.start("coordinator", "--store", scratch.store, "--listen", "127.0.0.1:0")
        defer { cluster.terminate() }
        var refused = try collect()
        // It may not have begun, and then nothing forbids to collect; from then on it does.
        while refused.status == 0, cluster.isRunning { refused = try collect() }
        #expect(refused.status == 1 && refused.errors.contains("collects by itself"), "\(refused.errors)")
        let beside = try collect("--dry-run")
        #expect(beside.status == 0 && beside.output.contains("collects by itself"), "\(beside.output)")
        cluster.terminate()
        cluster.waitUntilExit()

        let done = try collect()
        #expect(done.status == 0 && done.output.hasPrefix("deleted"), "\(done.output)\(done.errors)")
        #expect(try !names().contains(void) && names().contains(orphan))
        // It is no segment: the checker would say so.
        try FileManager.default.removeItem(atPath: scratch.store + "/" + orphan)
        #expect(try Binary.run("snapshot", "verify", "--store", scratch.store).status == 0)
        // Its end was in order: the next does not wait.
        let again = try Binary.run("feeds", "add", "https://paper.example/rss", "--store", scratch.store)
        #expect(again.status == 0, "\(again.errors)")
        let none = try Binary.run("snapshot", "collect-garbage", "--dry-run", "--store", scratch.path)
        #expect(none.status == 1 && none.errors.contains("no snapshot"), "\(none.errors)")
    }
}
