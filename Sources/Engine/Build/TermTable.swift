import CBits
import Glibc

// Hash table from terms to dense numbers: the hottest code of indexing.
//
// A slot is 16 bytes and holds the first eight bytes of the term, so that a term of up to eight bytes is compared without
// touching the arena; of a longer one the slot says where it lies there, behind its number. Raw memory, linear probing, at
// most half full. Terms come in batches: the slots of a batch, then the longer terms they name, are asked of memory all at
// once before any is looked at, for most are in no cache. What depends on a term's length up to 16 bytes is computed
// without branches: lengths come in no order that a processor could guess.
//
// Invariants
// 1. Terms are numbered 0, 1, 2 … in the order in which they were first taken, by whatever way.
// 2. `slotCount` is a power of two; an empty slot has `place == .max`.
// 3. From the start of each term in the arena 16 bytes can be read.
// Confined to one thread.

@safe final class TermTable {
    private struct Slot: BitwiseCopyable {
        /// First eight bytes, zero-padded, as a little-endian number.
        var prefix: UInt64
        /// Length 8 bits, field 5 bits, hash 19 bits.
        var tag: UInt32
        /// Number of a term of up to eight bytes; of a longer one its start in the arena, with the number in the four bytes before.
        var place: UInt32

        static let empty = Slot(prefix: 0, tag: 0, place: .max)
    }

    /// Whoever writes articles must not know which terms have neighbouring slots. No output depends on it: terms are numbered as they
    /// come, and sorted by their bytes.
    private let seed = UInt64.random(in: .min ... .max)
    private var slotMemory: ScratchArray<Slot>
    private var slots: UnsafeMutablePointer<Slot>
    private var slotCount: Int
    /// Terms that have a slot.
    private var slottedCount = 0
    private(set) var termCount = 0

    /// Bytes of all terms without field bytes, one after the other; before each that is longer than eight bytes its number.
    private var arena: UnsafeMutablePointer<UInt8>
    private var arenaCapacity: Int
    private var arenaCount = 0
    /// For each term: start in the arena, and (field << 8 | length).
    private var starts: UnsafeMutablePointer<UInt32>
    private var shapes: UnsafeMutablePointer<UInt16>
    private var termCapacity: Int

    /// A term that waits for its number.
    private struct Waiting {
        /// First eight bytes and the eight behind them, zero-padded.
        var prefix: UInt64
        var second: UInt64
        var hash: UInt64
        var tag: UInt32
        /// What is to be written before the number; 0 for nothing.
        var mark: UInt32
        /// In `waitingBytes`, of a term longer than 16 bytes.
        var start: UInt32
    }

    /// So many bytes must be there to be read from the start of a term, however short it is.
    static let readableBytes = 16

    private static let batchCount = 64
    private let waiting: UnsafeMutablePointer<Waiting>
    private var waitingCount = 0
    private let waitingBytes: UnsafeMutablePointer<UInt8>
    private var waitingByteCount = 0

