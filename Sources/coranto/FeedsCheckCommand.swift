import ArgumentParser
import Extraction
import FetchIO
import Gateway
import News
import Roles

extension FeedsCommand {
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Asks for a feed as a fetcher would, and says what is good, odd or wrong about it.",
            discussion: """
                Asks for robots.txt, then the feed, then the feed again with its validators, a second apart. Nothing is stored.

                Example:
                  coranto feeds check https://news.example/rss.xml

                Exit status: 0 it can be fetched, 1 it cannot, or brings articles that are rejected.
                """)

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case text, json
        }

        @Argument(help: "Its address.")
        var url: String
        @OptionGroup var web: WebOptions
        @Option(help: "How to print.")
        var format = Format.text

        func run() async throws {
            guard let address = WebAddress(url) else {
                throw Failure(.badRequest, "\(url) is no feed's address", hint: "write http://… or https://…")
            }
            let client = CurlClient(settings: try web.settings())
            defer { client.stop() }
            let findings = try await FeedDoctor(client).examine(address)
            let status: Int32 = findings.hasProblem ? 1 : 0
            for finding in findings.list {
                switch format {
                case .text:
                    Terminal.write(
                        "\(PlainText.padded(finding.level.rawValue, columns: 9))\(PlainText.line(finding.text))\n",
                        unread: status)
                    if let hint = finding.hint { Terminal.write("         \(PlainText.line(hint))\n", unread: status) }
                case .json:
                    var json = JSONObjectWriter()
                    json.member("level", finding.level.rawValue)
                    json.member("text", finding.text)
                    if let hint = finding.hint { json.member("hint", hint) }
                    Terminal.write(json.finish() + [0x0A], unread: status)
                }
            }
            if status != 0 { throw ExitCode(status) }
        }
    }
}
