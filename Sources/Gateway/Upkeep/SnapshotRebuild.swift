// Makes a manifest again from what a damaged store still holds (docs/manifest-format.md, section 7).
//
// Guarantees
// 1. Nothing becomes visible before the last write, the manifest; a crash before it leaves copies in a log that are
//    duplicates, and objects that nothing names.
// 2. An older generation is taken only if every byte of what it names, and of the log behind it, was read and is right.
// 3. Else each key gets the largest version that any sound object holds; never one that is retracted.
// 4. What is named in the report as damaged was not used.

import ByteCoding
import Cluster
import Engine
import Extraction
package import News
package import Roles
package import Storage

package struct SnapshotRebuild {
    private let loader: SnapshotLoader
    private let holder: WriterTerm
    /// For a store that no manifest tells it of.
    private let empty: Manifest
    private var verifier: StoreVerifier
    private var damaged: Set<String> = []
    private var present: Set<String> = []
    private var manifests: [Manifest] = []
    /// Pages and ledger indexes: whether what they name is there and sound.
    private var named: [String: Bool] = [:]
    private var writer: ManifestWriter
    package private(set) var report = RebuildReport()

    package init(_ loader: SnapshotLoader, holder: WriterTerm, now: Timestamp, empty: Manifest) {
        self.loader = loader
        self.holder = holder
        writer = ManifestWriter(holder: holder, now: now)
        self.empty = empty
        verifier = StoreVerifier(loader.bucket)
    }

    /// - Parameter progress: told what is done.
    package mutating func run(progress: @escaping (String) -> Void) throws -> RebuildReport {
        report.findings = try verifier.run { progress("\($0) of \($1) objects read") }.findings
        damaged = Set(report.findings.map(\.object))
        present = Set(verifier.names.values.joined())
        try readManifests()
        let log = try RebuildLog(
            before: holder.term, names: verifier.names["log"] ?? [], isDamaged: { [damaged] in damaged.contains($0) },
            erased: verifier.log.erased, known: manifests.first,
            reached: manifests.flatMap { $0.watermarks + [$0.foldedTo] },
            loader: loader)
        report.lostLogObjects = log.lost.sorted()
        report.hasLastLog = log.hasLast
        if let newest = manifests.first {
            report.knownReceived = newest.sums.received
            report.knownPending = newest.sums.pending
            report.foundPending = try log.pendingCount(of: newest)
        }
        try restoreTerms()
        try writer.begin(ends: log.ends)
        for manifest in manifests {
            guard let base = try whole(manifest, log) else { continue }
            var again = base.manifest
            if min(again.watermarks.min() ?? .start, again.foldedTo) >= log.endPosition {
                // Nothing is left to replay, and the last object may be lost: the next coordinator need not look for it.
                writer.stand(&again)
            }
            try commit(again, log)
            report.way = .generation(base.manifest.generation)
            return report
        }
        try makeAnew(log, progress)
        return report
    }

    // MARK: What there is

    /// The manifests that can be read, the newest first.
    ///
    /// - Throws: `Failure` if all are of other rules than this program's.
    private mutating func readManifests() throws {
        var refusal: String?
        for name in verifier.names["manifests"] ?? [] {
            guard case .bytes(let bytes) = try loader.perform(.get(name: name, range: nil)) else { continue }
            // Damage was told when every object was read.
            do throws(CodingError) {
                let manifest = try Manifest(decoding: bytes, named: name)
                if let why = manifest.settings.refusal {
                    refusal = refusal ?? "\(name): \(why)"
                } else {
                    manifests.append(manifest)
                }
            } catch { continue }
        }
        if manifests.isEmpty, let refusal {
            throw Failure(
                .failed, refusal,
                hint:
                    "rebuild it with the version of coranto that writes here, or if nothing is damaged: coranto snapshot upgrade"
            )
        }
    }

    /// The manifest with its cells, if everything it needs is there and sound.
    private mutating func whole(_ manifest: Manifest, _ log: RebuildLog) throws -> LoadedManifest? {
        guard log.isWhole(from: min(manifest.watermarks.min() ?? .start, manifest.foldedTo)) else { return nil }
        guard try namesSoundObjects(manifest) else { return nil }
        let loaded = try loader.load(manifest)
        var check = SnapshotCheck(loaded, present: present, sound: verifier.soundSegments, loader: loader)
        try check.run(.init(isNewest: true, log: verifier.log))
        // A log object that is lost and behind which everything is published is not needed.
        guard check.findings.allSatisfy({ $0.object.hasPrefix("log/") }) else { return nil }
        return loaded
    }

    /// Whether every object it names is there and sound. Generations share most of what they name: each is looked at once.
    private mutating func namesSoundObjects(_ manifest: Manifest) throws -> Bool {
        guard isSound(manifest.namedObjects) else { return false }
        for page in manifest.pages {
            let name = page.name(in: "pages")
            if named[name] == nil {
                named[name] = isSound(
                    try ManifestPage(decoding: loader.bytes(name), named: name).cells.map(\.objectName))
            }
            guard named[name] == true else { return false }
        }
        guard let index = manifest.ledgerIndex else { return true }
        let name = index.name(in: "ledger")
        if named[name] == nil {
            let entries = try LedgerIndex(decoding: loader.bytes(name), named: name).entries
            named[name] = isSound(entries.map { $0.object.name(in: "ledger") })
        }
        return named[name] == true
    }

    private func isSound(_ names: some Sequence<String>) -> Bool {
        names.allSatisfy { present.contains($0) && !damaged.contains($0) }
    }

    /// Terms are consecutive: whoever looks for the newest goes by that.
    private mutating func restoreTerms() throws {
        guard holder.term.number > 1 else { return }
        for number in 1..<holder.term.number {
            let name = ObjectName.term(Term(number))
            guard !present.contains(name) || damaged.contains(name) else { continue }
            try holder.put(name, TermObject(term: Term(number), instance: Instance(0), address: "").encoded)
            report.restoredTerms.append(name)
        }
    }

    // MARK: Committing

    private mutating func commit(_ from: Manifest, _ log: RebuildLog) throws {
        var manifest = from
        // Above every name that is there, damaged or not: the newest is the first listed.
        let newest = (verifier.names["manifests"] ?? []).compactMap { ObjectName.generation(ofManifest: $0) }.max()
        manifest.kept = KeptGenerations()
        let listed = manifests.first?.kept
        for older in manifests.reversed() {
            let counts = older.generation == manifests.first?.generation || listed?.contains(older.generation) ?? false
            guard counts, try namesSoundObjects(older) else { continue }
            manifest.kept.append(older.generation, writtenAt: older.writtenAt)
        }
        manifest = try writer.commit(manifest, after: newest ?? .none, ends: log.ends)
        report.committed = manifest.generation
        report.setDigest = manifest.setDigest
        report.liveCount = manifest.sums[.published]
    }

    // MARK: Anew

    private mutating func makeAnew(_ log: RebuildLog, _ progress: @escaping (String) -> Void) throws {
        let known = manifests.first
        report.way = .anew
        report.expectedCount = known.map { $0.sums[.published] }
        var ledger = try knownLedger(known)
        let state = try foldState(log, known, &ledger)
        let cells = try soundCells(known, state)
        var plan = RebuildPlan(state: state, segments: sources())
        progress("comparing keys")
        try plan.decide(cells: try loader.readers(cells), loader: loader, log: log)
        var copy = LogCopy(holder: holder, now: writer.now)
        try plan.copyLog(log, &copy, &ledger, progress)
        try plan.copySegments(&copy, loader, progress)
        try copy.flush()
        report.copiedFromLog = plan.copiedFromLog
        report.copiedFromSegments = plan.copiedFromSegments
        report.baseCount = cells.reduce(0) { $0 + Int64($1.documentCount) }
        report.balance(
            &ledger.rows, olderCount: plan.olderInBase, hour: UInt32(clamping: writer.now.milliseconds / 3_600_000))

        var manifest = known ?? empty
        writer.stand(&manifest)
        manifest.overlays = []
        manifest.setDigest = cells.reduce(Digest256.zero) { $0 &+ $1.digest }
        manifest.sums = ledger.rows.sorted.reduce(into: OutcomeSums()) { $0.add($1.sums) }
        manifest.pages = try writer.writePages(cells)
        manifest.state = [:]
        for kind in ClusterState.Kind.allCases where state.has(kind) {
            manifest.state[kind] = try writer.write("state", state.encoded(kind))
        }
        try place(ledger.rows, in: &manifest)
        try commit(manifest, log)
    }

    /// Overlays and cells alike: a document in any sound segment was accepted.
    private func sources() -> [String] { verifier.soundSegments.sorted() }

    /// The ledger of the newest manifest, else the rows of the newest index.
    private mutating func knownLedger(_ known: Manifest?) throws -> KnownLedger {
        if let known {
            // What is damaged of it was told when every object was read.
            do { return KnownLedger(rows: try loader.ledger(of: known), foldedTo: known.foldedTo) } catch let error
                as StoreError where error.code != .io
            { report.notes.append("the ledger of generation \(known.generation.number) cannot be read whole") }
        }
        var newest: (attempt: Attempt, index: LedgerIndex)?
        for name in verifier.names["ledger"] ?? [] where !damaged.contains(name) {
            guard let attempt = ObjectName.attempt(ofWritten: name),
                attempt > newest?.attempt ?? .init(term: .none, number: 0)
            else { continue }
            let bytes = try loader.bytes(name)
            if LedgerIndex.isIndex(bytes) { newest = (attempt, try LedgerIndex(decoding: bytes, named: name)) }
        }
        var ledger = KnownLedger(rows: LedgerRows(), foldedTo: .start)
        for entry in newest?.index.entries ?? [] {
            let name = entry.object.name(in: "ledger")
            guard isSound([name]) else { continue }
            ledger.rows.add(try LedgerRows(decoding: loader.bytes(name), named: name))
            ledger.lastHour = max(ledger.lastHour ?? 0, entry.lastHour)
        }
        return ledger
    }

    /// The state at the end of the log. What the ledger does not count yet and no worker decides is counted.
    private func foldState(_ log: RebuildLog, _ known: Manifest?, _ ledger: inout KnownLedger) throws -> ClusterState {
        var state = ClusterState()
        var from = Position.start
        if let known, isSound(known.state.values.map { $0.name(in: "state") }) {
            state = try loader.state(of: known)
            from = known.foldedTo
        } else {
            state = try newestState()
        }
        var folding = Folding(foldedTo: .start)
        try log.forEachObject { _, object in
            object.forEachEntry { position, _, entry in
                let changed = position > from ? state.apply(entry, at: position) : []
                guard ledger.isOpen(position, object.hour) else { return }
                switch entry {
                // Counted where it is known what becomes of it.
                case .article: break
                case .retried where !changed.contains(.deadLetters): break
                default: folding.add(entry, hour: object.hour, changed: changed)
                }
            }
        }
        ledger.rows.add(folding.received)
        return state
    }

    private func newestState() throws -> ClusterState {
        var newest: [ClusterState.Kind: (attempt: Attempt, state: ClusterState)] = [:]
        var retractions: [ArticleKey: Retraction] = [:]
        for name in verifier.names["state"] ?? [] where !damaged.contains(name) {
            guard let attempt = ObjectName.attempt(ofWritten: name) else { continue }
            var one = ClusterState()
            let kind = try one.add(decoding: loader.bytes(name))
            retractions.merge(one.retractions) { old, _ in old }
            if newest[kind].map({ $0.attempt < attempt }) ?? true { newest[kind] = (attempt, one) }
        }
        var state = ClusterState()
        state.feeds = newest[.feeds]?.state.feeds ?? [:]
        state.deadLetters = newest[.deadLetters]?.state.deadLetters ?? [:]
        state.retention = newest[.retention]?.state.retention ?? RetentionRules()
        for expiration in (newest[.erasures]?.state.erasures ?? [:]).values.compactMap(\.expiration) {
            state.apply(.expired(expiration), at: expiration.position)
        }
        for retraction in retractions.values { state.apply(.retraction(retraction)) }
        return state
    }

    /// Cells that stay as they are: each key once in them, none retracted, none a dead letter.
    private func soundCells(_ known: Manifest?, _ state: ClusterState) throws -> [SegmentReference] {
        guard let known else { return [] }
        var cells: [SegmentReference] = []
        for page in known.pages {
            let name = page.name(in: "pages")
            guard isSound([name]) else { continue }
            cells += try ManifestPage(decoding: loader.bytes(name), named: name).cells
        }
        cells = cells.filter { verifier.soundSegments.contains($0.objectName) }
        let rows = KeyedRows()
        for (index, cell) in try loader.readers(cells).enumerated() {
            try RebuildPlan.forEachIdentity(cell) { _, key, version in
                try rows.append(.init(key: key, version: version, tag: UInt64(index)))
            }
        }
        var unfit: Set<Int> = []
        try rows.forEachKey { rows in
            for row in rows {
                let isLast = row == rows.last
                let isGone =
                    state.retractions[row.key] != nil || state.expiration(of: row.key, row.version) != nil
                    || state.deadLetters[.init(key: row.key, version: row.version)] != nil
                if !isLast || isGone { unfit.insert(Int(row.tag)) }
            }
        }
        return cells.enumerated().filter { !unfit.contains($0.offset) }.map(\.element)
    }

    private mutating func place(_ rows: LedgerRows, in manifest: inout Manifest) throws {
        manifest.ledgerIndex = nil
        manifest.ledgerTail = rows
        guard rows.count > 2048 else { return }
        var index = LedgerIndex()
        let sorted = rows.sorted
        for start in stride(from: 0, to: sorted.count, by: LedgerIndex.objectRowLimitCount) {
            let keys = Set(sorted[start..<min(start + LedgerIndex.objectRowLimitCount, sorted.count)].map(\.key))
            let part = rows.filtered { keys.contains($0) }
            let hours = part.hours ?? 0...0
            index.entries.append(
                .init(
                    object: try writer.write("ledger", part.encodedObject), rowCount: UInt32(part.count),
                    firstHour: hours.lowerBound, lastHour: hours.upperBound))
        }
        manifest.ledgerTail = LedgerRows()
        manifest.ledgerIndex = try writer.write("ledger", index.encoded)
    }
}

/// Rows of the ledger that are known, and which entries of the log are not in them.
struct KnownLedger {
    var rows: LedgerRows
    /// All entries up to here are counted, if the rows are a manifest's.
    var foldedTo: Position
    /// The last hour that an object of the ledger tells of, if the rows are those of objects alone.
    var lastHour: UInt32?

    init(rows: LedgerRows, foldedTo: Position) {
        self.rows = rows
        self.foldedTo = foldedTo
    }

    /// Whether an entry is not counted yet.
    func isOpen(_ position: Position, _ hour: UInt32) -> Bool {
        position > foldedTo && lastHour.map { hour > $0 } ?? true
    }
}

extension ClusterState {
    fileprivate func has(_ kind: Kind) -> Bool {
        switch kind {
        case .retractions: !retractions.isEmpty
        case .feeds: !feeds.isEmpty
        case .deadLetters: !deadLetters.isEmpty
        case .retention: !retention.isEmpty
        case .erasures: !erasures.isEmpty
        }
    }
}
