// Terms of several segments in one ascending stream.

/// Terms of one input, in order.
protocol TermStream: AnyObject {
    /// Moves to the next term; false after the last.
    func advance() throws -> Bool
    var key: TermKeyBuffer { get }
}

/// The dictionary of a segment, front to back.
final class DictionaryStream: TermStream {
    private let segment: SegmentReader
    private let window: SectionWindow
    private let scanner = DictionaryBlockScanner()
    private var block = -1
    private var blockStart: UInt64 = 0
    /// Last term of the block before: within a block the scanner holds the order.
    private var last: [UInt8] = []
    private var isFirstOfBlock = false

    init(_ segment: SegmentReader) {
        self.segment = segment
        window = SectionWindow(segment, .dictionary)
    }

    var key: TermKeyBuffer { scanner.key }
    var entry: TermEntry { scanner.entry }

    func advance() throws -> Bool {
        while true {
            if block >= 0,
                try segment.decoding(.dictionary, at: blockStart, { () throws(RawError) in try scanner.next() })
            {
                if isFirstOfBlock,
                    unsafe !last.lexicographicallyPrecedes(scanner.key.bytes)
                        || !segment.dictionaryIndex.key(block).elementsEqual(scanner.key.bytes)
                {
                    throw segment.corrupt(
                        .dictionary, blockStart,
                        "the first term of block \(block) is not above the term before, or not that of the index")
                }
                isFirstOfBlock = false
                return true
            }
            last = scanner.key.array
            isFirstOfBlock = true
            block += 1
            guard block < segment.dictionaryIndex.blockCount else {
                block = segment.dictionaryIndex.blockCount - 1
                return false
            }
            let range = segment.dictionaryIndex.blockRange(block)
            blockStart = range.lowerBound
            let (slice, part) = try window.part(range)
            try segment.load(slice, part, block: block, into: scanner)
        }
    }
}

/// The corrections of a segment, front to back.
final class CorrectionStream: TermStream {
    private let segment: SegmentReader
    private let window: SectionWindow
    private let scanner = CorrectionBlockScanner()
    private var block = -1
    /// Last term of the block before: within a block the scanner holds the order.
    private var last: [UInt8] = []
    private var isFirstOfBlock = false

    init(_ segment: SegmentReader) {
        self.segment = segment
        window = SectionWindow(segment, .corrections)
    }

    var key: TermKeyBuffer { scanner.key }
    var ordinals: [UInt32] { scanner.ordinals }

    func advance() throws -> Bool {
        while true {
            let start = block < 0 ? 0 : segment.correctionIndex.blockRange(block).lowerBound
            if block >= 0, try segment.decoding(.corrections, at: start, { () throws(RawError) in try scanner.next() })
            {
                if isFirstOfBlock,
                    unsafe !last.lexicographicallyPrecedes(scanner.key.bytes)
                        || !segment.correctionIndex.key(block).elementsEqual(scanner.key.bytes)
                {
                    throw segment.corrupt(
                        .corrections, start,
                        "the first term of block \(block) is not above the term before, or not that of the index")
                }
                isFirstOfBlock = false
                return true
            }
            last = scanner.key.array
            isFirstOfBlock = true
            block += 1
            guard block < segment.correctionIndex.blockCount else {
                block = segment.correctionIndex.blockCount - 1
                return false
            }
            let (slice, part) = try window.part(segment.correctionIndex.blockRange(block))
            try segment.load(slice, part, block: block, into: scanner)
        }
    }
}

/// Binary heap of streams, the smallest term on top. The first eight bytes of a term decide most comparisons.
struct TermMerge<Stream: TermStream> {
    /// Where a stream stands. Its bytes are valid until it moves, so that comparing terms counts no references.
    @safe private struct Head {
        /// Kept by `streams`.
        let stream: Unmanaged<Stream>
        let index: Int
        var prefix: UInt64 = 0
        var bytes = unsafe UnsafeBufferPointer<UInt8>(start: nil, count: 0)

