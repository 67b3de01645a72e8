import ByteCoding
import News
import Testing

@testable import Extraction

@Suite("Reading JSON articles")
struct ArticleReaderTests {
    private func read(_ line: String) -> ReadOutcome {
        var reader = ArticleReader()
        return reader.read(Array(line.utf8)[...])
    }

    private func article(_ line: String) throws -> Article { try incoming(line).article }

    private func incoming(_ line: String) throws -> IncomingArticle {
        guard case .article(let incoming) = read(line) else {
            Issue.record("rejected: \(read(line))")
            throw Missing()
        }
        return incoming
    }

    private struct Missing: Error {}

    @Test("synonyms mean the same as the proper names")
    func synonyms() throws {
        let proper = try article(
            #"{"guid":"1","headline":"H","by":"A B","published":"2016-01-20","language":"en","body":"B","source":"S"}"#)
        let loose = try article(
            #"{"id":1,"title":" H ","author":"A B","date":"2016-01-20","lang":"EN","text":"B","source":"S"}"#)
        #expect(proper == loose)
        #expect(loose.extra == nil)
        #expect(try article(#"{"title":"H","content":"B"}"#).body == "B")
    }

    /// English of which nobody could doubt that it is.
    private static let english =
        "The council said on Friday that it would not have been able to pay for the bridge, which was built by the city before the war, "
        + "and that they had no plans for what will be done with it after the summer."

    @Test("an article that tells no language has that of its text, where it leaves no doubt")
    func language() throws {
        let guessed = try article(#"{"headline":"H","body":"\#(Self.english)"}"#)
        #expect(guessed.language == "en")
        #expect(guessed.extractorVersion == 0)
        #expect(try article(#"{"headline":"H","summary":"\#(Self.english)"}"#).language == "en")
        #expect(try article(#"{"headline":"H","body":"The bridge is there."}"#).language == nil)
        let told = try article(#"{"headline":"H","lang":"fr","body":"\#(Self.english)"}"#)
        #expect(told.language == "fr")
        #expect(told.extractorVersion == 0)
    }

    @Test("what was exported without a language is taken without one, so that its version is that of its content")
    func exportedWithoutLanguage() throws {
        var old = Article()
        old.headline = "H"
        old.body = Self.english
        let written = IncomingArticle(article: old, key: ArticleIdentity.key(of: old, rawInput: []))
        let line = ArticleJSON.write(written.article, key: written.key, version: written.version)
        #expect(try incoming(String(decoding: line, as: UTF8.self)) == written)
    }

    @Test("the proper name wins over its synonym, and the synonym is kept")
    func bothNames() throws {
        let both = try article(#"{"title":"T","headline":"H","content":"C","text":"X","body":"B"}"#)
        #expect(both.headline == "H")
        #expect(both.body == "B")
        #expect(both.extra == #"{"content":"C","text":"X","title":"T"}"#)
    }

    @Test("unknown fields are kept in one canonical form")
    func extra() throws {
        let a = try article(#"{"b":[1.50, {"z":null,"a":"\u00e9\n\/"}],"headline":"H","a":true}"#)
        #expect(a.extra == #"{"a":true,"b":[1.50,{"a":"é\n/","z":null}]}"#)
        let again = try article(#"{ "extra" : {"a": false, "c" : 1} , "a":true, "headline":"H"}"#)
        #expect(again.extra == #"{"a":true,"c":1}"#)
        #expect(try article(#"{"headline":"H","x":null,"extra":{}}"#).extra == nil)
    }

    @Test("a source, section or language that is too long is cut and kept whole in extra", arguments: ["é", "a ", "x"])
    func longNames(_ piece: String) throws {
        let long = String(repeating: piece, count: 3000) + "."
        let line = #"{"headline":"H","extra":{"a":1},"source":"\#(long)","section":"\#(long)","language":"\#(long)"}"#
        let incoming = try incoming(line)
        for name in [incoming.article.source, incoming.article.section, incoming.article.language] {
            let name = try #require(name)
            #expect((Limits.nameBytes - 3...Limits.nameBytes).contains(name.utf8.count))
            #expect(long.hasPrefix(name))
        }
        #expect(incoming.notes.misfits == 3)
        #expect(
            incoming.article.extra == #"{"a":1,"language":"\#(long)","section":"\#(long)","source":"\#(long)"}"#)
        // Written and read again it is the same article.
        var reader = ArticleReader()
        let written = ArticleJSON.write(incoming.article, key: incoming.key, version: incoming.version)
        guard case .article(let again) = reader.read(written[...]) else { throw Missing() }
        #expect(again.article == incoming.article)
        #expect(again.version == incoming.version)
    }

    @Test("a known name with another type is kept in extra and counted")
    func misfits() throws {
        let odd = try incoming(
            #"{"headline":"H","body":["x"],"quotes":[{"text":"q","page":2}],"key":"zz","subjects":7,"media":{}}"#)
        #expect(odd.article.body == nil)
        #expect(
            odd.article.extra
                == #"{"body":["x"],"key":"zz","media":{},"quotes":[{"page":2,"text":"q"}],"subjects":7}"#)
        #expect(odd.notes.misfits == 5)
    }

    @Test(
        "published is read in any precision",
        arguments: [
            ("2016", 1_451_606_400_000, 0, PublishedTime.Precision.year),
            ("2016-01", 1_451_606_400_000, 0, .month),
            ("2016-01-20", 1_453_248_000_000, 0, .day),
            ("2016-01-20T18:14", 1_453_313_640_000, 0, .minute),
            ("2016-01-20T18:14+09:00", 1_453_281_240_000, 540, .minute),
            ("2016-01-20 18:14:05.250Z", 1_453_313_645_250, 0, .second),
            ("Wed, 20 Jan 2016 18:14:05 -0500", 1_453_331_645_000, -300, .second),
            ("1916-05-22", -1_691_884_800_000, 0, .day),
        ])
    func published(text: String, milliseconds: Int64, offset: Int16, precision: PublishedTime.Precision) throws {
        let time = try #require(try article(#"{"headline":"H","published":"\#(text)"}"#).published)
        #expect(time.at.milliseconds == milliseconds)
        #expect(time.offsetMinutes == offset)
        #expect(time.precision == precision)
        #expect(time.from == "field")
    }

    @Test("dates that cannot be read are kept and counted")
    func unreadDates() throws {
        let odd = try incoming(#"{"headline":"H","published":"yesterday","updated":"x","fetched":5}"#)
        #expect(odd.article.published == nil)
        #expect(odd.article.extra == #"{"fetched":5,"published":"yesterday","updated":"x"}"#)
        #expect(odd.notes.unreadDates == 3)
        #expect(try article(#"{"headline":"H","published":"soon","date":"2016"}"#).published?.precision == .year)
    }

    @Test("a url that is none is kept as text and counted")
    func textURL() throws {
        let odd = try incoming(#"{"headline":"H","url":"see page 4"}"#)
        #expect(odd.article.url == "see page 4")
        #expect(odd.notes.urlIsText)
        #expect(try incoming(#"{"headline":"H","url":null}"#).notes == ReadNotes())
    }

    @Test("an article needs a headline or a body")
    func empty() {
        for line in [#"{}"#, #"{"headline":" ","body":""}"#, #"{"summary":"S","url":"http://a/"}"#, #"{"headline":7}"#]
        {
            #expect(read(line) == .rejected(.empty, detail: "neither headline nor body"), "\(line)")
        }
    }

    @Test(
        "what is no JSON object says where",
        arguments: [
            ("", "expected an object at offset 0"), ("[1]", "expected an object at offset 0"),
            (#"{"a":1,}"#, "expected a member's name at offset 7"), (#"{"a" 1}"#, "expected ':' at offset 5"),
            (#"{"a":1 "b":2}"#, "expected ',' or '}' at offset 7"), (#"{"a":"x"#, "string without an end at offset 5"),
            (#"{"a":01}"#, "expected ',' or '}' at offset 6"), (#"{"a":1.}"#, "expected a digit at offset 7"),
            (#"{"a":-}"#, "expected a digit at offset 6"), (#"{"a":nul}"#, "expected a value at offset 5"),
            (#"{"a":"\x"}"#, "unknown escape at offset 6"),
            (#"{"a":"\u12"}"#, "\\u needs four hexadecimal digits at offset 8"),
            ("{\"a\":\"\n\"}", "control character in a string at offset 6"),
            (#"{"a":1}x"#, "unexpected text after the value at offset 7"),
            ("{\"a\":\(String(repeating: "[", count: 80))", "more than 64 levels at offset 68"),
        ])
    func malformed(line: String, detail: String) { #expect(read(line) == .rejected(.malformed, detail: detail)) }

    @Test("invalid UTF-8 is malformed, wherever it stands")
    func invalidUTF8() {
        for bytes in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]] {
            for (head, tail) in [
                (#"{"headline":"a"#, #"b"}"#), (#"{"headline":"H","x":{"y":"\n"#, #""}}"#), (#"{"h"#, #"":1}"#),
            ] {
                var reader = ArticleReader()
                let outcome = reader.read((Array(head.utf8) + bytes + Array(tail.utf8))[...])
                guard case .rejected(.malformed, _) = outcome else {
                    Issue.record("\(bytes) in \(head): \(outcome)")
                    continue
                }
            }
        }
    }

    @Test("escapes, surrogate pairs and lone surrogates")
    func escapes() throws {
        #expect(try article(#"{"headline":"\u0041\ud83d\ude00\"\\\/\u00e9"}"#).headline == "A😀\"\\/é")
        #expect(try article(#"{"headline":"a\ud83dz\ude00"}"#).headline == "a\u{FFFD}z\u{FFFD}")
        #expect(try article(#"{"headline":"a\ud83d\u0041"}"#).headline == "a\u{FFFD}A")
        #expect(try article(#"{"body":"a\r\nb\rc"}"#).body == "a\nb\rc")
    }

    @Test("a line over the limit, and a record over the limit, are too large")
    func tooLarge() {
        var line = Array(#"{"body":""#.utf8)
        line += [UInt8](repeating: 0x61, count: Limits.recordBytes)
        line += Array(#""}"#.utf8)
        var reader = ArticleReader()
        guard case .rejected(.tooLarge, _) = reader.read(line[...]) else {
            Issue.record("accepted")
            return
        }
        line = [UInt8](repeating: 0x20, count: Limits.inputBytes + 1)
        guard case .rejected(.tooLarge, _) = reader.read(line[...]) else {
            Issue.record("accepted")
            return
        }
    }

    @Test("of equal names the last is taken, and a byte order mark is passed over")
    func repeatedNames() throws {
        #expect(try article("\u{FEFF}" + #"{"headline":"a","headline":"b","x":1,"x":2}"#).extra == #"{"x":2}"#)
        #expect(try article(#"{"headline":"a","headline":"b"}"#).headline == "b")
    }

    @Test("the key the line gives is kept; else the identity rules decide, over the line as it came")
    func keys() throws {
        let given = String(repeating: "0f", count: 16)
        #expect(try incoming(#"{"headline":"H","key":"\#(given)","url":"http://a/"}"#).key.hex == given)
        #expect(try incoming(#"{"headline":"H","url":"http://A"}"#).key == ArticleKey(canonicalURL: "http://a/"))
        #expect(try incoming(#"{"headline":"H"}"#).key == ArticleKey(rawInput: Array(#"{"headline":"H"}"#.utf8)))
    }

    // MARK: Output

    private static let full = #"""
        {"guid":"g1","url":"https://example.com/a","canonical_url":"https://example.com/","provider":"P","source":"S","agency":"AG","headline":"Ünïcode \"H\"","slugs":["LEAD","2nd LD"],"ed_note":"ADDS","dateline":"SEOUL, Jan. 20 (AG) --","located":"SEOUL","by":"A B","authors":["A","B"],"published":{"at":"2016-01-20T18:14:00+09:00","from":"text","precision":"minute"},"updated":"2016-01-21T00:00:00.250Z","fetched":"2016-01-21T01:00:00Z","language":"en","section":"World","subjects":["x"],"summary":"Sum","body":"One.\n\nTwo \u0001.","quotes":[{"text":"q","speaker":"Q"},{"text":"r"}],"media":[{"url":"http://i/","caption":"","credit":"C"},{}],"removed":["nav"],"extra":{"z":[1,2.0e1],"a":{"c":"d"}},"extractor_version":3}
        """#

    @Test("what is written reads back as the same record, key and version")
    func roundTrip() throws {
        let first = try incoming(Self.full)
        #expect(first.article.extra == #"{"a":{"c":"d"},"z":[1,2.0e1]}"#)
        #expect(first.article.extractorVersion == 3)
        let written = ArticleJSON.write(
            first.article, key: first.key, version: first.version, copyGroup: first.key, story: first.key)
        let second = try incoming(String(decoding: written, as: UTF8.self))
        #expect(second == first)
        #expect(ArticleJSON.write(second.article, key: second.key, version: second.version).count < written.count)
        #expect(try CanonicalRecord.decode(second.record) == first.article)
    }

    @Test("times are written with the offset they were stated in")
    func times() {
        #expect(ArticleJSON.time(Timestamp(seconds: 0)) == "1970-01-01T00:00:00+00:00")
        #expect(ArticleJSON.time(Timestamp(milliseconds: -1), offsetMinutes: -90) == "1969-12-31T22:29:59.999-01:30")
        #expect(ArticleJSON.time(Timestamp(milliseconds: Int64.max), offsetMinutes: 60).hasPrefix("+"))
    }

    @Test("a line changed after its export is rejected, unless it leaves out its version")
    func editedExport() throws {
        let first = try incoming(#"{"headline":"H"}"#)
        let written = String(
            decoding: ArticleJSON.write(first.article, key: first.key, version: first.version), as: UTF8.self)
        let edited = written.replacing("\"H\"", with: "\"I\"")
        var reader = ArticleReader()
        guard case .rejected(.malformed, let detail) = reader.readPayloadLine(Array(edited.utf8)[...]) else {
            Issue.record("taken: \(edited)")
            return
        }
        #expect(detail.contains(first.key.hex) && detail.contains("export"))
        let free = String(decoding: ArticleJSON.line(first), as: UTF8.self).replacing("\"H\"", with: "\"I\"")
        let taken = try incoming(free)
        #expect(taken.key == first.key && taken.version != first.version && taken.article.extra == nil)
    }

    @Test(
        "what is odd survives being exported and read again",
        arguments: [
            #"{"headline":"H","published":{"at":"2016","from":"","precision":"year"}}"#,
            #"{"headline":"H","updated":"9999-12-31T23:59:59-12:00","fetched":"0001-01-01T00:00:00+05:00"}"#,
            #"{"headline":"H","published":"0001-01-01T00:00:00+05:00"}"#,
            #"{"headline":"  ","title":"T","body":"B","id":7,"source":"S","extra":[1,{"a":[]}],"content_hash":"x","key":3}"#,
            #"{"body":" \r\r\n x\u0000\u001f\u2028","slugs":["", " a "],"removed":" nav ","media":[{},{"url":""}]}"#,
            #"{"headline":"H","unknown":\#(String(repeating: "[", count: 63))\#(String(repeating: "]", count: 63))}"#,
            #"{"headline":"H","extra":\#(String(repeating: "[", count: 63))\#(String(repeating: "]", count: 63))}"#,
            #"{"headline":"H","extra":{"e":\#(String(repeating: "[", count: 63))\#(String(repeating: "]", count: 63))}}"#,
            #"{"headline":"H","source":"\#(String(repeating: "é", count: 200))","quotes":[{"text":""}],"version":1}"#,
        ])
    func oddRoundTrip(line: String) throws {
        let first = try incoming(line)
        var text = line
        for _ in 0..<2 {
            let again = try incoming(text)
            #expect(again.record == first.record)
            text = String(
                decoding: ArticleJSON.write(again.article, key: first.key, version: again.version), as: UTF8.self)
        }
        #expect(try incoming(text).key == first.key)
    }

    @Test("derived fields are dropped from exported lines only")
    func derived() throws {
        #expect(try article(#"{"headline":"H","story":"s"}"#).extra == #"{"story":"s"}"#)
    }

    // MARK: Directives

    private func payload(_ line: String) -> PayloadLine {
        var reader = ArticleReader()
        return reader.readPayloadLine(Array(line.utf8)[...])
    }

    @Test("directives of a payload")
    func directives() {
        let hex = String(repeating: "ab", count: 16)
        let key = ArticleKey(hex: hex)
        #expect(
            payload(#"{"$reject":{"source":"s","key":"\#(hex)","line":7,"reason":"too_large","detail":"d"}}"#)
                == .reject(source: "s", key: key, line: 7, reason: .tooLarge, detail: "d"))
        #expect(payload(#"{"$retract":{"key":"\#(hex)","reason":"r"}}"#) == .retract(key!, url: nil, reason: "r"))
        #expect(
            payload(#"{"$retract":{"url":"HTTP://a","reason":"r"}}"#)
                == .retract(ArticleKey(canonicalURL: "http://a/"), url: "HTTP://a", reason: "r"))
        #expect(
            payload(#" {"$feed":{"op":"add","url":"http://f","interval_s":5}}"#)
                == .feed(.add(url: "http://f/", intervalSeconds: 5, wantsPages: false)))
        #expect(
            payload(#"{"$feed":{"op":"add","url":"http://f","pages":true}}"#)
                == .feed(.add(url: "http://f/", intervalSeconds: nil, wantsPages: true)))
        #expect(payload(#"{"$feed":{"op":"remove","url":"http://f/"}}"#) == .feed(.remove(url: "http://f/")))
        for bad in [
            #"{"$feed":{"op":"x","url":"http://f/"}}"#, #"{"$feed":{"op":"add","url":"f"}}"#, #"{"$what":{}}"#,
            #"{"$feed":7}"#,
            #"{"$retract":{"reason":"r"}}"#, #"{"$reject":{"reason":"bored"}}"#,
            #"{"$feed":{"op":"add","url":"http://f/","interval_s":0}}"#,
            #"{"$feed":{"op":"add","url":"http://f/","pages":[]}}"#,
        ] {
            guard case .rejected(.malformed, _) = payload(bad) else {
                Issue.record("\(bad): \(payload(bad))")
                continue
            }
        }
        guard case .article(let incoming) = payload(#"{"$feed":1,"headline":"H"}"#) else {
            Issue.record("an article with an odd field")
            return
        }
        #expect(incoming.article.extra == #"{"$feed":1}"#)
    }

    // MARK: Damage

    @Test("cut at every byte, each bit flipped: a value or an error")
    func damage() {
        var reader = ArticleReader()
        let whole = Array(Self.full.utf8)
        for end in whole.indices {
            guard case .rejected(.malformed, _) = reader.readPayloadLine(whole[..<end]) else {
                Issue.record("a line cut at \(end) was taken")
                continue
            }
        }
        for place in whole.indices {
            for bit in 0..<8 {
                var flipped = whole
                flipped[place] ^= 1 << UInt8(bit)
                _ = reader.readPayloadLine(flipped[...])
            }
        }
    }

    @Test("seeded mutations: a value or an error, and values survive being written")
    func mutations() {
        var random = SplitMix64(seed: 42)
        var reader = ArticleReader()
        let whole = Array(Self.full.utf8)
        for round in 0..<5000 {
            let line = mutated(whole, using: &random)
            guard case .article(let first) = reader.readPayloadLine(line[...]) else { continue }
            let written = ArticleJSON.write(first.article, key: first.key, version: first.version)
            guard case .article(let second) = reader.readPayloadLine(written[...]) else {
                Issue.record("round \(round): \(String(decoding: written, as: UTF8.self))")
                continue
            }
            #expect(second.record == first.record, "round \(round)")
            #expect(second.key == first.key)
        }
    }
}
