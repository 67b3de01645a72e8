import Foundation
import Testing

/// `snapshot rebuild`, as users run it.
@Suite struct RebuildBinaryTests {
    /// What must be the same again.
    private struct Outcome: Equatable {
        var digest: String
        var keys: String
        var counts: [String: Int]

        init(_ store: String) throws {
            digest = try Binary.run("snapshot", "digest", "--store", store).output
            keys = try Binary.run("query", "", "--sort", "newest", "--format", "keys", "--store", store).output
            let status = try Binary.run("status", "--store", store, "--format", "json").json()
            counts = try #require(status["articles"] as? [String: Int])
        }
    }

    /// A store with everything that may happen to an article, partly in cells.
    private func makeStore(_ scratch: Scratch) throws {
        let first = try scratch.write(
            "a.ndjson",
            """
            {"url":"https://paper.example/1","headline":"Harbour reopens","body":"The harbour reopened.","source":"Paper"}
            {"url":"https://paper.example/2","headline":"Bridge closed","fetched":"2020-05-02T10:00:00Z","source":"Paper"}
            {"url":"https://paper.example/4","headline":"Ferry runs","published":"2020-05-01","source":"Courier"}
            {"url":"https://paper.example/4","headline":"Ferry runs","published":"2020-05-01","source":"Courier"}

            """)
        let second = try scratch.write(
            "b.ndjson",
            """
            {"url":"https://paper.example/2","headline":"Bridge open","fetched":"2020-05-03T10:00:00Z","source":"Paper"}
            {"url":"https://paper.example/3","headline":"Mill sold","body":"The mill was sold.","source":"Courier"}
            {"source":"Courier"}

            """)
        try done(0, "ingest", first, "--store", scratch.store)
        try done(0, "snapshot", "compact", "--store", scratch.store)
        try done(3, "ingest", second, "--store", scratch.store)
        try done(0, "retract", "https://paper.example/1", "--reason", "wrong", "--store", scratch.store)
        try done(0, "feeds", "add", "https://paper.example/rss", "--store", scratch.store)
    }

    @discardableResult
    private func done(_ status: Int32, _ words: String...) throws -> Binary.Result {
        let result = try Binary.run(arguments: words)
        #expect(result.status == status, "\(words): \(result.errors)")
        return result
    }

    private func names(_ store: String, _ folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: store + "/" + folder).map { "\(store)/\(folder)/\($0)" }
            .filter { path in
                var isFolder: ObjCBool = false
                return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                    && !isFolder.boolValue
            }.sorted()
    }

    private func remove(_ store: String, _ folder: String) throws {
        for name in try names(store, folder) { try FileManager.default.removeItem(atPath: name) }
    }

    private func rebuildAndCompare(_ store: String, _ expected: Outcome) throws -> [String: Any] {
        let report = try done(0, "snapshot", "rebuild", "--store", store, "--format", "json").json()
        // Has pending articles indexed.
        try done(0, "snapshot", "compact", "--store", store)
        let found = try Outcome(store)
        #expect(found == expected)
        return report
    }

    @Test("deleting all manifests loses nothing: the same articles, counts, retractions and feeds")
    func manifestsDeleted() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        let expected = try Outcome(scratch.store)
        try remove(scratch.store, "manifests")
        let report = try rebuildAndCompare(scratch.store, expected)
        #expect(report["copied_from_log"] as? Int == 3 && report["copied_from_segments"] as? Int == 0)
        try done(0, "snapshot", "verify", "--store", scratch.store)
        #expect(try done(0, "feeds", "list", "--store", scratch.store).output.contains("https://paper.example/rss"))
        // What was retracted is refused as before.
        let again = try Binary.run("ingest", scratch.path + "/a.ndjson", "--store", scratch.store)
        #expect(again.output.contains("retracted") || again.errors.contains("retracted"), "\(again)")
        #expect(try Outcome(scratch.store).digest == expected.digest)
    }

    @Test(
        "without manifests and with a log that was collected the articles come from segments; what is retracted stays away"
    )
    func manifestsAndOldLogDeleted() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        let expected = try Outcome(scratch.store)
        try remove(scratch.store, "manifests")
        for name in try names(scratch.store, "log").dropLast() { try FileManager.default.removeItem(atPath: name) }
        let report = try done(0, "snapshot", "rebuild", "--store", scratch.store, "--format", "json").json()
        #expect(report["copied_from_segments"] as? Int == 3)
        try done(0, "snapshot", "compact", "--store", scratch.store)
        let found = try Outcome(scratch.store)
        #expect(found.digest == expected.digest && found.keys == expected.keys)
        #expect(found.counts["published"] == 3 && found.counts["pending"] == 0)
        try done(0, "snapshot", "verify", "--store", scratch.store)
    }

    @Test(
        "a damaged newest manifest or segment: an older generation goes on, and the log has the rest",
        arguments: ["manifests", "segments", "pages", "state"])
    func newestDamaged(folder: String) throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        let expected = try Outcome(scratch.store)
        let all = try names(scratch.store, folder)
        for name in folder == "manifests" ? [all[0]] : all {
            var bytes = try Data(contentsOf: URL(fileURLWithPath: name))
            bytes[bytes.count / 2] ^= 4
            try bytes.write(to: URL(fileURLWithPath: name))
        }
        try done(4, "snapshot", "verify", "--store", scratch.store)
        let report = try rebuildAndCompare(scratch.store, expected)
        #expect((report["damaged"] as? [String])?.isEmpty == false)
    }

    @Test("an article that nothing holds any more is counted as not restored")
    func segmentAndLogLost() throws {
        let scratch = try Scratch()
        let file = try scratch.write("a.ndjson", "{\"url\":\"https://paper.example/1\",\"headline\":\"First\"}\n")
        try done(0, "ingest", file, "--store", scratch.store)
        let other = try scratch.write("b.ndjson", "{\"url\":\"https://paper.example/2\",\"headline\":\"Second\"}\n")
        try done(0, "ingest", other, "--store", scratch.store)
        let logs = try names(scratch.store, "log")
        // Term 1 with the first article.
        for name in logs where name.contains("0000000000000001/") { try FileManager.default.removeItem(atPath: name) }
        try remove(scratch.store, "segments")
        let report = try done(0, "snapshot", "rebuild", "--store", scratch.store)
        #expect(report.output.contains("1 cannot be restored"), "\(report.output)")
        try done(0, "snapshot", "compact", "--store", scratch.store)
        #expect(try Outcome(scratch.store).keys.split(separator: "\n").count == 1)
    }

    @Test("while a coordinator reigns nothing is rebuilt")
    func coordinatorAtWork() throws {
        let scratch = try Scratch()
        let coordinator = try Binary.start("coordinator", "--store", scratch.store, "--listen", "127.0.0.1:0")
        defer {
            coordinator.terminate()
            coordinator.waitUntilExit()
        }
        let deadline = Date().addingTimeInterval(20)
        let heartbeat = scratch.store + "/heartbeats/0000000000000001"
        while !FileManager.default.fileExists(atPath: heartbeat), Date() < deadline { sched_yield() }
        let refused = try Binary.run("snapshot", "rebuild", "--store", scratch.store)
        #expect(refused.status == 1 && refused.errors.contains("at work"), "\(refused)")
    }
}
