import News

/// Cuts a robots.txt file into lines, whichever way they end, and a line into name and value.
struct RobotsLines {
    private let bytes: [UInt8]
    private var index = 0
    /// Of the line given last; the first is 1.
    private(set) var number = 0
    /// Whether the file is longer than what is looked at.
    let isCut: Bool

    init(_ bytes: some Sequence<UInt8>, limitBytes: Int) {
        var kept: [UInt8] = []
        for byte in bytes {
            kept.append(byte)
            if kept.count > limitBytes { break }
        }
        isCut = kept.count > limitBytes
        if isCut { kept.removeLast() }
        self.bytes = kept
        // A byte order mark, or as much of one as is left.
        for mark in [0xEF, 0xBB, 0xBF] as [UInt8] where index < kept.count && kept[index] == mark { index += 1 }
    }

    /// Without its end and what is over the limit of a line; nil behind the last.
    mutating func next() -> ArraySlice<UInt8>? {
        guard index < bytes.count else { return nil }
        let start = index
        while index < bytes.count, bytes[index] != 0x0A, bytes[index] != 0x0D { index += 1 }
        let end = index
        if index < bytes.count {
            index += bytes[index] == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A ? 2 : 1
        }
        number += 1
        return bytes[start..<end].prefix(RobotsFile.maxLineBytes)
    }

    /// "Name: value # remark". Where the colon is missing, a blank does, if nothing else is behind the value.
    static func split(_ line: ArraySlice<UInt8>) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        let text = trimmed(line.prefix { $0 != UInt8(ascii: "#") })
        if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            let name = trimmed(text[..<colon])
            return name.isEmpty ? nil : (name, trimmed(text[(colon + 1)...]))
        }
        guard let blank = text.firstIndex(where: ASCII.isBlank) else { return nil }
        let value = trimmed(text[blank...])
        return value.contains(where: ASCII.isBlank) ? nil : (text[..<blank], value)
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text.drop(while: ASCII.isBlank)
        while let last = text.last, ASCII.isBlank(last) { text.removeLast() }
        return text
    }
}
