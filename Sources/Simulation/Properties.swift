// What must hold, checked at every manifest, every deletion, every acknowledgement and at the end. docs/testing.md lists
// the properties in words.

import ByteCoding
import Engine
import News
import Storage
import Wire

struct Properties {
    private(set) var head: Manifest?
    private(set) var manifestCount = 0
    private(set) var deletedCount = 0
    private var live: [ArticleKey: Version] = [:]
    private var articles = LoggedTexts()
    /// The set digest of every committed generation.
    private var committed: [Generation: Digest256] = [:]
    private var epochs: [Shard: Set<ShardEpoch>] = [:]
    private var ledgers: [String: LedgerRows] = [:]
    /// Questions are asked of every so many generations, for they cost more than all else.
    static let answersEvery: UInt64 = 8

    mutating func leased(_ shard: Shard, _ epoch: ShardEpoch) throws {
        guard epochs[shard, default: []].insert(epoch).inserted else {
            throw Violation(
                property: "a shard epoch is issued once",
                detail: "shard \(shard.index), epoch \(epoch.term.number)-\(epoch.counter)")
        }
    }

    // MARK: Manifests

    /// Called as soon as a manifest is in the store.
    mutating func manifestCreated(
        _ bytes: [UInt8], store: SimulatedStore, segments: (Manifest) throws -> [(SegmentReference, SegmentContents)]
    ) throws {
        let manifest = try Manifest(decoding: bytes)
        // A request of long ago that lands under a number that was collected: void, for the newest does not keep it.
        if let head, manifest.generation < head.generation {
            return try require(
                !head.kept.contains(manifest.generation), "a kept number is not written again",
                manifest)
        }
        manifestCount += 1
        if let head {
            try require(manifest.generation == head.generation.next, "generations follow one another", manifest)
            try require(manifest.parent == head.generation, "a manifest's parent is the one before", manifest)
            try require(manifest.term >= head.term, "terms never go back", manifest)
            try require(manifest.foldedTo >= head.foldedTo, "watermarks never go back", manifest)
            for index in manifest.watermarks.indices {
                try require(manifest.watermarks[index] >= head.watermarks[index], "watermarks never go back", manifest)
            }
        }
        let parts = try segments(manifest)
        try checkSegments(parts, of: manifest)
        try checkSnapshot(parts, of: manifest, store: store)
        try checkLedger(of: manifest, store: store)
        committed[manifest.generation] = manifest.setDigest
        head = manifest
    }

    private mutating func checkSegments(_ parts: [(SegmentReference, SegmentContents)], of manifest: Manifest) throws {
        var documents: [DocumentID: Int] = [:]
        var kills: [DocumentID: Int] = [:]
        var sum = Digest256.zero
        for (reference, segment) in parts {
            sum = sum &+ reference.digest
            for document in segment.documents { documents[document, default: 0] += 1 }
            for kill in segment.kills { kills[kill, default: 0] += 1 }
        }
        for (id, count) in kills {
            try require(
                count == 1 && documents[id] == 1, "a kill has exactly one loser", manifest,
                "\(id.key.hex): \(count) kills, \(documents[id] ?? 0) losers")
        }
        live = [:]
        for (id, count) in documents where kills[id] == nil {
            try require(count == 1 && live[id.key] == nil, "no key is live twice", manifest, id.key.hex)
            live[id.key] = id.version
        }
        // Every kill has its loser here, so what is left of the sum is the live articles.
        try require(sum == manifest.setDigest, "the set digest is that of the live articles", manifest)
        try require(
            manifest.sums[.published] == Int64(live.count), "published is the number of live articles", manifest,
            "\(manifest.sums[.published]) and \(live.count)")
    }

    /// The engine must see the same articles as the plain counting above, and find in them what reading them finds.
    private mutating func checkSnapshot(
        _ parts: [(SegmentReference, SegmentContents)], of manifest: Manifest, store: SimulatedStore
    ) throws {
        let snapshot = try SnapshotReader(
            segments: parts.map(\.1.reader), settingsHash: manifest.settings.hash, source: store.segments)
        try require(snapshot.liveDocumentCount == live.count, "the engine sees the live articles", manifest)
        guard manifest.generation.number % Self.answersEvery == 0 else { return }
        try checkAnswers(snapshot, "generation \(manifest.generation.number)", store: store)
    }

