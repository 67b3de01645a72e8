/// Names of time zones as dates carry them.
enum ZoneNames {
    /// Minutes east of UTC. Names that several zones share mean the one RFC 822 gives them, else the most common in news.
    static func offset(_ word: String) -> Int? { offsets[word] }

    /// Time of a part of North America without saying which half of the year: standard offset.
    static func american(_ word: String) -> Int? {
        switch word {
        case "et": -300
        case "ct": -360
        case "mt": -420
        case "pt": -480
        default: nil
        }
    }

    private static let offsets: [String: Int] = [
        "z": 0, "ut": 0, "tu": 0, "غرينتش": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "bst": 60, "ist": 330,
        "cet": 60, "cest": 120,
        "met": 60, "mest": 120, "mez": 60, "mesz": 120, "eet": 120, "eest": 180, "sast": 120, "cat": 120, "eat": 180,
        "wat": 60, "msk": 180, "мск": 180, "msd": 240, "trt": 180, "gst": 240, "pkt": 300, "npt": 345, "bdt": 360,
        "wib": 420, "wita": 480, "wit": 540, "ict": 420, "hkt": 480, "sgt": 480, "awst": 480, "pht": 480, "jst": 540,
        "kst": 540, "acst": 570, "acdt": 630, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780, "est": -300,
        "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "ast": -240,
        "adt": -180, "at": -240, "akst": -540, "akdt": -480, "hst": -600, "nst": -210, "ndt": -150, "brt": -180,
        "art": -180, "clt": -240, "uyt": -180, "pet": -300, "cot": -300,
    ]
}
