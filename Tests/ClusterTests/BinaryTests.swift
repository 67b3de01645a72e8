import Foundation
import Testing

/// The product as users run it: real processes, real files, real sockets on loopback.
@Suite(.serialized) struct BinaryTests {
    @Test("the same files again are duplicates, and the snapshot stays")
    func duplicates() throws {
        let scratch = try Scratch()
        let file = try scratch.write(
            "a.ndjson",
            """
            {"url":"https://paper.example/1","headline":"Harbour reopens","body":"The harbour of Eastwick reopened.","published":"2020-05-01"}
            {"url":"https://paper.example/2","headline":"Bridge closed","body":"The old bridge is closed.","published":"2020-05-02"}

            """)
        let first = try Binary.run("ingest", file, "--store", scratch.store, "--format", "json")
        #expect(first.status == 0, "\(first.errors)")
        #expect(try first.json()["accepted"] as? Int == 2)
        let digest = try Binary.run("snapshot", "digest", "--store", scratch.store).output
        let second = try Binary.run("ingest", file, "--store", scratch.store, "--format", "json")
        #expect((try second.json()["outcomes"] as? [String: Any])?["duplicate"] as? Int == 2)
        #expect(try Binary.run("snapshot", "digest", "--store", scratch.store).output == digest)
        let answer = try Binary.run("query", "harbour", "--store", scratch.store, "--format", "keys")
        #expect(answer.output.split(separator: "\n").count == 1)
        let newest = try Binary.run("query", "", "--store", scratch.store, "--sort", "newest", "--format", "json")
            .json()
        let hits = newest["hits"] as? [[String: Any]] ?? []
        #expect(hits.map { $0["url"] as? String } == ["https://paper.example/2", "https://paper.example/1"])
    }

