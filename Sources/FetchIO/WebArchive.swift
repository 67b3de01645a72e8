import ByteCoding
package import News

/// Responses as they came, in the WARC format (ISO 28500, version 1.1), each record a zstd frame of its own.
///
/// A record is a `response` with the HTTP status line, the headers and the body; bodies are as curl hands them over, without
/// transfer and content encodings, so those headers are left out and the length is the body's. `WARC-Date` is when the fetcher
/// took the answer, in milliseconds: what it saw first in it, it saw first then. `Coranto-Feed` names the feed.
///
/// Of a feed whose pages are wanted, `Coranto-Entry` of a later record says whose page it is, by key: an entry of the feed's last
/// response was sent with what stands in it. One that was sent without has a record of type `metadata` that says so.
package enum WebArchive {
    package struct Record: Equatable, Sendable {
        package enum Kind: Equatable, Sendable {
            /// Of the feed; its new entries are sent as they stand in it.
            case feed
            /// Of the feed; its new entries are sent when their pages were asked for.
            case feedWithPages
            case page(of: ArticleKey)
            /// No response: what an entry leads to could not be had.
            case noPage(of: ArticleKey)
        }

        package var kind: Kind
        package var feed: String
        package var address: String
        package var takenAt: Timestamp
        package var status: Int
        package var headers: [Header]
        package var body: [UInt8]

        package var contentType: String? { headers.first { $0.name.lowercased() == "content-type" }?.value }

        /// As the Content-Type says.
        package var charset: String? { contentType.flatMap(HTTPResponse.charset) }

        package struct Header: Equatable, Sendable {
            package var name: String
            package var value: String
        }

        package init(
            _ kind: Kind = .feed, feed: String, address: String, takenAt: Timestamp, status: Int = 0,
            headers: [(name: String, value: String)] = [], body: [UInt8] = []
        ) {
            self.kind = kind
            self.feed = feed
            self.address = address
            self.takenAt = takenAt
            self.status = status
            self.headers = headers.map { Header(name: $0.name, value: $0.value) }
            self.body = body
        }
    }

    package struct Failure: Error, Equatable, CustomStringConvertible {
        package var description: String
    }

    /// Of the bytes that say how they were packed on the way.
    private static let onTheWay = ["content-encoding", "transfer-encoding", "content-length"]

    // MARK: Writing

    package static func encode(_ record: Record) -> [UInt8] {
        var type = "response"
        var mark = ""
        switch record.kind {
        case .feed: break
        case .feedWithPages: mark = "Coranto-Pages: wanted\r\n"
        case .page(let key): mark = "Coranto-Entry: \(key.hex)\r\n"
        case .noPage(let key):
            type = "metadata"
            mark = "Coranto-Entry: \(key.hex)\r\n"
        }
        let isResponse = type == "response"
        let block = isResponse ? response(record) : Array("page: none\r\n".utf8)
        var head = "WARC/1.1\r\nWARC-Type: \(type)\r\n"
        head += "WARC-Record-ID: <urn:uuid:\(identity(of: block, record))>\r\n"
        head += "WARC-Date: \(WebArchiveDate.text(record.takenAt))\r\n"
        head += "WARC-Target-URI: \(line(record.address))\r\n"
        head += "Coranto-Feed: \(line(record.feed))\r\n\(mark)"
        head += "WARC-Block-Digest: sha256:\(SHA256.hash(of: block).hex)\r\n"
        head += "Content-Type: \(isResponse ? "application/http;msgtype=response" : "application/warc-fields")\r\n"
        head += "Content-Length: \(block.count)\r\n\r\n"
        return Array(head.utf8) + block + Array("\r\n\r\n".utf8)
    }

    private static func response(_ record: Record) -> [UInt8] {
        var block: [UInt8] = Array("HTTP/1.1 \(record.status) \r\n".utf8)
        for header in record.headers where !onTheWay.contains(header.name.lowercased()) {
            block += "\(line(header.name)): \(line(header.value))\r\n".utf8
        }
        block += "Content-Length: \(record.body.count)\r\n\r\n".utf8
        return block + record.body
    }

    /// A line end in a value would begin another header.
    private static func line(_ text: String) -> String {
        String(decoding: text.utf8.filter { $0 != 10 && $0 != 13 }, as: UTF8.self)
    }

    /// A UUID (RFC 9562, version 8) of what the record holds: the same record has the same everywhere.
    private static func identity(of block: [UInt8], _ record: Record) -> String {
        let name = Array("\(record.address)\n\(record.takenAt.milliseconds)\n".utf8) + block
        var bytes = Array(SHA256.hash(of: name).bytes.prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = Array(bytes.map { String(UInt16($0) | 0x100, radix: 16).suffix(2) }.joined())
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(hex[$0]) }.joined(separator: "-")
    }

    // MARK: Reading

    /// Takes records out of bytes that come piece by piece.
    package struct Reader {
        /// Longest head of a record, and longest record that is taken.
        static let headLimitBytes = 1 << 20
        static let blockLimitBytes = 64 << 20

        private var bytes: [UInt8] = []
        private var start = 0
        private(set) var offset = 0

        package init() {}

        package mutating func append(_ piece: ArraySlice<UInt8>) {
            if start > 1 << 20 {
                bytes.removeFirst(start)
                start = 0
            }
            bytes += piece
        }

        /// The next record of a feed; others are passed over.
        ///
        /// - Returns: nil if more bytes are needed.
        /// - Throws: if this is no WARC.
        package mutating func next() throws(Failure) -> Record? {
            while true {
                while start < bytes.count, bytes[start] == 13 || bytes[start] == 10 { start += 1 }
                guard let (fields, blockStart) = try head() else { return nil }
                guard let length = fields["content-length"].flatMap({ Int($0) }),
                    (0...Self.blockLimitBytes).contains(length)
                else { throw failure("a record without a length, or with one that is too large") }
                guard blockStart + length <= bytes.count else { return nil }
                let block = bytes[blockStart..<(blockStart + length)]
                offset += blockStart + length - start
                start = blockStart + length
                guard let feed = fields["coranto-feed"] else { continue }
                let entry = fields["coranto-entry"].flatMap { ArticleKey(hex: $0) }
                if fields["warc-type"] == "response" {
                    return try response(fields, feed, entry, block)
                } else if fields["warc-type"] == "metadata", let entry {
                    let (address, date) = try origin(fields)
                    return Record(.noPage(of: entry), feed: feed, address: address, takenAt: date)
                }
            }
        }

        /// Whether all that was given was read.
        package var isAtEnd: Bool { bytes[start...].allSatisfy { $0 == 13 || $0 == 10 } }

        private func failure(_ what: String) -> Failure { Failure(description: "\(what), at offset \(offset)") }

        private func head() throws(Failure) -> (fields: [String: String], end: Int)? {
            guard let end = Self.end(ofHeadIn: bytes[start...]) else {
                guard bytes.count - start < Self.headLimitBytes else { throw failure("no head of a record") }
                return nil
            }
            let lines = Self.lines(bytes[start..<end])
            guard lines.first?.hasPrefix("WARC/1.") == true else { throw failure("no WARC record") }
            var fields: [String: String] = [:]
            for (name, value) in Self.fields(lines.dropFirst()) { fields[name.lowercased()] = value }
            return (fields, end)
        }

        private func origin(_ fields: [String: String]) throws(Failure) -> (address: String, date: Timestamp) {
            guard let address = fields["warc-target-uri"], let date = fields["warc-date"].flatMap(WebArchiveDate.time)
            else { throw failure("a record without address or date") }
            return (address, date)
        }

        private func response(
            _ fields: [String: String], _ feed: String, _ entry: ArticleKey?, _ block: ArraySlice<UInt8>
        ) throws(Failure) -> Record {
            let (address, date) = try origin(fields)
            guard let end = Self.end(ofHeadIn: block) else { throw failure("a response without a head") }
            if let digest = fields["warc-block-digest"], digest.hasPrefix("sha256:"),
                digest.dropFirst(7) != SHA256.hash(of: block).hex
            {
                throw failure("the digest of a record is not that of its bytes")
            }
            let lines = Self.lines(block[..<end])
            guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
                throw failure("a response without a status")
            }
            let isWithPages = fields["coranto-pages"] == "wanted"
            return Record(
                entry.map { .page(of: $0) } ?? (isWithPages ? .feedWithPages : .feed), feed: feed, address: address,
                takenAt: date, status: status, headers: Self.fields(lines.dropFirst()),
                body: Array(block[end...]))
        }

        private static func end(ofHeadIn bytes: ArraySlice<UInt8>) -> Int? {
            var index = bytes.startIndex
            while index + 3 < bytes.endIndex {
                if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 {
                    return index + 4
                }
                index += 1
            }
            return nil
        }

        private static func lines(_ bytes: ArraySlice<UInt8>) -> [String] {
            bytes.split(separator: 10).map { line in
                String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
            }
        }

        private static func fields(_ lines: ArraySlice<String>) -> [(name: String, value: String)] {
            lines.compactMap { line in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                return (String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " }))
            }
        }
    }
}

