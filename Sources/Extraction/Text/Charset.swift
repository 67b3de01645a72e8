import Glibc
import News

/// Bytes of any encoding to UTF-8.
enum Charset {
    /// What the bytes were taken for, and whether some of them could not be read.
    struct Decoded {
        var bytes: [UInt8]
        /// In small letters, as it was declared.
        var name: String
        var hasDamage: Bool
    }

    /// Decodes by byte order mark, else by the names in order, else as UTF-8 if that is valid, else as windows-1252.
    ///
    /// - Parameter declared: names in falling precedence, as HTTP headers and documents give them; nil ones are skipped.
    static func decode(_ bytes: ArraySlice<UInt8>, declared: [String?]) -> Decoded {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return utf8(bytes.dropFirst(3)) }
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) { return convert(bytes.dropFirst(4), from: "utf-32le") }
        if bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return convert(bytes.dropFirst(4), from: "utf-32be") }
        if bytes.starts(with: [0xFF, 0xFE]) { return convert(bytes.dropFirst(2), from: "utf-16le") }
        if bytes.starts(with: [0xFE, 0xFF]) { return convert(bytes.dropFirst(2), from: "utf-16be") }
        // "<" and a zero byte, in either order: UTF-16 without a mark.
        if bytes.starts(with: [0x3C, 0, 0x3F, 0]) { return convert(bytes, from: "utf-16le") }
        if bytes.starts(with: [0, 0x3C, 0, 0x3F]) { return convert(bytes, from: "utf-16be") }
        let isUTF8 = isValid(bytes)
        for name in declared.compactMap({ $0.map(label) }) where !name.isEmpty {
            // A document that is valid UTF-8 and has bytes beyond ASCII is hardly ever anything else, whatever it says.
            if isUTF8, !isStateful(name) { return Decoded(bytes: Array(bytes), name: "utf-8", hasDamage: false) }
            if name == "utf-8" || name.hasPrefix("utf-16") || name.hasPrefix("utf-32") || name == "ucs-2" { continue }
            let decoded = convert(bytes, from: name)
            if !decoded.name.isEmpty { return decoded }
        }
        return isUTF8 ? utf8(bytes) : convert(bytes, from: "windows-1252")
    }

    // MARK: One encoding

    /// Decodes by one encoding, or not at all.
    ///
    /// A document that is valid UTF-8 beyond ASCII is hardly ever anything else: one that says of itself that it is in an
    /// encoding of single bytes is read as UTF-8 then.
    ///
    /// - Returns: nil if there is no such encoding or the bytes are not all of it.
    static func strict(_ bytes: ArraySlice<UInt8>, _ name: String) -> [UInt8]? {
        let key = label(name)
        switch key {
        case "utf-8": return isValid(bytes) ? Array(bytes) : nil
        case "": return nil
        default: break
        }
        if name.lowercased() == "us-ascii" || name.lowercased() == "ascii" {
            return isASCII(bytes) ? Array(bytes) : nil
        }
        if isSingleByte(key), isValid(bytes) { return Array(bytes) }
        if key == "windows-1252", name.lowercased() != "windows-1252" { return latin(bytes) }
        let decoded = convert(bytes, from: key)
        return decoded.name.isEmpty || decoded.hasDamage ? nil : decoded.bytes
    }

    /// Whether text of an encoding is units of two or four bytes.
    static func isWide(_ name: String) -> Bool {
        let key = label(name)
        return key.hasPrefix("utf-16") || key.hasPrefix("utf-32") || key.hasPrefix("utf16") || key.hasPrefix("utf_16")
            || key == "u16" || key.hasPrefix("ucs-2") || key.hasPrefix("ucs-4")
    }

    private static func isSingleByte(_ key: String) -> Bool {
        key.hasPrefix("iso-8859") || key.hasPrefix("windows-125") || key.hasPrefix("koi8") || key == "macintosh"
    }

    /// ISO 8859-1, its control characters read as windows-1252's letters: every byte is something.
    private static func latin(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + bytes.count / 8)
        let whole = Array(bytes)
        var index = 0
        while index < whole.count {
            let plain = ByteSearch.firstBeyondASCII(in: whole, from: index)
            out.append(contentsOf: whole[index..<plain])
            guard plain < whole.count else { break }
            let byte = whole[plain]
            index = plain + 1
            if byte < 0xA0, let scalar = Unicode.Scalar(Entities.windows1252[Int(byte) - 0x80]) {
                Entities.append(scalar, to: &out)
            } else {
                out.append(0xC0 | byte >> 6)
                out.append(0x80 | byte & 0x3F)
            }
        }
        return out
    }

    /// Whether text of this encoding can be pure ASCII and yet not mean it.
    private static func isStateful(_ name: String) -> Bool {
        name.hasPrefix("iso-2022") || name.hasPrefix("hz") || name == "utf-7"
    }

    private static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool { ByteSpan.of(bytes) { UTF8Check.isValid($0) } }

    private static func isASCII(_ bytes: ArraySlice<UInt8>) -> Bool {
        ByteSpan.of(bytes) { ByteSearch.firstBeyondASCII(in: $0, from: $0.startIndex) == $0.endIndex }
    }

    private static func utf8(_ bytes: ArraySlice<UInt8>) -> Decoded {
        let isWhole = isValid(bytes)
        return Decoded(
            bytes: isWhole ? Array(bytes) : Array(String(decoding: bytes, as: UTF8.self).utf8), name: "utf-8",
            hasDamage: !isWhole)
    }

    /// The name without blanks and quotation marks, in small letters, as the WHATWG encoding standard widens it.
    private static func label(_ text: String) -> String {
        let name = String(
            decoding: text.utf8.filter { $0 > 0x20 && $0 != 0x22 && $0 != 0x27 && $0 < 0x7F }.map(ASCII.lowercased),
            as: UTF8.self)
        switch name {
        case "utf8", "unicode-1-1-utf-8": return "utf-8"
        case "iso-8859-1", "iso8859-1", "latin1", "latin-1", "us-ascii", "ascii", "cp1252": return "windows-1252"
        case "iso-8859-9": return "windows-1254"
        case "iso-8859-11", "tis-620": return "windows-874"
        case "gb2312", "gbk", "x-gbk", "gb_2312-80": return "gb18030"
        case "shift_jis", "shift-jis", "x-sjis", "sjis": return "cp932"
        case "cp037", "ebcdic-cp-us": return "ibm037"
        case "ks_c_5601-1987", "euc-kr", "korean": return "cp949"
        default: return name
        }
    }

    /// - Returns: an empty name if there is no such encoding.
    private static func convert(_ bytes: ArraySlice<UInt8>, from name: String) -> Decoded {
        guard let converter = Converter(from: name) else { return Decoded(bytes: [], name: "", hasDamage: true) }
        var out: [UInt8] = []
        if isSingleByte(name) {
            let hasDamage = converter.convertSingleBytes(bytes, into: &out)
            return Decoded(bytes: out, name: name, hasDamage: hasDamage)
        }
        let hasDamage = converter.convert(bytes, into: &out)
        return Decoded(bytes: out, name: name, hasDamage: hasDamage)
    }
}

