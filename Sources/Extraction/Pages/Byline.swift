import News

/// Authors as people's names, from the many ways in which they are written: "By Jane Doe and John Roe, staff writers",
/// "Von: Jane Doe (dpa)", "Jane Doe | Example News", "jane.doe@example.org".
///
/// Short texts only; what is longer than `maxBytes` is a sentence about somebody and gives nothing.
enum Byline {
    static let maxBytes = 400
    private static let maxNames = 40

    /// - Returns: the names in order, each once.
    static func names(in text: String) -> [String] {
        guard text.utf8.count <= maxBytes, !isAddress(text) else { return [] }
        var words = tokens(of: text)
        dropOpening(&words)
        var out: [String] = []
        for piece in pieces(of: words).prefix(maxNames) {
            guard let name = name(from: piece), !out.contains(where: { isSame($0, name) }) else { continue }
            out.append(name)
        }
        return out
    }

    /// Whether the text names somebody by more than one word, each of them like a part of a name.
    static func isFullName(_ text: String) -> Bool { isFullName(text.split(separator: " ").map(String.init)[...]) }

    /// Whether two names differ by nothing but case and signs.
    static func isSame(_ left: String, _ right: String) -> Bool { key(left) == key(right) }

    static func key(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.filter { $0.properties.isAlphabetic || isDigit($0) }))
            .lowercased()
    }

    // MARK: Words

    /// Words, with signs that separate standing alone. What stands in brackets is left out, and so are addresses.
    private static func tokens(of text: String) -> [String] {
        var out: [String] = []
        var depth = 0
        for word in spaced(text).split(separator: " ") {
            if word == "(" || word == "[" { depth += 1 }
            if depth == 0, !word.contains("@"), !isAddress(String(word)) { out.append(String(word)) }
            if word == ")" || word == "]" { depth = max(0, depth - 1) }
        }
        return out
    }

    /// With blanks around the signs that separate names.
    private static func spaced(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in TextSpace.collapsed(text).unicodeScalars {
            switch scalar {
            case ",", ";", "|", "/", "·", "•", "&", "+", ":", "(", ")", "[", "]", "、", "，", "；", "：", "／", "・", "—",
                "–", "\"",
                "“", "”", "（", "）", "＝", "،", "»", "›", "\u{2003}":
                out.append(" ")
                out.append(plain(scalar))
                out.append(" ")
            case "\u{200B}", "\u{200C}", "\u{200E}", "\u{200F}", "\u{AD}", "\u{FEFF}": continue
            default: out.append(scalar)
            }
        }
        return String(out)
    }

    private static func plain(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar {
        case "，", "、", "،": ","
        case "；": ";"
        case "：": ":"
        case "／": "/"
        case "（": "("
        case "）": ")"
        default: scalar
        }
    }

    private static func isSign(_ word: String) -> Bool {
        guard let first = word.unicodeScalars.first, word.unicodeScalars.count == 1 else { return false }
        return !first.properties.isAlphabetic && !isDigit(first)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isAddress(_ text: String) -> Bool {
        text.contains("://") || text.hasPrefix("www.") || text.hasPrefix("/") && text.utf8.count > 1
            || text.contains(".com/") || text.contains(".org/")
    }

    /// Takes away "By", "Von", "Text:", "Ein Kommentar von", "Written by".
    private static func dropOpening(_ words: inout [String]) {
        var index = 0
        while index < min(words.count, 6) {
            let word = words[index].lowercased()
            if isSign(words[index]) || (BylineWords.openers.contains(word) && opens(words, index)) {
                index += 1
            } else {
                break
            }
        }
        words.removeFirst(index)
    }

    /// Whether an opener at that place is one. "De Bruin" is a name: small words need a small letter, a colon behind them,
    /// or a further link; and a name must be left.
    private static func opens(_ words: [String], _ index: Int) -> Bool {
        let word = words[index]
        let rest = words[(index + 1)...]
        guard let next = rest.first else { return false }
        if next == ":" { return true }
        if BylineWords.links.contains(word.lowercased()) {
            if isSign(next) { return true }
            let isParticle = BylineWords.particles.contains(word.lowercased())
            guard isParticle, index == 0 else { return !isParticle || word.first?.isLowercase == true }
            // "Von Jane Doe", but not "Di Maria" or "Van Dyke".
            return rest.prefix(while: { !isSign($0) }).count >= 2
        }
        // Others open only in company: "Ein Kommentar von …", "Posted by …".
        return rest.prefix(4).contains { BylineWords.links.contains($0.lowercased()) && $0.first?.isLowercase == true }
    }

    // MARK: Pieces

    /// The runs of words that stand for one author each.
    private static func pieces(of words: [String]) -> [ArraySlice<String>] {
        var out: [ArraySlice<String>] = []
        for list in words.split(
            omittingEmptySubsequences: true, whereSeparator: { isSign($0) && $0 != "," && $0 != "&" && $0 != "+" })
        {
            out.append(contentsOf: commaPieces(list).flatMap { joinedPieces($0) })
        }
        return out
    }

    private static func commaPieces(_ words: ArraySlice<String>) -> [ArraySlice<String>] {
        let parts = words.split(separator: ",")
        // "Doe, Jane" is one name.
        if parts.count == 2, parts.allSatisfy({ $0.count == 1 }),
            !parts.contains(where: { BylineWords.agencies.contains($0[$0.startIndex].lowercased()) })
        {
            return [words]
        }
        return parts
    }

    /// Splits "Jane Doe and John Roe", but not "Linny and Peter" or "Ortega y Gasset".
    private static func joinedPieces(_ words: ArraySlice<String>) -> [ArraySlice<String>] {
        var out: [ArraySlice<String>] = []
        var start = words.startIndex
        for index in words.indices where BylineWords.joiners.contains(words[index].lowercased()) {
            let before = words[start..<index]
            let after = words[(index + 1)...].prefix { !BylineWords.joiners.contains($0.lowercased()) }
            let isCommaJoin = before.isEmpty
            guard isCommaJoin || (isFullName(before) && (isFullName(after) || isAgency(after))) else { continue }
            if !before.isEmpty { out.append(before) }
            start = index + 1
        }
        out.append(words[start...])
        return out
    }

    private static func isAgency(_ words: ArraySlice<String>) -> Bool {
        BylineWords.agencies.contains(words.joined(separator: " ").lowercased())
    }

    private static func isFullName(_ words: ArraySlice<String>) -> Bool {
        guard (2...6).contains(words.count), let first = words.first,
            isNamePart(first) || BylineWords.leadingParticles.contains(first)
        else { return false }
        return words.allSatisfy { isNamePart($0) || BylineWords.particles.contains($0) }
            && !words.allSatisfy { BylineWords.roles.contains($0.lowercased()) }
    }

    /// Begins with a capital, or is of a script without capitals.
    private static func isNamePart(_ word: String) -> Bool {
        guard let first = word.unicodeScalars.first else { return false }
        let scalar =
            (first == "'" || first == "’" || first == "d") ? word.unicodeScalars.dropFirst().first ?? first : first
        return scalar.properties.isAlphabetic && !(scalar.properties.isLowercase && first.properties.isLowercase)
            || first.properties.isUppercase
    }

    // MARK: Names

    /// One author, or nil if the piece is a role, a degree, a date, an account.
    private static func name(from piece: ArraySlice<String>) -> String? {
        var words = piece[...]
        if let first = words.first, BylineWords.pictures.contains(first.lowercased()) { return nil }
        while let first = words.first, isSign(first) || isCutOpening(first, words) { words = words.dropFirst() }
        // A date or a number of minutes begins behind the name.
        if let digit = words.firstIndex(where: { $0.unicodeScalars.contains(where: isDigit) }) {
            guard digit > words.startIndex || words.count == 1 && words[digit].first?.isNumber == false else {
                return nil
            }
            if digit > words.startIndex { words = words[..<digit] }
            while let last = words.last, isOfDate(last) { words = words.dropLast() }
        }
        words = withoutRole(words)
        if words.count == 1, let only = words.first, let rest = withoutGluedRole(only) { words = [rest] }
        while let last = words.last, isSign(last) { words = words.dropLast() }
        let name = words.joined(separator: " ").replacing(" , ", with: ", ")
        let lower = name.lowercased()
        guard !name.isEmpty, name.utf8.count <= 120, !BylineWords.placeholders.contains(lower),
            !BylineWords.degrees.contains(lower), name.unicodeScalars.contains(where: { $0.properties.isAlphabetic }),
            !isDescription(words), !isTitle(words), !words.allSatisfy({ BylineWords.roles.contains($0.lowercased()) })
        else { return nil }
        return name
    }

    /// Whether the text is of a script that has capitals, so that a name can be told from a phrase.
    static func hasCapitals(_ name: String) -> Bool {
        name.unicodeScalars.contains { $0.properties.isUppercase }
    }

    /// Chinese and Japanese put no blank between the role and the name: "記者林某".
    private static func withoutGluedRole(_ word: String) -> String? {
        for role in ["記者", "记者", "撰文", "編輯", "编辑", "作者"] where word.unicodeScalars.count >= 4 {
            if word.hasPrefix(role) { return String(word.dropFirst(role.count)) }
            if word.hasSuffix(role) { return String(word.dropLast(role.count)) }
        }
        return nil
    }

    /// A month, a weekday, "updated", "on": what stands between a name and a date's number.
    private static func isOfDate(_ word: String) -> Bool {
        let lower = word.lowercased()
        return MonthNames.month(lower) != nil || WeekdayNames.weekday(lower) != nil || isSign(word)
            || [
                "on", "am", "le", "el", "il", "den", "um", "at", "à", "updated", "published", "posted", "aktualisiert",
                "last",
            ].contains(lower)
    }

    private static func isCutOpening(_ word: String, _ words: ArraySlice<String>) -> Bool {
        guard words.count >= 3 else { return false }
        if word.first?.isLowercase == true { return BylineWords.links.contains(word) }
        let lower = word.lowercased()
        return BylineWords.links.contains(lower) && !BylineWords.particles.contains(lower)
    }

    /// Cuts what stands behind a full name: "… Reporter in Berlin", "… for Example News", "… in Kyiv".
    private static func withoutRole(_ words: ArraySlice<String>) -> ArraySlice<String> {
        guard words.count >= 3 else { return words }
        for index in words.indices.dropFirst(2)
        where !BylineWords.particles.contains(words[index]) || tails.contains(words[index]) {
            let word = words[index].lowercased()
            let isTail = tails.contains(words[index]) || word == "-"
            guard isTail || (BylineWords.roles.contains(word)) else { continue }
            let before = words[..<index]
            if isFullName(before) { return before }
        }
        return words
    }

    private static let tails: Set<String> = [
        "in", "for", "für", "aus", "is", "ist", "at", "from", "i", "em", "à", "à", "for", "-",
    ]

    /// "Content Marketing Coordinator": ends with what somebody is.
    private static func isTitle(_ words: ArraySlice<String>) -> Bool {
        guard words.count >= 2, let last = words.last, isNamePart(last) else { return false }
        // "Example Staff", "Rankings Team" sign as a whole.
        if ["staff", "team", "desk", "newsdesk", "editorial"].contains(last.lowercased()) { return false }
        return BylineWords.roles.contains(last.lowercased())
    }

    /// "professor of history at the University": more small words than a name has.
    private static func isDescription(_ words: ArraySlice<String>) -> Bool {
        guard words.count >= 4 else { return false }
        let small = words.count { !isNamePart($0) && !BylineWords.particles.contains($0) }
        return small >= 2
    }
}
