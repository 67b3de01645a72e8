package enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    package static func string(_ bytes: some Collection<UInt8>) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Sixteen digits, so that names sort as the numbers do.
    package static func padded(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        let raw = Array(text.utf8)
        guard raw.count % 2 == 0 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(raw.count / 2)
        for index in stride(from: 0, to: raw.count, by: 2) {
            guard let high = hexValue(raw[index]), let low = hexValue(raw[index + 1]) else { return nil }
            out.append(high << 4 | low)
        }
        return out
    }
}

func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x61 + 10
    case 0x41...0x46: digit - 0x41 + 10
    default: nil
    }
}
