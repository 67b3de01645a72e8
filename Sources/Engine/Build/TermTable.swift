import CBits

// Hash table from terms to dense numbers: the hottest code of indexing.
//
// A slot is 16 bytes and holds the first eight bytes of the term, so that a term of up to eight bytes is compared without
// touching the arena. Raw memory, linear probing, at most half full. Terms come in batches: the slots of a batch are asked
// of memory all at once before any is looked at, for most are in no cache.
//
// Invariants
// 1. Terms are numbered 0, 1, 2 … in the order in which they were first taken.
// 2. `slotCount` is a power of two; an empty slot has `number == .max`.
// Confined to one thread.

@safe final class TermTable {
    private struct Slot {
        /// First eight bytes, zero-padded, as a little-endian number.
        var prefix: UInt64
        /// Length 8 bits, field 5 bits, hash 19 bits.
        var tag: UInt32
        var number: UInt32
    }

    private var slots: UnsafeMutablePointer<Slot>
    private var slotCount: Int
    private(set) var termCount = 0

    /// Bytes of all terms, one after the other, without field bytes.
    private var arena: UnsafeMutablePointer<UInt8>
    private var arenaCapacity: Int
    private var arenaCount = 0
    /// For each term: start in the arena, and (field << 8 | length).
    private var starts: UnsafeMutablePointer<UInt32>
    private var shapes: UnsafeMutablePointer<UInt16>
    private var termCapacity: Int

    /// A term that waits for its number.
    private struct Waiting {
        var prefix: UInt64
        var hash: UInt64
        var tag: UInt32
        /// What is to be written before the number; 0 for nothing.
        var mark: UInt32
        /// In `waitingBytes`, of a term longer than eight bytes.
        var start: UInt32
    }

    private static let batchCount = 64
    private let waiting: UnsafeMutablePointer<Waiting>
    private var waitingCount = 0
    private let waitingBytes: UnsafeMutablePointer<UInt8>
    private var waitingByteCount = 0

