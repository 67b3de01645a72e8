import News

/// The little that is done to white space in text that came as fields (docs/identity.md, "White space").
enum TextSpace {
    /// Without white space at both ends.
    static func trimmed(_ text: String) -> String {
        let utf8 = text.utf8
        // Most texts need nothing: the first and last byte tell, but for blanks beyond ASCII (first byte 0xC2, 0xE1 …).
        if let first = utf8.first, let last = utf8.last, isInk(first), isInk(last) { return text }
        let scalars = text.unicodeScalars
        guard let start = scalars.firstIndex(where: { !isSpace($0) }),
            let end = scalars.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(scalars[start...end])
    }

    /// With every CR LF (or CR CR LF) as LF.
    static func unixLines(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for byte in bytes {
            // Each of several CRs, so that doing it twice changes nothing.
            while byte == 0x0A, out.last == 0x0D { out.removeLast() }
            out.append(byte)
        }
        return out
    }

    /// One line with single blanks between words and none at the ends.
    static func collapsed(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        var isPending = false
        for scalar in text.unicodeScalars {
            if isSpace(scalar) {
                isPending = !out.isEmpty
            } else {
                if isPending { out.append(" ") }
                isPending = false
                out.append(scalar)
            }
        }
        return String(out)
    }

    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF:
            true
        default: false
        }
    }

    private static func isInk(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }
}
