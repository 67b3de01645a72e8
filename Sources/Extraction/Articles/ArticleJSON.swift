import ByteCoding
package import News

/// Writes an article as the JSON people and programs get (docs/identity.md, "JSON articles"): members in a fixed order,
/// absent ones left out, so that the same article always gives the same bytes.
package enum ArticleJSON {
    /// A line for a PUT. It says no version: that is made of the record by whoever reads the line.
    package static func line(_ incoming: IncomingArticle) -> [UInt8] {
        write(incoming.article, key: incoming.key, version: nil)
    }

    /// Reading the result with `ArticleReader` gives the same record, key and version back.
    ///
    /// - Parameters:
    ///   - version: nil leaves out what is derived from the record, so that the result can be changed and read again.
    ///   - copyGroup: derived; key that names the group of copies.
    ///   - story: derived; key that names the story.
    package static func write(
        _ article: Article, key: ArticleKey, version: Version?, copyGroup: ArticleKey? = nil, story: ArticleKey? = nil
    ) -> [UInt8] {
        var out = JSONObjectWriter(reservingBytes: (article.body?.utf8.count ?? 0) * 9 / 8 + 1024)
        out.member("key", key.hex)
        out.member("version", version.map { Hex.string($0.bytes) })
        out.member("guid", article.guid)
        out.member("url", article.url)
        out.member("canonical_url", article.canonicalURL)
        out.member("provider", article.provider)
        out.member("source", article.source)
        out.member("agency", article.agency)
        out.member("headline", article.headline)
        out.member("slugs", article.slugs)
        out.member("ed_note", article.edNote)
        out.member("dateline", article.dateline)
        out.member("located", article.located)
        out.member("by", article.by)
        out.member("authors", article.authors)
        if let published = article.published {
            out.member("published") { inner in
                inner.member("at", time(published.at, offsetMinutes: published.offsetMinutes))
                inner.required("from", published.from)
                inner.member("precision", published.precision.name)
            }
        }
        out.member("updated", article.updated.map { time($0) })
        out.member("fetched", article.firstSeen.map { time($0) })
        out.member("language", article.language)
        out.member("section", article.section)
        out.member("subjects", article.subjects)
        out.member("summary", article.summary)
        out.member("body", article.body)
        out.member("quotes", article.quotes) { inner, quote in
            inner.required("text", quote.text)
            if let speaker = quote.speaker { inner.required("speaker", speaker) }
        }
        out.member("media", article.media) { inner, item in
            if let url = item.url { inner.required("url", url) }
            if let caption = item.caption { inner.required("caption", caption) }
            if let credit = item.credit { inner.required("credit", credit) }
        }
        out.member("removed", article.removed)
        out.member("content_hash", version?.contentHash.hex)
        out.member("copy_group", copyGroup?.hex)
        out.member("story", story?.hex)
        if article.extractorVersion != 0 { out.member("extractor_version", encoded: "\(article.extractorVersion)") }
        if let extra = article.extra { out.member("extra", encoded: extra) }
        return out.finish()
    }

    /// RFC 3339 with an offset, milliseconds only if there are any. Years beyond 0000…9999 get a sign (ISO 8601).
    package static func time(_ instant: Timestamp, offsetMinutes: Int16 = 0) -> String {
        let shifted = instant.milliseconds.addingReportingOverflow(Int64(offsetMinutes) * 60_000)
        let local = shifted.overflow ? instant.milliseconds : shifted.partialValue
        let millisecond = Int(((local % 1000) + 1000) % 1000)
        let civil = CivilTime(secondsSinceEpoch: (local - Int64(millisecond)) / 1000)
        var text =
            (0...9999).contains(civil.year)
            ? padded(civil.year, 4) : (civil.year < 0 ? "-" : "+") + padded(abs(civil.year), 4)
        text += "-" + padded(civil.month, 2) + "-" + padded(civil.day, 2)
        text += "T" + padded(civil.hour, 2) + ":" + padded(civil.minute, 2) + ":" + padded(civil.second, 2)
        if millisecond != 0 { text += "." + padded(millisecond, 3) }
        let offset = shifted.overflow ? 0 : abs(Int(offsetMinutes))
        return text + (offsetMinutes < 0 ? "-" : "+") + padded(offset / 60, 2) + ":" + padded(offset % 60, 2)
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

/// Writes one JSON object member by member. Absent and empty values are left out.
package struct JSONObjectWriter {
    private var out: [UInt8] = [UInt8(ascii: "{")]

    package init(reservingBytes count: Int = 256) { out.reserveCapacity(count) }

    package mutating func member(_ name: StaticString, _ text: String?) {
        if let text, !text.isEmpty { required(name, text) }
    }

    /// Also when it is empty.
    package mutating func required(_ name: StaticString, _ text: String) {
        begin(name)
        CanonicalJSON.appendString(text.utf8, to: &out)
    }

    package mutating func member(_ name: StaticString, _ texts: [String]) {
        guard !texts.isEmpty else { return }
        begin(name)
        out.append(UInt8(ascii: "["))
        for (index, text) in texts.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            CanonicalJSON.appendString(text.utf8, to: &out)
        }
        out.append(UInt8(ascii: "]"))
    }

    package mutating func member(_ name: StaticString, encoded json: String) {
        begin(name)
        out.append(contentsOf: json.utf8)
    }

    package mutating func member(_ name: StaticString, _ build: (inout JSONObjectWriter) -> Void) {
        var inner = JSONObjectWriter()
        build(&inner)
        begin(name)
        out.append(contentsOf: inner.finish())
    }

    package mutating func member<Item>(
        _ name: StaticString, _ items: [Item], _ build: (inout JSONObjectWriter, Item) -> Void
    ) {
        guard !items.isEmpty else { return }
        begin(name)
        out.append(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            var inner = JSONObjectWriter()
            build(&inner, item)
            out.append(contentsOf: inner.finish())
        }
        out.append(UInt8(ascii: "]"))
    }

    /// The whole object.
    package consuming func finish() -> [UInt8] {
        out.append(UInt8(ascii: "}"))
        return out
    }

    private mutating func begin(_ name: StaticString) {
        if out.count > 1 { out.append(UInt8(ascii: ",")) }
        out.append(UInt8(ascii: "\""))
        out.append(contentsOf: String(describing: name).utf8)
        out.append(contentsOf: "\":".utf8)
    }
}