    init() {
        slotCount = 1 << 12
        unsafe slots = UnsafeMutablePointer<Slot>.allocate(capacity: slotCount)
        arenaCapacity = 1 << 14
        unsafe arena = UnsafeMutablePointer<UInt8>.allocate(capacity: arenaCapacity)
        termCapacity = slotCount / 2
        unsafe starts = UnsafeMutablePointer<UInt32>.allocate(capacity: termCapacity)
        unsafe shapes = UnsafeMutablePointer<UInt16>.allocate(capacity: termCapacity)
        unsafe slots.initialize(repeating: Slot(prefix: 0, tag: 0, number: .max), count: slotCount)
        unsafe waiting = UnsafeMutablePointer<Waiting>.allocate(capacity: Self.batchCount)
        unsafe waitingBytes = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.batchCount * 256)
    }

    deinit {
        unsafe waiting.deallocate()
        unsafe waitingBytes.deallocate()
        unsafe slots.deallocate()
        unsafe arena.deallocate()
        unsafe starts.deallocate()
        unsafe shapes.deallocate()
    }

    /// Memory held.
    var sizeBytes: Int { slotCount * MemoryLayout<Slot>.stride + arenaCapacity + termCapacity * 6 }

    func field(_ number: Int) -> UInt8 { unsafe UInt8(truncatingIfNeeded: shapes[number] >> 8) }

    /// Bytes of a term without its field; valid until the next `add` or `flush`.
    func bytes(_ number: Int) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: arena + Int(starts[number]), count: Int(shapes[number] & 0xFF))
    }

    /// Whether another term might not fit into 32-bit offsets.
    var isFull: Bool { arenaCount > Int(UInt32.max) - 1024 || termCount >= 1 << 30 }

    /// Takes a term, whose number `flush` writes.
    ///
    /// - Parameters:
    ///   - term: 1 to 255 bytes.
    ///   - mark: to be written before the number unless 0.
    ///   - numbers: where numbers are written when the batch is full.
    @inline(__always)
    func add(_ field: UInt8, _ term: UnsafeBufferPointer<UInt8>, mark: UInt32, to numbers: OutputBuffer) {
        if waitingCount == Self.batchCount { flush(to: numbers) }
        let prefix = unsafe Self.prefix(term)
        let hash = unsafe Self.hash(field, term, prefix)
        unsafe cbits_prefetch(slots + (Int(truncatingIfNeeded: hash) & (slotCount &- 1)))
        unsafe waiting[waitingCount] = Waiting(
            prefix: prefix, hash: hash, tag: Self.tag(field, term.count, hash), mark: mark,
            start: UInt32(truncatingIfNeeded: waitingByteCount))
        waitingCount &+= 1
        if term.count > 8 {
            unsafe (waitingBytes + waitingByteCount).update(from: term.baseAddress!, count: term.count)
            waitingByteCount &+= term.count
        }
    }

    /// Appends to `numbers` those of all terms taken since the last call, in their order, each after its mark.
    func flush(to numbers: OutputBuffer) {
        unsafe numbers.reserve(8 * waitingCount) { out in
            var end = unsafe out.assumingMemoryBound(to: UInt32.self)
            for index in 0..<waitingCount {
                let item = unsafe waiting[index]
                if item.mark != 0 {
                    unsafe end.pointee = item.mark.littleEndian
                    unsafe end += 1
                }
                unsafe end.pointee = number(item).littleEndian
                unsafe end += 1
            }
            return unsafe UnsafeMutableRawPointer(end) - out
        }
        waitingCount = 0
        waitingByteCount = 0
    }

    /// New or old.
    @inline(__always)
    private func number(_ item: Waiting) -> UInt32 {
        let mask = slotCount &- 1
        var at = Int(truncatingIfNeeded: item.hash) & mask
        while true {
            let slot = unsafe slots[at]
            if slot.number == .max { return insert(item, at) }
            if slot.prefix == item.prefix, slot.tag == item.tag,
                unsafe item.tag & 0xFF <= 8
                    || Self.isEqual(
                        arena + Int(starts[Int(slot.number)]), waitingBytes + Int(item.start), Int(item.tag & 0xFF))
            {
                return slot.number
            }
            at = (at &+ 1) & mask
        }
    }

    @inline(__always)
    private static func tag(_ field: UInt8, _ count: Int, _ hash: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: count) | UInt32(field) << 8 | UInt32(truncatingIfNeeded: hash >> 45) << 13
    }

    private func insert(_ item: Waiting, _ at: Int) -> UInt32 {
        let length = Int(item.tag & 0xFF)
        if termCount == termCapacity {
            grow()
            return number(item)
        }
        // Eight more than the term needs: a short one is stored as a whole word.
        if arenaCount + max(length, 8) > arenaCapacity {
            let larger = arenaCapacity * 2
            let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
            unsafe memory.update(from: arena, count: arenaCount)
            unsafe arena.deallocate()
            unsafe arena = unsafe memory
            arenaCapacity = larger
        }
        if length > 8 {
            unsafe (arena + arenaCount).update(from: waitingBytes + Int(item.start), count: length)
        } else {
            unsafe UnsafeMutableRawPointer(arena + arenaCount).storeBytes(
                of: item.prefix.littleEndian, as: UInt64.self)
        }
        let number = UInt32(termCount)
        unsafe starts[termCount] = UInt32(arenaCount)
        unsafe shapes[termCount] = UInt16(truncatingIfNeeded: item.tag >> 8 & 0x1F) << 8 | UInt16(length)
        arenaCount += length
        termCount += 1
        unsafe slots[at] = Slot(prefix: item.prefix, tag: item.tag, number: number)
        return number
    }

    private func grow() {
        let larger = slotCount * 2
        let memory = UnsafeMutablePointer<Slot>.allocate(capacity: larger)
        unsafe memory.initialize(repeating: Slot(prefix: 0, tag: 0, number: .max), count: larger)
        for index in 0..<slotCount where unsafe slots[index].number != .max {
            let slot = unsafe slots[index]
            let hash = unsafe Self.hash(field(Int(slot.number)), bytes(Int(slot.number)), slot.prefix)
            var at = Int(truncatingIfNeeded: hash) & (larger - 1)
            while unsafe memory[at].number != .max { at = (at + 1) & (larger - 1) }
            unsafe memory[at] = slot
        }
        unsafe slots.deallocate()
        unsafe slots = unsafe memory
        slotCount = larger
        let capacity = larger / 2
        let newStarts = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
        let newShapes = UnsafeMutablePointer<UInt16>.allocate(capacity: capacity)
        unsafe newStarts.update(from: starts, count: termCount)
        unsafe newShapes.update(from: shapes, count: termCount)
        unsafe starts.deallocate()
        unsafe shapes.deallocate()
        unsafe starts = unsafe newStarts
        unsafe shapes = unsafe newShapes
        termCapacity = capacity
    }

    /// First eight bytes, zero-padded, as a little-endian number; nothing is read beyond the term.
    @inline(__always)
    private static func prefix(_ term: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let base = unsafe UnsafeRawPointer(term.baseAddress!)
        let count = term.count
        if count >= 8 { return unsafe UInt64(littleEndian: base.loadUnaligned(as: UInt64.self)) }
        // Two loads that overlap.
        if count >= 4 {
            let low = unsafe UInt32(littleEndian: base.loadUnaligned(as: UInt32.self))
            let high = unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
            return UInt64(low) | UInt64(high) &<< UInt64(truncatingIfNeeded: (count &- 4) &* 8)
        }
        let first = unsafe UInt64(term[0])
        let middle = unsafe UInt64(term[count >> 1])
        let last = unsafe UInt64(term[count &- 1])
        return first | middle &<< UInt64(truncatingIfNeeded: (count >> 1) &* 8)
            | last &<< UInt64(truncatingIfNeeded: (count &- 1) &* 8)
    }

    /// Fixed, not seeded: terms are not secret, and a chain of equal hashes costs time, never correctness. Multiplications by
    /// odd constants with the halves folded together (wyhash).
    @inline(__always)
    private static func hash(_ field: UInt8, _ term: UnsafeBufferPointer<UInt8>, _ prefix: UInt64) -> UInt64 {
        var hash = fold(prefix ^ 0xA076_1D64_78BD_642F, UInt64(term.count) << 8 ^ UInt64(field) ^ 0xE703_7ED1_A0B4_28DB)
        if term.count > 8 {
            let base = unsafe UnsafeRawPointer(term.baseAddress!)
            var at = 8
            while at &+ 8 < term.count {
                hash = unsafe fold(
                    hash ^ base.loadUnaligned(fromByteOffset: at, as: UInt64.self), 0x8EBC_6AF0_9C88_C6E3)
                at &+= 8
            }
            // The last eight bytes, overlapping what came before: in bounds, because the term is longer than eight.
            let last = unsafe base.loadUnaligned(fromByteOffset: term.count &- 8, as: UInt64.self)
            hash = fold(hash ^ last, 0x5899_65CC_7537_4CC3)
        }
        return hash
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// - Precondition: both have `count` bytes, more than eight, and the first eight are equal.
    @inline(__always)
    private static func isEqual(
        _ stored: UnsafeMutablePointer<UInt8>, _ term: UnsafeMutablePointer<UInt8>, _ count: Int
    ) -> Bool {
        let left = UnsafeRawPointer(stored)
        let right = UnsafeRawPointer(term)
        var at = 8
        while at &+ 8 < count {
            if unsafe left.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                != right.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            {
                return false
            }
            at &+= 8
        }
        at = count &- 8
        return unsafe left.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            == right.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    }

    // MARK: Order

    /// Numbers of the terms for which `isUsed` says so, in ascending order of (field, bytes).
    func sorted(where isUsed: (Int) -> Bool) -> [UInt32] {
        let items = ScratchArray<Item>(count: termCount)
        var count = 0
        for number in 0..<termCount where isUsed(number) {
            let term = unsafe bytes(number)
            var prefix = UInt64(field(number))
            for index in 0..<7 { prefix = unsafe prefix << 8 | (index < term.count ? UInt64(term[index]) : 0) }
            unsafe items.base[count] = Item(prefix: prefix, number: UInt32(number))
            count += 1
        }
        sort(items, count)
        return (0..<count).map { unsafe items.base[$0].number }
    }

    private struct Item: BitwiseCopyable {
        /// Field and the first seven bytes, big-endian: decides most comparisons.
        var prefix: UInt64
        var number: UInt32
    }

    /// By prefix, byte by byte from the last on; what is equal then by all bytes.
    private func sort(_ items: ScratchArray<Item>, _ count: Int) {
        let digits = MemoryLayout<UInt64>.size
        let counts = ScratchArray(repeating: 0, count: digits * 256)
        for index in 0..<count {
            let prefix = unsafe items.base[index].prefix
            for digit in 0..<digits {
                unsafe counts.base[digit << 8 | Int(prefix &>> UInt64(digit &* 8) & 0xFF)] &+= 1
            }
        }
        let other = ScratchArray<Item>(count: count)
        var (from, to) = unsafe (items.base, other.base)
        for digit in 0..<digits {
            let starts = unsafe counts.base + digit << 8
            var sum = 0
            var isMixed = false
            for value in 0..<256 {
                let here = unsafe starts[value]
                isMixed = isMixed || here > 0 && here < count
                unsafe starts[value] = sum
                sum += here
            }
            // All have the same byte here.
            guard isMixed else { continue }
            for index in 0..<count {
                let item = unsafe from[index]
                let value = Int(item.prefix &>> UInt64(digit &* 8) & 0xFF)
                unsafe to[starts[value]] = item
                unsafe starts[value] &+= 1
            }
            unsafe swap(&from, &to)
        }
        if unsafe from != items.base { unsafe items.base.update(from: from, count: count) }
        var start = 0
        while start < count {
            var end = start + 1
            while unsafe end < count && items.base[end].prefix == items.base[start].prefix { end += 1 }
            if end - start > 1 {
                var equal = unsafe UnsafeMutableBufferPointer(start: items.base + start, count: end - start)
                unsafe equal.sort { left, right in
                    unsafe compareBytes(bytes(Int(left.number)), bytes(Int(right.number))) < 0
                }
            }
            start = end
        }
    }
}