/// "2026-11-27T19:41:08.123Z", the form of WARC 1.1 with milliseconds.
package enum WebArchiveDate {
    package static func text(_ time: Timestamp) -> String {
        let (seconds, rest) = time.milliseconds.quotientAndRemainder(dividingBy: 1000)
        let civil = CivilTime(secondsSinceEpoch: rest < 0 ? seconds - 1 : seconds)
        func digits(_ value: Int, _ count: Int) -> String {
            String(repeating: "0", count: max(0, count - String(value).count)) + String(value)
        }
        let day = "\(digits(civil.year, 4))-\(digits(civil.month, 2))-\(digits(civil.day, 2))"
        let clock = "\(digits(civil.hour, 2)):\(digits(civil.minute, 2)):\(digits(civil.second, 2))"
        return "\(day)T\(clock).\(digits(Int(rest < 0 ? rest + 1000 : rest), 3))Z"
    }

    /// - Returns: nil for anything but that form, with milliseconds or without.
    static func time(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard bytes.count == 20 || bytes.count == 24, bytes.last == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].reduce(Int?.some(0)) { sum, byte in
                guard let sum, ASCII.isDigit(byte) else { return nil }
                return sum * 10 + Int(byte - 0x30)
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19),
            let rest = bytes.count == 24 ? number(20..<23) : 0
        else { return nil }
        let civil = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        guard civil.isValid else { return nil }
        return Timestamp(milliseconds: civil.secondsSinceEpoch * 1000 + Int64(rest))
    }
}
