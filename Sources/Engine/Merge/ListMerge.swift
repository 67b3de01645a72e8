import Glibc
import News

// The dictionaries of several segments as one, and the lists of each term as one. A hot file: most terms stand in one document of
// one input, so that for most nothing may be made, and no reference counted.

/// Merges the postings that some inputs have of the documents of an output.
struct ListMerge {
    private let inputs: [Input]

    /// - Parameter inputs: best in the order of their first documents, so that what does not overlap need not be merged.
    init(_ inputs: [Input]) { self.inputs = inputs }

    func run(to writer: SegmentWriter) throws {
        defer { withExtendedLifetime(inputs) {} }
        let unmanaged = unsafe inputs.map { unsafe Unmanaged.passUnretained($0) }
        var runs = TermRuns(inputCount: inputs.count)
        // Of the last word that has a stem.
        var word = TermRuns(inputCount: inputs.count)
        var watch = StemWatch()
        let merged = DecodedList()
        var terms = try TermMerge(inputs.map(\.stream))
        while terms.find() {
            let isBehindWord = unsafe watch.isBehindWord(terms.term)
            // A word that is its own stem, and the stem of no other in an input, has one list for both there.
            let takesWord = isBehindWord && word.hasInput(besides: terms) && watch.isOwnStem
            runs.clear()
            var occurrences: UInt64 = 0
            var hasPositions = false
            var nextOfWord = 0
            for number in 0..<terms.count {
                let index = terms.index(number)
                if takesWord { try takeRuns(of: word, &nextOfWord, before: index, to: &runs, &occurrences) }
                let start = runs.list.end
                // Kept above, so that no reference to it is counted.
                try unsafe unmanaged[index]._withUnsafeGuaranteedRef { input in
                    hasPositions = input.hasPositions
                    try input.decode(behind: &occurrences, to: runs.list)
                }
                runs.end(start, of: index)
            }
            if takesWord { try takeRuns(of: word, &nextOfWord, before: inputs.count, to: &runs, &occurrences) }
            // The stem's list holds the word's: where it is no longer it is the same, and stands once here, too.
            let isWords = isBehindWord && runs.list.end == word.list.end && (takesWord || watch.isOwnStem)
            if runs.count > 0, !isWords {
                if unsafe runs.list.isAscending(runs.starts) {
                    try unsafe writer.add(terms.term, runs.list.list(hasPositions: hasPositions))
                } else {
                    unsafe merged.merge(runs.list, runs.starts, hasPositions: hasPositions)
                    try unsafe writer.add(terms.term, merged.list(hasPositions: hasPositions))
                }
            }
            if unsafe watch.take(terms.term) { swap(&runs, &word) }
            try terms.advance()
        }
    }

    /// Appends to a stem's runs those of its word, of inputs that have the stem under the word's key.
    ///
    /// - Parameters:
    ///   - next: run of the word that is next.
    ///   - input: one that has the stem under its own key, or the number of all.
    private func takeRuns(
        of word: TermRuns, _ next: inout Int, before input: Int, to runs: inout TermRuns, _ occurrences: inout UInt64
    ) throws {
        while next < word.count, word.input(next) < input {
            occurrences += UInt64(word.positionCount(next))
            try inputs[word.input(next)].require(occurrences)
            runs.append(next, of: word)
            next += 1
        }
        if next < word.count, word.input(next) == input { next += 1 }
    }

    /// The terms of one part.
    final class Input {
        let stream: DictionaryStream
        /// Least ordinal in the output.
        let firstPlace: UInt32
        private let segment: SegmentReader
        private let range: Range<Int>
        private let places: ScratchArray<UInt32>
        private let postings: SectionWindow
        private let positions: SectionWindow

        /// - Parameter places: for each document of the part's range, its ordinal in the output; `.max` for those left out.
        init(_ part: RangeMerge.Part, _ places: [UInt32]) {
            segment = part.segment
            range = part.range
            firstPlace = places.first { $0 != .max } ?? .max
            self.places = ScratchArray(count: places.count)
            for (index, place) in places.enumerated() { unsafe self.places.base[index] = place }
            stream = DictionaryStream(part.segment)
            postings = SectionWindow(part.segment, .postings)
            positions = SectionWindow(part.segment, .positions)
        }

        fileprivate var hasPositions: Bool { stream.entry.hasPositions }