    init() {
        slotCount = 1 << 12
        slotMemory = ScratchArray(repeating: .empty, count: slotCount)
        unsafe slots = slotMemory.base
        arenaCapacity = 1 << 14
        unsafe arena = UnsafeMutablePointer<UInt8>.allocate(capacity: arenaCapacity)
        termCapacity = slotCount / 2
        unsafe starts = UnsafeMutablePointer<UInt32>.allocate(capacity: termCapacity)
        unsafe shapes = UnsafeMutablePointer<UInt16>.allocate(capacity: termCapacity)
        unsafe waiting = UnsafeMutablePointer<Waiting>.allocate(capacity: Self.batchCount)
        unsafe waitingBytes = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.batchCount * 256)
    }

    deinit {
        unsafe waiting.deallocate()
        unsafe waitingBytes.deallocate()
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

    /// Asks memory for what `bytes` and `field` need.
    @inline(__always)
    func prefetch(_ number: Int) {
        unsafe cbits_prefetch(starts + number)
        unsafe cbits_prefetch(shapes + number)
    }

    /// Asks memory for the bytes themselves; best some time after `prefetch`.
    @inline(__always)
    func prefetchBytes(_ number: Int) { unsafe cbits_prefetch(arena + Int(starts[number])) }

    /// Whether another term might not fit into 32-bit offsets.
    var isFull: Bool { arenaCount > Int(UInt32.max) - 1024 || termCount >= 1 << 30 }

    /// Calls `body` with a copy of a term from whose start `readableBytes` can be read.
    static func withReadable(
        _ term: some Collection<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        let padded = Array(term) + repeatElement(0, count: readableBytes)
        unsafe padded.withUnsafeBufferPointer {
            unsafe body(UnsafeBufferPointer(rebasing: $0[..<term.count]))
        }
    }

    /// Takes a term, whose number `flush` writes.
    ///
    /// - Parameters:
    ///   - term: 1 to 255 bytes; `readableBytes` can be read from its start.
    ///   - mark: to be written before the number unless 0.
    ///   - numbers: where numbers are written when the batch is full.
    @inline(__always)
    func add(_ field: UInt8, _ term: UnsafeBufferPointer<UInt8>, mark: UInt32, to numbers: OutputBuffer) {
        if waitingCount == Self.batchCount { flush(to: numbers) }
        let count = term.count
        // In bounds by the precondition.
        let base = unsafe UnsafeRawPointer(term.baseAddress!)
        let prefix = unsafe Self.first(count, of: base.loadUnaligned(as: UInt64.self))
        let second = unsafe Self.first(count &- 8, of: base.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        var hash = Self.hash(seed, field, count, prefix, second)
        if count > 16 {
            hash = unsafe Self.hash(hash, base, count)
            unsafe (waitingBytes + waitingByteCount).update(from: term.baseAddress!, count: count)
        }
        unsafe cbits_prefetch(slots + (Int(truncatingIfNeeded: hash) & (slotCount &- 1)))
        unsafe waiting[waitingCount] = Waiting(
            prefix: prefix, second: second, hash: hash, tag: Self.tag(field, count, hash), mark: mark,
            start: UInt32(truncatingIfNeeded: waitingByteCount))
        waitingCount &+= 1
        if count > 16 { waitingByteCount &+= count }
    }

    /// Appends to `numbers` those of all terms taken since the last call, in their order, each after its mark.
    func flush(to numbers: OutputBuffer) {
        for index in 0..<waitingCount {
            let item = unsafe waiting[index]
            let slot = unsafe slots[Int(truncatingIfNeeded: item.hash) & (slotCount &- 1)]
            // Of a short term, and of an empty slot, the start of the arena, which costs nothing.
            let isLong = item.tag & 0xFF > 8 && slot.tag == item.tag
            unsafe cbits_prefetch(arena + (isLong ? Int(slot.place) : 0))
        }
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
            if slot.place == .max { return insert(item, at) }
            if slot.prefix == item.prefix, slot.tag == item.tag {
                if item.tag & 0xFF <= 8 { return slot.place }
                let stored = unsafe arena + Int(slot.place)
                if unsafe isEqual(stored, item) {
                    return unsafe UnsafeRawPointer(stored).loadUnaligned(fromByteOffset: -4, as: UInt32.self)
                }
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
        if slottedCount == slotCount / 2 {
            grow()
            return number(item)
        }
        let (number, start) = unsafe begin(UInt8(truncatingIfNeeded: item.tag >> 8 & 0x1F), length)
        if length > 16 {
            unsafe start.update(from: waitingBytes + Int(item.start), count: length)
        } else {
            // As two whole words, for which there is room.
            let words = UnsafeMutableRawPointer(start)
            unsafe words.storeBytes(of: item.prefix.littleEndian, as: UInt64.self)
            unsafe words.storeBytes(of: item.second.littleEndian, toByteOffset: 8, as: UInt64.self)
        }
        let place = unsafe length > 8 ? starts[Int(number)] : number
        unsafe slots[at] = Slot(prefix: item.prefix, tag: item.tag, place: place)
        slottedCount += 1
        return number
    }

    /// Takes a term that is there only once, so that it need not be found again.
    ///
    /// - Parameter term: not of this table; 1 to 255 bytes.
    /// - Returns: its number.
    func append(_ field: UInt8, _ term: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let (number, start) = unsafe begin(field, term.count)
        unsafe start.update(from: term.baseAddress!, count: term.count)
        return number
    }

    /// Gives a term its number and its place in the arena, where `length` bytes are to be written, or 16 at most.
    private func begin(_ field: UInt8, _ length: Int) -> (number: UInt32, start: UnsafeMutablePointer<UInt8>) {
        if arenaCount + 4 + max(length, Self.readableBytes) > arenaCapacity {
            let larger = arenaCapacity * 2
            let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
            unsafe memory.update(from: arena, count: arenaCount)
            unsafe arena.deallocate()
            unsafe arena = unsafe memory
            arenaCapacity = larger
        }
        if termCount == termCapacity { growTerms() }
        let number = UInt32(termCount)
        if length > 8 {
            unsafe UnsafeMutableRawPointer(arena + arenaCount).storeBytes(of: number, as: UInt32.self)
            arenaCount += 4
        }
        let start = unsafe arena + arenaCount
        unsafe starts[termCount] = UInt32(arenaCount)
        unsafe shapes[termCount] = UInt16(field) << 8 | UInt16(length)
        arenaCount += length
        termCount += 1
        return unsafe (number, start)
    }

    private func grow() {
        let larger = slotCount * 2
        let largerMemory = ScratchArray(repeating: Slot.empty, count: larger)
        let memory = unsafe largerMemory.base
        for index in 0..<slotCount where unsafe slots[index].place != .max {
            let slot = unsafe slots[index]
            var at = Int(truncatingIfNeeded: hash(slot)) & (larger - 1)
            while unsafe memory[at].place != .max { at = (at + 1) & (larger - 1) }
            unsafe memory[at] = slot
        }
        slotMemory = largerMemory
        unsafe slots = unsafe memory
        slotCount = larger
    }

    private func growTerms() {
        let capacity = termCapacity * 2
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

    /// The first `count` bytes of a word as it lies in memory, the others 0; all of it for 8 or more, none for 0 or less.
    @inline(__always)
    private static func first(_ count: Int, of word: UInt64) -> UInt64 {
        let kept = min(max(count, 0), 8)
        return UInt64(littleEndian: word) & (UInt64.max >> UInt64(64 &- 8 &* kept))
    }

    /// Multiplications by odd constants with the halves folded together (wyhash). Of a term of more than 16 bytes the beginning.
    @inline(__always)
    private static func hash(
        _ seed: UInt64, _ field: UInt8, _ count: Int, _ prefix: UInt64, _ second: UInt64
    ) -> UInt64 {
        let first = fold(prefix ^ seed, UInt64(count) << 8 ^ UInt64(field) ^ 0xE703_7ED1_A0B4_28DB)
        return fold(first ^ second ^ seed, 0x8EBC_6AF0_9C88_C6E3)
    }

    /// With what stands behind the first 16 bytes.
    ///
    /// - Precondition: there are more than 16.
    private static func hash(_ begun: UInt64, _ term: UnsafeRawPointer, _ count: Int) -> UInt64 {
        var hash = begun
        var at = 16
        while at &+ 8 < count {
            hash = unsafe fold(
                hash ^ UInt64(littleEndian: term.loadUnaligned(fromByteOffset: at, as: UInt64.self)),
                0x8EBC_6AF0_9C88_C6E3)
            at &+= 8
        }
        // The last eight bytes, overlapping what came before.
        let last = unsafe UInt64(littleEndian: term.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self))
        return fold(hash ^ last, 0x5899_65CC_7537_4CC3)
    }

    /// Of the term of a slot.
    private func hash(_ slot: Slot) -> UInt64 {
        let count = Int(slot.tag & 0xFF)
        let field = UInt8(truncatingIfNeeded: slot.tag >> 8 & 0x1F)
        guard count > 8 else { return Self.hash(seed, field, count, slot.prefix, 0) }
        let term = unsafe UnsafeRawPointer(arena + Int(slot.place))
        let second = unsafe Self.first(count &- 8, of: term.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let hash = Self.hash(seed, field, count, slot.prefix, second)
        return count > 16 ? unsafe Self.hash(hash, term, count) : hash
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// Whether a term of the arena is the one that waits.
    ///
    /// - Precondition: both have the same number of bytes, more than eight, and the first eight are equal.
    @inline(__always)
    private func isEqual(_ stored: UnsafeMutablePointer<UInt8>, _ item: Waiting) -> Bool {
        let count = Int(item.tag & 0xFF)
        let left = UnsafeRawPointer(stored)
        guard unsafe Self.first(count &- 8, of: left.loadUnaligned(fromByteOffset: 8, as: UInt64.self)) == item.second
        else { return false }
        guard count > 16 else { return true }
        return unsafe memcmp(left + 16, waitingBytes + Int(item.start) + 16, count &- 16) == 0
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
