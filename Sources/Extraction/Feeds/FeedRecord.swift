import News

/// All that a feed says, with feedparser's names.
package struct FeedRecord {
    /// "rss20", "atom10", "json11", "sitemap" …; empty if it cannot be told.
    package internal(set) var version = ""
    /// As it was declared, or found out.
    package internal(set) var encoding = ""
    /// What had to be repaired, the first thing only; nil for a feed without faults.
    package internal(set) var bozo: String?
    /// The Last-Modified of the answer.
    package internal(set) var modified: [UInt8]?
    package internal(set) var etag: [UInt8]?
    var namespaces: [(prefix: [UInt8], uri: [UInt8])] = []
    var feed = FeedFields()
    var entries: [FeedFields] = []
    /// Of the document's own names.
    var names = NameTable.known

    package var entryCount: Int { entries.count }
}

/// What came with a feed: its address and the headers that say something about its bytes.
package struct FeedResponse {
    package var url = ""
    package var contentType: String?
    package var contentLocation: String?
    package var contentLanguage: String?
    package var lastModified: String?
    package var etag: String?

    package init(url: String = "", charset: String? = nil) {
        self.url = url
        if let charset, !charset.isEmpty { contentType = "application/xml; charset=" + charset }
    }

    /// - Parameter name: in any case.
    package mutating func setHeader(_ name: String, _ value: String) {
        switch name.lowercased() {
        case "content-type": contentType = value
        case "content-location": contentLocation = value
        case "content-language": contentLanguage = value
        case "last-modified": lastModified = value
        case "etag": etag = value
        default: break
        }
    }

    /// The base of relative addresses.
    var base: [UInt8] {
        let address = Array(url.utf8)
        guard let contentLocation, !contentLocation.isEmpty else { return address }
        let joined = URIReference.join(address, Array(contentLocation.utf8))
        let safe = URIReference.safe(joined)
        return safe.isEmpty ? address : safe
    }
}
