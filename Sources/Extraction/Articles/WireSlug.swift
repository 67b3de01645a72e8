/// What wire agencies put before a headline to say which version of a story this is: "(LEAD)", "(2nd LD)", "UPDATE 1-",
/// "CORRECTED-". It is no part of the headline.
enum WireSlug {
    /// - Returns: the slugs without their punctuation, and the headline without them (nil if nothing is left).
    static func split(_ title: String) -> (slugs: [String], headline: String?) {
        var rest = Substring(title)
        var slugs: [String] = []
        while slugs.count < 4, let (slug, remainder) = parenthesised(rest) ?? dashed(rest) {
            slugs.append(slug)
            rest = remainder
        }
        return (slugs, rest.isEmpty ? nil : String(rest))
    }

    /// "(LEAD) …", "(2nd LD) …", "[URGENT] …".
    private static func parenthesised(_ text: Substring) -> (String, Substring)? {
        let closing: Character
        switch text.first {
        case "(": closing = ")"
        case "[": closing = "]"
        default: return nil
        }
        guard let end = text.prefix(maxLength).firstIndex(of: closing) else { return nil }
        let inner = text[text.index(after: text.startIndex)..<end]
        guard isSlug(inner) else { return nil }
        return (String(inner), trimmedStart(text[text.index(after: end)...]))
    }

    /// "UPDATE 1-…", "WRAPUP 3 - …", "CORRECTED: …". In capitals only, and only before a dash or colon.
    private static func dashed(_ text: Substring) -> (String, Substring)? {
        guard let end = text.prefix(maxLength).firstIndex(where: { $0 == "-" || $0 == ":" || $0 == "–" || $0 == "—" })
        else { return nil }
        let inner = text[..<end].trimmingSuffixBlanks()
        guard inner == inner.uppercased(), isSlug(inner) else { return nil }
        return (String(inner), trimmedStart(text[text.index(after: end)...]))
    }

    private static func isSlug(_ text: Substring) -> Bool {
        var words = text.split(separator: " ")
        guard (1...3).contains(words.count) else { return false }
        // A number beside the word: "2nd LD", "UPDATE 1", "LEAD 2".
        if let index = words.firstIndex(where: isCounter), words.count > 1 { words.remove(at: index) }
        return words.allSatisfy { slugWords.contains($0.uppercased()) }
    }

    private static func isCounter(_ word: Substring) -> Bool {
        let digits = word.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.count <= 2 else { return false }
        return ["", "st", "nd", "rd", "th"].contains(word.dropFirst(digits.count).lowercased())
    }

    private static func trimmedStart(_ text: Substring) -> Substring { text.drop { $0 == " " || $0 == "\u{A0}" } }

    /// Longest slug, punctuation included, that is looked for.
    private static let maxLength = 24

    private static let slugWords: Set<String> = [
        "LEAD", "LD", "LEADALL", "URGENT", "UPDATE", "UPDATED", "WRAPUP", "CORRECTED", "CORRECTION", "REFILE", "RECAST",
        "ROUNDUP", "FLASH", "BULLETIN", "ALERT", "NEWSALERT", "SNAP", "WRITETHRU", "EXCLUSIVE", "BREAKING", "REPEAT",
        "RPT",
        "ADVISORY", "KILL", "RETRACTED", "RETRACTION", "WITHDRAWN",
    ]
}

extension Substring {
    fileprivate func trimmingSuffixBlanks() -> Substring {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
