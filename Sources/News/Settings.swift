package import ByteCoding

/// What decides the bytes of a canonical snapshot besides the articles themselves. Its hash stands in every segment and
/// manifest; a reader refuses a mix.
///
/// A new value is what this program and its libraries do. A bucket keeps the one it was made with, so what is read from
/// there may ask for what this program cannot do: see `refusal`.
package struct Settings: Equatable, Sendable {
    /// Version of the rules that split text into terms: 1 gives words as they are, 2 stems beside
    /// them, 3 also the words of quotes and who said them, 4 also thousands with letters
    /// behind them (`10,000m`), 5 pairs of Hangul, Thai, Lao, Burmese and Khmer, and what is
    /// written one way and another in more languages.
    package var analyzerVersion: UInt32 = 5
    /// Version of `CanonicalURL`.
    package var keyRulesVersion: UInt32 = CanonicalURL.rulesVersion
    /// Version of the form and the fields of `CanonicalRecord`.
    package var recordVersion: UInt32 = 1
    /// A cell is split while the canonical records of its live articles exceed this.
    package var cellTargetBytes: UInt64 = 64 << 20
    /// Level of the cells' articles, and library version (major * 10000 + minor * 100 + patch) of zstd.
    package var zstdLevel: UInt32 = 3
    package var zstdVersion = ZstdLibrary.version
    /// What the library of stemmers makes of some words.
    package var stemmerChecksum = Stemmer.checksum

    /// Whether words of some languages are reduced to stems.
    package var hasStems: Bool { analyzerVersion >= 2 }

    package init() {}

    /// Tags of the byte form. One more raises the hash of no settings that lack it; none is ever used again.
    private enum Tag: UInt64, CaseIterable {
        case analyzerVersion = 1
        case keyRulesVersion
        case recordVersion
        case cellTargetBytes
        case zstdLevel
        case zstdVersion
        case stemmerChecksum
    }

    private subscript(tag: Tag) -> UInt64 {
        switch tag {
        case .analyzerVersion: UInt64(analyzerVersion)
        case .keyRulesVersion: UInt64(keyRulesVersion)
        case .recordVersion: UInt64(recordVersion)
        case .cellTargetBytes: cellTargetBytes
        case .zstdLevel: UInt64(zstdLevel)
        case .zstdVersion: UInt64(zstdVersion)
        case .stemmerChecksum: UInt64(stemmerChecksum)
        }
    }

    /// Each with its name, for people and programs.
    package var named: [(name: String, value: UInt64)] { Tag.allCases.map { (Self.name(of: $0), self[$0]) } }

    private static func name(of tag: Tag) -> String {
        switch tag {
        case .analyzerVersion: "analyzer_version"
        case .keyRulesVersion: "key_rules_version"
        case .recordVersion: "record_version"
        case .cellTargetBytes: "cell_target_bytes"
        case .zstdLevel: "zstd_level"
        case .zstdVersion: "zstd_version"
        case .stemmerChecksum: "stemmer_checksum"
        }
    }

    /// Count, then for each in ascending order tag, length, bytes; a number's bytes are a varint.
    package var encoded: [UInt8] {
        var out = ByteWriter()
        out.varint(Tag.allCases.count)
        for tag in Tag.allCases {
            var value = ByteWriter()
            value.varint(self[tag])
            out.varint(tag.rawValue)
            out.lengthPrefixed(value.bytes)
        }
        return out.bytes
    }

    /// - Throws: also for a tag that is not known: what it asks for cannot be done here.
    package init(decoding reader: inout ByteReader) throws(CodingError) {
        let start = reader.offset
        var numbers: [Tag: UInt64] = [:]
        var last: UInt64 = 0
        for _ in 0..<(try reader.count("settings", atMost: 64)) {
            let tagStart = reader.offset
            let raw = try reader.varint()
            guard raw > last, let tag = Tag(rawValue: raw) else {
                throw .badValue(what: "tag of a setting (\(raw))", offset: tagStart)
            }
            last = raw
            var value = ByteReader(try reader.lengthPrefixed(atMost: 64))
            numbers[tag] = try value.varint()
            try value.requireEnd()
        }
        func number<Value: FixedWidthInteger>(_ tag: Tag) throws(CodingError) -> Value {
            guard let found = numbers[tag], let value = Value(exactly: found) else {
                throw .badValue(what: "setting \(tag)", offset: start)
            }
            return value
        }
        analyzerVersion = try number(.analyzerVersion)
        keyRulesVersion = try number(.keyRulesVersion)
        recordVersion = try number(.recordVersion)
        cellTargetBytes = try number(.cellTargetBytes)
        zstdLevel = try number(.zstdLevel)
        zstdVersion = try number(.zstdVersion)
        stemmerChecksum = try number(.stemmerChecksum)
    }

    /// Why nothing may be written by these settings here: the bytes would be others than elsewhere; nil if it may.
    package var refusal: String? {
        let own = Settings()
        if zstdVersion != own.zstdVersion {
            return "zstd version is \(zstdVersion) in the bucket's settings, \(own.zstdVersion) here"
        }
        guard (1...19).contains(zstdLevel) else { return "zstd level is \(zstdLevel), 1 to 19 are known" }
        guard cellTargetBytes > 0 else { return "the cell target is 0" }
        return readingRefusal
    }

    /// Why a snapshot of these settings cannot be queried here: words would be split and keys made in another way.
    package var readingRefusal: String? { wordRefusal ?? recordRefusal }

    /// Whether words and stems are those that this program makes.
    package var hasOwnWords: Bool { wordRefusal == nil }

    /// Why words cannot be looked up.
    private var wordRefusal: String? {
        let own = Settings()
        if analyzerVersion != own.analyzerVersion {
            return "analyzer version is \(analyzerVersion) in the bucket's settings, \(own.analyzerVersion) here"
        }
        if stemmerChecksum != own.stemmerChecksum {
            return
                "libstemmer makes other stems here than where the bucket was made (checksum \(own.stemmerChecksum), there \(stemmerChecksum))"
        }
        return nil
    }

    /// Why not even the articles can be read.
    package var recordRefusal: String? {
        let own = Settings()
        if keyRulesVersion != own.keyRulesVersion {
            return "key rules version is \(keyRulesVersion) in the bucket's settings, \(own.keyRulesVersion) here"
        }
        if recordVersion != own.recordVersion {
            return "record version is \(recordVersion) in the bucket's settings, \(own.recordVersion) here"
        }
        return nil
    }

    /// What this program does, with what was chosen for the bucket.
    package var renewed: Settings {
        var own = Settings()
        own.cellTargetBytes = cellTargetBytes
        own.zstdLevel = zstdLevel
        return own
    }

    /// `refusal` of settings as JOINED brings them, which may not be readable either.
    package static func refusal(of bytes: [UInt8]) -> String? {
        do throws(CodingError) { return try Settings(decoding: bytes).refusal } catch {
            return "the settings cannot be read: \(error)"
        }
    }

    package init(decoding bytes: [UInt8]) throws(CodingError) {
        var reader = ByteReader(bytes)
        try self.init(decoding: &reader)
        try reader.requireEnd()
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
