import News

/// Keeps of a style attribute what changes how text looks, and nothing that loads, covers or runs.
enum StyleSanitizer {
    /// - Returns: declarations as "name: value;" with blanks between; empty if the style has anything suspicious.
    static func clean(_ style: [UInt8], isSVG: Bool) -> [UInt8] {
        let style = withoutAddresses(style)
        guard isPlain(style) else { return [] }
        var out: [UInt8] = []
        for declaration in style.split(separator: UInt8(ascii: ";")) {
            if declaration.allSatisfy(ASCII.isBlank) { continue }
            let parts = declaration.split(
                separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return [] }
            let name = trimmed(parts[0])
            guard !name.isEmpty, name.allSatisfy({ isWord($0) || $0 == UInt8(ascii: "-") }) else { return [] }
            let value = parts[1].drop(while: ASCII.isBlank)
            guard !value.isEmpty, isAllowed(name, value, isSVG: isSVG) else { continue }
            if !out.isEmpty { out.append(0x20) }
            out += name
            out += [UInt8(ascii: ":"), 0x20]
            out += value
            out.append(UInt8(ascii: ";"))
        }
        return out
    }

    private static func isAllowed(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, isSVG: Bool) -> Bool {
        let flags = HTMLVocabulary.word(name)?.flags ?? []
        if flags.contains(.cssProperty) { return true }
        let family = name.prefix { $0 != UInt8(ascii: "-") }
        if HTMLVocabulary.word(family)?.flags.contains(.cssFamily) ?? false {
            return value.split(whereSeparator: ASCII.isBlank).allSatisfy(isValue)
        }
        return isSVG && flags.contains(.svgProperty)
    }

    /// A keyword, a colour or a size.
    private static func isValue(_ word: ArraySlice<UInt8>) -> Bool {
        if HTMLVocabulary.word(word)?.flags.contains(.cssKeyword) ?? false { return true }
        if word.first == UInt8(ascii: "#") {
            return word.count > 1
                && word.dropFirst().allSatisfy { ASCII.isDigit($0) || (0x61...0x66).contains($0) }
        }
        if word.starts(with: "rgb(".utf8) {
            return word.dropFirst(4).allSatisfy { ASCII.isDigit($0) || "%,)".utf8.contains($0) }
        }
        let whole = word.prefix { ASCII.isDigit($0) }
        var rest = word[whole.endIndex...]
        guard whole.count <= 2 else { return false }
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix { ASCII.isDigit($0) }
            guard fraction.count <= 2 else { return false }
            rest = rest[fraction.endIndex...]
        } else if whole.count == 2 {
            // Up to four digits are a size, two of them taken for the fraction.
            rest = rest.drop { ASCII.isDigit($0) }
            guard rest.startIndex - word.startIndex <= 4 else { return false }
        }
        return units.contains(Array(rest))
    }

    private static let units: Set<[UInt8]> = Set(
        ["", "cm", "em", "ex", "in", "mm", "pc", "pt", "px", "%", ",", ")"].map { Array($0.utf8) })

    /// Each "url(…)" is a blank.
    private static func withoutAddresses(_ style: [UInt8]) -> [UInt8] {
        guard style.contains(UInt8(ascii: "(")) else { return style }
        var out: [UInt8] = []
        var index = 0
        while index < style.count {
            let rest = style[index...]
            if rest.prefix(3).elementsEqual("url".utf8) {
                let open = rest.dropFirst(3).drop(while: ASCII.isBlank)
                let text = open.dropFirst().drop(while: ASCII.isBlank)
                let inner = text.prefix { !ASCII.isBlank($0) && $0 != UInt8(ascii: ")") }
                let close = text[inner.endIndex...].drop(while: ASCII.isBlank)
                if open.first == UInt8(ascii: "("), !inner.isEmpty, close.first == UInt8(ascii: ")") {
                    out.append(0x20)
                    index = close.dropFirst().drop(while: ASCII.isBlank).startIndex
                    continue
                }
            }
            out.append(style[index])
            index += 1
        }
        return out
    }

    /// Only letters, digits and the harmless signs; hyphens within words, quoted words, numbers in brackets.
    private static func isPlain(_ style: [UInt8]) -> Bool {
        var index = 0
        while index < style.count {
            let byte = style[index]
            switch byte {
            case let byte where ASCII.isAlphanumeric(byte) || ASCII.isBlank(byte) || ":,;#%.!".utf8.contains(byte):
                index += 1
            case UInt8(ascii: "-"), UInt8(ascii: "_"):
                guard index > 0, index + 1 < style.count, isWord(style[index - 1]), isWord(style[index + 1]) else {
                    return false
                }
                index += 1
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                let inner = style[(index + 1)...].prefix { isWord($0) || ASCII.isBlank($0) }
                guard !inner.isEmpty, inner.endIndex < style.count, style[inner.endIndex] == byte else { return false }
                index = inner.endIndex + 1
            case UInt8(ascii: "("):
                let inner = style[(index + 1)...].prefix {
                    ASCII.isDigit($0) || ASCII.isBlank($0) || $0 == UInt8(ascii: ",")
                }
                guard !inner.isEmpty, inner.endIndex < style.count, style[inner.endIndex] == UInt8(ascii: ")") else {
                    return false
                }
                index = inner.endIndex + 1
            default: return false
            }
        }
        return true
    }

    private static func isWord(_ byte: UInt8) -> Bool { ASCII.isAlphanumeric(byte) || byte == 0x5F }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text.drop(while: ASCII.isBlank)
        while let last = text.last, ASCII.isBlank(last) { text = text.dropLast() }
        return text
    }
}
