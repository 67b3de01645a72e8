/// JSON for people: one member or element a line.
package enum JSONIndent {
    /// - Parameter json: well-formed and without blanks between tokens, as `FeedJSON` writes it.
    package static func indented(_ json: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var depth = 0
        var isInString = false
        var index = 0
        func breakLine() {
            out.append(0x0A)
            out.append(contentsOf: repeatElement(0x20, count: 2 * depth))
        }
        while index < json.count {
            let byte = json[index]
            out.append(byte)
            index += 1
            if isInString {
                if byte == UInt8(ascii: "\\"), index < json.count {
                    out.append(json[index])
                    index += 1
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                if isInString { continue }
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
                continue
            }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                // Empty ones stay on their line.
                if index < json.count, json[index] == byte + 2 { break }
                depth += 1
                breakLine()
            case UInt8(ascii: ","): breakLine()
            case UInt8(ascii: ":"): out.append(0x20)
            default: break
            }
            if index < json.count, json[index] == UInt8(ascii: "}") || json[index] == UInt8(ascii: "]"),
                byte != json[index] &- 2, depth > 0
            {
                depth -= 1
                breakLine()
            }
        }
        return out
    }
}
