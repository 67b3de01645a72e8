/// Bounds on what comes from outside. Each is checked before anything of that size is allocated.
package enum Limits {
    /// Largest canonical record of one article.
    package static let recordBytes = 8 << 20
    /// Largest input line or file taken for one article; a record may shrink by what it drops (escapes, markup).
    package static let inputBytes = 48 << 20
    /// Largest payload of one PUT.
    package static let batchBytes = 64 << 20
    /// Most entries in one PUT and so in one batch of the log.
    package static let batchEntries = 65_536
    /// Rules of retention, of one source each.
    package static let retentionRules = 1024
    /// Largest size that is believed of a segment, and of the records in it: sums of such do not overflow.
    package static let segmentBytes: UInt64 = 1 << 48
    /// Largest change of one count that is believed of a report.
    package static let reportedChange: Int64 = 1 << 32
    /// Longest text for people beside an entry: the reason of a rejection, a place … Also what any name of a source from
    /// outside is cut to.
    package static let labelBytes = 4096
    /// Longest source, section, language of an article: each distinct one is a name in every segment it is in, and sources
    /// are keys of the ledger and of every report.
    package static let nameBytes = 256
    /// Longest URL that can make a key.
    package static let urlBytes = 8192
    /// Longest interval between two polls of a feed: a leap year.
    package static let feedIntervalSeconds = 366 * 86_400
}
