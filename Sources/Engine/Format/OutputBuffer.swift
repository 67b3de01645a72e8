// Growing bytes of one section while it is written. Raw memory, because an append to an Array costs a check of
// uniqueness, exclusivity and capacity for each byte of a posting list.
//
// Invariants: `count <= capacity`; memory is owned until deinit. Confined to one thread.

import Glibc

@safe final class OutputBuffer {
    private(set) var count = 0
    private var capacity: Int
    private var base: UnsafeMutableRawPointer

    init(capacityBytes: Int = 4096) {
        capacity = max(capacityBytes, 64)
        unsafe base = Self.require(malloc(capacity))
    }

    deinit { unsafe free(base) }

    var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }

    func removeAll() { count = 0 }

    @inline(__always)
    private func ensure(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    private func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        // Of a large buffer the system moves pages, not bytes.
        unsafe base = Self.require(realloc(base, larger))
        capacity = larger
    }

    private static func require(_ memory: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer {
        guard let memory = unsafe memory else { preconditionFailure("out of memory") }
        return unsafe memory
    }

    @inline(__always)
    func byte(_ value: UInt8) {
        ensure(1)
        unsafe base.storeBytes(of: value, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Little-endian.
    @inline(__always)
    func fixed<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        let width = MemoryLayout<Value>.size
        ensure(width)
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: count, as: Value.self)
        count += width
    }

    @inline(__always)
    func varint(_ value: UInt64) {
        ensure(10)
        var rest = value
        var at = count
        while rest >= 0x80 {
            unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: at, as: UInt8.self)
            rest >>= 7
            at += 1
        }
        unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: at, as: UInt8.self)
        count = at + 1
    }

    @inline(__always)
    func varint(_ value: Int) { varint(UInt64(value)) }

    /// Overwrites what was written before.
    @inline(__always)
    func patch<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= count, "a patch lies within what was written")
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    /// Appends what `body` writes: it returns how many bytes, at most `byteCount`.
    @inline(__always)
    func reserve(_ byteCount: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        ensure(byteCount)
        count += unsafe body(base + count)
    }

    /// Appends bytes that `body` writes, all of them.
    @inline(__always)
    func append(byteCount: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
        ensure(byteCount)
        unsafe body(base + count)
        count += byteCount
    }

    func raw(_ more: UnsafeRawBufferPointer) {
        guard let source = more.baseAddress else { return }
        ensure(more.count)
        unsafe (base + count).copyMemory(from: source, byteCount: more.count)
        count += more.count
    }

    func raw(_ more: some Collection<UInt8>) {
        ensure(more.count)
        unsafe UnsafeMutableRawBufferPointer(start: base + count, count: more.count).copyBytes(from: more)
        count += more.count
    }

    /// Appends `values` with `width` bits each, low bits first, then zero bits to a whole byte.
    ///
    /// - Precondition: every value fits into `width` bits; `width` is at most 32.
    func pack(_ values: UnsafePointer<UInt32>, count valueCount: Int, width: Int) {
        guard width > 0 else { return }
        // Eight bytes more, because each step stores a whole word.
        ensure((valueCount * width + 7) / 8 + 8)
        var out = unsafe base + count
        var word: UInt64 = 0
        var filled = 0
        for index in 0..<valueCount {
            unsafe word |= UInt64(values[index]) << UInt64(truncatingIfNeeded: filled)
            filled &+= width
            if filled >= 32 {
                unsafe out.storeBytes(of: UInt32(truncatingIfNeeded: word).littleEndian, as: UInt32.self)
                unsafe out += 4
                word >>= 32
                filled &-= 32
            }
        }
        unsafe out.storeBytes(of: UInt32(truncatingIfNeeded: word).littleEndian, as: UInt32.self)
        count = unsafe out - base + (filled + 7) / 8
    }
}

extension OutputBuffer {
    func zeros(_ zeroCount: Int) {
        for _ in 0..<zeroCount { byte(0) }
    }
}
