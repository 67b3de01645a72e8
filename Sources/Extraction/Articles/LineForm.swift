import News

/// Forms of lines around an article's text, as stripped pages have them.
enum LineForm {
    /// Leftovers of navigation, sharing and feedback; also lines without a letter or digit.
    static func isChrome(_ line: String) -> Bool {
        guard line.unicodeScalars.contains(where: { $0.properties.isAlphabetic || $0.properties.numericType != nil })
        else { return true }
        guard line.utf8.count <= 80 else { return false }
        let lower = line.lowercased()
        return chromeLines.contains(lower.trimmingPunctuation()) || chromeStarts.contains { lower.hasPrefix($0) }
    }

    /// Whether teasers of other articles follow, to the end.
    static func beginsTeasers(_ line: String) -> Bool {
        guard line.utf8.count <= 80 else { return false }
        let lower = line.lowercased()
        return teaserStarts.contains { lower.hasPrefix($0) } && !lower.hasSuffix(".")
    }

    /// "(ATTN: ADDS quotes)", "Eds: …", "EDITOR'S NOTE: …": the text without its mark.
    static func editorsNote(_ line: String) -> String? {
        var inner = Substring(line)
        let isEnclosed = line.hasPrefix("(") && line.hasSuffix(")") || line.hasPrefix("[") && line.hasSuffix("]")
        if isEnclosed { inner = inner.dropFirst().dropLast() }
        let lower = inner.lowercased()
        for mark in [
            "attn:", "eds:", "eds.:", "editors:", "editor's note:", "editors' note:", "ed.'s note:", "note to editors:",
        ]
        where lower.hasPrefix(mark) {
            return TextSpace.trimmed(String(inner.dropFirst(mark.count)))
        }
        let change = [
            "adds ", "updates ", "recasts ", "corrects ", "edits ", "removes ", "changes ", "restores ", "trims ",
        ]
        return isEnclosed && change.contains { lower.hasPrefix($0) } ? String(inner) : nil
    }

    /// "By Yi Whan-woo": the name.
    static func byline(_ line: String) -> String? {
        guard line.lowercased().hasPrefix("by "), line.utf8.count <= 100 else { return nil }
        let name = TextSpace.trimmed(String(line.dropFirst(3)))
        return isName(name) && !name.hasSuffix(".") ? name : nil
    }

    /// At most eight words, the first with a capital letter (or of a script that has none), no sentence.
    static func isName(_ text: String) -> Bool {
        let words = text.split(separator: " ")
        guard (1...8).contains(words.count), let first = text.first, first.isLetter, !first.isLowercase else {
            return false
        }
        return !text.contains { "!?:;\"“”()".contains($0) || $0.isNumber }
    }

    /// "All News 18:14 January 21, 2016", "Published: Jan. 20, 2016": the time, and the words before it that are no label.
    static func date(_ line: String) -> (PublishedTime, before: String)? {
        guard line.utf8.count <= 100, line.utf8.contains(where: ASCII.isDigit) else { return nil }
        let words = line.split(separator: " ")
        guard words.count <= 14 else { return nil }
        for start in 0...min(4, words.count - 1) {
            let text = words[start...].joined(separator: " ")
            guard let time = DateText.parse(text, from: "text", form: .prose),
                time.precision.rawValue >= PublishedTime.Precision.day.rawValue
            else { continue }
            let before = withoutDateLabel(words[..<start].joined(separator: " "))
            return before.contains(where: { $0.isNumber }) ? nil : (time, before)
        }
        return nil
    }

    /// Without "Published:", "Updated on" … in front.
    static func withoutDateLabel(_ text: String) -> String {
        let lower = text.lowercased()
        for label in [
            "published", "posted", "updated", "last updated", "last modified", "modified", "date", "filed", "issued",
            "released",
        ]
        where lower.hasPrefix(label) {
            var rest = text.dropFirst(label.count)
            guard rest.first.map({ !$0.isLetter }) ?? true else { continue }
            while let first = rest.first, " :-".contains(first) { rest.removeFirst() }
            for word in ["on ", "at "] where rest.lowercased().hasPrefix(word) { rest = rest.dropFirst(word.count) }
            return String(rest)
        }
        return text
    }

