import ByteCoding
import Engine
import News
import Testing

@Suite("Query parser")
struct QueryParserTests {
    @Test(
        "queries mean what the language says",
        arguments: [
            ("", "*"), ("  ", "*"), ("*", "*"),
            ("trade", "trade"), ("Trade", "trade"),
            ("trade war", "and(trade war)"),
            ("trade AND war", "and(trade war)"),
            ("trade OR war", "or(trade war)"),
            ("a b OR c d", "or(and(a b) and(c d))"),
            ("a (b OR c) d", "and(a or(b c) d)"),
            ("and or not", "and(and or not)"),
            ("a -b", "and(a not(b))"), ("a NOT b", "and(a not(b))"), ("-b", "not(b)"), ("NOT (a b)", "not(and(a b))"),
            ("NOT NOT a", "not(not(a))"), ("a - b", "and(a b)"), ("a--b", "\"a b\""),
            ("any(a b c)", "any(a b c)"), ("any(a)", "a"), ("any(a, \"b c\", d*)", "any(a \"b c\" d*)"),
            ("any (a)", "and(any a)"), ("any(a any(b c))", "any(a any(b c))"),
            ("\"special role\" china", "and(\"special role\" china)"),
            ("\"one\"", "one"), ("\"a b\"~5", "\"a b\"~5"), ("“a b”", "\"a b\""), ("a\"b c\"", "and(a \"b c\")"),
            ("state-of-the-art", "\"state of the art\""), ("don't U.S.", "and(dont us)"), ("中国人", "\"中国 国人\""),
            ("2023年", "\"2023 年*\""), ("第1", "\"*第 1\""), ("人", "*人*"), ("=第1", "=\"第 1\""), ("3年5月", "\"3 年 5 月*\""),
            ("צה\"ל ארה\"ב", "and(צהל ארהב)"), ("\"צה\"ל הודיע\"", "\"צהל הודיע\""), ("ב\"הארץ\"", "and(ב הארץ)"),
            ("مُحَ* Ọ̀*", "and(مح* o*)"), ("*ֹל", "*ל"),
            ("a & b", "and(a b)"), ("who won?", "and(who won)"),
            ("elect*", "elect*"), ("*ion", "*ion"), ("el*ion", "el*ion"), ("e**n", "e*n"), ("*ect*", "*ect*"),
            ("Foo-ba*", "\"foo ba*\""), ("ba*-Foo", "\"ba* foo\""), ("\"elect* result\"", "\"elect* result\""),
            ("a* *b", "and(a* *b)"),
            ("colour~", "colour~1"), ("colour~2", "colour~2"),
            ("=Colour", "=colour"), ("=\"To be\"", "=\"to be\""),
            ("headline:trade", "headline:trade"), ("title:trade", "headline:trade"),
            ("headline: trade", "headline:trade"),
            ("headline:\"trade war\" x", "and(headline:\"trade war\" x)"),
            ("by:(smith OR jones)", "or(by:smith by:jones)"), ("by:any(smith jones)", "any(by:smith by:jones)"),
            ("headline:(a by:b)", "and(headline:a by:b)"),
            ("lang:pt-BR", "lang:pt-br"), ("lang:(en OR de)", "or(lang:en lang:de)"), ("lang:z*", "lang:z*"),
            ("source:\"The Times\"", "source:\"the times\""), ("source:=\"The Times\"", "source:=the times"),
            (
                "slug:update subject:sports located:paris section:world agency:ap",
                "and(slug:update subject:sports located:paris section:world agency:ap)"
            ),
            ("http://example.com/a", "\"http example com a\""), ("10:30", "\"10 30\""),
            ("Reuters: a", "and(reuters a)"),
            ("see: this", "and(see this)"),
            ("trade^2 war^0.5", "and(boost(trade 131072) boost(war 32768))"), ("(a b)^3", "boost(and(a b) 196608)"),
            ("a NEAR/5 b", "near/5(a b)"), ("a NEAR/5 b c", "and(near/5(a b) c)"),
            ("\"a b\" NEAR/2 (c OR d)", "near/2(\"a b\" or(c d))"), ("a NEAR/1 b NEAR/2 c", "near/2(near/1(a b) c)"),
            ("\"a * b\"", "\"a * b\""), ("\"* a ** b *\"~3", "\"a * b\"~3"), ("\"* a\"", "a"),
            ("\"white hou* *ion\"", "\"white hou* *ion\""), ("\"a *\" NEAR/99 b~", "near/99(a b~1)"),
            ("key:00112233445566778899AABBCCDDEEFF", "key:00112233445566778899aabbccddeeff"),
            ("quote:\"a b\" speaker:x story:y", "and(quote:\"a b\" speaker:x story:y)"),
            ("published:2016", "dates(1451606400000..1483228800000)"),
            ("date:2016-02", "dates(1454284800000..1456790400000)"),
            ("published:2016-12", "dates(1480550400000..1483228800000)"),
            ("published:2016-01-20", "dates(1453248000000..1453334400000)"),
            ("published:2016-01..2016-02", "dates(1451606400000..1456790400000)"),
            ("published:..2016-02", "dates(..1456790400000)"), ("published:2016-02..", "dates(1454284800000..)"),
            ("published:>=2016-02", "dates(1454284800000..)"), ("published:>2016-02", "dates(1456790400000..)"),
            ("published:<2016-02", "dates(..1454284800000)"), ("published:<=2016-02", "dates(..1456790400000)"),
            ("published:2016-01-20T10:30", "dates(1453285800000..1453285860000)"),
            ("published:2016-01-20T10:30:15+01:00", "dates(1453282215000..1453282216000)"),
            ("(published:2016)", "dates(1451606400000..1483228800000)"),
        ])
    func meanings(text: String, expected: String) throws {
        #expect(try QueryParser.parse(text).description == expected)
    }

