import News

/// One line of a batch: a file to read as a feed, and what came with it.
package struct FeedBatchLine: Sendable {
    package var id: String
    package var file: String
    package var url = ""
    package var headers: [(name: String, value: String)] = []

    /// Reads `{"id", "file", "url", "headers"}`; `id` is the file's name if it is not there.
    package init(_ line: ArraySlice<UInt8>) throws(JSONError) {
        var scanner = try JSONScanner(validating: line)
        var (id, file, url): (String?, String?, String?)
        var headers: [(String, String)] = []
        try scanner.forEachMember { (scanner, name) throws(JSONError) in
            let name = try scanner.text(name)
            let value = try scanner.value()
            switch (name, value.kind) {
            case ("id", .string(let text)): id = try scanner.text(text)
            case ("id", .number): id = String(decoding: scanner.bytes[value.range], as: UTF8.self)
            case ("file", .string(let text)): file = try scanner.text(text)
            case ("url", .string(let text)): url = try scanner.text(text)
            case ("headers", .object):
                var inner = JSONScanner(scanner, at: value.range)
                try inner.forEachMember { (inner, name) throws(JSONError) in
                    let name = try inner.text(name)
                    if case .string(let text) = try inner.value().kind { headers.append((name, try inner.text(text))) }
                }
            default: break
            }
        }
        try scanner.requireEnd()
        guard let file else { throw scanner.error("no \"file\"") }
        self.file = file
        self.id = id ?? file
        self.url = url ?? ""
        self.headers = headers
    }

    package var response: FeedResponse {
        var response = FeedResponse(url: url)
        for (name, value) in headers { response.setHeader(name, value) }
        return response
    }
}
