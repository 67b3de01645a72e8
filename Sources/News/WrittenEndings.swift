/// Endings by which an algorithm knows a word's form and of which folding takes the letters that tell: given back before a word goes
/// there, and folded again in what comes back. So a stem is a function of the folded word, as its list in an index must be.
///
/// Only where nearly all words that end so are written so. On the words of `corpora/news`, each as often as it stands there, those that lose a
/// form which the written words have: Portuguese 5 % instead of 16, French 2 instead of 8, Arabic 24 instead of 57, most of them function words.
struct WrittenEndings: Sendable {
    private struct Ending: Sendable {
        var folded: [UInt8]
        var written: [UInt8]
    }

    /// The longest first.
    private let endings: [Ending]
    /// Letters of written endings and what they are folded to.
    private let letters: [(written: [UInt8], folded: [UInt8])]

    private init(_ endings: KeyValuePairs<String, String>, _ letters: KeyValuePairs<String, String> = [:]) {
        self.endings = endings.map { Ending(folded: Array($0.utf8), written: Array($1.utf8)) }
            .sorted { $0.folded.count > $1.folded.count }
        self.letters = letters.map { (Array($0.utf8), Array($1.utf8)) }
    }

    static func of(_ language: StemLanguage) -> WrittenEndings? {
        switch language {
        case .portuguese: portuguese
        case .french: french
        case .arabic: arabic
        default: nil
        }
    }

    /// The word as it is likely to be written; nil if it has none of the endings behind two characters.
    func written(_ word: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        for ending in endings where word.count > ending.folded.count {
            let start = word.count - ending.folded.count
            guard unsafe word[start...].elementsEqual(ending.folded) else { continue }
            let before = unsafe word[..<start]
            guard unsafe before.count(where: { $0 & 0xC0 != 0x80 }) >= 2 else { return nil }
            return ending.folded == ending.written ? nil : unsafe Array(before) + ending.written
        }
        return nil
    }

    func folded(_ stem: [UInt8]) -> [UInt8] {
        var folded: [UInt8] = []
        var at = 0
        while at < stem.count {
            if let letter = letters.first(where: { stem[at...].starts(with: $0.written) }) {
                folded += letter.folded
                at += letter.written.count
            } else {
                folded.append(stem[at])
                at += 1
            }
        }
        return folded
    }

    /// The plurals of words in -ão as these, which the algorithm does not do.
    private static let portuguese = WrittenEndings(
        [
            "cao": "ção", "coes": "ção", "sao": "são", "soes": "são", "ao": "ão", "aos": "ão", "oes": "ão",
            "aes": "ão",
            "encia": "ência", "encias": "ências", "ancia": "ância", "avel": "ável", "ivel": "ível", "iamos": "íamos",
            "avamos": "ávamos",
        ], ["ç": "c", "ã": "a", "á": "a", "â": "a", "ê": "e", "í": "i"])

    private static let french = WrittenEndings(
        [
            "ee": "ée", "ees": "ées", "ite": "ité", "ites": "ités", "iere": "ière", "ieres": "ières",
            "ierement": "ièrement",
        ], ["é": "e", "è": "e"])

    /// Ta marbuta, which is folded to ha; behind ta it is the pronoun.
    private static let arabic = WrittenEndings(["ه": "ة", "ته": "ته"], ["ة": "ه"])
}
