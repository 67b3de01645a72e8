// The careful way through a word: accents, apostrophes, acronyms, numbers, scripts without blanks. A hot file: `text` and `term`
// belong to the caller of the tokenizer and are valid while it runs; every read of `text` is below `count`, every
// write to `term` below `Analysis.termBytes`.

/// Reads one word, or one run of a script without blanks, that starts at a given place.
@safe
struct WordScanner {
    let text: UnsafePointer<UInt8>
    let count: Int
    let term: UnsafeMutablePointer<UInt8>
    let table: CharacterTable
    /// Bytes of `term` that the last word filled.
    private(set) var length = 0
    /// A character did not fit: nothing after it may, so that the term is a prefix.
    private var isFull = false

    init(text: UnsafePointer<UInt8>, count: Int, term: UnsafeMutablePointer<UInt8>, table: CharacterTable) {
        unsafe self.text = unsafe text
        self.count = count
        unsafe self.term = unsafe term
        self.table = table
    }

    /// The scalar at `at` and its length in bytes; (0xFFFD, 1) for what is not UTF-8.
    @inline(__always)
    func decode(_ at: Int) -> (scalar: UInt32, size: Int) {
        let lead = unsafe UInt32(text[at])
        if lead < 0x80 { return (lead, 1) }
        @inline(__always)
        func tail(_ offset: Int) -> UInt32 {
            unsafe at &+ offset < count ? UInt32(text[at &+ offset]) : 0
        }
        let first = tail(1)
        guard first & 0xC0 == 0x80 else { return (0xFFFD, 1) }
        if lead >= 0xC2, lead < 0xE0 { return ((lead & 0x1F) << 6 | first & 0x3F, 2) }
        let second = tail(2)
        guard second & 0xC0 == 0x80 else { return (0xFFFD, 1) }
        if lead >= 0xE0, lead < 0xF0 {
            let scalar = (lead & 0x0F) << 12 | (first & 0x3F) << 6 | second & 0x3F
            return scalar >= 0x800 && scalar & 0xF800 != 0xD800 ? (scalar, 3) : (0xFFFD, 1)
        }
        let third = tail(3)
        guard third & 0xC0 == 0x80, lead >= 0xF0, lead < 0xF5 else { return (0xFFFD, 1) }
        let scalar = (lead & 0x07) << 18 | (first & 0x3F) << 12 | (second & 0x3F) << 6 | third & 0x3F
        return scalar >= 0x1_0000 && scalar <= 0x10_FFFF ? (scalar, 4) : (0xFFFD, 1)
    }

    @inline(__always)
    private func entry(_ at: Int) -> (entry: CharacterEntry, size: Int) {
        guard at < count else { return (CharacterEntry(bits: 0), 0) }
        let (scalar, size) = decode(at)
        return (table.entry(scalar), size)
    }

    /// Reads the word that starts at `start`, whose first character is a letter or digit, into `term`.
    ///
    /// - Returns: where the word ends in the text.
    mutating func scanWord(from start: Int) -> Int {
        length = 0
        isFull = false
        var at = start
        var end = start
        var characterCount = 0
        var digitCount = 0  // of the run of digits that ends here
        var isAcronym = true  // single letters with dots between, so far
        var apostropheLength: Int?  // of the term where the last apostrophe was dropped
        var last: UInt32 = 0  // folded scalar that a mark may still change
        var lastLength = 0
        while at < count {
            let (scalar, size) = decode(at)
            let entry = table.entry(scalar)
            if entry.isSimple {
                last = entry.value
                lastLength = length
                append(entry.value)
                digitCount = entry.isDigit ? digitCount &+ 1 : 0
                characterCount &+= 1
                at &+= size
                end = at
                continue
            }
            switch entry.kind {
            case .word: break
            case .expansion:
                last = 0
                let place = Int(entry.value)
                for index in 0..<Int(table.expansions[place]) { append(table.expansions[place + 1 + index]) }
                digitCount = 0
                characterCount += 1
            case .joining:
                // Not at the beginning of a word, where it is a letter of a group.
                if let joined = Composition.of(last, entry.value), lastLength > 0, !isFull {
                    length = lastLength
                    append(joined)
                } else {
                    append(entry.value)
                }
                last = 0
                digitCount = 0
                characterCount += 1
            case .ignored:
                // It parts two words, and belongs to what it stands behind.
                if scalar == 0x200C, isArabic(at + size) { return finish(at + size, apostropheLength) }
                if let composed = Composition.of(last, entry.value), !isFull {
                    length = lastLength
                    append(composed)
                }
                // The dot below leaves the letter what it is.
                if entry.value != 0x93C { last = 0 }
            case .apostrophe:
                let next = self.entry(at + size).entry
                guard next.isWord else { return finish(end, apostropheLength) }
                if digitCount > 0, next.isDigit {
                    guard isThousands(at + size, after: digitCount) else { return finish(end, apostropheLength) }
                } else {
                    guard !isElision || isPossessive(at + size) else { return finish(end, apostropheLength) }
                    apostropheLength = length
                }
                digitCount = 0
                isAcronym = false
                at += size
                continue
            case .separator:
                let next = self.entry(at + size).entry
                if Self.isPoint(scalar), next.isDigit, digitCount > 0 {
                    append(0x2E)
                    digitCount = 0
                    isAcronym = false
                } else if scalar == 0x2E, isAcronym, characterCount == 1, digitCount == 0, isSingleLetter(at + size) {
                    characterCount = 0
                } else if Self.isComma(scalar), next.isDigit,
                    isThousands(at + size, after: digitCount) || isLakhs(at + size, after: digitCount)
                {
                    digitCount = 0
                    isAcronym = false
                } else if scalar == 0x22, isGershayim(at + size) {
                    isAcronym = false
                } else {
                    return finish(end, apostropheLength)
                }
                at += size
                continue
            case .paired, .pairedMark:
                return finish(end, apostropheLength)
            }
            at += size
            end = at
        }
        return finish(end, apostropheLength)
    }

