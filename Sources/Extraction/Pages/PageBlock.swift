/// What part a stretch of text plays in a page.
package enum PageRole: UInt8, Sendable {
    case paragraph, heading, item, quote, caption, standfirst, cell, preformatted
}

/// A stretch of text between two block boundaries.
struct PageBlock {
    /// The innermost block element around it.
    var node: HTMLTree.Node
    var role: PageRole
    /// In `PageBlocks.text`: one line, white space collapsed.
    var text: Range<Int>
    /// Letters and digits, scripts without blanks between words counted double.
    var letterCount: Int
    var linkLetterCount: Int
    /// Full stops and their like in other scripts, commas.
    var sentenceCount: Int
    var commaCount: Int
    var digitCount: Int
    /// Index of the innermost hinted element around it, or -1.
    var hint: Int

    var linkShare: Double { letterCount > 0 ? Double(linkLetterCount) / Double(letterCount) : 0 }

    /// How much this counts as running text: its length, if it looks like sentences and not like links.
    var weight: Int {
        guard role != .heading, role != .caption, letterCount >= 20, linkLetterCount * 3 < letterCount else { return 0 }
        // A line of date and time.
        if letterCount < 110, digitCount >= 6, digitCount * 8 >= letterCount { return 0 }
        if sentenceCount + commaCount == 0 { return letterCount < 60 ? 0 : letterCount / 3 }
        return letterCount
    }
}

/// An element whose names say something about its text.
struct HintedElement {
    var node: HTMLTree.Node
    var hint: PageHint
    /// Index of the next hinted element outwards, or -1.
    var parent: Int
    /// The blocks inside.
    var blocks: Range<Int>
}
