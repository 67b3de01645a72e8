package import ByteCoding

/// What decides the bytes of a canonical snapshot besides the articles themselves. Its hash stands in every segment and
/// manifest; a reader refuses a mix.
package struct Settings: Equatable, Sendable {
    /// Version of the rules that split text into terms.
    package var analyzerVersion: UInt32 = 1
    /// Version of `CanonicalURL`.
    package var keyRulesVersion: UInt32 = 1
    /// A cell is split while the canonical records of its live articles exceed this.
    package var cellTargetBytes: UInt64 = 64 << 20
    /// Level and library version (major * 10000 + minor * 100 + patch) of the article store's zstd.
    package var zstdLevel: UInt32 = 3
    package var zstdVersion: UInt32 = 10504

    package init() {}

    package var encoded: [UInt8] {
        var out = ByteWriter()
        out.fixed(analyzerVersion)
        out.fixed(keyRulesVersion)
        out.fixed(cellTargetBytes)
        out.fixed(zstdLevel)
        out.fixed(zstdVersion)
        return out.bytes
    }

    package init(decoding reader: inout ByteReader) throws(CodingError) {
        analyzerVersion = try reader.fixed()
        keyRulesVersion = try reader.fixed()
        cellTargetBytes = try reader.fixed()
        zstdLevel = try reader.fixed()
        zstdVersion = try reader.fixed()
    }

    package var hash: Digest256 { SHA256.hash(of: encoded) }
}

/// How keys are spread over shards. Fixed when a bucket is made; no trace of it is in any segment.
package struct Sharding: Equatable, Sendable {
    package let shardCount: UInt16
    /// Secret of this bucket, so that nobody outside can aim URLs at one shard.
    package let secret: UInt64

    package init(shardCount: UInt16, secret: UInt64) {
        precondition(shardCount > 0, "a cluster has at least one shard")
        self.shardCount = shardCount
        self.secret = secret
    }

    package func shard(of key: ArticleKey) -> Shard {
        var text = ByteWriter(reservingBytes: 24)
        text.fixed(secret)
        text.fixed(key.high)
        text.fixed(key.low)
        let hash = SHA256.hash(of: text.bytes).limbs.0
        return Shard(UInt16(hash % UInt64(shardCount)))
    }
}
