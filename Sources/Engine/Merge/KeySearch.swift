import News
package import Storage

/// Finds the objects of a store in which something of given articles stands: record, terms, corrections or place in the order
/// in a segment, a frame in a log or state object.
package struct KeySearch {
    /// Of each key the largest version that is meant.
    private let through: [ArticleKey: Version]
    private let sorted: [ArticleKey]
    /// Also log objects whose texts were taken out: nobody can see whether that would outlast a loss of power.
    private let findsEmptied: Bool

    package init(bounds: some Sequence<VersionBound>, findsEmptied: Bool = false) {
        self.findsEmptied = findsEmptied
        through = Dictionary(bounds.map { ($0.key, $0.through) }, uniquingKeysWith: max)
        sorted = through.keys.sorted()
    }

    private func isMeant(_ key: ArticleKey, _ version: Version) -> Bool { through[key].map { version <= $0 } ?? false }

    /// Log and state objects that are in memory at a time.
    private static let objectsAtOnce = 4

    /// - Parameters:
    ///   - names: of `segments/`, `log/` and `state/`; an object that is gone holds nothing.
    ///   - perform: the store's, of several operations at once.
    /// - Returns: the names of those that hold something, in the order given.
    /// - Throws: `EngineError`, `CodingError` for what cannot be read, `BucketFailure`.
    package func run(
        _ names: [String], source: any ByteSource, perform: ([BucketOperation]) -> [BucketResult]
    ) throws -> [String] {
        var found: Set<String> = []
        func forEachPiece(_ names: [String], _ count: Int, _ body: (ArraySlice<String>) throws -> Void) throws {
            for start in stride(from: 0, to: names.count, by: count) {
                try body(names[start..<min(start + count, names.count)])
            }
        }
        try forEachPiece(names.filter { $0.hasPrefix("segments/") }, NamedSegments.countAtOnce) { piece in
            let segments = try NamedSegments.open(piece, source: source, perform: perform)
            let there = zip(piece, segments).compactMap { name, segment in segment.map { (name, $0) } }
            do {
                for ((name, _), isIn) in zip(there, try areIn(there.map(\.1), source: source)) where isIn {
                    found.insert(name)
                }
            } catch let error as EngineError where error.code == .missing {
                // One went meanwhile: each for itself.
                for (name, segment) in there {
                    do { if try isIn(segment) { found.insert(name) } } catch let error as EngineError
                        where error.code == .missing
                    {}
                }
            }
        }
        try forEachPiece(names.filter { !$0.hasPrefix("segments/") }, Self.objectsAtOnce) { piece in
            for (name, result) in zip(piece, perform(piece.map { .get(name: $0, range: nil) })) {
                if case .failed(let failure) = result { throw failure }
                if case .bytes(let bytes) = result, try isIn(bytes, named: name) { found.insert(name) }
            }
        }
        return names.filter { found.contains($0) }
    }

    /// Whether a log or state object holds a text.
    package func isIn(_ bytes: [UInt8], named name: String) throws -> Bool {
        if name.hasPrefix("log/") {
            let object = try LogObject(decoding: bytes, named: name)
            return findsEmptied ? object.namesText(of: isMeant) : object.holdsText(of: isMeant)
        }
        var state = ClusterState()
        try state.add(decoding: bytes)
        return state.deadLetters.values.contains { $0.isTextThere && isMeant($0.article.key, $0.article.version) }
    }

    /// Keys that are looked for in one round; of a segment with few documents for each of them all are read.
    static let probeCount = 1024
    static let documentsPerProbe = 8
    /// Keys up to which many segments are asked in one round.
    private static let sharedProbeCount = 64
    /// Documents that are read at a time.
    static let pieceCount = 4096

    /// Whether segments have a document of one of the keys, dead or not, or a kill with its correction.
    ///
    /// What tells of most segments is read in one round.
    private func areIn(_ segments: [SegmentReader], source: any ByteSource) throws -> [Bool] {
        enum Look {
            case known(Bool)
            /// All documents, in a slice.
            case all(Int)
            /// Of some keys what the key run has.
            case probes([(key: ArticleKey, slice: Int)])
            case alone
        }
        var round = ReadRound()
        let looks = segments.map { segment -> Look in
            if segment.kills.contains(where: { isMeant($0.kill.key, $0.kill.version) }) { return .known(true) }
            if isSmall(segment) {
                guard segment.documentCount <= Self.pieceCount else { return .alone }
                let bytes = UInt64(segment.documentCount * SegmentFormat.documentRowBytes)
                return .all(round.add(segment, .documents, 0..<bytes))
            }
            guard sorted.count <= Self.sharedProbeCount else { return .alone }
            return .probes(
                sorted.compactMap { key in
                    segment.keyRunRange(of: key).map { (key, round.add(segment, .keyRun, $0)) }
                })
        }
        let slices = try round.run(source)
        return try zip(segments, looks).map { segment, look in
            switch look {
            case .known(let isIn): return isIn
            case .all(let slice): return try slices[slice].identities().contains { isMeant($0.key, $0.version) }
            case .probes(let probes): return try isAny(of: probes.map { ($0.key, slices[$0.slice]) }, in: segment)
            case .alone: return try isIn(segment)
            }
        }
    }

    private func isSmall(_ segment: SegmentReader) -> Bool {
        segment.documentCount < sorted.count * Self.documentsPerProbe
    }

    /// Whether a segment has a document of one of the keys, dead or not, or a kill with its correction.
    package func isIn(_ segment: SegmentReader) throws -> Bool {
        if segment.kills.contains(where: { isMeant($0.kill.key, $0.kill.version) }) { return true }
        if isSmall(segment) { return try isAmongAll(of: segment) }
        for start in stride(from: 0, to: sorted.count, by: Self.probeCount) {
            if try isAny(of: sorted[start..<min(start + Self.probeCount, sorted.count)], in: segment) { return true }
        }
        return false
    }

    private func isAmongAll(of segment: SegmentReader) throws -> Bool {
        for start in stride(from: 0, to: segment.documentCount, by: Self.pieceCount) {
            let range = start..<min(start + Self.pieceCount, segment.documentCount)
            if try segment.identities(range).contains(where: { isMeant($0.key, $0.version) }) { return true }
        }
        return false
    }

    private func isAny(of keys: ArraySlice<ArticleKey>, in segment: SegmentReader) throws -> Bool {
        var round = ReadRound()
        var probes: [ArticleKey] = []
        for key in keys {
            guard let range = segment.keyRunRange(of: key) else { continue }
            round.add(segment, .keyRun, range)
            probes.append(key)
        }
        guard !probes.isEmpty else { return false }
        let slices = try round.run(segment.source)
        return try isAny(of: zip(probes, slices).map { ($0, $1) }, in: segment)
    }

    /// - Parameter probes: keys, each with its part of the segment's key run.
    private func isAny(of probes: [(key: ArticleKey, slice: SectionSlice)], in segment: SegmentReader) throws -> Bool {
        var ordinals: [UInt32] = []
        for (key, slice) in probes { ordinals += try segment.ordinals(withKeyHigh: key.high, in: slice) }
        guard !ordinals.isEmpty else { return false }
        return try segment.identities(ordinals).contains { isMeant($0.key, $0.version) }
    }
}