    private mutating func checkAnswers(_ snapshot: SnapshotReader, _ place: String, store: SimulatedStore) throws {
        let keys = live.keys.sorted()
        for (key, found) in zip(keys, try snapshot.lookup(keys: keys)) where found?.version != live[key] {
            throw Violation(property: "the engine sees the live articles", detail: "\(place): \(key.hex)")
        }
        try articles.read(store.everLog)
        let texts = try live.map { ($0.key, try articles.article(DocumentID(key: $0.key, version: $0.value))) }
        try AnswerOracle(texts).check(snapshot, place)
    }

    private mutating func checkLedger(of manifest: Manifest, store: SimulatedStore) throws {
        try require(manifest.sums.pending >= 0, "no article has two outcomes", manifest, "\(manifest.sums)")
        for outcome in Outcome.allCases {
            try require(manifest.sums[outcome] >= 0, "no outcome is negative", manifest, outcome.name)
        }
        var rows = manifest.ledgerTail
        var index = LedgerIndex()
        if let named = manifest.ledgerIndex {
            let name = named.name(in: "ledger")
            guard let bytes = store.objects[name] else {
                throw Violation(property: "what a kept manifest names is there", detail: name)
            }
            index = try LedgerIndex(decoding: bytes, named: name)
        }
        for entry in index.entries {
            let name = entry.object.name(in: "ledger")
            guard let bytes = store.objects[name] else {
                throw Violation(property: "what a kept manifest names is there", detail: name)
            }
            let known = try ledgers[name] ?? LedgerRows(decoding: bytes, named: name)
            ledgers[name] = known
            rows.add(known)
        }
        var sums = OutcomeSums()
        for (_, row) in rows.rows {
            sums.received += row.received
            for outcome in Outcome.allCases { sums[outcome] += row[outcome] }
        }
        try require(sums == manifest.sums, "the rows of the ledger add up to the sums", manifest)
    }

    /// A coordinator acts on a manifest of its own.
    func told(_ manifest: Manifest) throws {
        try require(
            committed[manifest.generation] == manifest.setDigest, "nobody is told of a manifest that is not there",
            manifest)
    }

    // MARK: Acknowledgements

    /// A batch that was to be visible was acknowledged.
    func visible(_ batch: SimulatedClient.Batch, retracted: Set<ArticleKey>) throws {
        guard let head else { throw Violation(property: "a visible batch is in the snapshot", detail: "no snapshot") }
        for entry in batch.entries {
            guard case .article(let article) = entry, !retracted.contains(article.key) else { continue }
            try require(
                live[article.key].map { $0 >= article.version } ?? false, "a visible batch is in the snapshot", head,
                article.key.hex)
        }
    }

    // MARK: Deletion

    /// Called after an object was deleted.
    mutating func deleted(_ name: String, manifest: (Generation) throws -> Manifest?) throws {
        deletedCount += 1
        guard let head else { return }
        for generation in Array(head.kept.generations) + [head.generation] {
            if name == ObjectName.manifest(generation) {
                throw Violation(property: "nothing named is deleted", detail: name)
            }
            guard let kept = try manifest(generation) else {
                throw Violation(property: "a kept generation is there", detail: "\(generation.number)")
            }
            // Cells are named by pages; they are looked for at the next manifest and at the end.
            let needed = min(kept.watermarks.min() ?? .start, kept.foldedTo)
            let isNeededLog =
                name.hasPrefix("log/") && name >= ObjectName.log(needed.term, needed.number)
            if isNeededLog || kept.namedObjects.contains(name) {
                throw Violation(
                    property: "nothing named is deleted", detail: "\(name), of generation \(generation.number)")
            }
        }
    }

    // MARK: The end

