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

    static func == (left: DocumentID, right: DocumentID) -> Bool {
        left.key == right.key && left.version == right.version
    }

    /// Versions of a key are few.
    func hash(into hasher: inout Hasher) {
        hasher.combine(key)
        hasher.combine(version.recordHash)
    }
}

/// Gives each version of an article a small number.
struct DocumentNumbers {
    private var numbers: [DocumentID: Int] = [:]
    private(set) var documents: [DocumentID] = []

    mutating func number(of id: DocumentID) -> Int {
        if let known = numbers[id] { return known }
        numbers[id] = documents.count
        documents.append(id)
        return documents.count - 1
    }
}

struct SegmentContents {
    let reader: SegmentReader
    /// By their numbers.
    let documents: [Int]
    let kills: [Int]

    /// - Throws: `Violation` if the segment is not what its name and its own words promise; what the reader throws.
    init(
        _ reader: SegmentReader, _ reference: SegmentReference, bytes: [UInt8], numbers: inout DocumentNumbers
    ) throws {
        self.reader = reader
        var digest = Digest256.zero
        documents = try reader.rows(0..<reader.documentCount).map {
            digest = digest &+ $0.version.digestTerm(of: $0.key)
            return numbers.number(of: DocumentID(key: $0.key, version: $0.version))
        }
        kills = reader.kills.map {
            digest = digest &- $0.kill.version.digestTerm(of: $0.kill.key)
            return numbers.number(of: DocumentID(key: $0.kill.key, version: $0.kill.version))
        }
        func require(_ holds: Bool, _ what: String) throws {
            guard !holds else { return }
            throw Violation(property: "a segment is sound", detail: "\(reference.objectName): \(what)")
        }
        try require(SHA256.hash(of: bytes) == reference.identity, "its bytes are not those of its name")
        try require(digest == reference.digest, "its reference tells another digest")
        try require(reference.kind == .overlay || kills.isEmpty, "a cell has kills")
        var verifier = SegmentVerifier(reader)
        if let finding = try verifier.run().first { try require(false, "\(finding)") }
    }
}
