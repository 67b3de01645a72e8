import News
package import Storage

/// Finds the objects of a store in which something of given articles stands: record, terms, corrections or place in the order
/// in a segment, a frame in a log or state object.
package struct KeySearch {
    /// Of each key the largest version that is meant.
    private let through: [ArticleKey: Version]
    private let sorted: [ArticleKey]

    package init(bounds: some Sequence<VersionBound>) {
        through = Dictionary(bounds.map { ($0.key, $0.through) }, uniquingKeysWith: max)
        sorted = through.keys.sorted()
    }

    private func isMeant(_ key: ArticleKey, _ version: Version) -> Bool { through[key].map { version <= $0 } ?? false }

    /// - Parameters:
    ///   - names: of `segments/`, `log/` and `state/`; an object that is gone holds nothing.
    ///   - perform: the store's.
    /// - Returns: the names of those that hold something, in the order given.
    /// - Throws: `EngineError`, `CodingError` for what cannot be read, `BucketFailure`.
    package func run(
        _ names: [String], source: any ByteSource, perform: (BucketOperation) -> BucketResult
    ) throws -> [String] {
        try names.filter { name in
            if name.hasPrefix("segments/") {
                guard case .size(let size) = try answer(perform(.size(name: name))) else { return false }
                do {
                    return try isIn(SegmentReader.open(objectName: name, sizeBytes: size, source: source))
                } catch let error as EngineError where error.code == .missing { return false }
            }
            guard case .bytes(let bytes) = try answer(perform(.get(name: name, range: nil))) else { return false }
            return try isIn(bytes, named: name)
        }
    }

    /// Whether a log or state object holds a text.
    package func isIn(_ bytes: [UInt8], named name: String) throws -> Bool {
        if name.hasPrefix("log/") { return try LogObject(decoding: bytes, named: name).holdsText(of: isMeant) }
        var state = ClusterState()
        try state.add(decoding: bytes)
        return state.deadLetters.values.contains { $0.isTextThere && isMeant($0.article.key, $0.article.version) }
    }

    /// Keys that are looked for in one round; of a segment with few documents for each of them all are read.
    static let probeCount = 1024
    static let documentsPerProbe = 8

    /// Whether a segment has a document of one of the keys, dead or not, or a kill with its correction.
    package func isIn(_ segment: SegmentReader) throws -> Bool {
        if segment.kills.contains(where: { isMeant($0.kill.key, $0.kill.version) }) { return true }
        if segment.documentCount < sorted.count * Self.documentsPerProbe { return try isAmongAll(of: segment) }
        for start in stride(from: 0, to: sorted.count, by: Self.probeCount) {
            if try isAny(of: sorted[start..<min(start + Self.probeCount, sorted.count)], in: segment) { return true }
        }
        return false
    }

    private func isAmongAll(of segment: SegmentReader) throws -> Bool {
        for start in stride(from: 0, to: segment.documentCount, by: 4096) {
            let range = start..<min(start + 4096, segment.documentCount)
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
        var ordinals: [UInt32] = []
        for (index, key) in probes.enumerated() {
            ordinals += try segment.ordinals(withKeyHigh: key.high, in: slices[index])
        }
        guard !ordinals.isEmpty else { return false }
        return try segment.identities(ordinals).contains { isMeant($0.key, $0.version) }
    }

    private func answer(_ result: BucketResult) throws -> BucketResult {
        if case .failed(let failure) = result { throw failure }
        return result
    }
}
