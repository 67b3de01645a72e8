import ByteCoding
import Engine
import Extraction
import Foundation
import News
import Storage
import Testing

/// Words of news in many languages: the index must find them where a search through the text finds them.
@Suite("words of real news, by language") struct CorpusSearchTests {
    /// A folder of the data that tests may use but that are not part of this repository.
    private static let folder: URL? = {
        let named = ProcessInfo.processInfo.environment["CORANTO_SHARED"]
        let beside = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared")
            .standardized
        let folder = (named.map { URL(filePath: $0) } ?? beside).appending(path: "corpora/news")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    private static let articlesOfEach = 16
    private static let wordsOfEach = 24

    private struct Text {
        let article: IncomingArticle
        let parts: [String]
    }

    /// Some articles of each language of a file.
    private func read(_ file: String) throws -> [String: [Text]] {
        let packed = try Data(contentsOf: Self.folder!.appending(path: file))
        var bytes: [UInt8] = []
        let unpacker = try Unpacker(.zstd)
        try unpacker.append(Array(packed)) { bytes += $0 }
        try unpacker.finish()
        var found: [String: [Text]] = [:]
        var reader = ArticleReader()
        // The language is asked of the line itself, so that few are read.
        for line in bytes.split(separator: 0x0A) {
            guard let at = line.firstRange(of: Array("\"lang\":\"".utf8)) else { continue }
            let language = String(decoding: line[at.upperBound...].prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
            guard found[language, default: []].count < Self.articlesOfEach,
                case .article(let incoming) = reader.read(line)
            else { continue }
            let article = incoming.article
            let parts = [article.headline, article.summary, article.body].compactMap { $0 }
            found[language, default: []].append(Text(article: incoming, parts: parts))
        }
        return found
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.generalCategory == .nonspacingMark
    }

    private static func isHan(_ scalar: Unicode.Scalar) -> Bool { (0x4E00...0x9FFF).contains(scalar.value) }

    /// Where a word plainly ends: at a blank or a mark that stands in no word and no number.
    private static func isEdge(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = scalars.first else { return true }
        if first.properties.isWhitespace || ",;:!?\"()«»“”።፣،؛؟。，、".unicodeScalars.contains(first) { return true }
        return first == "." && scalars.dropFirst().first.map { $0.properties.isWhitespace } ?? true
    }

    /// Whether a word stands in a text, byte by byte.
    private static func stands(_ word: [Unicode.Scalar], in text: [Unicode.Scalar]) -> Bool {
        guard text.count >= word.count else { return false }
        return (0...(text.count - word.count)).contains { start in
            guard text[start] == word[0], text[start..<(start + word.count)].elementsEqual(word) else { return false }
            if isHan(word[0]) { return true }
            return isEdge(text[(start + word.count)...]) && (start == 0 || isEdge(text[(start - 1)..<start]))
        }
    }

    /// Letters that are written one way and another.
    private static let otherLetters: [(String, String)] = {
        var letters: [(String, String)] = [
            ("أ", "ا"), ("إ", "ا"), ("آ", "ا"), ("ٱ", "ا"), ("ى", "ي"), ("ة", "ه"), ("ـ", ""), ("ɓ", "b"), ("ɗ", "d"),
            ("ƙ", "k"), ("ƴ", "y"), ("ɔ", "o"), ("ɛ", "e"), ("ə", "e"), ("ʋ", "v"), ("ŋ", "n"),
        ]
        // The seven forms of two Ethiopic letters.
        for form in 0..<UInt32(7) {
            for (from, to) in [(UInt32(0x1220), UInt32(0x1230)), (0x1340, 0x1338)] {
                letters.append((String(Unicode.Scalar(from + form)!), String(Unicode.Scalar(to + form)!)))
            }
        }
        return letters
    }()

    /// A word as one who does not mind case, accents and ways of writing a letter compares it.
    private static func loosely(_ text: String) -> String {
        var folded = text.folding(options: [.caseInsensitive, .diacriticInsensitive, .widthInsensitive], locale: nil)
        for (from, to) in otherLetters {
            folded = folded.replacingOccurrences(of: from, with: to)
        }
        // Marks go, and what joins the parts of a word without a trace.
        let dropped: [Unicode.GeneralCategory] = [.nonspacingMark, .format]
        return String(
            String.UnicodeScalarView(
                folded.unicodeScalars.filter {
                    !dropped.contains($0.properties.generalCategory) && !"'’‘ʼ´".unicodeScalars.contains($0)
                }))
    }

    /// Some words of some letters, as they stand in the texts.
    private func words(_ texts: [Text], _ random: inout SplitMix64) -> [String] {
        var words: Set<String> = []
        for part in texts.flatMap(\.parts) {
            for run in part.unicodeScalars.split(whereSeparator: { !Self.isLetter($0) }) {
                let run = Array(run)
                if Self.isHan(run[0]) {
                    if run.count > 1, Self.isHan(run[1]) { words.insert(String(String.UnicodeScalarView(run[0...1]))) }
                } else if run.count > 2, run.allSatisfy({ !$0.properties.isUppercase }),
                    !run.contains(where: Self.isHan)
                {
                    words.insert(String(String.UnicodeScalarView(run)))
                }
            }
        }
        return Array(words.sorted().shuffled(using: &random).prefix(Self.wordsOfEach))
    }

    @Test(
        "a word is found where it stands, and nowhere else",
        .enabled(if: folder != nil, "needs shared/corpora/news, or CORANTO_SHARED"),
        arguments: ["bbc", "cctv", "fakebr", "masakhane", "saudi"])
    func words(file: String) throws {
        var random = SplitMix64(seed: 5)
        for (language, texts) in try read(file + ".ndjson.zst").sorted(by: { $0.key < $1.key }) {
            let builder = SegmentBuilder(settings: Settings(), memoryBudgetBytes: 1 << 28)
            for text in texts {
                _ = try builder.add(
                    key: text.article.key, version: text.article.version, record: text.article.record, frame: nil)
            }
            let built = try builder.seal(kills: [])
            let source = MemoryByteSource()
            source.put(built.bytes, as: "segment")
            let segment = try SegmentReader.open(
                objectName: "segment", sizeBytes: UInt64(built.bytes.count), source: source)
            let searcher = Searcher(try SnapshotReader(segments: [segment], source: source))
            let scalars = texts.map { $0.parts.map { Array($0.unicodeScalars) } }
            let loose = texts.map { Self.loosely($0.parts.joined(separator: "\n")) }
            var stood = 0
            for word in words(texts, &random) {
                let query = try QueryParser.parse("=" + word)
                let hits = try searcher.search(SearchRequest(query: query, sort: .newest, limitCount: 1000)).hits
                let found = Set(hits.map(\.key))
                for (index, text) in texts.enumerated() {
                    let stands = scalars[index].contains { Self.stands(Array(word.unicodeScalars), in: $0) }
                    if stands { stood += 1 }
                    #expect(
                        !stands || found.contains(text.article.key), "\(language): \(word) in \(text.article.key.hex)")
                    if found.contains(text.article.key) {
                        let isThere = loose[index].contains(Self.loosely(word))
                        #expect(isThere, "\(language): \(word) is not in \(text.article.key.hex)")
                    }
                }
            }
            #expect(stood > texts.count / 4, "\(language): only \(stood) places were tried")
        }
    }
}
