package import News

/// A stretch of an article that shows why it was found.
package struct Snippet: Equatable, Sendable {
    package enum Part: String, Sendable {
        case summary, body, caption, headline
    }

    package var part: Part
    package var text: String
    /// What matched: byte offsets in the UTF-8 of `text`, ascending, apart from one another.
    package var matches: [Range<Int>]
    /// Whether the part goes on before and behind.
    package var isCutBefore: Bool
    package var isCutAfter: Bool
}

/// Finds the places of a query's words in articles, by the analysis that indexed them. Words below a negation and of
/// other fields than text and headline are not looked for.
///
/// Confined to one thread: it remembers the terms of the articles it has seen, so one is best asked for all hits of an answer.
package struct Highlighter {
    /// A word or phrase: the bits of its words, and where each stands behind the first if nothing else is between.
    private struct Unit: Hashable {
        struct PlacedBit: Hashable {
            var bit: Int
            var offset: Int
        }

        var words: [PlacedBit]
        var slop: Int
        var isHeadlineOnly: Bool
    }

    /// What must stand near what; the units in it are highlighted only where it does.
    private indirect enum Condition: Sendable {
        case unit(Int)
        case any([Condition])
        case near(Condition, Condition, distance: UInt32)
    }

    private var words: [TermBits.Word] = []
    private let termBits = TermBits()
    private var units: [Unit] = []
    private var known: [Unit: Int] = [:]
    /// Units that are highlighted wherever they stand.
    private var free: Set<Int> = []
    private var conditions: [Condition] = []

    /// Words of a query that are told apart; further ones are not highlighted.
    private static let patternCount = 64
    /// Words and phrases of a query that are highlighted, and the most words of one phrase.
    private static let unitCount = 256
    private static let unitWordCount = 64
    /// Places of one part that are highlighted.
    private static let markCount = 20_000
    /// How far into a part is looked.
    private static let textBytes = 1 << 20

    package init(_ query: QueryNode) { collect(query) }

    private mutating func collect(_ query: QueryNode) {
        switch query {
        case .word, .phrase: if let unit = unit(query) { free.insert(unit) }
        case .and(let nodes), .or(let nodes), .any(let nodes): for node in nodes { collect(node) }
        case .near: if let condition = condition(query) { conditions.append(condition) }
        case .boost(let node, _, _): collect(node)
        case .all, .not, .dates, .key, .derived: break
        }
    }

    /// Nil for what is not highlighted at all.
    private mutating func condition(_ query: QueryNode) -> Condition? {
        switch query {
        case .word, .phrase: return unit(query).map(Condition.unit)
        case .or(let nodes), .any(let nodes):
            var parts: [Condition] = []
            for node in nodes { if let part = condition(node) { parts.append(part) } }
            return parts.isEmpty ? nil : .any(parts)
        case .near(let left, let right, let distance, _):
            guard let left = condition(left), let right = condition(right) else { return nil }
            return .near(left, right, distance: UInt32(clamping: distance))
        case .boost(let node, _, _): return condition(node)
        case .all, .and, .not, .dates, .key, .derived: return nil
        }
    }

    private mutating func unit(_ query: QueryNode) -> Int? {
        switch query {
        case .word(let word): unit([word.pattern], word.field, isExact: word.isExact)
        case .phrase(let phrase): unit(phrase.patterns, slop: phrase.slop, phrase.field, isExact: phrase.isExact)
        default: nil
        }
    }

    private mutating func unit(
        _ patterns: [TermPattern], slop: Int = 0, _ field: IndexField, isExact: Bool
    ) -> Int? {
        guard field.isScored else { return nil }
        // Of a longer phrase its beginning.
        let patterns = patterns.prefix(Self.unitWordCount)
        var placed: [Unit.PlacedBit] = []
        for (offset, pattern) in patterns.enumerated() where pattern != .anyWord {
            let word = TermBits.Word(pattern: pattern, isExact: isExact)
            if let known = words.firstIndex(of: word) {
                placed.append(Unit.PlacedBit(bit: known, offset: offset))
            } else {
                guard words.count < Self.patternCount else { return nil }
                words.append(word)
                placed.append(Unit.PlacedBit(bit: words.count - 1, offset: offset))
            }
        }
        let unit = Unit(words: placed, slop: slop, isHeadlineOnly: field == .headline)
        if let number = known[unit] { return number }
        guard units.count < Self.unitCount else { return nil }
        known[unit] = units.count
        units.append(unit)
        return units.count - 1
    }

    // MARK: Answers

    /// Places in an article's headline, as byte offsets of its UTF-8.
    package func headlineMatches(of article: Article) -> [Range<Int>] {
        let headline = Self.bytes(of: article.headline ?? "")
        return Self.joined(marks(in: headline, isHeadline: true, Self.language(of: article)).map(\.range))
    }

    /// What is looked at.
    private static func bytes(of text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { unsafe Array(UnsafeBufferPointer(rebasing: $0.prefix(textBytes))) }
    }

    private static func language(of article: Article) -> StemLanguage? {
        article.language.flatMap { StemLanguage(tag: $0.utf8) }
    }

    /// The stretch of summary, body or captions with the most different words of the query, the first of several; the
    /// beginning of the article if there is none.
    ///
    /// - Parameter limitBytes: longest text wanted, in bytes of UTF-8; a longer match alone may pass it.
    package func snippet(of article: Article, limitBytes: Int = 240) -> Snippet? {
        var parts: [(Snippet.Part, String)] = []
        if let summary = article.summary { parts.append((.summary, summary)) }
        if let body = article.body { parts.append((.body, body)) }
        for item in article.media { if let caption = item.caption { parts.append((.caption, caption)) } }
        if parts.isEmpty, let headline = article.headline { parts.append((.headline, headline)) }
        let language = Self.language(of: article)
        var best: (part: Int, utf8: [UInt8], marks: [Mark], window: Window, rank: Int)?
        for (index, part) in parts.enumerated() {
            let utf8 = Self.bytes(of: part.1)
            let marks = marks(in: utf8, isHeadline: part.0 == .headline, language)
            let (window, rank) = Self.window(marks, limitBytes: limitBytes)
            if best == nil || rank > best!.rank { best = (index, utf8, marks, window, rank) }
        }
        guard let best else { return nil }
        let isWhole = best.utf8.count == parts[best.part].1.utf8.count
        return Self.cut(
            best.utf8, best.marks, best.window, part: parts[best.part].0, limitBytes: limitBytes, goesOn: !isWhole)
    }

    // MARK: Places

    private struct Mark {
        var range: Range<Int>
        var unit: Int
    }

    private typealias Window = Range<Int>

    /// Where units match, ascending.
    private func marks(in utf8: [UInt8], isHeadline: Bool, _ language: StemLanguage?) -> [Mark] {
        var found: [(position: Int, range: Range<Int>, bits: UInt64)] = []
        var tokenizer = Tokenizer()
        termBits.begin(language, words)
        unsafe utf8.withUnsafeBufferPointer { text in
            unsafe tokenizer.tokenizeWithOffsets(text) { term, position, start, end in
                let bits = unsafe termBits.bits(of: term)
                if bits != 0 { found.append((position, start..<end, bits)) }
            }
        }
        var matches: [[Match]] = []
        var matchCount = 0
        for (number, unit) in units.enumerated() {
            var places: [Match] = []
            if isHeadline || !unit.isHeadlineOnly {
                // Each has its part of the places: a frequent word must not take those of a rare one.
                let limit = matchCount + (Self.markCount - matchCount) / (units.count - number)
                for first in found.indices where matchCount < limit {
                    guard let match = Self.places(of: unit, from: first, in: found), let last = match.last else {
                        continue
                    }
                    places.append(
                        Match(
                            places: match,
                            stretch: .init(
                                first: UInt32(clamping: found[first].position),
                                last: UInt32(clamping: found[last].position)),
                            isMarked: free.contains(matches.count)))
                    matchCount += match.count
                }
            }
            matches.append(places)
        }
        for condition in conditions { Self.mark(Self.stretches(of: condition, matches), condition, &matches) }
        var marks: [Mark] = []
        for (number, places) in matches.enumerated() {
            for match in places where match.isMarked {
                for place in match.places { marks.append(Mark(range: found[place].range, unit: number)) }
            }
        }
        return marks.sorted { ($0.range.lowerBound, $0.unit) < ($1.range.lowerBound, $1.unit) }
    }

    /// A place of a unit: the words found, their positions, whether it is to be highlighted.
    private struct Match {
        var places: [Int]
        var stretch: PlaceMatcher.Stretch
        var isMarked: Bool
    }

    /// Where a condition holds, as the search takes it: ascending by first, then by last position.
    private static func stretches(of condition: Condition, _ matches: [[Match]]) -> [PlaceMatcher.Stretch] {
        switch condition {
        case .unit(let unit): matches[unit].map(\.stretch)
        case .any(let parts): PlaceMatcher.any(parts.map { stretches(of: $0, matches) })
        case .near(let left, let right, let distance):
            PlaceMatcher.near(stretches(of: left, matches), stretches(of: right, matches), distance: distance) {}
        }
    }

    /// Marks the places of a condition's units that lie in `stretches`, of which none holds another.
    private static func mark(
        _ stretches: [PlaceMatcher.Stretch], _ condition: Condition, _ matches: inout [[Match]]
    ) {
        switch condition {
        case .unit(let unit):
            var next = 0
            for index in matches[unit].indices {
                let stretch = matches[unit][index].stretch
                // Of those that begin before it the last one reaches furthest.
                while next < stretches.count, stretches[next].first <= stretch.first { next += 1 }
                if next > 0, stretches[next - 1].last >= stretch.last { matches[unit][index].isMarked = true }
            }
        case .any(let parts): for part in parts { mark(stretches, part, &matches) }
        case .near(let left, let right, _):
            mark(stretches, left, &matches)
            mark(stretches, right, &matches)
        }
    }

    /// Where the words of a unit stand whose first word is `found[first]`: each at its first place behind the one before, as
    /// the search takes them.
    private static func places(
        of unit: Unit, from first: Int, in found: [(position: Int, range: Range<Int>, bits: UInt64)]
    ) -> [Int]? {
        var places: [Int] = []
        for (index, word) in unit.words.enumerated() {
            guard let last = places.last else {
                guard found[first].bits >> UInt64(word.bit) & 1 == 1 else { return nil }
                places.append(first)
                continue
            }
            let wanted = found[last].position + word.offset - unit.words[index - 1].offset
            let end = found[first].position + word.offset - unit.words[0].offset + unit.slop
            var place = last + 1
            while place < found.count, found[place].position <= end,
                found[place].position < wanted || found[place].bits >> UInt64(word.bit) & 1 == 0
            { place += 1 }
            guard place < found.count, found[place].position <= end else { return nil }
            places.append(place)
        }
        return places
    }

    /// The stretch of at most `limitBytes` with most different units, then most matches, then the first.
    private static func window(_ marks: [Mark], limitBytes: Int) -> (Window, rank: Int) {
        var best = (0..<0, rank: 0)
        var counts: [Int: Int] = [:]
        var first = 0
        for last in marks.indices {
            counts[marks[last].unit, default: 0] += 1
            while first < last, marks[last].range.upperBound - marks[first].range.lowerBound > limitBytes {
                counts[marks[first].unit]! -= 1
                if counts[marks[first].unit] == 0 { counts[marks[first].unit] = nil }
                first += 1
            }
            let rank = counts.count * 1000 + min(last - first + 1, 999)
            if rank > best.rank { best = (marks[first].range.lowerBound..<marks[last].range.upperBound, rank) }
        }
        return best
    }

    private static func cut(
        _ utf8: [UInt8], _ marks: [Mark], _ window: Window, part: Snippet.Part, limitBytes: Int, goesOn: Bool
    ) -> Snippet {
        func isBlank(_ index: Int) -> Bool { utf8[index] == 0x20 || utf8[index] == 0x0A }
        func isBoundary(_ index: Int) -> Bool { index >= utf8.count || utf8[index] & 0xC0 != 0x80 }
        // A third of the room that is left goes before the window, to the start of a sentence or else of a word.
        let room = max(limitBytes - window.count, 0)
        var start = max(window.lowerBound - room / 3, 0)
        if start > 0 {
            let reach = start..<window.lowerBound
            let sentence = reach.first { index in
                index > 0 && isBlank(index - 1)
                    && (index < 2 || utf8[index - 1] == 0x0A || [0x2E, 0x21, 0x3F].contains(utf8[index - 2]))
            }
            start =
                sentence ?? reach.first { $0 > 0 && isBlank($0 - 1) } ?? reach.first(where: isBoundary)
                ?? window.lowerBound
        }
        var end = min(max(start + limitBytes, window.upperBound), utf8.count)
        if end < utf8.count, !isBlank(end) {
            let reach = (window.upperBound...end).reversed()
            end =
                reach.first { $0 > window.upperBound && isBlank($0) } ?? reach.first(where: isBoundary)
                ?? window.upperBound
        }
        let inside = joined(marks.map(\.range).filter { $0.lowerBound >= start && $0.upperBound <= end })
        return Snippet(
            part: part, text: String(decoding: utf8[start..<end], as: UTF8.self),
            matches: inside.map { ($0.lowerBound - start)..<($0.upperBound - start) }, isCutBefore: start > 0,
            isCutAfter: goesOn || end < utf8.count)
    }

    /// Ranges in ascending order, overlapping and touching ones as one.
    private static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        for range in ranges {
            if let last = joined.last, range.lowerBound <= last.upperBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
    }
}
