package import ByteCoding
package import News

/// `terms/<term>`: who reigns. Created once, never deleted.
package struct TermObject: Equatable, Sendable {
    static let magic = Array("CRNTTRM0".utf8)

    package var term: Term
    package var instance: Instance
    /// HOST:PORT where the coordinator listens; "" if it does not.
    package var address: String

    package init(term: Term, instance: Instance, address: String) {
        self.term = term
        self.instance = instance
        self.address = address
    }

    package var encoded: [UInt8] {
        var out = ByteWriter()
        out.raw(Self.magic)
        out.fixed(term.number)
        out.fixed(instance.number)
        out.string(address)
        out.checksum()
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CodingError) {
        var reader = try ByteReader(bytes, magic: Self.magic, what: "term object")
        term = Term(try reader.fixed())
        instance = Instance(try reader.fixed())
        address = try reader.string(atMost: 512)
        try reader.requireEnd()
    }
}

/// `heartbeats/<term>`: overwritten by the coordinator each second; a counter that stands still means it is gone.
package struct Heartbeat: Equatable, Sendable {
    static let magic = Array("CRNTHRT0".utf8)

    package var counter: UInt64
    package var address: String
    /// An orderly end: nobody need wait.
    package var hasEnded: Bool

    package init(counter: UInt64, address: String, hasEnded: Bool) {
        self.counter = counter
        self.address = address
        self.hasEnded = hasEnded
    }

    package var encoded: [UInt8] {
        var out = ByteWriter()
        out.raw(Self.magic)
        out.fixed(counter)
        out.fixed(UInt8(hasEnded ? 1 : 0))
        out.string(address)
        out.checksum()
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CodingError) {
        var reader = try ByteReader(bytes, magic: Self.magic, what: "heartbeat")
        counter = try reader.fixed()
        let flag: UInt8 = try reader.fixed()
        hasEnded = flag != 0
        address = try reader.string(atMost: 512)
        try reader.requireEnd()
    }
}
