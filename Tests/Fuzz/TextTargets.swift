import Extraction
import Fetching
import Foundation
import News

/// What comes from the web. None of it may take long, whatever it is.
extension FuzzTarget {
    /// An input that takes longer is a finding.
    private static let limit = Duration.seconds(1)

    /// Processor time of this thread: others on the machine make no input slow.
    private static func threadTime() -> Duration {
        var time = timespec()
        // Safe: writes into `time` only.
        guard unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { fatalError("no processor clock") }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    static func soon(_ body: () -> Void) {
        let start = threadTime()
        body()
        let time = threadTime() - start
        precondition(time <= limit, "took \(time)")
    }

    /// A feed is read as articles, as a record, and as it stands; what one way takes for a feed all do.
    static func feed(_ input: [UInt8]) {
        let url = "https://news.example/feed"
        let isFeed = (try? FeedParser.parse(input, url: url)) != nil
        for isSafe in [true, false] {
            let record = try? FeedParser.record(input, FeedResponse(url: url), isSafe: isSafe, wantsExtensions: !isSafe)
            precondition((record != nil) == isFeed, "a feed one way and none the other")
            guard let record else { continue }
            let json = FeedJSON.bytes(of: record)
            precondition((try? JSONSerialization.jsonObject(with: Data(json))) != nil, "no JSON")
            precondition(!JSONIndent.indented(json).isEmpty, "nothing is shown")
        }
    }

    static func page(_ input: [UInt8]) {
        let article = Page(input[...], url: "https://news.example/2020/01/02/a").article
        // References of a few bytes stand for a few bytes; a text is not longer than its page.
        precondition(article.body?.utf8.count ?? 0 <= 3 * input.count + 16, "more text than page")
    }

    static func date(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        _ = DateText.all(in: text, from: "text")
        let quick = FeedTime.parse(input, from: "feed")
        let thorough = DateText.parse(text, from: "feed")
        if String(validating: input, as: UTF8.self) != nil {
            precondition(quick?.at == thorough?.at, "two readers differ about a date")
        }
    }

    static func address(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        _ = CopyURL.variantFree(text)
        _ = CleanURL.withoutTracking(text)
        _ = AddressKind.isNavigation(text) || AddressKind.isHomePage(text) || AddressKind.isShortened(text)
        _ = SourceDomain.of(text)
        _ = WebAddress(text, base: WebAddress("https://news.example/a/b?c"))
        for base in ["file:///c:/a/b", "sc://host/a/../b?c", "mailto:a"] {
            guard let address = AnyAddress(text, base: AnyAddress(base)) else { continue }
            precondition(AnyAddress(address.href)?.href == address.href, "what is written is read otherwise")
        }
        if let canonical = CanonicalURL.canonicalise(text) {
            precondition(CanonicalURL.canonicalise(canonical) == canonical, "a canonical address has another")
        }
    }

    static func robots(_ input: [UInt8]) {
        let file = RobotsFile(parsing: input)
        _ = file.rules(for: "coranto").allows(url: "https://news.example/a/b.html?c=d")
    }

    /// What is read is written so that it is read as the same.
    static func opml(_ input: [UInt8]) {
        let feeds = OPML.feeds(in: input)
        let again = OPML.feeds(in: OPML.document(title: "t", feeds))
        precondition(again.count == feeds.count, "feeds are lost on the way")
    }
}
