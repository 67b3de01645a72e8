// A segment without text: documents and kills in real bytes, so that what the machines decide about them can be checked
// after every step. Text, postings and their merging are the engine's own tests.

import ByteCoding
import Cluster
import News
import Storage

/// One version of one article.
struct DocumentID: Hashable {
    var key: ArticleKey
    var version: Version
}

struct ModelDocument: Equatable {
    var key: ArticleKey
    var version: Version
    var orderTime: Timestamp?
    var source: String

    var id: DocumentID { DocumentID(key: key, version: version) }
    var orderKey: OrderKey { OrderKey(time: orderTime, key: key) }
}

struct ModelSegment: Equatable {
    static let magic = Array("CRNTMODL".utf8)
    /// Documents in a cell, at most: small, so that a compaction has several outputs.
    static let cellDocumentCount = 12

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

    func reference(_ kind: SegmentReference.Kind) -> (SegmentReference, [UInt8]) {
        let bytes = encoded
        let span = documents.first.map { OrderSpan(first: $0.orderKey, last: documents.last!.orderKey) }
        let reference = SegmentReference(
            identity: SHA256.hash(of: bytes), attempt: Attempt(term: .none, number: 0), kind: kind,
            sizeBytes: UInt64(bytes.count), documentCount: UInt32(documents.count), killCount: UInt32(kills.count),
            recordBytes: UInt64(documents.count * 100), digest: DecodedSegment(self).digest, span: span)
        return (reference, bytes)
    }

    /// A kill and its loser vanish together when they meet; every other kill is carried on.
    static func merge(_ inputs: [ModelSegment]) -> ModelSegment {
        var documents: [DocumentID: ModelDocument] = [:]
        for document in inputs.flatMap(\.documents) { documents[document.id] = document }
        var carried: [Kill] = []
        for kill in inputs.flatMap(\.kills) {
            if documents.removeValue(forKey: DocumentID(key: kill.key, version: kill.version)) == nil {
                #if !PLANTED_KILL_LOST
                    carried.append(kill)
                #endif
            }
        }
        return ModelSegment(documents: Array(documents.values), kills: carried)
    }

    /// The cells of a whole snapshot; as overlays merge, but cut.
    static func cells(of inputs: [ModelSegment]) -> [ModelSegment] {
        let whole = merge(inputs)
        return stride(from: 0, to: whole.documents.count, by: cellDocumentCount).map { start in
            let end = min(start + cellDocumentCount, whole.documents.count)
            return ModelSegment(
                documents: Array(whole.documents[start..<end]), kills: end == whole.documents.count ? whole.kills : [])
        }
    }
}

/// A segment read from the store, with what is asked of it often computed once.
struct DecodedSegment {
    let model: ModelSegment
    let digest: Digest256
    let byKey: [ArticleKey: [ModelDocument]]
    let killed: Set<DocumentID>

    init(_ model: ModelSegment) {
        self.model = model
        let added = model.documents.reduce(Digest256.zero) { $0 &+ $1.version.digestTerm(of: $1.key) }
        digest = model.kills.reduce(added) { $0 &- $1.version.digestTerm(of: $1.key) }
        byKey = Dictionary(grouping: model.documents, by: \.key)
        killed = Set(model.kills.map { DocumentID(key: $0.key, version: $0.version) })
    }

    init(decoding bytes: [UInt8]) throws(CodingError) { self.init(try ModelSegment(decoding: bytes)) }

    /// The live document of a key in segments that may overlap: no kill names it, and its version is the largest.
    static func live(_ key: ArticleKey, in segments: [DecodedSegment]) -> ModelDocument? {
        var best: ModelDocument?
        for segment in segments {
            for document in segment.byKey[key] ?? [] where best.map({ $0.version < document.version }) ?? true {
                best = document
            }
        }
        guard let best, !segments.contains(where: { $0.killed.contains(best.id) }) else { return nil }
        return best
    }
}
