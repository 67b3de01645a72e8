import ArgumentParser
import Extraction
import Gateway
import Roles
import Storage

extension FeedsCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the list of feeds as OPML.",
            discussion: """
                Example:
                  coranto feeds export --store /srv/news > feeds.opml
                """)

        @OptionGroup var store: StoreOption

        func run() async throws {
            let loader = SnapshotLoader(try store.openForReading())
            let feeds = try loader.newest().map { try loader.state(of: $0.manifest).feeds } ?? [:]
            let list = feeds.sorted { $0.key < $1.key }.map { url, feed in
                OPML.Feed(
                    url: url, interval: feed.intervalSeconds.map { "\($0)s" },
                    wantsPages: feed.wantsPages)
            }
            Terminal.write(OPML.document(title: "coranto", list))
        }
    }
}
