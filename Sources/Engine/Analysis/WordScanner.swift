// The careful way through a word: accents, apostrophes, acronyms, numbers, ideographs. A hot file: `text` and `term`
// belong to the caller of the tokenizer and are valid while it runs; every read of `text` is below `count`, every
// write to `term` below `Analysis.termBytes`.

/// Reads one word, or one run of ideographs, that starts at a given place.
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
            case .ignored:
                if let composed = Composition.of(last, entry.value), !isFull {
                    length = lastLength
                    append(composed)
                }
                last = 0
            case .apostrophe:
                let next = self.entry(at + size).entry
                guard next.isWord else { return finish(end, apostropheLength) }
                if digitCount > 0, next.isDigit {
                    guard isThousands(at + size, after: digitCount) else { return finish(end, apostropheLength) }
                } else {
                    guard !isElision else { return finish(end, apostropheLength) }
                    apostropheLength = length
                }
                digitCount = 0
                isAcronym = false
                at += size
                continue
            case .separator:
                let next = self.entry(at + size).entry
                if scalar == 0x2E, next.isDigit, digitCount > 0 {
                    append(0x2E)
                    digitCount = 0
                    isAcronym = false
                } else if scalar == 0x2E, isAcronym, characterCount == 1, digitCount == 0, isSingleLetter(at + size) {
                    characterCount = 0
                } else if scalar == 0x2C, next.isDigit, isThousands(at + size, after: digitCount) {
                    digitCount = 0
                    isAcronym = false
                } else {
                    return finish(end, apostropheLength)
                }
                at += size
                continue
            case .ideograph:
                return finish(end, apostropheLength)
            }
            at += size
            end = at
        }
        return finish(end, apostropheLength)
    }

    /// Drops a possessive "s" after the last apostrophe.
    private mutating func finish(_ end: Int, _ apostropheLength: Int?) -> Int {
        if let kept = apostropheLength, length == kept + 1, kept > 0, unsafe term[kept] == UInt8(ascii: "s") {
            length = kept
        }
        return end
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
        return !after.entry.isWord && after.entry.kind != .ideograph
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
        case 2...7:
            let bytes = unsafe UnsafeBufferPointer(start: term, count: length)
            return Self.elisions.contains { unsafe $0.utf8.elementsEqual(bytes) }
        default: return false
        }
    }

    private static let elisions = [
        "qu", "un", "all", "dall", "dell", "nell", "sull", "coll", "jusqu", "lorsqu", "puisqu", "quoiqu", "quell",
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

    /// Reads the run of ideographs at `start` and calls `body` with each pair of neighbours, or with a lone one.
    ///
    /// - Returns: where the run ends in the text.
    mutating func scanIdeographs(from start: Int, _ body: (UnsafeBufferPointer<UInt8>, Int, Int) -> Void) -> Int {
        var at = start
        var previous: (scalar: UInt32, start: Int)?
        var pairCount = 0
        while at < count {
            var (entry, size) = entry(at)
            guard entry.kind == .ideograph else { break }
            let begin = at
            var scalar = entry.value
            at += size
            (entry, size) = self.entry(at)
            while size > 0, entry.kind == .ignored {
                scalar = Composition.of(scalar, entry.value) ?? scalar
                at += size
                (entry, size) = self.entry(at)
            }
            if let previous {
                let first = encode(previous.scalar, at: 0)
                unsafe body(
                    UnsafeBufferPointer(start: term, count: first + encode(scalar, at: first)), previous.start, at)
                pairCount += 1
            }
            previous = (scalar, begin)
        }
        if pairCount == 0, let previous {
            unsafe body(UnsafeBufferPointer(start: term, count: encode(previous.scalar, at: 0)), previous.start, at)
        }
        return at
    }
}

/// Marks that make another letter instead of accenting one: a character and its decomposed form give one term.
enum Composition {
    static func of(_ base: UInt32, _ mark: UInt32) -> UInt32? {
        switch mark {
        case 0x306: return base == 0x438 ? 0x439 : nil  // и to й
        case 0x3099:  // voiced sound mark: the voiced kana follows the plain one
            let kana = base >= 0x30A1 ? base - 0x60 : base
            if kana == 0x3046 { return base + 0x4E }  // u to vu
            let isPlain =
                (0x304B...0x3061).contains(kana) && kana & 1 == 1 || [0x3064, 0x3066, 0x3068].contains(kana)
                || (0x306F...0x307B).contains(kana) && kana % 3 == 0
            return isPlain ? base + 1 : nil
        case 0x309A:  // semi-voiced sound mark
            let kana = base >= 0x30A1 ? base - 0x60 : base
            return (0x306F...0x307B).contains(kana) && kana % 3 == 0 ? base + 2 : nil
        default: return nil
        }
    }
}
