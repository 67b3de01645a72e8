import Testing

@testable import Extraction

@Suite("Addresses in feeds")
struct URIReferenceTests {
    @Test(
        "relative references are resolved as RFC 3986 says",
        arguments: [
            ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
            ("//g", "http://g"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"), ("..", "http://a/b/"), ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"), ("https://x/Y", "https://x/Y"), ("mailto:x", "mailto:x"),
            ("http:///x/y", "http://x/y"),
        ])
    func join(reference: String, expected: String) {
        let joined = URIReference.join(Array("http://a/b/c/d;p?q".utf8), Array(reference.utf8))
        #expect(String(decoding: joined, as: UTF8.self) == expected)
    }
}
