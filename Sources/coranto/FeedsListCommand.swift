import ArgumentParser
import Extraction
import FetchIO
import Fetching
import Gateway
import HostIO
import News
import Roles
import Storage

extension FeedsCommand {
    struct List: AsyncParsableCommand {
        enum Format: String, ExpressibleByArgument, CaseIterable {
            case text, json
        }

        enum Order: String, ExpressibleByArgument, CaseIterable {
            case url, errors, silent, news
        }

        static let configuration = CommandConfiguration(
            abstract: "Lists the feeds.",
            discussion: """
                With --state, the folder of a fetcher on this machine, each line also says when the feed last had something new, \
                how often it is polled, and what is wrong: failures in a row and the last error, or that it has fallen silent: \
                nothing new for eight times as long as usual, and for two days at least.

                Example:
                  coranto feeds list --store /srv/news
                  coranto feeds list --store /srv/news --state /srv/news.state --sort errors
                """)

        @OptionGroup var store: StoreOption
        @Option(help: ArgumentHelp("Folder of a fetcher's own state.", valueName: "dir"))
        var state: String?
        @Option(
            help:
                "errors: those that fail longest first; silent: those without news for longest; news: the newest first."
        )
        var sort = Order.url
        @Option(help: "How to print.")
        var format = Format.text

        func validate() throws {
            if sort != .url, state == nil { throw ValidationError("--sort \(sort.rawValue) needs --state DIR") }
        }

        func run() async throws {
            let loader = SnapshotLoader(try store.openForReading())
            let feeds = try loader.newest().map { try loader.state(of: $0.manifest).feeds } ?? [:]
            let known = try states()
            let now = SystemClock().wall()
            let rows = feeds.map {
                Row(
                    url: $0.key, interval: $0.value.intervalSeconds, wantsPages: $0.value.wantsPages,
                    state: known[$0.key], now: now)
            }
            for row in rows.sorted(by: { $0.comes(before: $1, by: sort) }) {
                switch format {
                case .text: Terminal.write(row.text(withState: state != nil) + "\n")
                case .json: Terminal.write(row.json + [0x0A])
                }
            }
        }

        private func states() throws -> [String: FeedState] {
            guard let state else { return [:] }
            let path = state + "/fetcher.sqlite"
            guard FileBytes.exists(path) else {
                throw Failure(.notFound, "no \(path)", hint: "give the folder that the fetcher was given with --state")
            }
            let file = try PollState(path: path)
            let states = try file.feeds()
            try file.close()
            return Dictionary(states.map { ($0.url, $0) }) { first, _ in first }
        }
    }
}

/// A feed of the list, with what the fetcher knows of it.
private struct Row {
    var url: String
    var interval: UInt32?
    var wantsPages: Bool
    var state: FeedState?
    var now: Timestamp

    var isSilent: Bool { state?.isSilent(now: now) ?? false }

    func comes(before other: Row, by order: FeedsCommand.List.Order) -> Bool {
        func rank(_ row: Row) -> (Int64, Int64) {
            let news = row.state?.lastNews?.milliseconds ?? .min
            return switch order {
            case .url: (0, 0)
            case .errors: (row.state?.isGone ?? false ? .min : -Int64(row.state?.failureCount ?? 0), 0)
            case .silent: (row.isSilent ? 0 : 1, news)
            case .news: (0, news == .min ? .max : -news)
            }
        }
        let (left, right) = (rank(self), rank(other))
        return left == right ? url < other.url : left < right
    }

    func text(withState: Bool) -> String {
        var parts = [PlainText.line(url)]
        if let interval { parts.append("every \(interval) s") }
        if wantsPages { parts.append("with pages") }
        guard withState else { return parts.joined(separator: "\t") }
        guard let state else { return (parts + ["not polled yet"]).joined(separator: "\t") }
        if interval == nil { parts.append("about every \(FeedFindings.span(state.intervalMilliseconds))") }
        parts.append(state.lastNews.map { "news \(ago($0)) ago" } ?? "no news yet")
        if state.isGone {
            parts.append("gone")
        } else if let error = state.lastError {
            parts.append("\(state.failureCount) failures: \(PlainText.line(error))")
        } else if isSilent {
            parts.append("silent")
        }
        return parts.joined(separator: "\t")
    }

    private func ago(_ time: Timestamp) -> String { FeedFindings.span(max(0, now.milliseconds - time.milliseconds)) }

    var json: [UInt8] {
        var json = JSONObjectWriter()
        json.member("url", url)
        if let interval { json.member("interval_s", encoded: "\(interval)") }
        if wantsPages { json.member("pages", encoded: "true") }
        guard let state else { return json.finish() }
        json.member("adaptive_interval_s", encoded: "\(state.intervalMilliseconds / 1000)")
        json.member("last_attempt", state.lastAttempt.map(WebArchiveDate.text))
        json.member("last_success", state.lastSuccess.map(WebArchiveDate.text))
        json.member("last_news", state.lastNews.map(WebArchiveDate.text))
        if let moved = state.movedTo { json.member("moved_to", moved) }
        json.member("failures", encoded: "\(state.failureCount)")
        if let error = state.lastError { json.member("error", error) }
        json.member("gone", encoded: "\(state.isGone)")
        json.member("silent", encoded: "\(isSilent)")
        return json.finish()
    }
}
