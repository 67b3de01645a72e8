/// Names to small numbers by one hash and one probe or two.
///
/// Two names of one hash would be taken for one another. No known ones are (checked when the table is made), and
/// a page that looks for such a name only misleads itself.
struct HashedNames: Sendable {
    private var keys: [UInt64]
    private var values: [UInt8]
    private var bits: UInt64 = 6

    init(_ entries: [(name: String, value: UInt8)]) {
        while 1 << bits < entries.count * 2 { bits += 1 }
        keys = Array(repeating: 0, count: 1 << bits)
        values = Array(repeating: 0, count: 1 << bits)
        for (name, value) in entries {
            let key = Self.hash(Array(name.utf8)[...])
            var slot = slot(key)
            while keys[slot] != 0 {
                precondition(keys[slot] != key, "two names have one hash, or one stands twice: \(name)")
                slot = (slot + 1) & (keys.count - 1)
            }
            keys[slot] = key
            values[slot] = value
        }
    }

    subscript(_ name: ArraySlice<UInt8>) -> UInt8? { value(ofHash: Self.hash(name)) }

    func value(ofHash key: UInt64) -> UInt8? {
        var slot = slot(key)
        while keys[slot] != 0 {
            if keys[slot] == key { return values[slot] }
            slot = (slot + 1) & (keys.count - 1)
        }
        return nil
    }

    private func slot(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> (64 - bits))
    }

    static let emptyHash: UInt64 = 0xCBF2_9CE4_8422_2325

    /// The FNV-1a of a name that goes on with this byte.
    @inline(__always) static func extend(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }

    static func hash(_ name: ArraySlice<UInt8>) -> UInt64 {
        var hash = emptyHash
        for byte in name { hash = extend(hash, byte) }
        return hash
    }
}
