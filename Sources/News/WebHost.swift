/// Hosts of web addresses: domains, IPv4 and IPv6 addresses (WHATWG URL standard, "host parsing").
///
/// Deliberately absent: the tables of UTS 46. A domain with letters beyond ASCII is lower-cased by the scalars' own
/// mappings, full-width forms and dots are narrowed, ignorable characters dropped, letters and marks composed, and labels
/// written in Punycode.
enum WebHost {
    /// - Returns: the serialised host, or nil if it is none.
    static func parse(_ bytes: ArraySlice<UInt8>) -> String? {
        if bytes.first == UInt8(ascii: "[") {
            guard bytes.last == UInt8(ascii: "]"), let address = ipv6(Array(bytes.dropFirst().dropLast())) else {
                return nil
            }
            return "[" + address + "]"
        }
        guard let decoded = String(validating: PercentCoding.decode(bytes), as: UTF8.self),
            let domain = asciiDomain(decoded), !domain.isEmpty, !domain.utf8.contains(where: isForbidden)
        else { return nil }
        return endsInNumber(domain) ? ipv4(domain) : domain
    }

    /// A host of a scheme that gives hosts no meaning: kept as written.
    static func opaque(_ bytes: ArraySlice<UInt8>) -> String? {
        let forbidden = Array("\0\t\n\r #/:<>?@[\\]^|".utf8)
        return bytes.contains(where: forbidden.contains) ? nil : PercentCoding.encode(bytes, .control)
    }

    // MARK: Domains

    private static func asciiDomain(_ text: String) -> String? {
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            return String(decoding: text.utf8.map(ASCII.lowercased), as: UTF8.self)
        }
        var mapped = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x00AD, 0x200B, 0x2060, 0xFEFF, 0x180B...0x180D, 0xFE00...0xFE0F: continue
            case 0x3002, 0xFF61: mapped += "."
            case 0xFF01...0xFF5E:
                mapped.unicodeScalars.append(Unicode.Scalar(ASCII.lowercased(UInt8(scalar.value - 0xFEE0))))
            case 0xFFFD: return nil
            case let value where value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(value): return nil
            default:
                if scalar.properties.isWhitespace { return nil }
                mapped += scalar.properties.lowercaseMapping
            }
        }
        var labels: [String] = []
        for label in CanonicalComposition.composed(mapped).unicodeScalars.split(
            separator: ".", omittingEmptySubsequences: false)
        {
            if label.allSatisfy({ $0.isASCII }) {
                labels.append(String(String.UnicodeScalarView(label)))
            } else {
                // A mark has nothing before it to mark.
                guard label.first.map({ !isMark($0) }) ?? true, let code = Punycode.encode(Array(label)) else {
                    return nil
                }
                labels.append("xn--" + code)
            }
        }
        return labels.joined(separator: ".")
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    private static func isForbidden(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == 0x7F || byte >= 0x80 || "#/:<>?@[\\]^|%".utf8.contains(byte)
    }

    // MARK: IPv4

    private static func endsInNumber(_ domain: String) -> Bool {
        var parts = domain.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true, parts.count > 1 { parts.removeLast() }
        guard let last = parts.last, !last.isEmpty else { return false }
        return last.allSatisfy(ASCII.isDigit) || ipv4Number(last) != nil
    }

    private static func ipv4(_ domain: String) -> String? {
        var parts = domain.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true, parts.count > 1 { parts.removeLast() }
        guard parts.count <= 4 else { return nil }
        var numbers: [UInt64] = []
        for part in parts {
            guard let number = ipv4Number(part) else { return nil }
            numbers.append(number)
        }
        guard let last = numbers.last, numbers.dropLast().allSatisfy({ $0 <= 255 }),
            last < 1 << UInt64(8 * (5 - numbers.count))
        else { return nil }
        var address = last
        for (index, number) in numbers.dropLast().enumerated() { address += number << UInt64(8 * (3 - index)) }
        return [24, 16, 8, 0].map { String((address >> UInt64($0)) & 255) }.joined(separator: ".")
    }

    /// Decimal, octal ("0…") or hexadecimal ("0x…"); nil for anything else, or above 2^40.
    private static func ipv4Number(_ text: Substring.UTF8View) -> UInt64? {
        var digits = Array(text)
        guard !digits.isEmpty else { return nil }
        var radix: UInt64 = 10
        if digits.count >= 2, digits[0] == UInt8(ascii: "0") {
            let isHex = ASCII.lowercased(digits[1]) == UInt8(ascii: "x")
            radix = isHex ? 16 : 8
            digits.removeFirst(isHex ? 2 : 1)
        }
        var value: UInt64 = 0
        for digit in digits {
            guard let number = ASCII.hexValue(digit), UInt64(number) < radix else { return nil }
            value = min(value * radix + UInt64(number), 1 << 40)
        }
        return value
    }

    // MARK: IPv6

    private static func ipv6(_ text: [UInt8]) -> String? {
        guard let pieces = ipv6Pieces(text) else { return nil }
        // The longest run of at least two zero pieces is written "::", the first of several.
        var best = (start: 8, count: 1)
        var run = (start: 0, count: 0)
        for index in 0..<8 {
            if pieces[index] == 0 {
                if run.count == 0 { run.start = index }
                run.count += 1
                if run.count > best.count { best = run }
            } else {
                run.count = 0
            }
        }
        var out = ""
        var index = 0
        while index < 8 {
            if index == best.start {
                out += index == 0 ? "::" : ":"
                index += best.count
                continue
            }
            out += String(pieces[index], radix: 16)
            if index < 7 { out += ":" }
            index += 1
        }
        return out
    }

    private static func ipv6Pieces(_ text: [UInt8]) -> [UInt16]? {
        var pieces: [UInt16] = []
        var gap: Int?
        var index = 0
        if text.first == UInt8(ascii: ":") {
            guard text.count >= 2, text[1] == UInt8(ascii: ":") else { return nil }
            index = 2
            gap = 0
        }
        while index < text.count {
            guard pieces.count < 8 else { return nil }
            if text[index] == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = pieces.count
                index += 1
                continue
            }
            let start = index
            var value: UInt16 = 0
            while index < text.count, index - start < 4, let digit = ASCII.hexValue(text[index]) {
                value = value << 4 | UInt16(digit)
                index += 1
            }
            if index < text.count, text[index] == UInt8(ascii: ".") {
                guard index > start, pieces.count <= 6, let tail = dotted(text[start...]) else { return nil }
                pieces += tail
                break
            }
            guard index > start else { return nil }
            pieces.append(value)
            if index < text.count {
                guard text[index] == UInt8(ascii: ":"), index + 1 < text.count else { return nil }
                index += 1
            }
        }
        guard let gap else { return pieces.count == 8 ? pieces : nil }
        guard pieces.count < 8 else { return nil }
        return pieces[..<gap] + [UInt16](repeating: 0, count: 8 - pieces.count) + pieces[gap...]
    }

    /// Four decimal numbers without leading zeros, as two pieces.
    private static func dotted(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var numbers: [UInt16] = []
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(ASCII.isDigit), part.count == 1 || part.first != 0x30
            else { return nil }
            let value = part.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            guard value <= 255 else { return nil }
            numbers.append(UInt16(value))
        }
        return [numbers[0] << 8 | numbers[1], numbers[2] << 8 | numbers[3]]
    }
}
