import ArgumentParser
import Extraction
import Gateway

struct ArticleCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "article", abstract: "Shows one article.",
        discussion: """
            Example:
              coranto article https://news.example/2016/01/20/talks --store /srv/news --format json
            """)

    @Argument(help: ArgumentHelp("Its key, 8 or more digits a key begins with, or its URL.", valueName: "key|url"))
    var name: String
    @OptionGroup var store: StoreOption
    @Option(help: ArgumentHelp("Ask an older snapshot that is still kept.", valueName: "generation|date"))
    var asOf: String?
    @Flag(help: "Its canonical record, byte for byte.")
    var raw = false
    @Flag(help: "Its versions, as far back as the log is kept.")
    var history = false
    @Option(help: "How to print.")
    var format = Format.text

    func validate() throws {
        if raw, history { throw ValidationError("give --raw or --history, not both") }
    }

    func run() async throws {
        if history { return try printHistory() }
        var question = SearchQuestion()
        if let asOf { try question.setAsOf(asOf) }
        var address = ArticleAddress(name)
        if address.keyPrefix == nil { _ = try address.requireKey() }
        let snapshot = try store.openSnapshots().snapshot(for: question)
        address = try address.resolved(in: snapshot)
        let found = try snapshot.article(at: address)
        switch (raw, format) {
        case (true, _): Terminal.write(found.record)
        case (false, .json):
            Terminal.write(ArticleJSON.write(found.article, key: found.key, version: found.version) + [0x0A])
        case (false, .text):
            Terminal.write(ArticleText.write(found.article, key: found.key))
        }
    }

    private func printHistory() throws {
        var address = ArticleAddress(name)
        if address.keyPrefix == nil { _ = try address.requireKey() }
        let holder = try store.openSnapshots()
        address = try address.resolved(in: holder.newest) {
            try ArticleHistory.keys($0, in: holder.newest, holder.loader)
        }
        let history = try ArticleHistory(of: address, in: holder.newest, holder.loader)
        let versions = try history.versions()
        guard !versions.isEmpty else {
            throw Failure(
                .notFound, "nothing of \(name) is in the log that is kept",
                hint: "coranto article shows the version that is live")
        }
        switch format {
        case .json: Terminal.write(AnswerJSON.array(versions.map(\.json)) + "\n")
        case .text: Terminal.write(versions.map(\.text).joined(separator: "\n"))
        }
    }
}
