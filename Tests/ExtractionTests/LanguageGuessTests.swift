import ByteCoding
import Foundation
import News
import Testing

@testable import Extraction

@Suite("Languages of texts")
struct LanguageGuessTests {
    private static let texts: [(tag: String, text: String)] = [
        (
            "en",
            "The council said on Friday that it would not have been able to pay for the bridge, which was built by the city before the war."
        ),
        (
            "de",
            "Der Rat hat am Freitag mitgeteilt, dass die Brücke nicht mehr bezahlt werden kann und auch nach dem Sommer für die Stadt zu teuer ist."
        ),
        (
            "fr",
            "Le conseil a dit vendredi que la ville ne peut pas payer le pont, et que les travaux dans cette rue ont été arrêtés après la guerre."
        ),
        (
            "pt",
            "O conselho disse que a cidade não pode pagar a ponte, mas que os trabalhos não são muito caros e já estão quase no fim, segundo ele."
        ),
        (
            "ru",
            "Совет сообщил в пятницу, что город не может заплатить за мост, который был построен до войны, но это не всё."
        ),
        ("zh", "市议会星期五表示，这座桥建于战前，现在已经没有钱修理，居民们希望政府能够在明年夏天以前找到别的办法解决这个问题。"),
        ("ja", "市は金曜日、戦前に建てられたこの橋を直すお金がもうないと発表した。"),
        ("el", "Το συμβούλιο είπε την Παρασκευή ότι η πόλη δεν μπορεί να πληρώσει."),
    ]

    @Test("a sentence or two leave no doubt", arguments: texts.indices)
    func certain(_ index: Int) {
        let (tag, text) = Self.texts[index]
        #expect(LanguageGuess.certain(of: text) == tag)
        #expect(LanguageGuess.language(of: text) == tag)
    }

    @Test(
        "what the tables do not know, or what several languages write, is doubtful",
        arguments: [
            "", "12 34", "Bridge", "The bridge is old.", "Talo on iso ja vanha.",
            // Letters with a dot below are not Vietnamese alone.
            "Ọ̀rọ̀ tí ó wà nínú ìwé náà ni pé ọjọ́ kẹta oṣù kẹrin ni wọ́n máa ṣe ìpàdé ní ìlú Ìbàdàn fún àwọn ọmọ ilé ẹ̀kọ́.",
            "Ndị ọchịchị kwuru na ha ga-emechi ụlọ akwụkwọ ahụ n'ụbọchị Fraịde ka ndị ọrụ wee nwee ike ịrụzi ụlọ ahụ.",
            // Of Ethiopia's script.
            "福島第一原発処理水海洋放出開始", "דער פרעזידענט האט געזאגט אז די רעגירונג וועט נישט צאלן",
            "ኣብ ከተማና ሓድሽ ድልድል ተሰሪሑ ኣሎ ይብሉ ሰባት",
        ])
    func doubtful(_ text: String) { #expect(LanguageGuess.certain(of: text) == nil) }

    /// Of real news: how many of some hundred articles of each language get which one.
    private static func counts(_ file: String) throws -> [String: [String: Int]] {
        var bytes: [UInt8] = []
        let unpacker = try Unpacker(.zstd)
        try unpacker.append(Array(try Data(contentsOf: SharedData.file("corpora/news/\(file)")!))) { bytes += $0 }
        try unpacker.finish()
        var counts: [String: [String: Int]] = [:]
        var reader = ArticleReader()
        let mark = Array("\"lang\":\"".utf8)
        for (number, line) in bytes.split(separator: 0x0A).enumerated() where number % 12 == 0 {
            guard let at = line.firstRange(of: mark) else { continue }
            let told = String(decoding: line[at.upperBound...].prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
            let untold = Array(line[..<at.lowerBound]) + Array("\"was\":\"".utf8) + Array(line[at.upperBound...])
            guard case .article(let incoming) = reader.read(untold[...]) else { continue }
            counts[told, default: [:]][incoming.article.language ?? "none", default: 0] += 1
        }
        return counts
    }

    @Test(
        "news whose language is left out gets it back, nine times in ten",
        .enabled(if: SharedData.file("corpora/news") != nil, "there is no shared/corpora/news"),
        arguments: [("bbc2.ndjson.zst", "en"), ("fakebr.ndjson.zst", "pt"), ("cctv.ndjson.zst", "zh")])
    func realNews(_ file: String, _ language: String) throws {
        let found = try #require(try Self.counts(file)[language])
        let all = found.values.reduce(0, +)
        #expect(all > 100 && found[language, default: 0] * 10 >= all * 9)
        // What is said is right.
        #expect((all - found[language, default: 0] - found["none", default: 0]) * 100 <= all)
    }

    @Test(
        "news in languages that the tables do not know gets none, or seldom another",
        .enabled(if: SharedData.file("corpora/news") != nil, "there is no shared/corpora/news"))
    func unknown() throws {
        let counts = try Self.counts("masakhane.ndjson.zst")
        var (all, wrong) = (0, 0)
        for language in ["ha", "ig", "lg", "ln", "om", "rn", "sn", "so", "ti", "xh", "yo"] {
            let found = try #require(counts[language])
            all += found.values.reduce(0, +)
            wrong += found.values.reduce(0, +) - found["none", default: 0]
        }
        #expect(all > 900 && wrong * 10 < all)
    }
}
