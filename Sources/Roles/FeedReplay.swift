import ByteCoding
import Extraction
package import FetchIO
import News

/// Archived responses through today's extraction, as a fetcher that had it all along would have sent them.
///
/// An article's first-seen time is that of the response in which its content first stood, as extracted now; so a better
/// extractor, with its larger number, makes new versions, and the same one makes the same versions again, which change
/// nothing. Responses are to come in the order they were taken in.
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

    package init() {}

    /// - Returns: lines of a PUT's payload, in payloads that a coordinator takes; empty if the response has nothing new.
    package mutating func take(_ record: WebArchive.Record) -> [[UInt8]] {
        guard record.status == 200 else { return [] }
        counts.responses += 1
        let feed: ParsedFeed
        do throws(FeedError) {
            feed = try FeedParser.parse(record.body, url: record.address, charset: record.charset)
        } catch {
            counts.unreadable += 1
            return []
        }
        var known = seen[record.feed] ?? [:]
        var met: Set<ArticleKey> = []
        var new: [(index: Int, firstSeen: Timestamp)] = []
        for (index, entry) in feed.entries.enumerated() where met.insert(entry.key).inserted {
            let hash = CanonicalRecord.contentHash(of: entry.article)
            guard known.updateValue(hash, forKey: entry.key) != hash else { continue }
            new.append((index, record.takenAt))
        }
        seen[record.feed] = known
        counts.articles += new.count
        guard !new.isEmpty else { return [] }
        return FeedPayloads.make(new, of: feed.entries, feed: record.feed)
    }
}
