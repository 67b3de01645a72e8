package import ByteCoding
import Engine
import Extraction
import News
import Roles
import Storage

/// Every live article of a snapshot as a line of JSON, in the snapshot's order.
///
/// Guarantees
/// 1. The same snapshot gives the same bytes.
/// 2. What comes out are the articles the manifest counts: their number and their set digest, made of the keys and records
///    as they were read, are those it says; else the export fails at its end.
/// 3. Memory is bounded by the segments that overlap, not by the store.
package struct ArticleExport {
    package private(set) var articleCount: Int64 = 0
    package private(set) var lineBytes: UInt64 = 0
    /// Sum over the articles written.
    package private(set) var setDigest = Digest256.zero

    package init() {}

    /// - Parameter write: takes a line with its end.
    /// - Throws: `Failure` `.corrupt` if the snapshot is not what its manifest says; `EngineError`; what `write` throws.
    package mutating func run(_ snapshot: OpenSnapshot, write: ([UInt8]) throws -> Void) throws {
        var articles = try LiveArticles(snapshot.reader)
        while let item = try articles.next() {
            let article = try SearchAnswer.article(item.record, item.key)
            let version = CanonicalRecord.version(of: article, record: item.record)
            var line = ArticleJSON.write(article, key: item.key, version: version)
            line.append(UInt8(ascii: "\n"))
            try write(line)
            articleCount += 1
            lineBytes += UInt64(line.count)
            setDigest = setDigest &+ version.digestTerm(of: item.key)
        }
        let manifest = snapshot.loaded?.manifest
        let expected = manifest?.setDigest ?? .zero
        guard setDigest == expected, articleCount == manifest?.sums[.published] ?? 0 else {
            throw Failure(
                .corrupt,
                "generation \(snapshot.generation.number) has \(manifest?.sums[.published] ?? 0) articles of set digest "
                    + "\(expected.hex); \(articleCount) of \(setDigest.hex) were found",
                hint: "run: coranto snapshot verify")
        }
    }
}
