import News
import Testing

@testable import Extraction

@Suite("What a page says of its article")
struct PageMetadataTests {
    private func page(_ head: String, _ body: String = "", url: String = "https://www.bote.example/a/b") -> PageMetadata
    {
        Page(Array("<html><head>\(head)</head><body>\(body)</body></html>".utf8)[...], url: url).metadata
    }

    // MARK: Titles

    @Test(
        "the site's name and its sections are cut from the title, and nothing else",
        arguments: [
            ("Ferry talks end | Der Bote", "Ferry talks end"), ("Der Bote: Ferry talks end", "Ferry talks end"),
            ("Ferry talks end - World - Der Bote", "Ferry talks end"),
            ("Ferry talks end » bote.example", "Ferry talks end"),
            ("Crews – owners: a quarrel", "Crews – owners: a quarrel"), ("Well-known well", "Well-known well"),
        ])
    func siteNames(title: String, expected: String) {
        let head = "<title>\(title)</title><meta property=og:site_name content='Der Bote'>"
        #expect(page(head, "<h1>\(expected)</h1>").title == expected)
    }

    @Test("where places disagree, what an article tells others is its headline")
    func votes() {
        let article = "<meta property=og:type content=article><meta property=og:title content='Crews walk out'>"
        #expect(page(article + "<title>Walkout of crews</title>", "<h1>Der Bote</h1>").title == "Crews walk out")
        #expect(page("<title>t</title>", "<h1>The <i>one</i> heading</h1>").title == "The one heading")
        #expect(page("", "").title == nil)
    }

    // MARK: Authors

    @Test("authors of the data are people's names, each once, in their order")
    func declaredAuthors() {
        let data = """
            <script type="application/ld+json">{"@graph":[{"@type":"Person","@id":"#ada","name":"Ada Holm"},{"@type":"NewsArticle",
            "headline":"x","author":[{"@id":"#ada"},{"@type":"Person","name":"Ben Quill"},"Ada Holm"]}]}</script>
            """
        #expect(page(data).authors == ["Ada Holm", "Ben Quill"])
        #expect(page("<meta name=author content='By Ada Holm and Ben Quill'>").authors == ["Ada Holm", "Ben Quill"])
    }

    @Test(
        "a byline in the page is read in its language, without its work, place and agency",
        arguments: [
            ("<p class=byline>By Ada Holm, staff writer</p>", ["Ada Holm"]),
            ("<span class=autor>Von Ada Holm und Ben Quill</span>", ["Ada Holm", "Ben Quill"]),
            ("<div>Par <a rel=author href=/x>Ada Holm</a></div>", ["Ada Holm"]),
        ])
    func bylines(line: String, expected: [String]) {
        let text = "<p>Text of the article, a whole sentence.</p>"
        let body = "<article><h1>A headline of the day</h1>\(line)\(text)</article>"
        let head = "<title>A headline of the day</title><meta property=og:site_name content='Der Bote'>"
        #expect(page(head, body).authors == expected)
    }

    @Test("who wrote a comment or a teaser is nobody's author")
    func others() {
        let body = """
            <article><h1>A headline</h1><p>Text of the article, a whole sentence of it.</p></article>
            <div class=related><p class=byline>By Ben Quill</p></div><div class=comments><span class=author>Cal Renk</span></div>
            """
        #expect(page("<title>A headline</title>", body).authors == [])
    }

    // MARK: Dates

    @Test("the day of publication is told from that of a change, of the copyright and of today")
    func days() {
        let changed = "<meta property=article:modified_time content=2021-03-05T10:00:00Z>"
        let meta = "<meta property=article:published_time content=2021-03-03T10:00:00Z>"
        #expect(page(changed + meta).published?.at == Timestamp(seconds: 1_614_765_600))
        #expect(page(changed + meta).updated?.at == Timestamp(seconds: 1_614_938_400))
        let body = """
            <h1>A headline</h1><p class=date>Updated March 5, 2021 | Published March 3, 2021</p><p>Text.</p>
            <footer>© 1999–2024 Der Bote</footer>
            """
        #expect(page("<title>A headline</title>", body).published?.at == Timestamp(seconds: 1_614_729_600))
        #expect(page("<title>A headline</title>", "<h1>A headline</h1><p>© 2021 Der Bote</p>").published == nil)
    }

    @Test("an address with a day tells it where nothing else does")
    func dayOfAddress() {
        let url = "https://bote.example/2021/03/03/ferry"
        #expect(page("<title>x</title>", url: url).published?.at == Timestamp(seconds: 1_614_729_600))
        #expect(page("<title>x</title>", url: url).published?.precision == .day)
        #expect(page("<title>x</title>", url: "https://bote.example/20219303/x").published == nil)
    }

    // MARK: Language and address

    @Test("the language is the page's word in its usual spelling, and the text's where the page has none")
    func languages() {
        #expect(page("<meta http-equiv=content-language content=de_AT>").language == "de-AT")
        #expect(page("<meta property=og:locale content=pt_BR>").language == "pt-BR")
        let text = """
            <p>Die Gespräche zwischen der Reederei und den Mannschaften endeten am Montag nach elf Stunden ohne eine Einigung, und
            nun müssen sich dreißigtausend Pendler einen anderen Weg über die Bucht suchen, wie der Verband mitteilte.</p>
            """
        #expect(page("", text).language == "de")
        #expect(page("", "<p>12 34</p>").language == nil)
    }

    @Test("the canonical address is absolute, and never a front page")
    func canonical() {
        #expect(page("<link rel=canonical href='../c?id=1'>").canonicalURL == "https://www.bote.example/c?id=1")
        #expect(page("<link rel=canonical href=/>").canonicalURL == nil)
        let told = page("<meta property=og:url content=https://bote.example/a/b>")
        #expect(told.canonicalURL == "https://bote.example/a/b")
        #expect(page("<link rel=canonical href='javascript:x'>").canonicalURL == nil)
    }
}
