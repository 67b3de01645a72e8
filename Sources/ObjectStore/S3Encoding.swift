import News

/// Percent-encoding as signatures want it: everything but A-Z a-z 0-9 - . _ ~ becomes %XX with capital digits.
enum S3Encoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Of an object's key: "/" stays.
    static func path(_ text: String) -> String { encode(text) { $0 == UInt8(ascii: "/") } }

    /// Of a name or value in a query.
    static func query(_ text: String) -> String { encode(text) { _ in false } }

    private static func encode(_ text: String, except isKept: (UInt8) -> Bool) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if ASCII.isAlphanumeric(byte) || "-._~".utf8.contains(byte) || isKept(byte) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
