package import ByteCoding
import News

/// Names the objects that hold the rows of the ledger, oldest first: an object `ledger/<sha256>.<attempt>` that the head names
/// (docs/manifest-format.md, section 5). All rows are those of these objects and of the head's tail, added up.
///
/// Objects are consolidated as a binary counter carries: a new one takes in those before it that are not larger. A row is so
/// written some ten times, and all objects but about six are of `objectRowLimitCount` rows, whatever the history.
package struct LedgerIndex: Equatable, Sendable {
    static let magic = Array("CRNTLIX0".utf8)

    package struct Entry: Equatable, Sendable {
        package var object: Manifest.Named
        package var rowCount: UInt32
        /// Hours of arrival of its rows.
        package var firstHour: UInt32
        package var lastHour: UInt32

        package init(object: Manifest.Named, rowCount: UInt32, firstHour: UInt32, lastHour: UInt32) {
            self.object = object
            self.rowCount = rowCount
            self.firstHour = firstHour
            self.lastHour = lastHour
        }
    }

    /// Rows of an object that others are added to, at most: about 5 MB.
    package static let objectRowLimitCount = 65_536

    package var entries: [Entry] = []

    package init() {}

    /// Whether an object of `ledger/` begins as an index and not as rows.
    /// Of any version.
    package static func isIndex(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic.dropLast()) }

    /// How many of the newest objects an object of `rowCount` new rows takes in.
    package func carriedCount(rowCount: Int, limit: Int = objectRowLimitCount) -> Int {
        var sum = rowCount
        var carried = 0
        for entry in entries.reversed() {
            guard Int(entry.rowCount) <= sum, sum + Int(entry.rowCount) <= limit else { break }
            sum += Int(entry.rowCount)
            carried += 1
        }
        return carried
    }

    package var encoded: [UInt8] {
        var out = ByteWriter(reservingBytes: 32 + entries.count * 64)
        out.raw(Self.magic)
        out.varint(entries.count)
        for entry in entries {
            out.named(entry.object)
            out.fixed(entry.rowCount)
            out.fixed(entry.firstHour)
            out.fixed(entry.lastHour)
        }
        out.checksum()
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CodingError) {
        var reader = try ByteReader(bytes, magic: Self.magic, what: "ledger index")
        for _ in 0..<(try reader.count("ledger objects", atMost: reader.remaining)) {
            let object = try reader.named()
            let rowCount: UInt32 = try reader.fixed()
            let start = reader.offset
            let firstHour: UInt32 = try reader.fixed()
            let lastHour: UInt32 = try reader.fixed()
            guard firstHour <= lastHour else { throw .badValue(what: "hours of a ledger object", offset: start) }
            entries.append(Entry(object: object, rowCount: rowCount, firstHour: firstHour, lastHour: lastHour))
        }
        try reader.requireEnd()
    }
}
