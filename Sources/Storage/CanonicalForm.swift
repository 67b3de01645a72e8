import News

/// Whether cells are the canonical form of their articles: the largest nodes of the trie over the order that fit the target
/// (docs/segment-format.md, section 2), told by what is known of the cells without opening them.
///
/// Each cell fits, or holds one article. Then two things can be wrong: a neighbour has articles of the smallest node that a cell lies
/// in (a fold cut there), or two neighbours lie in a node that fits as a whole (something was taken out since they were cut).
enum CanonicalForm {
    /// - Parameter cells: in their order, without overlays beside them.
    /// - Complexity: a few steps a cell; no node is looked at further than to its target.
    static func holds(_ cells: [SegmentReference], targetBytes: UInt64) -> Bool {
        for cell in cells {
            guard cell.span != nil, cell.killCount == 0 else { return false }
            if cell.recordBytes > targetBytes, cell.documentCount > 1 { return false }
        }
        return cells.indices.dropLast().allSatisfy { index in
            let place = cells[index].span!.first
            let depth = place.commonBits(cells[index + 1].span!.last)
            // A dated and an undated article share no node.
            guard depth >= 0 else { return true }
            guard [cells[index].span!, cells[index + 1].span!].allSatisfy({ $0.first.commonBits($0.last) > depth })
            else { return false }
            var left = targetBytes
            func takes(_ cell: SegmentReference) -> Bool {
                guard cell.recordBytes <= left else { return false }
                left -= cell.recordBytes
                return true
            }
            func isInside(_ cell: SegmentReference) -> Bool { place.commonBits(cell.span!.first) >= depth }
            return !cells[...index].reversed().prefix(while: isInside).allSatisfy(takes)
                || !cells[(index + 1)...].prefix(while: isInside).allSatisfy(takes)
        }
    }
}

extension SnapshotHead {
    /// Whether its bytes are those that every history of the same articles comes to: no overlays, and canonical cells.
    package var isCanonical: Bool {
        manifest.overlays.isEmpty && CanonicalForm.holds(cells, targetBytes: manifest.settings.cellTargetBytes)
    }
}
