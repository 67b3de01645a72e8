// Up to 128 numbers in as few bits as they need (docs/segment-format.md, section 6). 128 of them lie in four lanes, number i in
// lane i mod 4, so that one operation on four words unpacks four numbers (Lemire and Boytsov, "Decoding billions of integers
// per second through vectorization", 2015); fewer follow bit by bit. The machines this runs on are little-endian.
//
// Everything here reads and writes raw memory: lengths are checked before, by `RawCursor` or by the caller.

enum PackedBlock {
    static let count = SegmentFormat.blockCount
    /// Most numbers of a block that may be wider than the rest.
    static let exceptionLimitCount = 7
    private static let rowCount = count / 4

    @inline(__always)
    static func byteCount(count valueCount: Int, width: Int) -> Int {
        valueCount == count ? 16 &* width : (valueCount &* width &+ 7) >> 3
    }

    // MARK: Lanes

    /// - Parameters:
    ///   - input: 16 bytes for each bit of `width`.
    ///   - width: 1 to 32.
    ///   - body: gets the rows of four, in order.
    @inline(__always)
    private static func forEachRow(
        _ input: UnsafeRawPointer, width: Int, _ body: (_ row: Int, SIMD4<UInt32>) -> Void
    ) {
        let mask = SIMD4<UInt32>(repeating: UInt32.max >> UInt32(truncatingIfNeeded: 32 &- width))
        var words = unsafe input.loadUnaligned(as: SIMD4<UInt32>.self)
        var at = 0
        var shift = 0
        for row in 0..<rowCount {
            var value = words &>> SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: shift))
            shift &+= width
            if shift >= 32 {
                shift &-= 32
                at &+= 16
                if row &+ 1 < rowCount || shift > 0 {
                    words = unsafe input.loadUnaligned(fromByteOffset: at, as: SIMD4<UInt32>.self)
                }
                if shift > 0 {
                    value |= words &<< SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: width &- shift))
                }
            }
            body(row, value & mask)
        }
    }

    /// 128 numbers.
    static func unpackLanes(_ input: UnsafeRawPointer, width: Int, into out: UnsafeMutablePointer<UInt32>) {
        guard width > 0 else { return unsafe out.update(repeating: 0, count: count) }
        let memory = UnsafeMutableRawPointer(out)
        unsafe forEachRow(input, width: width) { row, value in
            unsafe memory.storeBytes(of: value, toByteOffset: row &* 16, as: SIMD4<UInt32>.self)
        }
    }

    /// 128 ordinals from their differences less one.
    ///
    /// - Parameters:
    ///   - before: the ordinal before the first; all ones for none.
    ///   - width: at most 24, so that sums below 2^31 + 2^31 do not wrap.
    static func unpackOrdinals(
        _ input: UnsafeRawPointer, width: Int, before: UInt32, into out: UnsafeMutablePointer<UInt32>
    ) {
        let memory = UnsafeMutableRawPointer(out)
        guard width > 0 else {
            for index in 0..<count { unsafe out[index] = before &+ 1 &+ UInt32(truncatingIfNeeded: index) }
            return
        }
        let ones = SIMD4<UInt32>(repeating: 1)
        var last = SIMD4<UInt32>(repeating: before)
        unsafe forEachRow(input, width: width) { row, value in
            let sums = prefixSums(value &+ ones) &+ last
            unsafe memory.storeBytes(of: sums, toByteOffset: row &* 16, as: SIMD4<UInt32>.self)
            last = SIMD4(repeating: sums[3])
        }
    }

    /// Each number and those before it.
    ///
    /// In halves of two words each, as the processor shifts them: the obvious way, by lanes with zeros before them, is compiled
    /// to moves through other registers and takes half as long again for a whole block.
    @inline(__always)
    private static func prefixSums(_ value: SIMD4<UInt32>) -> SIMD4<UInt32> {
        var pairs = unsafe unsafeBitCast(value, to: SIMD2<UInt64>.self)
        pairs &+= pairs &<< SIMD2(repeating: 32)
        let sums = unsafe unsafeBitCast(pairs, to: SIMD4<UInt32>.self)
        return sums &+ SIMD4(repeating: sums[1]) & SIMD4(0, 0, .max, .max)
    }

    /// 128 numbers that fit into `width` bits.
    private static func packLanes(_ values: UnsafePointer<UInt32>, width: Int, to out: OutputBuffer) {
        guard width > 0 else { return }
        let memory = unsafe UnsafeRawPointer(values)
        unsafe out.append(byteCount: 16 * width) { target in
            var words = SIMD4<UInt32>.zero
            var at = 0
            var shift = 0
            for row in 0..<rowCount {
                let value = unsafe memory.loadUnaligned(fromByteOffset: row &* 16, as: SIMD4<UInt32>.self)
                words |= value &<< SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: shift))
                shift &+= width
                guard shift >= 32 else { continue }
                unsafe target.storeBytes(of: words, toByteOffset: at, as: SIMD4<UInt32>.self)
                at &+= 16
                shift &-= 32
                words =
                    shift > 0
                    ? value &>> SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: width &- shift)) : .zero
            }
        }
    }

    // MARK: All of one width

    static func pack(_ values: UnsafePointer<UInt32>, count valueCount: Int, width: Int, to out: OutputBuffer) {
        if valueCount == count {
            unsafe packLanes(values, width: width, to: out)
        } else {
            unsafe out.pack(values, count: valueCount, width: width)
        }
    }

    static func unpack(
        _ cursor: inout RawCursor, count valueCount: Int, width: Int, into out: UnsafeMutablePointer<UInt32>
    ) throws(RawError) {
        guard valueCount == count else { return try unsafe cursor.unpack(out, count: valueCount, width: width) }
        guard width <= 32 else { throw .malformed(what: "width \(width)", offset: cursor.offset) }
        let bytes = try unsafe cursor.raw(16 &* width)
        unsafe unpackLanes(bytes.baseAddress!, width: width, into: out)
    }

    // MARK: With exceptions

    /// Few wide numbers must not widen all: up to seven keep up to eight high bits apart (PFOR: Zukowski and others,
    /// "Super-scalar RAM-CPU cache compression", 2006).
    ///
    /// - Parameter values: below 2^31; those that are exceptions are changed.
    static func packPatched(_ values: UnsafeMutablePointer<UInt32>, count valueCount: Int, to out: OutputBuffer) {
        let widest = unsafe UInt32.bitWidth - union(values, count: valueCount).leadingZeroBitCount
        precondition(widest < 32, "a number of 32 bits in a block with exceptions")
        var width = widest
        var best = byteCount(count: valueCount, width: widest)
        // An exception takes two bytes, and at most eight bits from each number. The narrower, the more of them there are, from the
        // widest on: once those there are cost what all eight bits would save, nothing better comes.
        let least = byteCount(count: valueCount, width: max(widest - 8, 0))
        var exceptions = 1
        var narrower = 1
        while least + 2 * exceptions < best, narrower <= min(widest, 8) {
            exceptions = unsafe countAbove(1 << UInt32(widest - narrower) - 1, values, count: valueCount)
            guard exceptions <= exceptionLimitCount else { break }
            let bytes = byteCount(count: valueCount, width: widest - narrower) + 2 * exceptions
            if bytes < best {
                best = bytes
                width = widest - narrower
            }
            narrower += 1
        }
        guard width < widest else {
            out.byte(UInt8(width))
            return unsafe pack(values, count: valueCount, width: width, to: out)
        }
        let patches = unsafe takeHighBits(above: width, values, count: valueCount)
        out.byte(UInt8(width | patches.count << 5))
        unsafe pack(values, count: valueCount, width: width, to: out)
        for exception in 0..<patches.count {
            let word = exception < 4 ? patches.pairs.0 : patches.pairs.1
            out.fixed(UInt16(truncatingIfNeeded: word >> UInt64(16 * (exception & 3))))
        }
    }

    /// Takes from the numbers what stands above `width` bits.
    ///
    /// - Parameter values: at most seven of them have more.
    /// - Returns: of each that had more, index and high bits, a byte each, four pairs in a word.
    private static func takeHighBits(
        above width: Int, _ values: UnsafeMutablePointer<UInt32>, count valueCount: Int
    ) -> (pairs: (UInt64, UInt64), count: Int) {
        var pairs: (UInt64, UInt64) = (0, 0)
        var taken = 0
        let limit = UInt32(1) << UInt32(width)
        func take(_ index: Int) {
            let value = unsafe values[index]
            guard value >= limit else { return }
            let pair = UInt64(index) | UInt64(value >> UInt32(width)) << 8
            if taken < 4 {
                pairs.0 |= pair << UInt64(16 * taken)
            } else {
                pairs.1 |= pair << UInt64(16 * (taken - 4))
            }
            taken += 1
            unsafe values[index] = value & (limit - 1)
        }
        let memory = UnsafeRawPointer(values)
        for row in 0..<(valueCount / 4) {
            // Few rows have one of them.
            let four = unsafe memory.loadUnaligned(fromByteOffset: row &* 16, as: SIMD4<UInt32>.self)
            let high = unsafe unsafeBitCast(four &>> SIMD4(repeating: UInt32(width)), to: SIMD2<UInt64>.self)
            guard high[0] | high[1] != 0 else { continue }
            for index in (4 * row)..<(4 * row + 4) { take(index) }
        }
        for index in (valueCount & ~3)..<valueCount { take(index) }
        return (pairs, taken)
    }

    /// How many numbers are larger.
    ///
    /// - Parameter limit: below 2^31, as the numbers are.
    @inline(__always)
    private static func countAbove(_ limit: UInt32, _ values: UnsafePointer<UInt32>, count valueCount: Int) -> Int {
        // The difference is negative, and its first bit set, for those alone.
        guard valueCount == count else {
            var found: UInt32 = 0
            for index in 0..<valueCount { unsafe found &+= (limit &- values[index]) &>> 31 }
            return Int(found)
        }
        let memory = unsafe UnsafeRawPointer(values)
        var lanes = SIMD4<UInt32>.zero
        for row in 0..<rowCount {
            let four = unsafe memory.loadUnaligned(fromByteOffset: row &* 16, as: SIMD4<UInt32>.self)
            lanes &+= (SIMD4(repeating: limit) &- four) &>> SIMD4(repeating: 31)
        }
        return Int(lanes[0] &+ lanes[1] &+ lanes[2] &+ lanes[3])
    }

    /// All bits that are set in any of the numbers.
    @inline(__always)
    private static func union(_ values: UnsafePointer<UInt32>, count valueCount: Int) -> UInt32 {
        var all: UInt32 = 0
        guard valueCount == count else {
            for index in 0..<valueCount { unsafe all |= values[index] }
            return all
        }
        let memory = unsafe UnsafeRawPointer(values)
        var lanes = SIMD4<UInt32>.zero
        for row in 0..<rowCount {
            unsafe lanes |= memory.loadUnaligned(fromByteOffset: row &* 16, as: SIMD4<UInt32>.self)
        }
        return lanes[0] | lanes[1] | lanes[2] | lanes[3]
    }

    static func unpackPatched(
        _ cursor: inout RawCursor, count valueCount: Int, into out: UnsafeMutablePointer<UInt32>
    ) throws(RawError) {
        let header = try cursor.byte()
        let width = Int(header & 31)
        try unsafe unpack(&cursor, count: valueCount, width: width, into: out)
        for _ in 0..<(header >> 5) {
            let index = Int(try cursor.byte())
            let high = UInt32(try cursor.byte())
            guard index < valueCount, high != 0, width < 24 || high >> UInt32(31 &- width) == 0 else {
                throw .malformed(what: "exception of a block", offset: cursor.offset)
            }
            unsafe out[index] |= high << UInt32(width)
        }
    }

    /// Passes over a block without unpacking it.
    @inline(__always)
    static func skipPatched(_ cursor: inout RawCursor, count valueCount: Int) throws(RawError) {
        let header = try cursor.byte()
        try cursor.skip(byteCount(count: valueCount, width: Int(header & 31)) &+ 2 &* Int(header >> 5))
    }
}
