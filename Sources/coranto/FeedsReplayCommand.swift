import ArgumentParser
import ByteCoding
import FetchIO
import Gateway
import News
import Roles
import Wire

extension FeedsCommand {
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Extracts archived responses again, and sends what comes out.",
            discussion: """
                The files are what a fetcher with --archive DIR wrote. Give all of them, in the order of their names: an article's \
                first-seen time is that of the response where its content first stood. What comes out as it did then \
                changes nothing; what comes out better is a new version.

                Example:
                  coranto feeds replay /var/lib/coranto-fetcher/archive/*.warc.zst --store /srv/news

                Exit status: 0 done, 3 some articles were rejected, 1 not done.
                """)

        @Argument(help: ArgumentHelp("Archives.", valueName: "file.warc.zst"))
        var files: [String]
        @OptionGroup var put: PutOptions

        func run() async throws {
            let files = files
            let told = Told()
            let result = try await put.put(lane: .bulk, ack: .durable, workers: 1) { client in
                var replay = FeedReplay()
                for file in files {
                    try Self.read(file) { record in
                        for payload in replay.take(record) { try client.put(payload) }
                    }
                }
                told.counts = replay.counts
            }
            var text = "\(told.counts.responses) responses, \(told.counts.articles) articles: "
            text += "accepted \(result.totals.accepted), rejected \(result.totals.rejected)\n"
            if told.counts.unreadable > 0 { text += "\(told.counts.unreadable) responses are no feeds\n" }
            Terminal.write(text, unread: result.totals.rejected > 0 ? 3 : 0)
            if result.totals.rejected > 0 { throw ExitCode(3) }
        }

        /// A file that ends in the middle of a record was being written when its fetcher ended: what is whole counts.
        private static func read(_ path: String, _ take: (WebArchive.Record) throws -> Void) throws {
            var reader = WebArchive.Reader()
            do {
                let unpacker = try Unpacker(path.hasSuffix(".zst") ? .zstd : path.hasSuffix(".gz") ? .gzip : .plain)
                try FileBytes.read(
                    path,
                    inPieces: { piece in
                        try unpacker.append(piece) { reader.append($0) }
                        while let record = try reader.next() { try take(record) }
                    })
                if !reader.isAtEnd { Terminal.note("\(path): the last record is cut short; all before it was read") }
            } catch let error as WebArchive.Failure {
                throw Failure(.corrupt, "\(path): \(error)")
            } catch let error as Unpacker.Failure {
                throw Failure(.corrupt, "\(path): \(error)")
            }
        }
    }

    /// Written by the client's thread, read when it is done.
    private final class Told: @unchecked Sendable {
        var counts = FeedReplay.Counts()
    }
}
