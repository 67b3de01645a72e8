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
    var numbers = DocumentNumbers()
    /// Segments reported by workers whose coordinator had let them go before.
    var late: Set<String> = []
    /// Articles that end whoever indexes them.
    var poison: Set<DocumentID> = []
    private var liveSet = LiveSet()
    private var texts = LoggedTexts()
    private var ledger = LedgerOracle()
    private var erasure = ErasureOracle()
    /// Every committed generation: its set digest, and the names of all it needs.
    private var committed: [Generation: (digest: Digest256, names: Set<String>, firstLog: String)] = [:]
    private var told: Set<Generation> = []
    /// Objects of the log deleted by requests that came late.
    private var deletedLate: Set<String> = []
    private var epochs: [Shard: Set<ShardEpoch>] = [:]
    private var askedUnder: [FeedShare: ShardEpoch] = [:]
    private var ledgerObjects: [String: LedgerRows] = [:]
    /// Questions are asked of every so many generations, for they cost more than all else.
    static let answersEvery: UInt64 = 16

    private var live: [ArticleKey: Version] { liveSet.live }

    mutating func leased(_ shard: Shard, _ epoch: ShardEpoch) throws {
        guard epochs[shard, default: []].insert(epoch).inserted else {
            throw Violation(
                property: "a shard epoch is issued once",
                detail: "shard \(shard.index), epoch \(epoch.term.number)-\(epoch.counter)")
        }
    }

    /// Once anyone has asked under a lease of a share, nobody asks under an older one.
    mutating func asked(_ share: FeedShare, under epoch: ShardEpoch?) throws {
        let newest = askedUnder[share] ?? ShardEpoch(term: .none, counter: 0)
        guard let epoch, epoch >= newest else {
            throw Violation(
                property: "feeds are asked under the newest lease of their share",
                detail: "share \(share.index), epoch \(epoch?.name ?? "none"), newest \(newest.name)")
        }
        askedUnder[share] = epoch
    }

    // MARK: Manifests

    /// Called as soon as a manifest is in the store.
    ///
    /// - Parameter parts: what it names.
    mutating func manifestCreated(
        _ manifest: Manifest, parts: [(SegmentReference, SegmentContents)], store: SimulatedStore
    ) throws {
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
        for overlay in manifest.overlays {
            try require(
                !late.contains(overlay.objectName), "no report is published of a worker that was let go", manifest,
                overlay.objectName)
        }
        try take(manifest, parts: parts, store: store)
        if !erasure.erased.isEmpty {
            let segments = Dictionary(parts.map { ($0.0.objectName, $0.1) }) { first, _ in first }
            try erasure.checkNamed(
                committed[manifest.generation]!.names, store: store, numbers: numbers
            ) { segments[$0] }
        }
        if manifest.generation.number % Self.answersEvery == 0 {
            try checkAnswers(snapshot(parts, manifest, store), "generation \(manifest.generation.number)", store: store)
        }
    }

    /// Whether the manifest is the next; else it is a request of long ago that landed under a number that was collected: void,
    /// for the newest does not keep it.
    func isNext(_ manifest: Manifest) throws -> Bool {
        guard let head, manifest.generation < head.generation else { return true }
        try require(!head.kept.contains(manifest.generation), "a kept number is not written again", manifest)
        return false
    }

    private mutating func take(
        _ manifest: Manifest, parts: [(SegmentReference, SegmentContents)], store: SimulatedStore
    ) throws {
        try liveSet.move(to: parts, of: manifest, numbers)
        // If every kill has its loser here (`dead` below looks), what is left of the sum is the live articles.
        let sum = parts.reduce(Digest256.zero) { $0 &+ $1.0.digest }
        try require(sum == manifest.setDigest, "the set digest is that of the live articles", manifest)
        try require(
            manifest.sums[.published] == Int64(live.count), "published is the number of live articles", manifest,
            "\(manifest.sums[.published]) and \(live.count)")
        // The engine must see the same articles as the plain counting.
        let engine = try snapshot(parts, manifest, store)
        _ = try engine.dead
        try require(engine.liveDocumentCount == live.count, "the engine sees the live articles", manifest)
        try checkLedger(of: manifest, store: store)
        let firstLog = min(manifest.watermarks.min() ?? .start, manifest.foldedTo)
        committed[manifest.generation] = (
            manifest.setDigest,
            manifest.namedObjects.union(parts.map(\.0.objectName))
                .union(try ledgerNames(of: manifest, store: store)),
            ObjectName.log(firstLog.term, firstLog.number)
        )
        head = manifest
    }

    private func snapshot(
        _ parts: [(SegmentReference, SegmentContents)], _ manifest: Manifest, _ store: SimulatedStore
    ) throws -> SnapshotReader {
        try SnapshotReader(
            segments: parts.map(\.1.reader), settingsHash: manifest.settings.hash, source: store.segments)
    }

    private mutating func checkAnswers(_ snapshot: SnapshotReader, _ place: String, store: SimulatedStore) throws {
        let keys = live.keys.sorted()
        for (key, found) in zip(keys, try snapshot.lookup(keys: keys)) where found?.version != live[key] {
            throw Violation(property: "the engine sees the live articles", detail: "\(place): \(key.hex)")
        }
        texts.take(store.everLog)
        var documents: [AnswerOracle.Document] = []
        for (key, version) in live { documents.append(try texts.document(DocumentID(key: key, version: version))) }
        try AnswerOracle(documents).check(snapshot, place)
    }

    private mutating func checkLedger(of manifest: Manifest, store: SimulatedStore) throws {
        try require(manifest.sums.pending >= 0, "no article has two outcomes", manifest, "\(manifest.sums)")
        for outcome in Outcome.allCases {
            try require(manifest.sums[outcome] >= 0, "no outcome is negative", manifest, outcome.name)
        }
        let rows = try rows(of: manifest, store: store)
        var sums = OutcomeSums()
        for (_, row) in rows.rows {
            sums.received += row.received
            for outcome in Outcome.allCases { sums[outcome] += row[outcome] }
        }
        try require(sums == manifest.sums, "the rows of the ledger add up to the sums", manifest)
        try ledger.advance(to: manifest, log: store.everLog)
        try ledger.check(rows, of: manifest)
    }

    /// The objects of the ledger that the manifest's index names.
    private func ledgerNames(of manifest: Manifest, store: SimulatedStore) throws -> [String] {
        guard let named = manifest.ledgerIndex else { return [] }
        let name = named.name(in: "ledger")
        guard let bytes = store.objects[name] else {
            throw Violation(property: "what a kept manifest names is there", detail: name)
        }
        return try LedgerIndex(decoding: bytes, named: name).entries.map { $0.object.name(in: "ledger") }
    }

    /// The whole ledger: rows in objects and in the manifest's head.
    private mutating func rows(of manifest: Manifest, store: SimulatedStore) throws -> LedgerRows {
        var rows = manifest.ledgerTail
        for name in try ledgerNames(of: manifest, store: store) {
            guard let bytes = store.objects[name] else {
                throw Violation(property: "what a kept manifest names is there", detail: name)
            }
            let known = try ledgerObjects[name] ?? LedgerRows(decoding: bytes, named: name)
            ledgerObjects[name] = known
            rows.add(known)
        }
        return rows
    }

    /// A coordinator acts on a manifest of its own.
    mutating func told(_ manifest: Manifest) throws {
        try require(
            committed[manifest.generation]?.digest == manifest.setDigest,
            "nobody is told of a manifest that is not there", manifest)
        told.insert(manifest.generation)
    }

    /// Power failed, and objects that nobody had been told of are gone.
    ///
    /// - Parameter newest: what is now the newest manifest, with what it names, if another is gone.
    mutating func vanished(
        _ names: [String], newest: (Manifest, [(SegmentReference, SegmentContents)])?, store: SimulatedStore
    ) throws {
        if names.contains(where: { $0.hasPrefix("log/") }) {
            texts.forget()
            ledger = LedgerOracle()
            erasure.begin(anew: ValidLog(store.everLog).erased)
        }
        // What is told erased is so for good: no text comes back into an object that was emptied.
        let erased = erasure.erased
        try ErasureOracle.checkLog(store) { erased.contains($0.key) }
        for generation in names.compactMap({ ObjectName.generation(ofManifest: $0) }) {
            committed[generation] = nil
            guard !told.contains(generation) else {
                throw Violation(
                    property: "nobody is told of a manifest that is not there", detail: "\(generation.number) is gone")
            }
        }
        guard let head, committed[head.generation] == nil else { return }
        ledger = LedgerOracle()
        if let newest {
            try take(newest.0, parts: newest.1, store: store)
        } else {
            liveSet = LiveSet()
            self.head = nil
        }
    }

    // MARK: Acknowledgements

    /// A batch that was to be visible was acknowledged.
    func visible(_ batch: SimulatedClient.Batch, retracted: Set<ArticleKey>) throws {
        guard let head else { throw Violation(property: "a visible batch is in the snapshot", detail: "no snapshot") }
        for entry in batch.entries {
            guard case .article(let article) = entry, !retracted.contains(article.key),
                !poison.contains(DocumentID(key: article.key, version: article.version))
            else { continue }
            try require(
                live[article.key].map { $0 >= article.version } ?? false, "a visible batch is in the snapshot", head,
                article.key.hex)
        }
    }

    // MARK: Erasure

    /// An object of the log was written. What it says is erased is so at this moment, unless it may be void.
    mutating func logged(
        _ object: LogObject, store: SimulatedStore, segment: (String) -> SegmentContents?
    ) throws {
        let bounds = object.erasedBounds
        guard !bounds.isEmpty, store.objects[ObjectName.term(object.term.next)] == nil else { return }
        erasure.erase(Set(object.erasedForGood))
        try checkErased(store: store, segment: segment) { id in bounds[id.key].map { id.version <= $0 } ?? false }
    }

    private func checkErased(
        store: SimulatedStore, segment: (String) -> SegmentContents?, isErased: (DocumentID) -> Bool
    ) throws {
        guard let head else { return }
        let kept = Array(head.kept.generations) + [head.generation]
        let names = kept.reduce(into: Set<String>()) { $0.formUnion(committed[$1]?.names ?? []) }
        try ErasureOracle.check(names, store: store, numbers: numbers, segment: segment, isErased: isErased)
        try ErasureOracle.checkLog(store, isErased: isErased)
    }

    /// What is still to be erased when all else is quiet; nil if nothing.
    mutating func leftToErase(_ log: ValidLog, store: SimulatedStore) -> String? {
        let erased = log.erased
        if let waiting = log.retracted.subtracting(erased).min() { return "key \(waiting.hex) is not erased" }
        erasure.erase(erased)
        return erasure.textLeft(in: store).map { "erased key \($0.key.hex) in \($0.name)" }
    }

    // MARK: Deletion

    /// Called after an object was deleted.
    ///
    /// - Parameter isVoid: whether it was an object of the log behind the end of its term.
    /// - Parameter isTimely: whether it was asked for by who reigns and still waits for the answer.
    mutating func deleted(_ name: String, isVoid: Bool, isTimely: Bool, _ store: SimulatedStore) throws {
        deletedCount += 1
        guard let head, !isVoid else { return }
        if name.hasPrefix("log/") {
            if !isTimely {
                deletedLate.insert(name)
            } else if let older = store.firstOfLog(before: name) {
                throw Violation(property: "what is left of the log has no hole", detail: "\(name), \(older) is there")
            }
        }
        func check(_ generation: Generation) throws {
            guard let kept = committed[generation] else {
                throw Violation(property: "a kept generation is there", detail: "\(generation.number)")
            }
            let isNeeded =
                name == ObjectName.manifest(generation) || kept.names.contains(name)
                || (name.hasPrefix("log/") && name >= kept.firstLog)
            guard !isNeeded else {
                throw Violation(
                    property: "nothing named is deleted", detail: "\(name), of generation \(generation.number)")
            }
        }
        for generation in head.kept.generations { try check(generation) }
        try check(head.generation)
    }

    /// An object that was not there was written by who reigns and waits for the answer.
    func addedToLog(_ name: String, _ store: SimulatedStore) throws {
        guard store.collectedLogNames.contains(name), !deletedLate.contains(name) else { return }
        throw Violation(property: "what was collected of the log does not come back", detail: name)
    }

    // MARK: The end

    /// Whether retractions of the log are in the snapshot: they count as nothing that is pending.
    func isFreeOfRetracted(_ log: ValidLog) -> Bool { log.retracted.allSatisfy { live[$0] == nil } }

    /// When all is quiet: the snapshot is what the log says, the log holds all that was acknowledged, and kept snapshots
    /// are what they were.
    mutating func checkRest(
        store: SimulatedStore, clients: [SimulatedClient], feeds: [SimulatedFeed],
        manifest: (Generation) throws -> Manifest?,
        segments: (Manifest) throws -> [(SegmentReference, SegmentContents)]
    ) throws {
        guard let head else { throw Violation(property: "there is a snapshot", detail: "none") }
        let log = ValidLog(store.everLog)
        let batches = log.batches
        for id in clients.flatMap(\.acknowledged) + feeds.flatMap(\.acknowledged) {
            try require(
                batches.contains(id), "what was acknowledged is in the log", head, "\(id.client), batch \(id.number)")
        }
        try checkFeeds(feeds, log)
        try checkLetters(head, log)
        let expected = log.winners.reduce(Digest256.zero) { $0 &+ $1.version.digestTerm(of: $1.key) }
        try require(
            expected == head.setDigest, "the snapshot is a function of the log", head, differences(from: log.winners))
        let rules = log.retention
        for winner in log.winners where rules.horizon(before: winner) != nil {
            throw Violation(property: "nothing behind a horizon is live", detail: winner.key.hex)
        }
        try require(
            log.duplicates.contains(head.sums[.duplicate]), "what came again is counted as duplicate", head,
            "\(head.sums[.duplicate]), the log has \(log.duplicates)")
        try checkKept(head, store: store, manifest: manifest, segments: segments)
        let contents = Dictionary(
            try ([head] + head.kept.generations.compactMap { try manifest($0) }).flatMap(segments)
                .map { ($0.0.objectName, $0.1) }
        ) { first, _ in first }
        let erased = erasure.erased
        try checkErased(store: store, segment: { contents[$0] }) { erased.contains($0.key) }
        try checkWhole(head, store: store, segments: segments)
    }

    /// Which keys are live though the log says otherwise, or the other way round.
    private func differences(from winners: [LoggedArticle]) -> String {
        var words: [String] = []
        var unexpected = live
        for winner in winners {
            let found = unexpected.removeValue(forKey: winner.key)
            guard found != winner.version else { continue }
            words.append("\(winner.key.hex) " + (found == nil ? "is missing" : "is live by another version"))
        }
        words += unexpected.keys.sorted().map { "\($0.hex) is live" }
        return words.joined(separator: ", ")
    }

    private func checkLetters(_ head: Manifest, _ log: ValidLog) throws {
        try require(
            head.sums[.deadLettered] == Int64(log.deadLetters.count), "dead letters are counted", head,
            "\(head.sums[.deadLettered]), the log has \(log.deadLetters.count)")
        for id in log.givenUp {
            try require(
                poison.contains(id), "only what ends its worker becomes a dead letter", head, id.key.hex)
        }
    }

    /// What a feed showed when it was polled to the end is in the log.
    private func checkFeeds(_ feeds: [SimulatedFeed], _ log: ValidLog) throws {
        let contents = log.contents
        let retracted = log.retracted.union(log.touchedByRetention)
        for feed in feeds {
            for item in feed.owed where !retracted.contains(item.key) {
                guard contents[item.key]?.contains(item.contentHash) ?? false else {
                    throw Violation(
                        property: "what a feed showed is in the log", detail: "\(feed.url), key \(item.key.hex)")
                }
            }
        }
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
            try require(sum == committed[generation]?.digest, "snapshots never change", older)
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
        try checkAnswers(snapshot(parts, head, store), "generation \(head.generation.number)", store: store)
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
            [whole.reference(attempt: Attempt(term: .none, number: 0))], as: .cells
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
