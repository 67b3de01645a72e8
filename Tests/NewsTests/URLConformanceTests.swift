import Foundation
import Testing

@testable import News

/// Holds the parser against the URL standard's own tests, where they are at hand (see docs/testing.md).
@Suite("URL conformance")
struct URLConformanceTests {
    private struct Case: Decodable {
        let args: [JSONText?]
        let expected: JSONText?
        let op: String
        let origin: String
    }

    /// A text, or something else that these tests do not need.
    private struct JSONText: Decodable {
        let text: String?
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            do { text = try container.decode(String.self) } catch { text = nil }
        }
    }

    static let file = SharedData.file("conformance/urls/cases.json")

    @Test("the URL standard's tests of http(s)", .enabled(if: file != nil, "conformance data are not here"))
    func webPlatformTests() throws {
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: try #require(Self.file)))
        var passed = 0
        var failed: [String] = []
        for test in cases where test.origin == "wpt" && test.op == "parse" {
            let input = test.args[0]?.text ?? ""
            let base = WebAddress(test.args.count > 1 ? test.args[1]?.text ?? "" : "")
            let expected = test.expected?.text
            let isWeb =
                expected.map { $0.hasPrefix("http:") || $0.hasPrefix("https:") } ?? input.lowercased().hasPrefix("http")
            guard isWeb else { continue }
            let got = WebAddress(input, base: base)?.href
            passed += got == expected ? 1 : 0
            if got != expected { failed.append("\(input.debugDescription): \(got ?? "nil"), not \(expected ?? "nil")") }
        }
        #expect(failed == [])
        #expect(passed == 253)
    }

    /// What is missing is meant so: "ref" says more than who sent the reader, escapes are not rewritten as "+"; and
    /// mediacloud's key joins what stays distinct here (scheme, "www.", small letters, sorted queries).
    @Test(
        "tracking parameters", .enabled(if: file != nil, "conformance data are not here"),
        arguments: [("miniflux", "strip_tracking", 8), ("mediacloud", "normalize_for_dedup", 6)])
    func tracking(origin: String, op: String, wanted: Int) throws {
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: try #require(Self.file)))
        var passed = 0
        for test in cases where test.origin == origin && test.op == op {
            let input = test.args[0]?.text ?? ""
            let expected = test.expected?.text ?? ""
            let same = op == "strip_tracking" ? CanonicalURL.canonicalise(expected) ?? expected : expected
            if (CanonicalURL.canonicalise(input) ?? input) == same { passed += 1 }
        }
        #expect(passed == wanted)
    }
}
