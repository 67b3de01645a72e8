/// Fixed sizes of format 1.
package enum SegmentFormat {
    package static let version: UInt32 = 1
    /// "CRNTSEGM", read as a little-endian number: the same in every version from 1 on.
    package static let magic: UInt64 = 0x4D47_4553_544E_5243
    /// "CRNTSEG0": drafts of the format, version 0.
    static let draftMagic: UInt64 = 0x3047_4553_544E_5243
    package static let headerBytes = 16
    package static let tailBytes = 40

    /// How much from the end an opener reads first, of an object of some bytes. Open areas take 0.4 to 1.5 % of segments of 4 MB and more,
    /// the less the larger they are, and for each kill its row and some 30 bytes of the index of corrections; one read too many costs more
    /// than the bytes that are too many.
    package static func openReadBytes(_ sizeBytes: UInt64, killCount: UInt32) -> UInt64 {
        min(sizeBytes, max(64 << 10, sizeBytes / 64) + UInt64(killCount) * UInt64(killRowBytes + 56))
    }

    package static let maxDocumentCount = Int(Int32.max)
    /// Positions of one word that a merge holds at once, at four bytes each.
    package static let maxMergedPositions: UInt64 = 1 << 30
    /// Documents in a block of a posting list, positions in a chunk.
    package static let blockCount = 128
    /// Terms in a block of the dictionary.
    package static let termsPerBlock = 32
    /// A block of the article store of a cell takes records until it holds this much.
    package static let articleBlockBytes = 16 << 10
    /// The dictionary of a cell's articles: at most this, and this share of their canonical records; none where that is less than
    /// `leastArticleDictionaryBytes`.
    package static let articleDictionaryBytes = 112 << 10
    package static let articleDictionaryShare = 128
    package static let leastArticleDictionaryBytes = 8 << 10
    /// Articles it is made from, and bytes of each.
    package static let dictionarySampleCount = 1200
    package static let dictionarySampleBytes = 32 << 10
    package static let documentRowBytes = 16 + 76
    package static let killRowBytes = 104
    package static let keyRunRowBytes = 12
    /// Every so many documents one entry of `documentIndex`.
    package static let documentsPerIndexEntry = 64
    /// Every so many rows of `keyRun` one entry of `keyIndex`.
    package static let keysPerIndexEntry = 128
}
