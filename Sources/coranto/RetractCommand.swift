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
            kept generations and the log while a coordinator and a merger run; coranto erasure tells what is left.

            Example:
              coranto retract https://news.example/2016/01/20/talks --reason "published in error" --store /srv/news
            """)

    @Argument(help: ArgumentHelp("Its URL or its key.", valueName: "url|key"))
    var name: String
    @Option(help: "Why; kept with the retraction.")
    var reason: String
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
        let result = try await put.put(lane: .live, ack: .visible, workers: 1) { client in try client.put(line) }
        guard result.totals.controls == 1 else { throw Failure(.failed, "the retraction was not taken") }
        Terminal.write("retracted \(name)\n")
    }
}
