// A posting list in memory between decoding and encoding in a merge; its buffers are used again for each term.

/// Growing array of numbers in raw memory. Confined to one thread.
@safe final class NumberBuffer {
    private(set) var base: UnsafeMutablePointer<UInt32>
    private var capacity = 256
    var count = 0

    init() { unsafe base = UnsafeMutablePointer<UInt32>.allocate(capacity: 256) }

    deinit { unsafe base.deallocate() }

    /// Makes room for `more` values beyond `count`.
    @inline(__always)
    func reserve(_ more: Int) {
        if count + more > capacity { grow(count + more) }
    }

    private func grow(_ wanted: Int) {
        let larger = max(capacity * 2, wanted)
        let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: larger)
        unsafe memory.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = unsafe memory
        capacity = larger
    }

    @inline(__always)
    func append(_ value: UInt32) {
        reserve(1)
        unsafe base[count] = value
        count &+= 1
    }
}

/// Part of a posting list, with ordinals of the output.
final class DecodedList {
    let documents = NumberBuffer()
    let frequencies = NumberBuffer()
    /// As they are stored: document by document, each but the first of a document as its difference to the one before.
    let positions = NumberBuffer()

    func clear() {
        documents.count = 0
        frequencies.count = 0
        positions.count = 0
    }

    // MARK: Decoding

    /// Appends the only posting of a term that stands in one document, once.
    ///
    /// - Parameter place: of the document in the output.
    @inline(__always)
    func append(_ entry: TermEntry, at place: UInt32) {
        documents.append(place)
        frequencies.append(1)
        if entry.hasPositions { positions.append(entry.singlePosition) }
    }

    /// Appends the postings of `entry` whose documents have a place in the output.
    ///
    /// - Parameters:
    ///   - range: documents of the input that the output covers.
    ///   - places: ordinal in the output of each document of `range`, `.max` for those that are dropped; ascending.
    func append(
        _ entry: TermEntry, of segment: SegmentReader, in range: Range<Int>, places: UnsafeBufferPointer<UInt32>,
        postings: SectionWindow, positions positionWindow: SectionWindow
    ) throws {
        if entry.documentFrequency == 1 {
            let at = Int(entry.singleDocument) &- range.lowerBound
            guard at >= 0, at < places.count, unsafe places[at] != .max else { return }
            guard entry.hasPositions, entry.occurrenceCount > 1 else { return unsafe append(entry, at: places[at]) }
            let occurrences = Int(clamping: entry.occurrenceCount)
            try decodePositions(entry.positions, count: occurrences, segment, positionWindow)
            unsafe documents.append(places[at])
            frequencies.append(UInt32(clamping: occurrences))
            positions.count &+= occurrences
            return
        }
        let bytes = try unsafe postings.bytes(entry.postings)
        let start = entry.postings.lowerBound
        let layout = try segment.decoding(.postings, at: start) { () throws(RawError) in
            try unsafe PostingsLayout(bytes, entry: entry, documentCount: segment.footer.documentCount)
        }
        var block =
            layout.blockCount > 1
            ? layout.block(reaching: UInt32(clamping: range.lowerBound), from: 0) : 0
        while block < layout.blockCount {
            if block > 0, Int(layout.lastDocument(block &- 1)) >= range.upperBound { return }
            unsafe try append(block, of: layout, entry, segment, range, places, positionWindow)
            block &+= 1
        }
    }

    /// Appends a block's postings: decoded where they will stand, and moved up over those that go if some do.
    private func append(
        _ block: Int, of layout: PostingsLayout, _ entry: TermEntry, _ segment: SegmentReader, _ range: Range<Int>,
        _ places: UnsafeBufferPointer<UInt32>, _ positionWindow: SectionWindow
    ) throws {
        documents.reserve(PostingsLayout.documentRoom)
        frequencies.reserve(SegmentFormat.blockCount)
        let documents = unsafe self.documents.base + self.documents.count
        let frequencies = unsafe self.frequencies.base + self.frequencies.count
        let count = layout.countInBlock(block)
        let start = entry.postings.lowerBound
        let positionsPart = try segment.decoding(.postings, at: start) { () throws(RawError) in
            let frequenciesAt = try unsafe layout.decodeDocuments(block, into: documents)
            guard entry.hasPositions else { return 0..<0 }
            try unsafe layout.decodeFrequencies(block, at: frequenciesAt, into: frequencies)
            return try layout.positionsRange(block)
        }
        var dropped: UInt32 = 0
        for index in 0..<count {
            let at = unsafe Int(documents[index]) &- range.lowerBound
            let place = unsafe at >= 0 && at < places.count ? places[at] : .max
            unsafe documents[index] = place
            dropped |= place == .max ? 1 : 0
        }
        var occurrences = count
        if entry.hasPositions {
            occurrences = 0
            for index in 0..<count { unsafe occurrences &+= Int(frequencies[index]) }
            let first = entry.positions.lowerBound &+ UInt64(positionsPart.lowerBound)
            try decodePositions(
                first..<(first &+ UInt64(positionsPart.count)), count: occurrences, segment, positionWindow)
        } else {
            unsafe frequencies.update(repeating: 1, count: count)
        }
        var kept = count
        if dropped != 0 {
            (kept, occurrences) = unsafe moveUp(count, documents, frequencies, hasPositions: entry.hasPositions)
        }
        self.documents.count &+= kept
        self.frequencies.count &+= kept
        if entry.hasPositions { positions.count &+= occurrences }
    }

