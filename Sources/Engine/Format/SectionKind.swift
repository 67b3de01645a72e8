/// The sections of a segment, in the order they stand in (docs/segment-format.md, section 4).
package enum SectionKind: UInt8, Sendable, CaseIterable {
    case header = 1
    case articles = 2
    case postings = 3
    case positions = 4
    case dictionary = 5
    case lengths = 6
    case times = 7
    case documents = 8
    case sources = 9
    case languages = 10
    case sections = 11
    case recordSizes = 12
    case keyRun = 13
    case corrections = 14
    case articleDictionary = 15
    // The open area: read when the segment is opened, and kept.
    case kills = 16
    case correctionIndex = 17
    case articleIndex = 18
    case documentIndex = 19
    case keyIndex = 20
    case keyFilter = 21
    case names = 22
    case dictionaryIndex = 23

    package static let firstOfOpenArea = SectionKind.kills

    package var isInOpenArea: Bool { rawValue >= Self.firstOfOpenArea.rawValue }

    /// Log2 of the bytes under one checksum: small where single entries are read, large where all is.
    package var pageShift: UInt8 { isInOpenArea ? 16 : 12 }

    package var name: String { "\(self)" }

    var index: Int { Int(rawValue) - 1 }
}
