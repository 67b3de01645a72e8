/// What a merge makes of its inputs.
package enum MergeOutput: UInt8, Sendable {
    /// One overlay of everything in the inputs.
    case overlay = 1
    /// The canonical cells of everything; the inputs are the whole snapshot.
    case cells = 2
    /// Each input again without the documents and kills that meet in the inputs: so that a dead text is nowhere.
    case purged = 3
    /// Cells of the regions of which the overlays among the inputs hold a share, and one overlay of the rest.
    case folded = 4
}
