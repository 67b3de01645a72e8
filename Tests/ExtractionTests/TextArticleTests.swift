import ByteCoding
import Foundation
import News
import Testing

@testable import Extraction

@Suite("Text files")
struct TextArticleTests {
    private func article(_ text: String, fileName: String? = nil) throws -> Article {
        let outcome = TextArticle.read(Array(text.utf8)[...], fileName: fileName)
        guard case .article(let incoming) = outcome else {
            Issue.record("\(outcome)")
            throw Rejected()
        }
        return incoming.article
    }

    private struct Rejected: Error {}

    @Test("a wire page: slug, headline, section, date, note, dateline, paragraphs, leftovers")
    func wirePage() throws {
        let page = try article(
            """
            Skip to Navigation

            (2nd LD) Harbour talks end without accord

            Top News 09:05 March 3, 2019

            (ATTN: RECASTS lead para)

            PORT ELM, March 3 (Corvid) -- Harbour talks ended on Sunday without an accord.

            "We will be back," the mayor said.

            Send Feedback
            """, fileName: "a \"b\".txt")
        #expect(page.slugs == ["2nd LD"])
        #expect(page.headline == "Harbour talks end without accord")
        #expect(page.section == "Top News")
        #expect(page.published?.at == DateText.parse("2019-03-03T09:05Z", from: "")?.at)
        #expect(page.published?.precision == .minute)
        #expect(page.published?.from == "text")
        #expect(page.edNote == "RECASTS lead para")
        #expect(page.dateline == "PORT ELM, March 3 (Corvid) --")
        #expect(page.located == "PORT ELM")
        #expect(page.agency == "Corvid")
        #expect(page.body == "Harbour talks ended on Sunday without an accord.\n\n\"We will be back,\" the mayor said.")
        #expect(page.removed == ["Skip to Navigation", "Send Feedback"])
        #expect(page.extra == #"{"file":"a \"b\".txt"}"#)
    }

    @Test("a text without a headline still has a body")
    func noHeadline() throws {
        let prose =
            "The council met on Monday to talk about the budget, which everybody had expected to be larger than the last one."
        let page = try article("By Ada Holm\n\(prose)\nIt adjourned.")
        #expect(page.headline == nil)
        #expect(page.by == "Ada Holm")
        #expect(page.body == "\(prose)\n\nIt adjourned.")
    }