    /// When all is quiet: the snapshot is what the log says, the log holds all that was acknowledged, and kept snapshots
    /// are what they were.
    mutating func checkRest(
        store: SimulatedStore, clients: [SimulatedClient], manifest: (Generation) throws -> Manifest?,
        segments: (Manifest) throws -> [(SegmentReference, SegmentContents)]
    ) throws {
        guard let head else { throw Violation(property: "there is a snapshot", detail: "none") }
        let log = ValidLog(store.everLog)
        let batches = log.batches
        for client in clients {
            for id in client.acknowledged {
                try require(
                    batches.contains(id), "what was acknowledged is in the log", head,
                    "\(id.client), batch \(id.number)")
            }
        }
        let expected = log.winners.reduce(Digest256.zero) { $0 &+ $1.version.digestTerm(of: $1.key) }
        try require(expected == head.setDigest, "the snapshot is a function of the log", head)
        try checkKept(head, store: store, manifest: manifest, segments: segments)
        try checkWhole(head, store: store, segments: segments)
    }

    private func checkKept(
        _ head: Manifest, store: SimulatedStore, manifest: (Generation) throws -> Manifest?,
        segments: (Manifest) throws -> [(SegmentReference, SegmentContents)]
    ) throws {
        var seen: Set<String> = []
        for generation in head.kept.generations {
            guard let older = try manifest(generation) else {
                throw Violation(property: "a kept generation is there", detail: "\(generation.number)")
            }
            var sum = Digest256.zero
            for (reference, _) in try segments(older) {
                sum = sum &+ reference.digest
                guard seen.insert(reference.objectName).inserted else { continue }
                try require(
                    store.objects[reference.objectName].map { SHA256.hash(of: $0) } == reference.identity,
                    "snapshots never change", older, reference.objectName)
            }
            try require(sum == committed[generation], "snapshots never change", older)
        }
    }

    /// The engine's own checker, kept corrections included, and every question.
    private mutating func checkWhole(
        _ head: Manifest, store: SimulatedStore, segments: (Manifest) throws -> [(SegmentReference, SegmentContents)]
    ) throws {
        let parts = try segments(head)
        let report = try SnapshotVerifier(parts.map(\.0), source: store.segments).run()
        try require(
            report.findings.isEmpty && report.digest == head.setDigest, "the snapshot is sound", head,
            report.findings.first.map { "\($0)" } ?? "digest")
        let snapshot = try SnapshotReader(
            segments: parts.map(\.1.reader), settingsHash: head.settings.hash, source: store.segments)
        try checkAnswers(snapshot, "generation \(head.generation.number)", store: store)
    }

    /// After a compaction at rest: same articles, same bytes. One builder gets the winners of the log and nothing else.
    mutating func checkCanonical(
        store: SimulatedStore, segments: (Manifest) throws -> [(SegmentReference, SegmentContents)]
    ) throws -> Int {
        guard let head else { throw Violation(property: "there is a snapshot", detail: "none") }
        let draft = SegmentDraft(memoryBudgetBytes: .max)
        draft.use(head.settings)
        for article in ValidLog(store.everLog).winners { try draft.index(article) }
        let whole = try draft.seal(dropped: [], kills: [])
        let source = MemoryByteSource()
        source.put(whole.bytes, as: whole.reference(attempt: Attempt(term: .none, number: 0)).objectName)
        var expected: [BuiltSegment] = []
        try SegmentMerger(settings: head.settings, source: source).run(
            [whole.reference(attempt: Attempt(term: .none, number: 0))], as: .cell
        ) { expected.append($0) }
        let cells = try segments(head).map(\.0)
        try require(
            cells.map { store.objects[$0.objectName] } == expected.map(\.bytes), "same articles, same bytes", head,
            "\(cells.count) cells, \(expected.count) expected")
        try checkWhole(head, store: store, segments: segments)
        return cells.count
    }

    private func require(
        _ holds: Bool, _ property: String, _ manifest: Manifest, _ detail: @autoclosure () -> String = ""
    ) throws {
        guard !holds else { return }
        throw Violation(property: property, detail: "generation \(manifest.generation.number) \(detail())")
    }
}
