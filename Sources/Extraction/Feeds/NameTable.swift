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

    static let maxNames = 4096
    static let maxNameBytes = 64
    private static let maxProbes = 24
    private static let slotCount = 16384

    /// Stands for all names that were not taken.
    static let other: ID = 0

    private var slots: [ID]
    private var hashes: [UInt32]
    private var ranges: [Range<Int>]
    private var text: [UInt8]

    /// The names of `FeedWord`; a copy costs nothing until a document brings its own.
    static let known = NameTable(FeedWord.allCases.map(\.snakeName))

    /// A table of these names, numbered from 0.
    init(_ names: [String]) {
        slots = [ID](repeating: .max, count: Self.slotCount)
        hashes = []
        ranges = []
        text = []
        for (number, name) in names.enumerated() {
            let id = self.id(Array(name.utf8)[...])
            precondition(id == number, "a name stands there twice: \(name)")
        }
    }

    /// The number of a name; its letters may be capitals. A name that is not there is added.
    mutating func id(_ name: ArraySlice<UInt8>) -> ID { id(Array(name), 0..<name.count) }

    /// The number of the name in a range of bytes.
    mutating func id(_ bytes: [UInt8], _ range: Range<Int>) -> ID {
        guard range.count <= Self.maxNameBytes else { return Self.other }
        let hash = Self.hash(bytes, range)
        guard let (slot, id) = find(bytes, range, hash) else { return Self.other }
        if id != .max { return id }
        guard ranges.count < Self.maxNames else { return Self.other }
        return add(bytes, range, hash, at: slot)
    }

    /// The number of a name, or nil if it is not there.
    func known(_ bytes: [UInt8], _ range: Range<Int>) -> ID? {
        guard range.count <= Self.maxNameBytes, let (_, id) = find(bytes, range, Self.hash(bytes, range)), id != .max
        else { return nil }
        return id
    }

    func name(_ id: ID) -> ArraySlice<UInt8> { text[ranges[Int(id)]] }

    private static func hash(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for index in range { hash = (hash ^ UInt32(ASCII.lowercased(bytes[index]))) &* 16_777_619 }
        return hash
    }

    /// The slot where a name is, or a free one with the number `.max`; nil if neither is near.
    private func find(_ bytes: [UInt8], _ range: Range<Int>, _ hash: UInt32) -> (slot: Int, id: ID)? {
        // The low bits of this hash mix badly; the high ones are folded in.
        var slot = Int((hash ^ (hash >> 15)) & UInt32(Self.slotCount - 1))
        for _ in 0..<Self.maxProbes {
            let id = slots[slot]
            if id == .max || hashes[Int(id)] == hash && isEqual(bytes, range, ranges[Int(id)]) { return (slot, id) }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        return nil
    }

    private mutating func add(_ bytes: [UInt8], _ range: Range<Int>, _ hash: UInt32, at slot: Int) -> ID {
        let id = ID(ranges.count)
        let start = text.count
        for index in range { text.append(ASCII.lowercased(bytes[index])) }
        ranges.append(start..<text.count)
        hashes.append(hash)
        slots[slot] = id
        return id
    }

    private func isEqual(_ bytes: [UInt8], _ range: Range<Int>, _ held: Range<Int>) -> Bool {
        guard range.count == held.count else { return false }
        var place = held.lowerBound
        for index in range {
            if ASCII.lowercased(bytes[index]) != text[place] { return false }
            place += 1
        }
        return true
    }
}
