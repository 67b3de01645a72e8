import ByteCoding

/// Identity of an article: 128 bits, the first half of a SHA-256 over a tagged text, so that the three ways to a key
/// can never meet.
package struct ArticleKey: Hashable, Sendable, Comparable {
    package let high: UInt64
    package let low: UInt64

    package static let byteCount = 16

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// - Parameter bytes: exactly 16.
    package init?(bytes: ArraySlice<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(high: bigEndian(bytes, at: bytes.startIndex), low: bigEndian(bytes, at: bytes.startIndex + 8))
    }

    /// - Parameter bytes: exactly 16.
    package init?(bytes: [UInt8]) { self.init(bytes: bytes[...]) }

    /// - Parameter hex: 32 hexadecimal digits.
    package init?(hex: some StringProtocol) {
        guard hex.utf8.count == 32, let bytes = Hex.bytes(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// Key of an absolute http(s) URL with a host, already canonical (`CanonicalURL`).
    package init(canonicalURL: String) { self.init(tag: "url", [canonicalURL]) }

    /// Key of an article without such a URL, by what its source calls it.
    package init(source: String, guid: String) { self.init(tag: "guid", [source, guid]) }

    /// Key of an article with neither: its raw input.
    package init(rawInput: some Sequence<UInt8>) {
        var hasher = SHA256Hasher()
        hasher.update(Array("raw\0".utf8))
        hasher.update(rawInput)
        self.init(hasher.finalize())
    }

    /// Each part is preceded by its length, so ("ab", "c") and ("a", "bc") differ.
    private init(tag: String, _ parts: [String]) {
        var text = ByteWriter()
        text.raw(tag.utf8)
        text.fixed(UInt8(0))
        for part in parts { text.string(part) }
        self.init(SHA256.hash(of: text.bytes))
    }

    private init(_ digest: Digest256) { self.init(high: digest.limbs.0, low: digest.limbs.1) }

    package var bytes: [UInt8] {
        var out = ByteWriter(reservingBytes: Self.byteCount)
        append(to: &out)
        return out.bytes
    }

    /// Appends the bytes.
    func append(to out: inout ByteWriter) {
        out.fixed(high.bigEndian)
        out.fixed(low.bigEndian)
    }

    package var hex: String { Hex.padded(high) + Hex.padded(low) }

    package static func < (left: ArticleKey, right: ArticleKey) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
