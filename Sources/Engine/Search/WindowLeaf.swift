// The leaves of a query in one segment. They answer for windows of ordinals that only move forward, with a bit for each
// ordinal. A hot file: `bits` belong to the evaluator and have `Window.wordCount` words.

/// A stretch of ordinals evaluated at once.
struct Window {
    static let documentCount: UInt32 = 4096
    static let wordCount = 64
    static let leastCount: UInt32 = 256

    var lower: UInt32
    var upper: UInt32

    @inline(__always)
    func contains(_ document: UInt32, in bits: UnsafePointer<UInt64>) -> Bool {
        let bit = Int(document &- lower)
        return unsafe bits[bit >> 6] >> UInt64(truncatingIfNeeded: bit & 63) & 1 == 1
    }

    @inline(__always)
    func set(_ document: UInt32, in bits: UnsafeMutablePointer<UInt64>) {
        let bit = Int(document &- lower)
        unsafe bits[bit >> 6] |= 1 &<< UInt64(truncatingIfNeeded: bit & 63)
    }

    /// Sets the bits of ordinals of the window. Neighbours mostly share a word, and each change of a word waits for the one
    /// before: so four quarters are walked side by side.
    func set(_ documents: UnsafeBufferPointer<UInt32>, in bits: UnsafeMutablePointer<UInt64>) {
        guard let base = documents.baseAddress else { return }
        let quarter = documents.count >> 2
        for index in 0..<quarter {
            unsafe set(base[index], in: bits)
            unsafe set(base[index &+ quarter], in: bits)
            unsafe set(base[index &+ 2 &* quarter], in: bits)
            unsafe set(base[index &+ 3 &* quarter], in: bits)
        }
        for index in (4 &* quarter)..<documents.count { unsafe set(base[index], in: bits) }
    }

    /// Calls `body` with each ordinal whose bit is set, ascending, until it returns false.
    @inline(__always)
    func forEach(in bits: UnsafePointer<UInt64>, _ body: (UInt32) throws -> Bool) rethrows {
        for word in 0..<Self.wordCount {
            var rest = unsafe bits[word]
            while rest != 0 {
                let bit = rest.trailingZeroBitCount
                guard try body(lower &+ UInt32(truncatingIfNeeded: word << 6 | bit)) else { return }
                rest &= rest &- 1
            }
        }
    }
}

/// A condition on documents that brings its own list. Confined to one search of one segment.
class WindowLeaf {
    /// Ordinals it may yield, for ordering; and relative work.
    var cost: Int { 0 }

    /// A lower bound of the first matching ordinal from `document` on; `TermCursor.end` if there is none.
    func next(from document: UInt32) throws -> UInt32 { TermCursor.end }

    /// Sets the bits of matching ordinals of the window, at least of those whose bit is set in `within`. Others may be
    /// set or not.
    func mark(_ window: Window, within: UnsafePointer<UInt64>, _ bits: UnsafeMutablePointer<UInt64>) throws {}

    /// Adds to the scores of the ordinals of `matched` where the leaf matches too.
    func score(_ window: Window, _ matched: UnsafePointer<UInt64>, into scores: LeafScores) throws {}
}

/// Where a leaf adds to the scores of a window. Good as long as its makers' memory.
@safe struct LeafScores {
    let weight: UInt64
    let shares: ScoreTable.Shares
    /// Length codes, of all documents of the segment.
    let codes: UnsafePointer<UInt8>
    /// The window's first ordinal.
    let lower: UInt32
    /// By documents of the window.
    let sums: UnsafeMutablePointer<Int64>

    /// - Parameter frequency: of the leaf in the document, which is in the window.
    @inline(__always)
    func add(_ document: UInt32, _ frequency: UInt32) {
        let share = unsafe shares.share(frequency: frequency, lengthCode: Int(codes[Int(document)]))
        unsafe sums[Int(document &- lower)] &+= ScoreTable.part(weight: weight, share: share)
    }
}

/// A word.
final class TermLeaf: WindowLeaf {
    private var marker: TermCursor
    /// Follows behind the marker, over the same bytes.
    private var scorer: TermCursor

    init(_ cursor: TermCursor, _ second: TermCursor) {
        marker = cursor
        scorer = second
    }

    override var cost: Int { marker.documentFrequency }

    override func next(from document: UInt32) throws -> UInt32 { try marker.lowerBound(from: document) }

    override func mark(
        _ window: Window, within: UnsafePointer<UInt64>, _ bits: UnsafeMutablePointer<UInt64>
    ) throws { try unsafe marker.mark(window, bits) }

    override func score(_ window: Window, _ matched: UnsafePointer<UInt64>, into scores: LeafScores) throws {
        try unsafe window.forEach(in: matched) { document in
            let found = try scorer.advance(to: document)
            if found == document { scores.add(document, try scorer.frequency()) }
            return found < window.upper
        }
    }
}

/// What has one of some leaves; no document has two.
final class UnionLeaf: WindowLeaf {
    private let parts: [WindowLeaf]

    private init(_ parts: [WindowLeaf]) { self.parts = parts }

    static func of(_ parts: [WindowLeaf]) -> WindowLeaf {
        parts.count > 1 ? UnionLeaf(parts) : parts.first ?? WindowLeaf()
    }

    override var cost: Int { parts.reduce(0) { $0 &+ $1.cost } }

    override func next(from document: UInt32) throws -> UInt32 {
        try parts.reduce(TermCursor.end) { min($0, try $1.next(from: document)) }
    }

    override func mark(
        _ window: Window, within: UnsafePointer<UInt64>, _ bits: UnsafeMutablePointer<UInt64>
    ) throws {
        for part in parts { unsafe try part.mark(window, within: within, bits) }
    }

    override func score(_ window: Window, _ matched: UnsafePointer<UInt64>, into scores: LeafScores) throws {
        for part in parts { unsafe try part.score(window, matched, into: scores) }
    }
}