        /// Appends the postings of the stream's term that are in the output.
        ///
        /// - Parameter occurrences: of the term in inputs before: lists are held whole, with four bytes for each position.
        fileprivate func decode(behind occurrences: inout UInt64, to list: DecodedList) throws {
            let entry = stream.entry
            occurrences += entry.occurrenceCount
            try require(occurrences)
            // In bounds: a place for each document of the range.
            let places = unsafe UnsafeBufferPointer(start: places.base, count: range.count)
            // Most terms stand in one document, once: their dictionary says all of them.
            if entry.documentFrequency == 1, entry.occurrenceCount == 1 {
                let at = Int(entry.singleDocument) &- range.lowerBound
                guard at >= 0, at < places.count, unsafe places[at] != .max else { return }
                return unsafe list.append(entry, at: places[at])
            }
            try unsafe list.append(
                entry, of: segment, in: range, places: places, postings: postings, positions: positions)
        }

        fileprivate func require(_ occurrences: UInt64) throws(EngineError) {
            guard occurrences > SegmentFormat.maxMergedPositions else { return }
            throw EngineError(
                .limit, "a word stands \(occurrences) times in what is merged", object: segment.objectName,
                section: SectionKind.positions.name)
        }
    }
}

/// What the inputs of a merge say of a term: their postings one behind the other, in the order of the inputs.
@safe private struct TermRuns {
    let list = DecodedList()
    private let marks: ScratchArray<DecodedList.Mark>
    /// Of each run the number of its input; they ascend.
    private let inputs: ScratchArray<Int>
    private(set) var count = 0

    /// - Parameter inputCount: most runs that there can be.
    init(inputCount: Int) {
        marks = ScratchArray(count: inputCount)
        inputs = ScratchArray(count: inputCount)
    }

    /// Where the runs start, none of which is empty.
    var starts: UnsafeBufferPointer<DecodedList.Mark> { unsafe UnsafeBufferPointer(start: marks.base, count: count) }

    @inline(__always)
    func input(_ run: Int) -> Int {
        precondition(run < count)
        return unsafe inputs.base[run]
    }

    /// Whether there is a run of an input that does not stand at a term.
    func hasInput(besides term: TermMerge<DictionaryStream>) -> Bool {
        var number = 0
        for run in 0..<count {
            while number < term.count, term.index(number) < input(run) { number += 1 }
            if number == term.count || term.index(number) != input(run) { return true }
        }
        return false
    }

    mutating func clear() {
        list.clear()
        count = 0
    }

    /// Ends a run that was appended to the list; an empty one is none.
    ///
    /// - Parameter start: the list's end before it.
    @inline(__always)
    mutating func end(_ start: DecodedList.Mark, of input: Int) {
        guard list.end != start else { return }
        // In bounds: an input has one run.
        unsafe marks.base[count] = start
        unsafe inputs.base[count] = input
        count &+= 1
    }

    private func marks(_ run: Int) -> (start: DecodedList.Mark, end: DecodedList.Mark) {
        precondition(run < count)
        return unsafe (marks.base[run], run + 1 < count ? marks.base[run + 1] : list.end)
    }

    func positionCount(_ run: Int) -> Int {
        let (start, end) = marks(run)
        return DecodedList.positionCount(from: start, to: end)
    }

    /// Appends a run of another term.
    mutating func append(_ run: Int, of other: TermRuns) {
        let start = list.end
        let (first, end) = other.marks(run)
        list.append(other.list, from: first, to: end)
        self.end(start, of: other.input(run))
    }
}

/// Tells stems that come right behind the words they are themselves.
@safe private struct StemWatch {
    /// Key of the last word that has a stem: the first `count` bytes.
    private let word = ScratchArray<UInt8>(count: IndexField.maxTermBytes + 1)
    private var count = 0
    private let stemmers = StemmerSet()

    /// - Returns: whether a term is a word that has a stem.
    @inline(__always)
    mutating func take(_ term: UnsafeBufferPointer<UInt8>) -> Bool {
        guard unsafe TermKey.isWordWithStem(term) else { return false }
        // In bounds: no term is longer with its field.
        unsafe copyShort(term.baseAddress!, to: word.base, byteCount: term.count)
        count = term.count
        return true
    }

    /// Whether a term is a stem of the last word's letters and language, whatever that word's own stem is.
    @inline(__always)
    func isBehindWord(_ term: UnsafeBufferPointer<UInt8>) -> Bool {
        guard unsafe TermKey.isStem(term), term.count == count else { return false }
        return unsafe word.base[count - 1] | 1 == term[count - 1]
            && memcmp(word.base, term.baseAddress!, count - 1) == 0
    }

    /// Whether the last word is its own stem.
    var isOwnStem: Bool {
        let key = unsafe Array(UnsafeBufferPointer(start: word.base, count: count))
        guard let language = TermKey.language(of: key) else { return false }
        return stemmers[language].isStem(TermKey.withoutTail(key).dropFirst())
    }
}
