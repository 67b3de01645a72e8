import ByteCoding
import Testing

@testable import News

@Suite("Canonical URL")
struct CanonicalURLTests {
    @Test(
        "one address has one spelling",
        arguments: [
            ("HTTP://Example.COM", "http://example.com/"),
            ("https://example.com:443/a", "https://example.com/a"),
            ("https://example.com:8443/a", "https://example.com:8443/a"),
            ("https://example.com:/a", "https://example.com/a"),
            ("https://user:secret@example.com/a", "https://example.com/a"),
            ("https://example.com/a#part", "https://example.com/a"),
            ("https://example.com/a/./b/../c", "https://example.com/a/c"),
            ("https://example.com/a/%2e%2E/c", "https://example.com/c"),
            ("https:\\\\example.com\\a\\b", "https://example.com/a/b"),
            ("http:/example.com/a", "http://example.com/a"),
            ("  https://exa\tmple.com/a\n", "https://example.com/a"),
            ("https://example.com/%7euser/%c3%a9", "https://example.com/~user/%C3%A9"),
            ("https://example.com/é?ü=ß", "https://example.com/%C3%A9?%C3%BC=%C3%9F"),
            ("https://Bücher.example/", "https://xn--bcher-kva.example/"),
            ("https://ドメイン.テスト/a", "https://xn--eckwd4c7c.xn--zckzah/a"),
            ("https://example。com/", "https://example.com/"),
            ("https://Bu\u{308}cher.example/", "https://xn--bcher-kva.example/"),
            ("https://\u{1112}\u{1161}\u{11AB}.example/", "https://xn--6q8b.example/"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://[2001:DB8:0:0:1:0:0:1]/", "http://[2001:db8::1:0:0:1]/"),
            ("http://[::ffff:1.2.3.4]:80/", "http://[::ffff:102:304]/"),
            ("https://example.com/?", "https://example.com/"),
            ("https://example.com/a?&&", "https://example.com/a"),
            ("https://example.com/a?b=2&a=1", "https://example.com/a?b=2&a=1"),
            ("https://example.com/a?id=1&UTM_Source=x&fbclid=y&b", "https://example.com/a?id=1&b"),
            ("https://example.com/a?utm_source=x&gclid=2", "https://example.com/a"),
            ("https://example.com/a?utmost=1", "https://example.com/a?utmost=1"),
            ("https://www.example.com/a/", "https://www.example.com/a/"),
            // A "%" that escapes nothing must not begin to.
            ("https://example.com/%4%44/%%41/%%34%31", "https://example.com/%4%44/%%41/%%341"),
            ("https://example.com/%4%2d/%zz%41", "https://example.com/%4-/%zzA"),
        ])
    func oneSpelling(input: String, expected: String) {
        let canonical = CanonicalURL.canonicalise(input)
        #expect(canonical == expected)
        #expect(canonical.flatMap(CanonicalURL.canonicalise) == canonical, "canonical URLs stay as they are")
    }

    @Test(
        "anything but an absolute http(s) URL with a host is none",
        arguments: [
            "", " ", "example.com/a", "/a", "//example.com/a", "mailto:a@example.com", "ftp://example.com/",
            "tag:a,2016:1",
            "http://", "http:///", "https://?a", "http://exa mple.com/", "http://a%b/", "http://example.com:99999/",
            "http://example.com:a/", "http://[::1", "http://[1:2]/", "http://1.2.3.4.5/", "http://256.1.1.256/",
            "http://a<b/",
            "http://@/", "urn:isbn:0", "javascript:alert(1)", "http://\u{308}a/", "http://\u{FFFD}%FF/",
        ])
    func noURL(input: String) { #expect(CanonicalURL.canonicalise(input) == nil) }

    @Test("a URL over the limit makes no key")
    func overLong() {
        let long = "https://example.com/" + String(repeating: "a", count: Limits.urlBytes)
        #expect(CanonicalURL.canonicalise(long) == nil)
    }

    @Test(
        "relative addresses are resolved",
        arguments: [
            ("b", "http://h/x/b"), ("../b", "http://h/b"), ("/b?c", "http://h/b?c"), ("//o/b", "http://o/b"),
            ("?c", "http://h/x/y?c"), ("#f", "http://h/x/y?q#f"), ("", "http://h/x/y?q"), ("http:b", "http://h/x/b"),
            ("https://o", "https://o/"), ("./", "http://h/x/"), ("..", "http://h/"),
        ])
    func relative(input: String, expected: String) throws {
        let base = try #require(WebAddress("http://h/x/y?q#old"))
        #expect(WebAddress(input, base: base)?.href == expected)
    }

    @Test("an address that is canonical as it stands is what parsing makes of it")
    func plain() {
        var random = SplitMix64(seed: 11)
        let pieces = [
            "https://", "http://", "HTTP://", "https:/", "a", "news", "Z", "1", "0x1f", "1.2.3.4", "xn--bcher-kva",
            "-", "_", "~", ".", "..", "/", "//", "/./", "/../", "%2e", "%41", ":", ":80", "@", "?", "?utm_source=a",
            "?id=1", "#", ",", " ", "\\", "\u{E9}", "[::1]",
        ]
        var plainCount = 0
        for round in 0..<5000 {
            var text = round.isMultiple(of: 4) ? "" : ["https://", "http://"][round % 2] + "news.example/"
            for _ in 0..<Int.random(in: 0..<6, using: &random) { text += pieces.randomElement(using: &random)! }
            let parsed = CanonicalURL.parsed(text)
            #expect(CanonicalURL.canonicalise(text) == parsed, "\(text)")
            plainCount += parsed == text ? 1 : 0
        }
        #expect(plainCount > 500)
    }

    @Test("no mutation of an address makes it trap")
    func mutations() {
        var random = SplitMix64(seed: 7)
        let seeds = [
            "https://user:pw@Bücher.example:8080/a/%2e/b;c?d=%zz&utm_x#f", "http://[2001:db8::1.2.3.4]:80/",
            "http://0x7f.0.1/..",
        ]
        for round in 0..<5000 {
            var bytes = Array(seeds[round % seeds.count].utf8)
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(CanonicalURL.canonicalise(text) == CanonicalURL.parsed(text), "\(text)")
            if let canonical = CanonicalURL.canonicalise(text) {
                #expect(CanonicalURL.canonicalise(canonical) == canonical, "\(text)")
            }
        }
    }
}

@Suite("Article identity")
struct ArticleIdentityTests {
    private func article(url: String? = nil, source: String? = nil, guid: String? = nil) -> Article {
        var article = Article()
        article.url = url
        article.source = source
        article.guid = guid
        return article
    }

    @Test("the URL decides, then source and guid, then the raw input")
    func precedence() {
        let raw = Array("line".utf8)
        let byURL = ArticleKey(canonicalURL: "https://example.com/a")
        let byGuid = ArticleKey(source: "s", guid: "g")
        let byInput = ArticleKey(rawInput: raw)
        func key(_ article: Article) -> ArticleKey { ArticleIdentity.key(of: article, rawInput: raw) }
        #expect(key(article(url: "HTTPS://example.com/a#x", source: "s", guid: "g")) == byURL)
        #expect(key(article(url: "not a url", source: "s", guid: "g")) == byGuid)
        #expect(key(article(source: "s", guid: "g")) == byGuid)
        #expect(key(article(source: "s")) == byInput)
        #expect(key(article(guid: "g")) == byInput)
        #expect(key(article(source: "", guid: "g")) == byInput)
    }
}
