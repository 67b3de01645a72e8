/// First byte of every term: which text of the article it stands in (docs/segment-format.md, section 5).
package enum IndexField: UInt8, Sendable, CaseIterable {
    /// Headline, summary, body and captions as one text. The only field that counts for a document's length.
    case text = 0
    case headline = 1
    /// By and authors.
    case by = 2
    case source = 3
    case agency = 4
    /// Whole value; "pt-br" also gives "pt".
    case language = 5
    case located = 6
    case section = 7
    case subject = 8
    case slug = 9
    /// The tokens of the whole source joined by one space.
    case sourceName = 10
    /// The tokens of the whole section joined by one space.
    case sectionName = 11
    /// What is quoted.
    case quote = 12
    /// Who is quoted.
    case speaker = 13

    /// Positions between two texts of one field, so that no phrase spans them.
    package static let gapPositions = 100

    /// Longest term without its field byte.
    package static let maxTermBytes = 255

    package var hasPositions: Bool {
        switch self {
        case .text, .headline, .by, .source, .agency, .located, .section, .subject, .slug, .quote, .speaker: true
        case .language, .sourceName, .sectionName: false
        }
    }

    /// The key of `term` in the dictionary.
    package func key(_ term: some Collection<UInt8>) -> [UInt8] { [rawValue] + term }
}
