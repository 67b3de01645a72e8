import News

/// A text as a date reader sees it.
enum DateToken: Equatable {
    /// Digits of any script; the value is kept up to 18 digits.
    case number(Int, digits: Int)
    /// Letters of one script, folded (`DateWord`). Han and kana are cut into the words that dates use.
    case word(String)
    case sign(Unicode.Scalar)
    case open
    case close
    /// Blanks.
    case gap
    /// What no date holds.
    case other
}

/// Tokens with the bytes they came from.
struct DateTokens {
    private(set) var tokens: [DateToken] = []
    /// `ends[i]` is the UTF-8 offset behind token i.
    private(set) var ends: [Int] = []
    /// Whether a script is written from right to left: nobody who writes so puts the month first.
    private(set) var isRightToLeft = false

    /// - Parameter limitBytes: how much of `text` is looked at.
    init(_ text: String, limitBytes: Int) {
        var scalars: [Unicode.Scalar] = []
        var bytes = 0
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            if bytes > limitBytes { break }
            scalars.append(scalar)
            // Hebrew, Arabic and their marks.
            if scalar.value == 0x200F || (0x0590...0x08FF).contains(scalar.value) { isRightToLeft = true }
        }
        var place = 0
        var offset = 0
        while place < scalars.count {
            let start = place
            if scalars[place] == "\u{200E}" || scalars[place] == "\u{200F}" || scalars[place] == "\u{061C}" {
                // Marks of direction are nothing.
                offset += UTF8.width(scalars[place])
                place += 1
                continue
            }
            let token = Self.next(scalars, &place)
            for scalar in scalars[start..<place] { offset += UTF8.width(scalar) }
            if token == .gap, tokens.last == .gap {
                ends[ends.count - 1] = offset
            } else {
                starts.append(offset - scalars[start..<place].reduce(0) { $0 + UTF8.width($1) })
                tokens.append(token)
                ends.append(offset)
            }
        }
    }

    /// `starts[i]` is where token i begins.
    private(set) var starts: [Int] = []

    private static func next(_ scalars: [Unicode.Scalar], _ place: inout Int) -> DateToken {
        let scalar = scalars[place]
        if digit(scalar) != nil { return number(scalars, &place) }
        if isHan(scalar) { return hanWord(scalars, &place) }
        if isLetter(scalar) { return word(scalars, &place) }
        place += 1
        if TextSpace.isSpace(scalar) { return .gap }
        switch scalar {
        case "(", "（", "[": return .open
        case ")", "）", "]": return .close
        case ",", "،", "，", "、": return .sign(",")
        case ":", "：": return .sign(":")
        case "/", "／": return .sign("/")
        case "-", "‐", "‑", "−": return .sign("-")
        case ".", "．", "׳", "\u{0970}": return .sign(".")
        case "+", "|", "–", "—", "·", "•", "_", "@", "'", "’", ";", "۔", "\u{0964}": return .sign(scalar)
        default: return .other
        }
    }

    private static func number(_ scalars: [Unicode.Scalar], _ place: inout Int) -> DateToken {
        let start = place
        var value = 0
        while place < scalars.count, let digit = digit(scalars[place]) {
            if place - start < 18 { value = value * 10 + digit }
            place += 1
        }
        return .number(value, digits: place - start)
    }

    /// Marks belong to the letter before; an apostrophe between letters to the word.
    private static func word(_ scalars: [Unicode.Scalar], _ place: inout Int) -> DateToken {
        var letters: [Unicode.Scalar] = []
        while place < scalars.count {
            let scalar = scalars[place]
            if isLetter(scalar) || isMark(scalar) {
                letters.append(scalar)
            } else {
                guard scalar == "'" || scalar == "’" || scalar == "ʼ", place + 1 < scalars.count,
                    isLetter(scalars[place + 1]), letters != ["d"], letters != ["l"]
                else { break }
            }
            place += 1
        }
        return .word(DateWord.folded(letters))
    }

    /// The longest word that dates know from here on, else one character.
    private static func hanWord(_ scalars: [Unicode.Scalar], _ place: inout Int) -> DateToken {
        for count in stride(from: min(3, scalars.count - place), through: 2, by: -1) {
            let word = String(String.UnicodeScalarView(scalars[place..<place + count]))
            if WeekdayNames.weekday(word) != nil || MonthNames.month(word) != nil || DateWords.era(word) != nil
                || DateWords.isAfternoon(word) != nil || DateWords.isFiller(word)
            {
                place += count
                return .word(word)
            }
        }
        place += 1
        return .word(String(scalars[place - 1]))
    }

    private static func digit(_ scalar: Unicode.Scalar) -> Int? {
        if scalar.isASCII { return ASCII.isDigit(UInt8(scalar.value)) ? Int(scalar.value) - 0x30 : nil }
        guard scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue else { return nil }
        return Int(value)
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return ASCII.isLetter(UInt8(scalar.value)) }
        return scalar.properties.isAlphabetic && !isHan(scalar)
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return false }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark: return true
        default: return scalar.value == 0x200C || scalar.value == 0x200D || scalar.value == 0x0640
        }
    }

    /// Han and kana: written without blanks between words.
    private static func isHan(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3005...0x3007, 0x3041...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x323AF:
            true
        default: false
        }
    }
}
