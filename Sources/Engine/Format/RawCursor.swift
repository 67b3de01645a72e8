// Reads numbers from raw memory that may hold anything: every step is checked against the end, nothing traps.

/// Why raw bytes could not be read; `SegmentReader` adds object and section.
enum RawError: Error {
    /// Offset from the start of the cursor's bytes.
    case malformed(what: String, offset: Int)
    /// A checksum does not hold.
    case damaged(EngineError)
}

/// Valid as long as the view its bytes come from.
@safe struct RawCursor {
    private let base: UnsafeRawPointer
    let count: Int
    private(set) var offset: Int

    /// - Parameter bytes: kept alive by the caller.
    init(_ bytes: UnsafeRawBufferPointer) {
        // An empty buffer may have no address; any will do where nothing is read.
        unsafe base = unsafe bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 16)!
        count = bytes.count
        offset = 0
    }

    var isAtEnd: Bool { offset == count }
    var remaining: Int { count - offset }

    @inline(__always)
    mutating func byte() throws(RawError) -> UInt8 {
        guard offset < count else { throw .malformed(what: "end of bytes", offset: offset) }
        let value = unsafe base.load(fromByteOffset: offset, as: UInt8.self)
        offset &+= 1
        return value
    }

    @inline(__always)
    mutating func fixed<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type = Value.self) throws(RawError)
        -> Value
    {
        let width = MemoryLayout<Value>.size
        guard count - offset >= width else { throw .malformed(what: "end of bytes", offset: offset) }
        let value = unsafe base.loadUnaligned(fromByteOffset: offset, as: Value.self)
        offset &+= width
        return Value(littleEndian: value)
    }

    @inline(__always)
    mutating func varint() throws(RawError) -> UInt64 {
        // One to three bytes, of which the last may not be zero, by one load.
        if count &- offset >= 4 {
            let word = unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            if word & 0x80 == 0 {
                offset &+= 1
                return UInt64(word & 0x7F)
            }
            if word & 0x8000 == 0, word & 0x7F00 != 0 {
                offset &+= 2
                return UInt64(word & 0x7F | (word & 0x7F00) >> 1)
            }
            if word & 0x80_8000 == 0x8000, word & 0x7F_0000 != 0 {
                offset &+= 3
                return UInt64(word & 0x7F | (word & 0x7F00) >> 1 | (word & 0x7F_0000) >> 2)
            }
        }
        return try anyVarint()
    }

    /// The next eight bytes, the first lowest; nil if there are not so many.
    @inline(__always)
    var nextWord: UInt64? {
        guard count &- offset >= 8 else { return nil }
        return unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Passes over some of the bytes that `nextWord` gave.
    @inline(__always)
    mutating func pass(_ byteCount: Int) { offset &+= byteCount }

    /// Of any length, anywhere.
    @inline(never)
    private mutating func anyVarint() throws(RawError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            if shift == 63, next > 1 { throw .malformed(what: "variable-length integer", offset: offset) }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 {
                if next == 0, shift > 0 { throw .malformed(what: "variable-length integer", offset: offset) }
                return value
            }
            shift += 7
        }
    }

    /// A varint of at most `limit`.
    @inline(__always)
    mutating func count(_ what: StaticString, atMost limit: Int) throws(RawError) -> Int {
        let value = try varint()
        guard value <= UInt64(limit) else { throw .malformed(what: "\(what) \(value)", offset: offset) }
        return Int(truncatingIfNeeded: value)
    }

    @inline(__always)
    mutating func raw(_ length: Int) throws(RawError) -> UnsafeRawBufferPointer {
        guard length >= 0, length <= count - offset else { throw .malformed(what: "length \(length)", offset: offset) }
        defer { offset &+= length }
        return unsafe UnsafeRawBufferPointer(start: base + offset, count: length)
    }

    /// Reads `valueCount` packed values of `width` bits into `out`.
    mutating func unpack(_ out: UnsafeMutablePointer<UInt32>, count valueCount: Int, width: Int) throws(RawError) {
        guard width <= 32 else { throw .malformed(what: "width \(width)", offset: offset) }
        let length = (valueCount &* width &+ 7) >> 3
        guard length <= count - offset else { throw .malformed(what: "packed values", offset: offset) }
        guard length > 0 else {
            unsafe out.update(repeating: 0, count: valueCount)
            return
        }
        let start = unsafe base + offset
        let mask = (UInt64(1) << UInt64(width)) &- 1
        if length < 8 {
            // All of them from one word.
            var word = unsafe Self.word(start, length)
            for index in 0..<valueCount {
                unsafe out[index] = UInt32(truncatingIfNeeded: word & mask)
                word &>>= UInt64(truncatingIfNeeded: width)
            }
        } else {
            // Each from a word that ends no later than the last value does.
            let lastStart = length &- 8
            var bit = 0
            for index in 0..<valueCount {
                let at = min(bit >> 3, lastStart)
                let word = unsafe UInt64(littleEndian: start.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                let shift = UInt64(truncatingIfNeeded: bit &- 8 &* at)
                unsafe out[index] = UInt32(truncatingIfNeeded: word &>> shift & mask)
                bit &+= width
            }
        }
        offset &+= length
    }

    /// The first 1 to 7 bytes of `start` as a little-endian number, by loads that overlap.
    @inline(__always)
    private static func word(_ start: UnsafeRawPointer, _ length: Int) -> UInt64 {
        if length >= 4 {
            let low = unsafe UInt64(UInt32(littleEndian: start.loadUnaligned(as: UInt32.self)))
            let high = unsafe UInt32(
                littleEndian: start.loadUnaligned(fromByteOffset: length &- 4, as: UInt32.self))
            return low | UInt64(high) &<< UInt64(truncatingIfNeeded: 8 &* (length &- 4))
        }
        func byte(_ place: Int) -> UInt64 {
            unsafe UInt64(start.load(fromByteOffset: place, as: UInt8.self))
                &<< UInt64(truncatingIfNeeded: 8 &* place)
        }
        return byte(0) | byte(length / 2) | byte(length &- 1)
    }

    /// One of the values of `width` bits, at most 32, that are packed from `start` on. There are more than `index` of them.
    @inline(__always)
    func packed(_ index: Int, width: Int, from start: Int) -> UInt32 {
        let bit = index &* width
        let at = start &+ bit &>> 3
        var word: UInt64 = 0
        if at &+ 8 <= count {
            word = unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        } else {
            for place in at..<max(at, count) {
                let byte = unsafe base.load(fromByteOffset: place, as: UInt8.self)
                word |= UInt64(byte) &<< UInt64(truncatingIfNeeded: 8 &* (place &- at))
            }
        }
        let mask = (UInt64(1) &<< UInt64(truncatingIfNeeded: width)) &- 1
        return UInt32(truncatingIfNeeded: word &>> UInt64(truncatingIfNeeded: bit & 7) & mask)
    }

    mutating func skip(_ length: Int) throws(RawError) {
        guard length >= 0, length <= count - offset else { throw .malformed(what: "length \(length)", offset: offset) }
        offset &+= length
    }
}
