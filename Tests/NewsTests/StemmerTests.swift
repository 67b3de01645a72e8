import News
import Testing

@Suite("stems") struct StemmerTests {
    private func stem(_ language: StemLanguage, _ word: String) -> String {
        String(decoding: Stemmer.use(language) { $0.stem(Array(word.utf8)) }, as: UTF8.self)
    }

    @Test("forms of a word have one stem, in their language only")
    func forms() {
        let families: [(StemLanguage, [String])] = [
            (.english, ["election", "elections", "elect", "elected", "electing"]),
            (.german, ["kind", "kinder", "kindern", "kindes"]), (.french, ["continu", "continua", "continuait"]),
            (.portuguese, ["quilometro", "quilometros"]), (.russian, ["важная", "важного", "важные"]),
            (.finnish, ["edeltavan", "edeltava"]), (.spanish, ["eleccion", "elecciones"]),
            (.turkish, ["hamburg", "hamburgda", "hamburgun"]),
        ]
        for (language, words) in families { #expect(Set(words.map { stem(language, $0) }).count == 1, "\(words)") }
        #expect(stem(.english, "kindern") != stem(.english, "kind"))
    }

    @Test("a stem may be longer than its word, and is the word where it would be empty")
    func lengths() {
        #expect(stem(.turkish, "holding") == "holdingi")
        #expect(stem(.greek, "εις") == "εις")
    }

    @Test("any bytes have a stem that fits into a term")
    func anything() {
        for language in StemLanguage.allCases {
            for word: [UInt8] in [
                [0xFF], [0xC3], Array("s".utf8), Array(repeating: 0x61, count: 253), Array("2016".utf8),
            ] {
                let stem = Stemmer.use(language) { $0.stem(word) }
                #expect(!stem.isEmpty && stem.count <= Stemmer.maxBytes && !stem.contains(0))
            }
        }
        // A stem that would be a byte longer than this word.
        let longest = [UInt8](repeating: 0x61, count: Stemmer.maxBytes - 1) + Array("g".utf8)
        #expect(Stemmer.use(.turkish) { $0.stem(longest) } == longest)
        #expect(Stemmer.use(.turkish) { $0.stem(Array(longest.dropFirst())) }.count == Stemmer.maxBytes)
    }

    @Test("a language tag is that of its first part")
    func tags() {
        func language(_ tag: String) -> StemLanguage? { StemLanguage(tag: tag.utf8) }
        #expect(language("pt-BR") == .portuguese && language("EN") == .english && language("nb_NO") == .norwegian)
        #expect(language("zh") == nil && language("") == nil && language("eng") == nil && language("-en") == nil)
        for item in StemLanguage.allCases { #expect(language(item.code) == item) }
    }

    @Test("a set of languages is the bits of their numbers")
    func languages() {
        var set = StemLanguages()
        set.insert(.swedish)
        set.insert(.arabic)
        #expect(set.all == [.arabic, .swedish] && StemLanguages(bits: set.bits) == set)
        #expect(StemLanguages(bits: 1) == nil && StemLanguages(bits: 1 << 31) == nil)
    }

    @Test(
        "forms whose endings lose letters by folding have one stem, which is folded",
        arguments: [
            (StemLanguage.portuguese, ["informacao", "informacoes"]), (.portuguese, ["populacao", "populacoes"]),
            (.portuguese, ["decisao", "decisoes"]), (.portuguese, ["consequencia", "consequencias"]),
            (.french, ["premier", "premiere", "premieres"]),
            (.french, ["declare", "declaree", "declarees", "declarer"]),
            (.french, ["universite", "universites"]), (.arabic, ["السعودي", "السعوديه"]),
            (.arabic, ["الماضي", "الماضيه"]),
            (.arabic, ["منطقه", "المنطقه"]),
            // The article, the conjunction and pronouns, and letters of the word itself like them.
            (.arabic, ["وزير", "الوزير", "والوزير", "للوزير"]),
            (.arabic, ["انتخاب", "انتخابات", "الانتخابات", "بالانتخابات"]),
            (.arabic, ["حكومه", "الحكومه", "حكومتها", "وحكومتهم"]), (.arabic, ["قال", "وقال"]),
            (.arabic, ["3.5", "و3.5"]),
            (.arabic, ["محاكم", "المحاكم"]), (.arabic, ["تفاهم", "التفاهم"]),
            (.spanish, ["administracion", "administraciones"]), (.spanish, ["institucion", "instituciones"]),
            (.catalan, ["eleccio", "eleccions"]), (.romanian, ["informatie", "informatii", "informatiile"]),
            // One letter written as two.
            (.german, ["muller", "mueller"]), (.german, ["haus", "hauser", "haeuser"]), (.danish, ["arhus", "aarhus"]),
            (.norwegian, ["kobenhavn", "koebenhavn"]),
            // Vowels that ask for others behind them.
            (.turkish, ["isik", "isiklar"]), (.turkish, ["yil", "yillar", "yillari"]), (.turkish, ["gun", "gunler"]),
            (.serbian, ["вучић", "vucic"]),
        ])
    func endings(_ language: StemLanguage, _ words: [String]) {
        let stems = Set(words.map { stem(language, $0) })
        #expect(stems.count == 1, "\(stems)")
        #expect(stems.allSatisfy { stem in !stem.contains { "çãáâêíéèةóčćüöıţ".contains($0) } })
    }

    @Test("letters that are two stay so", arguments: ["neue", "quelle", "bauer", "steuer"])
    func digraphs(_ word: String) { #expect(stem(.german, word).contains("u")) }

    @Test("a word with an ending and nothing before it stays as it is", arguments: ["ao", "sao", "nao", "cao"])
    func short(_ word: String) { #expect(!stem(.portuguese, word).contains("ã")) }
}
