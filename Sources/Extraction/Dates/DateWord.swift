import News

/// Words of dates, so folded that case, accents and other marks make no difference.
enum DateWord {
    /// In small letters; without accents (Latin, Greek, Cyrillic, Arabic), vowel points, nukta and joiners.
    static func folded(_ word: String) -> String { folded(word.unicodeScalars) }

    static func folded(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var out = String.UnicodeScalarView()
        for scalar in scalars {
            if scalar.isASCII {
                out.append(Unicode.Scalar(ASCII.lowercased(UInt8(scalar.value))))
            } else {
                for small in scalar.properties.lowercaseMapping.unicodeScalars where !isMark(small) {
                    out.append(bare[small] ?? small)
                }
            }
        }
        return String(out)
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0300...0x036F, 0x02BC, 0x0591...0x05C7, 0x0640, 0x064B...0x0652, 0x093C, 0x09BC, 0x200B...0x200F, 0xFEFF:
            true
        default: false
        }
    }

    /// Letters without their marks: each line begins with the bare letter.
    private static let bare: [Unicode.Scalar: Unicode.Scalar] = {
        var found: [Unicode.Scalar: Unicode.Scalar] = [:]
        for line in lines {
            guard let letter = line.unicodeScalars.first else { continue }
            for marked in line.unicodeScalars.dropFirst() { found[marked] = letter }
        }
        return found
    }()

    private static let lines = [
        "aàáâãäåāăą", "cçćĉċč", "dďđ", "eèéêëēĕėęě", "gĝğġģ", "iìíîïĩīĭįı", "kķ", "lĺļľł", "nñńņň", "oòóôõöøōŏő",
        "rŕŗř",
        "sśŝşšș", "tţťț", "uùúûüũūŭůűų", "wŵ", "yýÿŷ", "zźżž",
        "αά", "εέ", "ηή", "ιίϊΐ", "οό", "σς", "υύϋΰ", "ωώ", "ий", "её", "уў", "ії",
        "اأإآٱ", "يیى", "كک", "هة", "फ\u{095E}", "য\u{09DF}",
    ]
}

/// Words of dates that are neither months, weekdays nor zones. All folded.
enum DateWords {
    /// Units that stand behind their number: Korean, Japanese, Chinese.
    enum Unit { case year, month, day, hour, minute, second }

    static func unit(_ word: String) -> Unit? {
        switch word {
        case "년", "年": .year
        case "월", "月": .month
        case "일", "日", "号", "號": .day
        case "시", "時", "时", "点", "點", "นาฬิกา": .hour
        case "분", "分", "นาที": .minute
        case "초", "秒", "วินาที": .second
        default: nil
        }
    }

    /// Words for the halves of a day: whether it is the second.
    static func isAfternoon(_ word: String) -> Bool? {
        switch word {
        case "am", "pg", "오전", "上午", "午前", "凌晨", "早上", "清晨", "πμ", "ص", "صباحا": false
        case "pm", "ptg", "오후", "下午", "午後", "晚上", "傍晚", "中午", "μμ", "م", "مساء": true
        default: nil
        }
    }

    /// Whether that word stands before the time.
    static func standsBeforeTime(_ word: String) -> Bool {
        word.unicodeScalars.first.map { $0.value >= 0x2E80 } ?? false
    }

    /// Years to add to those of an era or calendar that the word names.
    static func era(_ word: String) -> Int? {
        switch word {
        case "令和": 2018
        case "平成": 1988
        case "昭和": 1925
        case "民國", "民国": 1911
        default: nil
        }
    }

    /// Whether a number in front of the word, or behind it, is an hour: "15 h", "16 Uhr", "kl. 16.15".
    static func isHour(_ word: String) -> Bool { hours.contains(word) }

    /// Those that only follow their number: others may stand between a date and its time ("3 marzo 2021 ore 16:05").
    static func isHourUnit(_ word: String) -> Bool { hourUnits.contains(word) }

    private static let hourUnits: Set<String> = ["h", "hs", "hrs", "hr", "uhr", "uur", "ч"]

    /// Words that stand in dates and say nothing.
    static func isFiller(_ word: String) -> Bool { fillers.contains(word) || hours.contains(word) }

    private static let hours: Set<String> = [
        "h", "hs", "hrs", "hr", "uhr", "uur", "kl", "klo", "kello", "ora", "ore", "godz", "hod", "ч", "час", "ωρα",
        "clock", "น", "saat", "pukul", "jam", "luc", "gio",
    ]

    private static let fillers: Set<String> = [
        "d", "m", "gada", "axsamı", "axsami", "ertəsi", "ค", "ศ", "พ", "التوقيت", "العالمي", "بتوقيت", "at", "on", "of",
        "the", "de", "del", "le", "um", "a", "as", "la", "las", "los", "il", "do", "den", "der",
        "dem", "el", "em", "st", "nd", "rd", "th", "er", "re", "º", "ª", "o", "t", "about", "around", "local",
        "time", "alle", "om", "op", "ta", "w", "dnia", "dne", "v", "ve", "u", "г", "года", "году", "год", "р",
        "року", "в", "о", "у", "на", "го", "στισ", "τησ", "vom", "dia", "feira", "ob", "gunu", "tarihinde", "في",
        "الساعه", "ساعت", "روز", "يوم", "עם", "בשעה", "ביום", "יום", "को", "बजे", "ngay", "tanggal", "pada",
        "hari", "公元", "西元", "于", "於", "公曆", "เวลา", "น", "ที่", "วันที่",
    ]
}
