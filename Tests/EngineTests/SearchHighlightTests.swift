import ByteCoding
import Engine
import News
import Testing

@Suite("Highlights")
struct SearchHighlightTests {
    /// The snippet with its matches in brackets, dots where it is cut.
    func show(_ query: String, _ article: Article, limit: Int = 60) throws -> String? {
        guard let snippet = Highlighter(try QueryParser.parse(query)).snippet(of: article, limitBytes: limit) else {
            return nil
        }
        return (snippet.isCutBefore ? "…" : "") + bracket(snippet.text, snippet.matches)
            + (snippet.isCutAfter ? "…" : "")
    }

    func bracket(_ text: String, _ matches: [Range<Int>]) -> String {
        var utf8 = Array(text.utf8)
        for match in matches.reversed() {
            utf8.insert(UInt8(ascii: "]"), at: match.upperBound)
            utf8.insert(UInt8(ascii: "["), at: match.lowerBound)
        }
        return String(decoding: utf8, as: UTF8.self)
    }

    func article(_ body: String, summary: String? = nil, caption: String? = nil) -> Article {
        var article = Article()
        article.headline = "The headline"
        article.body = body
        article.summary = summary
        if let caption { article.media = [.init(url: nil, caption: caption, credit: nil)] }
        return article
    }

    @Test(
        "the snippet shows the words of the query",
        arguments: [
            ("trade", "Talks on trade went on.", "Talks on [trade] went on."),
            ("café", "A CAFE’s Café.", "A [CAFE’s] [Café]."),
            ("us", "The U.S. and us.", "The [U.S]. and [us]."),
            ("elect*", "An election, elected.", "An [election], [elected]."),
            ("\"trade war\"", "War, trade; trade war.", "War, trade; [trade] [war]."),
            ("\"trade war\"~2", "War, trade in a war.", "War, [trade] in a [war]."),
            ("\"trade war\"~1", "Trade in a war.", "Trade in a war."),
            ("\"trade * war\"", "Trade war, trade in war.", "Trade war, [trade] in [war]."),
            ("\"tra* war\"", "Trade war. Trade.", "[Trade] [war]. Trade."),
            ("trade NEAR/2 war", "Trade and war.", "[Trade] and [war]."),
            // What is not near is not why it was found.
            ("trade NEAR/1 war", "War, the trade, war; trade.", "War, the [trade], [war]; [trade]."),
            ("trade NEAR/1 war", "War is no trade at all.", "War is no trade at all."),
            ("trade NEAR/1 war no", "War is no trade at all.", "War is [no] trade at all."),
            ("trade NEAR/1 war OR trade", "War and trade.", "War and [trade]."),
            (
                "\"free trade\" NEAR/2 (war OR peace)", "Free trade: no war. Trade, peace.",
                "[Free] [trade]: no [war]. Trade, peace."
            ),
            ("a NEAR/1 b NEAR/1 c", "B a b. C b a, b.", "B [a] [b]. [C] [b] [a], b."),
            ("taride~2 wra~", "Trade and war.", "[Trade] and [war]."),
            ("中国人", "我是中国人吗", "我是[中国人]吗"),
            ("trade -war", "trade war", "[trade] war"),
            ("headline:trade by:war", "trade war", "trade war"),
            ("*", "Only the beginning.", "Only the beginning."),
        ])
    func words(query: String, body: String, expected: String) throws {
        #expect(try show(query, article(body)) == expected)
    }

    @Test("of a long text it takes the stretch with most different words")
    func windows() throws {
        let filler = String(repeating: "Nothing is said here. ", count: 20)
        let text = "Trade is named. " + filler + "Both trade and war are named. " + filler
        #expect(try show("trade war", article(text))?.hasPrefix("…Both [trade] and [war] are named. Nothing") == true)
        #expect(try show("peace", article(text))?.hasPrefix("Trade is named. Nothing") == true)
        #expect(try show("trade", article(text))?.hasPrefix("[Trade] is named.") == true)
    }

    @Test("summary and captions are looked at, the first of equals is taken")
    func parts() throws {
        let whole = article("body trade", summary: "summary trade", caption: "caption trade war")
        #expect(try show("trade", whole) == "summary [trade]")
        #expect(try show("trade war", whole) == "caption [trade] [war]")
        var headline = Article()
        headline.headline = "Only trade"
        #expect(try show("trade", headline) == "Only [trade]")
        #expect(try show("trade", Article()) == nil)
        let highlighter = Highlighter(try QueryParser.parse("headline:\"only trade\""))
        #expect(bracket("Only trade", highlighter.headlineMatches(of: headline)) == "[Only] [trade]")
    }

    @Test("of very many words each is told as if it were alone, by the language of its article")
    func manyWords() throws {
        let highlighter = Highlighter(try QueryParser.parse("elections =a17 b*7"))
        let words = (0..<60_000).map { number in
            number % 100 == 0 ? "election" : number % 100 == 1 ? "a17" : "\(number % 2 == 0 ? "a" : "b")\(number)"
        }
        var article = Article()
        article.headline = words.joined(separator: " ")
        for language in ["en", nil, "ar", "en"] {
            article.language = language
            let text = Array(article.headline!.utf8)
            let found = highlighter.headlineMatches(of: article).map { String(decoding: text[$0], as: UTF8.self) }
            #expect(
                found
                    == words.filter {
                        $0 == "election" && language == "en" || $0 == "a17" || $0.hasPrefix("b") && $0.hasSuffix("7")
                    })
        }
    }

    @Test("a frequent word leaves room for a rare one, and of a long phrase the beginning is told")
    func bounds() throws {
        var article = Article()
        article.headline = String(repeating: "zig ", count: 30_000) + "zag"
        let text = Array(article.headline!.utf8)
        let found = Highlighter(try QueryParser.parse("zig zag")).headlineMatches(of: article)
            .map { String(decoding: text[$0], as: UTF8.self) }
        #expect(found.last == "zag" && found.count > 10_000)
        let words = (0..<300).map { "w\($0)" }
        article.headline = words.joined(separator: " ")
        let phrase = Highlighter(try QueryParser.parse("\"" + words[50..<150].joined(separator: " ") + "\""))
        let places = phrase.headlineMatches(of: article)
        #expect(places.count == 64)
        let bytes = Array(article.headline!.utf8)
        #expect(places.first.map { String(decoding: bytes[$0], as: UTF8.self) } == "w50")
    }

    @Test("any text and limit give valid ranges within the text")
    func garbage() throws {
        var random = SplitMix64(seed: 9)
        let pieces = ["trade", "war", " ", ". ", "\n\n", "é", "中国人", "U.S.", "—", "trade war ", "'", "🙂"]
        let highlighter = Highlighter(try QueryParser.parse("trade \"trade war\" 中国人 us é*"))
        for _ in 0..<1500 {
            let count = Int.random(in: 0..<40, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random)! }.joined()
            let limit = Int.random(in: 0..<80, using: &random)
            let snippet = try #require(highlighter.snippet(of: article(text), limitBytes: limit))
            #expect(
                text.isEmpty || text.utf8.elementsEqual(snippet.text.utf8) || snippet.isCutBefore || snippet.isCutAfter)
            #expect(!snippet.text.contains("\u{FFFD}"))
            #expect(snippet.matches.isEmpty || snippet.text.utf8.count <= max(limit, 11))
            var last = 0
            for match in snippet.matches {
                #expect(match.lowerBound >= last && match.upperBound <= snippet.text.utf8.count && !match.isEmpty)
                last = match.upperBound
            }
        }
    }
}