    /// Decodes positions behind those that are there; the caller counts them.
    private func decodePositions(
        _ range: Range<UInt64>, count: Int, _ segment: SegmentReader, _ window: SectionWindow
    ) throws {
        guard count <= PostingsLayout.positionLimit(bytes: range.count) else {
            throw segment.corrupt(.positions, range.lowerBound, "\(count) positions in \(range.count) bytes")
        }
        positions.reserve(count)
        let bytes = try unsafe window.bytes(range)
        try segment.decoding(.positions, at: range.lowerBound) { () throws(RawError) in
            try unsafe PostingsLayout.decodePositions(bytes, count: count, into: positions.base + positions.count)
        }
    }

    /// Moves those of the decoded postings that stay up over those that go.
    ///
    /// - Returns: how many documents and positions stay.
    private func moveUp(
        _ count: Int, _ documents: UnsafeMutablePointer<UInt32>, _ frequencies: UnsafeMutablePointer<UInt32>,
        hasPositions: Bool
    ) -> (documents: Int, positions: Int) {
        let positions = unsafe self.positions.base + self.positions.count
        var kept = 0
        var keptPositions = 0
        var nextPosition = 0
        for index in 0..<count {
            let frequency = unsafe frequencies[index]
            let last = nextPosition &+ (hasPositions ? Int(frequency) : 0)
            if unsafe documents[index] != .max {
                unsafe documents[kept] = documents[index]
                unsafe frequencies[kept] = frequency
                kept &+= 1
                for position in nextPosition..<last {
                    unsafe positions[keptPositions] = positions[position]
                    keptPositions &+= 1
                }
            }
            nextPosition = last
        }
        return (kept, keptPositions)
    }

    // MARK: Merging

    /// Postings of one input, in ascending order of documents: a part of a list.
    @safe private struct Run {
        let documents: UnsafeMutablePointer<UInt32>
        let frequencies: UnsafeMutablePointer<UInt32>
        var positions: UnsafeMutablePointer<UInt32>
        let count: Int
        var next = 0

        /// Where it stands, to compare: the document, then which run it is.
        @inline(__always)
        func head(_ index: Int) -> UInt64 { unsafe UInt64(documents[next]) << 32 | UInt64(index) }
    }

    /// Where a run starts that is appended next.
    struct Mark: Equatable {
        fileprivate var documents: Int
        fileprivate var positions: Int
    }

    var end: Mark { Mark(documents: documents.count, positions: positions.count) }

    /// Replaces what is here by the runs of a list, in ascending order of documents. No two have a document in common.
    ///
    /// - Parameter starts: of the runs, none of which is empty; at least two.
    func merge(_ list: DecodedList, _ starts: UnsafeBufferPointer<Mark>, hasPositions: Bool) {
        let total = list.documents.count
        documents.reserve(total)
        frequencies.reserve(total)
        positions.reserve(list.positions.count)
        unsafe withUnsafeTemporaryAllocation(of: Run.self, capacity: starts.count) { runs in
            for index in 0..<starts.count {
                let start = unsafe starts[index]
                let end = unsafe index + 1 < starts.count ? starts[index + 1].documents : total
                unsafe runs.initializeElement(
                    at: index,
                    to: Run(
                        documents: list.documents.base + start.documents,
                        frequencies: list.frequencies.base + start.documents,
                        positions: list.positions.base + start.positions, count: end - start.documents))
            }
            unsafe merge(runs, hasPositions: hasPositions)
        }
        documents.count = total
        frequencies.count = total
        positions.count = list.positions.count
    }

    /// - Parameter runs: for which there is room.
    private func merge(_ runs: UnsafeMutableBufferPointer<Run>, hasPositions: Bool) {
        var documents = unsafe self.documents.base
        var frequencies = unsafe self.frequencies.base
        var positions = unsafe self.positions.base
        unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: runs.count) { heads in
            var runCount = runs.count
            for index in 0..<runCount { unsafe heads.initializeElement(at: index, to: runs[index].head(index)) }
            while runCount > 0 {
                // The smallest head, and the smallest of the others: up to that, documents are copied without looking. No
                // branches, as which is smaller cannot be guessed.
                var least = UInt64.max
                var second = UInt64.max
                for index in 0..<runCount {
                    let head = unsafe heads[index]
                    second = min(second, max(least, head))
                    least = min(least, head)
                }
                let best = Int(least & 0xFFFF_FFFF)
                let limit = UInt32(second >> 32)
                var run = unsafe runs[best]
                repeat {
                    let frequency = unsafe run.frequencies[run.next]
                    unsafe documents.pointee = run.documents[run.next]
                    unsafe frequencies.pointee = frequency
                    unsafe documents += 1
                    unsafe frequencies += 1
                    run.next &+= 1
                    guard hasPositions else { continue }
                    for place in 0..<Int(frequency) { unsafe positions[place] = run.positions[place] }
                    unsafe positions += Int(frequency)
                    unsafe run.positions += Int(frequency)
                } while unsafe run.next < run.count && run.documents[run.next] < limit
                if run.next < run.count {
                    unsafe runs[best] = run
                    unsafe heads[best] = run.head(best)
                } else {
                    runCount &-= 1
                    guard best < runCount else { continue }
                    unsafe runs[best] = runs[runCount]
                    unsafe heads[best] = runs[best].head(best)
                }
            }
        }
    }

    /// Whether the runs of the list come in ascending order of documents as they are.
    func isAscending(_ starts: UnsafeBufferPointer<Mark>) -> Bool {
        // In bounds: no run is empty.
        for index in 1..<max(starts.count, 1) {
            let start = unsafe starts[index].documents
            if unsafe documents.base[start] <= documents.base[start &- 1] { return false }
        }
        return true
    }

    func list(hasPositions: Bool) -> PostingsEncoder.List {
        unsafe PostingsEncoder.List(
            documents: documents.base, frequencies: frequencies.base, positions: positions.base,
            documentCount: documents.count,
            occurrenceCount: hasPositions ? positions.count : documents.count,
            hasPositions: hasPositions)
    }
}
