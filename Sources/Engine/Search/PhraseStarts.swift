/// Where words stand one after the other in a document. A hot function: what brings positions is inlined.
enum PhraseStarts {
    /// How often `wordCount` words follow one another.
    ///
    /// - Parameters:
    ///   - first: the word to begin with: best the least frequent, which leaves the fewest places to compare.
    ///   - starts: scratch; afterwards the places where the phrase starts, ascending.
    ///   - places: scratch.
    ///   - positions: puts the positions of a word of the phrase into an array, ascending.
    @inline(__always)
    static func count(
        _ wordCount: Int, from first: Int, _ starts: inout [UInt32], _ places: inout [UInt32],
        _ positions: (_ word: Int, inout [UInt32]) throws(EngineError) -> Void
    ) throws(EngineError) -> UInt32 {
        try positions(first, &starts)
        // A start is where the first word would be.
        var kept = 0
        for index in starts.indices where starts[index] >= UInt32(first) {
            starts[kept] = starts[index] &- UInt32(first)
            kept &+= 1
        }
        starts.removeLast(starts.count - kept)
        for word in 0..<wordCount where word != first {
            if starts.isEmpty { return 0 }
            try positions(word, &places)
            kept = 0
            var next = 0
            for index in starts.indices {
                let (wanted, overflow) = starts[index].addingReportingOverflow(UInt32(word))
                if overflow { break }
                while next < places.count, places[next] < wanted { next &+= 1 }
                if next == places.count { break }
                if places[next] == wanted {
                    starts[kept] = starts[index]
                    kept &+= 1
                }
            }
            starts.removeLast(starts.count - kept)
        }
        return UInt32(clamping: starts.count)
    }
}
