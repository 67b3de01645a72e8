import Testing

@testable import ObjectStore

@Suite struct XMLFieldsTests {
    private static func fields(_ text: String) throws -> [String] {
        try XMLFields(Array(text.utf8)).fields.map { "\($0.path)=\($0.text)" }
    }

    @Test(
        "texts are read by their paths",
        arguments: [
            ("<a>x</a>", ["a=x"]), ("\u{FEFF}<?xml version=\"1.0\"?>\n<a/>\n", ["a="]),
            ("<a b='<x>' c=\"/\">1<b>2</b><!-- <c> --></a>", []),
            ("<a b='x>y'>1<b>2</b><!-- <c> -->3</a>", ["a/b=2", "a=13"]),
            ("<n:a xmlns:n='u'><n:b>&lt;&#65;&#x42;&amp;&gt;&quot;&apos;</n:b></n:a>", ["a/b=<AB&>\"'", "a="]),
            ("<a><![CDATA[<&>]]></a>", ["a=<&>"]), ("<a><b/><b >2</b ></a >", ["a/b=", "a/b=2", "a="]),
        ])
    func reading(text: String, expected: [String]) throws {
        if expected.isEmpty {
            #expect(try Self.fields(text) == ["a/b=2", "a=1"])
        } else {
            #expect(try Self.fields(text) == expected)
        }
    }

    @Test(
        "what is no such document is refused",
        arguments: [
            "", " ", "x", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a>&nbsp;</a>", "<a>&#xD800;</a>", "<a>& b</a>", "<a",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a><!-- </a>", "<a>&#99999999;</a>", "< a/>", "<a/>x",
            String(repeating: "<a>", count: 17) + String(repeating: "</a>", count: 17),
        ])
    func refusing(text: String) {
        #expect(throws: XMLFields.Malformed.self) { try XMLFields(Array(text.utf8)) }
    }

    @Test("cut anywhere or with any byte changed, it ends in a value or an error")
    func mutations() {
        let sample = Array("<?xml?><L a='b'><K>x&amp;&#65;</K><!--c--><![CDATA[d]]><T/></L>".utf8)
        var readCount = 0
        func read(_ bytes: [UInt8]) {
            do throws(XMLFields.Malformed) {
                readCount += try XMLFields(bytes).fields.isEmpty ? 0 : 1
            } catch {
                #expect(error.offset <= bytes.count)
            }
        }
        for end in sample.indices { read(Array(sample[..<end])) }
        for index in sample.indices {
            for value in [0, 0x26, 0x2F, 0x3B, 0x3C, 0x3E, 0xFF] as [UInt8] {
                var changed = sample
                changed[index] = value
                read(changed)
            }
        }
        #expect(readCount > 50)
    }

    @Test("numbers of elements are bounded")
    func bounds() {
        let many = "<a>" + String(repeating: "<b/>", count: XMLFields.fieldLimitCount + 1) + "</a>"
        #expect(throws: XMLFields.Malformed.self) { try XMLFields(Array(many.utf8)) }
    }
}
