import ByteCoding
import Foundation
import News
import Testing

@testable import Extraction

@Suite("Dates")
struct DateTextTests {
    @Test(
        "the forms newsrooms and feeds use",
        arguments: [
            ("Thu, 21 Jan 2016 18:14:05 GMT", "2016-01-21T18:14:05+00:00", PublishedTime.Precision.second),
            ("Thu, 21 Jan 16 18:14 +0900", "2016-01-21T18:14:00+09:00", .minute),
            ("Sun Jan  4 16:29:06 PST 2004", "2004-01-04T16:29:06-08:00", .second),
            ("18:14 January 21, 2016", "2016-01-21T18:14:00+00:00", .minute),
            ("Jan. 20, 2016", "2016-01-20T00:00:00+00:00", .day),
            ("January 2016", "2016-01-01T00:00:00+00:00", .month),
            ("20 January 2016 at 6:14 p.m. EST", "2016-01-20T18:14:00-05:00", .minute),
            ("12:05 AM, 1 March 2020", "2020-03-01T00:05:00+00:00", .minute),
            ("1 mars 2020", "2020-03-01T00:00:00+00:00", .day),
            ("16. November 2020 - 15:54", "2020-11-16T15:54:00+00:00", .minute),
            ("30.10.2023", "2023-10-30T00:00:00+00:00", .day),
            ("03/30/2020", "2020-03-30T00:00:00+00:00", .day),
            ("2022年1月1日", "2022-01-01T00:00:00+00:00", .day),
            ("2016/01/20 18:14:05.5 UTC", "2016-01-20T18:14:05.500+00:00", .second),
            ("1453313645", "2016-01-20T18:14:05+00:00", .second),
            ("20160120T181405Z", nil, .second),
        ] as [(String, String?, PublishedTime.Precision)])
    func forms(text: String, expected: String?, precision: PublishedTime.Precision) {
        let time = DateText.parse(text, from: "field")
        #expect(time.map { ArticleJSON.time($0.at, offsetMinutes: $0.offsetMinutes) } == expected)
        if let time { #expect(time.precision == precision) }
    }

    @Test(
        "what is no date is refused",
        arguments: [
            "", " ", "yesterday", "4 years, 3 months AGO", "UPDATED", "2016-13-01", "2016-02-30", "2016-01-20T25:00",
            "12:30",
            "January", "99999", "20 Foo 2016", "2016-01-20T18:14+99:99", "1.2.3.4", "Jan 20 2016 2017",
            "10:00 11:00 1 May 2020",
            "(", "١٢ يناير", "00/00/0000", "31 June 2020", "12345678901", "-", "+0100",
        ])
    func refused(text: String) { #expect(DateText.parse(text, from: "field") == nil) }

    @Test("no mutation makes it trap")
    func mutations() {
        var random = SplitMix64(seed: 3)
        let seeds = [
            "Thu, 21 Jan 2016 18:14:05 +0900 (KST)", "2016-01-20T18:14:05.123+09:00", "2004년 05월 28일 오후 01:31:15",
        ]
        for round in 0..<5000 {
            let bytes = mutated(Array(seeds[round % 3].utf8), using: &random)
            if let time = DateText.parse(String(decoding: bytes, as: UTF8.self), from: "x") {
                let again = DateText.parse(ArticleJSON.time(time.at, offsetMinutes: time.offsetMinutes), from: "x")
                #expect(again?.at == time.at)
            }
        }
    }

    static let file = SharedData.file("conformance/dates/cases.json")

    @Test("the conformance cases", .enabled(if: file != nil, "conformance data are not here"))
    func conformance() throws {
        struct Case: Decodable {
            let input: String
            // swift-format-ignore: AlwaysUseLowerCamelCase
            let expected_utc: String?
            let kind: String
        }
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: try #require(Self.file)))
        var failed: [String] = []
        for test in cases {
            // These tests count whole seconds.
            let seconds = DateText.parse(test.input, from: "feed").map {
                Int64((Double($0.at.milliseconds) / 1000).rounded(.down))
            }
            let got = seconds.map { ArticleJSON.time(Timestamp(seconds: $0)) }
            let expected = test.expected_utc?.replacing("Z", with: "+00:00")
            if test.kind == "feed-must-parse" ? got == nil : got != expected { failed.append(test.input) }
        }
        // A month of three digits, dates without separators, a date without a year: refused rather than guessed.
        #expect(failed.sorted() == ["-0312", "031231", "03335", "2003-012-31T10:14:55+00:00"])
    }
}