    /// A picture's text: it ends in its credit ("… / Agency |", "… Photo: AP", "… (AP Photo/Name)").
    static func caption(_ line: String) -> (text: String, credit: String)? {
        guard line.utf8.count <= 1200 else { return nil }
        var text = line
        while text.hasSuffix("|") { text = TextSpace.trimmed(String(text.dropLast())) }
        let hadBar = text != line
        for mark in [" Photo: ", " Photo by ", " PHOTO: ", " Image: ", " Credit: ", " Photograph: "] {
            guard let place = text.lastPlace(of: mark) else { continue }
            let credit = String(text[place.upperBound...])
            if credit.utf8.count <= 60, isName(credit) { return (String(text[..<place.lowerBound]), credit) }
        }
        if text.hasSuffix(")"), let open = text.lastIndex(of: "("), text[open...].contains("Photo") {
            let credit = text[text.index(after: open)...].dropLast()
            return (TextSpace.trimmed(String(text[..<open])), String(credit))
        }
        if let slash = text.lastPlace(of: " / "), slash.lowerBound != text.startIndex {
            let credit = String(text[slash.upperBound...])
            if credit.utf8.count <= 40, isName(credit), hadBar || text[..<slash.lowerBound].last == "." {
                return (String(text[..<slash.lowerBound]), credit)
            }
        }
        return nil
    }

    /// A short line of pieces between bars.
    static func pieces(_ line: String) -> [String]? {
        guard line.utf8.count <= 160, line.contains("|") else { return nil }
        let pieces = line.split(separator: "|").map { TextSpace.trimmed(String($0)) }.filter { !$0.isEmpty }
        return pieces.count >= 2 && pieces.allSatisfy { $0.utf8.count <= 60 } ? pieces : nil
    }

    /// Running text: long, or of several sentences, or one that ends as a sentence does and is not short.
    static func isProse(_ line: String) -> Bool {
        let count = line.unicodeScalars.count
        if count > 180 { return true }
        let ending = line.unicodeScalars.last { !"\"'”’」』)".unicodeScalars.contains($0) }
        if let ending, ".!?。！？؟।".unicodeScalars.contains(ending) {
            return count > 90 || ending == "。" || line.contains(". ")
        }
        return false
    }

    private static let chromeLines: Set<String> = [
        "send feedback", "how can we improve", "thanks for your feedback", "share", "tweet", "print", "email", "e-mail",
        "home",
        "advertisement", "ad", "sponsored", "comments", "leave a comment", "menu", "search", "sign in", "log in",
        "subscribe",
        "share this article", "share this story", "copy link", "copied", "facebook", "twitter", "linkedin", "whatsapp",
        "listen to article", "save", "read later", "font size", "text size", "all rights reserved", "end", "close",
    ]

    private static let chromeStarts = [
        "go to contents", "go to navigation", "skip to ", "jump to ", "click here to ", "sign up for ", "subscribe to ",
        "follow us ",
        "share on ", "back to top", "copyright ©", "copyright (c)", "©", "(c) copyright",
    ]

    private static let teaserStarts = [
        "articles by ", "more articles by", "more from ", "more by ", "related articles", "related stories",
        "related news",
        "related content", "related topics", "recommended stories", "recommended for you", "most read", "most popular",
        "read more:", "also read", "you may also like", "you might also like", "more stories", "more news",
        "top stories",
        "latest news", "trending now",
    ]
}

/// Where, when and by whom a report was filed, in front of its first sentence.
struct Dateline {
    /// As it stands, with its dash or colon.
    let text: String
    let place: String
    let agency: String?
    /// The paragraph without it.
    let rest: String

