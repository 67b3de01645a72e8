// A posting list in memory between decoding and encoding in a merge; its buffers are used again for each term.

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
        // Nor are there more words in all records than bytes.
        guard count <= PostingsLayout.positionLimit(bytes: range.count), UInt64(count) <= segment.footer.recordBytes
        else {
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

    static func positionCount(from start: Mark, to end: Mark) -> Int { end.positions - start.positions }

    /// Appends some of the postings of another list.
    func append(_ other: DecodedList, from start: Mark, to end: Mark) {
        documents.append(other.documents, start.documents..<end.documents)
        frequencies.append(other.frequencies, start.documents..<end.documents)
        positions.append(other.positions, start.positions..<end.positions)
    }

    /// Whether all postings of another list are here, each with all its positions. Both have as many positions as their frequencies say.
    func holds(_ other: DecodedList) -> Bool {
        var (at, position) = (0, 0)
        var otherPosition = 0
        for index in 0..<other.documents.count {
            while at < documents.count, unsafe documents.base[at] < other.documents.base[index] {
                unsafe position += Int(frequencies.base[at])
                at += 1
            }
            guard at < documents.count, unsafe documents.base[at] == other.documents.base[index] else { return false }
            let end = unsafe position + Int(frequencies.base[at])
            let otherEnd = unsafe otherPosition + Int(other.frequencies.base[index])
            guard end <= positions.count, otherEnd <= other.positions.count else { return false }
            var (place, wanted): (UInt64, UInt64) = (0, 0)
            var next = position
            for wantedIndex in otherPosition..<otherEnd {
                unsafe wanted += UInt64(other.positions.base[wantedIndex])
                repeat {
                    guard next < end else { return false }
                    unsafe place += UInt64(positions.base[next])
                    next += 1
                } while place < wanted
                guard place == wanted else { return false }
            }
            (position, otherPosition) = (end, otherEnd)
            at += 1
        }
        return true
    }

    // MARK: Merging

    /// Postings of one input, in ascending order of documents: a part of a list.
    private struct Run: BitwiseCopyable {
        /// Its first posting that is not merged yet, and where it ends.
        var next: Int
        let end: Int
        /// Of the next posting.
        var position: Int
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
        documents.count = 0
        frequencies.count = 0
        positions.count = 0
        documents.reserve(total)
        frequencies.reserve(total)
        positions.reserve(list.positions.count)
        unsafe withUnsafeTemporaryAllocation(of: Run.self, capacity: starts.count) { runs in
            for index in 0..<starts.count {
                let end = unsafe index + 1 < starts.count ? starts[index + 1].documents : total
                unsafe runs.initializeElement(
                    at: index,
                    to: Run(next: starts[index].documents, end: end, position: starts[index].positions))
            }
            unsafe drain(list, runs, hasPositions: hasPositions)
        }
        documents.count = total
        frequencies.count = total
        positions.count = list.positions.count
    }

    /// By a tree of losers (Knuth, "The Art of Computer Programming", volume 3, section 5.4.1): a leaf for each run, and in each
    /// node above the larger of the two heads that met there. A head is a document, then its run. Which is larger cannot be
    /// guessed, so nothing in the tree branches on it.
    ///
    /// - Parameter runs: of the list, for which there is room here.
    private func drain(_ list: DecodedList, _ runs: UnsafeMutableBufferPointer<Run>, hasPositions: Bool) {
        let leafCount = 1 << (Int.bitWidth - (runs.count - 1).leadingZeroBitCount)
        unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * leafCount) { nodes in
            let tree = nodes.baseAddress!
            for leaf in 0..<leafCount {
                unsafe tree[leafCount + leaf] =
                    leaf < runs.count ? Self.head(list.documents.base[runs[leaf].next], leaf) : .max
            }
            for node in (1..<leafCount).reversed() { unsafe tree[node] = min(tree[2 * node], tree[2 * node + 1]) }
            let first = unsafe tree[1]
            for node in 1..<leafCount { unsafe tree[node] = max(tree[2 * node], tree[2 * node + 1]) }
            unsafe drain(list, runs.baseAddress!, tree, leafCount, first, hasPositions: hasPositions)
        }
    }

    @inline(__always)
    private static func head(_ document: UInt32, _ run: Int) -> UInt64 {
        UInt64(document) << 32 | UInt64(truncatingIfNeeded: run)
    }

    /// - Parameters:
    ///   - tree: its losers, from 1 on.
    ///   - first: the least head.
    private func drain(
        _ list: DecodedList, _ runs: UnsafeMutablePointer<Run>, _ tree: UnsafeMutablePointer<UInt64>, _ leafCount: Int,
        _ first: UInt64, hasPositions: Bool
    ) {
        let (fromDocuments, fromFrequencies) = unsafe (list.documents.base, list.frequencies.base)
        let fromPositions = unsafe UnsafeRawPointer(list.positions.base)
        let (documents, frequencies) = unsafe (self.documents.base, self.frequencies.base)
        var positions = unsafe UnsafeMutableRawPointer(self.positions.base)
        var out = 0
        var winner = first
        // Documents of the winner's run below this one are copied without asking the tree.
        var limit: UInt32 = 0
        while winner != .max {
            let best = Int(winner & 0xFFFF_FFFF)
            var run = unsafe runs[best]
            repeat {
                let frequency = unsafe fromFrequencies[run.next]
                unsafe documents[out] = fromDocuments[run.next]
                unsafe frequencies[out] = frequency
                run.next &+= 1
                out &+= 1
                guard hasPositions else { continue }
                let size = Int(frequency) &* 4
                let from = unsafe fromPositions + run.position &* 4
                var copied = 0
                repeat {
                    // In bounds: the buffers have slack.
                    let four = unsafe from.loadUnaligned(fromByteOffset: copied, as: SIMD4<UInt32>.self)
                    unsafe positions.storeBytes(of: four, toByteOffset: copied, as: SIMD4<UInt32>.self)
                    copied &+= 16
                } while copied < size
                unsafe positions += size
                run.position &+= Int(frequency)
            } while unsafe run.next < run.end && fromDocuments[run.next] < limit
            unsafe runs[best] = run
            winner = unsafe run.next < run.end ? Self.head(fromDocuments[run.next], best) : .max
            var node = (leafCount &+ best) &>> 1
            while node > 0 {
                let other = unsafe tree[node]
                unsafe tree[node] = max(winner, other)
                winner = min(winner, other)
                node &>>= 1
            }
            limit = unsafe winner & 0xFFFF_FFFF == UInt64(best) ? leastOther(tree, leafCount &+ best) : 0
        }
    }

    /// The least document that met the winner.
    private func leastOther(_ tree: UnsafeMutablePointer<UInt64>, _ leaf: Int) -> UInt32 {
        var least = UInt64.max
        var node = leaf >> 1
        while node > 0 {
            least = unsafe min(least, tree[node])
            node >>= 1
        }
        return UInt32(least >> 32)
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
