import ByteCoding
import CStemmer
import Synchronization

/// Reduces words of one language to their stems. Confined to one thread at a time.
@safe package final class Stemmer {
    private let language: StemLanguage
    private let stemmer: OpaquePointer
    private let form: WrittenForm?

    private init(_ language: StemLanguage) {
        self.language = language
        form = WrittenForm.of(language)
        guard let made = unsafe sb_stemmer_new("\(language)", "UTF_8") else {
            preconditionFailure("libstemmer has no algorithm for \(language), or is out of memory")
        }
        unsafe stemmer = made
    }

    deinit { unsafe sb_stemmer_delete(stemmer) }

    /// With a field and a tail a term of an index (docs/segment-format.md, section 5).
    package static let maxBytes = 253

    /// The stem of a folded word, which may be longer; the word itself where nothing would be left, or more than fits.
    ///
    /// - Parameter word: UTF-8, 1 to `maxBytes` bytes.
    package func stem(_ word: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var stem: [UInt8]
        if let form {
            let written = unsafe form.written(word)
            stem = form.folded(unsafe written.withUnsafeBufferPointer { unsafe plainStem($0) })
        } else {
            stem = unsafe plainStem(word)
        }
        // One with a zero could be taken for another term.
        if stem.isEmpty || stem.count > Self.maxBytes || stem.contains(0) { stem = unsafe Array(word) }
        return stem
    }

    private func plainStem(_ word: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        guard let found = unsafe sb_stemmer_stem(stemmer, word.baseAddress, Int32(word.count)) else {
            preconditionFailure("libstemmer: out of memory")
        }
        return unsafe Array(UnsafeBufferPointer(start: found, count: Int(sb_stemmer_length(stemmer))))
    }

    package func stem(_ word: [UInt8]) -> [UInt8] { unsafe word.withUnsafeBufferPointer { unsafe stem($0) } }

    /// Whether a word is its own stem; never if it is not UTF-8.
    package func isStem(_ word: some Collection<UInt8>) -> Bool {
        let word = Array(word)
        guard (try? UTF8Span(validating: word.span)) != nil else { return false }
        return stem(word) == word
    }

    // MARK: Pool

    /// `@unchecked`: each is in the pool or with one user.
    private struct Pool: @unchecked Sendable {
        var free: [StemLanguage: [Stemmer]] = [:]
    }

    private static let pool = Mutex(Pool())
    private static let keptCount = 4

    /// Lends a stemmer for the time of a call: making one costs more than using it.
    package static func use<Result>(_ language: StemLanguage, _ body: (Stemmer) -> Result) -> Result {
        let stemmer = take(language)
        defer { give(stemmer) }
        return body(stemmer)
    }

    fileprivate static func take(_ language: StemLanguage) -> Stemmer {
        let pooled = pool.withLock { Pool(free: [language: $0.free[language]?.popLast().map { [$0] } ?? []]) }
        return pooled.free[language]?.first ?? Stemmer(language)
    }

    /// - Parameter stemmer: not used any more.
    fileprivate static func give(_ stemmer: Stemmer) {
        let language = stemmer.language
        let back = Pool(free: [language: [stemmer]])
        pool.withLock { pool in
            if pool.free[language, default: []].count < keptCount {
                pool.free[language, default: []] += back.free[language]!
            }
        }
    }

    // MARK: The library

    /// Tells libraries apart whose stems differ: what they make of some words. libstemmer tells no version.
    package static let checksum: UInt32 = {
        var all: [UInt8] = []
        for language in StemLanguage.allCases {
            use(language) { stemmer in for word in probe { all += stemmer.stem(Array(word.utf8)) + [0] } }
        }
        return CRC32C.checksum(of: all)
    }()

    private static let probe = [
        "running", "happily", "generously", "nationalization", "elections", "skies", "dying", "conditional",
        "relational",
        "continuellement", "majestueusement", "cheval", "chevaux", "voudrions", "aufeinanderfolgenden", "haeuser",
        "kindern",
        "cotidianas", "jugadores", "habilidades", "quilometros", "brasileiras", "abbandonata", "propaganda",
        "lichamelijkheid",
        "jordbruksverket", "opinionsundersogelser", "havnedistriktene", "taloissammekin", "edellyttaa",
        "megvalosithatosag",
        "frumoaselor", "kitaplarimizdan", "mempertanggungjawabkan", "gobernuaren", "catalanitzacions",
        "nebeprisikiskiakopusteliaudavome",
        "bhfeirmeacha", "важнейшими", "говорившими", "избирательной", "правительства", "опозиционог", "υπουργων",
        "εκλογες", "εις", "hamburg", "hamburgda", "को", "informacoes", "importancia", "declarees", "premieres",
        "السعوديه", "mueller", "aarhus", "administracion", "informatie", "isiklar", "Вучић",
        "الانتخابات", "والمسلمون", "مكتبتهم", "लड़कियों", "सरकारी", "नेपालीहरुको", "அரசாங்கத்தின்", "կառավարության", "יידישע",
    ]
}

/// Stemmers for who needs now one, now another: each is lent once. Confined to one thread.
package final class StemmerSet {
    private var stemmers = [Stemmer?](repeating: nil, count: Int(UInt8.max) + 1)

    package init() {}

    deinit { for case let stemmer? in stemmers { Stemmer.give(stemmer) } }

    package subscript(_ language: StemLanguage) -> Stemmer {
        if let stemmer = stemmers[Int(language.rawValue)] { return stemmer }
        let stemmer = Stemmer.take(language)
        stemmers[Int(language.rawValue)] = stemmer
        return stemmer
    }
}
