import ByteCoding
import Extraction
package import FetchIO
import News

/// Archived responses through today's extraction, as a fetcher that had it all along would have sent them.
///
/// An article's first-seen time is that of the response in which its content first stood, as extracted now; so a better
/// extractor, with its larger number, makes new versions, and the same one makes the same versions again, which change
/// nothing. Responses are to come in the order they were taken in. An entry that was left for a later poll is left here, too.
package struct FeedReplay {
    package struct Counts: Equatable, Sendable {
        package var responses = 0
        package var unreadable = 0
        package var articles = 0

        package init(responses: Int = 0, unreadable: Int = 0, articles: Int = 0) {
            self.responses = responses
            self.unreadable = unreadable
            self.articles = articles
        }
    }

    package private(set) var counts = Counts()
    /// Of each feed: what it last said under each key.
    private var seen: [String: [ArticleKey: Digest256]] = [:]
    /// Of each feed: new entries of its last response that wait for what became of their pages.
    private var waiting: [String: [ArticleKey: (entry: FeedEntry, firstSeen: Timestamp)]] = [:]

    package init() {}

    /// - Returns: lines of a PUT's payload, in payloads that a coordinator takes; empty if the response has nothing new.
    package mutating func take(_ record: WebArchive.Record) -> [[UInt8]] {
        switch record.kind {
        case .feed: return send(new(in: record), feed: record.feed)
        case .feedWithPages:
            let new = new(in: record)
            waiting[record.feed] = Dictionary(new.map { ($0.entry.key, $0) }) { first, _ in first }
            return []
        case .page(let key):
            guard record.status == 200, let item = waiting[record.feed]?.removeValue(forKey: key) else { return [] }
            counts.responses += 1
            let page = EntryPage.read(
                status: record.status, contentType: record.contentType, body: record.body, address: record.address)
            return send([item], feed: record.feed) { entry in if let page { entry = entry.completed(by: page) } }
        case .noPage(let key):
            guard let item = waiting[record.feed]?.removeValue(forKey: key) else { return [] }
            return send([item], feed: record.feed)
        }
    }

    private mutating func new(in record: WebArchive.Record) -> [(entry: FeedEntry, firstSeen: Timestamp)] {
        guard record.status == 200 else { return [] }
        counts.responses += 1
        let feed: ParsedFeed
        do throws(FeedError) {
            feed = try FeedParser.parse(record.body, url: record.address, charset: record.charset)
        } catch {
            counts.unreadable += 1
            return []
        }
        let known = seen[record.feed] ?? [:]
        var met: Set<ArticleKey> = []
        return feed.entries.filter {
            met.insert($0.key).inserted && known[$0.key] != CanonicalRecord.contentHash(of: $0.article)
        }.map { ($0, record.takenAt) }
    }

    /// - Parameter complete: what the entry is sent as; what is remembered of it is what its feed says.
    private mutating func send(
        _ items: [(entry: FeedEntry, firstSeen: Timestamp)], feed: String,
        complete: (inout FeedEntry) -> Void = { _ in }
    ) -> [[UInt8]] {
        guard !items.isEmpty else { return [] }
        counts.articles += items.count
        var items = items
        for index in items.indices {
            let entry = items[index].entry
            seen[feed, default: [:]][entry.key] = CanonicalRecord.contentHash(of: entry.article)
            complete(&items[index].entry)
        }
        return FeedPayloads.make(items, feed: feed)
    }
}
