import Testing

@testable import News

@Suite("Addresses of copies")
struct CopyURLTests {
    @Test(
        "scheme, www, port, case, order and referrers make no difference",
        arguments: [
            ("https://www.news.example/A/B?b=2&a=1", "http://news.example/a/b?a=1&b=2"),
            ("http://news.example:8080/a/b?a=1&b=2#top", "http://news.example/a/b?a=1&b=2"),
            ("https://user@www2.news.example/a?utm_medium=x&ref=y&id=Z", "http://news.example/a?id=z"),
            ("http://10.0.0.1/a", "http://10.0.0.1/a"),
            ("http://https://www.news.example/a", "http://news.example/a"),
            ("https://HTTP//news.example", "http://news.example/"),
            ("https://www.example/", "http://www.example/"),
        ])
    func plain(text: String, expected: String) { #expect(CopyURL.plain(text) == expected) }

    @Test(
        "variants for AMP, phones and printers have the form of their page",
        arguments: [
            "https://www.news.example/world/story-1", "http://news.example/world/story-1/",
            "https://amp.news.example/world/story-1", "https://www.news.example/amp/world/story-1",
            "https://www.news.example/world/story-1/amp/", "https://www.news.example/world/story-1?amp=1",
            "https://m.news.example/world/story-1?outputType=amp", "https://news.example/world/story-1.amp",
            "https://mobile.news.example/world/story-1?print=true&utm_source=x",
            "https://news-example.cdn.example/c/s/news.example/world/story-1/amp",
        ])
    func variants(text: String) { #expect(CopyURL.variantFree(text) == "http://news.example/world/story-1") }

    @Test(
        "words that only look like marks stay",
        arguments: [
            ("https://m.example/a", "http://m.example/a"), ("https://news.example/amp", "http://news.example/amp"),
            ("https://news.example/mobile/", "http://news.example/mobile"),
            ("https://news.example/revamp", "http://news.example/revamp"),
            ("https://news.example/a?amp=3", "http://news.example/a?amp=3"),
            ("https://other.cdn.example/c/s/news.example/a", "http://other.cdn.example/c/s/news.example/a"),
        ])
    func noMarks(text: String, expected: String) { #expect(CopyURL.variantFree(text) == expected) }

    @Test(
        "the other addresses of a page are canonical, and one of them is the page's own",
        arguments: [
            "http://www.news.example/world/story-1?id=7", "https://m.news.example/world/story-1?id=7",
            "https://amp.news.example/world/story-1/amp/?id=7&ref=front", "https://news.example/world/story-1/?id=7",
            "https://news-example.cdn.example/c/s/news.example/world/story-1/amp?id=7",
        ])
    func others(text: String) {
        let others = CopyURL.others(of: text)
        #expect(others.contains("https://news.example/world/story-1?id=7"))
        #expect(others.allSatisfy { CanonicalURL.canonicalise($0) == $0 })
        #expect(Set(others).count == others.count && others.count <= 60)
        #expect(!others.contains(CanonicalURL.canonicalise(text)!))
    }

    @Test("what is no web address has no form")
    func none() {
        for text in ["", "a/b", "mailto:a@news.example", "http://"] {
            #expect(CopyURL.plain(text) == nil)
            #expect(CopyURL.variantFree(text) == nil)
            #expect(CopyURL.others(of: text).isEmpty)
        }
    }
}

@Suite("Clean addresses")
struct CleanURLTests {
    @Test(
        "only what tells who sent the reader goes",
        arguments: [
            ("https://news.example/a?id=7&utm_source=rss#part", "https://news.example/a?id=7#part"),
            ("https://news.example/a?UTM_CAMPAIGN=x", "https://news.example/a"),
            ("https://news.example/a?q=x%20y&gclid=1", "https://news.example/a?q=x+y"),
            ("https://news.example/a?q=x%20y", "https://news.example/a?q=x%20y"),
            ("HTTPS://news.example/a?w/100", "HTTPS://news.example/a?w/100"),
            ("https://news.example/a?ref=News.example&x", "https://news.example/a?x"),
            ("https://news.example/a?ref=other.example", "https://news.example/a?ref=other.example"),
            ("tel:123", "tel:123"),
        ])
    func cleaned(text: String, expected: String) {
        #expect(CleanURL.withoutTracking(text, outbound: ["https://news.example/feed"]) == expected)
    }

    @Test("what is no address is none")
    func none() { for text in ["", "a", "http://", "https://a b/"] { #expect(CleanURL.withoutTracking(text) == nil) } }
}

@Suite("Kinds of addresses")
struct AddressKindTests {
    @Test(
        "home pages and those of editions",
        arguments: [
            ("https://news.example", true), ("https://news.example//?a", true), ("https://news.example/FR/", true),
            ("https://news.example/en-gb", true), ("https://news.example/pt/home", true),
            ("https://news.example/index.html", true), ("https://news.example/story", false),
            ("https://news.example/a/b/c", false), ("news.example", false),
        ])
    func home(text: String, expected: Bool) { #expect(AddressKind.isHomePage(text) == expected) }

    @Test(
        "pages that list others",
        arguments: [
            ("https://news.example/world/page/12", true), ("https://news.example/?page=3", true),
            ("https://news.example/tag/elections", true), ("https://news.example/kategorie/politik/seite/2", true),
            ("https://news.example/author/jane-doe", true), ("https://news.example/page/about-us", false),
            ("https://news.example/tag/elections/2021/03/a-story", false), ("https://news.example/a?p=x", false),
            ("https://news.example/", false),
        ])
    func navigation(text: String, expected: Bool) { #expect(AddressKind.isNavigation(text) == expected) }

    @Test(
        "shortened addresses",
        arguments: [
            ("https://bit.ly/a-name", true), ("https://abc.de/3xYz9Q", true), ("https://abc.de/politik", false),
            ("https://bit.ly/", false), ("https://news.example/3xYz9Q", false), ("https://abc.de/a/3xYz9Q", false),
        ])
    func shortened(text: String, expected: Bool) { #expect(AddressKind.isShortened(text) == expected) }
}

@Suite("Registrable domains")
struct RegistrableDomainTests {
    @Test(
        "what somebody registered",
        arguments: [
            ("www.bbc.co.uk", "bbc.co.uk"), ("a.b.example.com", "example.com"), ("example.com.", "example.com"),
            ("foo.github.io", "foo.github.io"), ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("co.uk", nil), ("com", nil), ("127.0.0.1", nil), ("[::1]", nil), ("", nil), ("localhost", nil),
        ] as [(String, String?)])
    func registered(host: String, expected: String?) { #expect(RegistrableDomain.of(host) == expected) }

    @Test("publishers are counted by it")
    func sources() {
        #expect(SourceDomain.of("https://Live.News.example.co.uk/a") == "example.co.uk")
        #expect(SourceDomain.of("http://192.0.2.7/a") == "192.0.2.7")
        #expect(SourceDomain.of("https://www-news-example.cache.example/c/s/www.news.example/a") == "www.news.example")
        #expect(SourceDomain.of("https://www.typepad.com/") == "typepad.com")
        #expect(SourceDomain.of("https://some-blog.typepad.com/a") == "some-blog.typepad.com")
        #expect(SourceDomain.of("a") == nil)
    }
}