        init(_ stream: Stream, _ index: Int) {
            unsafe self.stream = Unmanaged.passUnretained(stream)
            self.index = index
        }

        /// Moves the stream on; false after its last term.
        @inline(__always)
        mutating func advance() throws -> Bool {
            try unsafe stream._withUnsafeGuaranteedRef { stream in
                guard try stream.advance() else { return false }
                prefix = stream.key.prefix
                unsafe bytes = stream.key.bytes
                return true
            }
        }

        @inline(__always)
        func isBefore(_ other: Head) -> Bool {
            if prefix != other.prefix { return prefix < other.prefix }
            return unsafe compareBytes(bytes, other.bytes) < 0
        }

        @inline(__always)
        func isEqual(_ other: Head) -> Bool {
            guard prefix == other.prefix, unsafe bytes.count == other.bytes.count else { return false }
            // Of up to eight bytes the prefix is all.
            return unsafe bytes.count <= 8 || compareBytes(bytes, other.bytes) == 0
        }
    }

    private let streams: [Stream]
    /// The first `headCount`.
    private let heap: ScratchArray<Head>
    private var headCount = 0
    /// Places of the heap that stand at the smallest term, ascending, and the indices of their streams, ascending too: the first `count`.
    private let equal: ScratchArray<Int>
    private let found: ScratchArray<Int>
    private(set) var count = 0

    init(_ streams: [Stream]) throws {
        self.streams = streams
        equal = ScratchArray(count: streams.count)
        found = ScratchArray(count: streams.count)
        heap = ScratchArray(count: streams.count)
        for (index, stream) in streams.enumerated() {
            var head = Head(stream, index)
            guard try head.advance() else { continue }
            unsafe heap.base[headCount] = head
            headCount += 1
        }
        for place in (0..<headCount).reversed() { sink(place) }
    }

    /// The smallest term, once `find` has found it and until `advance`.
    var term: UnsafeBufferPointer<UInt8> { unsafe heap.base[0].bytes }

    /// Index of one of the `count` streams that stand at the smallest term; they ascend.
    @inline(__always)
    func index(_ number: Int) -> Int {
        precondition(number < count)
        return unsafe found.base[number]
    }

    /// Finds the smallest term and the streams that stand at it; false when no term is left.
    mutating func find() -> Bool {
        guard headCount > 0 else { return false }
        let first = unsafe heap.base[0]
        // In bounds: each place stands there once.
        unsafe equal.base[0] = 0
        unsafe found.base[0] = first.index
        count = 1
        // Below a place where the term is larger it is nowhere.
        var looked = 0
        while looked < count {
            let child = unsafe 2 &* equal.base[looked] &+ 1
            looked &+= 1
            for place in child..<max(child, min(child &+ 2, headCount)) where unsafe heap.base[place].isEqual(first) {
                unsafe equal.base[count] = place
                let index = unsafe heap.base[place].index
                var at = count
                while at > 0, unsafe found.base[at &- 1] > index {
                    unsafe found.base[at] = found.base[at &- 1]
                    at &-= 1
                }
                unsafe found.base[at] = index
                count &+= 1
            }
        }
        return true
    }

    /// Moves the streams that `find` has found.
    mutating func advance() throws {
        // From below, so that what is under a place is in order when it sinks.
        while count > 0 {
            count &-= 1
            let place = unsafe equal.base[count]
            if try unsafe heap.base[place].advance() {
                sink(place)
            } else {
                headCount &-= 1
                unsafe heap.base[place] = heap.base[headCount]
                if place < headCount { sink(place) }
            }
        }
    }

    private func sink(_ start: Int) {
        // In bounds: children are below the count.
        let heap = unsafe heap.base
        let head = unsafe heap[start]
        var place = start
        while true {
            var child = 2 &* place &+ 1
            guard child < headCount else { break }
            if child &+ 1 < headCount, unsafe heap[child &+ 1].isBefore(heap[child]) { child &+= 1 }
            guard unsafe heap[child].isBefore(head) else { break }
            unsafe heap[place] = heap[child]
            place = child
        }
        unsafe heap[place] = head
    }
}
