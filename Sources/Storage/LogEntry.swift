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
    /// How long articles are kept.
    case horizon(RetentionHorizon)
    /// An article that ended who indexed it, alone and three times, is not given to a worker again.
    case deadLetter(DeadLetter)
    /// A dead letter is an article again, that arrives here.
    case retried(LoggedArticle)
    /// The text of a dead letter is forgotten; it stays one.
    case dropped(DeadLetter.ID)
    /// No log object and no kept generation holds a text of these versions of a retracted or expired key any more.
    case erased(VersionBound)
    /// These versions of a key were published and are behind a horizon: from here on none of them is live.
    case expired(Expiration)

    /// The key that decides the shard; nil for entries that no worker sees.
    package var routedKey: ArticleKey? {
        switch self {
        case .article(let article), .retried(let article): article.key
        case .retraction(let retraction): retraction.key
        case .expired(let expiration): expiration.key
        case .rejection, .feed, .horizon, .deadLetter, .dropped, .erased: nil
        }
    }

    /// The article that it says came or was given up, with its text or, where that was taken out, without.
    package var loggedArticle: LoggedArticle? {
        switch self {
        case .article(let article), .retried(let article): article
        case .deadLetter(let letter): letter.article
        case .rejection, .retraction, .feed, .horizon, .dropped, .erased, .expired: nil
        }
    }

    /// The article whose text stands in it.
    package var articleOfText: LoggedArticle? { loggedArticle.flatMap { $0.isTextThere ? $0 : nil } }

    /// The same without any text. What it says beside that stays.
    var withoutText: LogEntry {
        switch self {
        case .article(let article): .article(article.withoutText)
        case .retried(let article): .retried(article.withoutText)
        case .deadLetter(let letter): .deadLetter(letter.withoutText)
        case .rejection, .retraction, .feed, .horizon, .dropped, .erased, .expired: self
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
    /// The canonical record as one zstd frame. Stays as it is from here to the overlay's article store. Empty where the text was
    /// taken out.
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

    package var isTextThere: Bool { !frame.isEmpty }

    /// What is told of it for good: neither its record nor its place in the order.
    var withoutText: LoggedArticle {
        LoggedArticle(key: key, version: version, orderTime: nil, source: source, recordBytes: 0, frame: [])
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

/// An article that ended whoever indexed it (docs/log-format.md, section 6).
package struct DeadLetter: Equatable, Sendable {
    package struct ID: Hashable, Comparable, Sendable {
        package var key: ArticleKey
        package var version: Version

        package init(key: ArticleKey, version: Version) {
            self.key = key
            self.version = version
        }

        package static func < (left: ID, right: ID) -> Bool { (left.key, left.version) < (right.key, right.version) }
    }

    /// Which entry of the log it is: that one is accounted for by this decision, whoever reads it again.
    package var position: Position
    /// Of its arrival.
    package var hour: UInt32
    package var reason: String
    /// Its frame is empty once it was dropped, or its key retracted.
    package var article: LoggedArticle

    package var id: ID { ID(key: article.key, version: article.version) }
    package var isTextThere: Bool { article.isTextThere }

    var withoutText: DeadLetter {
        DeadLetter(position: position, hour: hour, reason: reason, article: article.withoutText)
    }

    package init(position: Position, hour: UInt32, reason: String, article: LoggedArticle) {
        self.position = position
        self.hour = hour
        self.reason = reason
        self.article = article
    }
}

/// Versions of a key: all up to one.
package struct VersionBound: Hashable, Sendable {
    package var key: ArticleKey
    package var through: Version

    package init(key: ArticleKey, through: Version) {
        self.key = key
        self.through = through
    }
}

/// Versions of a key that are behind a horizon of retention.
package struct Expiration: Equatable, Sendable {
    package var key: ArticleKey
    /// All versions up to this one; a larger one stays.
    package var through: Version
    /// The horizon they were found behind, a sortable time.
    package var horizon: UInt64
    /// Where it stands in the log. `.start` in the log itself.
    package var position: Position

    package init(key: ArticleKey, through: Version, horizon: UInt64, position: Position = .start) {
        self.key = key
        self.through = through
        self.horizon = horizon
        self.position = position
    }
}

package struct FeedChange: Equatable, Sendable {
    package enum Operation: UInt8, Sendable {
        case add = 1
        case remove = 2
        /// The pages that its entries lead to are fetched, too.
        case addWithPages = 3
    }

    package var operation: Operation
    package var url: String
    /// Fixed poll interval; nil lets the fetcher adapt.
    package var intervalSeconds: UInt32?

    package var wantsPages: Bool { operation == .addWithPages }

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
            article.encode(to: &out)
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
        case .horizon(let rule):
            out.fixed(UInt8(5))
            out.string(rule.source)
            out.fixed(rule.time)
            out.varint(UInt64(rule.ageDays))
        case .deadLetter(let letter):
            out.fixed(UInt8(8))
            out.position(letter.position)
            out.fixed(letter.hour)
            out.string(letter.reason)
            letter.article.encode(to: &out)
        case .retried(let article):
            out.fixed(UInt8(9))
            article.encode(to: &out)
        case .dropped(let id):
            out.fixed(UInt8(10))
            out.articleKey(id.key)
            out.version(id.version)
        case .erased(let bound):
            out.fixed(UInt8(11))
            out.versionBound(bound)
        case .expired(let expiration):
            out.fixed(UInt8(12))
            out.expiration(expiration)
        }
    }

    package init(decoding reader: inout ByteReader) throws(CodingError) {
        let start = reader.offset
        let kind: UInt8 = try reader.fixed()
        switch kind {
        case 1:
            self = .article(try LoggedArticle(decoding: &reader))
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
        case 5:
            self = .horizon(
                RetentionHorizon(
                    source: try reader.string(atMost: Limits.labelBytes), time: try reader.fixed(),
                    ageDays: UInt32(try reader.count("age", atMost: Int(RetentionHorizon.ageLimitDays)))))
        case 8:
            self = .deadLetter(
                DeadLetter(
                    position: try reader.position(), hour: try reader.fixed(),
                    reason: try reader.string(atMost: Limits.labelBytes),
                    article: try LoggedArticle(decoding: &reader)))
        case 9: self = .retried(try LoggedArticle(decoding: &reader))
        case 10: self = .dropped(DeadLetter.ID(key: try reader.articleKey(), version: try reader.version()))
        case 11: self = .erased(try reader.versionBound())
        case 12: self = .expired(try reader.expiration())
        default: throw .badValue(what: "log entry kind \(kind)", offset: start)
        }
    }
}

extension ByteWriter {
    package mutating func versionBound(_ bound: VersionBound) {
        articleKey(bound.key)
        version(bound.through)
    }

    package mutating func expiration(_ expiration: Expiration) {
        articleKey(expiration.key)
        version(expiration.through)
        fixed(expiration.horizon)
        position(expiration.position)
    }
}

extension ByteReader {
    package mutating func versionBound() throws(CodingError) -> VersionBound {
        VersionBound(key: try articleKey(), through: try version())
    }

    package mutating func expiration() throws(CodingError) -> Expiration {
        Expiration(key: try articleKey(), through: try version(), horizon: try fixed(), position: try position())
    }
}

extension LoggedArticle {
    func encode(to out: inout ByteWriter) {
        out.articleKey(key)
        out.version(version)
        out.fixed(Timestamp.sortable(orderTime))
        out.string(source)
        out.varint(UInt64(recordBytes))
        out.lengthPrefixed(frame)
    }

    init(decoding reader: inout ByteReader) throws(CodingError) {
        let key = try reader.articleKey()
        let version = try reader.version()
        let order: UInt64 = try reader.fixed()
        let source = try reader.string(atMost: Limits.labelBytes)
        let recordBytes = try reader.count("record length", atMost: Limits.recordBytes)
        // A frame that does not compress is a little longer than its content.
        let frame = try reader.lengthPrefixed(atMost: Limits.recordBytes + 65_536)
        self.init(
            key: key, version: version, orderTime: Timestamp(sortable: order), source: source,
            recordBytes: UInt32(recordBytes), frame: Array(frame))
    }
}
