import News

/// Language tags as pages write them, reduced to what articles keep: "de", "pt-BR", "zh-Hant".
enum LanguageTag {
    /// - Returns: language, then script or region if the tag has them; nil for what is no tag.
    static func normalised(_ text: String) -> String? {
        guard text.utf8.count <= 64 else { return nil }
        let first =
            TextSpace.trimmed(text).split(whereSeparator: { $0 == "," || $0 == ";" || $0 == " " || $0 == "." }).first
            ?? ""
        let parts = first.split(whereSeparator: { $0 == "-" || $0 == "_" }).map { Array($0.utf8) }
        guard let language = parts.first else { return nil }
        var tag = ""
        if (2...3).contains(language.count), language.allSatisfy(ASCII.isLetter) {
            tag = String(decoding: language.map(ASCII.lowercased), as: UTF8.self)
        } else if let known = names[String(decoding: language.map(ASCII.lowercased), as: UTF8.self)] {
            tag = known
        } else {
            return nil
        }
        guard tag != "und", tag != "mul", tag != "zxx", tag != "xx" else { return nil }
        tag = old[tag] ?? tag
        for part in parts.dropFirst().prefix(2) where part.allSatisfy(ASCII.isLetter) {
            if part.count == 2 {
                tag += "-" + String(decoding: part.map { ASCII.isLetter($0) ? $0 & 0xDF : $0 }, as: UTF8.self)
            } else if part.count == 4 {
                let lower = part.map(ASCII.lowercased)
                tag += "-" + String(decoding: [lower[0] & 0xDF] + lower.dropFirst(), as: UTF8.self)
            }
        }
        return tag
    }

    /// The language alone.
    static func language(of tag: String) -> String { String(tag.prefix { $0 != "-" }) }

    private static let names: [String: String] = [
        "english": "en", "german": "de", "deutsch": "de", "french": "fr", "francais": "fr", "spanish": "es",
        "espanol": "es",
        "italian": "it", "italiano": "it", "portuguese": "pt", "dutch": "nl", "nederlands": "nl", "russian": "ru",
        "polish": "pl", "swedish": "sv", "danish": "da", "norwegian": "no", "finnish": "fi", "czech": "cs",
        "turkish": "tr",
        "arabic": "ar", "persian": "fa", "hindi": "hi", "japanese": "ja", "korean": "ko", "chinese": "zh",
        "indonesian": "id", "vietnamese": "vi", "thai": "th", "greek": "el", "hebrew": "he", "hungarian": "hu",
        "romanian": "ro", "ukrainian": "uk", "bulgarian": "bg",
    ]

    /// Codes that were withdrawn, and one by which pages mean another. (A country's code for its language is left alone.)
    private static let old: [String: String] = [
        "iw": "he", "in": "id", "ji": "yi", "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr",
        "spa": "es",
        "ita": "it", "por": "pt", "rus": "ru", "jpn": "ja", "zho": "zh", "chi": "zh", "cn": "zh", "jp": "ja",
        "cz": "cs",
        "gr": "el", "ua": "uk", "nb": "no", "nob": "no", "nor": "no",
    ]
}
