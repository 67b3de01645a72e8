import News

/// The encoding of a feed: by what the answer's header, the declaration, the first bytes and, when nothing else helps, the
/// bytes' own look say, in the order of RFC 3023 that feed readers follow.
struct FeedEncoding {
    var bytes: [UInt8]
    /// As it was declared or found out; "" if none fits.
    var name: String
    /// What was not as declared.
    var bozo: String?

    static func decode(_ bytes: ArraySlice<UInt8>, _ response: FeedResponse) -> FeedEncoding {
        let mark = ByteOrderMark(bytes)
        let text = bytes.dropFirst(mark.length)
        var declared = declaration(text, mark)
        if let name = mark.name, let said = declared, generic.contains(said) { declared = name }
        if mark.name == nil, let said = declared, Charset.isWide(said) { declared = nil }
        let media = MediaType(response.contentType)
        let first = media.encoding(declared ?? mark.name)
        var bozo: String?
        if let said = response.contentType, !media.isXML, !media.isJSON {
            bozo = "\(said.prefix(80)) is no type of a feed"
        }
        var tried: [String] = []
        for proposal in [first, declared, mark.name, nil, "utf-8", "windows-1252", "iso-8859-2"] {
            // The bytes are asked when declarations have failed.
            guard let name = proposal ?? (tried.isEmpty ? nil : EncodingGuess.name(text)), !tried.contains(name) else {
                continue
            }
            tried.append(name)
            guard let decoded = Charset.strict(text, name) else { continue }
            if name != first { bozo = "declared as \(first.prefix(40)), read as \(name)" }
            return FeedEncoding(bytes: decoded, name: name, bozo: bozo)
        }
        return FeedEncoding(
            bytes: Charset.decode(text, declared: [first]).bytes, name: "", bozo: "bytes of no known encoding")
    }

    /// Names of wide encodings that leave the byte order open.
    private static let generic: Set<String> = [
        "u16", "utf-16", "utf16", "utf_16", "u32", "utf-32", "utf32", "utf_32", "iso-10646-ucs-2", "iso-10646-ucs-4",
        "csucs4", "csunicode", "ucs-2", "ucs-4",
    ]

    /// The encoding in an XML declaration, in small letters.
    private static func declaration(_ text: ArraySlice<UInt8>, _ mark: ByteOrderMark) -> String? {
        var head = Array(text.prefix(mark.isWide ? 1024 : 512))
        if let name = mark.name, mark.isWide {
            // Cut at whole units, so that the part is readable by itself.
            guard let readable = Charset.strict(head[..<(head.count & ~3)], name) else { return nil }
            head = readable
        }
        let start = head.drop(while: ASCII.isBlank)
        guard start.starts(with: "<?".utf8), let end = ByteSearch.first("?>", in: head, from: start.startIndex),
            let found = ByteSearch.first("encoding", in: head, from: start.startIndex), found < end
        else { return nil }
        let value = head[(found + 8)..<end].drop(while: ASCII.isBlank)
        guard value.first == 0x3D else { return nil }
        let quoted = value.dropFirst().drop(while: ASCII.isBlank)
        guard let quote = quoted.first, quote == 0x22 || quote == 0x27 else { return nil }
        let name = quoted.dropFirst().prefix { $0 != quote }
        guard !name.isEmpty, name.count <= 40 else { return nil }
        let lower = String(decoding: name.map(ASCII.lowercased), as: UTF8.self)
        // GB 18030 holds all of its forerunner, and files that say the one use the other.
        return lower == "gb2312" ? "gb18030" : lower
    }
}

/// What the first bytes say: a mark, or the look of "<?xm" in an encoding that is not like ASCII.
private struct ByteOrderMark {
    var name: String?
    var length = 0

    var isWide: Bool { name.map { $0 != "utf-8" } ?? false }

    init(_ bytes: ArraySlice<UInt8>) {
        let head = Array(bytes.prefix(4))
        func begins(_ mark: [UInt8]) -> Bool { head.starts(with: mark) }
        let isEmptyAfter = head.count == 4 && head[2] == 0 && head[3] == 0
        if begins([0, 0, 0xFE, 0xFF]) {
            (name, length) = ("utf-32be", 4)
        } else if begins([0xFF, 0xFE, 0, 0]) {
            (name, length) = ("utf-32le", 4)
        } else if begins([0xFE, 0xFF]), !isEmptyAfter {
            (name, length) = ("utf-16be", 2)
        } else if begins([0xFF, 0xFE]), !isEmptyAfter {
            (name, length) = ("utf-16le", 2)
        } else if begins([0xEF, 0xBB, 0xBF]) {
            (name, length) = ("utf-8", 3)
        } else if begins([0x4C, 0x6F, 0xA7, 0x94]) {
            name = "cp037"
        } else if begins([0, 0x3C, 0, 0x3F]) {
            name = "utf-16be"
        } else if begins([0x3C, 0, 0x3F, 0]) {
            name = "utf-16le"
        } else if begins([0, 0, 0, 0x3C]) {
            name = "utf-32be"
        } else if begins([0x3C, 0, 0, 0]) {
            name = "utf-32le"
        }
    }
}

/// A Content-Type header, as far as encodings go.
private struct MediaType {
    let name: String
    let charset: String?

    /// - Parameter header: nil for a file: then it is as good as "application/xml".
    init(_ header: String?) {
        var parts = (header ?? "application/xml").split(separator: ";", maxSplits: 16, omittingEmptySubsequences: false)
        name = TextSpace.trimmed(String(parts.removeFirst())).lowercased()
        var charset: String?
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, TextSpace.trimmed(String(pair[0])).lowercased() == "charset" else { continue }
            charset = String(TextSpace.trimmed(String(pair[1])).filter { $0 != "\"" && $0 != "'" })
        }
        self.charset = charset.flatMap { $0.isEmpty ? nil : $0 }
    }

    var isXML: Bool {
        ["application/xml", "application/xml-dtd", "application/xml-external-parsed-entity"].contains(name)
            || ["text/xml", "text/xml-external-parsed-entity"].contains(name)
            || (name.hasPrefix("application/") || name.hasPrefix("text/")) && name.hasSuffix("+xml")
    }

    var isJSON: Bool { name == "application/json" || name == "application/feed+json" || name == "text/json" }

    /// A text type says US-ASCII when it says nothing, and the declaration is not asked.
    func encoding(_ declared: String?) -> String {
        var said: String
        if isXML, name.hasPrefix("application/") {
            said = charset ?? declared ?? "utf-8"
        } else if name.hasPrefix("text/"), !isJSON {
            said = charset ?? "us-ascii"
        } else {
            said = charset.flatMap { isJSON ? $0 : nil } ?? declared ?? "utf-8"
        }
        if said.lowercased() == "gb2312" { said = "gb18030" }
        return said
    }
}
