import ByteCoding
import Storage
import Synchronization

/// The dictionaries that articles of some segments are read with: brought by the round that brings the articles, unless they
/// were read a while ago.
struct ArticleDictionaries {
    private var held: [ObjectIdentifier: ZstdDictionary] = [:]
    private var slots: [(segment: SegmentReader, slice: Int)] = []

    /// Asks for the dictionary of a segment, if it has one that is not held.
    mutating func add(_ segment: SegmentReader, to round: inout ReadRound) {
        let section = segment.footer.section(.articleDictionary)
        let name = ObjectIdentifier(segment)
        guard section.length > 0, held[name] == nil, !slots.contains(where: { $0.segment === segment }) else { return }
        if let known = Self.cache.withLock({ $0.find(Key(segment)) }) {
            held[name] = known
        } else {
            slots.append((segment, round.add(segment, .articleDictionary, 0..<section.length)))
        }
    }

    /// - Parameter slices: of the round.
    mutating func take(_ slices: [SectionSlice]) throws(EngineError) {
        for (segment, slot) in slots {
            let frame = try slices[slot].copy()
            let dictionary: ZstdDictionary
            do throws(ZstdError) {
                dictionary = try ZstdDictionary(
                    ZstdDecompressor().decompress(frame, atMost: SegmentFormat.articleDictionaryBytes))
            } catch {
                throw segment.corrupt(.articleDictionary, 0, error.description)
            }
            held[ObjectIdentifier(segment)] = dictionary
            Self.cache.withLock { $0.keep(dictionary, as: Key(segment)) }
        }
        slots = []
    }

    /// Nil if the segment has none.
    subscript(_ segment: SegmentReader) -> ZstdDictionary? { held[ObjectIdentifier(segment)] }

    /// In a round of its own.
    static func read(_ segment: SegmentReader) throws -> ZstdDictionary? {
        var round = ReadRound()
        var dictionaries = ArticleDictionaries()
        dictionaries.add(segment, to: &round)
        try dictionaries.take(try round.run(segment.source))
        return dictionaries[segment]
    }

    // MARK: Those of late

    /// An object's name holds the digest of its bytes; the checksums tell objects of tests apart.
    private struct Key: Hashable {
        let object: String
        let checksums: [UInt32]

        init(_ segment: SegmentReader) {
            object = segment.objectName
            checksums = segment.footer.section(.articleDictionary).pageChecksums
        }
    }

    /// The dictionaries that were used last: in many cells there are far more than memory should hold.
    private struct Cache {
        static let limitCount = 128
        private var entries: [Key: (dictionary: ZstdDictionary, lastUse: UInt64)] = [:]
        private var useCount: UInt64 = 0

        mutating func find(_ key: Key) -> ZstdDictionary? {
            guard let found = entries[key]?.dictionary else { return nil }
            useCount += 1
            entries[key]!.lastUse = useCount
            return found
        }

        mutating func keep(_ dictionary: ZstdDictionary, as key: Key) {
            useCount += 1
            entries[key] = (dictionary, useCount)
            guard entries.count > Self.limitCount else { return }
            entries[entries.min { $0.value.lastUse < $1.value.lastUse }!.key] = nil
        }
    }

    private static let cache = Mutex(Cache())
}
