import ByteCoding
import Engine
import Extraction
import News
import Storage

/// What is fed. A finding is a trap, a hang, or an error of a kind that is not promised.
enum FuzzTarget: String, CaseIterable {
    case segment, manifest, log, query, json, feed, sitemap, opml, page, date, address, robots

    func run(_ input: [UInt8]) {
        do {
            switch self {
            case .segment: try Self.segment(input)
            case .manifest: try Self.manifest(input)
            case .log: try Self.log(input)
            case .query: try Self.query(input)
            case .json: Self.json(input)
            case .feed, .sitemap: Self.soon { Self.feed(input) }
            case .opml: Self.soon { Self.opml(input) }
            case .page: Self.soon { Self.page(input) }
            case .date: Self.soon { Self.date(input) }
            case .address: Self.soon { Self.address(input) }
            case .robots: Self.soon { Self.robots(input) }
            }
        } catch is EngineError {
        } catch is CodingError {
        } catch is QueryError {
        } catch is ZstdError {
        } catch {
            fatalError("\(type(of: error)): \(error)")
        }
    }

    // MARK: Segments

    private static let questions = [
        "w1", "w1 w2", "any(w1 w2 w3)", "\"w1 w2\"", "w1 NEAR/3 w4", "\"w1 w* w2\"", "w1~", "headline:w2 lang:en -w9",
        "published:2016 source:reuters", "*",
    ]

    /// Checks and asks a segment, and merges it. One that is sound must also answer the same by all ways.
    private static func segment(_ input: [UInt8]) throws {
        let source = MemoryByteSource()
        source.put(input, as: "segment")
        let segment = try SegmentReader.open(
            objectName: "segment", sizeBytes: UInt64(input.count), source: source)
        var verifier = SegmentVerifier(segment)
        let isSound = try verifier.run().isEmpty
        let snapshot = try SnapshotReader(segments: [segment], source: source)
        for question in questions {
            try ask(
                QueryParser.parse(question), Searcher(snapshot), isSound: isSound && !question.contains("published"))
        }
        let merger = SegmentMerger(settings: Settings(), source: source)
        let merged = try merger.merge([segment])
        if isSound {
            precondition(
                merged == nil || merged!.footer.digest == segment.footer.digest, "a merge changed the articles")
        }
        try merger.compact([segment]) { _ in }
    }

    private static func ask(_ query: QueryNode, _ searcher: Searcher, isSound: Bool) throws {
        // One order for each question, so that many are asked.
        let sorts = SearchRequest.Sort.allCases
        for sort in [sorts[query.description.utf8.count % sorts.count]] {
            var request = SearchRequest(query: query, sort: sort, limitCount: 3)
            let fast = try searcher.search(request) { _, _ in }
            request.isExhaustive = true
            request.facets = [.source]
            request.histogram = .month
            let whole = try searcher.search(request) { _, _ in }
            if isSound { precondition(fast.hits == whole.hits, "\(query) by \(sort): not the same hits by all ways") }
        }
    }

    // MARK: Objects of a store

    /// What reads the objects that say what a store is.
    static let objectReaders: [@Sendable ([UInt8]) throws -> Void] = [
        { bytes in
            let manifest = try Manifest(decoding: bytes)
            precondition(try! Manifest(decoding: manifest.encoded) == manifest, "a manifest reads otherwise")
        },
        { _ = try ManifestPage(decoding: $0) },
        { bytes in
            var state = ClusterState()
            _ = try state.add(decoding: bytes)
        },
        { _ = try LedgerIndex(decoding: $0) },
        { _ = try LedgerRows(decodingObject: $0) },
        { _ = try TermObject(decoding: $0) },
        { _ = try Heartbeat(decoding: $0) },
        { _ = try UnnamedObjects(decoding: $0) },
    ]

    /// The first byte says which of them reads the others.
    private static func manifest(_ input: [UInt8]) throws {
        guard let kind = input.first else { return }
        try objectReaders[Int(kind) % objectReaders.count](Array(input.dropFirst()))
    }

    private static func log(_ input: [UInt8]) throws {
        let object = try LogObject(decoding: input)
        precondition(try! LogObject(decoding: object.encoded) == object, "a log object reads otherwise")
        let erased = object.erased
        precondition(!erased.holdsText { _, _ in true }, "a text is left")
        var state = ClusterState()
        object.forEachEntry { position, _, entry in _ = state.apply(entry, at: position) }
        for batch in object.batches {
            for article in batch.entries.compactMap(\.loggedArticle) where article.isTextThere {
                _ = try CanonicalRecord.decode(try ZstdDecompressor().decompress(article.frame, atMost: 1 << 16))
            }
        }
    }

    // MARK: Text

    /// Of a snapshot that is read in place, and of one that is read in rounds.
    private static let searchers = [true, false].map { Searcher(try! FuzzSeeds.snapshot(isMapped: $0)) }
    private static let article = FuzzSeeds.articles(1)[0].article

    /// To ask takes twenty times as long as to parse, and most of what is tried is another way to write the same: one of eight is asked in
    /// each way.
    private static func query(_ input: [UInt8]) throws {
        let query = try QueryParser.parse(String(decoding: input, as: UTF8.self))
        let hash = query.description.utf8.reduce(UInt32(17)) { $0 &* 31 &+ UInt32($1) }
        _ = Highlighter(query).snippet(of: article)
        let choice = Int(hash >> 8 & 7)
        if choice < 2 { try ask(query, searchers[choice], isSound: true) }
    }

    /// What is read as an article is read again as the same from what is written of it.
    private static func json(_ input: [UInt8]) {
        var reader = ArticleReader()
        guard case .article(let first) = reader.read(input[...]) else { return }
        guard case .article(let second) = reader.read(ArticleJSON.line(first)[...]) else {
            fatalError("what was written is not read: \(String(decoding: ArticleJSON.line(first), as: UTF8.self))")
        }
        precondition(second.key == first.key && second.version == first.version, "what was written is read otherwise")
    }
}
