import ArgumentParser
import Extraction
import Gateway
import Glibc
import News
import Roles
import Wire

struct IngestCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Puts articles from files into a store.",
        discussion: """
            Kinds: .ndjson .jsonl (one JSON article a line), .txt .html (one article a file), .xml (a saved feed); each \
            also .zst or .gz. A folder means its files and those below it (links are followed), - standard input as NDJSON, packed or not, of which nothing waits longer than a second. With --store and no coordinator running there, this \
            command is the whole cluster until everything is in the snapshot. A fold into cells that is under way then ends first; the next one \
            waits for whoever reigns next.

            Example:
              coranto ingest articles/ more.ndjson.zst --store /srv/news
              coranto ingest spanish.ndjson --map titulo=headline --map texto=body --store /srv/news

            Exit status: 0 all accepted, 3 some were rejected, 1 not done.
            """)

    @Argument(help: ArgumentHelp("Files and folders, or - for standard input.", valueName: "file|dir|-"))
    var inputs: [String]
    @OptionGroup var put: PutOptions
    @Option(
        help: ArgumentHelp(
            "How far articles must have come before this command goes on.", valueName: "durable|indexed|visible"))
    var ack = "durable"
    @Option(help: ArgumentHelp("live before bulk; each has its own way.", valueName: "bulk|live"))
    var lane = "bulk"
    @Option(
        help: ArgumentHelp(
            "A name that JSON lines use for a field; may be repeated.", valueName: "theirs=ours"))
    var map: [String] = []
    @Option(help: "Workers, when this command is the cluster.")
    var workers = 1
    @OptionGroup var room: RoomOption
    @OptionGroup var upkeep: UpkeepOptions
    @Option(help: "How to print the result.")
    var format = Format.text

    func validate() throws {
        guard AckLevel(rawValue: ack) != nil else { throw ValidationError("--ack is durable, indexed or visible") }
        guard Lane(name: lane) != nil else { throw ValidationError("--lane is bulk or live") }
        do throws(FieldMap.Refusal) { _ = try FieldMap(pairs: map) } catch { throw ValidationError("--map \(error)") }
        guard (1...64).contains(workers) else { throw ValidationError("--workers is 1 to 64") }
    }

    func run() async throws {
        let inputs = inputs
        // A name mistyped is no input: nothing is made, nothing is counted. Beside others it is one that was rejected.
        guard inputs.contains(where: { $0 == "-" || FileBytes.exists($0) }) else {
            throw Failure(.failed, "no such file or folder: \(inputs.joined(separator: ", "))")
        }
        let fieldMap = try FieldMap(pairs: map)
        let progress = Progress()
        let stop = StopSignal()
        let signals = DrainSignals { stop.tell() }
        defer { signals.cancel() }
        let result = try await put.put(
            lane: Lane(name: lane) ?? .bulk, ack: AckLevel(rawValue: ack) ?? .durable, workers: workers,
            keepFreeBytes: room.bytes, upkeep: upkeep.upkeep, stop: stop
        ) { client in
            let rejections = Rejections(client: client.name)
            client.isStopped = { stop.isTold }
            client.onAccepted = { number, counts in
                if counts.rejected > 0 { progress.clear() }
                rejections.answered(number, counts)
            }
            let reader = InputReader(
                fieldMap: fieldMap,
                send: { batch in
                    rejections.sending(batch, number: client.nextNumber)
                    try client.put(batch.bytes)
                    progress.show(client.totals)
                },
                // Nobody knows when more comes: what was sent is to be safe until then.
                sentEarly: { try client.finish() }, isStopped: { stop.isTold },
                report: { problem in
                    progress.clear()
                    Terminal.note("\(problem.place): \(problem.reason)")
                })
            do {
                for input in inputs { try reader.read(path: input) }
            } catch is InputReader.Stopped {
                // What was read is sent and waited for, as always: a pipe gives it only once.
            }
            try reader.finish()
        }
        progress.clear()
        print(result, unread: stop.isTold ? 1 : result.totals.rejected > 0 ? 3 : 0)
        if stop.isTold {
            throw Failure(
                .failed, "stopped by a signal; \(result.totals.received) articles were taken and are durable",
                hint: "ingest the same again for the rest: what was taken counts as duplicates")
        }
        if result.totals.rejected > 0 { throw ExitCode(3) }
    }

    private func print(_ result: PutOptions.Result, unread status: Int32) {
        let totals = result.totals
        var outcomes: [(name: String, count: Int64)] = []
        if let before = result.before?.articles, let after = result.after?.articles {
            outcomes = [
                ("published", after.published - before.published),
                ("superseded", after.superseded - before.superseded),
                ("duplicate", after.duplicate - before.duplicate),
                ("retracted", after.retracted - before.retracted),
                ("expired", after.expired - before.expired),
            ]
        }
        switch format {
        case .json:
            var json = JSONObjectWriter()
            json.member("received", encoded: "\(totals.received)")
            json.member("accepted", encoded: "\(totals.accepted)")
            json.member("rejected", encoded: "\(totals.rejected)")
            if let after = result.after {
                json.member("outcomes") { inner in
                    inner.member("published", encoded: "\(outcomes[0].count)")
                    inner.member("superseded", encoded: "\(outcomes[1].count)")
                    inner.member("duplicate", encoded: "\(outcomes[2].count)")
                    inner.member("retracted", encoded: "\(outcomes[3].count)")
                    inner.member("expired", encoded: "\(outcomes[4].count)")
                }
                json.member("generation", encoded: "\(after.generation)")
                json.member("set_digest", after.setDigest)
            }
            Terminal.write(json.finish() + [0x0A], unread: status)
        case .text:
            var text = "received \(totals.received): accepted \(totals.accepted), rejected \(totals.rejected)\n"
            let told = outcomes.filter { $0.count != 0 }.map { "\($0.name) \($0.count)" }
            let waited = result.before?.articles.pending ?? 0
            if !told.isEmpty {
                text += "in the snapshot: \(told.joined(separator: ", "))"
                text += waited > 0 ? ", with \(waited) that waited from before\n" : "\n"
            }
            if let pending = result.after?.articles.pending, pending > 0 {
                text += "\(pending) are in the log and not yet in the snapshot\n"
            }
            if let after = result.after {
                text += "generation \(after.generation), \(after.articles.published) live articles\n"
            }
            Terminal.write(text, unread: status)
        }
    }
}

/// One line on a terminal, rewritten; nothing where standard error is piped.
final class Progress: @unchecked Sendable {
    // Used by one thread at a time: the client's while it runs, the command's after it.
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shown: UInt64 = 0

    func show(_ totals: PutClient.Totals) {
        guard isTerminal, totals.received >= shown + 1000 else { return }
        shown = totals.received
        write("\r\u{1B}[K\(totals.received) received, \(totals.rejected) rejected")
    }

    func clear() {
        if isTerminal, shown > 0 { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        // Safe: writes from a live array; a lost progress line is no loss.
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress!, bytes.count) }
    }
}
