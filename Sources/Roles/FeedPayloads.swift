import Extraction
import News

/// Lines of PUT payloads for what is new in a feed, in payloads that a coordinator takes.
enum FeedPayloads {
    /// A payload is full when its lines reach this; a single line may be longer, and is still far below what a PUT may have.
    static let targetBytes = 4 << 20
    static let lineCount = 10_000

    static func make(_ new: [(entry: FeedEntry, firstSeen: Timestamp)], feed: String) -> [[UInt8]] {
        var payloads: [[UInt8]] = [[]]
        var lines = 0
        for item in new {
            let line = line(item.entry, firstSeen: item.firstSeen, feed: feed)
            let isFull = payloads[payloads.count - 1].count + line.count > targetBytes || lines >= lineCount
            if isFull, lines > 0 {
                payloads.append([])
                lines = 0
            }
            payloads[payloads.count - 1] += line
            payloads[payloads.count - 1].append(UInt8(ascii: "\n"))
            lines += 1
        }
        return payloads
    }

    /// What the coordinator would refuse is said to be rejected here: its line could be longer than a PUT may be.
    private static func line(_ entry: FeedEntry, firstSeen: Timestamp, feed: String) -> [UInt8] {
        var article = entry.article
        article.firstSeen = firstSeen
        switch ReadOutcome.checked(article, key: entry.key, notes: entry.notes) {
        case .article(let incoming):
            return ArticleJSON.line(incoming)
        case .rejected(let reason, let detail):
            return RejectLine.write(source: feed, key: entry.key, reason: reason, detail: detail)
        }
    }
}
