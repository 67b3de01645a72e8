import ByteCoding
import News

/// The readers of all formats of feeds behind one door.
package enum FeedParser {
    /// 2: all that feedparser knows, docs/feeds.md. 3: guids that several entries share, languages.
    package static let extractorVersion: UInt32 = 3

    /// The most that a packed feed may grow to, as a multiple of what it was, beside a little that any may.
    private static let maxGrowth = 200

    /// Reads RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0, CDF, JSON Feed and news sitemaps as articles.
    ///
    /// - Parameters:
    ///   - url: where the feed was fetched from: base of relative links, and the source's name if the feed has no title.
    ///   - charset: from the Content-Type header, or nil.
    package static func parse(_ bytes: [UInt8], url: String, charset: String? = nil) throws(FeedError) -> ParsedFeed {
        var feed = try read(bytes, FeedResponse(url: url, charset: charset), .articles(url: url)).parsed
        feed.entries.tellSharedGuidsApart()
        feed.entries.guessLanguages()
        return feed
    }

    /// Reads a feed as it says everything.
    ///
    /// - Parameters:
    ///   - isSafe: markup is made harmless and addresses are resolved; else both stay as the feed has them.
    ///   - wantsExtensions: elements of other vocabularies are there as they stand, too.
    package static func record(
        _ bytes: [UInt8], _ response: FeedResponse, isSafe: Bool = true, wantsExtensions: Bool = false
    ) throws(FeedError) -> FeedRecord {
        var options = FeedOptions.record
        options.url = response.url
        options.isSafe = isSafe
        options.isRaw = !isSafe
        options.wantsExtensions = wantsExtensions
        return try read(bytes, response, options).record
    }

    private struct Reading {
        var parsed: ParsedFeed
        var record: FeedRecord
    }

    private static func read(
        _ input: [UInt8], _ response: FeedResponse, _ options: FeedOptions
    ) throws(FeedError) -> Reading {
        guard input.count <= Limits.inputBytes else { throw .tooLarge(bytes: input.count) }
        let bytes = try unpacked(input)
        let decoded = FeedEncoding.decode(bytes[...], response)
        guard let first = decoded.bytes.first(where: { !ASCII.isBlank($0) }) else { throw .notAFeed(seen: "no text") }
        var reading: Reading
        if first == UInt8(ascii: "{") {
            reading = try json(decoded.bytes, options)
        } else if let sitemap = SitemapReader.readText(decoded.bytes, options) {
            reading = Reading(parsed: sitemap.parsed, record: sitemap.record)
        } else {
            reading = try ByteSpan.of(decoded.bytes) { bytes throws(FeedError) in try xml(bytes, response, options) }
        }
        let bozo = reading.record.bozo ?? decoded.bozo
        reading.record.bozo = bozo
        reading.parsed.bozo = bozo
        reading.record.encoding = decoded.name
        reading.record.modified = response.lastModified.map { Array($0.utf8) }
        reading.record.etag = response.etag.map { Array($0.utf8) }
        return reading
    }

    private static func json(_ bytes: [UInt8], _ options: FeedOptions) throws(FeedError) -> Reading {
        do throws(JSONError) {
            var reader = try JSONFeedReader(bytes, options)
            try reader.read()
            return Reading(parsed: reader.parsed, record: reader.record)
        } catch {
            throw .malformed(error)
        }
    }

    private static func xml(
        _ bytes: ByteSpan, _ response: FeedResponse, _ options: FeedOptions
    ) throws(FeedError) -> Reading {
        var scout = XMLReader(bytes)
        var token = scout.next()
        while token == .text { token = scout.next() }
        guard token == .start else { throw .notAFeed(seen: "text without an element") }
        let format: ParsedFeed.Format
        switch scout.word {
        case .rss, .channel: format = .rss
        case .rdf: format = .rdf
        case .feed: format = .atom
        case .urlset, .sitemapindex:
            var reader = SitemapReader(bytes, options)
            reader.read()
            return Reading(parsed: reader.parsed, record: reader.record)
        default:
            let name = String(decoding: bytes[scout.nameRange].prefix(40), as: UTF8.self)
            throw .notAFeed(seen: "an XML document of \(name)")
        }
        var reader = XMLFeedReader(
            bytes, base: response.base, language: response.contentLanguage.map { Array($0.utf8) }, options: options)
        if let doctype = scout.doctype, isNetscape(bytes[doctype]) { reader.version = "rss091n" }
        reader.read()
        return reading(reader, format)
    }

    private static func reading(_ reader: borrowing XMLFeedReader, _ format: ParsedFeed.Format) -> Reading {
        var record = FeedRecord()
        record.version = reader.version
        record.bozo = reader.xml.repair
        record.namespaces = reader.namespaces
        record.feed = reader.scopes[XMLFeedReader.Scope.feed.rawValue]
        record.entries = reader.entries
        record.names = reader.xml.names
        let frame = reader.articleFeed
        let link = record.feed.text(.link).map { String(decoding: $0, as: UTF8.self) }
        let parsed = ParsedFeed(
            format: format, title: frame.title, link: link, language: frame.language, entries: reader.articles,
            bozo: record.bozo)
        return Reading(parsed: parsed, record: record)
    }

    /// The DTD of RSS 0.91 tells Netscape's from Userland's.
    private static func isNetscape(_ doctype: ByteSpan) -> Bool {
        ByteSearch.first("netscape", in: doctype.prefix(1024).map(ASCII.lowercased), from: 0) != nil
    }

    /// Unpacks gzip, which servers send as files too.
    private static func unpacked(_ bytes: [UInt8]) throws(FeedError) -> [UInt8] {
        guard bytes.starts(with: [0x1F, 0x8B]) else { return bytes }
        let limit = min(Limits.inputBytes, bytes.count * maxGrowth + (1 << 20))
        var out: [UInt8] = []
        do {
            try Unpacker(.gzip).append(bytes) { piece in
                guard out.count + piece.count <= limit else { throw FeedError.tooLarge(bytes: out.count + piece.count) }
                out.append(contentsOf: piece)
            }
        } catch let error as FeedError {
            throw error
        } catch {
            // A cut file is read as far as it goes.
            if out.isEmpty { throw .damaged("\(error)") }
        }
        return out
    }
}
