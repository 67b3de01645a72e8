/// What to fetch, and how much of it at most.
package struct HTTPRequest: Sendable {
    package var url: String
    package var headers: [(name: String, value: String)]
    /// Most bytes of the body after decoding; counted as they arrive.
    package var bodyLimitBytes: Int
    package var connectTimeoutMilliseconds: Int
    /// From start to end, redirects included.
    package var timeoutMilliseconds: Int
    package var redirectLimitCount: Int

    package init(
        url: String, headers: [(name: String, value: String)] = [], bodyLimitBytes: Int = 32 << 20,
        connectTimeoutMilliseconds: Int = 10_000, timeoutMilliseconds: Int = 60_000, redirectLimitCount: Int = 5
    ) {
        self.url = url
        self.headers = headers
        self.bodyLimitBytes = bodyLimitBytes
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.timeoutMilliseconds = timeoutMilliseconds
        self.redirectLimitCount = redirectLimitCount
    }
}

package struct HTTPResponse: Sendable {
    package var status: Int
    /// Where the redirects led.
    package var url: String
    /// `url`, if there were redirects and each said that it is for good (301, 308).
    package var permanentURL: String?
    /// Of the last response, in their order.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    /// The first header of that name, whatever its letters' case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The charset parameter of Content-Type.
    package var charset: String? {
        guard let type = header("content-type") else { return nil }
        for part in type.split(separator: ";").dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            if pair.count == 2, pair[0].filter({ $0 != " " }).lowercased() == "charset" {
                return String(pair[1].filter { $0 != " " && $0 != "\"" && $0 != "'" })
            }
        }
        return nil
    }
}

package struct HTTPError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The address is private, and nobody allowed it.
        case refusedAddress = "refused address"
        case badURL = "bad url"
        case resolve = "name not resolved"
        case connect = "no connection"
        case timeout = "timed out"
        case tls = "tls"
        case tooManyRedirects = "too many redirects"
        /// The decoded body exceeds the request's limit.
        case tooLarge = "too large"
        /// The server broke the protocol or the connection.
        case transfer = "transfer broken"
        case stopped = "client stopped"
    }

    package let code: Code
    package let url: String
    package let message: String

    package var description: String { "cannot fetch \(url): \(code.rawValue) (\(message))" }
}

/// What headers of a chain of redirects say, line by line as curl hands them over.
struct HeaderLines {
    private(set) var headers: [(name: String, value: String)] = []
    /// Status of each response so far, interim ones left out.
    private(set) var statuses: [Int] = []
    private var byteCount = 0

    /// Headers of one response may not have more in all; curl's own limit is 100 KiB a line.
    static let maxBytes = 256 << 10

    /// - Returns: false if there are too many.
    mutating func append(_ line: [UInt8]) -> Bool {
        byteCount += line.count
        guard byteCount <= Self.maxBytes else { return false }
        // Header bytes beyond ASCII have no meaning that all agree on; U+FFFD is good enough.
        let text = String(decoding: line, as: UTF8.self).filter { $0 != "\r\n" && $0 != "\n" && $0 != "\r" }
        if text.hasPrefix("HTTP/") {
            headers.removeAll()
            byteCount = line.count
            let words = text.split(separator: " ")
            if words.count >= 2, let status = Int(words[1]), status >= 200 { statuses.append(status) }
        } else if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append((String(text[..<colon]), String(value)))
        }
        return true
    }

    /// Whether there were redirects and all were permanent.
    var isPermanentMove: Bool { statuses.count > 1 && statuses.dropLast().allSatisfy { $0 == 301 || $0 == 308 } }
}
