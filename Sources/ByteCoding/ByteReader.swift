/// Reads what `ByteWriter` wrote, from bytes that may be anything: every read is checked, nothing traps, and no
/// length from outside is believed before that many bytes are seen to be there.
///
/// Inlinable, because every entry of the log and every message goes through it field by field.
package struct ByteReader: Sendable {
    @usableFromInline let bytes: ArraySlice<UInt8>
    @usableFromInline var index: Int

    @inlinable package init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    @inlinable package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    /// Bytes read so far.
    @inlinable package var offset: Int { index - bytes.startIndex }
    @inlinable package var remaining: Int { bytes.endIndex - index }
    @inlinable package var isAtEnd: Bool { index == bytes.endIndex }

    @inlinable package mutating func fixed<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type = Value.self
    ) throws(CodingError) -> Value {
        let width = MemoryLayout<Value>.size
        try need(width)
        // Safe: `need` has seen that `width` bytes are there.
        let value = unsafe bytes.withUnsafeBytes { all in
            unsafe all.loadUnaligned(fromByteOffset: index - bytes.startIndex, as: Value.self)
        }
        index += width
        return Value(littleEndian: value)
    }

    @inlinable package mutating func varint() throws(CodingError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            try need(1)
            let byte = bytes[index]
            index += 1
            if shift == 63, byte > 1 { throw .badVarint(offset: start) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                if byte == 0, shift > 0 { throw .badVarint(offset: start) }
                return value
            }
            shift += 7
        }
    }

    /// A varint that counts or measures something: at most `limit`.
    @inlinable package mutating func count(_ what: String, atMost limit: Int = Int.max) throws(CodingError) -> Int {
        let start = offset
        guard let value = Int(exactly: try varint()), value <= limit else {
            throw .badValue(what: what, offset: start)
        }
        return value
    }

    @inlinable package mutating func signedVarint() throws(CodingError) -> Int64 {
        let raw = try varint()
        return Int64(bitPattern: (raw >> 1) ^ (0 &- (raw & 1)))
    }

    @inlinable package mutating func raw(_ count: Int) throws(CodingError) -> ArraySlice<UInt8> {
        try need(count)
        defer { index += count }
        return bytes[index..<index + count]
    }

    @inlinable package mutating func lengthPrefixed(atMost limit: Int = Int.max) throws(CodingError) -> ArraySlice<
        UInt8
    > {
        try raw(try count("length", atMost: limit))
    }

    package mutating func string(atMost limit: Int = Int.max) throws(CodingError) -> String {
        let start = offset
        let slice = try lengthPrefixed(atMost: limit)
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw .badValue(what: "UTF-8", offset: start)
        }
        return text
    }

    package func requireEnd() throws(CodingError) {
        guard isAtEnd else { throw .trailingBytes(offset: offset) }
    }

    /// Cuts a CRC-32C off the end of `bytes` and holds it against what stands before it.
    ///
    /// - Returns: the bytes without their checksum.
    package static func checked(_ bytes: [UInt8], what: String) throws(CodingError) -> ArraySlice<UInt8> {
        guard bytes.count >= 4 else { throw .truncated(offset: 0, wantedBytes: 4, leftBytes: bytes.count) }
        let body = bytes[..<(bytes.count - 4)]
        var tail = ByteReader(bytes[(bytes.count - 4)...])
        let stored: UInt32 = try tail.fixed()
        let computed = CRC32C.checksum(of: body)
        guard stored == computed else {
            throw .badChecksum(what: what, offset: body.count, computed: computed, stored: stored)
        }
        return body
    }

    /// Of an object that begins with a magic, whose first seven bytes tell the kind and whose last is the version as a digit, and ends
    /// with a checksum: what is between them.
    package init(_ bytes: [UInt8], magic: [UInt8], what: String) throws(CodingError) {
        self.init(try Self.checked(bytes, what: what))
        let found = try raw(magic.count)
        if found.elementsEqual(magic) { return }
        guard found.dropLast().elementsEqual(magic.dropLast()), let version = found.last, let known = magic.last,
            (0x30...0x39).contains(version)
        else { throw .badValue(what: "magic of \(what)", offset: 0) }
        throw .unsupportedVersion(what: what, found: Int(version) - 0x30, known: Int(known) - 0x30)
    }

    @inlinable func need(_ count: Int) throws(CodingError) {
        guard count >= 0, count <= remaining else {
            throw .truncated(offset: offset, wantedBytes: count, leftBytes: remaining)
        }
    }
}
