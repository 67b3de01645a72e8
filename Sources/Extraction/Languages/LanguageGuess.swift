import News

/// Tells what language a text is in, from the text alone: first by its script, then by common words, letters, endings.
///
/// Some two hundred letters are enough; of a longer text only the beginning is looked at. Pure and table-driven.
package enum LanguageGuess {
    /// What it takes to name a language.
    private struct Bar {
        /// Letters looked at.
        var maxLetters = 1_500
        /// What stands for the language must weigh at least this much: a few of its small words.
        var least = 1.5
        /// How much more it must weigh than the next one.
        var lead = 1.12
        /// Whether a script that several languages write names the commonest of them where nothing else tells.
        var takesCommonest = true

        static let likely = Bar()
        /// For languages of which the tables know nothing must not be taken for one that they know.
        static let certain = Bar(least: 8, lead: 2, takesCommonest: false)
        /// So much tells as well as more.
        static let certainSoon = Bar(maxLetters: 800, least: 8, lead: 2, takesCommonest: false)
    }

    /// The language of a text that leaves no doubt, for pages whose own word may be a template's: at least two hundred
    /// letters, and twice the weight of the next language.
    /// - Parameter declared: what the page says. It stands where the tables do not know it, or not from its like.
    package static func certain(of text: String, declared: String) -> String? {
        let declared = LanguageTag.language(of: declared)
        guard known.contains(declared), let found = language(of: text, .certain), found != declared,
            !alike.contains(where: { $0.contains(found) && $0.contains(declared) })
        else { return nil }
        return found
    }

    private static let known = Set(latin.tags + others.tags + Array(ofScript.values) + ["am", "bn", "he", "ja", "zh"])

    /// Languages that small words hardly tell apart, or that are written in two scripts.
    private static let alike: [Set<String>] = [
        ["hr", "sr", "sl", "mk"], ["da", "no"], ["id", "ms"], ["es", "gl", "pt", "ca"], ["nl", "af"], ["cs", "sk"],
    ]

    /// The language of a text that leaves no doubt, though nobody said a word about it.
    package static func certain(of text: String) -> String? { language(of: text, .certainSoon) }

    /// - Returns: a language tag of two letters ("de", "zh"), or nil if the text does not tell.
    package static func language(of text: String) -> String? { language(of: text, .likely) }

    private static func language(of text: String, _ bar: Bar) -> String? {
        let sample = Sample(text, maxLetters: bar.maxLetters)
        guard sample.letters >= 12, let script = sample.dominant else { return nil }
        func best(_ table: Table, among allowed: Set<String>? = nil) -> String? {
            Self.best(of: table, sample, among: allowed, bar)
        }
        func commonest(_ tag: String) -> String? { bar.takesCommonest ? tag : nil }
        switch script {
        case .latin: return best(latin)
        case .cyrillic: return best(others, among: cyrillic) ?? commonest("ru")
        case .arabic: return best(others, among: arabic) ?? commonest("ar")
        case .devanagari: return best(others, among: devanagari) ?? commonest("hi")
        // A headline of Japanese may have no kana.
        case .han where !bar.takesCommonest && sample.letters < leastSigns: return nil
        case .han: return sample.count(of: .kana) * 20 > sample.count(of: .han) ? "ja" : "zh"
        case .kana: return "ja"
        case .ethiopic: return commonest("am")
        case .hebrew: return commonest("he")
        case .bengali: return commonest("bn")
        default: return ofScript[script]
        }
    }

    private static let cyrillic: Set<String> = ["ru", "uk", "be", "bg", "mk", "sr", "kk"]
    private static let arabic: Set<String> = ["ar", "fa", "ur", "ps"]
    private static let devanagari: Set<String> = ["hi", "mr", "ne"]

    /// Chinese signs that leave no doubt.
    private static let leastSigns = 40

    private static let ofScript: [LanguageScript: String] = [
        .hangul: "ko", .thai: "th", .greek: "el", .tamil: "ta", .telugu: "te",
        .gujarati: "gu",
        .kannada: "kn", .malayalam: "ml", .gurmukhi: "pa", .odia: "or", .sinhala: "si", .lao: "lo", .khmer: "km",
        .myanmar: "my", .georgian: "ka", .armenian: "hy", .tibetan: "bo",
    ]

    // MARK: Words

    private static func best(
        of table: Table, _ sample: Sample, among allowed: Set<String>?, _ bar: Bar
    ) -> String? {
        var weights = Array(repeating: 0.0, count: table.tags.count)
        var start = 0
        for end in sample.ends {
            let word = sample.scalars[start..<end]
            start = end
            table.words.add(1, of: hash(word), to: &weights)
            for letter in word where letter.value > 0x7F {
                table.letters.add(0.6, of: UInt64(letter.value), to: &weights)
            }
            for length in 2...4 where word.count > length + 1 {
                table.endings.add(0.5, of: hash(word.suffix(length)), to: &weights)
            }
        }
        let ranked = weights.indices.filter { allowed?.contains(table.tags[$0]) ?? true }
            .sorted { (weights[$0], -$0) > (weights[$1], -$1) }
        guard let first = ranked.first, weights[first] >= bar.least else { return nil }
        if ranked.count > 1, weights[first] < bar.lead * weights[ranked[1]] { return nil }
        return table.tags[first]
    }

    /// FNV-1a over scalars: a collision would weigh as much as one word.
    private static func hash(_ word: some Sequence<Unicode.Scalar>) -> UInt64 {
        word.reduce(HashedNames.emptyHash) { ($0 ^ UInt64($1.value)) &* 0x100_0000_01B3 }
    }

    /// The languages that share a word, letter or ending. Each gets its share of the weight: what all have tells nothing.
    private struct Sharers {
        /// By hash, from 1 on; 0 where nothing is. Not a Dictionary: a text asks a thousand times.
        private var slots: [(key: UInt64, number: UInt16)]
        /// By number: which languages.
        private var languages: [[Int]]

        init(_ entries: [UInt64: [Int]]) {
            var count = 64
            while count < entries.count * 2 { count *= 2 }
            slots = Array(repeating: (0, 0), count: count)
            languages = [[]]
            for (key, indices) in entries.sorted(by: { $0.key < $1.key }) {
                slots[place(of: key)] = (key, UInt16(languages.count))
                languages.append(indices)
            }
        }

        func add(_ weight: Double, of key: UInt64, to weights: inout [Double]) {
            let number = Int(slots[place(of: key)].number)
            guard number > 0 else { return }
            let share = weight / Double(languages[number].count)
            for index in languages[number] { weights[index] += share }
        }

        /// Where it is, or would be.
        private func place(of key: UInt64) -> Int {
            var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 40) & (slots.count - 1)
            while slots[place].number > 0, slots[place].key != key { place = (place + 1) & (slots.count - 1) }
            return place
        }
    }

    private struct Table {
        let tags: [String]
        let words: Sharers
        let letters: Sharers
        let endings: Sharers

        init(_ languages: [LanguageWords.Language]) {
            var (words, letters, endings): ([UInt64: [Int]], [UInt64: [Int]], [UInt64: [Int]]) = ([:], [:], [:])
            for (index, language) in languages.enumerated() {
                for word in Self.list(language.words) where words[word]?.last != index {
                    words[word, default: []].append(index)
                }
                for letter in language.letters.unicodeScalars where letter != " " {
                    letters[UInt64(letter.value), default: []].append(index)
                }
                for ending in Self.list(language.endings) { endings[ending, default: []].append(index) }
            }
            tags = languages.map(\.tag)
            // Vietnamese alone stacks marks on its vowels. With a dot below alone Yoruba and Igbo have some, too.
            if let vietnamese = tags.firstIndex(of: "vi") {
                for value in UInt64(0x1EA0)...0x1EF9 where !Self.dotted.contains(value) {
                    letters[value] = [vietnamese]
                }
            }
            self.words = Sharers(words)
            self.letters = Sharers(letters)
            self.endings = Sharers(endings)
        }

        /// Letters a, e, i, o, u with a dot below.
        private static let dotted: Set<UInt64> = [
            0x1EA0, 0x1EA1, 0x1EB8, 0x1EB9, 0x1ECA, 0x1ECB, 0x1ECC, 0x1ECD, 0x1EE4, 0x1EE5,
        ]

        private static func list(_ text: String) -> [UInt64] {
            text.split(whereSeparator: { $0 == " " || $0.isNewline }).map { hash($0.unicodeScalars) }
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

        init(_ text: String, maxLetters: Int) {
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
            case 0x61...0x7A, 0xDF...0xF6, 0xF8...0xFF, 0x430...0x45F, 0x530...:
                scalar.value >= 0x1E00 ? mapped(scalar) : scalar
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

extension Article {
    /// Enough of its words to tell their language by.
    var languageSample: String {
        let text = body ?? summary ?? ""
        return (headline ?? "") + "\n" + text.prefix(utf8Bytes: 3_000)
    }

    /// Takes the language of the text, if nobody told one and there is no doubt.
    mutating func guessLanguage() { if language == nil { language = LanguageGuess.certain(of: languageSample) } }
}
