/// Bytes of the term a front-coded block stands at.
@safe final class TermKeyBuffer {
    private let base = UnsafeMutablePointer<UInt8>.allocate(capacity: 512)
    private(set) var count = 0

    init() { unsafe base.initialize(repeating: 0, count: 8) }

    deinit { unsafe base.deallocate() }

    var bytes: UnsafeBufferPointer<UInt8> { unsafe UnsafeBufferPointer(start: base, count: count) }
    var array: [UInt8] { unsafe Array(bytes) }

    /// The first eight bytes, big-endian, zeros behind a shorter term: of two terms the one with the smaller is the smaller.
    @inline(__always)
    var prefix: UInt64 {
        // In bounds: there is room for 512 bytes.
        let loaded = unsafe UInt64(bigEndian: UnsafeRawPointer(base).loadUnaligned(as: UInt64.self))
        return count >= 8 ? loaded : loaded & ~(UInt64.max >> UInt64(8 * count))
    }

    func clear() { count = 0 }

    /// Makes it the next term of a block; `clear` comes before the first.
    ///
    /// - Parameters:
    ///   - shared: bytes that it has in common with the term before.
    ///   - tail: its others.
    ///   - offset: of the tail in the block, for messages.
    @inline(__always)
    func read(
        shared: Int, _ tail: UnsafeRawBufferPointer, at offset: @autoclosure () -> Int
    ) throws(RawError) {
        let rest = tail.count
        // Ascending order shows in the first byte that differs; `count` is 0 before the first term of a block.
        guard shared <= count, rest > 0, shared + rest <= IndexField.maxTermBytes + 1,
            unsafe shared == count || tail[0] > base[shared]
        else { throw .malformed(what: "order of terms", offset: offset()) }
        // In bounds: shared + rest <= 256.
        unsafe copyShort(tail.baseAddress!, to: base + shared, byteCount: rest)
        count = shared + rest
        guard count >= 2 else { throw .malformed(what: "term of \(count) bytes", offset: offset()) }
    }

    /// Negative, zero or positive as the term is smaller than, equal to or larger than `other`.
    @inline(__always)
    func compare(_ other: UnsafeBufferPointer<UInt8>) -> Int { unsafe compareBytes(bytes, other) }
}

/// Negative, zero or positive as `left` is smaller than, equal to or larger than `right` in byte order.
@inline(__always)
func compareBytes(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    let limit = min(left.count, right.count)
    var index = 0
    while index < limit {
        let a = unsafe left[index]
        let b = unsafe right[index]
        if a != b { return a < b ? -1 : 1 }
        index &+= 1
    }
    return left.count - right.count
}

/// Copies bytes that mostly are few: without the call that costs more than they do.
@inline(__always)
func copyShort(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int) {
    // Twice eight or twice four that may have some in common.
    if byteCount > 16 {
        unsafe target.copyMemory(from: source, byteCount: byteCount)
    } else if byteCount >= 8 {
        let first = unsafe source.loadUnaligned(as: UInt64.self)
        let last = unsafe source.loadUnaligned(fromByteOffset: byteCount &- 8, as: UInt64.self)
        unsafe target.storeBytes(of: first, as: UInt64.self)
        unsafe target.storeBytes(of: last, toByteOffset: byteCount &- 8, as: UInt64.self)
    } else if byteCount >= 4 {
        let first = unsafe source.loadUnaligned(as: UInt32.self)
        let last = unsafe source.loadUnaligned(fromByteOffset: byteCount &- 4, as: UInt32.self)
        unsafe target.storeBytes(of: first, as: UInt32.self)
        unsafe target.storeBytes(of: last, toByteOffset: byteCount &- 4, as: UInt32.self)
    } else if byteCount > 0 {
        let middle = byteCount >> 1
        let bytes = unsafe (
            source.load(as: UInt8.self), source.load(fromByteOffset: middle, as: UInt8.self),
            source.load(fromByteOffset: byteCount &- 1, as: UInt8.self)
        )
        unsafe target.storeBytes(of: bytes.0, as: UInt8.self)
        unsafe target.storeBytes(of: bytes.1, toByteOffset: middle, as: UInt8.self)
        unsafe target.storeBytes(of: bytes.2, toByteOffset: byteCount &- 1, as: UInt8.self)
    }
}
