package import ByteCoding
package import News

/// What a manifest or a report says of a segment without opening it. Facts about the bytes only, so that every attempt
/// to make the same segment says the same, but for the attempt in the name.
package struct SegmentReference: Hashable, Sendable {
    /// An overlay is a fresh segment or a merge of such, over any part of the order; a cell is the only segment of its
    /// region of the order and holds no kills.
    package enum Kind: UInt8, Sendable {
        case overlay = 1
        case cell = 2
    }

    /// SHA-256 of the segment's bytes.
    package var identity: Digest256
    /// Who wrote the object of this name; part of the name, never of the bytes.
    package var attempt: Attempt
    package var kind: Kind
    package var sizeBytes: UInt64
    package var documentCount: UInt32
    package var killCount: UInt32
    /// Sum of the uncompressed canonical records of its documents, in bytes.
    package var recordBytes: UInt64
    /// Sum of the documents' digest terms minus the sum of the kills', modulo 2^256: over all segments of a snapshot
    /// these add up to the set digest.
    package var digest: Digest256
    /// First and last document in the order; nil if it has none (only kills).
    package var span: OrderSpan?

    package init(
        identity: Digest256, attempt: Attempt, kind: Kind, sizeBytes: UInt64, documentCount: UInt32, killCount: UInt32,
        recordBytes: UInt64, digest: Digest256, span: OrderSpan?
    ) {
        self.identity = identity
        self.attempt = attempt
        self.kind = kind
        self.sizeBytes = sizeBytes
        self.documentCount = documentCount
        self.killCount = killCount
        self.recordBytes = recordBytes
        self.digest = digest
        self.span = span
    }

    /// By how much it changes the number of live articles.
    package var liveChange: Int64 { Int64(documentCount) - Int64(killCount) }

    /// `segments/<sha256>.<term>-<attempt>`
    package var objectName: String { ObjectName.written("segments", identity, attempt) }

    package func encode(to out: inout ByteWriter) {
        out.digest(identity)
        out.fixed(attempt.term.number)
        out.fixed(attempt.number)
        out.fixed(kind.rawValue)
        out.fixed(sizeBytes)
        out.fixed(documentCount)
        out.fixed(killCount)
        out.fixed(recordBytes)
        out.digest(digest)
        out.fixed(UInt8(span == nil ? 0 : 1))
        if let span {
            for end in [span.first, span.last] {
                out.fixed(Timestamp.sortable(end.time))
                out.articleKey(end.key)
            }
        }
    }

    package init(decoding reader: inout ByteReader) throws(CodingError) {
        identity = try reader.digest()
        attempt = Attempt(term: Term(try reader.fixed()), number: try reader.fixed())
        let start = reader.offset
        let rawKind: UInt8 = try reader.fixed()
        guard let kind = Kind(rawValue: rawKind) else {
            throw .badValue(what: "segment kind \(rawKind)", offset: start)
        }
        self.kind = kind
        sizeBytes = try Self.size(&reader)
        documentCount = try reader.fixed()
        killCount = try reader.fixed()
        recordBytes = try Self.size(&reader)
        digest = try reader.digest()
        let hasSpan: UInt8 = try reader.fixed()
        guard hasSpan <= 1, (hasSpan == 1) == (documentCount > 0) else {
            throw .badValue(what: "segment span flag", offset: reader.offset)
        }
        guard kind == .overlay || hasSpan == 1 else {
            throw .badValue(what: "cell without documents", offset: reader.offset)
        }
        span = hasSpan == 1 ? OrderSpan(first: try reader.orderKey(), last: try reader.orderKey()) : nil
    }
}

extension SegmentReference {
    fileprivate static func size(_ reader: inout ByteReader) throws(CodingError) -> UInt64 {
        let start = reader.offset
        let bytes: UInt64 = try reader.fixed()
        guard bytes <= Limits.segmentBytes else { throw .badValue(what: "segment size \(bytes)", offset: start) }
        return bytes
    }
}

/// The first and the last place in the order that something covers, both included.
package struct OrderSpan: Hashable, Sendable {
    package var first: OrderKey
    package var last: OrderKey

    package init(first: OrderKey, last: OrderKey) {
        self.first = first
        self.last = last
    }

    package func contains(_ place: OrderKey) -> Bool { first <= place && place <= last }
}

// Digests, keys and versions are big-endian, so that comparing bytes compares values. Read and written without an array
// in between: every entry of the log has five.
extension ByteReader {
    package mutating func digest() throws(CodingError) -> Digest256 {
        Digest256(limbs: (try bigEndian(), try bigEndian(), try bigEndian(), try bigEndian()))
    }

    package mutating func articleKey() throws(CodingError) -> ArticleKey {
        ArticleKey(high: try bigEndian(), low: try bigEndian())
    }

    package mutating func version() throws(CodingError) -> Version {
        Version(
            firstSeen: Timestamp(sortable: try bigEndian()), extractorVersion: UInt32(bigEndian: try fixed()),
            contentHash: try digest(), recordHash: try digest())
    }

    private mutating func bigEndian() throws(CodingError) -> UInt64 { UInt64(bigEndian: try fixed()) }

    package mutating func orderKey() throws(CodingError) -> OrderKey {
        let time: UInt64 = try fixed()
        return OrderKey(time: Timestamp(sortable: time), key: try articleKey())
    }

    package mutating func position() throws(CodingError) -> Position {
        Position(term: Term(try fixed()), number: try fixed(), index: try fixed())
    }
}

extension ByteWriter {
    package mutating func digest(_ digest: Digest256) {
        let limbs = digest.limbs
        fixed(limbs.0.bigEndian)
        fixed(limbs.1.bigEndian)
        fixed(limbs.2.bigEndian)
        fixed(limbs.3.bigEndian)
    }

    package mutating func articleKey(_ key: ArticleKey) {
        fixed(key.high.bigEndian)
        fixed(key.low.bigEndian)
    }

    package mutating func version(_ version: Version) {
        fixed(Timestamp.sortable(version.firstSeen).bigEndian)
        fixed(version.extractorVersion.bigEndian)
        digest(version.contentHash)
        digest(version.recordHash)
    }

    package mutating func position(_ position: Position) {
        fixed(position.term.number)
        fixed(position.number)
        fixed(position.index)
    }
}
