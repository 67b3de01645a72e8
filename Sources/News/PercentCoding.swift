/// Percent-encoding of the parts of a web address (WHATWG URL standard, "percent-encoded bytes").
enum PercentCoding {
    /// Which ASCII bytes a part may not hold as they are. Control characters and bytes above 0x7E never may.
    struct Part {
        let encoded: [Bool]

        private init(_ characters: String) {
            var table = [Bool](repeating: false, count: 256)
            for byte in 0...255 where byte < 0x20 || byte > 0x7E { table[byte] = true }
            for byte in characters.utf8 { table[Int(byte)] = true }
            encoded = table
        }

        static let control = Part("")
        static let otherQuery = Part(" \"#<>")
        static let fragment = Part(" \"<>`")
        static let query = Part(" \"#<>'")
        static let path = Part(" \"#<>?^`{}")
        static let userinfo = Part(" \"#<>?^`{}/:;=@[\\]|")
    }

    static func encode(_ bytes: some Collection<UInt8>, _ part: Part) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for byte in bytes {
            if part.encoded[Int(byte)] { append(byte, to: &out) } else { out.append(byte) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func decode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        var out: [UInt8] = []
        out.reserveCapacity(input.count)
        var index = 0
        while index < input.count {
            if let value = escaped(input, at: index) {
                out.append(value)
                index += 3
            } else {
                out.append(input[index])
                index += 1
            }
        }
        return out
    }

    /// One spelling for each address: escapes of unreserved characters are undone, the rest have capital digits. Where a "%" that
    /// escapes nothing would escape something then ("%4%44"), the escape stays: what is normalised is normalised to itself.
    static func normalised(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        let input = Array(text.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(input.count)
        var index = 0
        // Where the last "%" that escapes nothing stands in `out`.
        var stray = Int.min / 2
        while index < input.count {
            if let value = escaped(input, at: index) {
                let isUnreserved = ASCII.isAlphanumeric(value) || "-._~".utf8.contains(value)
                let completes = out.count - stray <= 2 && ASCII.hexValue(value) != nil
                if isUnreserved, !completes { out.append(value) } else { append(value, to: &out) }
                index += 3
            } else {
                if input[index] == UInt8(ascii: "%") { stray = out.count }
                out.append(input[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func escaped(_ input: [UInt8], at index: Int) -> UInt8? {
        guard input[index] == UInt8(ascii: "%"), index + 2 < input.count, let high = ASCII.hexValue(input[index + 1]),
            let low = ASCII.hexValue(input[index + 2])
        else { return nil }
        return high << 4 | low
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func append(_ byte: UInt8, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "%"))
        out.append(digits[Int(byte >> 4)])
        out.append(digits[Int(byte & 15)])
    }
}
