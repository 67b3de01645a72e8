/// What the dictionary of one segment says of a term.
package struct TermEntry: Equatable, Sendable {
    /// Documents of the segment with the term, dead ones included.
    package var documentFrequency: UInt32 = 0
    /// Occurrences; equal to `documentFrequency` for fields without positions.
    package var occurrenceCount: UInt64 = 0
    package var hasPositions = false
    /// In section `postings`; empty if `documentFrequency` is 1.
    package var postings: Range<UInt64> = 0..<0
    /// In section `positions`; empty if there is one occurrence or none are kept.
    package var positions: Range<UInt64> = 0..<0
    /// The only document, if `documentFrequency` is 1.
    package var singleDocument: UInt32 = 0
    /// The only position, if `occurrenceCount` is 1 and the field has positions.
    package var singlePosition: UInt32 = 0
}

/// Bytes of the term a front-coded block stands at.
@safe final class TermKeyBuffer {
    private let base = UnsafeMutablePointer<UInt8>.allocate(capacity: 512)
    private(set) var count = 0

    deinit { base.deallocate() }

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }
    var array: [UInt8] { Array(bytes) }

    func clear() { count = 0 }

    /// Reads the next term of a block; `clear` comes before the first.
    @inline(__always)
    func read(_ cursor: inout RawCursor) throws(RawError) {
        let shared = try cursor.count("shared bytes", atMost: count)
        let rest = try cursor.count("term bytes", atMost: IndexField.maxTermBytes + 1 - shared)
        let source = try cursor.raw(rest)
        // In bounds: shared + rest <= 256.
        if rest > 0 {
            (base + shared).update(from: source.baseAddress!.assumingMemoryBound(to: UInt8.self), count: rest)
        }
        count = shared + rest
        guard count >= 2 else { throw .malformed(what: "term of \(count) bytes", offset: cursor.offset) }
    }

    /// Negative, zero or positive as the term is smaller than, equal to or larger than `other`.
    @inline(__always)
    func compare(_ other: UnsafeBufferPointer<UInt8>) -> Int { compareBytes(bytes, other) }
}

/// Negative, zero or positive as `left` is smaller than, equal to or larger than `right` in byte order.
@inline(__always)
func compareBytes(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    let limit = min(left.count, right.count)
    var index = 0
    while index < limit {
        let a = left[index]
        let b = right[index]
        if a != b { return a < b ? -1 : 1 }
        index &+= 1
    }
    return left.count - right.count
}

/// Walks the entries of one block of the dictionary.
final class DictionaryBlockScanner {
    let key = TermKeyBuffer()
    private(set) var entry = TermEntry()
    private var cursor = RawCursor(UnsafeRawBufferPointer(start: nil, count: 0))
    private var leftCount = 0
    private var postingsEnd: UInt64 = 0
    private var positionsEnd: UInt64 = 0
    private var documentCount: UInt32 = 0

    /// - Parameter bytes: of the block; kept alive by the caller until the last `next`.
    func load(
        _ bytes: UnsafeRawBufferPointer, termCount: Int, postingsStart: UInt64, positionsStart: UInt64,
        documentCount: UInt32
    ) {
        cursor = RawCursor(bytes)
        leftCount = termCount
        postingsEnd = postingsStart
        positionsEnd = positionsStart
        self.documentCount = documentCount
        key.clear()
    }

    /// Moves to the next term; false after the last.
    func next() throws(RawError) -> Bool {
        guard leftCount > 0 else {
            guard cursor.isAtEnd else { throw .malformed(what: "end of block", offset: cursor.offset) }
            return false
        }
        leftCount -= 1
        try key.read(&cursor)
        guard let field = IndexField(rawValue: key.bytes[0]) else {
            throw .malformed(what: "field \(key.bytes[0])", offset: cursor.offset)
        }
        var read = TermEntry()
        read.hasPositions = field.hasPositions
        let df = try cursor.count("document frequency", atMost: Int(documentCount))
        guard df > 0 else { throw .malformed(what: "document frequency 0", offset: cursor.offset) }
        read.documentFrequency = UInt32(df)
        if df == 1 {
            read.singleDocument = UInt32(try cursor.count("document", atMost: Int(documentCount) - 1))
            read.postings = postingsEnd..<postingsEnd
        } else {
            let length = UInt64(try cursor.count("postings length", atMost: Int(UInt32.max)))
            read.postings = postingsEnd..<(postingsEnd + length)
            postingsEnd += length
        }
        read.occurrenceCount = UInt64(df)
        read.positions = positionsEnd..<positionsEnd
        if read.hasPositions {
            read.occurrenceCount += UInt64(try cursor.count("occurrences", atMost: 1 << 48))
            if read.occurrenceCount == 1 {
                read.singlePosition = UInt32(try cursor.count("position", atMost: Int(UInt32.max)))
            } else {
                let length = UInt64(try cursor.count("positions length", atMost: Int(UInt32.max)))
                read.positions = positionsEnd..<(positionsEnd + length)
                positionsEnd += length
            }
        }
        entry = read
        return true
    }
}
