/// Appends numbers and byte strings to a growing buffer. Fixed-width integers are little-endian;
/// variable-length ones are LEB128 in the shortest form (7 bits a byte, low bits first).
package struct ByteWriter: Sendable {
    @usableFromInline package internal(set) var bytes: [UInt8] = []

    package init() {}

    package init(reservingBytes count: Int) { bytes.reserveCapacity(count) }

    package var count: Int { bytes.count }

    @inlinable package mutating func fixed<Value: FixedWidthInteger>(_ value: Value) {
        var rest = value.littleEndian
        for _ in 0..<(Value.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            if Value.bitWidth > 8 { rest >>= 8 }
        }
    }

    package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// A count or length; never negative.
    package mutating func varint(_ value: Int) { varint(UInt64(value)) }

    /// A signed number, zigzag-coded so that small magnitudes stay short.
    package mutating func signedVarint(_ value: Int64) {
        varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    package mutating func raw(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// Length as a varint, then the bytes.
    package mutating func lengthPrefixed(_ more: some Collection<UInt8>) {
        varint(more.count)
        bytes.append(contentsOf: more)
    }

    /// UTF-8 bytes with their length in front.
    package mutating func string(_ text: String) { lengthPrefixed(text.utf8) }

    /// CRC-32C of everything from `start` on, as four bytes.
    package mutating func checksum(from start: Int = 0) {
        fixed(CRC32C.checksum(of: bytes[start...]))
    }

    /// Overwrites four bytes written before, for a length known only afterwards.
    package mutating func patch(_ value: UInt32, at offset: Int) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index))) }
    }
}
