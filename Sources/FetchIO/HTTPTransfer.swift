/// What to fetch, and how much of it at most.
package struct HTTPRequest: Sendable {
    package var url: String
    package var headers: [(name: String, value: String)]
    /// Most bytes of the body after decoding; counted as they arrive.
    package var bodyLimitBytes: Int
    package var connectTimeoutMilliseconds: Int
    /// From start to end.
    package var timeoutMilliseconds: Int
    /// Slower than this many bytes a second for `patienceSeconds` ends it.
    package var slowestBytesPerSecond = 200
    package var patienceSeconds = 20
    /// What the name server is taken to have answered, "host:port:address", for tests of names that change.
    var names: [String] = []

    package init(
        url: String, headers: [(name: String, value: String)] = [], bodyLimitBytes: Int = 24 << 20,
        connectTimeoutMilliseconds: Int = 10_000, timeoutMilliseconds: Int = 120_000
    ) {
        self.url = url
        self.headers = headers
        self.bodyLimitBytes = bodyLimitBytes
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

package struct HTTPResponse: Sendable {
    /// Of a redirect too: it is not followed.
    package var status: Int
    package var url: String
    /// In their order.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, url: String, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// The first header of that name, whatever its letters' case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var charset: String? { header("content-type").flatMap(Self.charset) }

    /// The charset parameter of a Content-Type.
    package static func charset(in type: String) -> String? {
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
        /// The decoded body exceeds the request's limit, or the headers theirs.
        case tooLarge = "too large"
        /// All bodies together exceed what the client may hold.
        case noRoom = "no room"
        /// The server broke the protocol or the connection.
        case transfer = "transfer broken"
        case stopped = "client stopped"
    }

    package let code: Code
    package let url: String
    package let message: String

    package var description: String { "cannot fetch \(url): \(code.rawValue) (\(message))" }

    /// - Parameter address: in CIDR form.
    static func refusedAddress(_ address: String, _ request: HTTPRequest) -> HTTPError {
        HTTPError(
            code: .refusedAddress, url: request.url, message: "\(address) is not public; see --allow-address")
    }
}

/// The headers of a response, line by line as curl hands them over. Interim responses (103) come before it.
struct HeaderLines {
    private(set) var headers: [(name: String, value: String)] = []
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
        } else if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append((String(text[..<colon]), String(value)))
        }
        return true
    }
}
