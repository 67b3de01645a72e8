// The lists of stems, made of those of their words: by walking lists that lie in memory one behind the other, where a counting sort
// would put each token into its place a second time, somewhere else. A hot file: where those lists lie is asked of memory some terms
// before.

/// Makes one list of those of several words of the same documents.
@safe final class WordListMerge {
    @safe private struct Word: BitwiseCopyable {
        var next: UnsafePointer<PostingsSorter.Posting>
        let end: UnsafePointer<PostingsSorter.Posting>
        /// Of the next document.
        var positions: UnsafePointer<UInt32>
    }

    private let words: ScratchArray<Word>
    /// Where the words stand, the least on top: a document, then the word's place.
    private let heap: ScratchArray<UInt64>
    private var count = 0
    private var postingCount = 0
    private var positionCount = 0
    private let merged = DecodedList()
    private let places = NumberBuffer()

    /// - Parameter wordCount: at most so many are merged.
    init(wordCount: Int) {
        words = ScratchArray(count: wordCount)
        heap = ScratchArray(count: wordCount)
    }

    func clear() {
        count = 0
        postingCount = 0
        positionCount = 0
    }

    /// Adds the list of a word, which must stay as it is until all are merged.
    ///
    /// - Parameters:
    ///   - postings: not empty.
    ///   - positions: each but the first of a document as its difference to the one before.
    @inline(__always)
    func add(
        _ postings: UnsafeBufferPointer<PostingsSorter.Posting>, _ positions: UnsafeBufferPointer<UInt32>
    ) {
        let first = postings.baseAddress!
        unsafe words.base[count] = Word(
            next: first, end: first + postings.count, positions: positions.baseAddress!)
        unsafe heap.base[count] = Self.head(first.pointee.ordinal, count)
        count += 1
        postingCount += postings.count
        positionCount += positions.count
    }

    /// The list of all words that were added, valid until the next is made.
    func list() -> PostingsEncoder.List {
        merged.clear()
        merged.documents.reserve(postingCount)
        merged.frequencies.reserve(postingCount)
        merged.positions.reserve(positionCount)
        for place in (0..<count / 2).reversed() { sink(place) }
        while count > 0 {
            let least = unsafe heap.base[0]
            var next = UInt64.max
            if count > 1 { next = unsafe heap.base[1] }
            if count > 2 { next = unsafe min(next, heap.base[2]) }
            if least >> 32 == next >> 32 {
                takeDocument(UInt32(truncatingIfNeeded: least >> 32))
            } else {
                take(Int(least & 0xFFFF_FFFF), before: UInt32(truncatingIfNeeded: next >> 32))
            }
        }
        return merged.list(hasPositions: true)
    }

    /// Takes the documents of the word on top that no other word has before `document`.
    @inline(__always)
    private func take(_ number: Int, before document: UInt32) {
        var word = unsafe words.base[number]
        var out = merged.documents.count
        var positions = 0
        // In bounds: room for all postings and positions is reserved.
        let (documents, frequencies) = unsafe (merged.documents.base, merged.frequencies.base)
        repeat {
            let posting = unsafe word.next.pointee
            unsafe documents[out] = posting.ordinal
            unsafe frequencies[out] = posting.frequency
            positions &+= Int(posting.frequency)
            out &+= 1
            unsafe word.next += 1
        } while unsafe word.next < word.end && word.next.pointee.ordinal < document
        merged.documents.count = out
        merged.frequencies.count = out
        unsafe copyShort(
            word.positions, to: merged.positions.base + merged.positions.count, byteCount: positions &* 4)
        merged.positions.count &+= positions
        unsafe word.positions += positions
        unsafe words.base[number] = word
        moveOn(number)
    }

    /// Takes a document that several words have.
    private func takeDocument(_ document: UInt32) {
        places.count = 0
        while count > 0, unsafe heap.base[0] >> 32 == UInt64(document) {
            let number = unsafe Int(heap.base[0] & 0xFFFF_FFFF)
            var word = unsafe words.base[number]
            let frequency = unsafe Int(word.next.pointee.frequency)
            places.reserve(frequency)
            var place: UInt32 = 0
            for index in 0..<frequency {
                unsafe place &+= word.positions[index]
                unsafe places.base[places.count] = place
                places.count &+= 1
            }
            unsafe word.positions += frequency
            unsafe word.next += 1
            unsafe words.base[number] = word
            moveOn(number)
        }
        sortPlaces()
        merged.documents.append(document)
        merged.frequencies.append(UInt32(truncatingIfNeeded: places.count))
        var before: UInt32 = 0
        for index in 0..<places.count {
            let place = unsafe places.base[index]
            merged.positions.append(place &- before)
            before = place
        }
    }

    private static let fewCount = 32

    private func sortPlaces() {
        var all = unsafe UnsafeMutableBufferPointer(start: places.base, count: places.count)
        guard all.count <= Self.fewCount else { return unsafe all.sort() }
        for index in 1..<all.count {
            let place = unsafe all[index]
            var at = index
            while at > 0, unsafe all[at &- 1] > place {
                unsafe all[at] = all[at &- 1]
                at &-= 1
            }
            unsafe all[at] = place
        }
    }

    private static func head(_ document: UInt32, _ word: Int) -> UInt64 {
        UInt64(document) << 32 | UInt64(truncatingIfNeeded: word)
    }

    /// Puts the word on top, whose documents were taken, where it belongs now.
    @inline(__always)
    private func moveOn(_ number: Int) {
        let word = unsafe words.base[number]
        if unsafe word.next < word.end {
            unsafe heap.base[0] = Self.head(word.next.pointee.ordinal, number)
        } else {
            count &-= 1
            unsafe heap.base[0] = heap.base[count]
        }
        sink(0)
    }

    private func sink(_ start: Int) {
        // In bounds: children are below the count.
        let heap = unsafe heap.base
        guard start < count else { return }
        let head = unsafe heap[start]
        var place = start
        while true {
            var child = 2 &* place &+ 1
            guard child < count else { break }
            if child &+ 1 < count, unsafe heap[child &+ 1] < heap[child] { child &+= 1 }
            guard unsafe heap[child] < head else { break }
            unsafe heap[place] = heap[child]
            place = child
        }
        unsafe heap[place] = head
    }
}
