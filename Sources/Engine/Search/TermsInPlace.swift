/// What the dictionaries of mapped segments say of the terms of a plan, in memory of the scratch: of all segments, or where these are
/// too many for that of one at a time.
@safe struct TermsInPlace {
    private let prepared: PreparedSearch
    private let scratch: SearchScratch
    private let entries: UnsafeMutablePointer<TermEntry?>
    private let live: UnsafeMutablePointer<Int>
    let languageCount: Int
    private let termCount: Int
    /// From the entries of one segment to those of the next; 0 where there are those of one.
    private let stride: Int

    /// Whether no segment need be entered.
    var holdsAll: Bool { stride > 0 }

    init(_ prepared: PreparedSearch, scratch: SearchScratch) throws {
        self.prepared = prepared
        self.scratch = scratch
        let segments = prepared.snapshot.segments
        languageCount = prepared.plan.languages.count
        termCount = prepared.plan.terms.count
        let count = languageCount * termCount
        let holdsAll = count * segments.count <= QueryLookup.heldEntryCount
        stride = holdsAll ? count : 0
        unsafe entries = unsafe scratch.entries(holdsAll ? count * segments.count : count)
        unsafe live = unsafe scratch.liveCounts(termCount)
        for index in segments.indices {
            try QueryLookup.forEachEntry(of: prepared, in: segments[index]) { language, term, entry in
                if holdsAll { unsafe entries[place(index, language, term)] = entry }
                unsafe live[term] += Int(entry.documentFrequency)
            }
        }
        try QueryLookup.forEachCorrection(of: prepared) { term, count in unsafe live[term] -= count }
        for term in 0..<termCount { try unsafe QueryLookup.require(live[term]) }
    }

    /// To be called before a segment is asked about.
    func enter(_ segment: Int) throws {
        guard !holdsAll else { return }
        _ = unsafe scratch.entries(languageCount * termCount)
        try QueryLookup.forEachEntry(of: prepared, in: prepared.snapshot.segments[segment]) { language, term, entry in
            unsafe entries[place(segment, language, term)] = entry
        }
    }

    /// In bounds of `entries`, where there is one for each segment that is held, each of the plan's languages, each of its terms.
    @inline(__always)
    private func place(_ segment: Int, _ language: Int, _ term: Int) -> Int {
        segment &* stride &+ language &* termCount &+ term
    }

    @inline(__always)
    func entry(_ segment: Int, _ language: Int, _ term: Int) -> TermEntry? {
        unsafe entries[place(segment, language, term)]
    }

    /// Live articles of the snapshot that have a term.
    func liveFrequency(_ term: Int) -> Int { unsafe live[term] }

    /// Whether a segment has what a shape must have, in any language.
    @inline(__always)
    func canMatch(_ shape: RankedShape, in segment: Int) -> Bool {
        (0..<languageCount).contains { language in shape.canMatch { entry(segment, language, $0) != nil } }
    }
}
