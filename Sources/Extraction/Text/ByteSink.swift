import CBits

/// Bytes that grow, with one owner: appending neither counts references nor asks whether they are shared, which costs an
/// array more than the bytes themselves where pieces are small.
///
/// Invariant: of `capacity` bytes at `start`, the first `count` are written.
@safe
package struct ByteSink: ~Copyable {
    private var start: UnsafeMutablePointer<UInt8>
    package private(set) var count = 0
    private var capacity: Int

    /// - Parameter capacity: bytes; more come by themselves.
    package init(capacity: Int = 256) {
        unsafe start = .allocate(capacity: max(capacity, 16))
        self.capacity = max(capacity, 16)
    }

    deinit { unsafe start.deallocate() }

    package var isEmpty: Bool { count == 0 }

    /// A copy.
    package var array: [UInt8] { unsafe view.array }

    /// What is there, until the next change.
    @unsafe
    var view: ByteSpan { unsafe ByteSpan(UnsafeBufferPointer(start: start, count: count)) }

    /// Calls `body` with the bytes, which are valid only inside.
    package func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try unsafe body(UnsafeRawBufferPointer(start: start, count: count))
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        capacity = max(capacity * 2, count + more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        // Safe: the new bytes are at least as many, and are nobody else's yet.
        unsafe moved.update(from: start, count: count)
        unsafe start.deallocate()
        unsafe start = moved
    }

    @inline(__always)
    private mutating func ensure(_ more: Int) {
        if capacity &- count < more { grow(more) }
    }

    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        ensure(1)
        // Safe: there is room for one more.
        unsafe start[count] = byte
        count &+= 1
    }

    @inline(__always)
    package mutating func append(_ text: StaticString) {
        let size = text.utf8CodeUnitCount
        ensure(size)
        // Safe: there is room, and a static string's bytes are never elsewhere or freed.
        unsafe cbits_copy(start + count, text.utf8Start, size)
        count &+= size
    }

    @inline(__always)
    mutating func append(_ bytes: ByteSpan) {
        // Safe: there is room, and the view's bytes are its maker's; they are none of these, which only change here.
        unsafe bytes.withBytes { bytes in
            guard let from = bytes.baseAddress, !bytes.isEmpty else { return }
            ensure(bytes.count)
            unsafe cbits_copy(start + count, from, bytes.count)
            count &+= bytes.count
        }
    }

    @inline(__always)
    package mutating func append(contentsOf bytes: [UInt8]) { ByteSpan.of(bytes) { append($0) } }

    package mutating func append(contentsOf text: String) {
        for byte in text.utf8 { append(byte) }
    }

    /// A character in UTF-8.
    mutating func append(_ scalar: Unicode.Scalar) {
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { append(byte) }
    }

    /// Forgets all but the first bytes.
    package mutating func removeAll(from place: Int = 0) {
        precondition(place >= 0 && place <= count, "no such place in these bytes")
        count = place
    }
}
