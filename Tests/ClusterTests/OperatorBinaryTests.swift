import Foundation
import Testing

/// What an operator meets: stray files, lost objects, and commands that must say so.
@Suite struct OperatorBinaryTests {
    /// A store with two articles of two commands.
    private func makeStore(_ scratch: Scratch) throws {
        for index in 1...2 {
            let file = try scratch.write(
                "\(index).ndjson",
                "{\"url\":\"https://paper.example/\(index)\",\"headline\":\"Harbour \(index)\",\"source\":\"Paper\"}\n")
            let done = try Binary.run("ingest", file, "--store", scratch.store)
            #expect(done.status == 0, "\(done.errors)")
        }
    }

    private func harmSegments(of scratch: Scratch, byRemoving isGone: Bool) throws {
        let folder = scratch.store + "/segments/"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            if isGone {
                try FileManager.default.removeItem(atPath: folder + name)
            } else {
                try Data(repeating: 7, count: 4096).write(to: URL(fileURLWithPath: folder + name))
            }
        }
    }

    private func put(_ text: String, _ name: String, _ scratch: Scratch) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: scratch.store + "/" + name))
    }

    @Test("a stray file among the manifests is named, and the store is as full as before")
    func strayFile() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        for name in [".nfs0001", ".DS_Store", "README"] { try put("x", "manifests/" + name, scratch) }
        let status = try Binary.run("status", "--store", scratch.store)
        #expect(status.output.contains("received 2") && status.errors.contains("manifests/.DS_Store"), "\(status)")
        let found = try Binary.run("query", "harbour", "--store", scratch.store, "--format", "keys")
        #expect(found.output.split(separator: "\n").count == 2, "\(found)")
        let verified = try Binary.run("snapshot", "verify", "--store", scratch.store)
        #expect(verified.status == 0 && verified.output.contains("manifests/README: not an object"), "\(verified)")
        let file = try scratch.write("3.ndjson", "{\"url\":\"https://paper.example/3\",\"headline\":\"Harbour\"}\n")
        let ingested = try Binary.run("ingest", file, "--store", scratch.store)
        #expect(ingested.status == 0 && ingested.errors.contains("is no manifest"), "\(ingested)")
        #expect(try Binary.run("backup", scratch.path + "/copy", "--store", scratch.store).status == 0)
    }

    @Test("a store without its log is not sound, and whatever needs the log ends with the cause and a status")
    func lostLog() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        try FileManager.default.removeItem(atPath: scratch.store + "/log")
        let verified = try Binary.run("snapshot", "verify", "--store", scratch.store)
        #expect(verified.status == 4 && verified.output.contains("no coordinator starts"), "\(verified)")
        let named = try #require(verified.output.split(separator: ",").first)
        let backup = try Binary.run("backup", scratch.path + "/copy", "--store", scratch.store)
        #expect(backup.status == 4 && backup.errors.contains(named), "\(backup)")
        let feeds = scratch.path + "/feeds.opml"
        try Data("<opml version=\"2.0\"><body><outline xmlUrl=\"http://127.0.0.1:9/feed\"/></body></opml>".utf8)
            .write(to: URL(filePath: feeds))
        let up = ["up", "--http", "127.0.0.1:0", "--listen", "127.0.0.1:0"]
        for words in [["coordinator", "--listen", "127.0.0.1:0"], up, up + ["--feeds", feeds]] {
            let ended = try Binary.run(arguments: words + ["--store", scratch.store])
            #expect(ended.status == 1, "\(words): \(ended)")
            #expect(ended.errors.contains("\(named) is missing, but the newest manifest names it"), "\(ended.errors)")
        }
    }

    @Test("a rebuild never calls an absent log whole")
    func rebuildWithoutLog() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        try FileManager.default.removeItem(atPath: scratch.store + "/log")
        let rebuilt = try Binary.run("snapshot", "rebuild", "--store", scratch.store)
        #expect(rebuilt.status == 0 && rebuilt.output.contains("2 articles"), "\(rebuilt)")
        #expect(
            !rebuilt.output.contains("whole") && rebuilt.output.contains("the end of the log is gone"), "\(rebuilt)")
        let verified = try Binary.run("snapshot", "verify", "--store", scratch.store)
        #expect(verified.status == 0, "\(verified)")
    }

    @Test(
        "an ingest that is the cluster ends with the name of the segment that is gone or damaged",
        arguments: [true, false])
    func lostSegment(isGone: Bool) throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        try harmSegments(of: scratch, byRemoving: isGone)
        let file = try scratch.write("3.ndjson", "{\"url\":\"https://paper.example/1\",\"headline\":\"Harbour\"}\n")
        let ended = try Binary.run("ingest", file, "--store", scratch.store)
        #expect(ended.status == 4 && ended.errors.contains("segments/"), "\(ended)")
    }

    @Test("a retraction from a store with a damaged segment is sent all the same, and ends with what is damaged")
    func retractBesideDamage() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        try harmSegments(of: scratch, byRemoving: false)
        let ended = try Binary.run("retract", "https://paper.example/1", "--reason", "r", "--store", scratch.store)
        #expect(ended.status == 4 && ended.errors.contains("whether the article was there is not known"), "\(ended)")
        // Written, and known of to a rebuild.
        let rebuilt = try Binary.run("snapshot", "rebuild", "--store", scratch.store)
        #expect(rebuilt.status == 0, "\(rebuilt)")
        let why = try Binary.run("why", "https://paper.example/1", "--store", scratch.store)
        #expect(why.output.contains("retracted"), "\(why)")
    }

    @Test("retracting what never was there says so, and speaks of no text that is left")
    func retractNothing() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        let never = try Binary.run("retract", "https://never.example/x", "--reason", "r", "--store", scratch.store)
        #expect(never.status == 0 && never.errors.contains("no such article"), "\(never)")
        #expect(!never.errors.contains("its text is still"), "\(never)")
        let there = try Binary.run("retract", "https://paper.example/1", "--reason", "r", "--store", scratch.store)
        #expect(there.errors.contains("its text is still") && !there.errors.contains("no such article"), "\(there)")
        let again = try Binary.run("retract", "https://paper.example/1", "--reason", "r", "--store", scratch.store)
        #expect(again.errors.contains("its text is still") && !again.errors.contains("no such article"), "\(again)")
    }

    @Test("what a rule of retention refuses is not called retracted")
    func expiredRejection() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        let set = try Binary.run("retention", "set", "--source", "Paper", "--all", "--store", scratch.store)
        #expect(set.status == 0, "\(set)")
        let again = try Binary.run("ingest", scratch.path + "/1.ndjson", "--store", scratch.store)
        #expect(again.status == 3 && again.errors.contains("rule of retention: 1"), "\(again)")
    }

    @Test("the coordinator's log and status tell who is there, by name")
    func names() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        let log = scratch.path + "/log.txt"
        try Data().write(to: URL(fileURLWithPath: log))
        let coordinator = Process()
        coordinator.executableURL = URL(fileURLWithPath: Binary.path)
        coordinator.arguments = ["coordinator", "--store", scratch.store, "--listen", "127.0.0.1:0"]
        coordinator.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try coordinator.run()
        let worker = try Binary.start("worker", "--store", scratch.store, "--name", "mill")
        let merger = try Binary.start("merger", "--store", scratch.store, "--name", "press")
        var text = ""
        while coordinator.isRunning, worker.isRunning, merger.isRunning,
            !text.contains("worker mill: ") || !text.contains("merger press")
        {
            text = try Binary.run("status", "--store", scratch.store).output
        }
        #expect(text.contains("worker mill: ") && text.contains("merger press"), "\(text)")
        for process in [worker, merger, coordinator] {
            process.terminate()
            process.waitUntilExit()
        }
        let told = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        for word in ["connected", "gone"] {
            #expect(told.contains { $0.contains(word) && $0.contains("name=mill") && $0.contains("role=worker") })
        }
    }

    @Test("what standard error names can be asked: a line of a file, and what stands behind `coranto why`")
    func pasted() throws {
        let scratch = try Scratch()
        let long = String(repeating: "x", count: 17 << 20)
        let file = try scratch.write("1.ndjson", "{\"headline\":1}\n{\"headline\":\"\(long)\"}\n")
        let done = try Binary.run("ingest", file, "--store", scratch.store)
        let lines = done.errors.split(separator: "\n").map { $0.dropFirst("coranto: ".count) }
        #expect(done.status == 3 && lines.count == 2, "\(done)")
        for line in lines {
            let quoted = line.split(separator: "'")
            let name = quoted.count > 1 ? String(quoted[1]) : String(line.prefix { $0 != " " }.dropLast())
            let told = try Binary.run("why", name, "--store", scratch.store)
            #expect(told.output.contains("rejected as"), "\(name): \(told)")
        }
    }

    @Test("a fetcher's state belongs to one process: the next says who has it, and `up` goes on without it")
    func stateLock() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        let state = scratch.path + "/state"
        let first = try Binary.start("fetcher", "--store", scratch.store, "--state", state)
        while first.isRunning, !FileManager.default.fileExists(atPath: state + "/fetcher.sqlite") { usleep(10_000) }
        let second = try Binary.run("fetcher", "--store", scratch.store, "--state", state)
        #expect(second.status == 1 && second.errors.contains("process \(first.processIdentifier)"), "\(second)")
        first.terminate()
        first.waitUntilExit()
        #expect(first.terminationStatus == 0)
    }

    @Test("packed bytes under a plain name are refused once, with what to do; from standard input they are taken")
    func misnamed() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        let packed = scratch.path + "/all.ndjson.zst"
        #expect(try Binary.run("snapshot", "export", packed, "--store", scratch.store).status == 0)
        let plain = scratch.path + "/plain.ndjson"
        try FileManager.default.copyItem(atPath: packed, toPath: plain)
        let copy = scratch.path + "/copy"
        let refused = try Binary.run("ingest", plain, "--store", copy)
        #expect(refused.status == 3 && refused.output.contains("received 1: accepted 0"), "\(refused)")
        #expect(refused.errors.contains("looks like zstd") && refused.errors.contains(".zst"), "\(refused)")
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", "exec \"$0\" ingest - --store \"$1\" < \"$2\"", Binary.path, copy, plain]
        shell.standardOutput = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        let digest = try Binary.run("snapshot", "digest", "--store", scratch.store).output
        #expect(try Binary.run("snapshot", "digest", "--store", copy).output == digest)
    }

    /// Starts a coordinator that tells others an address where nobody listens.
    private func withHiddenCoordinator(_ scratch: Scratch, _ body: () async throws -> Void) async throws {
        let coordinator = try Binary.start(
            "coordinator", "--store", scratch.store, "--listen", "127.0.0.1:0", "--advertise", "127.0.0.1:1")
        defer {
            coordinator.terminate()
            coordinator.waitUntilExit()
        }
        let heartbeats = scratch.store + "/heartbeats"
        while coordinator.isRunning, !FileManager.default.fileExists(atPath: heartbeats) {}
        try await body()
    }

    @Test("a coordinator that cannot be reached from here is named by those who need it, with the reason")
    func unreachableCoordinator() async throws {
        let scratch = try Scratch()
        let file = try scratch.write("1.ndjson", "{\"url\":\"https://paper.example/1\",\"headline\":\"Harbour\"}\n")
        try await withHiddenCoordinator(scratch) {
            let status = try Binary.run("status", "--store", scratch.store, "--format", "json")
            #expect(try status.json()["role"] as? String == "unreachable", "\(status)")
            #expect(status.errors.contains("127.0.0.1:1: Connection refused"), "\(status)")
            let asked = try Binary.run("status", "--coordinator", "127.0.0.1:1")
            #expect(asked.status == 1 && asked.errors.contains("127.0.0.1:1: Connection refused"), "\(asked)")

            let ingested = try Binary.run("ingest", file, "--store", scratch.store)
            #expect(ingested.status == 1, "\(ingested)")
            #expect(
                ingested.errors.contains("term 1 is held by 127.0.0.1:1, which does not answer here"), "\(ingested)")
        }
    }

    @Test("a signal ends a command that stands by", .timeLimit(.minutes(1)))
    func stoppedStandby() async throws {
        let scratch = try Scratch()
        let file = try scratch.write("1.ndjson", "{\"url\":\"https://paper.example/1\",\"headline\":\"Harbour\"}\n")
        try await withHiddenCoordinator(scratch) {
            let errors = Pipe()
            let ingest = Process()
            ingest.executableURL = URL(fileURLWithPath: Binary.path)
            ingest.arguments = ["ingest", file, "--store", scratch.store, "--log-level", "debug"]
            ingest.standardError = errors
            try ingest.run()
            var text = ""
            while ingest.isRunning, !text.contains("standing by") {
                text += String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
            }
            ingest.terminate()
            text += String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            ingest.waitUntilExit()
            #expect(ingest.terminationStatus == 1 && text.contains("stopped by a signal"), "\(text)")
        }
    }

    @Test(
        "an address that others cannot connect to is refused before it is told",
        arguments: [
            ["--advertise", "news-1.example"], ["--advertise", "0.0.0.0:7400"], ["--advertise", "news-1.example:0"],
            ["--listen", "0.0.0.0:0"], ["--listen", "[::]:0"],
        ])
    func advertised(words: [String]) throws {
        let scratch = try Scratch()
        let token = try scratch.write("token", "0123456789abcdef0123456789abcdef\n")
        for role in ["coordinator", "up"] {
            let started = try Binary.run(
                arguments: [role, "--store", scratch.store, "--token-file", token, "--plain-network"] + words)
            #expect(started.status == 2 && started.errors.contains("--advertise"), "\(started)")
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.store + "/terms"))
    }

    @Test("where nobody reigns, status counts feeds and retractions as the coordinator did")
    func storedNumbers() throws {
        let scratch = try Scratch()
        try makeStore(scratch)
        #expect(try Binary.run("feeds", "add", "https://paper.example/feed", "--store", scratch.store).status == 0)
        let gone = try Binary.run("retract", "https://paper.example/1", "--reason", "r", "--store", scratch.store)
        #expect(gone.status == 0, "\(gone)")
        let status = try Binary.run("status", "--store", scratch.store, "--format", "json").json()
        #expect(status["role"] as? String == "none" && status["feeds"] as? Int == 1, "\(status)")
        #expect(status["retractions"] as? Int == 1 && status["erasures"] as? Int == 1, "\(status)")
    }

    @Test("all in a folder is taken or named: through links, and what cannot be read with its reason")
    func folders() throws {
        let scratch = try Scratch()
        func write(_ name: String) throws {
            _ = try scratch.write(name, "{\"url\":\"https://paper.example/\(name)\",\"headline\":\"Harbour\"}\n")
        }
        let manager = FileManager.default
        for folder in ["in", "in/deep", "in/closed", "elsewhere"] {
            try manager.createDirectory(atPath: scratch.path + "/" + folder, withIntermediateDirectories: true)
        }
        for name in ["in/1.ndjson", "in/deep/2.ndjson", "in/closed/3.ndjson", "elsewhere/4.ndjson"] { try write(name) }
        _ = try scratch.write("in/picture.jpg", "no input")
        for (link, place) in [
            ("in/gone.ndjson", "nowhere"), ("in/other", "../elsewhere"), ("in/deep/up", ".."), ("link", "in"),
        ] {
            try manager.createSymbolicLink(atPath: scratch.path + "/" + link, withDestinationPath: place)
        }
        // Foundation writes no such names.
        let odd = try Binary.shell(
            "printf '{}' > \"$1/in/$(printf 'caf\\351').ndjson\"; mkfifo $1/in/pipe.txt", scratch.path)
        #expect(odd == 0)
        try manager.setAttributes([.posixPermissions: 0], ofItemAtPath: scratch.path + "/in/closed")
        defer { _ = try? manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path + "/in/closed") }
        let isAllowedAll = manager.isReadableFile(atPath: scratch.path + "/in/closed")

        let done = try Binary.run("ingest", scratch.path + "/link", "--store", scratch.store, "--format", "json")
        #expect(done.status == 3, "\(done)")
        let json = try done.json()
        #expect(json["accepted"] as? Int == (isAllowedAll ? 4 : 3), "\(done)")
        #expect(json["rejected"] as? Int == (isAllowedAll ? 3 : 4), "\(done)")
        var told = [
            "/gone.ndjson: unreadable: it cannot be opened: No such file", "/pipe.txt: unreadable: it is no regular",
            "/caf\u{FFFD}.ndjson: unreadable: its name is not UTF-8",
        ]
        if !isAllowedAll { told.append("/closed: unreadable: the folder cannot be read: Permission denied") }
        for line in told { #expect(done.errors.contains(line), "\(line): \(done.errors)") }
    }

    @Test("rejected articles are an exit status also where nobody reads the answer")
    func unreadAnswer() throws {
        let scratch = try Scratch()
        let file = try scratch.write("1.ndjson", "not json\n")
        for (words, status) in [(["ingest", file], Int32(3)), (["status"], 0)] {
            let ended = Process()
            ended.executableURL = URL(fileURLWithPath: Binary.path)
            ended.arguments = words + ["--store", scratch.store]
            ended.standardError = FileHandle.nullDevice
            let output = Pipe()
            try output.fileHandleForReading.close()
            ended.standardOutput = output
            try ended.run()
            ended.waitUntilExit()
            #expect(ended.terminationReason == .exit && ended.terminationStatus == status, "\(words)")
        }
    }

    @Test("the state folder lies beside the store, however its path is written", arguments: ["news/", "news//", "."])
    func stateBesideStore(path: String) throws {
        let scratch = try Scratch()
        let folder = path == "." ? scratch.path + "/news" : scratch.path
        try FileManager.default.createDirectory(atPath: scratch.path + "/news", withIntermediateDirectories: true)
        // It ends at the file that is not there, when the folder is made.
        let status = try Binary.shell(
            "cd \"$1\" && exec \"$2\" up --store \"$3\" --http 127.0.0.1:0 --feeds absent.opml 2>errors", folder,
            Binary.path, path)
        let errors = try String(contentsOfFile: folder + "/errors", encoding: .utf8)
        #expect(status == 1 && errors.contains("absent.opml cannot be read"), "\(errors)")
        #expect(FileManager.default.fileExists(atPath: scratch.path + "/news.state"))
    }

    @Test("a coordinator says that it begins a new store, and says nothing where there is one")
    func newStore() async throws {
        let scratch = try Scratch()
        for isNew in [true, false] {
            let errors = Pipe()
            let coordinator = Process()
            coordinator.executableURL = URL(fileURLWithPath: Binary.path)
            coordinator.arguments = ["coordinator", "--store", scratch.store, "--listen", "127.0.0.1:0"]
            coordinator.standardError = errors
            try coordinator.run()
            var text = ""
            while coordinator.isRunning, !text.contains("reigning") {
                text += String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
            }
            coordinator.terminate()
            text += String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            coordinator.waitUntilExit()
            #expect(text.contains("\(scratch.store) is empty: a new store is begun") == isNew, "\(text)")
        }
    }

    @Test("lines of a pipe that is quiet are sent, and a signal ends the wait for more", .timeLimit(.minutes(1)))
    func quietPipe() throws {
        let scratch = try Scratch()
        let input = Pipe()
        let errors = Pipe()
        let ingest = Process()
        ingest.executableURL = URL(fileURLWithPath: Binary.path)
        ingest.arguments = ["ingest", "-", "--store", scratch.store]
        ingest.standardInput = input
        ingest.standardOutput = FileHandle.nullDevice
        ingest.standardError = errors
        try ingest.run()
        func write(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }
        try write("{\"url\":\"https://paper.example/1\",\"headline\":\"Harbour\"}\n{\"url\":\"https://paper.")
        var found = ""
        while ingest.isRunning, found.isEmpty {
            found = try Binary.run("query", "harbour", "--store", scratch.store, "--format", "keys").output
        }
        // The rest of a line, and another that is not whole when the signal comes.
        try write("example/2\",\"headline\":\"Harbour\"}\n{\"url\"")
        while ingest.isRunning, found.split(separator: "\n").count < 2 {
            found = try Binary.run("query", "harbour", "--store", scratch.store, "--format", "keys").output
        }
        ingest.terminate()
        let told = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        ingest.waitUntilExit()
        #expect(ingest.terminationStatus == 1 && told.contains("2 articles were taken"), "\(told)")
        #expect(!told.contains("malformed"), "\(told)")
    }
}
