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
        // swift-format-ignore: AlwaysUseLowerCamelCase
        let site_url: String?
        // swift-format-ignore: AlwaysUseLowerCamelCase
        let feed_url: String?
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

    @Test("the URL standard's tests of all schemes", .enabled(if: file != nil, "conformance data are not here"))
    func allSchemes() throws {
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: try #require(Self.file)))
        let parsed = cases.filter { $0.origin == "wpt" && $0.op == "parse" }
        let failed = parsed.filter { test in
            let base = AnyAddress(test.args.count > 1 ? test.args[1]?.text ?? "" : "")
            return AnyAddress(test.args[0]?.text ?? "", base: base)?.href != test.expected?.text
        }
        #expect(Double(failed.count) <= Double(parsed.count) * 0.01, "\(failed.map(\.args))")
    }

    @Test("tracking parameters and keys of copies", .enabled(if: file != nil, "conformance data are not here"))
    func cleaning() throws {
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: try #require(Self.file)))
        var failed: [String] = []
        for test in cases {
            let input = test.args[0]?.text ?? ""
            let outbound = [test.site_url, test.feed_url].compactMap(\.self)
            let got: String?
            switch (test.origin, test.op) {
            case ("miniflux", "strip_tracking"): got = CleanURL.withoutTracking(input, outbound: outbound)
            case ("mediacloud", "normalize_for_dedup"): got = CopyURL.plain(input)
            case ("mediacloud", "canonical_domain"): got = SourceDomain.of(input)
            default: continue
            }
            if got != test.expected?.text { failed.append("\(input): \(got ?? "nil")") }
        }
        #expect(failed == [])
    }
}
