package import ByteCoding

/// Which of two records of one key wins: the larger. Equal versions are the same record.
///
/// Versions of one key are totally ordered, so that the winner of any set is the same in whatever order the set arrives
/// (a join). Absent `firstSeen` compares below all.
package struct Version: Hashable, Sendable, Comparable {
    package let firstSeen: Timestamp?
    package let extractorVersion: UInt32
    package let contentHash: Digest256
    package let recordHash: Digest256

    package init(firstSeen: Timestamp?, extractorVersion: UInt32, contentHash: Digest256, recordHash: Digest256) {
        self.firstSeen = firstSeen
        self.extractorVersion = extractorVersion
        self.contentHash = contentHash
        self.recordHash = recordHash
    }

    /// No version is larger, and none that was ever made is equal: it stands for "every version".
    package static let largest = Version(
        firstSeen: Timestamp(milliseconds: .max), extractorVersion: .max, contentHash: .largest, recordHash: .largest)

    /// Length of `bytes`: first seen 8, extractor version 4, two hashes of 32.
    package static let byteCount = 76

    package static func < (left: Version, right: Version) -> Bool {
        let a = left.firstSeen?.milliseconds ?? Int64.min
        let b = right.firstSeen?.milliseconds ?? Int64.min
        if a != b { return a < b }
        if left.extractorVersion != right.extractorVersion { return left.extractorVersion < right.extractorVersion }
        if left.contentHash != right.contentHash { return left.contentHash < right.contentHash }
        return left.recordHash < right.recordHash
    }

    /// Big-endian, order-preserving: comparing the bytes compares the versions.
    package var bytes: [UInt8] {
        var out = ByteWriter(reservingBytes: Self.byteCount)
        append(to: &out)
        return out.bytes
    }

    private func append(to out: inout ByteWriter) {
        out.fixed(Timestamp.sortable(firstSeen).bigEndian)
        out.fixed(extractorVersion.bigEndian)
        contentHash.append(to: &out)
        recordHash.append(to: &out)
    }

    /// - Parameter bytes: exactly 76.
    package init?(bytes: ArraySlice<UInt8>) {
        let start = bytes.startIndex
        guard bytes.count == Self.byteCount, let content = Digest256(bytes: bytes[(start + 12)..<(start + 44)]),
            let record = Digest256(bytes: bytes[(start + 44)...])
        else { return nil }
        firstSeen = Timestamp(sortable: bigEndian(bytes, at: start))
        extractorVersion = bytes[(start + 8)..<(start + 12)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        contentHash = content
        recordHash = record
    }

    /// - Parameter bytes: exactly 76.
    package init?(bytes: [UInt8]) { self.init(bytes: bytes[...]) }

    /// What one live article adds to the set digest.
    package func digestTerm(of key: ArticleKey) -> Digest256 {
        var out = ByteWriter(reservingBytes: ArticleKey.byteCount + Self.byteCount)
        key.append(to: &out)
        append(to: &out)
        return SHA256.hash(of: out.bytes)
    }
}
