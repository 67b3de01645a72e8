import News
import Storage

/// How the cells of a snapshot are laid out in pages, so that of those of the snapshot before as many as possible stay as they
/// are: a page is a piece of the order, and a change in it writes that page again and no other.
///
/// Invariants
/// 1. The pages have the cells in their order, each once; none is empty, none has more than the limit.
/// 2. A page whose piece of the order has the same cells as before keeps its object.
/// 3. Of two neighbours one of which is written again, both have more than half the limit together.
struct PagePlan {
    struct Page {
        var cells: ArraySlice<SegmentReference>
        /// The object it has; nil: it is to be written.
        var known: Manifest.Named?
    }

    private(set) var pages: [Page] = []

    init(_ snapshot: SnapshotHead, next cells: [SegmentReference], cellLimitCount: Int) {
        for piece in Self.pieces(of: cells, like: snapshot) where !piece.cells.isEmpty {
            if let last = pages.last, last.known == nil || piece.known == nil,
                last.cells.count + piece.cells.count <= cellLimitCount / 2
            {
                pages[pages.count - 1] = Page(cells: cells[last.cells.startIndex..<piece.cells.endIndex], known: nil)
            } else if piece.cells.count <= cellLimitCount {
                pages.append(piece)
            } else {
                let count = (piece.cells.count + cellLimitCount - 1) / cellLimitCount
                for part in 0..<count {
                    let from = piece.cells.startIndex + piece.cells.count * part / count
                    let to = piece.cells.startIndex + piece.cells.count * (part + 1) / count
                    pages.append(Page(cells: cells[from..<to], known: nil))
                }
            }
        }
    }

    /// What of the cells lies in the piece of the order of each page there was.
    private static func pieces(of cells: [SegmentReference], like snapshot: SnapshotHead) -> [Page] {
        let counts = snapshot.pageCellCounts
        guard !counts.isEmpty, counts.count == snapshot.manifest.pages.count,
            counts.reduce(0, +) == snapshot.cells.count, counts.allSatisfy({ $0 > 0 })
        else { return [Page(cells: cells[...], known: nil)] }
        var pieces: [Page] = []
        var start = 0
        var oldStart = 0
        for (index, count) in counts.enumerated() {
            let old = snapshot.cells[oldStart..<(oldStart + count)]
            oldStart += count
            var end = cells.count
            if oldStart < snapshot.cells.count {
                let bound = place(snapshot.cells[oldStart])
                end = start
                while end < cells.count, place(cells[end]) < bound { end += 1 }
            }
            let piece = cells[start..<end]
            pieces.append(Page(cells: piece, known: piece == old ? snapshot.manifest.pages[index] : nil))
            start = end
        }
        return pieces
    }

    private static func place(_ cell: SegmentReference) -> OrderKey { cell.span?.first ?? Publisher.beforeAll }
}
