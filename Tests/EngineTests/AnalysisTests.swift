import ByteCoding
import Engine
import News
import Testing

@Suite("Analysis")
struct AnalysisTests {
    static func words(_ text: String) -> [String] {
        var tokenizer = Tokenizer()
        return tokenizer.terms(of: text).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "text becomes folded words",
        arguments: [
            ("", ""),
            ("Hello, World!", "hello world"),
            ("a--b  c", "a b c"),
            ("state-of-the-art", "state of the art"),
            // Apostrophes.
            ("don't DON’T donʼt", "dont dont dont"),
            ("North's North’s", "north north"),
            ("years' end", "years end"),
            ("'quoted' 'tis", "quoted tis"),
            ("O'Brien", "obrien"),
            ("l'homme d’Artagnan qu'il aujourd'hui", "l homme d artagnan qu il aujourdhui"),
            ("dell'arte", "dell arte"),
            ("s's 's", "s s"),
            // Acronyms.
            ("U.S. U.S U.S.A. US", "us us usa us"),
            ("U.S.-led", "us led"),
            ("a.m. e.g. J.K. Rowling", "am eg jk rowling"),
            ("Ph.D. end.Next example.com", "ph d end next example com"),
            ("U.S.Senate", "us senate"),
            ("A. B", "a b"),
            ("С.Ш.А.", "сша"),
            // Numbers.
            ("1,234.5 1,234,567 10,000m 1,2345", "1234.5 1234567 10000m 1 2345"),
            ("1,2,3 12,34 1234,567", "1 2 3 12 34 1234 567"),
            ("3.14. 20.01.2016 4.", "3.14 20.01.2016 4"),
            ("1'000 G7 2nd 90's", "1000 g7 2nd 90"),
            ("٢٠١٦ １２", "2016 12"),
            ("½ m²", "m2"),
            // Accents, case, width.
            ("Éclair ÀÉÎ naïve e\u{301}a", "eclair aei naive ea"),
            ("Straße ΣΊΣΥΦΟΣ σίσυφος", "strasse σισυφοσ σισυφοσ"),
            ("Łódź Ærø Đỗ İstanbul ısı", "lodz aero do istanbul isi"),
            ("Чайковский Ёлка", "чайковский елка"),
            ("и\u{306}од йод", "йод йод"),
            ("ＡＢＣ ﬁne", "abc fine"),
            ("co\u{AD}operate", "cooperate"),
            ("São Paulo 1º", "sao paulo 1o"),
            // Arabic.
            ("أَحْمَد إسلام آخر", "احمد اسلام اخر"),
            ("مدرسة على ـكـتـاب", "مدرسه علي كتاب"),
            // Ideographs.
            ("中", "中"),
            ("中国人", "中国 国人"),
            ("北京2008年", "北京 2008 年"),
            ("カタカナ ｶﾞｷﾞ か\u{3099}く", "カタ タカ カナ ガギ がく"),
            ("한국어 뉴스", "한국 국어 뉴스"),
            ("\u{1112}\u{1161}\u{11AB}\u{1100}\u{116E}\u{11A8} ㅋ \u{110F}\u{110F}", "한국 ㅋ ㅋㅋ"),
            ("⼈民", "人民"),
            ("5G网络", "5g 网络"),
            ("日本。東京", "日本 東京"),
            ("नमस्ते दुनिया", "नमस्ते दुनिया"),
            // Letters with their marks, in pairs.
            ("กรุงเทพ 12ครั้ง", "กรุ รุง งเ เท ทพ 12 ครั้ รั้ง"),
            ("ວຽງຈັນ ភ្នំពេញ ရန်ကုန်", "ວຽ ຽງ ງຈັ ຈັນ ភ្នំ នំពេ ពេញ ရန် န်ကု ကုန်"),
            ("中กข文", "中 กข 文"),
            // What is written one way and another.
            ("फ़िल्म फिल्म हिन्दी हिंदी पाँच पांच", "फिल्म फिल्म हिंदी हिंदी पांच पांच"),
            ("ƙasar Ɗaya Ɔkɛ Əliyev Ґудзик", "kasar daya oke eliyev гудзик"),
            ("ሠላም ፀሐይ", "ሰላም ጸሐይ"),
            ("Hawaiʻi Hawai'i Oʻzbekiston Qurʾān", "hawaii hawaii ozbekiston quran"),
            ("ինչո՞ւ Երևան ԵՐԵՎԱՆ", "ինչու երեվան երեվան"),
            ("വിജയൻ വിജയന്\u{200D} উৎসব উত্\u{200D}সব", "വിജയന് വിജയന് উত্সব উত্সব"),
            ("می\u{200C}رود کتاب\u{200C}ها خانۀ co\u{200C}op", "مي رود كتاب ها خانه coop"),
            ("צה\"ל צה״ל ב\"הארץ\" ג׳ורג׳ ג'ורג'", "צהל צהל ב הארץ גורג גורג"),
            ("5 ㎡ ㎏", "5 m2 kg"),
            // Verbs and possessives behind an apostrophe.
            ("he'll we're I've she'd I'm they’ll Dev's UN's", "he we i she i they dev un"),
            ("so'm Sa'd soʻm", "som sad som"),
            ("न्यूज़ ऩ्य अन्य अऩ्य", "न्यूज न्य अंय अंय"),
            ("10,20,30,40 11,11,11,11,11,11,11,11,111", "10 20 30 40 11 11111111111111111"),
            ("quest'anno Sant'Egidio gl'italiani", "quest anno sant egidio gl italiani"),
            ("１，２３４ １．５ ٣٫٥ ١٬٢٣٤ 12,34,567 1,00,000", "1234 1.5 3.5 1234 1234567 100000"),
            ("🙂 ok ™", "ok"),
        ])
    func words(text: String, expected: String) {
        #expect(Self.words(text).joined(separator: " ") == expected)
    }

