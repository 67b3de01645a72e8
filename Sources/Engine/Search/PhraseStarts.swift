/// Where words stand one after the other in a document. A hot file: what brings cursors is inlined.
///
/// Confined to one search, and there to one document at a time.
@safe final class PhraseStarts {
    let starts = PlaceBuffer()
    let places = PlaceBuffer()
    /// For each start the place of the last word reached, where words may stand between.
    let reached = PlaceBuffer()
    /// A bit for each place below `markedCount`; zero between uses.
    private let marks: UnsafeMutablePointer<UInt64>
    private static let markedCount = 1 << 15
    /// Of the search; asked where a document has very many places.
    var stop: SearchStop?
    private static let manyCount = 1 << 12

    init() {
        unsafe marks = .allocate(capacity: Self.markedCount / 64)
        unsafe marks.initialize(repeating: 0, count: Self.markedCount / 64)
    }

    deinit { unsafe marks.deallocate() }

    /// A document of very many positions must not leave its memory behind.
    func releaseMuch() {
        starts.releaseMuch()
        places.releaseMuch()
        reached.releaseMuch()
    }

    /// How often `wordCount` words follow one another in the current document of their cursors.
    ///
    /// - Parameter cursor: that of a word of the phrase.
    @inline(__always)
    func count(
        _ wordCount: Int, _ cursor: (_ word: Int) -> UnsafeMutablePointer<TermCursor>
    ) throws(EngineError) -> UInt32 {
        // The least frequent word leaves the fewest places to compare.
        var first = 0
        var least = UInt32.max
        for word in 0..<wordCount {
            let frequency = try unsafe cursor(word).pointee.frequency()
            if frequency < least {
                least = frequency
                first = word
            }
        }
        var kept = try unsafe begin(cursor(first), at: first)
        for word in 0..<wordCount where word != first && kept > 0 {
            kept = try unsafe keep(kept, cursor(word), at: word)
        }
        return UInt32(clamping: kept)
    }

    /// Begins with the places of one word.
    ///
    /// - Parameter distance: of the word from the start of the phrase.
    /// - Returns: how many starts there may be.
    @inline(__always)
    func begin(_ cursor: UnsafeMutablePointer<TermCursor>, at distance: Int) throws(EngineError) -> Int {
        try unsafe cursor.pointee.positions(into: starts)
        // A start is where the first word would be.
        let base = unsafe starts.base
        let all = starts.count
        let offset = UInt32(truncatingIfNeeded: distance)
        var kept = 0
        for index in 0..<all {
            let place = unsafe base[index]
            unsafe base[kept] = place &- offset
            kept &+= place >= offset ? 1 : 0
        }
        return kept
    }

    /// Begins with two words, whose places are compared where the less frequent of them stands.
    @inline(__always)
    func begin(
        _ first: UnsafeMutablePointer<TermCursor>, at firstDistance: Int,
        _ second: UnsafeMutablePointer<TermCursor>, at secondDistance: Int
    ) throws(EngineError) -> Int {
        if try unsafe first.pointee.frequency() <= second.pointee.frequency() {
            return try unsafe keep(begin(first, at: firstDistance), second, at: secondDistance)
        }
        return try unsafe keep(begin(second, at: secondDistance), first, at: firstDistance)
    }

    /// Keeps those of the first `count` starts that another word follows at a distance.
    ///
    /// - Returns: how many are left.
    @inline(__always)
    func keep(
        _ count: Int, _ cursor: UnsafeMutablePointer<TermCursor>, at distance: Int
    ) throws(EngineError) -> Int {
        guard count > 0 else { return 0 }
        guard count > 2 else { return try unsafe followed(count, at: distance, cursor) }
        try unsafe cursor.pointee.positions(into: places)
        if places.count > Self.manyCount { try stop?.check() }
        return followed(count, at: distance)
    }

    /// Keeps those of one or two starts that a word follows at a distance.
    ///
    /// - Returns: how many are left.
    @inline(__always)
    private func followed(
        _ count: Int, at distance: Int, _ cursor: UnsafeMutablePointer<TermCursor>
    ) throws(EngineError) -> Int {
        let starts = unsafe starts.base
        let (first, second) = unsafe (starts[0], starts[count &- 1])
        let distance = UInt32(truncatingIfNeeded: distance)
        let found = try unsafe cursor.pointee.stands(at: first &+ distance, second &+ distance)
        if found.0 { return count > 1 && found.1 ? 2 : 1 }
        unsafe starts[0] = second
        return count > 1 && found.1 ? 1 : 0
    }

    /// Keeps those of the first `count` starts that one of the places follows at a distance.
    ///
    /// - Returns: how many are left.
    private func followed(_ count: Int, at distance: Int) -> Int {
        let starts = unsafe starts.base
        let others = unsafe places.base
        let otherCount = places.count
        guard otherCount > 0 else { return 0 }
        let last = unsafe Int(others[otherCount &- 1])
        guard last < Self.markedCount else { return merged(count, at: distance) }
        // No processor foresees which of two lists goes on; marks need not be foreseen. Masked, so that they are in bounds
        // whatever damaged bytes say of the order.
        let mask = Self.markedCount &- 1
        for index in 0..<otherCount {
            let place = unsafe Int(others[index]) & mask
            unsafe marks[place >> 6] |= 1 &<< UInt64(truncatingIfNeeded: place & 63)
        }
        var kept = 0
        for index in 0..<count {
            let start = unsafe starts[index]
            let wanted = Int(start) &+ distance
            if wanted > last { break }
            unsafe starts[kept] = start
            kept &+= unsafe Int(truncatingIfNeeded: marks[wanted >> 6] >> UInt64(truncatingIfNeeded: wanted & 63) & 1)
        }
        for index in 0..<otherCount { unsafe marks[(Int(others[index]) & mask) >> 6] = 0 }
        return kept
    }

    /// The same for documents of any length.
    private func merged(_ count: Int, at distance: Int) -> Int {
        let starts = unsafe starts.base
        let others = unsafe places.base
        let otherCount = places.count
        var (next, kept) = (0, 0)
        for index in 0..<count {
            let start = unsafe starts[index]
            let wanted = Int(start) &+ distance
            while next < otherCount, unsafe Int(others[next]) < wanted { next &+= 1 }
            if next == otherCount { break }
            if unsafe Int(others[next]) == wanted {
                unsafe starts[kept] = start
                kept &+= 1
            }
        }
        return kept
    }
}
