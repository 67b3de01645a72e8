import Testing

@testable import Extraction

@Suite("Harmless markup")
struct HTMLSanitizerTests {
    private func clean(_ html: String, base: String = "") -> String {
        String(
            decoding: HTMLSanitizer.clean(Array(html.utf8), base: Array(base.utf8), isXHTML: false), as: UTF8.self)
    }

    @Test(
        "elements and attributes that do no harm stay, others go",
        arguments: [
            ("a &amp; <b>b</b>", "a &amp; <b>b</b>"), ("<P CLASS=x>y", "<p class=\"x\">y"),
            ("<script>alert(1)</script>x", "x"), ("<style>p{}</style>x", "x"), ("<custom>x</custom>", "x"),
            ("<b onclick='x()'>y</b>", "<b>y</b>"), ("<iframe src='u'></iframe>z", "z"),
            ("<img src=a alt='\"'>", "<img alt=\"&quot;\" src=\"a\" />"), ("<br/>", "<br />"),
            ("<option selected>", "<option selected=\"selected\">"),
            ("1 < 2 & 3", "1 < 2 & 3"), ("&nbsp;&nosuch;&#150;", "&nbsp;&amp;nosuch;&#x2013;"),
            ("<!-- c -->x<?php ?><!DOCTYPE html>", "<!-- c -->x"), ("<b", "&lt;b"), ("x<!-- never ends", "x"),
        ])
    func elements(html: String, expected: String) { #expect(clean(html) == expected) }

    @Test(
        "addresses that run something are emptied, however they are hidden",
        arguments: [
            "javascript:x", "JaVaScRiPt:x", "java\tscript:x", " javascript:x", "&#106;avascript:x", "data:text/html,x",
            "vbscript:x",
        ])
    func addresses(address: String) { #expect(clean("<a href='\(address)'>y</a>") == "<a href=\"\">y</a>") }

    @Test("relative addresses are resolved")
    func relative() {
        #expect(
            clean("<a href='/b?c=1&amp;d'>x</a><img src='e'>", base: "http://a.example/f/g")
                == "<a href=\"http://a.example/b?c=1&amp;d\">x</a><img src=\"http://a.example/f/e\" />")
    }

    @Test(
        "of a style what changes the look stays",
        arguments: [
            ("color: red", "color: red;"), ("color:red;position:fixed", "color: red;"), ("width: expression(x)", ""),
            ("background: url(x) red", "background: red;"), ("border: 1px solid #000", "border: 1px solid #000;"),
            ("margin: 10px -5px", ""), ("nonsense", ""),
        ])
    func styles(style: String, expected: String) {
        #expect(clean("<p style='\(style)'>") == (expected.isEmpty ? "<p>" : "<p style=\"\(expected)\">"))
    }

    @Test("hostile markup takes linear time")
    func hostile() {
        for unit in [
            "<!--", "<a b='", "<a b=\" <c d=' ", "<a ", "&#", "&x", "<b c=<", "<![CDATA[", "</", "--", "<a =\" <a\" ",
        ] {
            _ = clean("<p>" + String(repeating: unit, count: 100_000))
        }
    }
}
