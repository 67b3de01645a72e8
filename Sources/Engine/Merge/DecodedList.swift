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

    func append(repeating value: UInt32, count more: Int) {
        reserve(more)
        unsafe (base + count).update(repeating: value, count: more)
        count += more
    }

    func append(_ source: UnsafePointer<UInt32>, count more: Int) {
        reserve(more)
        unsafe (base + count).update(from: source, count: more)
        count += more
    }
}

/// Part of a posting list, with ordinals of the output.
final class DecodedList {
    let documents = NumberBuffer()
    let frequencies = NumberBuffer()
    /// As they are stored: document by document, each but the first of a document as its difference to the one before.
    let positions = NumberBuffer()
    private let blockDocuments = NumberBuffer()
    private let blockFrequencies = NumberBuffer()
    private let blockPositions = NumberBuffer()

    init() {
        blockDocuments.reserve(PostingsLayout.documentRoom)
        blockFrequencies.reserve(SegmentFormat.blockCount)
    }

    func clear() {
        documents.count = 0
        frequencies.count = 0
        positions.count = 0
    }

    /// Appends the only posting of a term that stands in one document, once.
    ///
    /// - Parameter place: of the document in the output.
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
        _ entry: TermEntry, of segment: SegmentReader, in range: Range<Int>, places: [UInt32], postings: SectionWindow,
        positions positionWindow: SectionWindow
    ) throws {
        if entry.documentFrequency == 1 {
            guard range.contains(Int(entry.singleDocument)) else { return }
            let place = places[Int(entry.singleDocument) - range.lowerBound]
            guard place != .max else { return }
            guard entry.hasPositions, entry.occurrenceCount > 1 else { return append(entry, at: place) }
            documents.append(place)
            frequencies.append(UInt32(clamping: entry.occurrenceCount))
            try appendAll(Int(clamping: entry.occurrenceCount), entry, segment, positionWindow)
            return
        }
        try unsafe postings.withBytes(entry.postings) { bytes in
            try unsafe append(bytes, entry, of: segment, in: range, places: places, positions: positionWindow)
        }
    }

    /// - Parameter bytes: the list's postings.
    private func append(
        _ bytes: UnsafeRawBufferPointer, _ entry: TermEntry, of segment: SegmentReader, in range: Range<Int>,
        places: [UInt32], positions positionWindow: SectionWindow
    ) throws {
        let start = entry.postings.lowerBound
        let layout = try segment.decoding(.postings, at: start) { () throws(RawError) in
            try unsafe PostingsLayout(bytes, entry: entry, documentCount: segment.footer.documentCount)
        }
        var block =
            layout.blockCount > 1
            ? layout.block(reaching: UInt32(clamping: range.lowerBound), from: 0) : 0
        while block < layout.blockCount {
            if block > 0, Int(layout.lastDocument(block - 1)) >= range.upperBound { return }
            try segment.decoding(.postings, at: start) { () throws(RawError) in
                let frequenciesAt = try unsafe layout.decodeDocuments(block, into: blockDocuments.base)
                guard entry.hasPositions else { return }
                try unsafe layout.decodeFrequencies(block, at: frequenciesAt, into: blockFrequencies.base)
            }
            let count = layout.countInBlock(block)
            if entry.hasPositions {
                let part = try segment.decoding(.postings, at: start) { () throws(RawError) in
                    try layout.positionsRange(block)
                }
                let first = entry.positions.lowerBound + UInt64(part.lowerBound)
                try loadPositions(
                    first..<(first + UInt64(part.count)), count: frequencySum(count), segment, positionWindow)
            }
            keep(count, hasPositions: entry.hasPositions, range, places)
            block += 1
        }
    }

    private func frequencySum(_ count: Int) -> Int {
        var sum = 0
        for index in 0..<count { unsafe sum += Int(blockFrequencies.base[index]) }
        return sum
    }

    private func loadPositions(
        _ range: Range<UInt64>, count: Int, _ segment: SegmentReader, _ window: SectionWindow
    ) throws {
        guard count <= PostingsLayout.positionLimit(bytes: range.count) else {
            throw segment.corrupt(.positions, range.lowerBound, "\(count) positions in \(range.count) bytes")
        }
        blockPositions.reserve(count)
        try unsafe window.withBytes(range) { bytes in
            try segment.decoding(.positions, at: range.lowerBound) { () throws(RawError) in
                try unsafe PostingsLayout.decodePositions(bytes, count: count, into: blockPositions.base)
            }
        }
    }

    /// Positions of the only document of a list.
    private func appendAll(
        _ count: Int, _ entry: TermEntry, _ segment: SegmentReader, _ window: SectionWindow
    ) throws {
        try loadPositions(entry.positions, count: count, segment, window)
        appendPositions(from: 0, count)
    }

    private func appendPositions(from first: Int, _ count: Int) {
        unsafe positions.append(blockPositions.base + first, count: count)
    }

    private func keep(_ count: Int, hasPositions: Bool, _ range: Range<Int>, _ places: [UInt32]) {
        documents.reserve(count)
        let isWhole = unsafe places.withUnsafeBufferPointer { places in
            let out = unsafe documents.base + documents.count
            var dropped: UInt32 = 0
            for index in 0..<count {
                let at = unsafe Int(blockDocuments.base[index]) &- range.lowerBound
                let place = unsafe at >= 0 && at < places.count ? places[at] : .max
                unsafe out[index] = place
                dropped |= place == .max ? 1 : 0
            }
            return dropped == 0
        }
        if isWhole {
            documents.count += count
            guard hasPositions else { return frequencies.append(repeating: 1, count: count) }
            unsafe frequencies.append(blockFrequencies.base, count: count)
            return appendPositions(from: 0, frequencySum(count))
        }
        // Those that stay move up over those that go.
        let all = unsafe documents.base + documents.count
        var nextPosition = 0
        for index in 0..<count {
            let frequency = unsafe hasPositions ? blockFrequencies.base[index] : 1
            let place = unsafe all[index]
            if place != .max {
                documents.append(place)
                frequencies.append(frequency)
                if hasPositions { appendPositions(from: nextPosition, Int(frequency)) }
            }
            nextPosition += Int(frequency)
        }
    }

    /// One of the lists being merged, and how far it is.
    @safe private struct Run {
        let documents: UnsafeMutablePointer<UInt32>
        let frequencies: UnsafeMutablePointer<UInt32>
        let positions: UnsafeMutablePointer<UInt32>
        let count: Int
        var next = 0
        var nextPosition = 0

        /// Where it stands, to compare: the document, then which run it is.
        func head(_ index: Int) -> UInt64 { unsafe UInt64(documents[next]) << 32 | UInt64(index) }

        init(_ list: DecodedList) {
            unsafe documents = list.documents.base
            unsafe frequencies = list.frequencies.base
            unsafe positions = list.positions.base
            count = list.documents.count
        }
    }

    /// Replaces what is here by all of some lists, in ascending order of documents. No two have a document in common.
    ///
    /// - Parameter filled: indices of those that are merged; none is empty.
    func merge(_ lists: [DecodedList], _ filled: [Int], hasPositions: Bool) {
        clear()
        documents.reserve(filled.reduce(0) { $0 + lists[$1].documents.count })
        frequencies.reserve(filled.reduce(0) { $0 + lists[$1].documents.count })
        positions.reserve(filled.reduce(0) { $0 + lists[$1].positions.count })
        // Room for all was made above; the lists do not change meanwhile.
        let outDocuments = unsafe documents.base
        let outFrequencies = unsafe frequencies.base
        let outPositions = unsafe positions.base
        var count = 0
        var positionCount = 0
        unsafe withUnsafeTemporaryAllocation(of: Run.self, capacity: filled.count) { runs in
            unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: filled.count) { heads in
                var runCount = 0
                for index in filled {
                    unsafe runs.initializeElement(at: runCount, to: Run(lists[index]))
                    unsafe heads.initializeElement(at: runCount, to: runs[runCount].head(runCount))
                    runCount += 1
                }
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
                        unsafe outDocuments[count] = run.documents[run.next]
                        unsafe outFrequencies[count] = frequency
                        count &+= 1
                        run.next &+= 1
                        guard hasPositions else { continue }
                        for place in 0..<Int(frequency) {
                            unsafe outPositions[positionCount &+ place] = run.positions[run.nextPosition &+ place]
                        }
                        positionCount &+= Int(frequency)
                        run.nextPosition &+= Int(frequency)
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
        documents.count = count
        frequencies.count = count
        positions.count = positionCount
    }

    func list(hasPositions: Bool) -> PostingsEncoder.List {
        unsafe PostingsEncoder.List(
            documents: documents.base, frequencies: frequencies.base, positions: positions.base,
            documentCount: documents.count,
            occurrenceCount: hasPositions ? positions.count : documents.count,
            hasPositions: hasPositions)
    }
}
