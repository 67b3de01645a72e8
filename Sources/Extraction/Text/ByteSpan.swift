import CBits

/// A look at bytes that somebody else holds. Passing it on counts no references; bounds are checked as an array's are.
///
/// Places are those of the bytes it was cut from, as with slices of arrays. Whoever makes a view keeps the bytes where they
/// are, and as they are (hence Sendable), for as long as it is used: `of` does that, and nothing that comes out of its closure
/// may hold the view.
@safe
struct ByteSpan: RandomAccessCollection, @unchecked Sendable {
    private let start: UnsafePointer<UInt8>
    let startIndex: Int
    let endIndex: Int

    /// - Parameter bytes: stay where they are while the view, or one cut from it, is used.
    @unsafe
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        // Safe: where there are no bytes, no place passes the check of bounds.
        unsafe start = bytes.baseAddress ?? Self.nowhere
        startIndex = 0
        endIndex = bytes.count
    }

    @unsafe
    private init(_ start: UnsafePointer<UInt8>, _ range: Range<Int>) {
        unsafe self.start = start
        startIndex = range.lowerBound
        endIndex = range.upperBound
    }

    private static var nowhere: UnsafePointer<UInt8> { unsafe UnsafePointer(bitPattern: 1).unsafelyUnwrapped }

    /// Calls `body` with a view of an array's bytes.
    @inline(__always)
    static func of<R, E: Error>(_ bytes: [UInt8], _ body: (ByteSpan) throws(E) -> R) throws(E) -> R {
        // Safe: the array stays alive and unchanged until `body` is done.
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(E) in try unsafe body(ByteSpan(buffer)) }
    }

    /// Calls `body` with a view of a slice's bytes; places are the slice's.
    @inline(__always)
    static func of<R, E: Error>(_ bytes: ArraySlice<UInt8>, _ body: (ByteSpan) throws(E) -> R) throws(E) -> R {
        // Safe: the slice stays alive and unchanged until `body` is done. The pointer is moved back by the slice's first
        // place, so that places are the same; it is used only for places inside.
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(E) in
            let whole = unsafe ByteSpan(buffer)
            return try unsafe body(ByteSpan(whole.start - bytes.startIndex, bytes.startIndex..<bytes.endIndex))
        }
    }

    /// Bytes that are never freed, for tables that live as long as the process.
    static func immortal(_ bytes: [UInt8]) -> ByteSpan {
        let held = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = unsafe held.initialize(from: bytes)
        return unsafe ByteSpan(UnsafeBufferPointer(held))
    }

    @inline(__always)
    subscript(place: Int) -> UInt8 {
        precondition(place >= startIndex && place < endIndex, "no such place in these bytes")
        return unsafe start[place]
    }

    @inline(__always)
    subscript(range: Range<Int>) -> ByteSpan {
        precondition(range.lowerBound >= startIndex && range.upperBound <= endIndex, "no such range in these bytes")
        return unsafe ByteSpan(start, range)
    }

    /// Eight bytes at a place as an integer of this machine's order.
    @inline(__always)
    func word(at place: Int) -> UInt64 {
        precondition(place >= startIndex && place <= endIndex - 8, "no such place in these bytes")
        // Safe: bounds are checked, and any eight bytes are an integer.
        return unsafe UnsafeRawPointer(start).loadUnaligned(fromByteOffset: place, as: UInt64.self)
    }

    /// A bit for each of the sixteen bytes at a place, the lowest for the first, that is one of four or below a fifth.
    @inline(__always)
    func matches(at place: Int, _ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, under: UInt8) -> UInt32 {
        precondition(place >= startIndex && place <= endIndex - 16, "no such place in these bytes")
        // Safe: bounds are checked.
        return unsafe cbits_match16(start + place, a, b, c, d, under)
    }

    /// The same of the bytes from a place to the end, of which there are 1 to 15.
    @inline(__always)
    func matches(from place: Int, _ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, under: UInt8) -> UInt32 {
        precondition(place >= startIndex && place < endIndex && place &+ 16 > endIndex, "no such place in these bytes")
        // Safe: bounds are checked.
        return unsafe cbits_match(start + place, endIndex &- place, a, b, c, d, under)
    }

    func withContiguousStorageIfAvailable<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R? {
        try unsafe withBytes(body)
    }

    @unsafe
    @inline(__always)
    func withBytes<R, E: Error>(_ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R) throws(E) -> R {
        try unsafe body(UnsafeBufferPointer(start: start + startIndex, count: count))
    }

    /// The bytes in an array of their own.
    var array: [UInt8] { unsafe withBytes { unsafe [UInt8]($0) } }

    @inline(__always)
    func isSame(_ other: ByteSpan) -> Bool {
        guard count == other.count else { return false }
        var (place, theirs) = (startIndex, other.startIndex)
        while place < endIndex {
            if self[place] != other[theirs] { return false }
            place &+= 1
            theirs &+= 1
        }
        return true
    }

    @inline(__always)
    func isSame(_ text: StaticString) -> Bool { count == text.utf8CodeUnitCount && starts(with: text) }

    @inline(__always)
    func starts(with text: StaticString) -> Bool { ByteSearch.matches(text, in: self, at: startIndex) }
}
