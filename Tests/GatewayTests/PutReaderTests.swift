import ByteCoding
import Cluster
import News
import Roles
import Storage
import Testing
import Wire

/// What a coordinator writes into the log it must be able to read: a log object that cannot be read ends every
/// coordinator that comes after.
@Suite struct PutReaderTests {
    private func entries(_ lines: [String]) throws -> [LogEntry] {
        let payload = Array(lines.joined(separator: "\n").utf8)
        return try PutReader().read(
            payload, client: String(repeating: "c", count: 64), number: 1, lane: .live, ack: .durable,
            digest: SHA256.hash(of: payload)
        ).entries
    }

    /// Lines at and beyond what is allowed.
    private static let hostile: [String] = {
        let long = String(repeating: "x", count: 10_000)
        let wide = String(repeating: "é", count: 5_000)
        let controls = String(repeating: "\\u0001", count: 2_000)
        var lines = ["{}", "[]", "null", "{", "\u{0}", "{\"headline\":\"\(wide)\",\"source\":\"\(long)\"}"]
        for text in [long, wide, controls, ""] {
            lines += [
                "{\"$reject\":{\"source\":\"\(text)\",\"reason\":\"empty\",\"detail\":\"\(text.prefix(3000))\"}}",
                "{\"$retract\":{\"url\":\"https://a.example/\(text)\",\"reason\":\"r\"}}",
                "{\"$retract\":{\"key\":\"0123456789abcdef0123456789abcdef\",\"url\":\"\(text)\",\"reason\":\"\(text.prefix(3000))\"}}",
                "{\"$feed\":{\"op\":\"add\",\"url\":\"https://a.example/\(text)\"}}",
                "{\"$feed\":{\"op\":\"remove\",\"url\":\"https://a.example/\(text)\"}}",
                "{\"headline\":\"h\",\"source\":\"\(text)\",\"section\":\"\(text)\",\"lang\":\"\(text)\",\"url\":\"\(text)\"}",
            ]
        }
        for interval in ["0", "1", "31622400", "31622401", "4294967295", "4294967296", "18446744073709551615", "-1"] {
            lines.append("{\"$feed\":{\"op\":\"add\",\"url\":\"https://a.example/\",\"interval_s\":\(interval)}}")
        }
        return lines
    }()

    @Test("whatever a line says, the log object with it can be read again", arguments: hostile.indices)
    func hostileLines(index: Int) throws {
        let entries = try entries([Self.hostile[index]])
        #expect(entries.count == 1)
        let batch = LogObject.Batch(
            client: "c", number: 1, digest: SHA256.hash(of: []), lane: .live, entries: entries)
        let object = LogObject(
            term: Term(1), number: 1, instance: Instance(1), acceptedAt: Timestamp(milliseconds: 0), batches: [batch])
        #expect(try LogObject(decoding: object.encoded) == object)
    }

    @Test("a feed's interval is at most a year, its address at most as long as an address may be")
    func feedBounds() throws {
        let feed = { (fields: String) in "{\"$feed\":{\"op\":\"add\",\(fields)}}" }
        let kinds = try entries([
            feed("\"url\":\"https://a.example/\",\"interval_s\":31622400"),
            feed("\"url\":\"https://a.example/\",\"interval_s\":4294967295"),
            feed("\"url\":\"https://a.example/\(String(repeating: "é", count: 4000))\""),
        ]).map { entry in
            if case .feed = entry { return "feed" }
            if case .rejection(let rejection) = entry { return rejection.reason.name }
            return "other"
        }
        #expect(kinds == ["feed", "malformed", "malformed"])
    }

    @Test("empty lines count as lines, the end of the last one as none")
    func emptyLines() throws {
        let newlines = { (count: Int) in Array(repeating: "", count: count + 1) }
        #expect(try entries(newlines(Limits.batchEntries)).isEmpty)
        let refusal = #expect(throws: PutReader.Refusal.self) { try entries(newlines(Limits.batchEntries + 1)) }
        #expect(refusal?.code == .tooLarge)
    }

    @Test("a rejected line counts at its source, and not at that of the line before")
    func rejectedSource() throws {
        let sources = try entries([
            "{\"headline\":\"h\",\"source\":\"before\"}", "{\"source\":\"paper\"}", "{\"$feed\":1}", "[1]",
        ]).map { entry in
            if case .rejection(let rejection) = entry { return rejection.source }
            return "accepted"
        }
        #expect(sources == ["accepted", "paper", "", ""])
    }
}
