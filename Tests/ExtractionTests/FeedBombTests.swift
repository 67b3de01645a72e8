import ByteCoding
import Testing

@testable import Extraction

/// Inputs made to cost more than they weigh.
@Suite("Bombs in feeds")
struct FeedBombTests {
    private func seconds(_ text: String) -> Double {
        processorSeconds {
            _ = try? FeedParser.record(Array(text.utf8), FeedResponse(url: "http://a/"))
            _ = try? FeedParser.parse(Array(text.utf8), url: "http://a/")
        }
    }

    @Test("entities of a DTD stand for text only, and for no more than the document weighs")
    func entities() throws {
        let nested = """
            <!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
            <rss><channel><title>&c;|&a;</title></channel></rss>
            """
        #expect((try record(nested)["feed"] as? [String: Any])?["title"] as? String == "&c;|aaaaaaaaaa")
        let value = String(repeating: "x", count: 1000)
        let many =
            "<!DOCTYPE r [<!ENTITY a \"\(value)\">]><rss><channel><title>"
            + String(repeating: "&a;", count: 100_000) + "</title></channel></rss>"
        let title = (try record(many)["feed"] as? [String: Any])?["title"] as? String
        #expect(try #require(title).utf8.count < 2 * many.utf8.count + 2000)
    }

    @Test("deep nesting, wide elements, many names and namespaces end soon")
    func shapes() {
        let count = 10_000
        let shapes = [
            String(repeating: "<a>", count: count), String(repeating: "<item>", count: count),
            String(repeating: "</a", count: count), String(repeating: "<a b='", count: count),
            (0..<count).map { "<n\($0)/>" }.joined(), (0..<count).map { "<x xmlns:n\($0)='u\($0)'>" }.joined(),
            "<x " + (0..<count).map { "a\($0)='1' " }.joined() + "/>",
            String(repeating: "<category>a</category>", count: count),
            String(repeating: "<title>", count: count), String(repeating: "<![CDATA[", count: count),
            String(repeating: "<media:content url='u", count: count), String(repeating: "&amp", count: count),
            String(repeating: "<author>a@b.cc", count: count), String(repeating: "<!ENTITY a '", count: count),
        ]
        for shape in shapes {
            #expect(seconds("<rss><channel><item>" + shape) < 10, "\(shape.prefix(20))")
        }
    }

    @Test("a packed feed may not grow without end")
    func gzip() throws {
        // 48 MiB of blanks, packed: stored blocks would not do, so the smallest deflate stream that repeats is written out.
        let bomb = GzipBomb.bytes(megabytes: 64)
        #expect(throws: FeedError.self) { try FeedParser.record(bomb, FeedResponse()) }
    }
}

/// A gzip file of blanks, packed as tight as deflate goes.
private enum GzipBomb {
    /// One dynamic block: a blank, then copies of 258 blanks from distance 1, each one bit and one bit.
    static func bytes(megabytes: Int) -> [UInt8] {
        var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
        var (bits, count) = (UInt32(0), 0)
        func put(_ value: UInt32, _ width: Int) {
            bits |= value << UInt32(count)
            count += width
            while count >= 8 {
                out.append(UInt8(bits & 255))
                bits >>= 8
                count -= 8
            }
        }
        // Fixed codes: blank is 8 bits, length 258 is 8 bits, distance 1 is 5 bits: 258 bytes for 13 bits.
        put(1, 1)
        put(1, 2)
        put(reversed(0x30 + 0x20, 8), 8)
        for _ in 0..<(megabytes << 20) / 258 {
            put(reversed(0xC0 + 285 - 280, 8), 8)
            put(0, 5)
        }
        put(0, 7)
        put(0, 7)
        return out
    }

    private static func reversed(_ value: UInt32, _ width: Int) -> UInt32 {
        (0..<width).reduce(UInt32(0)) { $0 | (value >> UInt32($1) & 1) << UInt32(width - 1 - $1) }
    }
}
