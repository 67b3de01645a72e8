package import News

extension Manifest {
    /// Objects of the log that must be there for a coordinator to start from this manifest (`Reign`): from the one that holds the
    /// first position not all have reached, itself included, to the last that the manifest knows of. A term that began later
    /// may have more.
    ///
    /// - Returns: numbers of each term, ascending; none is empty.
    package var neededLog: [(term: Term, numbers: Range<UInt64>)] {
        let reached = watermarks + [foldedTo]
        let start = reached.min() ?? .start
        let last = reached.max() ?? .start
        var ends = ends.filter { $0.term < term }.sorted { $0.term < $1.term }.map { ($0.term, $0.objectCount) }
        if term > .none { ends.append((term, last.term == term ? last.number + 1 : 1)) }
        return ends.compactMap { term, end in
            let first = term == start.term ? start.number : 0
            return term >= start.term && first < end ? (term, first..<end) : nil
        }
    }
}