    /// Longest dateline that is looked for.
    private static let maxLength = 90

    /// "BEIJING, Jan. 21 (Yonhap) -- …", "SEOUL, South Korea (AP) — …", "SEOUL: …", "LONDON (Reuters) - …".
    init?(_ paragraph: String) {
        let head = paragraph.prefix(Self.maxLength)
        guard let mark = Self.mark(in: head) else { return nil }
        var front = TextSpace.trimmed(String(head[..<mark.lowerBound]))
        var agency: String?
        if front.hasSuffix(")"), let open = front.lastIndex(of: "(") {
            let name = front[front.index(after: open)...].dropLast()
            guard !name.isEmpty, name.utf8.count <= 40 else { return nil }
            agency = String(name)
            front = TextSpace.trimmed(String(front[..<open]))
        }
        // The town is in capitals; a region or date may follow it.
        var parts = front.split(separator: ",").map { TextSpace.trimmed(String($0)) }
        guard let town = parts.first, Self.isTown(town) else { return nil }
        if let last = parts.last, parts.count > 1, Self.isDay(last) { parts.removeLast() }
        guard parts.count <= 3, parts.allSatisfy({ LineForm.isName($0) }) else { return nil }
        let rest = TextSpace.trimmed(String(paragraph[mark.upperBound...]))
        guard !rest.isEmpty else { return nil }
        // A colon is common in headlines too ("WATCH: …"): then only before running text.
        if head[mark] == ":" { guard LineForm.isProse(rest), agency == nil else { return nil } }
        text = TextSpace.trimmed(String(paragraph[..<mark.upperBound]))
        place = parts.joined(separator: ", ")
        self.agency = agency
        self.rest = rest
    }

    private static func mark(in head: Substring) -> Range<String.Index>? {
        for mark in [" -- ", " — ", " – ", ") - ", ": "] {
            guard let range = head.firstPlace(of: mark) else { continue }
            if mark == ") - " { return head.index(after: range.lowerBound)..<range.upperBound }
            if mark == ": " { return range.lowerBound..<head.index(before: range.upperBound) }
            return range
        }
        return nil
    }

    private static func isTown(_ text: String) -> Bool {
        let letters = text.unicodeScalars.filter { $0.properties.isAlphabetic }
        guard letters.count >= 3 || (letters.count == 2 && text.contains(".")) else { return false }
        return letters.allSatisfy { !$0.properties.isLowercase } && text.split(separator: " ").count <= 4
            && letters.contains { $0.properties.isUppercase }
    }

    /// "Jan. 21", "21 January", "March 3 2016".
    private static func isDay(_ text: String) -> Bool {
        text.contains(where: \.isNumber)
            && (DateText.parse(text + " 2000", from: "", form: .prose) != nil
                || DateText.parse(text, from: "", form: .prose) != nil)
    }
}

extension StringProtocol {
    /// Where `wanted` stands first.
    fileprivate func firstPlace(of wanted: String) -> Range<String.Index>? {
        var place = startIndex
        while place < endIndex {
            if let end = index(place, offsetBy: wanted.count, limitedBy: endIndex), self[place..<end] == wanted {
                return place..<end
            }
            place = index(after: place)
        }
        return nil
    }

    /// Where `wanted` stands last.
    fileprivate func lastPlace(of wanted: String) -> Range<String.Index>? {
        var place = endIndex
        while place > startIndex {
            place = index(before: place)
            if let end = index(place, offsetBy: wanted.count, limitedBy: endIndex), self[place..<end] == wanted {
                return place..<end
            }
        }
        return nil
    }
}

extension String {
    fileprivate func trimmingPunctuation() -> String {
        var text = Substring(self)
        while let last = text.last, "?!.:…»>".contains(last) { text.removeLast() }
        while let first = text.first, "<«(".contains(first) { text.removeFirst() }
        while let last = text.last, last == ")" { text.removeLast() }
        return TextSpace.trimmed(String(text))
    }
}
