package import ByteCoding

/// The one byte form of an article (docs/log-format.md, "Canonical record"): equal articles give equal bytes, and the
/// bytes travel unchanged from the log through the wire into the article store.
///
/// Form: version byte 1, then the present fields in ascending tag order, each as varint tag, varint length, bytes.
package enum CanonicalRecord {
    package static let formatVersion: UInt8 = 1

    /// Tags never change their meaning and are never used again.
    package enum Field: UInt8, Sendable, CaseIterable {
        case url = 1
        case guid = 2
        case canonicalURL = 3
        case provider = 4
        case source = 5
        case agency = 6
        case headline = 7
        case slugs = 8
        case edNote = 9
        case dateline = 10
        case located = 11
        case by = 12
        case authors = 13
        case published = 14
        case updated = 15
        case firstSeen = 16
        case language = 17
        case section = 18
        case subjects = 19
        case summary = 20
        case body = 21
        case quotes = 22
        case media = 23
        case removed = 24
        case extra = 25
        case extractorVersion = 26
    }

    package static func encode(_ article: Article) -> [UInt8] {
        var out = ByteWriter(reservingBytes: (article.body?.utf8.count ?? 0) + 512)
        out.fixed(formatVersion)
        for field in Field.allCases { append(field, of: article, to: &out) }
        return out.bytes
    }

    /// Over headline, summary, body, by, published and media only: what a reader would call the content.
    package static func contentHash(of article: Article) -> Digest256 {
        var out = ByteWriter(reservingBytes: (article.body?.utf8.count ?? 0) + 256)
        for field in [Field.headline, .by, .published, .summary, .body, .media] { append(field, of: article, to: &out) }
        return SHA256.hash(of: out.bytes)
    }

    /// Version of an article whose canonical record is `record`.
    package static func version(of article: Article, record: [UInt8]) -> Version {
        Version(
            firstSeen: article.firstSeen, extractorVersion: article.extractorVersion,
            contentHash: contentHash(of: article), recordHash: SHA256.hash(of: record))
    }

    /// - Throws: if the bytes are not exactly what `encode` gives for some article.
    package static func decode(_ record: [UInt8]) throws(CodingError) -> Article {
        var article = Article()
        try forEachField(of: record) { (field, bytes) throws(CodingError) in try read(field, bytes, into: &article) }
        return article
    }

    /// Calls `body` with each field and its bytes, in order, without building an article.
    package static func forEachField(
        of record: [UInt8], _ body: (Field, ArraySlice<UInt8>) throws(CodingError) -> Void
    ) throws(CodingError) {
        var reader = ByteReader(record)
        let version: UInt8 = try reader.fixed()
        guard version == formatVersion else { throw .badValue(what: "record version \(version)", offset: 0) }
        var last: UInt8 = 0
        while !reader.isAtEnd {
            let start = reader.offset
            let tag = try reader.count("field tag", atMost: 255)
            guard let field = Field(rawValue: UInt8(tag)), field.rawValue > last else {
                throw .badValue(what: "field tag \(tag)", offset: start)
            }
            last = field.rawValue
            try body(field, try reader.lengthPrefixed(atMost: Limits.recordBytes))
        }
    }

    // MARK: Fields

    private static func append(_ field: Field, of article: Article, to out: inout ByteWriter) {
        func text(_ value: String?) {
            guard let value, !value.isEmpty else { return }
            out.varint(UInt64(field.rawValue))
            out.string(value)
        }
        func nested(_ isPresent: Bool, _ build: (inout ByteWriter) -> Void) {
            guard isPresent else { return }
            var inner = ByteWriter()
            build(&inner)
            out.varint(UInt64(field.rawValue))
            out.lengthPrefixed(inner.bytes)
        }
        func list(_ values: [String]) {
            nested(!values.isEmpty) { for value in values { $0.string(value) } }
        }
        func time(_ value: Timestamp?) {
            nested(value != nil) { $0.signedVarint(value!.milliseconds) }
        }
        switch field {
        case .url: text(article.url)
        case .guid: text(article.guid)
        case .canonicalURL: text(article.canonicalURL)
        case .provider: text(article.provider)
        case .source: text(article.source)
        case .agency: text(article.agency)
        case .headline: text(article.headline)
        case .slugs: list(article.slugs)
        case .edNote: text(article.edNote)
        case .dateline: text(article.dateline)
        case .located: text(article.located)
        case .by: text(article.by)
        case .authors: list(article.authors)
        case .published:
            nested(article.published != nil) {
                let published = article.published!
                $0.signedVarint(published.at.milliseconds)
                $0.signedVarint(Int64(published.offsetMinutes))
                $0.fixed(published.precision.rawValue)
                $0.string(published.from)
            }
        case .updated: time(article.updated)
        case .firstSeen: time(article.firstSeen)
        case .language: text(article.language)
        case .section: text(article.section)
        case .subjects: list(article.subjects)
        case .summary: text(article.summary)
        case .body: text(article.body)
        case .quotes:
            nested(!article.quotes.isEmpty) {
                for quote in article.quotes {
                    $0.string(quote.text)
                    optional(quote.speaker, to: &$0)
                }
            }
        case .media:
            nested(!article.media.isEmpty) {
                for item in article.media {
                    optional(item.url, to: &$0)
                    optional(item.caption, to: &$0)
                    optional(item.credit, to: &$0)
                }
            }
        case .removed: list(article.removed)
        case .extra: text(article.extra)
        case .extractorVersion:
            nested(article.extractorVersion != 0) { $0.varint(UInt64(article.extractorVersion)) }
        }
    }

    /// 0 for nil, else length + 1 and the bytes: nil and "" differ.
    private static func optional(_ value: String?, to out: inout ByteWriter) {
        guard let value else {
            out.varint(0)
            return
        }
        out.varint(value.utf8.count + 1)
        out.raw(value.utf8)
    }

    private static func optional(from reader: inout ByteReader) throws(CodingError) -> String? {
        let count = try reader.count("length", atMost: Limits.recordBytes)
        guard count > 0 else { return nil }
        let start = reader.offset
        guard let text = String(validating: try reader.raw(count - 1), as: UTF8.self) else {
            throw .badValue(what: "UTF-8", offset: start)
        }
        return text
    }

    private static func read(
        _ field: Field, _ bytes: ArraySlice<UInt8>, into article: inout Article
    ) throws(CodingError) {
        var reader = ByteReader(bytes)
        func text() throws(CodingError) -> String {
            guard !bytes.isEmpty, let value = String(validating: bytes, as: UTF8.self) else {
                throw .badValue(what: "text of field \(field.rawValue)", offset: 0)
            }
            return value
        }
        switch field {
        case .url: article.url = try text()
        case .guid: article.guid = try text()
        case .canonicalURL: article.canonicalURL = try text()
        case .provider: article.provider = try text()
        case .source: article.source = try text()
        case .agency: article.agency = try text()
        case .headline: article.headline = try text()
        case .slugs: article.slugs = try strings(&reader)
        case .edNote: article.edNote = try text()
        case .dateline: article.dateline = try text()
        case .located: article.located = try text()
        case .by: article.by = try text()
        case .authors: article.authors = try strings(&reader)
        case .published:
            let at = Timestamp(milliseconds: try reader.signedVarint())
            let offset = try reader.signedVarint()
            let rawPrecision: UInt8 = try reader.fixed()
            guard let minutes = Int16(exactly: offset), let precision = PublishedTime.Precision(rawValue: rawPrecision)
            else { throw .badValue(what: "published time", offset: 0) }
            article.published = PublishedTime(
                at: at, offsetMinutes: minutes, precision: precision, from: try reader.string())
            try reader.requireEnd()
        case .updated: article.updated = try time(&reader)
        case .firstSeen: article.firstSeen = try time(&reader)
        case .language: article.language = try text()
        case .section: article.section = try text()
        case .subjects: article.subjects = try strings(&reader)
        case .summary: article.summary = try text()
        case .body: article.body = try text()
        case .quotes:
            while !reader.isAtEnd {
                let text = try reader.string()
                article.quotes.append(Article.Quote(text: text, speaker: try optional(from: &reader)))
            }
        case .media:
            while !reader.isAtEnd {
                let url = try optional(from: &reader)
                let caption = try optional(from: &reader)
                article.media.append(Article.Media(url: url, caption: caption, credit: try optional(from: &reader)))
            }
        case .removed: article.removed = try strings(&reader)
        case .extra: article.extra = try text()
        case .extractorVersion:
            guard let version = UInt32(exactly: try reader.varint()), version != 0 else {
                throw .badValue(what: "extractor version", offset: 0)
            }
            article.extractorVersion = version
            try reader.requireEnd()
        }
    }

    private static func strings(_ reader: inout ByteReader) throws(CodingError) -> [String] {
        var values: [String] = []
        while !reader.isAtEnd { values.append(try reader.string()) }
        return values
    }

    private static func time(_ reader: inout ByteReader) throws(CodingError) -> Timestamp {
        let value = Timestamp(milliseconds: try reader.signedVarint())
        try reader.requireEnd()
        return value
    }
}
