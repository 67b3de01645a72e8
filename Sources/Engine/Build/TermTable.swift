import CBits

// Hash table from terms to dense numbers: the hottest code of indexing.
//
// A slot is 16 bytes and holds the first eight bytes of the term, so that a term of up to eight bytes is compared without
// touching the arena. Raw memory, linear probing, at most half full.
//
// Invariants
// 1. Terms are numbered 0, 1, 2 … in the order of their first `intern`.
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

    init() {
        slotCount = 1 << 12
        slots = UnsafeMutablePointer<Slot>.allocate(capacity: slotCount)
        arenaCapacity = 1 << 14
        arena = UnsafeMutablePointer<UInt8>.allocate(capacity: arenaCapacity)
        termCapacity = slotCount / 2
        starts = UnsafeMutablePointer<UInt32>.allocate(capacity: termCapacity)
        shapes = UnsafeMutablePointer<UInt16>.allocate(capacity: termCapacity)
        slots.initialize(repeating: Slot(prefix: 0, tag: 0, number: .max), count: slotCount)
    }

    deinit {
        slots.deallocate()
        arena.deallocate()
        starts.deallocate()
        shapes.deallocate()
    }

    /// Memory held.
    var sizeBytes: Int { slotCount * MemoryLayout<Slot>.stride + arenaCapacity + termCapacity * 6 }

    func field(_ number: Int) -> UInt8 { UInt8(truncatingIfNeeded: shapes[number] >> 8) }

    /// Bytes of a term without its field; valid until the next `intern`.
    func bytes(_ number: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: arena + Int(starts[number]), count: Int(shapes[number] & 0xFF))
    }

    /// Whether another term might not fit into 32-bit offsets.
    var isFull: Bool { arenaCount > Int(UInt32.max) - 1024 || termCount >= 1 << 30 }

    /// Number of the term, new or old.
    ///
    /// - Parameter term: 1 to 255 bytes.
    @inline(__always)
    func intern(_ field: UInt8, _ term: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let prefix = Self.prefix(term)
        let hash = Self.hash(field, term, prefix)
        let tag =
            UInt32(truncatingIfNeeded: term.count) | UInt32(field) << 8
            | UInt32(truncatingIfNeeded: hash >> 45) << 13
        let mask = slotCount &- 1
        var at = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[at]
            if slot.number == .max { return insert(field, term, prefix, tag, at) }
            if slot.prefix == prefix, slot.tag == tag,
                term.count <= 8 || Self.isEqual(arena + Int(starts[Int(slot.number)]), term)
            {
                return slot.number
            }
            at = (at &+ 1) & mask
        }
    }

    private func insert(
        _ field: UInt8, _ term: UnsafeBufferPointer<UInt8>, _ prefix: UInt64, _ tag: UInt32, _ at: Int
    ) -> UInt32 {
        if termCount == termCapacity {
            grow()
            return intern(field, term)
        }
        if arenaCount + term.count > arenaCapacity {
            let larger = arenaCapacity * 2
            let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
            memory.update(from: arena, count: arenaCount)
            arena.deallocate()
            arena = memory
            arenaCapacity = larger
        }
        (arena + arenaCount).update(from: term.baseAddress!, count: term.count)
        let number = UInt32(termCount)
        starts[termCount] = UInt32(arenaCount)
        shapes[termCount] = UInt16(field) << 8 | UInt16(term.count)
        arenaCount += term.count
        termCount += 1
        slots[at] = Slot(prefix: prefix, tag: tag, number: number)
        return number
    }

    private func grow() {
        let larger = slotCount * 2
        let memory = UnsafeMutablePointer<Slot>.allocate(capacity: larger)
        memory.initialize(repeating: Slot(prefix: 0, tag: 0, number: .max), count: larger)
        for index in 0..<slotCount where slots[index].number != .max {
            let slot = slots[index]
            let hash = Self.hash(field(Int(slot.number)), bytes(Int(slot.number)), slot.prefix)
            var at = Int(truncatingIfNeeded: hash) & (larger - 1)
            while memory[at].number != .max { at = (at + 1) & (larger - 1) }
            memory[at] = slot
        }
        slots.deallocate()
        slots = memory
        slotCount = larger
        let capacity = larger / 2
        let newStarts = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
        let newShapes = UnsafeMutablePointer<UInt16>.allocate(capacity: capacity)
        newStarts.update(from: starts, count: termCount)
        newShapes.update(from: shapes, count: termCount)
        starts.deallocate()
        shapes.deallocate()
        starts = newStarts
        shapes = newShapes
        termCapacity = capacity
    }

    @inline(__always)
    private static func prefix(_ term: UnsafeBufferPointer<UInt8>) -> UInt64 {
        if term.count >= 8 {
            return UInt64(littleEndian: UnsafeRawPointer(term.baseAddress!).loadUnaligned(as: UInt64.self))
        }
        var value: UInt64 = 0
        var index = term.count
        while index > 0 {
            index &-= 1
            value = value << 8 | UInt64(term[index])
        }
        return value
    }

    /// Fixed, not seeded: terms are not secret, and a chain of equal hashes costs time, never correctness. Multiplications by
    /// odd constants with the halves folded together (wyhash).
    @inline(__always)
    private static func hash(_ field: UInt8, _ term: UnsafeBufferPointer<UInt8>, _ prefix: UInt64) -> UInt64 {
        var hash = fold(prefix ^ 0xA076_1D64_78BD_642F, UInt64(term.count) << 8 ^ UInt64(field) ^ 0xE703_7ED1_A0B4_28DB)
        if term.count > 8 {
            let base = UnsafeRawPointer(term.baseAddress!)
            var at = 8
            while at &+ 8 < term.count {
                hash = fold(hash ^ base.loadUnaligned(fromByteOffset: at, as: UInt64.self), 0x8EBC_6AF0_9C88_C6E3)
                at &+= 8
            }
            // The last eight bytes, overlapping what came before: in bounds, because the term is longer than eight.
            let last = base.loadUnaligned(fromByteOffset: term.count &- 8, as: UInt64.self)
            hash = fold(hash ^ last, 0x5899_65CC_7537_4CC3)
        }
        return hash
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// - Precondition: the term is longer than eight bytes, the first eight are equal, and `stored` has as many bytes.
    @inline(__always)
    private static func isEqual(_ stored: UnsafeMutablePointer<UInt8>, _ term: UnsafeBufferPointer<UInt8>) -> Bool {
        let left = UnsafeRawPointer(stored)
        let right = UnsafeRawPointer(term.baseAddress!)
        var at = 8
        while at &+ 8 < term.count {
            if left.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                != right.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            {
                return false
            }
            at &+= 8
        }
        at = term.count &- 8
        return left.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            == right.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    }

    // MARK: Order

    /// Numbers of the terms for which `isUsed` says so, in ascending order of (field, bytes).
    func sorted(where isUsed: (Int) -> Bool) -> [UInt32] {
        struct Item {
            /// Field and the first seven bytes, big-endian: decides most comparisons.
            var prefix: UInt64
            var number: UInt32
        }
        var items: [Item] = []
        items.reserveCapacity(termCount)
        for number in 0..<termCount where isUsed(number) {
            let term = bytes(number)
            var prefix = UInt64(field(number))
            for index in 0..<7 { prefix = prefix << 8 | (index < term.count ? UInt64(term[index]) : 0) }
            items.append(Item(prefix: prefix, number: UInt32(number)))
        }
        items.sort { left, right in
            left.prefix != right.prefix
                ? left.prefix < right.prefix
                : compareBytes(bytes(Int(left.number)), bytes(Int(right.number))) < 0
        }
        return items.map(\.number)
    }
}
