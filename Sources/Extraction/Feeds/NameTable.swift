import News

/// Numbers for names, so that elements and keys are compared as numbers.
///
/// Names are held in small letters. The first numbers are those of `FeedWord`; a document's own names follow.
///
/// Invariants
/// 1. A look-up costs at most `maxProbes` comparisons: names made to collide share the number of `other`.
/// 2. At most `maxNames` names are held, each of at most `maxNameBytes`: what a document can make grow is bounded.
struct NameTable {
    typealias ID = UInt16

    static let maxNames = 2048
    static let maxNameBytes = 64
    private static let maxProbes = 24
    private static let slotCount = 8192

    /// Stands for all names that were not taken.
    static let other: ID = 0

    private struct Name {
        /// Its first eight bytes, the first lowest, in small letters; zeros behind a shorter name.
        let head: UInt64
        /// In `text`.
        let range: Range<Int>
    }

    private var slots: [ID]
    private var held: [Name] = []
    private var text: [UInt8] = []

    /// The names of `FeedWord`; a copy costs nothing until a document brings its own.
    static let known = NameTable(FeedWord.allCases.map(\.snakeName))

    /// A table of these names, numbered from 0.
    init(_ names: [String]) {
        slots = [ID](repeating: .max, count: Self.slotCount)
        for (number, name) in names.enumerated() {
            let id = ByteSpan.of(Array(name.utf8)) { self.id($0) }
            precondition(id == number, "a name stands there twice: \(name)")
        }
    }

    /// The number of a name; its letters may be capitals. A name that is not there is added.
    mutating func id(_ name: ByteSpan) -> ID { id(name, name.startIndex..<name.endIndex) }

    /// - Parameters:
    ///   - bytes: what the name stands in: where more bytes follow it, it is read faster.
    mutating func id(_ bytes: ByteSpan, _ range: Range<Int>) -> ID {
        guard range.count <= Self.maxNameBytes else { return Self.other }
        let head = Self.head(bytes, range)
        guard let (slot, id) = find(head, bytes, range) else { return Self.other }
        if id != .max { return id }
        guard held.count < Self.maxNames else { return Self.other }
        return add(head, bytes[range], at: slot)
    }

    /// The number of a name, or nil if it is not there.
    func known(_ name: ByteSpan) -> ID? { known(name, name.startIndex..<name.endIndex) }

    func known(_ bytes: ByteSpan, _ range: Range<Int>) -> ID? {
        guard range.count <= Self.maxNameBytes, let (_, id) = find(Self.head(bytes, range), bytes, range), id != .max
        else { return nil }
        return id
    }

    func name(_ id: ID) -> ArraySlice<UInt8> { text[held[Int(id)].range] }

    @inline(__always)
    private static func head(_ bytes: ByteSpan, _ range: Range<Int>) -> UInt64 {
        let count = range.upperBound &- range.lowerBound
        if range.lowerBound &+ 8 <= bytes.endIndex {
            let word = bytes.word(at: range.lowerBound).littleEndian
            return lowercased(count >= 8 ? word : word & ((1 &<< UInt64(count &* 8)) &- 1))
        }
        var word: UInt64 = 0
        for place in range.prefix(8).reversed() { word = word << 8 | UInt64(bytes[place]) }
        return lowercased(word)
    }

    /// Eight bytes with capitals made small.
    @inline(__always)
    private static func lowercased(_ word: UInt64) -> UInt64 {
        let low = word & 0x7F7F_7F7F_7F7F_7F7F
        // The high bit of a byte tells whether it is from "A" on, and whether it is beyond "Z".
        let isFromA = low &+ 0x3F3F_3F3F_3F3F_3F3F
        let isBeyondZ = low &+ 0x2525_2525_2525_2525
        let isCapital = (isFromA ^ isBeyondZ) & ~word & 0x8080_8080_8080_8080
        return word | isCapital >> 2
    }

    /// The slot where a name is, or a free one with the number `.max`; nil if neither is near.
    private func find(_ head: UInt64, _ bytes: ByteSpan, _ range: Range<Int>) -> (slot: Int, id: ID)? {
        let count = range.upperBound &- range.lowerBound
        // Long names that begin alike are told apart by their length and last letter.
        let last = count > 8 ? UInt64(bytes[range.upperBound &- 1] | 0x20) : 0
        let mixed = (head ^ UInt64(count) &<< 56 ^ last &<< 48) &* 0x9E37_79B9_7F4A_7C15
        var slot = Int(truncatingIfNeeded: mixed >> 51)
        for _ in 0..<Self.maxProbes {
            let id = slots[slot]
            if id == .max { return (slot, id) }
            let name = held[Int(id)]
            if name.head == head, name.range.count == count, count <= 8 || isSame(name, bytes, range) {
                return (slot, id)
            }
            slot = (slot &+ 1) & (Self.slotCount &- 1)
        }
        return nil
    }

    /// Whether a name is the one in a range, whose first eight bytes and length are the same.
    private func isSame(_ name: Name, _ bytes: ByteSpan, _ range: Range<Int>) -> Bool {
        for offset in 8..<range.count
        where ASCII.lowercased(bytes[range.lowerBound &+ offset]) != text[name.range.lowerBound &+ offset] {
            return false
        }
        return true
    }

    private mutating func add(_ head: UInt64, _ name: ByteSpan, at slot: Int) -> ID {
        let id = ID(held.count)
        let start = text.count
        for byte in name { text.append(ASCII.lowercased(byte)) }
        held.append(Name(head: head, range: start..<text.count))
        slots[slot] = id
        return id
    }
}
