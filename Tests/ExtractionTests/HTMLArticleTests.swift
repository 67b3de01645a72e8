import ByteCoding
import News
import Testing

@testable import Extraction

@Suite("Saved pages")
struct HTMLArticleTests {
    @Test("metadata, headline and paragraphs of the article")
    func page() throws {
        let html = """
            <!doctype html><html lang="en-GB"><head><meta charset=utf-8><title>Site | Ferry</title>
            <meta property="article:published_time" content="2019-03-03T09:05:00+01:00"><link rel=canonical href=/x>
            <meta property="og:title" content="UPDATE 1-Ferry &amp; bridge"><script>var a = "<p>no</p>";</script></head>
            <body><nav><p>Menu</p></nav><article><h1>Ferry</h1><p>One&nbsp;<b>two</b>.<p>Three &#8211; four.</p>
            <figure><figcaption>Boat</figcaption></figure><!-- <p>hidden</p> --></article><footer><p>Foot</p></footer></body>
            """
        guard
            case .article(let incoming) = HTMLArticle.read(
                Array(html.utf8)[...], fileName: "f.html", url: "https://news.example/a")
        else {
            Issue.record("rejected")
            return
        }
        let article = incoming.article
        #expect(article.headline == "Ferry & bridge")
        #expect(article.slugs == ["UPDATE 1"])
        #expect(article.body == "One two.\n\nThree – four.")
        #expect(article.language == "en-gb")
        #expect(article.canonicalURL == "https://news.example/x")
        #expect(article.published?.offsetMinutes == 60)
        #expect(article.published?.from == "meta")
        #expect(article.media.map(\.caption) == ["Boat"])
        #expect(article.url == "https://news.example/a")
        #expect(article.extractorVersion == 3)
        #expect(article.extra == #"{"file":"f.html"}"#)
    }

    @Test("other encodings are read as declared")
    func encodings() throws {
        let latin = Array("<meta charset=\"iso-8859-1\"><h1>Caf".utf8) + [0xE9] + Array("</h1>".utf8)
        guard case .article(let incoming) = HTMLArticle.read(latin[...], fileName: nil) else {
            Issue.record("rejected")
            return
        }
        #expect(incoming.article.headline == "Café")
    }

    @Test("mutated pages: an article or a rejection")
    func mutations() {
        var random = SplitMix64(seed: 5)
        let page = Array(
            "<html lang=a><title>T</title><p a='b' c=\"d\" e=f>x &amp; &#x41; <!-- c --><![CDATA[d]]><script>s</script></p>"
                .utf8)
        for _ in 0..<5000 { _ = HTMLArticle.read(mutated(page, using: &random)[...], fileName: nil) }
        for end in page.indices { _ = HTMLArticle.read(page[..<end], fileName: nil) }
    }
}
