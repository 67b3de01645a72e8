import Testing

@testable import News

@Suite("Addresses of any scheme")
struct AnyAddressTests {
    @Test(
        "one address has one spelling",
        arguments: [
            ("FTP://User@Host.Example:21/a/../b", "ftp://User@host.example/b"), ("wss://h:443", "wss://h/"),
            ("file:C|\\a", "file:///C:/a"), ("file://LocalHost/a", "file:///a"), ("file://h/a", "file://h/a"),
            ("mailto:a b@c ?x", "mailto:a b@c%20?x"), ("feed://h/a%zz?'", "feed://h/a%zz?'"), ("x:", "x:"),
            ("urn:a:b#é", "urn:a:b#%C3%A9"), ("x:/.//a", "x:/.//a"), ("x://H:0/", "x://H:0/"), ("x://", "x://"),
            ("https://h\\a?'", "https://h/a?%27"), ("x://[::1]/", "x://[::1]/"),
        ])
    func oneSpelling(text: String, expected: String) {
        #expect(AnyAddress(text)?.href == expected)
        #expect(AnyAddress(expected)?.href == expected)
    }

    @Test(
        "relative addresses are resolved",
        arguments: [
            ("b", "ftp://h/x/y", "ftp://h/x/b"), ("//o/b", "file:///x", "file://o/b"),
            ("/b", "file:///C:/x", "file:///C:/b"),
            ("..", "file:///C:/", "file:///C:/"), ("?q", "x://h/p?a#b", "x://h/p?q"),
            ("#f", "mailto:a@b", "mailto:a@b#f"),
            ("", "x:/p?q#f", "x:/p?q"), ("/..//p", "x:/a", "x:/.//p"), ("D|/z", "file:///C:/x", "file:///D:/z"),
        ])
    func relative(text: String, base: String, expected: String) {
        #expect(AnyAddress(text, base: AnyAddress(base))?.href == expected)
    }

    @Test(
        "what is none",
        arguments: ["", "a/b", "//h", "ftp://", "x://a b", "x://@/", "x://h:70000", "file://a b/", "x://[1]"])
    func none(text: String) { #expect(AnyAddress(text) == nil) }

    @Test("nothing but a fragment is relative to an opaque path")
    func opaque() { #expect(AnyAddress("a", base: AnyAddress("mailto:x")) == nil) }
}
