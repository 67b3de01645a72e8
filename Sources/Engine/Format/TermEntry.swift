/// What the dictionary of one segment says of a term.
package struct TermEntry: Equatable, Sendable {
    /// Documents of the segment with the term, dead ones included.
    package var documentFrequency: UInt32 = 0
    /// Occurrences; equal to `documentFrequency` for fields without positions.
    package var occurrenceCount: UInt64 = 0
    package var hasPositions = false
    /// In section `postings`; empty if `documentFrequency` is 1.
    package var postings: Range<UInt64> = 0..<0
    /// In section `positions`; empty if there is one occurrence or none are kept.
    package var positions: Range<UInt64> = 0..<0
    /// The only document, if `documentFrequency` is 1.
    package var singleDocument: UInt32 = 0
    /// The only position, if `occurrenceCount` is 1 and the field has positions.
    package var singlePosition: UInt32 = 0
}
