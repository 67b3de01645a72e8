/// Words of dates in the languages feeds have been seen to use. All lower case; matched whole, or by the prefixes given.
enum DateNames {
    /// 1…12, or nil.
    static func month(_ word: String) -> Int? {
        guard word.unicodeScalars.count >= 3 else { return nil }
        for (prefix, number) in months where word.hasPrefix(prefix) {
            // A prefix must not make a month of any word: "marched", "decided".
            return word.unicodeScalars.count <= longestMonth ? number : nil
        }
        return nil
    }

    static func isWeekday(_ word: String) -> Bool { weekdays.contains(word) }

    /// Words that stand in dates and say nothing.
    static func isFiller(_ word: String) -> Bool { fillers.contains(word) }

    /// Minutes east of UTC. Names that several zones share mean the one RFC 822 gives them, else the most common in news.
    static func zone(_ word: String) -> Int? { zones[word] }

    private static let longestMonth = 11

    // Longer prefixes stand before those they begin with.
    private static let months: [(String, Int)] = [
        ("janv", 1), ("janu", 1), ("jan", 1), ("jän", 1), ("ene", 1), ("gen", 1), ("ιαν", 1),
        ("feb", 2), ("fév", 2), ("fev", 2), ("φεβ", 2),
        ("mar", 3), ("mär", 3), ("maart", 3), ("márc", 3), ("μάρ", 3), ("μαρ", 3), ("mrt", 3), ("mrz", 3),
        ("apr", 4), ("avr", 4), ("abr", 4), ("ápr", 4), ("απρ", 4),
        ("may", 5), ("mai", 5), ("mag", 5), ("mei", 5), ("máj", 5), ("maj", 5), ("μάι", 5), ("μαϊ", 5), ("μαι", 5),
        ("juin", 6), ("jun", 6), ("giu", 6), ("jún", 6), ("ιούν", 6), ("ιουν", 6),
        ("juil", 7), ("jul", 7), ("lug", 7), ("júl", 7), ("ιούλ", 7), ("ιουλ", 7),
        ("aug", 8), ("aoû", 8), ("aou", 8), ("ago", 8), ("αύγ", 8), ("αυγ", 8),
        ("sep", 9), ("set", 9), ("szept", 9), ("σεπ", 9),
        ("oct", 10), ("okt", 10), ("ott", 10), ("out", 10), ("οκτ", 10),
        ("nov", 11), ("νοέ", 11), ("νοε", 11),
        ("dec", 12), ("déc", 12), ("dez", 12), ("dic", 12), ("δεκ", 12),
    ]

    private static let weekdays: Set<String> = [
        "mon", "monday", "tue", "tues", "tuesday", "wed", "weds", "wednesday", "thu", "thur", "thurs", "thursday",
        "fri",
        "friday", "sat", "saturday", "sun", "sunday",
        "lun", "lundi", "mardi", "mer", "mercredi", "jeu", "jeudi", "ven", "vendredi", "sam", "samedi", "dim",
        "dimanche",
        "mo", "montag", "di", "die", "dienstag", "mi", "mit", "mittwoch", "do", "don", "donnerstag", "fr", "fre",
        "freitag",
        "sa", "samstag", "sonnabend", "so", "son", "sonntag",
        "lunes", "martes", "mié", "mie", "miércoles", "jue", "jueves", "vie", "viernes", "sáb", "sab", "sábado",
        "domingo",
        "dom", "seg", "segunda", "ter", "terça", "qua", "quarta", "qui", "quinta", "sex", "sexta", "feira",
        "lunedì", "martedì", "mercoledì", "gio", "giovedì", "venerdì", "sabato", "domenica",
        "κυρ", "δευ", "τρι", "τετ", "πεμ", "παρ", "σαβ", "σάβ",
    ]

    private static let fillers: Set<String> = [
        "at", "on", "of", "the", "de", "del", "le", "um", "uhr", "à", "das", "às", "st", "nd", "rd", "th", "er", "t",
        "about", "around", "local", "time",
    ]

    private static let zones: [String: Int] = [
        "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "bst": 60, "ist": 330, "cet": 60, "cest": 120,
        "met": 60,
        "mest": 120, "mez": 60, "mesz": 120, "eet": 120, "eest": 180, "sast": 120, "cat": 120, "eat": 180, "wat": 60,
        "msk": 180, "msd": 240, "pkt": 300, "npt": 345, "wib": 420, "ict": 420, "hkt": 480, "sgt": 480, "awst": 480,
        "pht": 480, "jst": 540, "kst": 540, "acst": 570, "acdt": 630, "aest": 600, "aedt": 660, "nzst": 720,
        "nzdt": 780,
        "est": -300, "edt": -240, "et": -300, "cst": -360, "cdt": -300, "ct": -360, "mst": -420, "mdt": -360,
        "mt": -420,
        "pst": -480, "pdt": -420, "pt": -480, "ast": -240, "adt": -180, "at": -240, "akst": -540, "akdt": -480,
        "hst": -600, "nst": -210, "ndt": -150, "brt": -180, "art": -180, "clt": -240,
    ]
}
