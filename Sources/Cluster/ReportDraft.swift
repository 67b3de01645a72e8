// What is in a worker's builder, and what is to be reported of it.
//
// Invariants
// 1. Of each shard and lane it covers one run of the log, without gap.
// 2. Each entry of the runs that is an article has one outcome; one that is live already, or becomes live, is counted as
//    published only when the look-up has told.
// 3. Ordinals are those of the builder: an article that is taken is to be indexed as the next.

package import News
package import Storage
package import Wire

package struct ReportDraft: Sendable {
    private struct Run: Sendable {
        var epoch: ShardEpoch
        var from: Position
        var to: Position
    }

    private struct Open: Sendable {
        var ordinal: Int
        var version: Version
        var source: String
        var hour: UInt32
    }

    private struct Expiry: Sendable {
        var through: Version
        var hour: UInt32
    }

    private struct Label: Hashable {
        var source: String
        var hour: UInt32
    }

    private struct CountKey: Hashable {
        var source: String
        var hour: UInt32
        var outcome: Outcome
    }

    private var runs: [ShardLane: Run] = [:]
    /// When the first entry of a lane came.
    private(set) var began: [Lane: Int64] = [:]
    private var documentCount = 0
    /// Of the articles' canonical records.
    private(set) var recordBytes: UInt64 = 0
    /// The newest version of each key in the builder.
    private var open: [ArticleKey: Open] = [:]
    /// Ordinals that go into no segment.
    package private(set) var dropped: [Int] = []
    private var retractions: [ArticleKey: UInt32] = [:]
    private var expiries: [ArticleKey: Expiry] = [:]
    package private(set) var kills: [Kill] = []
    /// What is looked up, once it is sealed.
    package private(set) var lookupKeys: [ArticleKey] = []

    private var counts: [CountKey: Int64] = [:]
    /// Sources and hours of its articles.
    private var labels: Set<Label> = []
    private var lastLabel: Label?
    /// Upper bound of the report's rows of them.
    private(set) var labelBytes = 0

    /// Whether it covers nothing of the log.
    var isEmpty: Bool { runs.isEmpty }
    var shards: Set<Shard> { Set(runs.keys.map(\.shard)) }
    var keyCount: Int { open.count + retractions.count + expiries.count }
    var expiryCount: Int { expiries.count }
    /// Whether there is nothing to make a segment of.
    var hasNoSegment: Bool { dropped.count == documentCount && kills.isEmpty }
    /// Size of the report, at most.
    var reportBytes: Int { counts.keys.reduce(1 << 16) { $0 + Self.rowBytes(of: $1.source) } }

    package init() {}

    // MARK: Filling

    /// - Returns: whether the slice follows what is here of its stream.
    package mutating func extend(_ slice: ArticlesBatch.Slice) -> Bool {
        guard let run = runs[slice.shardLane] else {
            runs[slice.shardLane] = Run(epoch: slice.epoch, from: slice.from, to: slice.to)
            return true
        }
        guard run.to == slice.from else { return false }
        runs[slice.shardLane]!.to = slice.to
        return true
    }

    mutating func entryCame(_ lane: Lane, now: Moment) { if began[lane] == nil { began[lane] = now.milliseconds } }

    /// - Returns: whether the article is to be indexed.
    package mutating func take(_ article: LoggedArticle, hour: UInt32) -> Bool {
        label(article.source, hour)
        if let old = open[article.key] {
            guard article.version > old.version else {
                count(article.version, beside: old.version, article.source, hour)
                return false
            }
            dropped.append(old.ordinal)
            count(.superseded, old.source, old.hour)
        }
        open[article.key] = Open(ordinal: documentCount, version: article.version, source: article.source, hour: hour)
        documentCount += 1
        recordBytes += UInt64(article.recordBytes)
        return true
    }

    /// An article that is not taken.
    package mutating func pass(_ article: LoggedArticle, hour: UInt32, as outcome: Outcome) {
        label(article.source, hour)
        count(outcome, article.source, hour)
    }

    /// An article that came beside a version that is as large or larger.
    package mutating func pass(_ article: LoggedArticle, hour: UInt32, beside larger: Version) {
        label(article.source, hour)
        count(article.version, beside: larger, article.source, hour)
    }

    package mutating func retract(_ key: ArticleKey, hour: UInt32) {
        retractions[key] = hour
        if let old = open.removeValue(forKey: key) {
            dropped.append(old.ordinal)
            count(.retracted, old.source, old.hour)
        }
    }

    package mutating func expire(_ expiration: Expiration, hour: UInt32) {
        expiries[expiration.key] = Expiry(through: expiration.through, hour: hour)
        // Had it come by another lane before the scan it would have lost against what expired.
        if let old = open[expiration.key], old.version <= expiration.through {
            open[expiration.key] = nil
            dropped.append(old.ordinal)
            count(old.version, beside: expiration.through, old.source, old.hour)
        }
    }

    // MARK: Sealing

    package mutating func seal() {
        lookupKeys = Array(open.keys) + retractions.keys
        lookupKeys += expiries.keys.filter { open[$0] == nil && retractions[$0] == nil }
        lookupKeys.sort()
    }

    /// - Parameter found: what is live of each of `lookupKeys`.
    package mutating func lookedUp(_ found: [Worker.Found?]) {
        for (key, live) in zip(lookupKeys, found) {
            if let hour = retractions[key] {
                guard let live else { continue }
                kill(key, live, as: .retracted, hour: hour)
            } else if let document = open[key] {
                guard let live else {
                    count(.published, document.source, document.hour)
                    continue
                }
                if live.version < document.version {
                    kill(key, live, as: .superseded, hour: document.hour)
                    count(.published, document.source, document.hour)
                } else {
                    dropped.append(document.ordinal)
                    count(document.version, beside: live.version, document.source, document.hour)
                }
            } else if let expiry = expiries[key], let live, live.version <= expiry.through {
                kill(key, live, as: .expired, hour: expiry.hour)
            }
        }
    }

    package func report(_ number: UInt64, _ segment: SegmentReference?) -> SealedReport {
        SealedReport(
            number: number,
            entries: runs.sorted { $0.key < $1.key }.map {
                SealedReport.Entry(shardLane: $0.key, epoch: $0.value.epoch, from: $0.value.from, to: $0.value.to)
            },
            segment: segment,
            counts: counts.filter { $0.value != 0 }.map {
                OutcomeCount(source: $0.key.source, hour: $0.key.hour, outcome: $0.key.outcome, delta: $0.value)
            }.sorted { ($0.hour, $0.source, $0.outcome) < ($1.hour, $1.source, $1.outcome) })
    }

    private mutating func kill(_ key: ArticleKey, _ live: Worker.Found, as outcome: Outcome, hour: UInt32) {
        kills.append(Kill(key: key, version: live.version, orderTime: live.orderTime))
        count(.published, live.source, hour, by: -1)
        count(outcome, live.source, hour)
    }

    // MARK: Counting

    /// What a version is counted as that is live already.
    #if PLANTED_RETRY_NOT_DUPLICATE
        private static let duplicate = Outcome.superseded
    #else
        private static let duplicate = Outcome.duplicate
    #endif

    /// Counts an article that came beside a version that is as large or larger.
    private mutating func count(_ version: Version, beside larger: Version, _ source: String, _ hour: UInt32) {
        count(version == larger ? Self.duplicate : .superseded, source, hour)
    }

    private mutating func count(_ outcome: Outcome, _ source: String, _ hour: UInt32, by delta: Int64 = 1) {
        counts[CountKey(source: source, hour: hour, outcome: outcome), default: 0] += delta
    }

    private mutating func label(_ source: String, _ hour: UInt32) {
        let label = Label(source: source, hour: hour)
        guard label != lastLabel else { return }
        lastLabel = label
        // Published, and most often one outcome more.
        if labels.insert(label).inserted { labelBytes += 3 * Self.rowBytes(of: source) }
    }

    /// Largest size of a row in a report: length, source, hour, outcome, change.
    private static func rowBytes(of source: String) -> Int { 3 + source.utf8.count + 4 + 1 + 10 }
}
