// What the words that a word with stars stands for are found in, gathered before it is searched. A hot file: bits and sums are
// written through pointers, in bounds because entries and lists name documents of the segment.

/// Documents of a segment that have any of some words.
@safe struct GatheredList {
    /// A bit for each document of the segment, where that takes less than their ordinals do; else empty.
    fileprivate let bits: [UInt64]
    /// Their ordinals, ascending; else empty.
    private let ordinals: [UInt32]
    let count: Int
    /// For each document, ascending, how often the words stand in it; empty if scores are not wanted.
    fileprivate let frequencies: [UInt32]

    /// - Parameters:
    ///   - slices: of each entry's postings; nil if the segment is mapped.
    ///   - scratch: whose slots are taken.
    init(
        _ entries: [TermEntry], _ slices: [SectionSlice]?, in segment: SegmentReader, scratch: SearchScratch,
        isScoring: Bool
    ) throws {
        guard !entries.isEmpty else {
            (bits, ordinals, count, frequencies) = ([], [], 0, [])
            return
        }
        // Zero all, and left so.
        let sums = unsafe scratch.frequencies(segment.documentCount)
        var bits = [UInt64](repeating: 0, count: (segment.documentCount + 63) / 64)
        try unsafe bits.withUnsafeMutableBufferPointer { bits in
            @inline(__always)
            func mark(_ document: UInt32) {
                let at = Int(document)
                unsafe bits[at >> 6] |= 1 &<< UInt64(truncatingIfNeeded: at & 63)
            }
            @inline(__always)
            func add(_ document: UInt32, _ frequency: UInt32) {
                let (sum, overflow) = unsafe sums[Int(document)].addingReportingOverflow(frequency)
                unsafe sums[Int(document)] = overflow ? .max : sum
                mark(document)
            }
            let documents = unsafe scratch.slot()
            let frequencies = unsafe documents + PostingsLayout.documentRoom
            for (number, entry) in entries.enumerated() {
                // Most words are in one article alone.
                if entry.documentFrequency == 1 {
                    let frequency = entry.hasPositions ? UInt32(clamping: entry.occurrenceCount) : 1
                    if isScoring { add(entry.singleDocument, frequency) } else { mark(entry.singleDocument) }
                    continue
                }
                try scratch.stop?.check()
                let postings =
                    if let slices { slices[number].paged } else {
                        try segment.mappedBytes(.postings, entry.postings)
                    }
                guard let postings else { throw segment.corrupt(.postings, entry.postings.lowerBound, "an empty list") }
                try postings.check(0..<postings.count)
                try segment.decoding(.postings, at: entry.postings.lowerBound) { () throws(RawError) in
                    let layout = try unsafe PostingsLayout(
                        postings.unchecked, entry: entry, documentCount: segment.footer.documentCount)
                    for block in 0..<layout.blockCount {
                        let at = try unsafe layout.decodeDocuments(block, into: documents)
                        let count = layout.countInBlock(block)
                        if !isScoring {
                            for index in 0..<count { unsafe mark(documents[index]) }
                        } else if !entry.hasPositions {
                            for index in 0..<count { unsafe add(documents[index], 1) }
                        } else {
                            try unsafe layout.decodeFrequencies(block, at: at, into: frequencies)
                            for index in 0..<count { unsafe add(documents[index], frequencies[index]) }
                        }
                    }
                }
            }
        }
        let count = bits.reduce(0) { $0 + $1.nonzeroBitCount }
        self.count = count
        (self.bits, ordinals) =
            count * UInt32.bitWidth < segment.documentCount ? ([], Self.ordinals(of: bits, count)) : (bits, [])
        guard isScoring else {
            frequencies = []
            return
        }
        frequencies = unsafe [UInt32](unsafeUninitializedCapacity: count) { frequencies, frequencyCount in
            var next = frequencies.baseAddress
            for (word, all) in bits.enumerated() {
                let own = unsafe sums + word << 6
                var rest = all
                while rest != 0 {
                    let bit = rest.trailingZeroBitCount
                    unsafe next!.initialize(to: own[bit])
                    unsafe next! += 1
                    unsafe own[bit] = 0
                    rest &= rest &- 1
                }
            }
            frequencyCount = count
        }
    }

    /// Documents that are not among `dead`.
    func liveCount(without dead: DocumentSet) -> Int {
        guard !dead.isEmpty else { return count }
        guard bits.isEmpty else { return zip(bits, dead.words).reduce(0) { $0 + ($1.0 & ~$1.1).nonzeroBitCount } }
        return ordinals.reduce(0) { $0 + (dead.contains($1) ? 0 : 1) }
    }

    /// Ascending.
    var documents: [UInt32] { bits.isEmpty ? ordinals : Self.ordinals(of: bits, count) }

