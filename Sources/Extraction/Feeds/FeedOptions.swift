/// What a reading of a feed is for.
struct FeedOptions {
    /// Where the feed was fetched from, as far as known.
    var url = ""
    /// Articles, for who indexes them.
    var wantsArticles = false
    /// Everything the feed says, for who looks at it.
    var wantsRecord = false
    /// Elements of other vocabularies too, as they stand.
    var wantsExtensions = false
    /// Markup is made harmless; else it stays as the feed has it.
    var isSafe = false
    /// Addresses stay as they are written.
    var isRaw = false

    static func articles(url: String) -> FeedOptions { FeedOptions(url: url, wantsArticles: true, isRaw: true) }

    static let record = FeedOptions(wantsRecord: true, isSafe: true)
}