/// glibc's iconv to UTF-8, one descriptor, used by one thread.
@safe private final class Converter {
    private let descriptor: iconv_t
    private let unitBytes: Int

    init?(from name: String) {
        // glibc takes suffixes such as "//IGNORE" and paths to modules: only plain names go there.
        guard name.utf8.count < 32, name.utf8.allSatisfy({ ASCII.isAlphanumeric($0) || "-_.:".utf8.contains($0) })
        else {
            return nil
        }
        let opened = unsafe iconv_open("UTF-8", name)
        // iconv_open answers failure with (iconv_t)-1.
        guard let opened = unsafe opened, UInt(bitPattern: opened) != UInt.max else { return nil }
        unsafe descriptor = opened
        unitBytes = name.hasPrefix("utf-16") ? 2 : name.hasPrefix("utf-32") ? 4 : 1
    }

    deinit { unsafe iconv_close(descriptor) }

    /// The same as `convert` for an encoding that has ASCII and a letter for each other byte, which is asked for once.
    func convertSingleBytes(_ bytes: ArraySlice<UInt8>, into out: inout [UInt8]) -> Bool {
        var letters = [Letter](repeating: Letter(), count: 128)
        var hasDamage = false
        out.reserveCapacity(bytes.count * 2)
        ByteSpan.of(bytes) { bytes in
            var place = bytes.startIndex
            while place < bytes.endIndex {
                let byte = bytes[place]
                guard byte >= 0x80 else {
                    let next = ByteSearch.firstBeyondASCII(in: bytes, from: place)
                    out.append(contentsOf: bytes[place..<next])
                    place = next
                    continue
                }
                let number = Int(byte & 0x7F)
                if letters[number].count == 0 {
                    var text: [UInt8] = []
                    letters[number].isDamaged = convert([byte], into: &text)
                    letters[number].count = text.count
                    letters[number].text = text.reversed().reduce(0) { $0 << 8 | UInt64($1) }
                }
                let letter = letters[number]
                var text = letter.text
                for _ in 0..<letter.count {
                    out.append(UInt8(truncatingIfNeeded: text))
                    text >>= 8
                }
                hasDamage = hasDamage || letter.isDamaged
                place &+= 1
            }
        }
        return hasDamage
    }

    /// What one byte stands for, in UTF-8.
    private struct Letter {
        /// The first byte lowest.
        var text: UInt64 = 0
        var count = 0
        var isDamaged = false
    }

    /// Appends the text; what cannot be read becomes U+FFFD.
    ///
    /// - Returns: whether there was such a thing.
    func convert(_ bytes: ArraySlice<UInt8>, into out: inout [UInt8]) -> Bool {
        var hasDamage = false
        var input = Array(bytes)
        var buffer = [UInt8](repeating: 0, count: min(16 << 10, 64 + 8 * bytes.count))
        // Safe: both pointers are valid for the counts given, which iconv lowers as it goes; the arrays outlive the loop.
        unsafe input.withUnsafeMutableBytes { source in
            guard let base = source.baseAddress else { return }
            var next: UnsafeMutablePointer<CChar>? = unsafe base.assumingMemoryBound(to: CChar.self)
            var leftBytes = source.count
            while leftBytes > 0 {
                let result = unsafe buffer.withUnsafeMutableBytes { target -> Int in
                    var place: UnsafeMutablePointer<CChar>? = unsafe target.baseAddress!.assumingMemoryBound(
                        to: CChar.self)
                    var room = target.count
                    let result = unsafe iconv(descriptor, &next, &leftBytes, &place, &room)
                    unsafe out.append(contentsOf: target[..<(target.count - room)])
                    return result
                }
                guard result == -1, errno != E2BIG else { continue }
                hasDamage = true
                out.append(contentsOf: "\u{FFFD}".utf8)
                let skipped = min(unitBytes, leftBytes)
                unsafe next = next?.advanced(by: skipped)
                leftBytes -= skipped
                unsafe iconv(descriptor, nil, nil, nil, nil)
            }
        }
        return hasDamage
    }
}
