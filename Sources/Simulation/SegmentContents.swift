// What a segment of the store holds, read by the engine's own reader. Segments never change, so each is read once; that
// they do not change is held by comparing their bytes with their names at the end.

import ByteCoding
import Engine
import News
import Storage

/// One version of one article.
struct DocumentID: Hashable {
    var key: ArticleKey
    var version: Version
}

struct SegmentContents {
    let reader: SegmentReader
    let documents: [DocumentID]
    let kills: [DocumentID]

    /// - Throws: `Violation` if the segment is not what its name and its own words promise; what the reader throws.
    init(_ reader: SegmentReader, _ reference: SegmentReference, bytes: [UInt8]) throws {
        self.reader = reader
        documents = try reader.rows(0..<reader.documentCount).map { DocumentID(key: $0.key, version: $0.version) }
        kills = reader.kills.map { DocumentID(key: $0.kill.key, version: $0.kill.version) }
        func require(_ holds: Bool, _ what: String) throws {
            guard !holds else { return }
            throw Violation(property: "a segment is sound", detail: "\(reference.objectName): \(what)")
        }
        try require(SHA256.hash(of: bytes) == reference.identity, "its bytes are not those of its name")
        let added = documents.reduce(Digest256.zero) { $0 &+ $1.version.digestTerm(of: $1.key) }
        let digest = kills.reduce(added) { $0 &- $1.version.digestTerm(of: $1.key) }
        try require(digest == reference.digest, "its reference tells another digest")
        try require(reference.kind == .overlay || kills.isEmpty, "a cell has kills")
        var verifier = SegmentVerifier(reader)
        if let finding = try verifier.run().first { try require(false, "\(finding)") }
    }
}
