// A posting list in memory between decoding and encoding in a merge; its buffers are used again for each term.

/// Growing array of numbers in raw memory. Confined to one thread.
@safe final class NumberBuffer {
    private(set) var base: UnsafeMutablePointer<UInt32>
    private var capacity = 256
    var count = 0

    init() { base = UnsafeMutablePointer<UInt32>.allocate(capacity: 256) }

    deinit { base.deallocate() }

    /// Makes room for `more` values beyond `count`.
    @inline(__always)
    func reserve(_ more: Int) {
        if count + more > capacity { grow(count + more) }
    }

    private func grow(_ wanted: Int) {
        let larger = max(capacity * 2, wanted)
        let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: larger)
        memory.update(from: base, count: count)
        base.deallocate()
        base = memory
        capacity = larger
    }

    @inline(__always)
    func append(_ value: UInt32) {
        reserve(1)
        base[count] = value
        count &+= 1
    }

    func append(_ source: UnsafePointer<UInt32>, count more: Int) {
        reserve(more)
        (base + count).update(from: source, count: more)
        count += more
    }
}

/// Part of a posting list, with ordinals of the output.
final class DecodedList {
    let documents = NumberBuffer()
    let frequencies = NumberBuffer()
    /// Absolute, document by document.
    let positions = NumberBuffer()
    private let blockDocuments = NumberBuffer()
    private let blockFrequencies = NumberBuffer()
    private let blockPositions = NumberBuffer()

    init() {
        blockDocuments.reserve(SegmentFormat.blockCount)
        blockFrequencies.reserve(SegmentFormat.blockCount)
    }

    func clear() {
        documents.count = 0
        frequencies.count = 0
        positions.count = 0
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
            documents.append(place)
            guard entry.hasPositions else { return frequencies.append(1) }
            frequencies.append(UInt32(clamping: entry.occurrenceCount))
            guard entry.occurrenceCount > 1 else { return positions.append(entry.singlePosition) }
            try appendAll(Int(clamping: entry.occurrenceCount), entry, segment, positionWindow)
            return
        }
        let bytes = try postings.bytes(entry.postings)
        let start = entry.postings.lowerBound
        let layout = try segment.decoding(.postings, at: start) { () throws(RawError) in
            try PostingsLayout(bytes, entry: entry, documentCount: segment.footer.documentCount)
        }
        var block = 0
        while layout.blockCount > 1, block < layout.blockCount, Int(layout.lastDocument(block)) < range.lowerBound {
            block += 1
        }
        while block < layout.blockCount {
            if block > 0, Int(layout.lastDocument(block - 1)) >= range.upperBound { return }
            try segment.decoding(.postings, at: start) { () throws(RawError) in
                let found = try layout.decodeDocuments(block, into: blockDocuments.base)
                guard entry.hasPositions else { return }
                try layout.decodeFrequencies(
                    block, at: found.frequenciesAt, width: found.frequencyWidth, into: blockFrequencies.base)
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
        for index in 0..<count { sum += Int(blockFrequencies.base[index]) }
        return sum
    }

    private func loadPositions(
        _ range: Range<UInt64>, count: Int, _ segment: SegmentReader, _ window: SectionWindow
    ) throws {
        guard count <= PostingsLayout.positionLimit(bytes: range.count) else {
            throw segment.corrupt(.positions, range.lowerBound, "\(count) positions in \(range.count) bytes")
        }
        let bytes = try window.bytes(range)
        blockPositions.reserve(count)
        try segment.decoding(.positions, at: range.lowerBound) { () throws(RawError) in
            try PostingsLayout.decodePositions(bytes, count: count, into: blockPositions.base)
        }
    }

    /// Positions of the only document of a list.
    private func appendAll(
        _ count: Int, _ entry: TermEntry, _ segment: SegmentReader, _ window: SectionWindow
    ) throws {
        try loadPositions(entry.positions, count: count, segment, window)
        appendPositions(from: 0, count)
    }

    /// Appends block positions, differences made absolute.
    private func appendPositions(from first: Int, _ count: Int) {
        positions.reserve(count)
        let source = blockPositions.base + first
        let out = positions.base + positions.count
        var position: UInt32 = 0
        for index in 0..<count {
            position &+= source[index]
            out[index] = position
        }
        positions.count += count
    }

    private func keep(_ count: Int, hasPositions: Bool, _ range: Range<Int>, _ places: [UInt32]) {
        var nextPosition = 0
        for index in 0..<count {
            let frequency = hasPositions ? blockFrequencies.base[index] : 1
            let document = Int(blockDocuments.base[index])
            let place = range.contains(document) ? places[document - range.lowerBound] : .max
            if place != .max {
                documents.append(place)
                frequencies.append(frequency)
                if hasPositions { appendPositions(from: nextPosition, Int(frequency)) }
            }
            nextPosition += Int(frequency)
        }
    }

    /// Replaces what is here by all of `lists`, in ascending order of documents. No two have a document in common.
    func merge(_ lists: [DecodedList], hasPositions: Bool) {
        clear()
        var heads = lists.map { _ in 0 }
        var positionHeads = heads
        while true {
            // The smallest head, and the smallest of the others: up to that, documents are copied without looking.
            var best = -1
            var bestDocument = UInt32.max
            var limit = UInt32.max
            for (index, list) in lists.enumerated() where heads[index] < list.documents.count {
                let document = list.documents.base[heads[index]]
                if best < 0 || document < bestDocument {
                    limit = bestDocument
                    bestDocument = document
                    best = index
                } else {
                    limit = min(limit, document)
                }
            }
            guard best >= 0 else { return }
            let list = lists[best]
            let start = heads[best]
            var end = start
            var occurrences = 0
            while end < list.documents.count, list.documents.base[end] < limit || end == start {
                occurrences += Int(list.frequencies.base[end])
                end += 1
            }
            documents.append(list.documents.base + start, count: end - start)
            frequencies.append(list.frequencies.base + start, count: end - start)
            if hasPositions {
                positions.append(list.positions.base + positionHeads[best], count: occurrences)
                positionHeads[best] += occurrences
            }
            heads[best] = end
        }
    }

    func list(hasPositions: Bool) -> PostingsEncoder.List {
        PostingsEncoder.List(
            documents: documents.base, frequencies: frequencies.base, positions: positions.base,
            documentCount: documents.count, occurrenceCount: hasPositions ? positions.count : documents.count,
            hasPositions: hasPositions)
    }
}
