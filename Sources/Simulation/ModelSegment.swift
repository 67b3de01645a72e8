// A segment without text: documents and kills in real bytes, so that what the machines decide about them can be checked
// after every step. Text, postings and their merging are the engine's own tests.

import ByteCoding
import Cluster
import News
import Storage

struct ModelDocument: Equatable {
    var key: ArticleKey
    var version: Version
    var orderTime: Timestamp?
    var source: String

    var orderKey: OrderKey { OrderKey(time: orderTime, key: key) }
}

struct ModelSegment: Equatable {
    static let magic = Array("CRNTMODL".utf8)

    var documents: [ModelDocument]
    var kills: [Kill]

    init(documents: [ModelDocument], kills: [Kill]) {
        self.documents = documents.sorted { $0.orderKey < $1.orderKey }
        self.kills = kills.sorted()
    }

    var encoded: [UInt8] {
        var out = ByteWriter()
        out.raw(Self.magic)
        out.varint(documents.count)
        for document in documents {
            out.raw(document.key.bytes)
            out.raw(document.version.bytes)
            out.fixed(Timestamp.sortable(document.orderTime))
            out.string(document.source)
        }
        out.varint(kills.count)
        for kill in kills {
            out.raw(kill.key.bytes)
            out.raw(kill.version.bytes)
            out.fixed(Timestamp.sortable(kill.orderTime))
        }
        out.checksum()
        return out.bytes
    }

    init(decoding bytes: [UInt8]) throws(CodingError) {
        var reader = ByteReader(try ByteReader.checked(bytes, what: "model segment"))
        _ = try reader.raw(8)
        documents = []
        for _ in 0..<(try reader.count("documents")) {
            documents.append(
                ModelDocument(
                    key: try reader.articleKey(), version: try reader.version(),
                    orderTime: Timestamp(sortable: try reader.fixed()), source: try reader.string()))
        }
        kills = []
        for _ in 0..<(try reader.count("kills")) {
            kills.append(
                Kill(
                    key: try reader.articleKey(), version: try reader.version(),
                    orderTime: Timestamp(sortable: try reader.fixed())))
        }
        try reader.requireEnd()
    }

    var digest: Digest256 {
        let added = documents.reduce(Digest256.zero) { $0 &+ $1.version.digestTerm(of: $1.key) }
        return kills.reduce(added) { $0 &- $1.version.digestTerm(of: $1.key) }
    }

    func reference(_ kind: SegmentReference.Kind) -> (SegmentReference, [UInt8]) {
        let bytes = encoded
        let span = documents.first.map { OrderSpan(first: $0.orderKey, last: documents.last!.orderKey) }
        let reference = SegmentReference(
            identity: SHA256.hash(of: bytes), attempt: Attempt(term: .none, number: 0), kind: kind,
            sizeBytes: UInt64(bytes.count), documentCount: UInt32(documents.count), killCount: UInt32(kills.count),
            recordBytes: UInt64(documents.count * 100), digest: digest, span: span)
        return (reference, bytes)
    }

    /// A kill and its loser vanish together when they meet; every other kill is carried on.
    static func merge(_ inputs: [ModelSegment]) -> ModelSegment {
        var documents = inputs.flatMap(\.documents)
        var carried: [Kill] = []
        for kill in inputs.flatMap(\.kills) {
            if let index = documents.firstIndex(where: { $0.key == kill.key && $0.version == kill.version }) {
                documents.remove(at: index)
            } else {
                #if !PLANTED_KILL_LOST
                    carried.append(kill)
                #endif
            }
        }
        return ModelSegment(documents: documents, kills: carried)
    }

    /// The live document of a key in segments that may overlap: no kill names it, and its version is the largest.
    static func live(_ key: ArticleKey, in segments: [ModelSegment]) -> ModelDocument? {
        var best: ModelDocument?
        for segment in segments {
            for document in segment.documents where document.key == key {
                if best.map({ $0.version < document.version }) ?? true { best = document }
            }
        }
        guard let best else { return nil }
        let isKilled = segments.contains { $0.kills.contains { $0.key == key && $0.version == best.version } }
        return isKilled ? nil : best
    }
}

/// A segment read from the store, with its digest computed once.
struct DecodedSegment {
    var model: ModelSegment
    var digest: Digest256

    init(_ bytes: [UInt8]) throws(CodingError) {
        model = try ModelSegment(decoding: bytes)
        digest = model.digest
    }
}
