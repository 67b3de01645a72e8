import ByteCoding
import HostIO
package import News
import Storage

/// Rows of a key, a version if it matters, and a number, brought together by key.
///
/// Memory is bounded: up to `memoryRowCount` rows lie in it, more go to files without a name, a part of the key space each.
/// Keys are hashes and spread evenly; a part that does not (keys given by hand) is held whole when it is read.
package final class KeyedRows {
    package struct Row: Equatable {
        package var key: ArticleKey
        package var version: Version
        /// What the owner of the rows wants to know of this one.
        package var tag: UInt64

        package init(key: ArticleKey, version: Version, tag: UInt64) {
            self.key = key
            self.version = version
            self.tag = tag
        }
    }

    package enum Versions {
        case held
        /// All count as equal, and are not held: a row in a file is 24 bytes, not 100.
        case ignored
    }

    private struct Part {
        var file: ScratchFile
        var waiting = ByteWriter()
    }

    private static let partBits: UInt64 = 7
    private static let pieceBytes = 1 << 16
    private static let noVersion = Version(
        firstSeen: nil, extractorVersion: 0, contentHash: .zero, recordHash: .zero)

    private let versions: Versions
    private let memoryRowCount: Int
    private var rows: [Row] = []
    private var parts: [Part] = []
    package private(set) var count = 0

    package init(_ versions: Versions = .held, memoryRowCount: Int = 1 << 19) {
        self.versions = versions
        self.memoryRowCount = memoryRowCount
    }

    private var rowBytes: Int { ArticleKey.byteCount + (versions == .held ? Version.byteCount : 0) + 8 }

    package func append(_ given: Row) throws {
        var row = given
        if versions == .ignored { row.version = Self.noVersion }
        count += 1
        if parts.isEmpty {
            rows.append(row)
            if rows.count > memoryRowCount { try spill() }
        } else {
            try write(row)
        }
    }

    /// Calls `body` with the rows of each key, keys ascending, rows by version and tag. Once.
    package func forEachKey(_ body: (ArraySlice<Row>) throws -> Void) throws {
        guard !parts.isEmpty else { return try Self.group(&rows, body) }
        for index in parts.indices {
            try flush(index)
            var rows: [Row] = []
            let file = parts[index].file
            rows.reserveCapacity(Int(file.sizeBytes) / rowBytes)
            let step = UInt64(rowBytes * 4096)
            for start in stride(from: UInt64(0), to: file.sizeBytes, by: UInt64.Stride(step)) {
                let bytes = try file.read(Int(min(step, file.sizeBytes - start)), at: start)
                var reader = ByteReader(bytes)
                while !reader.isAtEnd {
                    let key = try reader.articleKey()
                    let version = versions == .held ? try reader.version() : Self.noVersion
                    rows.append(Row(key: key, version: version, tag: try reader.fixed()))
                }
            }
            try Self.group(&rows, body)
        }
    }

    private static func group(_ rows: inout [Row], _ body: (ArraySlice<Row>) throws -> Void) throws {
        rows.sort { left, right in
            if left.key != right.key { return left.key < right.key }
            return left.version == right.version ? left.tag < right.tag : left.version < right.version
        }
        var start = 0
        while start < rows.count {
            var end = start + 1
            while end < rows.count, rows[end].key == rows[start].key { end += 1 }
            try body(rows[start..<end])
            start = end
        }
    }

    private func spill() throws {
        for _ in 0..<(1 << Self.partBits) { parts.append(Part(file: try ScratchFile())) }
        for row in rows { try write(row) }
        rows = []
    }

    private func write(_ row: Row) throws {
        let index = Int(row.key.high >> (64 - Self.partBits))
        parts[index].waiting.articleKey(row.key)
        if versions == .held { parts[index].waiting.version(row.version) }
        parts[index].waiting.fixed(row.tag)
        if parts[index].waiting.bytes.count >= Self.pieceBytes { try flush(index) }
    }

    private func flush(_ index: Int) throws {
        try parts[index].file.append(parts[index].waiting.bytes)
        parts[index].waiting = ByteWriter()
    }
}
