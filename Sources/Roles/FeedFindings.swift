import Extraction
import FetchIO
import Fetching
import News

/// What is good, odd or wrong about a feed, as a doctor would tell it: from what was asked and what came.
package struct FeedFindings: Sendable {
    package enum Level: String, Sendable {
        case good, note, problem
    }

    package struct Finding: Equatable, Sendable {
        package var level: Level
        package var text: String
        /// What to do about it.
        package var hint: String?
    }

    package private(set) var list: [Finding] = []
    /// What the feed says about its pace: the median of the times between its newest entries.
    package private(set) var paceMilliseconds: Int64?

    /// That robots.txt names.
    private(set) var sitemaps: [String] = []

    package var hasProblem: Bool { list.contains { $0.level == .problem } }

    init() {}

    mutating func add(_ level: Level, _ text: String, hint: String? = nil) {
        list.append(Finding(level: level, text: text, hint: hint))
    }

    // MARK: The way to it

    mutating func takeNoRobots(of origin: String, why: String) {
        add(
            .problem, "\(origin)/robots.txt cannot be had: \(why)",
            hint:
                "while that is so nothing of \(origin) is asked; it is tried again after an hour, then ever more seldom"
        )
    }

    mutating func takeRobots(status: Int, body: [UInt8], address: String, origin: String) {
        let file = RobotsFile.answer(status: status, body: body)
        let rules = file.rules(for: "coranto")
        guard rules.allows(url: address) else {
            let why =
                (200..<300).contains(status) ? "forbids this address to coranto" : "answers \(status), so all is closed"
            return add(.problem, "\(origin)/robots.txt \(why)", hint: "it is not asked; speak with who runs the site")
        }
        let delay = rules.delay.map { ", and asks for \($0.components.seconds) s between two requests" } ?? ""
        sitemaps = file.sitemaps.compactMap { WebAddress($0, base: WebAddress(origin))?.href }
        add(.good, (200..<300).contains(status) ? "robots.txt allows it\(delay)" : "there is no robots.txt (\(status))")
    }

    mutating func takeRedirect(status: Int, from: String, to: String) {
        let isForGood = status == 301 || status == 308
        add(
            .note, "\(status): it \(isForGood ? "moved for good" : "is elsewhere for now"), \(to)",
            hint: isForGood ? "it is remembered; or add the new address instead" : nil)
    }

    mutating func takeFailure(_ response: HTTPResponse, now: Timestamp) {
        let again = response.header("retry-after").flatMap { RetryAfter.instant($0, now: now) }.map {
            "; it says to come again in \(max(0, ($0.milliseconds - now.milliseconds) / 1000)) s"
        }
        let hint: String? =
            switch response.status {
            case 401, 403: "it wants to know who asks, or turns away programs"
            case 404: "look for the feed's address on the site"
            case 410: "it is gone for good, and is not asked again until it is added anew"
            default: nil
            }
        add(.problem, "status \(response.status)\(again ?? "")", hint: hint)
    }

    /// It is no feed: if it is a page, the feeds that it names are.
    mutating func takePage(_ response: HTTPResponse, _ error: FeedError) {
        let named = WebAddress(response.url).map {
            FeedDiscovery.feeds(in: response.body[...], url: $0, contentType: response.header("content-type"))
        }
        guard let named, !named.isEmpty else {
            return add(.problem, "\(error)", hint: "if it is a page, look in it for the address of the feed")
        }
        add(.problem, "\(error)", hint: "it is a page, which names feeds; check and add one of these instead")
        for feed in named.prefix(20) { add(.note, feed.url + (feed.title.map { ": \($0)" } ?? "")) }
    }

    // MARK: The feed

    mutating func take(_ feed: ParsedFeed, _ response: HTTPResponse, now: Timestamp) {
        let size = response.body.count
        add(
            .good,
            "a feed (\(feed.format.rawValue)) of \(feed.entries.count) entries, \(size) bytes"
                + (feed.title.map { ": \($0)" } ?? ""))
        if let bozo = feed.bozo { add(.note, "it is broken and was repaired: \(bozo)") }
        takeType(response)
        takeIdentity(feed)
        takeText(feed)
        takeDates(feed, now)
    }

    private mutating func takeType(_ response: HTTPResponse) {
        guard let type = response.header("content-type") else { return add(.note, "it has no Content-Type") }
        let isFeed = ["xml", "rss", "atom", "json"].contains { type.lowercased().contains($0) }
        if !isFeed { add(.note, "its Content-Type is \(type.prefix(80)): it is read by what it holds") }
    }

    private mutating func takeIdentity(_ feed: ParsedFeed) {
        let count = feed.entries.count
        guard count > 0 else { return add(.note, "nothing is in it now") }
        let distinct = Set(feed.entries.map(\.key)).count
        if distinct < count {
            add(.problem, "\(count - distinct) entries have the key of another: of those the first counts")
        }
        let withoutURL = feed.entries.count { $0.article.url.flatMap { WebAddress($0) } == nil }
        if withoutURL > 0 {
            add(
                .note, "\(withoutURL) of \(count) entries have no address",
                hint: "their key is their guid, or their text")
        }
    }

    private mutating func takeText(_ feed: ParsedFeed) {
        let count = feed.entries.count
        guard count > 0 else { return }
        let withText = feed.entries.count { $0.hasText }
        if withText * 2 < count {
            add(
                .note, "most entries have no more than a summary",
                hint: "added with --pages, the pages that they lead to are fetched, too")
        }
        let empty = feed.entries.count { $0.article.isEmpty }
        if empty > 0 { add(.problem, "\(empty) entries have neither a headline nor a text: they are rejected") }
    }

    private mutating func takeDates(_ feed: ParsedFeed, _ now: Timestamp) {
        let count = feed.entries.count
        guard count > 0 else { return }
        let dates = feed.entries.compactMap { $0.article.published?.at.milliseconds }.sorted(by: >)
        let unread = feed.entries.reduce(0) { $0 + $1.notes.unreadDates }
        if unread > 0 {
            add(.problem, "\(unread) dates cannot be read", hint: "such articles count from when they were first seen")
        }
        if dates.count < count { add(.note, "\(count - dates.count) of \(count) entries have no date") }
        guard let newest = dates.first else { return }
        if newest > now.milliseconds + 48 * 3_600_000 {
            add(.problem, "its newest date lies \((newest - now.milliseconds) / 3_600_000) h in the future")
        } else if newest < now.milliseconds - 30 * 86_400_000 {
            add(.note, "its newest entry is \((now.milliseconds - newest) / 86_400_000) days old")
        }
        let gaps = zip(dates, dates.dropFirst().prefix(20)).map { $0 - $1 }.sorted()
        guard gaps.count >= 3 else { return }
        paceMilliseconds = gaps[gaps.count / 2]
        add(.good, "something new about every \(Self.span(gaps[gaps.count / 2]))")
    }

    // MARK: Asked again

    mutating func takeValidators(of first: HTTPResponse, second: HTTPResponse?) {
        guard first.header("etag") != nil || first.header("last-modified") != nil else {
            return add(.note, "it has neither ETag nor Last-Modified: each poll brings all of it")
        }
        guard let second else { return add(.note, "asked again at once, it does not answer") }
        if second.status == 304 {
            add(.good, "asked again with its validators, it says 304")
        } else {
            add(
                .note,
                "asked again with its validators, it answers \(second.status) in full: each poll brings all of it")
        }
    }

    /// "40 s", "15 min", "7 h", "3 days".
    package static func span(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) days"
        }
    }
}
