import News

/// The headline of a page's article, chosen among what the page calls it in different places.
///
/// Each place has a weight, and equal texts (but for case and signs) add up. Before that the site's name and sections are
/// cut off at separators, told by the site's own name, its host, and by the other places: what a heading or the data say
/// as a whole is the headline also where it stands between separators.
struct MetadataTitle {
    var data: String?
    var openGraph: String?
    var card: String?
    var document: String?
    /// Texts of the page's first-level headings.
    var headings: [String]
    /// Of the levels below: they do not speak for themselves, but tell where another text is to be cut.
    var lesserHeadings: [String] = []
    var siteName: String?
    /// Of the page's address.
    var host: String
    /// Whether the page calls itself an article. Then what it tells others is its headline by intent, while its own
    /// heading is at times one for search engines; elsewhere the heading on the page is the better word.
    var isArticle: Bool

    func choose() -> String? {
        let known = knownHeadlines()
        var votes = Votes()
        let weights: [(String?, Int)] = [
            (openGraph, isArticle ? 24 : 11), (data, 10), (card, 3), (document, 2),
        ]
        for (text, weight) in weights {
            guard let text, let clean = MetadataFields.filled(cleaned(text, known: known)) else { continue }
            votes.add(clean, isSite(clean) ? 1 : weight)
        }
        addHeading(to: &votes)
        return votes.best
    }

    private func addHeading(to votes: inout Votes) {
        if let agreed = headings.first(where: { votes.has($0) }) {
            votes.add(agreed, 11)
        } else if let first = headings.first(where: { !$0.isEmpty }) {
            votes.add(first, isSite(first) ? 1 : headings.count == 1 ? 11 : 6)
        }
    }

    // MARK: Votes

    private struct Votes {
        private var entries: [(key: String, text: String, weight: Int)] = []

        func has(_ text: String) -> Bool {
            let key = MetadataTitle.key(text)
            return entries.contains { $0.key == key }
        }

        mutating func add(_ text: String, _ weight: Int) {
            let key = MetadataTitle.key(text)
            guard !key.isEmpty else { return }
            if let index = entries.firstIndex(where: { $0.key == key }) {
                entries[index].weight += weight
            } else {
                entries.append((key, text, weight))
            }
        }

        /// The heaviest; of equal ones the first.
        var best: String? {
            var best: (key: String, text: String, weight: Int)?
            for entry in entries where entry.weight > (best?.weight ?? 0) { best = entry }
            return best?.text
        }
    }

    /// Letters and digits in small letters.
    static func key(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.lazy.filter {
                    $0.properties.isAlphabetic || $0.properties.numericType != nil
                        || $0.properties.generalCategory == .nonspacingMark
                })
        ).lowercased()
    }

    // MARK: Cleaning

    /// What stands alone somewhere, and is long enough to be no section's name.
    private func knownHeadlines() -> Set<String> {
        var known: Set<String> = []
        for text in headings + [data].compactMap(\.self) where text.utf8.count > 12 && !isSite(text) {
            known.insert(Self.key(text))
        }
        for text in lesserHeadings where text.utf8.count > 20 && text.contains(" ") && !isSite(text) {
            known.insert(Self.key(text))
        }
        // With the site's name behind it the data's headline is no measure.
        if let data, cleaned(data, known: []) != TextSpace.collapsed(data) { known.remove(Self.key(data)) }
        return known
    }

    private func cleaned(_ text: String, known: Set<String>) -> String {
        let text = TextSpace.collapsed(text)
        guard text.utf8.count <= 1_000, !known.contains(Self.key(text)) else { return text }
        var parts = Self.parts(of: text)
        guard parts.count > 1 else { return text }
        if let run = knownRun(parts, text, known: known) { return run }
        while parts.count > 1, let last = parts.last, isSite(String(text[last])) { parts.removeLast() }
        while parts.count > 1, let first = parts.first, isSite(String(text[first])),
            text[first.upperBound...].first != ":" || isSiteName(String(text[first]))
        {
            parts.removeFirst()
        }
        guard let first = parts.first, let last = parts.last else { return text }
        return TextSpace.trimmed(String(text[first.lowerBound..<last.upperBound]))
    }

    /// The longest run of parts that is a headline known from elsewhere.
    private func knownRun(_ parts: [Range<String.Index>], _ text: String, known: Set<String>) -> String? {
        guard parts.count <= 12, !known.isEmpty else { return nil }
        for length in stride(from: parts.count - 1, through: 1, by: -1) {
            for start in 0...(parts.count - length) {
                let run = String(text[parts[start].lowerBound..<parts[start + length - 1].upperBound])
                // What follows a colon belongs to the headline.
                let behind = text[parts[start + length - 1].upperBound...].first
                if behind != ":", known.contains(Self.key(run)) { return TextSpace.trimmed(run) }
            }
        }
        return nil
    }

    /// Between separators: a bar anywhere, a dash, dot, colon or arrow between blanks.
    private static func parts(of text: String) -> [Range<String.Index>] {
        var out: [Range<String.Index>] = []
        var start = text.startIndex
        let scalars = text.unicodeScalars
        var index = text.startIndex
        while index < text.endIndex {
            let next = scalars.index(after: index)
            if separates(scalars, at: index, next: next) {
                out.append(start..<index)
                start = next
            }
            index = next
        }
        out.append(start..<text.endIndex)
        return out.filter { range in !text[range].allSatisfy { $0 == " " } }
    }

    private static func separates(_ scalars: String.UnicodeScalarView, at index: String.Index, next: String.Index)
        -> Bool
    {
        let hasBlankBefore = index > scalars.startIndex && scalars[scalars.index(before: index)] == " "
        let hasBlankBehind = next < scalars.endIndex && scalars[next] == " "
        switch scalars[index] {
        case "|", "｜", "：": return true
        case "-", "–", "—", "•", "·", "»", "›", "«", "‹", "/", "<", ">", "~", "→":
            return hasBlankBefore && hasBlankBehind
        case ":": return hasBlankBehind
        default: return false
        }
    }

    /// Whether a part is the site's name, its host, or made of it.
    private func isSite(_ part: String) -> Bool {
        let part = Self.key(part)
        guard part.utf8.count >= 2 else { return part.isEmpty }
        let hostKey = Self.key(host)
        if let siteName {
            let site = Self.key(siteName)
            if part == site
                || (site.utf8.count > 3 && part.contains(site) && part.utf8.count <= 2 * site.utf8.count + 16)
                || (part.utf8.count > 4 && site.contains(part))
            {
                return true
            }
        }
        return part.utf8.count > 3 && hostKey.contains(part)
            || (hostKey.utf8.count > 5 && part.hasPrefix(Self.key(String(mainLabel)))
                && part.utf8.count <= hostKey.utf8.count + 6
                && mainLabel.utf8.count > 3)
    }

    /// Before a colon nothing less than the whole name will do.
    private func isSiteName(_ part: String) -> Bool {
        let part = Self.key(part)
        return part == siteName.map(Self.key) || part == Self.key(String(mainLabel)) || part == Self.key(host)
    }

    /// "example" of "www.example.co.uk".
    private var mainLabel: Substring {
        let labels = host.split(separator: ".").drop { $0 == "www" || $0 == "m" }
        return labels.dropLast().max { $0.utf8.count < $1.utf8.count } ?? ""
    }
}
