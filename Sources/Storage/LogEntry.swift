package import ByteCoding
package import News

/// What one entry of the log says. The log is the only input: everything else is computed from it.
package enum LogEntry: Equatable, Sendable {
    /// An accepted article.
    case article(LoggedArticle)
    /// An input that became no article.
    case rejection(Rejection)
    /// From here on no version of this key is live.
    case retraction(Retraction)
    /// A feed was added to or removed from the list.
    case feed(FeedChange)

    /// The key that decides the shard; nil for entries that no worker sees.
    package var routedKey: ArticleKey? {
        switch self {
        case .article(let article): article.key
        case .retraction(let retraction): retraction.key
        case .rejection, .feed: nil
        }
    }
}

package struct LoggedArticle: Equatable, Sendable {
    package var key: ArticleKey
    package var version: Version
    package var orderTime: Timestamp?
    /// For the ledger; "" when the article names none.
    package var source: String
    /// Length of the canonical record, in bytes.
    package var recordBytes: UInt32
    /// The canonical record as one zstd frame. Stays as it is from here to the overlay's article store.
    package var frame: [UInt8]

    package init(
        key: ArticleKey, version: Version, orderTime: Timestamp?, source: String, recordBytes: UInt32, frame: [UInt8]
    ) {
        self.key = key
        self.version = version
        self.orderTime = orderTime
        self.source = source
        self.recordBytes = recordBytes
        self.frame = frame
    }
}

package struct Rejection: Equatable, Sendable {
    package var reason: RejectionReason
    package var source: String
    /// What tells which input it was: a key in hex, "file.ndjson:17", a URL.
    package var place: String
    package var detail: String

    package init(reason: RejectionReason, source: String, place: String, detail: String) {
        self.reason = reason
        self.source = source
        self.place = place
        self.detail = detail
    }
}

package struct Retraction: Equatable, Sendable {
    package var key: ArticleKey
    /// The URL as it was given, when one was.
    package var url: String
    package var reason: String

    package init(key: ArticleKey, url: String, reason: String) {
        self.key = key
        self.url = url
        self.reason = reason
    }
}

package struct FeedChange: Equatable, Sendable {
    package enum Operation: UInt8, Sendable {
        case add = 1
        case remove = 2
    }

    package var operation: Operation
    package var url: String
    /// Fixed poll interval; nil lets the fetcher adapt.
    package var intervalSeconds: UInt32?

    package init(operation: Operation, url: String, intervalSeconds: UInt32?) {
        self.operation = operation
        self.url = url
        self.intervalSeconds = intervalSeconds
    }
}

extension LogEntry {
    package func encode(to out: inout ByteWriter) {
        switch self {
        case .article(let article):
            out.fixed(UInt8(1))
            out.articleKey(article.key)
            out.version(article.version)
            out.fixed(Timestamp.sortable(article.orderTime))
            out.string(article.source)
            out.varint(UInt64(article.recordBytes))
            out.lengthPrefixed(article.frame)
        case .rejection(let rejection):
            out.fixed(UInt8(2))
            out.fixed(rejection.reason.rawValue)
            out.string(rejection.source)
            out.string(rejection.place)
            out.string(rejection.detail)
        case .retraction(let retraction):
            out.fixed(UInt8(3))
            out.articleKey(retraction.key)
            out.string(retraction.url)
            out.string(retraction.reason)
        case .feed(let change):
            out.fixed(UInt8(4))
            out.fixed(change.operation.rawValue)
            out.string(change.url)
            out.varint(change.intervalSeconds.map { UInt64($0) + 1 } ?? 0)
        }
    }

    package init(decoding reader: inout ByteReader) throws(CodingError) {
        let start = reader.offset
        let kind: UInt8 = try reader.fixed()
        switch kind {
        case 1:
            let key = try reader.articleKey()
            let version = try reader.version()
            let order: UInt64 = try reader.fixed()
            let source = try reader.string(atMost: Limits.labelBytes)
            let recordBytes = try reader.count("record length", atMost: Limits.recordBytes)
            // A frame that does not compress is a little longer than its content.
            let frame = try reader.lengthPrefixed(atMost: Limits.recordBytes + 65_536)
            self = .article(
                LoggedArticle(
                    key: key, version: version, orderTime: Timestamp(sortable: order), source: source,
                    recordBytes: UInt32(recordBytes), frame: Array(frame)))
        case 2:
            let raw: UInt8 = try reader.fixed()
            guard let reason = RejectionReason(rawValue: raw) else {
                throw .badValue(what: "rejection reason \(raw)", offset: start)
            }
            self = .rejection(
                Rejection(
                    reason: reason, source: try reader.string(atMost: Limits.labelBytes),
                    place: try reader.string(atMost: Limits.urlBytes * 2),
                    detail: try reader.string(atMost: Limits.labelBytes)))
        case 3:
            self = .retraction(
                Retraction(
                    key: try reader.articleKey(), url: try reader.string(atMost: Limits.urlBytes),
                    reason: try reader.string(atMost: Limits.labelBytes)))
        case 4:
            let raw: UInt8 = try reader.fixed()
            guard let operation = FeedChange.Operation(rawValue: raw) else {
                throw .badValue(what: "feed operation \(raw)", offset: start)
            }
            let url = try reader.string(atMost: Limits.urlBytes)
            let interval = try reader.count("interval", atMost: Int(UInt32.max) + 1)
            self = .feed(
                FeedChange(
                    operation: operation, url: url, intervalSeconds: interval == 0 ? nil : UInt32(interval - 1)))
        default: throw .badValue(what: "log entry kind \(kind)", offset: start)
        }
    }
}