    /// Drops a possessive "s" after the last apostrophe, and what is left of an English verb there.
    private mutating func finish(_ end: Int, _ apostropheLength: Int?) -> Int {
        guard let kept = apostropheLength, kept > 0 else { return end }
        switch length &- kept {
        case 1:
            switch unsafe term[kept] {
            case UInt8(ascii: "s"): length = kept
            case UInt8(ascii: "d") where isBefore(kept, Self.subjects): length = kept
            case UInt8(ascii: "m") where isBefore(kept, ["i"]): length = kept
            default: break
            }
        case 2:
            switch unsafe (term[kept], term[kept &+ 1]) {
            case (UInt8(ascii: "l"), UInt8(ascii: "l")), (UInt8(ascii: "r"), UInt8(ascii: "e")),
                (UInt8(ascii: "v"), UInt8(ascii: "e")):
                length = kept
            default: break
            }
        default: break
        }
        return end
    }

    /// Behind others a "d" is no verb: `Sa'd`.
    private static let subjects = ["i", "you", "he", "she", "it", "we", "they", "who", "that", "there"]

    /// Whether the first bytes of the term are one of some words.
    private func isBefore(_ count: Int, _ words: [String]) -> Bool {
        let bytes = unsafe UnsafeBufferPointer(start: term, count: count)
        return words.contains { unsafe $0.utf8.elementsEqual(bytes) }
    }

    /// Decimal points, and the commas between groups of digits.
    private static func isPoint(_ scalar: UInt32) -> Bool { scalar == 0x2E || scalar == 0xFF0E || scalar == 0x66B }
    private static func isComma(_ scalar: UInt32) -> Bool { scalar == 0x2C || scalar == 0xFF0C || scalar == 0x66C }

    /// Whether the term ends in a letter of Arabic script and one stands at `at`: what does not join them parts them.
    private func isArabic(_ at: Int) -> Bool {
        guard length >= 2, unsafe (0xD8...0xDB).contains(term[length &- 2]) else { return false }
        return (0x620...0x6FF).contains(entry(at).entry.value)
    }

    /// Whether a quotation mark behind a Hebrew letter stands before the end of an acronym, and not before a quoted word: one to three
    /// letters follow, and no other mark.
    private func isGershayim(_ at: Int) -> Bool {
        guard length >= 2, unsafe term[length &- 2] == 0xD7 else { return false }
        var place = at
        for count in 0...3 {
            let (entry, size) = entry(place)
            guard entry.isSimple, (0x5D0...0x5EA).contains(entry.value) else {
                return count > 0 && !entry.isWord && !(place < self.count && (unsafe text[place] == 0x22))
            }
            place += size
        }
        return false
    }

    /// Whether an "s" stands at `at` and the word ends behind it.
    private func isPossessive(_ at: Int) -> Bool {
        let (entry, size) = entry(at)
        return entry.isSimple && entry.value == 0x73 && !self.entry(at + size).entry.isWord
    }

    /// Whether a letter stands at `at` and no other character of a word directly after it.
    private func isSingleLetter(_ at: Int) -> Bool {
        let first = entry(at)
        guard first.entry.isWord, !first.entry.isDigit else { return false }
        var after = entry(at + first.size)
        var place = at + first.size
        while after.entry.kind == .ignored {
            place += after.size
            after = entry(place)
        }
        return !after.entry.isWord && !after.entry.isPaired
    }

    /// Whether exactly three digits stand at `at`, after a group of one to three.
    private func isThousands(_ at: Int, after digitCount: Int) -> Bool {
        guard (1...3).contains(digitCount) else { return false }
        var place = at
        for _ in 0..<3 {
            let (entry, size) = entry(place)
            guard entry.isDigit else { return false }
            place += size
        }
        return !entry(place).entry.isDigit
    }

