import News

/// One line that allows or disallows paths.
struct RobotsRule: Sendable, Equatable {
    let isAllowing: Bool
    let pattern: RobotsPattern

    /// The rules a line gives: none if it names no path. One that allows a folder's index page allows the folder's address.
    static func rules(_ value: ArraySlice<UInt8>, isAllowing: Bool) -> [RobotsRule] {
        guard !value.isEmpty else { return [] }
        var rules = [RobotsRule(isAllowing: isAllowing, pattern: RobotsPattern(value))]
        if isAllowing, let slash = value.lastIndex(of: UInt8(ascii: "/")),
            value[slash...].starts(with: Array("/index.htm".utf8))
        {
            rules.append(RobotsRule(isAllowing: true, pattern: RobotsPattern(value[...slash] + [UInt8(ascii: "$")])))
        }
        return rules
    }
}

/// The rules that hold for one agent.
package struct RobotsRules: Sendable, Equatable {
    let rules: [RobotsRule]
    /// Wished time between two requests, at most a day; no part of the standard.
    package let delay: Duration?

    /// Whether an address may be fetched: the longest rule that matches decides, of equally long ones the one that allows.
    ///
    /// - Parameter url: as it will be asked for, that is with non-ASCII bytes escaped (`WebAddress.href`).
    /// - Complexity: O(bytes of the address) for each rule, plus the rule's own length.
    package func allows(url: String) -> Bool {
        let path = Array(RobotsPath.path(of: url).utf8)
        var longest = 0
        var isAllowed = true
        for rule in rules {
            let length = rule.pattern.length
            guard length > longest || (length == longest && rule.isAllowing && !isAllowed) else { continue }
            if rule.pattern.matches(path) {
                longest = length
                isAllowed = rule.isAllowing
            }
        }
        return isAllowed
    }
}

/// A path in which "*" stands for any bytes and a "$" at the end for the end.
struct RobotsPattern: Sendable, Equatable {
    /// The texts between the stars; the first stands at the beginning of the path.
    private let pieces: [[UInt8]]
    private let endsPath: Bool
    /// How specific the rule is: its bytes, escaped.
    let length: Int

    init(_ value: ArraySlice<UInt8>) {
        var bytes = Self.escaped(value)
        length = bytes.count
        endsPath = bytes.last == UInt8(ascii: "$")
        if endsPath { bytes.removeLast() }
        pieces = bytes.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map { Array($0) }
    }

    /// Bytes beyond ASCII as escapes, escapes with capital digits.
    static func escaped(_ value: ArraySlice<UInt8>) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        var index = value.startIndex
        while index < value.endIndex {
            let byte = value[index]
            index += 1
            if byte >= 0x80 {
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else if byte == UInt8(ascii: "%"), index + 1 < value.endIndex, let high = ASCII.hexValue(value[index]),
                let low = ASCII.hexValue(value[index + 1])
            {
                out += [byte, digits[Int(high)], digits[Int(low)]]
                index += 2
            } else {
                out.append(byte)
            }
        }
        return out
    }

    /// Each piece is taken where it stands first; only the last may have to stand at the end. No step goes back.
    func matches(_ path: [UInt8]) -> Bool {
        guard let first = pieces.first, path.starts(with: first) else { return false }
        var place = first.count
        if pieces.count == 1 { return !endsPath || place == path.count }
        for piece in pieces.dropFirst().dropLast() {
            guard let end = Self.end(of: piece, in: path, from: place) else { return false }
            place = end
        }
        guard let last = pieces.last else { return false }
        if endsPath { return path.count - place >= last.count && path.suffix(last.count).elementsEqual(last) }
        return Self.end(of: last, in: path, from: place) != nil
    }

    /// Where the first occurrence of `piece` ends (Knuth, Morris and Pratt, 1977).
    private static func end(of piece: [UInt8], in path: [UInt8], from start: Int) -> Int? {
        guard !piece.isEmpty else { return start }
        guard path.count - start >= piece.count else { return nil }
        var borders = [Int](repeating: 0, count: piece.count)
        var length = 0
        for index in 1..<max(1, piece.count) {
            while length > 0, piece[index] != piece[length] { length = borders[length - 1] }
            if piece[index] == piece[length] { length += 1 }
            borders[index] = length
        }
        length = 0
        for index in start..<path.count {
            while length > 0, path[index] != piece[length] { length = borders[length - 1] }
            if path[index] == piece[length] { length += 1 }
            if length == piece.count { return index + 1 }
        }
        return nil
    }
}

/// The part of an address that rules are held against.
package enum RobotsPath {
    /// Path and query of an address, also of one without a scheme; "/" where there is none. Never a fragment.
    package static func path(of url: String) -> String {
        let bytes = Array(url.utf8)
        func isStart(_ byte: UInt8) -> Bool { "/?;".utf8.contains(byte) }
        var start = bytes.starts(with: Array("//".utf8)) ? 2 : 0
        let early = bytes[start...].firstIndex(where: isStart) ?? bytes.count
        // "://" counts as the scheme's end only if no path begins before it.
        if early > start, early + 2 < bytes.count, bytes[early - 1] == UInt8(ascii: ":"),
            bytes[early...].starts(with: Array("//".utf8))
        {
            start = early + 2
        }
        let hash = bytes[start...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.count
        guard let path = bytes[start..<hash].firstIndex(where: isStart) else { return "/" }
        let text = String(decoding: bytes[path..<hash], as: UTF8.self)
        return bytes[path] == UInt8(ascii: "/") ? text : "/" + text
    }

    /// A rule's path in the form that is compared.
    package static func escapedPattern(_ pattern: String) -> String {
        String(decoding: RobotsPattern.escaped(Array(pattern.utf8)[...]), as: UTF8.self)
    }
}
