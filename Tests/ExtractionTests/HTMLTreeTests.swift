import ByteCoding
import Testing

@testable import Extraction

@Suite("Pages as trees")
struct HTMLTreeTests {
    private func tree(_ html: String) -> HTMLTree { HTMLTree(utf8: Array(html.utf8)) }

    /// "p[one] b[two]": the body's elements in order, each with the text that is directly inside.
    private func outline(_ html: String) -> String {
        let tree = tree(html)
        guard let body = tree.body else { return "" }
        func text(_ node: HTMLTree.Node) -> String {
            tree.children(of: node).map { String(decoding: tree.textBytes($0), as: UTF8.self) }.joined()
        }
        func shape(_ node: HTMLTree.Node) -> String {
            let inner = tree.children(of: node).filter { tree.tag($0) != .text }.map(shape)
            return "\(tree.name(of: node))[\(([text(node)] + inner).filter { !$0.isEmpty }.joined(separator: " "))]"
        }
        return tree.children(of: body).filter { tree.tag($0) != .text }.map(shape).joined(separator: " ")
    }

    @Test(
        "end tags that are left out are implied",
        arguments: [
            ("<p>a<p>b", "p[a] p[b]"),
            ("<p>a<div>b</div>", "p[a] div[b]"),
            ("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>", "ul[li[a] li[b ul[li[c]]] li[d]]"),
            ("<dl><dt>a<dd>b<dt>c</dl>", "dl[dt[a] dd[b] dt[c]]"),
            ("<table><tr><td>1<td>2<tr><th>3</table>", "table[tr[td[1] td[2]] tr[th[3]]]"),
            ("<select><option>a<option>b</select>", "select[option[a] option[b]]"),
            ("<h1>a<h2>b", "h1[a] h2[b]"),
            ("<a href=x>a<a href=y>b</a>", "a[a] a[b]"),
        ])
    func impliedEnds(html: String, expected: String) { #expect(outline(html) == expected) }

    @Test(
        "end tags reach no further than their scope",
        arguments: [
            ("<div><table><tr><td>a</div>b</table>c</div>", "div[c table[tr[td[ab]]]]"),
            ("<div>a</span>b</div>", "div[ab]"),
            ("<ul><li>a<ol></li>b</ol></ul>", "ul[li[a ol[b]]]"),
            ("<p>a</p></p>b", "p[a]"),
        ])
    func scopes(html: String, expected: String) { #expect(outline(html) == expected) }

    @Test("a link that is closed inside a later block ends with that block")
    func overlap() { #expect(outline("<a href=x>a<div>b</a>c</div>d<p>e") == "a[a div[bc]] p[e]") }

    @Test("head and body are there whether or not they are written")
    func headAndBody() throws {
        let page = tree("<title>T</title><meta charset=utf-8><p>x")
        let head = try #require(page.head)
        let body = try #require(page.body)
        #expect(page.children(of: head).map { page.tag($0) } == [.title, .meta])
        #expect(page.children(of: body).map { page.tag($0) } == [.p])
        #expect(tree("<html lang=de><body class=a>").attribute(.lang, of: HTMLTree.root) == "de")
    }

    @Test("scripts are kept as they are and are no text")
    func scripts() throws {
        let page = tree("<body><p>a<script>if (a < b) \"</p>\"<!-- <script> </script> --></script>b")
        let script = try #require(page.nodes.first { page.tag($0) == .script })
        #expect(
            String(decoding: page.scriptBytes(script), as: UTF8.self)
                == "if (a < b) \"</p>\"<!-- <script> </script> -->")
        #expect(page.text(of: HTMLTree.root) == "ab")
    }

    @Test("references are decoded, but not those that are parts of addresses")
    func references() throws {
        let page = tree("<a HREF='?a=1&copy=2&amp;c=3' DATA-X=\"&quot;\">caf&eacute; &#8211; x</a>")
        let link = try #require(page.nodes.first { page.tag($0) == .a })
        #expect(page.attribute(.href, of: link) == "?a=1&copy=2&c=3")
        #expect(page.attribute("data-x", of: link) == "\"")
        #expect(page.text(of: link) == "café – x")
    }

    @Test("of two attributes of one name the first counts, and there is a bound")
    func attributes() throws {
        let page = tree("<p class=a class=b " + (0..<1000).map { "x\($0)=1 " }.joined() + ">")
        let node = try #require(page.nodes.first { page.tag($0) == .p })
        #expect(page.attribute(.class, of: node) == "a")
        #expect(page.attributes(of: node).count == HTMLTokens.maxAttributes)
    }

    @Test("depth and number of nodes are bounded")
    func bounds() {
        let deep = tree(String(repeating: "<div>", count: 5000) + "x")
        for node in deep.nodes {
            #expect(deep.ancestors(of: node).reduce(0) { count, _ in count + 1 } <= HTMLTreeBuilder.maxDepth)
        }
        #expect(tree(String(repeating: "<p>x", count: 400_000)).count <= HTMLTreeBuilder.maxNodes + 1)
    }

    @Test("whatever the bytes, the tree is whole")
    func mutations() {
        var random = SplitMix64(seed: 9)
        let page = Array(
            "<html><head><title>a</title></head><body><p a='b'>x<b>y<table><tr><td>z</b></table><svg><path/><![CDATA[c]]></svg><!-- d --></p>&amp;&#x41;<ul><li>1<li>2</ul><x-y>q</x-y><script>s</script>"
                .utf8)
        for _ in 0..<3000 { check(HTMLTree(utf8: mutated(page, using: &random))) }
        for end in page.indices { check(HTMLTree(utf8: Array(page[..<end]))) }
    }

    private func check(_ tree: HTMLTree) {
        for node in tree.nodes {
            let parent = tree.parent(of: node)
            #expect(node == HTMLTree.root || parent < node)
            #expect(tree.end(of: node) > node && tree.end(of: node) <= tree.end(of: parent))
        }
    }

    @Test(
        "a page's encoding: mark, header, its own word, a guess",
        arguments: [
            ([0xEF, 0xBB, 0xBF, 0x3C, 0x70, 0x3E, 0xC3, 0xA9], nil, "é"),
            (Array("<p>".utf8) + [0xE9], "text/html; charset=iso-8859-1", "é"),
            (Array("<meta charset='windows-1251'><p>".utf8) + [0xE9], nil, "й"),
            (
                Array("<meta http-equiv=Content-Type content='text/html; charset=windows-1251'><p>".utf8) + [0xE9], nil,
                "й"
            ),
            (Array("<!-- <meta charset=windows-1251> --><p>".utf8) + [0xE9], nil, "é"),
        ] as [([UInt8], String?, String)])
    func encodings(bytes: [UInt8], contentType: String?, expected: String) {
        let tree = HTMLTree(bytes[...], contentType: contentType)
        #expect(tree.text(of: tree.body ?? HTMLTree.root) == expected)
    }
}
