import News

/// A page as the JSON that `coranto extract` prints.
package enum PageJSON {
    package enum Detail: Sendable {
        /// Text and metadata.
        case plain
        /// Also the role of each paragraph, and what was cut.
        case full
    }

    package static func line(_ page: Page, id: String, _ detail: Detail) -> [UInt8] {
        var out = JSONObjectWriter(reservingBytes: page.paragraphs.reduce(1024) { $0 + $1.text.utf8.count * 9 / 8 })
        let metadata = page.metadata
        out.required("id", id)
        out.member("title", metadata.title)
        out.member("authors", metadata.authors)
        out.member("published", metadata.published.map(time))
        out.member("published_precision", metadata.published?.precision.name)
        out.member("published_from", metadata.published?.from)
        out.member("updated", metadata.updated.map(time))
        out.member("lang", metadata.language)
        out.member("canonical_url", metadata.canonicalURL)
        out.member("amp_url", metadata.ampURL)
        out.member("site_name", metadata.siteName)
        out.member("description", metadata.description)
        out.member("section", metadata.section)
        out.member("tags", metadata.tags)
        out.member("image", metadata.image)
        out.required("text", page.text)
        guard case .full = detail else { return out.finish() }
        out.member("paragraphs", page.paragraphs) { inner, paragraph in
            inner.required("role", String(describing: paragraph.role))
            inner.required("text", paragraph.text)
        }
        out.member("removed", page.removed) { inner, removed in
            inner.required("reason", removed.reason.rawValue)
            inner.required("text", removed.text)
        }
        return out.finish()
    }

    package static func error(_ message: String, id: String) -> [UInt8] {
        var out = JSONObjectWriter()
        out.required("id", id)
        out.required("error", message)
        return out.finish()
    }

    /// RFC 3339 with the stated offset.
    private static func time(_ published: PublishedTime) -> String {
        ArticleJSON.time(published.at, offsetMinutes: published.offsetMinutes)
    }
}

/// One line of a batch: a page's file, and where it came from.
package struct PageRequest: Sendable, Equatable {
    package var id: String
    package var file: String
    package var url: String?

    /// Reads `{"id", "file", "url"}`; `id` is the file's name if it is not there.
    package init(_ line: ArraySlice<UInt8>) throws(JSONError) {
        var scanner = try JSONScanner(validating: line)
        var (id, file, url): (String?, String?, String?)
        try scanner.forEachMember { (scanner, name) throws(JSONError) in
            let name = try scanner.text(name)
            let value = try scanner.value()
            switch (name, value.kind) {
            case ("id", .string(let text)): id = try scanner.text(text)
            case ("id", .number): id = String(decoding: scanner.bytes[value.range], as: UTF8.self)
            case ("file", .string(let text)): file = try scanner.text(text)
            case ("url", .string(let text)): url = try scanner.text(text)
            default: break
            }
        }
        try scanner.requireEnd()
        guard let file else { throw scanner.error("no \"file\"") }
        self.file = file
        self.id = id ?? file
        self.url = url
    }
}