    @Test("a headline alone is an article, blanks alone are none")
    func extremes() throws {
        #expect(try article("Rain expected").headline == "Rain expected")
        for text in ["", "\n\n \n", "\u{FEFF}", "--- | ---"] {
            #expect(
                TextArticle.read(Array(text.utf8)[...], fileName: "f")
                    == .rejected(.empty, detail: "neither headline nor body"))
        }
    }

    @Test("invalid UTF-8 says where")
    func invalidUTF8() {
        let outcome = TextArticle.read([0xEF, 0xBB, 0xBF, 0x61, 0xFF], fileName: nil)
        #expect(outcome == .rejected(.malformed, detail: "invalid UTF-8 at offset 4"))
    }

    @Test("lines broken at a column are joined to paragraphs")
    func hardWrapped() throws {
        let page = try article(
            """
            Bridge to close for repairs

            The old bridge over the Elm will be closed from Monday for
            repairs that are expected to take six weeks, the county said
            on Friday. Drivers are asked to use the ferry or the road by
            way of Nettlefield.

            Ferries will run every twenty minutes in the morning and the
            evening, and every half hour during the rest of the day.
            """)
        #expect(page.headline == "Bridge to close for repairs")
        #expect(page.body?.components(separatedBy: "\n\n").count == 2)
        #expect(page.body?.contains("closed from Monday for repairs") == true)
    }

    @Test(
        "datelines",
        arguments: [
            ("SEOUL, South Korea (AP) — A minister spoke.", "SEOUL, South Korea", "AP"),
            ("LONDON (Reuters) - Shares fell.", "LONDON", "Reuters"),
            ("ST. IVES, Jan. 4 -- Boats returned.", "ST. IVES", nil),
            ("LONDON, March 3 2016 (Corvid) -- Shares fell.", "LONDON", "Corvid"),
        ] as [(String, String, String?)])
    func datelines(text: String, place: String, agency: String?) {
        let dateline = Dateline(text)
        #expect(dateline?.place == place)
        #expect(dateline?.agency == agency)
    }

    @Test(
        "what looks like a dateline and is none",
        arguments: [
            "WATCH: the moment it fell", "The mayor -- who had left -- returned.", "NASA: we are back", "A (B) - c",
            "(AP) -- x", "SEOUL -- ",
        ])
    func noDateline(text: String) { #expect(Dateline(text) == nil) }

    @Test(
        "slugs",
        arguments: [
            ("(LEAD) Talks end", ["LEAD"], "Talks end"),
            ("(2nd LD) (URGENT) Talks end", ["2nd LD", "URGENT"], "Talks end"),
            ("UPDATE 1-Talks end", ["UPDATE 1"], "Talks end"),
            ("CORRECTED-UPDATE 2-Talks", ["CORRECTED", "UPDATE 2"], "Talks"),
            ("BREAKING: Talks end", ["BREAKING"], "Talks end"), ("Update: a new bridge", [], "Update: a new bridge"),
            ("(Video) Talks end", [], "(Video) Talks end"), ("3-1 win", [], "3-1 win"), ("(LEAD)", ["LEAD"], nil),
        ] as [(String, [String], String?)])
    func slugs(title: String, slugs: [String], headline: String?) {
        let split = WireSlug.split(title)
        #expect(split.slugs == slugs)
        #expect(split.headline == headline)
    }

    @Test("mutated pages: an article or a rejection")
    func mutations() {
        var random = SplitMix64(seed: 11)
        let page = Array(
            "Skip to x\n(LEAD) Talks end\n\nNews 18:14 Jan 3, 2019\n(ATTN: a)\nBy A B\nText. / A |\nELM (C) -- b c.\n"
                .utf8)
        for _ in 0..<5000 { _ = TextArticle.read(mutated(page, using: &random)[...], fileName: nil) }
    }

    // MARK: The five sample documents

    static let seeds = SharedData.file("corpora/seeds/gold.json")

    private struct Gold: Decodable {
        struct Document: Decodable {
            struct Body: Decodable {
                // swift-format-ignore: AlwaysUseLowerCamelCase
                let first_sentence: String
                // swift-format-ignore: AlwaysUseLowerCamelCase
                let last_sentence: String
                let paragraphs: Int
            }
            struct Dateline: Decodable { let text: String? }
            struct Published: Decodable { let local: String? }
            let title: String?
            let slug: String?
            let section: String?
            let byline: String?
            let dateline: Dateline?
            let published: Published?
            let body: Body
            // swift-format-ignore: AlwaysUseLowerCamelCase
            let not_indexed: [String]?
        }
        let files: [String: String]
        let documents: [String: Document]
    }

    @Test("the five sample documents", .enabled(if: seeds != nil, "the sample documents are not here"))
    func sampleDocuments() throws {
        let file = try #require(Self.seeds)
        let gold = try JSONDecoder().decode(Gold.self, from: Data(contentsOf: file))
        for (name, document) in gold.documents.sorted(by: { $0.key < $1.key }) {
            let fileName = try #require(gold.files[name])
            let text = [UInt8](try Data(contentsOf: file.deletingLastPathComponent().appending(path: fileName)))
            guard case .article(let incoming) = TextArticle.read(text[...], fileName: fileName) else {
                Issue.record("\(name) rejected")
                continue
            }
            let article = incoming.article
            #expect(article.headline == document.title, "\(name)")
            #expect(article.slugs == document.slug.map { [$0] } ?? [], "\(name)")
            #expect(article.section == document.section, "\(name)")
            #expect(article.by == document.byline, "\(name)")
            #expect(article.dateline == document.dateline?.text, "\(name)")
            let local = article.published.map { String(ArticleJSON.time($0.at).prefix(16)) }
            #expect(local == document.published?.local, "\(name)")
            let body = try #require(article.body)
            #expect(body.hasPrefix(document.body.first_sentence), "\(name): \(body.prefix(200))")
            #expect(body.hasSuffix(document.body.last_sentence), "\(name): \(body.suffix(200))")
            #expect(body.components(separatedBy: "\n\n").count == document.body.paragraphs, "\(name)")
            for line in document.not_indexed ?? [] where line != document.section {
                #expect(!body.contains(line), "\(name): \(line)")
            }
            #expect(body.contains("special role") == (name != "004"), "\(name)")
        }
    }
}
