import ArgumentParser
import Extraction
import Gateway
import News
import Roles
import Wire

struct RetractCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retract", abstract: "Takes an article back, for good.",
        discussion: """
            Every version of it leaves the snapshot, and later arrivals are rejected as retracted. Its text is erased from \
            kept generations and the log while a coordinator, a worker and a merger run; where none do, by the next that run, or \
            by this command with --wait. coranto erasure tells what is left.

            Example:
              coranto retract https://news.example/2016/01/20/talks --reason "published in error" --store /srv/news
            """)

    @Argument(help: ArgumentHelp("Its URL or its key.", valueName: "url|key"))
    var name: String
    @Option(help: "Why; kept with the retraction.")
    var reason: String
    @Flag(help: "Wait until its text is erased from the log and from everything that is kept.")
    var wait = false
    @OptionGroup var put: PutOptions

    func run() async throws {
        var inner = JSONObjectWriter()
        if let key = ArticleKey(hex: name) {
            inner.member("key", key.hex)
        } else if CanonicalURL.canonicalise(name) != nil {
            inner.member("url", name)
        } else {
            throw Failure(
                .badRequest, "\(name) is neither a key nor an http(s) URL", hint: "a key has 32 hexadecimal digits")
        }
        inner.member("reason", reason)
        var outer = JSONObjectWriter()
        outer.member("$retract", encoded: String(decoding: inner.finish(), as: UTF8.self))
        let line = outer.finish() + [0x0A]
        let result = try await put.put(
            lane: .live, ack: .visible, workers: 1, until: { [wait] in !wait || $0.erasures == 0 }
        ) { client in try client.put(line) }
        guard result.totals.controls == 1 else { throw Failure(.failed, "the retraction was not taken") }
        // A cluster of our own has waited.
        let isOwn = result.after != nil
        if wait, !isOwn { try await put.wait(until: Self.isErased) }
        Terminal.write("retracted \(wait ? "and erased " : "")\(name)\n")
        if wait {
            Terminal.note("objects that nothing names any more go with a collection a day from now")
        } else if isOwn {
            Terminal.note(
                "its text is still in the log and in kept snapshots: the next coordinator that runs with a worker and a merger "
                    + "erases it (coranto up), or this command with --wait")
        }
    }

    private static func isErased(_ status: CoordinatorStatus) throws -> Bool {
        guard let left = status.erasures else {
            throw Failure(.failed, "the coordinator does not tell what it has erased", hint: "use coranto erasure")
        }
        guard left == 0 || status.mergers > 0 else {
            throw Failure(.failed, "no merger runs: nothing is erased until one does", hint: "start coranto merger")
        }
        return left == 0
    }
}
