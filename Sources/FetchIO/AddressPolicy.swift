/// A network in CIDR form: "127.0.0.0/8", "::1", "fd00::/8".
package struct AddressRange: Equatable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes.
    let bytes: [UInt8]
    let prefixBits: Int

    init(_ bytes: [UInt8], _ prefixBits: Int) {
        self.bytes = bytes
        self.prefixBits = prefixBits
    }

    /// - Returns: nil if `text` is no address with an optional "/bits".
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let bytes = IPAddress.bytes(String(parts[0])) else { return nil }
        var bits = bytes.count * 8
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...bits).contains(given),
                parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else { return nil }
            bits = given
        }
        self.init(bytes, bits)
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == bytes.count else { return false }
        let whole = prefixBits / 8
        guard address[..<whole] == bytes[..<whole] else { return false }
        let rest = prefixBits % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
        return address[whole] & mask == bytes[whole] & mask
    }

    package var description: String {
        let groups =
            bytes.count == 4
            ? bytes.map(String.init).joined(separator: ".")
            : stride(from: 0, to: 16, by: 2).map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
                .joined(separator: ":")
        return "\(groups)/\(prefixBits)"
    }
}

/// Which addresses may be connected to. Asked with the address itself just before a connection is made, so neither a
/// redirect nor a name that resolves differently the second time gets around it.
package struct AddressPolicy: Sendable {
    /// Exceptions an operator made.
    private let allowed: [AddressRange]

    package init(allowing allowed: [AddressRange] = []) { self.allowed = allowed }

    /// - Parameter address: 4 or 16 bytes, network order.
    package func allows(_ address: [UInt8]) -> Bool {
        if allowed.contains(where: { $0.contains(address) }) { return true }
        if let embedded = Self.embeddedIPv4(address) { return allows(embedded) }
        return (address.count == 4 || address.count == 16) && !Self.notPublic.contains { $0.contains(address) }
    }

    /// The IPv4 address in an IPv4-mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96) or 6to4 (2002::/16) address.
    private static func embeddedIPv4(_ address: [UInt8]) -> [UInt8]? {
        guard address.count == 16 else { return nil }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        let nat64: [UInt8] = [0, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8)
        if address[..<12] == mapped[...] || address[..<12] == nat64[...] { return Array(address[12...]) }
        if address[0] == 0x20, address[1] == 0x02 { return Array(address[2..<6]) }
        return nil
    }

    /// IANA's special-purpose registries, what is not globally reachable, and multicast.
    private static let notPublic: [AddressRange] = [
        AddressRange([0, 0, 0, 0], 8), AddressRange([10, 0, 0, 0], 8), AddressRange([100, 64, 0, 0], 10),
        AddressRange([127, 0, 0, 0], 8), AddressRange([169, 254, 0, 0], 16), AddressRange([172, 16, 0, 0], 12),
        AddressRange([192, 0, 0, 0], 24), AddressRange([192, 0, 2, 0], 24), AddressRange([192, 168, 0, 0], 16),
        AddressRange([198, 18, 0, 0], 15), AddressRange([198, 51, 100, 0], 24), AddressRange([203, 0, 113, 0], 24),
        AddressRange([224, 0, 0, 0], 4), AddressRange([240, 0, 0, 0], 4),
        six([], 96),  // unspecified, loopback, IPv4-compatible
        six([0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01], 48), six([0x01], 64), six([0x20, 0x01, 0x00], 23),
        six([0x20, 0x01, 0x0D, 0xB8], 32), six([0x3F, 0xFF], 20), six([0x5F], 16), six([0xFC], 7),
        six([0xFE, 0x80], 10),
        six([0xFE, 0xC0], 10), six([0xFF], 8),
    ]

    private static func six(_ head: [UInt8], _ bits: Int) -> AddressRange {
        AddressRange(head + [UInt8](repeating: 0, count: 16 - head.count), bits)
    }
}
