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
    mutating func id(_ name: ArraySlice<UInt8>) -> ID {
        guard name.count <= Self.maxNameBytes else { return Self.other }
        let hash = Self.hash(name)
        guard let (slot, id) = find(name, hash) else { return Self.other }
        if id != .max { return id }
        guard ranges.count < Self.maxNames else { return Self.other }
        return add(name, hash, at: slot)
    }

    /// The number of a name, or nil if it is not there.
    func known(_ name: ArraySlice<UInt8>) -> ID? {
        guard name.count <= Self.maxNameBytes, let (_, id) = find(name, Self.hash(name)), id != .max else {
            return nil
        }
        return id
    }

    func name(_ id: ID) -> ArraySlice<UInt8> { text[ranges[Int(id)]] }

    private static func hash(_ name: ArraySlice<UInt8>) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for byte in name { hash = (hash ^ UInt32(ASCII.lowercased(byte))) &* 16_777_619 }
        return hash
    }

    /// The slot where a name is, or a free one with the number `.max`; nil if neither is near.
    private func find(_ name: ArraySlice<UInt8>, _ hash: UInt32) -> (slot: Int, id: ID)? {
        // The low bits of this hash mix badly; the high ones are folded in.
        var slot = Int((hash ^ (hash >> 15)) & UInt32(Self.slotCount - 1))
        for _ in 0..<Self.maxProbes {
            let id = slots[slot]
            if id == .max || hashes[Int(id)] == hash && isEqual(name, ranges[Int(id)]) { return (slot, id) }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        return nil
    }

    private mutating func add(_ name: ArraySlice<UInt8>, _ hash: UInt32, at slot: Int) -> ID {
        let id = ID(ranges.count)
        let start = text.count
        for byte in name { text.append(ASCII.lowercased(byte)) }
        ranges.append(start..<text.count)
        hashes.append(hash)
        slots[slot] = id
        return id
    }

    private func isEqual(_ name: ArraySlice<UInt8>, _ held: Range<Int>) -> Bool {
        guard name.count == held.count else { return false }
        var place = held.lowerBound
        for byte in name {
            if ASCII.lowercased(byte) != text[place] { return false }
            place += 1
        }
        return true
    }
}
