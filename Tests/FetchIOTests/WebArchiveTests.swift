import ByteCoding
import Foundation
import News
import Testing

@testable import FetchIO

@Suite("Web archive")
struct WebArchiveTests {
    private func record(_ body: String, at milliseconds: Int64 = 1_764_272_468_123) -> WebArchive.Record {
        WebArchive.Record(
            feed: "https://a.example/feed", address: "https://a.example/new",
            takenAt: Timestamp(milliseconds: milliseconds),
            status: 200, headers: [("Content-Type", "text/xml; charset=latin1"), ("ETag", "\"e\"")],
            body: Array(body.utf8))
    }

    private func read(_ bytes: [UInt8], pieceBytes: Int) throws -> [WebArchive.Record] {
        var reader = WebArchive.Reader()
        var records: [WebArchive.Record] = []
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            reader.append(bytes[start..<min(start + pieceBytes, bytes.count)])
            while let record = try reader.next() { records.append(record) }
        }
        return records
    }

    @Test("a record looks as the standard says")
    func form() {
        let text = String(decoding: WebArchive.encode(record("<rss/>")), as: UTF8.self)
        #expect(text.hasPrefix("WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:"))
        for line in [
            "WARC-Date: 2025-11-27T19:41:08.123Z", "WARC-Target-URI: https://a.example/new",
            "Content-Type: application/http;msgtype=response", "HTTP/1.1 200 ", "Content-Length: 6",
        ] { #expect(text.contains("\r\n" + line + "\r\n"), "\(line)") }
        #expect(text.hasSuffix("\r\n\r\n<rss/>\r\n\r\n"))
        #expect(WebArchive.encode(record("<rss/>")) == WebArchive.encode(record("<rss/>")))
    }

    @Test("what was written is read again, in pieces of any size; records of other kinds are passed over")
    func reading() throws {
        var records = [record("one"), record("", at: -5), record("a\r\n\r\nb", at: 1000)]
        let info = "WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 4\r\n\r\nabcd\r\n\r\n"
        let key = ArticleKey(high: 5, low: 7)
        records[1].kind = .page(of: key)
        records[2].kind = .feedWithPages
        records.append(
            WebArchive.Record(
                .noPage(of: key), feed: "https://a.example/feed", address: "https://a.example/feed",
                takenAt: Timestamp(milliseconds: 7)))
        let bytes = WebArchive.encode(records[0]) + Array(info.utf8) + records[1...].flatMap(WebArchive.encode)
        var expected = records
        for index in expected.indices.dropLast() {
            expected[index].headers.append(.init(name: "Content-Length", value: "\(expected[index].body.count)"))
        }
        for pieceBytes in [1, 7, 100, 100_000] { #expect(try read(bytes, pieceBytes: pieceBytes) == expected) }
    }

    @Test("headers cannot be smuggled in, and those of the way are left out")
    func headers() throws {
        var evil = record("x")
        evil.address = "https://a.example/\r\nWARC-Type: request"
        evil.headers = [
            .init(name: "X", value: "a\r\nContent-Length: 900"), .init(name: "Content-Encoding", value: "gzip"),
        ]
        let found = try read(WebArchive.encode(evil), pieceBytes: 50)
        #expect(found.count == 1)
        #expect(found[0].headers.map(\.name) == ["X", "Content-Length"])
        #expect(found[0].body == Array("x".utf8))
    }

    @Test("each byte changed, and each cut: the record, an error or nothing, never another text")
    func damage() throws {
        let bytes = WebArchive.encode(record("<rss>text</rss>"))
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 0x20
            do throws(WebArchive.Failure) {
                var reader = WebArchive.Reader()
                reader.append(flipped[...])
                if let found = try reader.next() {
                    #expect(found.body == record("<rss>text</rss>").body || index < 400)
                }
            } catch { #expect(!error.description.isEmpty) }
            var reader = WebArchive.Reader()
            reader.append(bytes[..<index])
            if index < bytes.count - 4 { #expect(try reader.next() == nil) }
        }
    }

    @Test("files are begun anew when they are full, and what was cut short reads up to there")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "coranto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let writer = WebArchiveWriter(folder: folder.path, limitBytes: 400)
        for number in 0..<3 { try writer.append(record("body \(number)", at: Int64(number))) }
        try writer.close()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names.count > 1)
        var bodies: [String] = []
        for name in names {
            let packed = Array(try Data(contentsOf: folder.appending(path: name)))
            let unpacker = try Unpacker(.zstd)
            var bytes: [UInt8] = []
            try unpacker.append(packed) { bytes += $0 }
            bodies += try read(bytes, pieceBytes: 64).map { String(decoding: $0.body, as: UTF8.self) }
        }
        #expect(bodies == ["body 0", "body 1", "body 2"])
        #expect(throws: WebArchiveWriter.Failure.self) {
            try WebArchiveWriter(folder: folder.path + "/nowhere").append(record("x"))
        }
    }
}
