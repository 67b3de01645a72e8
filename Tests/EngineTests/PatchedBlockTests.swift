import ByteCoding
import Testing

@testable import Engine

/// Blocks with exceptions, held against a second encoder that follows docs/segment-format.md, section 6, by the letter.
@Suite("blocks with exceptions")
struct PatchedBlockTests {
    @Test("each is the one of fewest bytes, and is read as it was written")
    func written() throws {
        var generator = SplitMix64(seed: 11)
        var shapes = Set<[Int]>()
        for round in 0..<6000 {
            let count = round % 3 == 0 ? 128 : 1 + round % 127
            let usualBits = Int.random(in: 0...31, using: &generator)
            let wideBits = Int.random(in: 0...31, using: &generator)
            let wideCount = Int.random(in: 0...9, using: &generator)
            var values = (0..<count).map { _ in Self.random(usualBits, &generator) }
            for _ in 0..<wideCount {
                values[Int.random(in: 0..<count, using: &generator)] = Self.random(wideBits, &generator)
            }

            let out = OutputBuffer()
            var encoded = values
            unsafe encoded.withUnsafeMutableBufferPointer {
                unsafe PackedBlock.packPatched($0.baseAddress!, count: count, to: out)
            }
            let written = unsafe Array(out.bytes)
            #expect(written == Self.block(values), "\(values)")
            shapes.insert([Int(written[0] & 31), Int(written[0] >> 5)])

            var read = [UInt32](repeating: 0, count: count)
            try unsafe written.withUnsafeBytes { bytes in
                var cursor = unsafe RawCursor(bytes)
                try unsafe read.withUnsafeMutableBufferPointer {
                    try unsafe PackedBlock.unpackPatched(&cursor, count: count, into: $0.baseAddress!)
                }
                #expect(cursor.isAtEnd)
            }
            #expect(read == values)
        }
        #expect(Set(shapes.map { $0[0] }) == Set(0...31) && Set(shapes.map { $0[1] }) == Set(0...7))
    }

    /// Of at most so many bits.
    private static func random(_ bits: Int, _ generator: inout SplitMix64) -> UInt32 {
        UInt32.random(in: 0..<(1 << UInt32(bits)), using: &generator)
    }

    private static func block(_ values: [UInt32]) -> [UInt8] {
        let widest = values.map { 32 - $0.leadingZeroBitCount }.max()!
        func wide(_ width: Int) -> [Int] { values.indices.filter { values[$0] >> UInt32(width) != 0 } }
        func byteCount(_ width: Int) -> Int { (values.count * width + 7) / 8 + 2 * wide(width).count }
        var width = widest
        for narrower in (max(0, widest - 8)..<widest).reversed()
        where wide(narrower).count <= 7 && byteCount(narrower) < byteCount(width) { width = narrower }

        var bytes = [UInt8(width | wide(width).count << 5)]
        if values.count == 128 {
            let lanes = (0..<4).map { lane in
                pack(stride(from: lane, to: 128, by: 4).map { values[$0] }, width, roundedTo: 32)
            }
            for word in 0..<width {
                for lane in lanes { bytes += lane[(4 * word)..<(4 * word + 4)] }
            }
        } else {
            bytes += pack(values, width, roundedTo: 8)
        }
        for index in wide(width) { bytes += [UInt8(index), UInt8(values[index] >> UInt32(width))] }
        return bytes
    }

    /// The low bits of each value, bit by bit.
    private static func pack(_ values: [UInt32], _ width: Int, roundedTo unit: Int) -> [UInt8] {
        let bits: [Bool] = values.flatMap { value -> [Bool] in (0..<width).map { value >> UInt32($0) & 1 == 1 } }
        var bytes = [UInt8](repeating: 0, count: (bits.count + unit - 1) / unit * unit / 8)
        for (index, isSet) in bits.enumerated() where isSet { bytes[index / 8] |= 1 << UInt8(index % 8) }
        return bytes
    }
}
