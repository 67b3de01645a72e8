import News

/// Tells what language a text is in, from the text alone: first by its script, then by common words, letters, endings.
///
/// Some two hundred letters are enough; of a longer text only the beginning is looked at. Pure and table-driven.
package enum LanguageGuess {
    /// Letters looked at.
    private static let maxLetters = 1_500
    /// What stands for a language must weigh at least this much: a few of its small words.
    private static let least = 1.5
    /// How much more the best must weigh than the next one.
    private static let lead = 1.12

    /// The language of a text that leaves no doubt, for pages whose own word may be a template's: at least two hundred
    /// letters, and twice the weight of the next language.
    /// - Parameter declared: what the page says. It stands where the tables do not know it, or not from its like.
    package static func certain(of text: String, declared: String) -> String? {
        let declared = LanguageTag.language(of: declared)
        guard known.contains(declared), let found = language(of: text, least: 8, lead: 2), found != declared,
            !alike.contains(where: { $0.contains(found) && $0.contains(declared) })
        else { return nil }
        return found
    }

    private static let known = Set(latin.tags + others.tags + Array(ofScript.values) + ["ja", "zh"])

    /// Languages that small words hardly tell apart, or that are written in two scripts.
    private static let alike: [Set<String>] = [
        ["hr", "sr", "sl", "mk"], ["da", "no"], ["id", "ms"], ["es", "gl", "pt", "ca"], ["nl", "af"], ["cs", "sk"],
    ]

    /// - Returns: a language tag of two letters ("de", "zh"), or nil if the text does not tell.
    package static func language(of text: String) -> String? { language(of: text, least: least, lead: lead) }

    private static func language(of text: String, least: Double, lead: Double) -> String? {
        let sample = Sample(text)
        guard sample.letters >= 12, let script = sample.dominant else { return nil }
        func best(_ table: Table, among allowed: Set<String>? = nil) -> String? {
            Self.best(of: table, sample, among: allowed, least: least, lead: lead)
        }
        switch script {
        case .latin: return best(latin)
        case .cyrillic: return best(others, among: cyrillic) ?? "ru"
        case .arabic: return best(others, among: arabic) ?? "ar"
        case .devanagari: return best(others, among: devanagari) ?? "hi"
        case .han: return sample.count(of: .kana) * 20 > sample.count(of: .han) ? "ja" : "zh"
        case .kana: return "ja"
        default: return ofScript[script]
        }
    }

    private static let cyrillic: Set<String> = ["ru", "uk", "be", "bg", "mk", "sr", "kk"]
    private static let arabic: Set<String> = ["ar", "fa", "ur", "ps"]
    private static let devanagari: Set<String> = ["hi", "mr", "ne"]

    private static let ofScript: [LanguageScript: String] = [
        .hangul: "ko", .thai: "th", .hebrew: "he", .greek: "el", .bengali: "bn", .tamil: "ta", .telugu: "te",
        .gujarati: "gu",
        .kannada: "kn", .malayalam: "ml", .gurmukhi: "pa", .odia: "or", .sinhala: "si", .lao: "lo", .khmer: "km",
        .myanmar: "my", .georgian: "ka", .armenian: "hy", .ethiopic: "am", .tibetan: "bo",
    ]

    // MARK: Words

    private static func best(
        of table: Table, _ sample: Sample, among allowed: Set<String>?, least: Double, lead: Double
    ) -> String? {
        var weights = Array(repeating: 0.0, count: table.tags.count)
        var start = 0
        for end in sample.ends {
            let word = sample.scalars[start..<end]
            start = end
            table.words[Key(word)]?.add(1, to: &weights)
            for letter in word where letter.value > 0x7F { table.letters[letter]?.add(0.6, to: &weights) }
            for length in 2...4 where word.count > length + 1 {
                table.endings[Key(word.suffix(length))]?.add(0.5, to: &weights)
            }
        }
        let ranked = weights.indices.filter { allowed?.contains(table.tags[$0]) ?? true }
            .sorted { (weights[$0], -$0) > (weights[$1], -$1) }
        guard let first = ranked.first, weights[first] >= least else { return nil }
        if ranked.count > 1, weights[first] < lead * weights[ranked[1]] { return nil }
        return table.tags[first]
    }

    /// A word by its hash (FNV-1a over scalars): a collision would weigh as much as one word.
    private struct Key: Hashable {
        var hash: UInt64

        init(_ word: some Sequence<Unicode.Scalar>) {
            hash = 0xCBF2_9CE4_8422_2325
            for scalar in word { hash = (hash ^ UInt64(scalar.value)) &* 0x100_0000_01B3 }
        }
    }

    /// The languages that share a word, letter or ending. Each gets its share of the weight: what all have tells nothing.
    private struct Sharers {
        var indices: [Int] = []

        func add(_ weight: Double, to weights: inout [Double]) {
            for index in indices { weights[index] += weight / Double(indices.count) }
        }
    }

    private struct Table {
        var tags: [String] = []
        var words: [Key: Sharers] = [:]
        var letters: [Unicode.Scalar: Sharers] = [:]
        var endings: [Key: Sharers] = [:]

        init(_ languages: [LanguageWords.Language]) {
            for (index, language) in languages.enumerated() {
                tags.append(language.tag)
                for word in Self.list(language.words) where words[word]?.indices.last != index {
                    words[word, default: Sharers()].indices.append(index)
                }
                for letter in language.letters.unicodeScalars where letter != " " {
                    letters[letter, default: Sharers()].indices.append(index)
                }
                for ending in Self.list(language.endings) { endings[ending, default: Sharers()].indices.append(index) }
            }
            // Vietnamese alone stacks marks on its vowels.
            if let vietnamese = tags.firstIndex(of: "vi") {
                for value in UInt32(0x1EA0)...0x1EF9 {
                    if let letter = Unicode.Scalar(value) { letters[letter] = Sharers(indices: [vietnamese]) }
                }
            }
        }

        private static func list(_ text: String) -> [Key] {
            text.split(whereSeparator: { $0 == " " || $0.isNewline }).map { Key($0.unicodeScalars) }
        }
    }

    private static let latin = Table(LanguageWords.latin)
    private static let others = Table(LanguageWords.others)

    // MARK: The text

    /// The words of a text's beginning in small letters, and how many letters are of which script.
    private struct Sample {
        /// Of all words, one behind the other.
        private(set) var scalars: [Unicode.Scalar] = []
        /// Where each word ends.
        private(set) var ends: [Int] = []
        private(set) var letters = 0
        private var counts = Array(repeating: 0, count: LanguageScript.allCases.count)

        init(_ text: String) {
            for scalar in text.unicodeScalars {
                guard letters < maxLetters else { break }
                if let script = LanguageScript.of(scalar) {
                    counts[Int(script.rawValue)] += 1
                    letters += 1
                    scalars.append(Self.small(scalar))
                } else if isInWord(scalar) {
                    if scalars.count > (ends.last ?? 0) { scalars.append(scalar == "’" ? "'" : scalar) }
                } else {
                    finishWord()
                }
            }
            finishWord()
        }

        private func isInWord(_ scalar: Unicode.Scalar) -> Bool {
            guard scalar.value > 0x7F else { return scalar == "'" || scalar == "-" }
            if scalar == "’" || scalar == "·" { return true }
            let category = scalar.properties.generalCategory
            return category == .nonspacingMark || category == .spacingMark
        }

        private mutating func finishWord() {
            let start = ends.last ?? 0
            while scalars.count > start, scalars.last == "'" || scalars.last == "-" { scalars.removeLast() }
            if scalars.count > start { ends.append(scalars.count) }
        }

        private static func small(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
            switch scalar.value {
            case 0x41...0x5A, 0xC0...0xD6, 0xD8...0xDE, 0x410...0x42F: Unicode.Scalar(scalar.value + 0x20) ?? scalar
            case 0x61...0x7A, 0x430...0x45F, 0x530...: scalar.value >= 0x1E00 ? mapped(scalar) : scalar
            default: mapped(scalar)
            }
        }

        private static func mapped(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
            scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar
        }

        func count(of script: LanguageScript) -> Int { counts[Int(script.rawValue)] }

        /// The commonest script. Signs of Chinese origin weigh more than letters, since each is a word or half of one.
        var dominant: LanguageScript? {
            LanguageScript.allCases.map { ($0, count(of: $0) * ($0 == .han || $0 == .kana || $0 == .hangul ? 3 : 1)) }
                .filter { $0.1 > 0 }.max { ($0.1, $1.0.rawValue) < ($1.1, $0.0.rawValue) }?.0
        }
    }
}
