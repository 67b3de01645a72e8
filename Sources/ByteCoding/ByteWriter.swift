/// Appends numbers and byte strings to a growing buffer. Fixed-width integers are little-endian;
/// variable-length ones are LEB128 in the shortest form (7 bits a byte, low bits first).
package struct ByteWriter: Sendable {
    @usableFromInline var written: [UInt8] = []

    @inlinable package var bytes: [UInt8] { written }

    @inlinable package init() {}

    @inlinable package init(reservingBytes count: Int) { written.reserveCapacity(count) }

    @inlinable package var count: Int { written.count }

    @inlinable package mutating func fixed<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        // Safe: the bytes of a value on the stack, copied before the call returns.
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe written.append(contentsOf: $0) }
    }

    @inlinable package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            written.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        written.append(UInt8(rest))
    }

    /// A count or length; never negative.
    @inlinable package mutating func varint(_ value: Int) { varint(UInt64(value)) }

    /// A signed number, zigzag-coded so that small magnitudes stay short.
    @inlinable package mutating func signedVarint(_ value: Int64) {
        varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    @inlinable package mutating func raw(_ more: some Sequence<UInt8>) { written.append(contentsOf: more) }

    /// Length as a varint, then the bytes.
    @inlinable package mutating func lengthPrefixed(_ more: some Collection<UInt8>) {
        varint(more.count)
        written.append(contentsOf: more)
    }

    /// UTF-8 bytes with their length in front.
    @inlinable package mutating func string(_ text: String) { lengthPrefixed(text.utf8) }

    /// CRC-32C of everything from `start` on, as four bytes.
    package mutating func checksum(from start: Int = 0) {
        fixed(CRC32C.checksum(of: written[start...]))
    }

    /// Overwrites four bytes written before, for a length known only afterwards.
    package mutating func patch(_ value: UInt32, at offset: Int) {
        for index in 0..<4 { written[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index))) }
    }
}