    @Test(
        "errors point at the character and say what was expected",
        arguments: [
            ("(a b", 0, "\")\""), ("a )", 2, "the end"), ("()", 1, "a word"), (")", 0, "the end"),
            ("\"a b", 0, "\""), ("a OR", 4, "a word"), ("OR a", 0, "a word"), ("a OR OR b", 5, "a word"),
            ("a AND", 5, "a word"), ("AND a", 0, "a word"), ("a AND AND b", 6, "a word"),
            ("a NOT", 2, "a word"), ("-(", 1, "\")\""), ("!!!", 0, "a word"), ("a (&)", 4, "a word"),
            ("any(a", 3, "\")\""), ("any(a OR b)", 6, "words"), ("any(-a)", 4, "words"), ("any()", 4, "a word"),
            ("foo:bar", 0, "one of headline"), ("by:", 3, "a value"), ("by:&", 3, "a word"), ("x by:)", 5, "a value"),
            ("a^", 1, "a number"), ("a^x", 1, "a number"), ("a^0", 1, "a number"), ("^2", 0, "a word"),
            ("a~3", 1, "~1 or ~2"), ("a-b~1", 3, "a word"),
            ("a NEAR b", 2, "NEAR/5"), ("a NEAR/x b", 7, "a number"), ("a NEAR/100 b", 7, "to 99"),
            ("\"a b\"~100", 5, "up to 99"), ("\"* *\"", 0, "a word"), ("a NEAR/5", 8, "a word"),
            ("a NEAR/5 by:b c", 9, "one field"), ("any(a NEAR/5 b)", 6, "words"), ("NEAR/5 a", 0, "a word"),
            ("a OR NEAR/5 b", 5, "a word"), ("\"a * b\"~99", 0, "at most 99"),
            ("a" + String(repeating: "*b", count: 65), 0, "at most 64"),
            ("a" + String(repeating: " NEAR/1 a", count: 65), 578, "at most 64"),
            ("\"" + String(repeating: "a ", count: 1025) + "\"", 0, "at most 1024"),
            (String(repeating: "a* ", count: 1025), 3072, "at most 1024"),
            ("a NEAR/5 -b", 9, "words"), ("a NEAR/5 lang:en", 9, "words"),
            ("key:12", 4, "32"), ("published:soon", 10, "a date"), ("published:2016-13", 10, "a date"),
            ("published:2016..2016-02-30", 16, "a date"), ("published:2017..2016", 10, "earlier"),
            ("published:..", 10, "a date"),
            ("published:1e9", 10, "a date"), ("é published:2016-1", 12, "a date"),
            ("headline:-trade", 9, "-headline:"), ("text:headline:trade", 5, "one field"), ("a !war", 2, "NOT before"),
            ("=(war)", 0, "directly before"), ("==war", 0, "directly before"), ("=any(war)", 0, "directly before"),
            ("--war", 0, "one \"-\""), ("a ---war", 2, "one \"-\""),
            ("!\"climate change\"", 0, "NOT before"), ("headline:!war", 9, "-headline:"),
            ("text:story:x", 5, "one field"),
            ("\"=war on\"", 1, "before the quote"),
        ])
    func errors(text: String, offset: Int, expected: String) {
        do {
            let node = try QueryParser.parse(text)
            Issue.record("\(node)")
        } catch {
            #expect(error.code == (expected.hasPrefix("at most") ? .limit : .syntax))
            #expect(error.offset == offset, "\(error)")
            #expect(error.expected?.contains(expected) == true, "\(error)")
            #expect(error.pointing(into: text).contains("^"))
        }
    }

