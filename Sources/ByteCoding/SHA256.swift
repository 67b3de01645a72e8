import CCrypto

/// A SHA-256 value: four 64-bit limbs, the first the most significant, so that order and addition are those of a
/// 256-bit big-endian number.
package struct Digest256: Hashable, Sendable, Comparable {
    package var limbs: (UInt64, UInt64, UInt64, UInt64)

    package static let zero = Digest256(limbs: (0, 0, 0, 0))
    package static let largest = Digest256(limbs: (.max, .max, .max, .max))
    package static let byteCount = 32

    package init(limbs: (UInt64, UInt64, UInt64, UInt64)) { self.limbs = limbs }

    /// - Parameter bytes: exactly 32.
    package init?(bytes: ArraySlice<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        let start = bytes.startIndex
        limbs = (
            bigEndian(bytes, at: start), bigEndian(bytes, at: start + 8), bigEndian(bytes, at: start + 16),
            bigEndian(bytes, at: start + 24)
        )
    }

    /// - Parameter bytes: exactly 32.
    package init?(bytes: [UInt8]) { self.init(bytes: bytes[...]) }

    /// - Parameter hex: 64 hexadecimal digits.
    package init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = hexValue(digits[index]), let low = hexValue(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    package var bytes: [UInt8] {
        var out = ByteWriter(reservingBytes: 32)
        append(to: &out)
        return out.bytes
    }

    /// Appends the bytes.
    package func append(to out: inout ByteWriter) {
        out.fixed(limbs.0.bigEndian)
        out.fixed(limbs.1.bigEndian)
        out.fixed(limbs.2.bigEndian)
        out.fixed(limbs.3.bigEndian)
    }

    package var hex: String { Hex.string(bytes) }

    package static func == (left: Digest256, right: Digest256) -> Bool {
        left.limbs.0 == right.limbs.0 && left.limbs.1 == right.limbs.1 && left.limbs.2 == right.limbs.2
            && left.limbs.3 == right.limbs.3
    }

    package static func < (left: Digest256, right: Digest256) -> Bool {
        left.limbs < right.limbs
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(limbs.0) }

    /// Addition modulo 2^256.
    package static func &+ (left: Digest256, right: Digest256) -> Digest256 {
        let d = left.limbs.3.addingReportingOverflow(right.limbs.3)
        let c = addWithCarry(left.limbs.2, right.limbs.2, d.overflow)
        let b = addWithCarry(left.limbs.1, right.limbs.1, c.carry)
        let a = addWithCarry(left.limbs.0, right.limbs.0, b.carry)
        return Digest256(limbs: (a.sum, b.sum, c.sum, d.partialValue))
    }

    /// Subtraction modulo 2^256.
    package static func &- (left: Digest256, right: Digest256) -> Digest256 {
        let flipped = Digest256(limbs: (~right.limbs.0, ~right.limbs.1, ~right.limbs.2, ~right.limbs.3))
        return left &+ flipped &+ Digest256(limbs: (0, 0, 0, 1))
    }

    private static func addWithCarry(_ a: UInt64, _ b: UInt64, _ carry: Bool) -> (sum: UInt64, carry: Bool) {
        let first = a.addingReportingOverflow(b)
        let second = first.partialValue.addingReportingOverflow(carry ? 1 : 0)
        return (second.partialValue, first.overflow || second.overflow)
    }
}

package enum SHA256 {
    package static func hash(of bytes: some Sequence<UInt8>) -> Digest256 {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finalize()
    }
}

/// SHA-256 of bytes that arrive piece by piece.
package struct SHA256Hasher {
    private var context = SHA256_CTX()

    package init() { _ = unsafe SHA256_Init(&context) }

    package mutating func update(_ bytes: some Sequence<UInt8>) {
        // Safe: libcrypto reads exactly `count` bytes of a buffer that lives through the call.
        let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            _ = unsafe SHA256_Update(&context, buffer.baseAddress, buffer.count)
        }
        if done == nil { update(Array(bytes)) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        _ = unsafe SHA256_Update(&context, bytes.baseAddress, bytes.count)
    }

    package mutating func finalize() -> Digest256 {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        // Safe: the tuple is 32 contiguous bytes, which is what SHA256_Final writes.
        unsafe withUnsafeMutableBytes(of: &words) { out in
            _ = unsafe SHA256_Final(out.baseAddress!.assumingMemoryBound(to: UInt8.self), &context)
        }
        return Digest256(
            limbs: (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian))
    }
}

/// Eight bytes as a big-endian number; the caller has seen that they are there.
package func bigEndian(_ bytes: ArraySlice<UInt8>, at index: Int) -> UInt64 {
    var value: UInt64 = 0
    for place in 0..<8 { value = value << 8 | UInt64(bytes[index + place]) }
    return value
}
