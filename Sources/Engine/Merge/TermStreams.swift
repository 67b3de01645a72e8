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
                if isFirstOfBlock, unsafe !last.lexicographicallyPrecedes(scanner.key.bytes) {
                    throw segment.corrupt(
                        .dictionary, blockStart, "the first term of block \(block) is not above the term before")
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
                if isFirstOfBlock, unsafe !last.lexicographicallyPrecedes(scanner.key.bytes) {
                    throw segment.corrupt(
                        .corrections, start, "the first term of block \(block) is not above the term before")
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

/// Binary heap of streams, the smallest term on top; ties by index, so that inputs come in order. The first eight bytes of a term decide
/// most comparisons.
struct TermMerge<Stream: TermStream> {
    /// Where a stream stands. Its bytes are valid until it moves, so that comparing terms counts no references.
    @safe private struct Head {
        var prefix: UInt64
        var bytes: UnsafeBufferPointer<UInt8>
        var index: Int

        @inline(__always)
        func isBefore(_ other: Head) -> Bool {
            if prefix != other.prefix { return prefix < other.prefix }
            let order = unsafe compareBytes(bytes, other.bytes)
            return order == 0 ? index < other.index : order < 0
        }
    }

    let streams: [Stream]
    private var heap: [Head] = []
    private var equal: [Int] = []

    init(_ streams: [Stream]) throws {
        self.streams = streams
        heap.reserveCapacity(streams.count)
        for index in streams.indices { try insert(index) }
    }

    /// Takes all streams that stand at the smallest term.
    ///
    /// - Parameter body: gets the term and the indices of the streams, ascending; they may be read, not moved.
    /// - Returns: false when no term is left.
    mutating func next(_ body: (UnsafeBufferPointer<UInt8>, [Int]) throws -> Void) throws -> Bool {
        guard let first = heap.first else { return false }
        // Taken out, so that it is changed in place.
        var equal = self.equal
        self.equal = []
        equal.removeAll(keepingCapacity: true)
        equal.append(first.index)
        removeTop()
        while let other = heap.first, other.prefix == first.prefix,
            unsafe compareBytes(other.bytes, first.bytes) == 0
        {
            equal.append(other.index)
            removeTop()
        }
        try unsafe body(first.bytes, equal)
        for index in equal { try insert(index) }
        self.equal = equal
        return true
    }

    /// Moves a stream on, and puts it where its next term stands.
    private mutating func insert(_ index: Int) throws {
        // Kept by `streams`, so that no reference to it is counted.
        let head: Head? = try unsafe Unmanaged.passUnretained(streams[index])._withUnsafeGuaranteedRef { stream in
            guard try stream.advance() else { return nil }
            return unsafe Head(prefix: stream.key.prefix, bytes: stream.key.bytes, index: index)
        }
        guard let head else { return }
        heap.append(head)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func removeTop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
