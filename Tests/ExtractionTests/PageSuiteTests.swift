import ByteCoding
import Foundation
import Testing

@testable import Extraction

/// The goals for text, on pages that are not part of this repository.
@Suite("Text of real pages")
struct PageSuiteTests {
    private struct Truth: Decodable {
        var file: String
        var url: String?
        var text: String?
        var pageType: String?
        var must: [String]?
        var mustNot: [String]?
    }

    private func truths(_ suite: String) throws -> [(page: Page, truth: Truth)] {
        guard let file = SharedData.file("conformance/\(suite)/truth.json") else { return [] }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([String: Truth].self, from: Data(contentsOf: file)).map { _, truth in
            let packed = try Data(contentsOf: file.deletingLastPathComponent().appending(path: truth.file))
            var bytes: [UInt8] = []
            try Unpacker(.gzip).append(Array(packed)) { bytes += $0 }
            return (Page(bytes[...], url: truth.url), truth)
        }
    }

    private func shingles(_ text: String) -> [String: Int] {
        let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
        var counts: [String: Int] = [:]
        guard !words.isEmpty else { return counts }
        for start in 0..<max(1, words.count - 3) {
            counts[words[start..<min(start + 4, words.count)].joined(separator: " "), default: 0] += 1
        }
        return counts
    }

    /// Precision of pages with a text, and recall of pages that should have one, each the mean over the pages.
    private func f1(_ pages: [(page: Page, truth: Truth)]) -> Double {
        var precisions: [Double] = []
        var recalls: [Double] = []
        for (page, truth) in pages {
            let found = shingles(page.text)
            let expected = shingles(truth.text ?? "")
            let right = Double(found.reduce(0) { $0 + min($1.value, expected[$1.key, default: 0]) })
            if !found.isEmpty { precisions.append(right / Double(found.values.reduce(0, +))) }
            if !expected.isEmpty { recalls.append(right / Double(expected.values.reduce(0, +))) }
        }
        let precision = precisions.reduce(0, +) / Double(max(1, precisions.count))
        let recall = recalls.reduce(0, +) / Double(max(1, recalls.count))
        return 2 * precision * recall / max(precision + recall, 1e-9)
    }

    @Test(
        "the article's text is found",
        arguments: [("extract-aeb", 0.965), ("extract-fundus", 0.955), ("extract-wcxb", 0.940)])
    func texts(suite: String, goal: Double) throws {
        let pages = try truths(suite).filter { $0.truth.pageType == nil || $0.truth.pageType == "article" }
        guard !pages.isEmpty else { return }
        #expect(f1(pages) >= goal)
    }

    @Test("phrases of the text are there and those of the chrome are not")
    func segments() throws {
        func squeezed(_ text: String) -> String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        let pages = try truths("extract-segments")
        guard !pages.isEmpty else { return }
        var (right, lost, wrong) = (0, 0, 0)
        for (page, truth) in pages {
            let text = squeezed(page.text)
            for phrase in truth.must ?? [] { if text.contains(squeezed(phrase)) { right += 1 } else { lost += 1 } }
            for phrase in truth.mustNot ?? [] where text.contains(squeezed(phrase)) { wrong += 1 }
        }
        #expect(Double(2 * right) / Double(2 * right + lost + wrong) >= 0.915)
    }
}
