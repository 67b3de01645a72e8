import ArgumentParser
import Gateway

struct WhyCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Tells what became of one article, and why.",
        discussion: """
            Reads the log as far back as it is kept. Inputs that were rejected are found by what named them on standard \
            error: the line tells it behind "coranto why", and where it tells nothing it is the file and line itself.

            Example:
              coranto why https://news.example/2016/01/20/talks --store /srv/news
              coranto why 'put-0123456789abcdef batch 1 line 2' --store /srv/news
            """)

    @Argument(
        help: ArgumentHelp(
            "Its URL, its key, 8 or more digits a key begins with, or what a rejection names.", valueName: "url|key"))
    var name: String
    @OptionGroup var store: StoreOption
    @Option(help: "How to print.")
    var format = Format.text

    func run() async throws {
        let holder = try store.openSnapshots()
        var address = ArticleAddress(name)
        do {
            address = try address.resolved(in: holder.newest) {
                try ArticleHistory.keys($0, in: holder.newest, holder.loader)
            }
        } catch let failure as Failure where failure.code == .notFound {
            // Digits may also be what a rejection names.
        }
        let history = try ArticleHistory(of: address, in: holder.newest, holder.loader)
        Terminal.write(format == .json ? history.json + [0x0A] : Array(history.text.utf8))
        guard history.events.isEmpty, history.live == nil else { return }
        for copy in try holder.newest.copies(of: address) { Terminal.note("there is \(copy)") }
        Terminal.end(status: 1)
    }
}
