import ByteCoding
import News
import Testing

@testable import Extraction

@Suite("Text of pages")
struct PageTests {
    private static let first =
        "The ferry between the two towns was stopped on Monday, because a storm damaged the pier."
    private static let second =
        "Repairs may take until the end of the month, the operator said; buses run in its place."

    private func page(_ body: String, title: String = "Ferry stopped after the storm") -> Page {
        Page(
            Array("<html><head><meta charset=utf-8><title>\(title)</title></head><body>\(body)</body></html>".utf8)[...]
        )
    }

    private func check(
        _ body: String, keeps: [String], cuts: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let text = page(body).paragraphs.map(\.text)
        for line in keeps { #expect(text.contains(line), sourceLocation: sourceLocation) }
        for line in cuts { #expect(!text.contains(line), sourceLocation: sourceLocation) }
    }

    private var paragraphs: String { "<p>\(Self.first)</p><p>\(Self.second)</p>" }
    private var both: [String] { [Self.first, Self.second] }

    @Test("menus, footers, share bars, comments and newsletters are cut")
    func chrome() {
        check(
            """
            <nav><p>Sections, and all the news you need.</p></nav><article><h1>Ferry stopped after the storm</h1>
            \(paragraphs)<div class="share-bar"><p>Tell your friends, please.</p></div>
            <div class="newsletter-signup"><p>All the news, each morning.</p></div></article>
            <section id="comments"><p>I was there, and it was terrible. Never again.</p></section>
            <footer><p>Printed in the harbour, since 1900.</p></footer>
            """, keeps: both,
            cuts: [
                "Sections, and all the news you need.", "Tell your friends, please.", "All the news, each morning.",
                "I was there, and it was terrible. Never again.", "Printed in the harbour, since 1900.",
            ])
    }

    @Test("what was cut inside the article is kept with its reason")
    func removed() {
        let page = page(
            "<article><h1>Ferry stopped after the storm</h1>\(paragraphs)<figure><figcaption>The pier.</figcaption></figure></article>"
        )
        #expect(page.removed.contains(RemovedText(text: "The pier.", reason: .caption)))
        #expect(page.article.media.map(\.caption) == ["The pier."])
    }

    @Test("a page that scripts fill has the text that its JSON-LD states; where the page has text, that counts")
    func statedText() {
        let long = (1...8).map { "\(Self.first) That is sentence \($0)." }
        func page(_ body: String, _ stated: String) -> Page {
            self.page(
                """
                <script type="application/ld+json">{"@type": "NewsArticle", "headline": "Ferry stopped after the storm",
                "articleBody": "\(stated)"}</script>\(body)
                """)
        }
        let lines = long.joined(separator: "\\n\\n")
        #expect(page("<div id=app></div>", lines).paragraphs.map(\.text) == long)
        #expect(page("<div id=app></div>", long.map { "<p>\($0)<\\/p>" }.joined()).paragraphs.map(\.text) == long)
        #expect(page("<p>Please wait.</p>", long.joined(separator: " ")).paragraphs.count == 1)
        let text = long.map { "<p>\($0)</p>" }.joined()
        #expect(page("<article>\(text)</article>", "Another text. " + lines).paragraphs.map(\.text) == long)
        #expect(page("<div id=app></div>", Self.second).paragraphs.isEmpty, "a summary is no text")
    }

    @Test("a wrapper that is called a sidebar and holds the text is none")
    func wrapper() { check("<div class='page-with-sidebar'>\(paragraphs)</div>", keeps: both) }

    @Test("lists of teasers are cut, lists of the text stay")
    func teasers() {
        let teasers = (1...4).map {
            "<div class=t><h3><a href=/\($0)>Another headline, number \($0)</a></h3><p>A word about it, and more of it.</p></div>"
        }.joined()
        check(
            "<div><h1>Ferry stopped after the storm</h1>\(paragraphs)<ul><li>Bus line 4, every hour.<li>Bus line 5, at noon.</ul><div>\(teasers)</div></div>",
            keeps: both + ["Bus line 4, every hour."],
            cuts: ["Another headline, number 1", "A word about it, and more of it."])
    }

    @Test("a standfirst before the article's container is kept, date and byline are not")
    func standfirst() {
        let page = page(
            """
            <header><h1>Ferry stopped after the storm</h1><p class=dek>Both towns are cut off, and it may last for weeks.</p>
            <div>By A. Writer</div><div>Published 21 January 2016, 18:14</div></header>
            <div class="article-body">\(paragraphs)</div>
            """)
        #expect(
            page.paragraphs.first
                == PageParagraph(role: .standfirst, text: "Both towns are cut off, and it may last for weeks."))
        #expect(page.paragraphs.map(\.text).dropFirst().elementsEqual(both))
    }

    @Test(
        "lines that point elsewhere are cut in many languages",
        arguments: [
            "Read more: another one", "Lesen Sie auch: noch einer", "À lire aussi Un autre", "Читайте также: ещё",
            "Advertisement",
        ])
    func lines(line: String) {
        check("<article><p>\(Self.first)</p><p>\(line)</p><p>\(Self.second)</p></article>", keeps: both, cuts: [line])
    }

    @Test("a line that is repeated on the page is no text")
    func repetition() {
        let line = "Your settings do not allow us to show this content here, sorry."
        check(
            "<article><p>\(Self.first)</p><p>\(line)</p><p>\(Self.second)</p><p>\(line)</p><p>\(line)</p></article>",
            keeps: both,
            cuts: [line])
    }

    @Test("line breaks in pairs separate paragraphs")
    func breaks() { check("<div>\(Self.first)<br><br>\(Self.second)</div>", keeps: both) }

    @Test("a page of one short line has a text, an empty one has none")
    func short() {
        #expect(page("<p>Something happened here today").text == "Something happened here today")
        #expect(page("").text.isEmpty)
    }

    @Test("a batch line names file, id and address")
    func requests() throws {
        let request = try PageRequest(Array(#"{"id":"a","file":"x.html.gz","url":"https://news.example/1"}"#.utf8)[...])
        #expect(request.id == "a" && request.file == "x.html.gz" && request.url == "https://news.example/1")
        #expect(try PageRequest(Array(#"{"file":"x.html"}"#.utf8)[...]).id == "x.html")
        #expect(throws: JSONError.self) { try PageRequest(Array(#"{"id":"a"}"#.utf8)[...]) }
    }

    @Test("bombs and mutations give a page")
    func hostile() {
        for bomb in [
            "<div class=\"article image\">", "<b><p>", "<a href=x><table><td>", "<h1>x</h1>",
            "<li><a href=x>abcdefgh</a>",
        ] {
            _ = Page(Array(String(repeating: bomb, count: 20_000).utf8)[...])
        }
        var random = SplitMix64(seed: 11)
        let bytes = Array(
            "<article><h1>T</h1><p class=dek>a, b.<ul><li><a href=x>c</a></ul><figure><figcaption>d</figcaption></figure>\(paragraphs)"
                .utf8)
        for _ in 0..<2000 { _ = PageJSON.line(Page(mutated(bytes, using: &random)[...]), id: "x", .full) }
    }
}