    var leaf: WindowLeaf {
        bits.isEmpty ? SparseLeaf(documents: ordinals, frequencies: frequencies) : DenseLeaf(self)
    }

    private static func ordinals(of bits: [UInt64], _ count: Int) -> [UInt32] {
        var ordinals: [UInt32] = []
        ordinals.reserveCapacity(count)
        for (word, all) in bits.enumerated() {
            var rest = all
            while rest != 0 {
                ordinals.append(UInt32(truncatingIfNeeded: word << 6 | rest.trailingZeroBitCount))
                rest &= rest &- 1
            }
        }
        return ordinals
    }
}

/// A word with stars that stands in few documents.
private final class SparseLeaf: WindowLeaf {
    /// Ascending.
    private let documents: [UInt32]
    private let frequencies: [UInt32]
    private var markPlace = 0
    private var scorePlace = 0

    init(documents: [UInt32], frequencies: [UInt32]) {
        self.documents = documents
        self.frequencies = frequencies
    }

    override var cost: Int { documents.count }

    override func next(from document: UInt32) throws -> UInt32 {
        while markPlace < documents.count, documents[markPlace] < document { markPlace += 1 }
        return markPlace < documents.count ? documents[markPlace] : TermCursor.end
    }

    override func mark(
        _ window: Window, within: UnsafePointer<UInt64>, _ bits: UnsafeMutablePointer<UInt64>
    ) throws {
        _ = try next(from: window.lower)
        while markPlace < documents.count, documents[markPlace] < window.upper {
            unsafe window.set(documents[markPlace], in: bits)
            markPlace += 1
        }
    }

    override func score(_ window: Window, _ matched: UnsafePointer<UInt64>, into scores: LeafScores) throws {
        while scorePlace < documents.count, documents[scorePlace] < window.lower { scorePlace += 1 }
        while scorePlace < documents.count, documents[scorePlace] < window.upper {
            let document = documents[scorePlace]
            if unsafe window.contains(document, in: matched) { scores.add(document, frequencies[scorePlace]) }
            scorePlace += 1
        }
    }
}

/// A word with stars that stands in many documents.
private final class DenseLeaf: WindowLeaf {
    private let list: GatheredList
    /// Documents before this word of the bits were passed, and so many of them are in the list.
    private var scoredWord = 0
    private var scoredCount = 0

    init(_ list: GatheredList) { self.list = list }

    override var cost: Int { list.count }

    override func next(from document: UInt32) throws -> UInt32 {
        var word = Int(document >> 6)
        guard word < list.bits.count else { return TermCursor.end }
        var rest = list.bits[word] & .max &<< UInt64(document & 63)
        while rest == 0 {
            word += 1
            guard word < list.bits.count else { return TermCursor.end }
            rest = list.bits[word]
        }
        return UInt32(truncatingIfNeeded: word << 6 | rest.trailingZeroBitCount)
    }

    /// Words of the bits that a window has.
    private func words(of window: Window) -> Range<Int> {
        precondition(window.lower & 63 == 0, "a window begins with a word of bits")
        let first = Int(window.lower >> 6)
        return first..<max(first, min(Int((window.upper + 63) >> 6), list.bits.count))
    }

    override func mark(
        _ window: Window, within: UnsafePointer<UInt64>, _ bits: UnsafeMutablePointer<UInt64>
    ) throws {
        let words = words(of: window)
        for word in words { unsafe bits[word &- words.lowerBound] |= list.bits[word] }
    }

    override func score(_ window: Window, _ matched: UnsafePointer<UInt64>, into scores: LeafScores) throws {
        let words = words(of: window)
        precondition(words.lowerBound >= scoredWord && words.upperBound <= list.bits.count, "windows move forward")
        unsafe list.bits.withUnsafeBufferPointer { bits in
            unsafe list.frequencies.withUnsafeBufferPointer { frequencies in
                var place = scoredCount
                for word in scoredWord..<max(scoredWord, words.lowerBound) {
                    unsafe place &+= bits[word].nonzeroBitCount
                }
                for word in words {
                    var rest = unsafe bits[word]
                    let wanted = unsafe matched[word &- words.lowerBound]
                    if rest & wanted == 0 {
                        place &+= rest.nonzeroBitCount
                        continue
                    }
                    while rest != 0 {
                        let bit = rest.trailingZeroBitCount
                        if wanted &>> UInt64(truncatingIfNeeded: bit) & 1 == 1 {
                            unsafe scores.add(
                                UInt32(truncatingIfNeeded: word << 6 | bit), frequencies[place])
                        }
                        place &+= 1
                        rest &= rest &- 1
                    }
                }
                scoredCount = place
                scoredWord = max(scoredWord, words.upperBound)
            }
        }
    }
}
