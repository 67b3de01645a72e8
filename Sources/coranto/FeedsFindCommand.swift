import ArgumentParser
import Extraction
import FetchIO
import Gateway
import News
import Roles

extension FeedsCommand {
    struct Find: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Finds the feeds of a web page or site.",
            discussion: """
                Asks for robots.txt, then the page. Prints an address on each line: the feeds that the page announces, then its links \
                that look like feeds, then the sitemaps that robots.txt names; feeds of comments come last. Nothing is stored, and none of \
                them is asked for: coranto feeds check does that.

                Example:
                  coranto feeds find https://news.example/

                Exit status: 0 some were found, 1 none, or the page cannot be had.
                """)

        @Argument(help: "The page's address.")
        var url: String
        @OptionGroup var web: WebOptions
        @Option(help: "How to print.")
        var format = Check.Format.text

        func run() async throws {
            guard let address = WebAddress(url) else {
                throw Failure(.badRequest, "\(url) is no page's address", hint: "write http://… or https://…")
            }
            let client = CurlClient(settings: try web.settings())
            defer { client.stop() }
            let (feeds, findings) = try await FeedDoctor(client).discover(address)
            for finding in findings.list where finding.level == .problem { Terminal.note(finding.text) }
            for feed in feeds { print(feed) }
            guard feeds.isEmpty else { return }
            if !findings.hasProblem { Terminal.note("\(url) names no feeds, and looks like none") }
            throw ExitCode(1)
        }

        private func print(_ feed: FeedDiscovery.Found) {
            switch format {
            case .text: Terminal.write(feed.url + (feed.title.map { "\t" + PlainText.line($0) } ?? "") + "\n")
            case .json:
                var json = JSONObjectWriter()
                json.member("url", feed.url)
                if let title = feed.title { json.member("title", title) }
                if let type = feed.type { json.member("type", type) }
                json.member("place", feed.place.rawValue)
                Terminal.write(json.finish() + [0x0A])
            }
        }
    }
}
