// The ordinals of a dense block as bits (docs/segment-format.md, section 6): bit i, low bits first, tells whether the ordinal i
// places after the one before the block is there. What is asked of whole blocks needs no ordinals then: a window of documents
// takes the words as they are.
//
// The machines this runs on are little-endian.

enum BitBlock {
    /// What stands in place of a width.
    static let mark = 33
    /// Words that `decode` may write behind the last ordinal.
    static let overrun = 8

    /// What each byte has: the places of its set bits, ascending, filled up with zeros, in twice four; and how many.
    ///
    /// Never written again, never given back.
    @safe private struct Table: @unchecked Sendable {
        let places: UnsafePointer<SIMD4<UInt32>>
        let counts: UnsafePointer<UInt8>

        init() {
            let places = UnsafeMutablePointer<SIMD4<UInt32>>.allocate(capacity: 2 * 256)
            let counts = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
            unsafe places.initialize(repeating: .zero, count: 2 * 256)
            for byte in 0..<256 {
                var found = 0
                for bit in 0..<8 where byte >> bit & 1 == 1 {
                    unsafe places[2 * byte + found / 4][found % 4] = UInt32(bit)
                    found += 1
                }
                unsafe (counts + byte).initialize(to: UInt8(found))
            }
            unsafe self.places = UnsafePointer(places)
            unsafe self.counts = UnsafePointer(counts)
        }
    }

    private static let table = Table()

    /// - Parameters:
    ///   - documents: ascending, all behind `before`.
    ///   - before: the ordinal before the block; all ones for none.
    ///   - bitCount: the last of them less `before`.
    static func encode(
        _ documents: UnsafePointer<UInt32>, count: Int, before: UInt32, bitCount: Int, to out: OutputBuffer
    ) {
        let byteCount = (bitCount + 7) >> 3
        unsafe out.append(byteCount: byteCount) { target in
            unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
            let bytes = unsafe target.assumingMemoryBound(to: UInt8.self)
            for index in 0..<count {
                let bit = unsafe Int(documents[index] &- before &- 1)
                unsafe bytes[bit >> 3] |= 1 &<< UInt8(truncatingIfNeeded: bit & 7)
            }
        }
    }

    /// - Parameters:
    ///   - bits: all of the block's bytes.
    ///   - count: how many bits should be set.
    ///   - before: the ordinal before the block; all ones for none.
    ///   - out: has room for `count` and `overrun`.
    /// - Returns: whether `count` bits are set.
    static func decode(
        _ bits: UnsafeRawBufferPointer, count: Int, before: UInt32, into out: UnsafeMutablePointer<UInt32>
    ) -> Bool {
        let places = unsafe table.places
        let counts = unsafe table.counts
        let memory = UnsafeMutableRawPointer(out)
        var base = before &+ 1
        var found = 0
        for at in 0..<bits.count {
            let byte = unsafe Int(bits[at])
            let next = unsafe found &+ Int(counts[byte])
            guard next <= count else { return false }
            let first = unsafe places[2 &* byte] &+ SIMD4(repeating: base)
            let second = unsafe places[2 &* byte &+ 1] &+ SIMD4(repeating: base)
            unsafe memory.storeBytes(of: first, toByteOffset: 4 &* found, as: SIMD4<UInt32>.self)
            unsafe memory.storeBytes(of: second, toByteOffset: 4 &* found &+ 16, as: SIMD4<UInt32>.self)
            found = next
            base &+= 8
        }
        return found == count
    }

    /// Sets in `target` the bits of the block that lie in it.
    ///
    /// - Parameters:
    ///   - bits: all of the block's bytes.
    ///   - place: where the block's first bit lies in `target`; below zero if before it.
    static func union(
        _ bits: UnsafeRawBufferPointer, at place: Int, into target: UnsafeMutablePointer<UInt64>, wordCount: Int
    ) {
        // What lies before the target is passed over by whole words.
        var at = place < 0 ? (-place >> 6) << 3 : 0
        while at < bits.count {
            let bit = place &+ at &* 8
            let index = bit >> 6
            guard index < wordCount else { return }
            let left = bits.count &- at
            var word: UInt64 = 0
            if left >= 8 {
                word = unsafe bits.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            } else {
                for offset in 0..<left { unsafe word |= UInt64(bits[at &+ offset]) &<< UInt64(8 &* offset) }
            }
            let shift = UInt64(truncatingIfNeeded: bit & 63)
            if index >= 0 { unsafe target[index] |= word &<< shift }
            // Where the words lie alike there is nothing: shifted by 64, in two steps.
            if index &+ 1 < wordCount { unsafe target[index &+ 1] |= (word &>> (63 &- shift)) &>> 1 }
            at &+= 8
        }
    }
}
