import ByteCoding

/// The articles of one input, front to back.
final class ArticleStream {
    private let segment: SegmentReader
    private let window: SectionWindow
    private let decompressor = ZstdDecompressor()
    private let dictionary: ZstdDictionary?
    private var block = -1
    private var raw: [UInt8] = []

    init(_ segment: SegmentReader) throws {
        dictionary = try ArticleDictionaries.read(segment)
        self.segment = segment
        window = SectionWindow(segment, .articles)
    }

    /// The frame of a document of an overlay, unchanged: valid until another, or a record, is asked for.
    func frame(of ordinal: UInt32) throws -> UnsafeRawBufferPointer {
        // Each of its blocks is one document.
        try unsafe window.bytes(segment.articleIndex.range(Int(ordinal)))
    }

    func record(_ ordinal: UInt32) throws -> [UInt8] {
        let wanted = segment.articleIndex.block(of: ordinal)
        if wanted != block {
            let range = segment.articleIndex.range(wanted)
            raw = try unsafe segment.decompress(
                window.bytes(range), at: range.lowerBound, decompressor, dictionary)
            block = wanted
        }
        return try segment.record(ordinal, inBlock: block, raw, segment.articleIndex)
    }
}