    /// Whether groups of two digits stand at `at` and then one of three, after a group of one or two: as in India.
    private func isLakhs(_ at: Int, after digitCount: Int) -> Bool {
        guard (1...2).contains(digitCount) else { return false }
        var place = at
        var groupCount = 0
        while true {
            var digits = 0
            while case let (entry, size) = entry(place), entry.isDigit {
                place += size
                digits += 1
                if digits > 3 { return false }
            }
            if digits == 3 { return groupCount > 0 }
            guard digits == 2, place < count, case let (scalar, size) = decode(place), Self.isComma(scalar) else {
                return false
            }
            groupCount += 1
            // No number has more; a row without end must not be read again at each of its commas.
            guard groupCount <= 6 else { return false }
            place += size
        }
    }

    /// Whether the term so far is a French or Italian article or pronoun that ends at an apostrophe.
    private var isElision: Bool {
        switch length {
        case 1:
            switch unsafe term[0] {
            case UInt8(ascii: "c"), UInt8(ascii: "d"), UInt8(ascii: "j"), UInt8(ascii: "l"), UInt8(ascii: "m"),
                UInt8(ascii: "n"), UInt8(ascii: "s"), UInt8(ascii: "t"):
                return true
            default: return false
            }
        case 2...8:
            return isBefore(length, Self.elisions)
        default: return false
        }
    }

    private static let elisions = [
        "qu", "un", "gl", "agl", "all", "com", "cos", "dev", "dov", "cent", "cinquant", "coll", "dagl", "dall", "degl",
        "dell", "jusqu", "lorsqu", "mezz", "negl", "nell", "nient", "puisqu", "quand", "quell", "quest", "quoiqu",
        "sant", "sugl", "sull", "trent", "tutt", "vent",
    ]

    @inline(__always)
    private mutating func append(_ scalar: UInt32) {
        if scalar < 0x800, scalar >= 0x80, length &+ 2 <= Analysis.termBytes, !isFull {
            unsafe term[length] = UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
            unsafe term[length &+ 1] = UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F)
            length &+= 2
            return
        }
        let size = scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x1_0000 ? 3 : 4
        guard !isFull, length + size <= Analysis.termBytes else {
            isFull = true
            return
        }
        length += encode(scalar, at: length)
    }

    /// Writes a scalar as UTF-8; the caller has made sure of four bytes' room.
    private func encode(_ scalar: UInt32, at place: Int) -> Int {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | scalar >> shift & 0x3F) }
        if scalar < 0x80 {
            unsafe term[place] = UInt8(truncatingIfNeeded: scalar)
            return 1
        }
        if scalar < 0x800 {
            unsafe term[place] = UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
            unsafe term[place + 1] = tail(0)
            return 2
        }
        if scalar < 0x1_0000 {
            unsafe term[place] = UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12)
            unsafe term[place + 1] = tail(6)
            unsafe term[place + 2] = tail(0)
            return 3
        }
        unsafe term[place] = UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)
        unsafe term[place + 1] = tail(12)
        unsafe term[place + 2] = tail(6)
        unsafe term[place + 3] = tail(0)
        return 4
    }

    /// Reads the run of paired characters at `start` and calls `body` with each pair of neighbours, or with a lone one. Marks belong
    /// to the character before them.
    ///
    /// - Returns: where the run ends in the text.
    mutating func scanPairs(from start: Int, _ body: (UnsafeBufferPointer<UInt8>, Int, Int) -> Void) -> Int {
        var at = start
        /// Bytes of the character before at the start of `term`, and where it starts in the text.
        var previous = 0
        var previousStart = start
        var pairCount = 0
        var next = entry(at)
        let isClustered = Self.isClustered(next.entry.value)
        while next.size > 0, next.entry.isPaired, Self.isClustered(next.entry.value) == isClustered {
            let begin = at
            var scalar = next.entry.value
            var length = 0
            var markCount = 0
            at += next.size
            next = entry(at)
            while next.size > 0, next.entry.kind == .ignored || next.entry.kind == .pairedMark {
                if let composed = markCount == 0 ? Composition.of(scalar, next.entry.value) : nil {
                    scalar = composed
                } else if next.entry.kind == .pairedMark, markCount < Self.markCount {
                    if markCount == 0 { length = encode(scalar, at: previous) }
                    length += encode(next.entry.value, at: previous + length)
                    markCount += 1
                }
                at += next.size
                next = entry(at)
            }
            if markCount == 0 { length = encode(Composition.alone(scalar), at: previous) }
            if previous > 0 {
                unsafe body(UnsafeBufferPointer(start: term, count: previous + length), previousStart, at)
                pairCount += 1
                for place in 0..<length { unsafe term[place] = unsafe term[previous + place] }
            }
            previous = length
            previousStart = begin
        }
        if pairCount == 0 { unsafe body(UnsafeBufferPointer(start: term, count: previous), previousStart, at) }
        return at
    }

    /// Marks of one paired character that count: two characters of four bytes with theirs fit into a term.
    private static let markCount = 24

    /// Whether a paired character is of a script whose runs are apart from those of Han, kana and Hangul.
    private static func isClustered(_ scalar: UInt32) -> Bool { scalar < 0x1100 || (0x1780..<0x1800).contains(scalar) }
}
