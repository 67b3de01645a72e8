import News

/// What encoding a page is in, as the HTML standard finds it: byte order mark, HTTP header, the page's own word, a guess.
enum HTMLEncoding {
    /// - Parameter contentType: of the HTTP response, if there was one.
    /// - Returns: UTF-8.
    static func decode(_ page: ArraySlice<UInt8>, contentType: String?) -> [UInt8] {
        let transport = contentType.flatMap { charset(inContent: Array($0.utf8)[...]) }
        return Charset.decode(page, declared: [transport, declared(in: page)]).bytes
    }

    /// The standard looks into 1024 bytes; pages that were saved have more before it.
    private static let prescanBytes = 8192

    /// What `<meta charset>` or `<meta http-equiv="content-type" content="…; charset=…">` says.
    static func declared(in page: ArraySlice<UInt8>) -> String? {
        var tokens = HTMLTokens(Array(page.prefix(prescanBytes)))
        while let token = tokens.next() {
            guard token.kind == .start, token.tag == .meta else { continue }
            let attributes = tokens.attributes[token.attributes]
            func value(_ key: HTMLAttribute) -> ArraySlice<UInt8>? {
                attributes.first { $0.key == key }.map { tokens.buffer[$0.value.indices] }
            }
            if let named = value(.charset), !named.isEmpty { return name(String(decoding: named, as: UTF8.self)) }
            guard let content = value(.content), let equiv = value(.httpEquiv),
                equiv.map(ASCII.lowercased).elementsEqual("content-type".utf8)
            else { continue }
            if let named = charset(inContent: content) { return name(named) }
        }
        return nil
    }

    /// A page that could be read as far as its own declaration is not in UTF-16, whatever it says.
    private static func name(_ declared: String) -> String {
        let lower = declared.lowercased()
        if lower.hasPrefix("utf-16") || lower.hasPrefix("utf-32") { return "utf-8" }
        return lower == "x-user-defined" ? "windows-1252" : declared
    }

    /// The name after "charset=".
    private static func charset(inContent content: ArraySlice<UInt8>) -> String? {
        let lower = content.map(ASCII.lowercased)
        var place = 0
        while let found = HTMLTokenizer.firstRange(of: Array("charset".utf8), in: lower[place...]) {
            place = found + 7
            var rest = lower[place...].drop(while: ASCII.isBlank)
            guard rest.first == UInt8(ascii: "=") else { continue }
            rest = rest.dropFirst().drop { ASCII.isBlank($0) || $0 == 0x22 || $0 == 0x27 }
            let name = rest.prefix { ASCII.isAlphanumeric($0) || "-_:.".utf8.contains($0) }
            return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
        }
        return nil
    }
}
