import News

/// A plain text file as an article: what a wire page looks like after its markup was stripped.
///
/// Lines play roles: leftovers of navigation, section, headline, notes to editors, date, byline, caption, and then the
/// paragraphs. The rules look at forms that many agencies share, never at names of outlets. Lines that are no part of
/// the article are kept in `removed`.
package enum TextArticle {
    package static let extractorVersion: UInt32 = 2

    /// - Parameters:
    ///   - bytes: UTF-8, with or without a byte order mark.
    ///   - fileName: kept in `extra.file`.
    package static func read(_ bytes: ArraySlice<UInt8>, fileName: String?) -> ReadOutcome {
        guard bytes.count <= Limits.inputBytes else {
            return .rejected(
                .tooLarge, detail: "the file has \(bytes.count) bytes, at most \(Limits.inputBytes) are allowed")
        }
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: content.span)
        } catch {
            let offset = error.byteOffsets.lowerBound + content.startIndex - bytes.startIndex
            return .rejected(.malformed, detail: "invalid UTF-8 at offset \(offset)")
        }
        var reader = TextReader(TextLines.split(content))
        var article = reader.read()
        article.guessLanguage()
        article.extra = fileName.map(FileExtra.json)
        article.extractorVersion = extractorVersion
        return .checked(article, key: ArticleIdentity.key(of: article, rawInput: bytes))
    }
}

/// Lines of a text, white space collapsed, empty ones left out.
enum TextLines {
    static func split(_ bytes: ArraySlice<UInt8>) -> [String] {
        let raw = bytes.split(omittingEmptySubsequences: false, whereSeparator: { $0 == 0x0A || $0 == 0x0C }).map {
            TextSpace.collapsed(String(decoding: $0, as: UTF8.self))
        }
        return isHardWrapped(raw) ? unwrapped(raw) : raw.filter { !$0.isEmpty }
    }

    /// Whether lines were broken at a column, so that paragraphs are what stands between empty lines: no line is long,
    /// and most lines that have a neighbour below are nearly full.
    private static func isHardWrapped(_ lines: [String]) -> Bool {
        let counts = lines.map(\.utf8.count)
        guard let longest = counts.max(), longest <= 100 else { return false }
        var inner = 0
        var full = 0
        for (index, count) in counts.enumerated().dropLast() where count > 0 && counts[index + 1] > 0 {
            inner += 1
            if count * 10 >= longest * 7 { full += 1 }
        }
        return inner >= 4 && full * 10 >= inner * 8
    }

    private static func unwrapped(_ lines: [String]) -> [String] {
        lines.split(whereSeparator: \.isEmpty).map { $0.joined(separator: " ") }
    }
}

/// Gives each line its role, from the top down.
private struct TextReader {
    private let lines: [String]
    private var article = Article()
    private var paragraphs: [String] = []

    /// The text before the first paragraph may have so many lines; what comes later is text.
    private static let maxHeadLines = 14

    init(_ lines: [String]) { self.lines = lines }

    mutating func read() -> Article {
        var index = 0
        while index < min(lines.count, Self.maxHeadLines), takeHeadLine(at: index) { index += 1 }
        for (place, line) in lines[index...].enumerated() {
            if LineForm.beginsTeasers(line) {
                article.removed += lines[(index + place)...]
                break
            }
            if LineForm.isChrome(line) || line == article.headline {
                article.removed.append(line)
            } else {
                paragraphs.append(line)
            }
        }
        takeDateline()
        if !paragraphs.isEmpty { article.body = paragraphs.joined(separator: "\n\n") }
        return article
    }

    /// - Returns: whether the line belongs to the head, and so the next may too.
    private mutating func takeHeadLine(at index: Int) -> Bool {
        let line = lines[index]
        if LineForm.isChrome(line) {
            article.removed.append(line)
        } else if let note = LineForm.editorsNote(line) {
            article.edNote = note
        } else if let (text, credit) = LineForm.caption(line) {
            article.media.append(Article.Media(url: nil, caption: text, credit: credit))
        } else if Dateline(line) != nil {
            return false
        } else if let name = LineForm.byline(line), article.by == nil {
            article.by = name
        } else if article.published == nil, let (time, before) = LineForm.date(line) {
            article.published = time
            if article.section == nil, !before.isEmpty { article.section = before }
        } else if let pieces = LineForm.pieces(line) {
            takePieces(pieces, of: line)
        } else if LineForm.isProse(line) {
            return false
        } else if let headline = article.headline {
            guard TextSpace.collapsed(WireSlug.split(line).headline ?? line) == headline else { return false }
            article.removed.append(line)
        } else if article.by != nil {
            // A headline stands above its byline.
            return false
        } else if isSection(line, at: index) {
            article.section = line
        } else {
            let (slugs, headline) = WireSlug.split(line)
            article.slugs = slugs
            article.headline = headline
        }
        return true
    }

    /// One or two words above a longer line that could be a headline.
    private func isSection(_ line: String, at index: Int) -> Bool {
        guard article.section == nil, line.split(separator: " ").count <= 2, index + 1 < lines.count else {
            return false
        }
        let next = lines[index + 1]
        return next.split(separator: " ").count > 3 && !LineForm.isProse(next) && LineForm.byline(next) == nil
    }

    /// "Name | Outlet | UPDATED 4 years AGO": the first that looks like a name is the byline, the next the outlet.
    private mutating func takePieces(_ pieces: [String], of line: String) {
        for piece in pieces {
            if let time = DateText.parse(LineForm.withoutDateLabel(piece), from: "text", form: .prose) {
                if article.published == nil { article.published = time }
            } else if LineForm.isName(piece) {
                if article.by == nil {
                    article.by = LineForm.byline(piece) ?? piece
                } else if article.source == nil {
                    article.source = piece
                }
            }
        }
        article.removed.append(line)
    }

    private mutating func takeDateline() {
        guard let first = paragraphs.first, let dateline = Dateline(first) else { return }
        article.dateline = dateline.text
        article.located = dateline.place
        article.agency = dateline.agency
        paragraphs[0] = dateline.rest
    }
}
