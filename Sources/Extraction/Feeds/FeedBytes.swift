import News

/// Small operations on texts in bytes.
enum FeedBytes {
    static func trimmed(_ text: [UInt8]) -> [UInt8] {
        guard let first = text.first, let last = text.last, isBlank(first) || isBlank(last) else { return text }
        return Array(trimmed(text[...]))
    }

    static func trimmed<Bytes: RandomAccessCollection<UInt8>>(_ text: Bytes) -> Bytes.SubSequence
    where Bytes.Index == Int {
        var (start, end) = (text.startIndex, text.endIndex)
        while start < end, isBlank(text[start]) { start += 1 }
        while end > start, isBlank(text[end - 1]) { end -= 1 }
        return text[start..<end]
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte <= 0x20 && (byte == 0x20 || byte >= 0x09 && byte <= 0x0D)
    }

    /// Repairs what was encoded twice or taken for windows-1252's controls.
    ///
    /// - A text whose characters all fit in Latin-1 and whose Latin-1 bytes are UTF-8 was UTF-8 read as Latin-1.
    /// - A C1 control is the windows-1252 letter of that byte: nobody means the control.
    static func repaired(_ text: [UInt8]) -> [UInt8] {
        let first = ByteSearch.firstBeyondASCII(in: text, from: 0)
        guard first < text.count else { return text }
        guard text[first] == 0xC2 || text[first] == 0xC3 else { return withoutControls(text, from: first) }
        return readTwice(text, from: first) ?? withoutControls(text, from: first)
    }

    private static func readTwice(_ text: [UInt8], from first: Int) -> [UInt8]? {
        // The first letter must begin a UTF-8 sequence and the next one go on with it, so that most texts are told at once.
        guard first + 3 < text.count, (text[first] & 3) << 6 | text[first + 1] & 0x3F >= 0xC2, text[first + 2] == 0xC2
        else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x80 {
                out.append(byte)
                index += 1
            } else {
                guard byte == 0xC2 || byte == 0xC3, index + 1 < text.count else { return nil }
                let letter = (byte & 3) << 6 | text[index + 1] & 0x3F
                if (out.last ?? 0) < 0x80, letter < 0xC2 { return nil }
                out.append(letter)
                index += 2
            }
        }
        return isUTF8(out) ? out : nil
    }

    static func isUTF8(_ bytes: [UInt8]) -> Bool { ByteSpan.of(bytes) { UTF8Check.isValid($0) } }

    private static func withoutControls(_ text: [UInt8], from start: Int) -> [UInt8] {
        var place = ByteSearch.first(0xC2, in: text, from: start)
        while place + 1 < text.count, text[place + 1] >= 0xA0 {
            place = ByteSearch.first(0xC2, in: text, from: place + 1)
        }
        guard place + 1 < text.count else { return text }
        var out: [UInt8] = []
        out.reserveCapacity(text.count + 8)
        var index = 0
        while index < text.count {
            if text[index] == 0xC2, index + 1 < text.count, (0x80..<0xA0).contains(text[index + 1]),
                let scalar = Unicode.Scalar(Entities.windows1252[Int(text[index + 1]) - 0x80])
            {
                Entities.append(scalar, to: &out)
                index += 2
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return out
    }
}

extension FeedBytes {
    /// Base 64 (RFC 4648), white space passed over; nil if the text is none.
    static func base64(_ text: [UInt8]) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(text.count / 4 * 3)
        var (bits, count) = (UInt32(0), 0)
        for byte in text {
            let value: UInt32
            switch byte {
            case 0x41...0x5A: value = UInt32(byte) - 0x41
            case 0x61...0x7A: value = UInt32(byte) - 0x61 + 26
            case 0x30...0x39: value = UInt32(byte) - 0x30 + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="): continue
            case let byte where ASCII.isBlank(byte): continue
            default: return nil
            }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return out
    }
}