    @Test(
        "an article that ends whoever indexes it becomes a dead letter, everything else is indexed; retried it is one again"
    )
    func deadLetter() throws {
        let scratch = try Scratch()
        let lines = (0..<20).map { "{\"url\":\"https://paper.example/\($0)\",\"headline\":\"Number \($0)\"}" }
        let file = try scratch.write("a.ndjson", lines.joined(separator: "\n") + "\n")
        let clean = try Scratch()
        #expect(try Binary.run("ingest", file, "--store", clean.store).status == 0)
        let address = "https://paper.example/7"
        let key = try #require(
            try Binary.run("article", address, "--store", clean.store, "--format", "json").json()["key"] as? String)
        let poison = ["CORANTO_DIE_OF": key]
        // The process that holds the worker dies of it; the log has everything.
        let dying = try Binary.run(arguments: ["ingest", file, "--store", scratch.store], environment: poison)
        #expect(dying.status == 9)
        // The next one tries what was left apart, and goes on.
        let next = try Binary.run(
            arguments: ["ingest", file, "--store", scratch.store, "--format", "json"], environment: poison)
        #expect(next.status == 0, "\(next.errors)")
        let status = try Binary.run("status", "--store", scratch.store, "--format", "json").json()
        let articles = status["articles"] as? [String: Int] ?? [:]
        #expect(articles["received"] == 40 && articles["published"] == 19 && articles["dead_lettered"] == 1)
        #expect(articles["duplicate"] == 20 && articles["pending"] == 0, "\(articles)")
        let list = try Binary.run("dead-letters", "list", "--store", scratch.store)
        #expect(list.output.contains(key) && list.output.contains("signal 9"), "\(list.output)")
        let shown = try Binary.run("dead-letters", "show", address, "--store", scratch.store)
        #expect(try shown.json()["headline"] as? String == "Number 7", "\(shown.errors)")
        let why = try Binary.run("why", address, "--store", scratch.store)
        #expect(why.output.contains("dead letter"), "\(why.output)")
        // As after an upgrade that no longer dies of it.
        let retried = try Binary.run("dead-letters", "retry", address, "--store", scratch.store)
        #expect(retried.status == 0, "\(retried.errors)")
        let digests = try [scratch, clean].map { try Binary.run("snapshot", "digest", "--store", $0.store).output }
        #expect(digests[0] == digests[1])
        #expect(try Binary.run("snapshot", "verify", "--store", scratch.store).status == 0)
        let ledger = try Binary.run("status", "--store", scratch.store, "--ledger")
        #expect(ledger.output.contains("total") && ledger.status == 0, "\(ledger.errors)")
        let days = try Binary.run("status", "--store", scratch.store, "--ledger", "--by", "day", "--format", "json")
            .json()
        let hours = try Binary.run("status", "--store", scratch.store, "--ledger", "--format", "json").json()
        #expect((days["total"] as? [String: Int])?["received"] == (hours["total"] as? [String: Int])?["received"])
        let firstDay = try #require((days["rows"] as? [[String: Any]])?.first?["day"] as? String)
        let firstHour = try #require((hours["rows"] as? [[String: Any]])?.first?["hour"] as? String)
        #expect(firstDay.count == 10 && firstHour.hasPrefix(firstDay))
        #expect(try Binary.run("dead-letters", "drop", address, "--store", scratch.store).status == 1)
    }

    @Test("bad inputs are told and counted, the rest is ingested")
    func badInput() throws {
        let scratch = try Scratch()
        let good = try scratch.write(
            "good.ndjson", "{\"headline\":\"Good\",\"id\":\"1\",\"source\":\"s\"}\n{\"id\":\"2\"}\nnot json\n[1]\n")
        let huge = try scratch.write(
            "huge.ndjson", "{\"headline\":\"Huge\",\"body\":\"" + String(repeating: "x ", count: 26 << 20) + "\"}\n")
        let bytes = scratch.path + "/latin.ndjson"
        try Data([0x7B, 0x22, 0x62, 0x6F, 0x64, 0x79, 0x22, 0x3A, 0x22, 0xE9, 0x22, 0x7D, 0x0A]).write(
            to: URL(fileURLWithPath: bytes))
        let result = try Binary.run(
            "ingest", good, huge, bytes, scratch.path + "/absent.ndjson", "--store", scratch.store, "--format", "json")
        #expect(result.status == 3)
        #expect(try result.json()["accepted"] as? Int == 1)
        #expect(try result.json()["rejected"] as? Int == 6)
        #expect(result.errors.contains("too_large") && result.errors.contains("no such file"))
        // Each is named by file and line, also those that only the coordinator rejected.
        for place in [
            "good.ndjson:2: empty", "good.ndjson:3: malformed", "good.ndjson:4: malformed", "latin.ndjson:1: ",
        ] {
            #expect(result.errors.contains(place), "\(place) is not in: \(result.errors)")
        }
        // What the message tells to ask is found.
        let told = try #require(result.errors.firstMatch(of: /good\.ndjson:3: .*coranto why '([^']+)'/))
        let why = try Binary.run("why", String(told.1), "--store", scratch.store)
        #expect(why.status == 0 && why.output.contains("malformed"), "\(why.output)\(why.errors)")
        let status = try Binary.run("status", "--store", scratch.store, "--format", "json").json()
        let articles = status["articles"] as? [String: Int] ?? [:]
        #expect(articles["published"] == 1 && articles["rejected"] == 6 && articles["pending"] == 0)
    }

    @Test("other names of fields are mapped, and a saved feed gives its entries")
    func mappedAndFeed() throws {
        let scratch = try Scratch()
        let mapped = try scratch.write(
            "mapped.ndjson",
            "{\"enlace\":\"https://diario.example/1\",\"titulo\":\"Puerto abierto\",\"texto\":\"El puerto.\"}\n{\"titulo\":7}\n"
        )
        let feed = try scratch.write(
            "saved.xml",
            """
            <rss version="2.0"><channel><title>Paper</title>
            <item><link>https://paper.example/a</link><title>Puerto again</title></item>
            <item><link>https://paper.example/b</link></item>
            </channel></rss>
            """)
        let result = try Binary.run(
            "ingest", mapped, feed, "--map", "titulo=headline", "--map", "texto=body", "--map", "enlace=url", "--store",
            scratch.store)
        #expect(result.status == 3, "\(result.errors)")
        #expect(result.errors.contains("mapped.ndjson:2: empty") && result.errors.contains("saved.xml:2: empty"))
        let found = try Binary.run("query", "puerto", "--store", scratch.store, "--format", "json").json()
        let urls = (found["hits"] as? [[String: Any]] ?? []).compactMap { $0["url"] as? String }
        #expect(Set(urls) == ["https://diario.example/1", "https://paper.example/a"])
        let wrong = try Binary.run("ingest", mapped, "--map", "titulo=titel", "--store", scratch.store)
        #expect(wrong.status == 2 && wrong.errors.contains("there is no field titel"))
    }

    @Test("a mistyped name makes no store and counts nothing")
    func mistypedInput() throws {
        let scratch = try Scratch()
        let result = try Binary.run("ingest", scratch.path + "/absent.ndjson", "--store", scratch.store)
        #expect(result.status == 1 && result.errors.contains("no such file or folder"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: scratch.store))
    }

    @Test(
        "what the coordinator rejects is named with file, line and reason, and why finds it by the place that was told")
    func namesRejected() throws {
        let scratch = try Scratch()
        let first = try scratch.write("a.ndjson", "{\"headline\":\"Good\"}\n\n{\"headline\":1}\n")
        let second = try scratch.write("b.ndjson", "{\"headline\":\"Also good\"}\n[1]\n")
        let result = try Binary.run("ingest", first, second, "--store", scratch.store, "--format", "json")
        #expect(result.status == 3)
        #expect(try result.json()["accepted"] as? Int == 2)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.contains { $0.contains("\(first):3: empty: neither headline nor body") })
        let told = try #require(lines.first { $0.contains("\(second):2: malformed:") })
        let place = try #require(told.split(separator: "'").last)
        let why = try Binary.run("why", String(place), "--store", scratch.store)
        #expect(why.output.contains("rejected as malformed"), "\(why.output)\(why.errors)")
    }

    @Test("articles rejected because they were retracted are told")
    func namesRetracted() throws {
        let scratch = try Scratch()
        let file = try scratch.write(
            "a.ndjson", "{\"url\":\"https://paper.example/1\",\"headline\":\"A\"}\n{\"headline\":\"B\"}\n")
        let retracted = try Binary.run(
            "retract", "https://paper.example/1", "--reason", "wrong", "--store", scratch.store)
        #expect(retracted.status == 0)
        let result = try Binary.run("ingest", file, "--store", scratch.store)
        #expect(result.status == 3)
        #expect(
            result.errors.contains(
                "of 2 articles, \(file):1 the first, rejected as retracted or behind a rule of retention: 1"),
            "\(result.errors)")
    }

    @Test("a file without its last line end, with CR LF or with a byte order mark is whole; empty ones are nothing")
    func oddLines() throws {
        let scratch = try Scratch()
        func line(_ number: Int) -> String { "{\"id\":\"\(number)\",\"source\":\"s\",\"headline\":\"Head \(number)\"}" }
        let files = [
            try scratch.write("end.ndjson", line(1) + "\n" + line(2)),
            try scratch.write("crlf.ndjson", line(3) + "\r\n\r\n" + line(4) + "\r\n"),
            try scratch.write("mark.ndjson", "\u{FEFF}" + line(5) + "\n" + line(6) + "\n"),
            try scratch.write("mark.txt", "\u{FEFF}Head of a text\r\n\r\nBody of it.\r\n"),
            try scratch.write("nothing.ndjson", ""), try scratch.write("blank.ndjson", "\n \r\n\n"),
            try scratch.write("nothing.ndjson.gz", ""), try scratch.write("nothing.ndjson.zst", ""),
        ]
        for file in files {
            let result = try Binary.run("ingest", file, "--store", scratch.store)
            #expect(result.status == 0 && result.errors.isEmpty, "\(file): \(result.errors)")
        }
        let answer = try Binary.run("query", "head", "--store", scratch.store, "--format", "json").json()
        #expect((answer["total"] as? [String: Any])?["value"] as? Int == 7)
    }

    @Test("NUL bytes, rubbish and files cut in the middle are rejected by name, what is whole in them is taken")
    func damagedFiles() throws {
        let scratch = try Scratch()
        let good = "{\"id\":\"1\",\"source\":\"s\",\"headline\":\"Good one\"}\n"
        let zeros = try scratch.write("zeros.ndjson", good + "\0\0\0\n{\"headline\":\"x\"\0}\n")
        let empty = try scratch.write("empty.txt", "")
        let notPacked = try scratch.write("plain.ndjson.zst", good)
        let kind = try scratch.write("paper.pdf", "%PDF")
        // The first half of a stream of one stored block: its length says that more follows.
        let cut = scratch.path + "/cut.ndjson.gz"
        let head: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 200, 0, 0x37, 0xFF]
        let second = good.replacingOccurrences(of: "\"1\"", with: "\"2\"")
        try Data(head + Array(second.utf8)).write(to: URL(fileURLWithPath: cut))
        let result = try Binary.run(
            "ingest", zeros, empty, notPacked, kind, cut, "--store", scratch.store, "--format", "json")
        #expect(result.status == 3)
        #expect(try result.json()["accepted"] as? Int == 2, "\(result.output)")
        for (file, reason) in [
            (zeros + ":2", "malformed"), (zeros + ":3", "malformed"), (empty, "empty"),
            (notPacked + ":1", "unreadable"),
            (kind, "unreadable"), (cut + ":2", "unreadable"),
        ] {
            #expect(result.errors.contains("\(file): \(reason): "), "\(file): \(result.errors)")
        }
        let articles = try Binary.run("status", "--store", scratch.store, "--format", "json").json()["articles"]
        #expect((articles as? [String: Int])?["rejected"] == 6)
    }

    @Test(
        "a folder gives its known files, at any depth; others and folders with such names are passed over, loose links named"
    )
    func mixedFolder() throws {
        let scratch = try Scratch()
        let folder = scratch.path + "/mixed"
        try FileManager.default.createDirectory(atPath: folder + "/deep/dir.txt", withIntermediateDirectories: true)
        for (name, text) in [
            ("a.ndjson", "{\"headline\":\"Alpha\"}"), ("b.txt", "Beta\n\nBody."),
            ("c.html", "<title>Gamma</title><p>Body."),
            ("d.pdf", "%PDF"), ("README", "x"), ("deep/e.jsonl", "{\"headline\":\"Delta\"}"),
        ] { _ = try scratch.write("mixed/" + name, text) }
        try FileManager.default.createSymbolicLink(atPath: folder + "/f.ndjson", withDestinationPath: "/nowhere")
        try FileManager.default.createSymbolicLink(atPath: folder + "/loop", withDestinationPath: ".")
        let result = try Binary.run("ingest", folder, "--store", scratch.store, "--format", "json")
        #expect(try result.json()["accepted"] as? Int == 4, "\(result.output)\(result.errors)")
        #expect(result.status == 3 && result.errors.contains("/f.ndjson: unreadable"), "\(result.errors)")
        #expect(try result.json()["rejected"] as? Int == 1, "\(result.errors)")
    }

    @Test("an ingest that is over at once ends at once, every time", .timeLimit(.minutes(1)))
    func endsAtOnce() throws {
        let scratch = try Scratch()
        let file = try scratch.write("a.ndjson", "[1]\n")
        for _ in 0..<20 { #expect(try Binary.run("ingest", file, "--store", scratch.store).status == 3) }
    }

    @Test("a retracted article is gone and stays gone")
    func retraction() throws {
        let scratch = try Scratch()
        let file = try scratch.write("a.ndjson", "{\"url\":\"https://paper.example/1\",\"headline\":\"Gone soon\"}\n")
        #expect(try Binary.run("ingest", file, "--store", scratch.store).status == 0)
        let retracted = try Binary.run(
            "retract", "https://paper.example/1", "--reason", "wrong", "--store", scratch.store)
        #expect(retracted.status == 0, "\(retracted.errors)")
        let again = try Binary.run("ingest", file, "--store", scratch.store)
        #expect(again.status == 3)
        #expect(again.errors.contains("a.ndjson:1 the first, rejected as retracted or behind"), "\(again.errors)")
        #expect(try Binary.run("query", "gone", "--store", scratch.store, "--format", "keys").output.isEmpty)
        #expect(try Binary.run("snapshot", "verify", "--store", scratch.store).status == 0)
    }

    @Test("the last version wins whatever the order, and compaction changes no answer and gives the same bytes")
    func versions() throws {
        let lines = [
            "{\"url\":\"https://paper.example/1\",\"headline\":\"First words\",\"published\":\"2020-05-01\",\"fetched\":\"2020-05-01T10:00:00Z\"}",
            "{\"url\":\"https://paper.example/1\",\"headline\":\"Second words\",\"published\":\"2020-06-01\",\"fetched\":\"2020-06-01T10:00:00Z\"}",
            "{\"url\":\"https://paper.example/2\",\"headline\":\"Other words\",\"published\":\"2020-05-03\"}",
        ]
        var digests: Set<String> = []
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let scratch = try Scratch()
            for index in order {
                let file = try scratch.write("\(index).ndjson", lines[index] + "\n")
                #expect(try Binary.run("ingest", file, "--store", scratch.store).status == 0)
            }
            let before = try Binary.run("query", "words", "--store", scratch.store, "--format", "ndjson").output
            #expect(try Binary.run("snapshot", "compact", "--store", scratch.store).status == 0)
            let after = try Binary.run("query", "words", "--store", scratch.store, "--format", "ndjson").output
            #expect(before == after)
            #expect(after.split(separator: "\n").count == 2)
            digests.insert(try Binary.run("snapshot", "digest", "--bytes", "--store", scratch.store).output)
        }
        #expect(digests.count == 1)
    }

    @Test("the example client in Python is acknowledged by a real coordinator")
    func pythonClient() throws {
        let scratch = try Scratch()
        let port = 20_000 + Int(ProcessInfo.processInfo.processIdentifier % 20_000)
        let coordinator = try Binary.start(
            "coordinator", "--store", scratch.store, "--listen", "127.0.0.1:\(port)")
        defer {
            coordinator.terminate()
            coordinator.waitUntilExit()
        }
        // `status` waits for nothing; the coordinator is up within seconds, on a busy machine within many.
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let status = try Binary.run("status", "--coordinator", "127.0.0.1:\(port)", "--format", "json")
            if status.status == 0, try status.json()["role"] as? String == "coordinator" { break }
        }
        let script = Process()
        script.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        script.arguments = [
            "python3", Binary.root.appendingPathComponent("scripts/examples/put_articles.py").path, "127.0.0.1",
            "\(port)",
        ]
        let output = Pipe()
        script.standardOutput = output
        try script.run()
        let printed = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        script.waitUntilExit()
        #expect(script.terminationStatus == 0)
        #expect(printed.contains("ACCEPTED 1 3 3 0 0"), "\(printed)")
    }

    @Test("listening beyond loopback without a token is refused")
    func refusesOpenNetwork() throws {
        let scratch = try Scratch()
        let result = try Binary.run("coordinator", "--store", scratch.store, "--listen", "0.0.0.0:0")
        #expect(result.status == 2)
        #expect(result.errors.contains("token"))
    }

    @Test(
        "the five sample documents answer the sample question", .enabled(if: Binary.sharedFolder != nil, "no corpora"))
    func seeds() throws {
        let scratch = try Scratch()
        let folder = (Binary.sharedFolder ?? "") + "/corpora/seeds"
        #expect(try Binary.run("ingest", folder, "--store", scratch.store).status == 0)
        let answer = try Binary.run(
            "query", "\"special role\" china", "--store", scratch.store, "--format", "json"
        ).json()
        var files: Set<String> = []
        for hit in answer["hits"] as? [[String: Any]] ?? [] {
            let article = try Binary.run(
                "article", hit["key"] as? String ?? "", "--store", scratch.store, "--format", "json"
            ).json()
            files.insert(String(((article["extra"] as? [String: Any])?["file"] as? String ?? "").prefix(3)))
        }
        #expect(files == ["000", "001", "002", "003"])
    }
}