    @Test("positions start at 0 and grow by one")
    func positions() {
        var text = "One U.S. 中国人 three"
        var positions: [Int] = []
        var tokenizer = Tokenizer()
        text.withUTF8 { unsafe tokenizer.tokenize($0) { positions.append($1) } }
        #expect(positions == [0, 1, 2, 3, 4])
    }

    @Test("offsets name the source of each term")
    func offsets() {
        var text = "Café’s U.S., 1,234 中国人."
        var found: [String] = []
        var tokenizer = Tokenizer()
        let bytes = Array(text.utf8)
        text.withUTF8 {
            unsafe tokenizer.tokenizeWithOffsets($0) { _, _, start, end in
                found.append(String(decoding: bytes[start..<end], as: UTF8.self))
            }
        }
        #expect(found == ["Café’s", "U.S", "1,234", "中国", "国人"])
    }

    @Test("a word over the limit gives its longest prefix of whole characters")
    func longWords() {
        for letter in ["x", "é\u{301}", "ж", "ა", "𐐨", "ß"] {
            for count in 250...260 {
                let words = Self.words(String(repeating: letter, count: count) + " end")
                #expect(words.count == 2)
                #expect(words[0].utf8.count <= Analysis.termBytes)
                #expect(String(validating: words[0].utf8, as: UTF8.self) != nil)
            }
        }
        #expect(Self.words(String(repeating: "x", count: 300)) == [String(repeating: "x", count: 253)])
        // Nothing after the character that did not fit.
        #expect(Self.words("a" + String(repeating: "ж", count: 126) + "жb")[0].utf8.count == 253)
        #expect(Self.words(String(repeating: "ж", count: 127) + "b")[0].utf8.count == 252)
    }

    @Test("any bytes give terms of valid UTF-8 within the limit, and ranges in order")
    func garbage() {
        var random = SplitMix64(seed: 7)
        let alphabet: [UInt8] =
            Array("aZ9.,' -é中か\u{3099}’ſＡ한\u{301}".utf8) + [0x80, 0xC0, 0xE0, 0xF0, 0xFF, 0xF4, 0xED]
        var tokenizer = Tokenizer()
        for _ in 0..<4000 {
            let count = Int(random.next() % 40)
            let bytes = (0..<count).map { _ in
                random.next() % 4 == 0
                    ? UInt8(truncatingIfNeeded: random.next()) : alphabet[Int(random.next() % UInt64(alphabet.count))]
            }
            var next = 0
            var lastStart = -1
            unsafe bytes.withUnsafeBufferPointer {
                unsafe tokenizer.tokenizeWithOffsets($0) { term, position, start, end in
                    #expect(position == next)
                    #expect(start > lastStart && start < end && end <= count)
                    #expect(term.count > 0 && term.count <= Analysis.termBytes)
                    #expect(unsafe String(validating: term, as: UTF8.self) != nil)
                    next += 1
                    lastStart = start
                }
            }
        }
    }

    @Test("words of a text are those of its parts: nothing reaches over a blank")
    func locality() {
        var random = SplitMix64(seed: 11)
        let pieces = ["U.S.", "l'homme", "1,234", "中国人", "é", "don't", "x", ".5", "a.", "'s", "ｶﾞ", "3.", "—"]
        for _ in 0..<500 {
            let chosen = (0..<6).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
            #expect(Self.words(chosen.joined(separator: " ")) == chosen.flatMap { Self.words($0) })
        }
    }

    @Test("folding is stable: the terms of a term are the term")
    func idempotence() {
        var unstable: [UInt32] = []
        for code in UInt32(0)...0x2FFFF {
            guard let scalar = Unicode.Scalar(code) else { continue }
            let once = Self.words(String(Character(scalar)))
            if once.count == 1, Self.words(once[0]) != once { unstable.append(code) }
        }
        #expect(unstable.isEmpty, "\(unstable.prefix(20).map { String($0, radix: 16) })")
    }

    @Test("the terms of all characters are those of version 5")
    func frozen() {
        var hasher = SHA256Hasher()
        var tokenizer = Tokenizer()
        for code in UInt32(0)...0x2FFFF {
            guard let scalar = Unicode.Scalar(code) else { continue }
            var utf8 = Array("a".utf8)
            utf8 += Array(String(Character(scalar)).utf8) + Array("b".utf8)
            unsafe utf8.withUnsafeBufferPointer {
                unsafe tokenizer.tokenize($0) { term, _ in
                    unsafe hasher.update(term)
                    hasher.update([0])
                }
            }
        }
        #expect(Settings().analyzerVersion == 5)
        #expect(hasher.finalize().hex == "33b600c36e270011280d5ac884c05161aeb8f5a338f931c06ee7ffbb1865ebd4")
    }
}
