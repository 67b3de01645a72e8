/// Document lengths in one byte: exact below 40, then eight steps for each doubling.
/// (Lucene's `SmallFloat.intToByte4`.)
package enum LengthCode {
    private static let exactCount = 24

    /// The smallest length that has each code, ascending.
    package static let lengths: [UInt32] = (0..<256).map { code in
        guard code >= exactCount else { return UInt32(code) }
        let rest = UInt32(code - exactCount)
        return rest < 8 ? UInt32(exactCount) + rest : UInt32(exactCount) + ((rest % 8 + 8) << (rest / 8 - 1))
    }

    package static func code(of length: Int) -> UInt8 {
        guard length >= exactCount else { return UInt8(max(length, 0)) }
        let rest = min(length, Int(lengths[255])) - exactCount
        let bits = Int.bitWidth - rest.leadingZeroBitCount
        guard bits >= 4 else { return UInt8(exactCount + rest) }
        let shift = bits - 4
        return UInt8(exactCount + ((shift + 1) << 3 | (rest >> shift) & 7))
    }
}
