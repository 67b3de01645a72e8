import ByteCoding
import Storage

/// Where the blocks of the article store lie and which documents each holds.
struct ArticleIndex: Sendable {
    /// First document of each block, and the document count at the end.
    private(set) var firstDocuments: [UInt32] = [0]
    /// Start of each block in section `articles`, and its length at the end.
    private(set) var offsets: [UInt64] = [0]

    var blockCount: Int { offsets.count - 1 }

    init(decoding bytes: [UInt8], of footer: SegmentFooter) throws(CodingError) {
        let (kind, documentCount) = (footer.kind, Int(footer.documentCount))
        let articleBytes = footer.section(.articles).length
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            let start = reader.offset
            let first = Int(firstDocuments[firstDocuments.count - 1])
            let count = try reader.count("documents of block", atMost: documentCount - first)
            let length = try reader.varint()
            let offset = offsets[offsets.count - 1]
            guard count > 0, kind == .cell || count == 1, length <= articleBytes - offset, length <= UInt32.max else {
                throw .badValue(what: "article block", offset: start)
            }
            firstDocuments.append(UInt32(first + count))
            offsets.append(offset + length)
        }
        guard firstDocuments.last == UInt32(documentCount), offsets.last == articleBytes else {
            throw .badValue(what: "sum of article blocks", offset: reader.offset)
        }
    }

    /// The block that holds `document`, which must be below the document count.
    func block(of document: UInt32) -> Int {
        var low = 0
        var high = blockCount
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstDocuments[middle] <= document { low = middle } else { high = middle }
        }
        return low
    }

    func range(_ block: Int) -> Range<UInt64> { offsets[block]..<offsets[block + 1] }
}