    @Test("a word spelt nearly so stands in no phrase", arguments: ["\"prime minster~\"", "\"prime~1 minister\""])
    func fuzzyInPhrase(_ text: String) {
        let error = #expect(throws: QueryError.self) { try QueryParser.parse(text) }
        #expect(error?.code == .unsupported && error?.expected?.contains("NEAR/1") == true)
    }

    @Test(
        "what only looks like an operator is text",
        arguments: [
            "help! war", "a ! b", "\"about ~20 people\"", "\"10~20\"", "\"2020~2021\"", "\"50~\" x", "headline:-5",
            "\"= 5\"",
            "!2024",
        ])
    func noOperator(_ text: String) throws { _ = try QueryParser.parse(text) }

    @Test("the place in a long text, and in one of many lines, is shown with what is around it")
    func excerpt() throws {
        let long = String(repeating: "word ", count: 100) + "published:x " + String(repeating: "word ", count: 100)
        let error = try #require(throws: QueryError.self) { try QueryParser.parse(long) }
        let lines = error.pointing(into: long).split(separator: "\n")
        #expect(lines.count == 2 && lines[0].count < 170)
        let caret = try #require(lines[1].firstIndex(of: "^"))
        let column = lines[1].distance(from: lines[1].startIndex, to: caret)
        #expect(lines[0].dropFirst(column).hasPrefix("x word"))
        let many = "a\nb published:x\nc"
        let second = try #require(throws: QueryError.self) { try QueryParser.parse(many) }
        #expect(second.pointing(into: many).hasPrefix("line 2, character 13:\nb published:x\n            ^ "))
    }

    @Test(
        "with match any, adjacent plain words are a bag; the rest stays required",
        arguments: [
            ("trade war china", "any(trade war china)"),
            ("trade -war", "and(trade not(war))"),
            ("a b by:c published:2016", "and(any(a b) by:c dates(1451606400000..1483228800000))"),
            ("a AND b c", "and(c a b)"),
            ("a b OR c d", "or(any(a b) any(c d))"),
            ("(a b) c d", "and(any(c d) and(a b))"),
            ("\"a b\" c*", "any(\"a b\" c*)"),
        ])
    func matchAny(text: String, expected: String) throws {
        #expect(try QueryParser.parse(text, options: .init(matching: .any)).description == expected)
    }

    @Test("days begin in the zone asked for")
    func zones() throws {
        let utc = try QueryParser.parse("published:2016-01-20")
        let india = try QueryParser.parse("published:2016-01-20", options: .init(zoneOffsetMinutes: 330))
        guard case .dates(let a) = utc, case .dates(let b) = india else { return #expect(Bool(false)) }
        #expect(a.from!.milliseconds - b.from!.milliseconds == 330 * 60_000)
        #expect(a.to!.milliseconds - b.to!.milliseconds == 330 * 60_000)
        #expect(
            try QueryParser.parse("published:2016-01-20T10:00Z", options: .init(zoneOffsetMinutes: 330))
                == QueryParser.parse("published:2016-01-20T10:00"))
    }

    @Test("size, words and depth are bounded")
    func limits() throws {
        func code(_ text: String) -> QueryError.Code? {
            do {
                _ = try QueryParser.parse(text)
                return nil
            } catch { return error.code }
        }
        #expect(code(String(repeating: "a ", count: QueryParser.wordCount)) == nil)
        #expect(code(String(repeating: "a ", count: QueryParser.wordCount + 1)) == .limit)
        #expect(code(String(repeating: "x", count: QueryParser.textBytes + 1)) == .limit)
        let deep = QueryParser.depth - 1
        #expect(code(String(repeating: "(", count: deep) + "a" + String(repeating: ")", count: deep)) == nil)
        for opening in ["(", "-(", "any(", "NOT ", "by:(", "by:any("] {
            #expect(code(String(repeating: opening, count: 5000) + "a") == .limit)
        }
    }

    @Test("any text gives a tree or an error")
    func garbage() {
        var random = SplitMix64(seed: 3)
        let pieces = [
            "a", "b", "any(", "(", ")", "\"", "“", "~", "~1", "^", "^2", "*", "=", "-", "NOT ", " ", " AND ", " OR ",
            " NEAR/2 ",
            "by:", "headline:", "published:", "2016", "..", ">", "key:", "lang:", "中", "é", ":", "foo:", "\u{0}",
            "\u{301}", "quote:",
        ]
        var trees = 0
        for _ in 0..<20_000 {
            let text = (0..<Int(random.next() % 12)).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
                .joined()
            do {
                let tree = try QueryParser.parse(text)
                _ = tree.description
                trees += 1
            } catch {
                if let offset = error.offset { #expect(offset <= text.unicodeScalars.count) }
                _ = error.pointing(into: text)
            }
        }
        #expect(trees > 2000)
    }
}
