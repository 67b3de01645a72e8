import ArgumentParser
import Extraction
import Gateway
import HostIO
import News
import Roles
import Storage
import Wire

struct FeedsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feeds", abstract: "The list of feeds that are fetched.",
        discussion: """
            Example:
              coranto feeds add https://news.example/rss.xml --interval 300s --store /srv/news
            """,
        subcommands: [
            Add.self, Remove.self, List.self, Import.self, Export.self, Find.self, Check.self, FeedsParseCommand.self,
            Replay.self,
        ])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds a feed.",
            discussion: """
                With --pages, an entry that has no more than a summary is completed from the page that it leads to; pages are asked \
                for one after another, at their site's pace, before the entry is taken in. A feed that is in the list is changed.

                Example:
                  coranto feeds add https://news.example/rss.xml --store /srv/news
                  coranto feeds add https://news.example/rss.xml --pages --interval 15m --store /srv/news
                """)

        @Argument(help: "Its address.")
        var url: String
        @Option(help: ArgumentHelp("Fetch it at this interval instead of adapting.", valueName: "1s|5m|2h"))
        var interval: String?
        @Flag(help: "Fetch the pages of entries without their text, too.")
        var pages = false
        @OptionGroup var put: PutOptions

        func run() async throws {
            try FeedLine.check(url)
            let seconds = try interval.map { try Interval.seconds($0) }
            try await FeedsCommand.send([FeedLine.add(url, seconds, wantsPages: pages)], put)
            Terminal.write("added \(url)\n")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes a feed; its articles stay.",
            discussion: """
                One that is not in the list is told so, with status 1.

                Example:
                  coranto feeds remove https://news.example/rss.xml --store /srv/news
                """)

        @Argument(help: "Its address.")
        var url: String
        @OptionGroup var put: PutOptions

        func run() async throws {
            try FeedLine.check(url)
            try requireListed()
            try await FeedsCommand.send([FeedLine.remove(url)], put)
            Terminal.write("removed \(url)\n")
        }

        /// A coordinator known only by its address tells no list: then nothing is checked.
        private func requireListed() throws {
            guard let path = put.store else { return }
            var store = StoreOption()
            store.store = path
            store.s3 = put.s3
            let loader = SnapshotLoader(try store.openForReading())
            let feeds = try loader.newest().map { try loader.state(of: $0.manifest).feeds } ?? [:]
            guard feeds[WebAddress(url)?.href ?? url] == nil else { return }
            throw Failure(
                .notFound, "\(url) is not in the list of feeds",
                hint: "coranto feeds list --store \(path) shows those that are")
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Adds the feeds of an OPML file.",
            discussion: """
                Example:
                  coranto feeds import subscriptions.opml --store /srv/news
                """)

        @Argument(help: ArgumentHelp("The file.", valueName: "file.opml"))
        var file: String
        @OptionGroup var put: PutOptions

        func run() async throws {
            let lines = try FeedLine.lines(ofOPML: file)
            try await FeedsCommand.send(lines, put)
            Terminal.write("added \(lines.count) feeds\n")
        }
    }

    static func send(_ lines: [[UInt8]], _ put: PutOptions) async throws {
        let result = try await put.put(lane: .live, ack: .visible, workers: 1) { client in
            try client.put(lines.flatMap { $0 })
        }
        guard result.totals.rejected == 0 else {
            throw Failure(.failed, "\(result.totals.rejected) of \(lines.count) addresses are no http(s) URLs")
        }
    }
}

enum FeedLine {
    static func lines(ofOPML path: String) throws -> [[UInt8]] {
        let bytes: [UInt8]
        do { bytes = try FileBytes.read(path) } catch { throw Failure(.failed, "\(path) cannot be read: \(error)") }
        let feeds = OPML.feeds(in: bytes)
        guard !feeds.isEmpty else {
            throw Failure(.failed, "\(path) names no feeds", hint: "it needs outline elements with xmlUrl")
        }
        return try feeds.map {
            add($0.url, try $0.interval.map { try Interval.seconds($0) }, wantsPages: $0.wantsPages)
        }
    }

    /// - Throws: `Failure` if the coordinator would reject the address.
    static func check(_ url: String) throws(Failure) {
        guard WebAddress(url) == nil else { return }
        throw Failure(.badRequest, "\(url) is no feed's address", hint: "write http://… or https://…")
    }

    static func add(_ url: String, _ intervalSeconds: UInt32?, wantsPages: Bool = false) -> [UInt8] {
        line(op: "add", url: url) { inner in
            if let intervalSeconds { inner.member("interval_s", encoded: "\(intervalSeconds)") }
            if wantsPages { inner.member("pages", encoded: "true") }
        }
    }

    static func remove(_ url: String) -> [UInt8] { line(op: "remove", url: url) { _ in } }

    private static func line(op: String, url: String, _ more: (inout JSONObjectWriter) -> Void) -> [UInt8] {
        var inner = JSONObjectWriter()
        inner.member("op", op)
        inner.member("url", url)
        more(&inner)
        var outer = JSONObjectWriter()
        outer.member("$feed", encoded: String(decoding: inner.finish(), as: UTF8.self))
        return outer.finish() + [0x0A]
    }
}

/// "1s", "5m", "2h"; a bare number means seconds.
enum Interval {
    static func seconds(_ text: String) throws -> UInt32 {
        let factors: [Character: UInt32] = ["s": 1, "m": 60, "h": 3600]
        var digits = text[...]
        var factor: UInt32 = 1
        if let last = text.last, let known = factors[last] {
            factor = known
            digits = text.dropLast()
        }
        guard let count = UInt32(digits), count > 0, UInt64(count) * UInt64(factor) <= Limits.feedIntervalSeconds else {
            throw Failure(.badRequest, "\(text) is no interval", hint: "write 1s, 5m or 2h, at most a year")
        }
        return count * factor
    }
}
