/// Why bytes could not be read as what they should be. Offsets count from the start of the reader's bytes.
package enum CodingError: Error, Equatable, CustomStringConvertible {
    /// Fewer bytes are left than the value needs.
    case truncated(offset: Int, wantedBytes: Int, leftBytes: Int)
    /// A variable-length integer is longer than its type allows, or not in its shortest form.
    case badVarint(offset: Int)
    /// A value is outside its range; `what` names it.
    case badValue(what: String, offset: Int)
    /// Bytes follow where the structure ends.
    case trailingBytes(offset: Int)
    /// A checksum differs: `computed` of the bytes, `stored` beside them.
    case badChecksum(what: String, offset: Int, computed: UInt32, stored: UInt32)
    /// What is written is sound, by a format version that this program does not read.
    case unsupportedVersion(what: String, found: Int, known: Int)

    package var description: String {
        switch self {
        case .truncated(let offset, let wanted, let left):
            "truncated at offset \(offset): \(wanted) bytes wanted, \(left) left"
        case .badVarint(let offset): "bad variable-length integer at offset \(offset)"
        case .badValue(let what, let offset): "bad \(what) at offset \(offset)"
        case .trailingBytes(let offset): "unexpected bytes from offset \(offset)"
        case .badChecksum(let what, let offset, let computed, let stored):
            "checksum of \(what) at offset \(offset) is \(hex(computed)), stored is \(hex(stored))"
        case .unsupportedVersion(let what, let found, let known):
            "format version \(found) of \(what); this program reads version \(known)"
        }
    }

    /// Where in the bytes the error was seen.
    package var offset: Int {
        switch self {
        case .truncated(let offset, _, _), .badVarint(let offset), .badValue(_, let offset),
            .trailingBytes(let offset), .badChecksum(_, let offset, _, _):
            offset
        case .unsupportedVersion: 0
        }
    }
}

private func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}
